"""From stored fixes to visits: who is near a zone is judged, who is far costs next to nothing.

A device is *near* once one of its fixes lay within the outer boundary of a zone, and stays so. Of
the others it is known that every stored fix lies outside, so that another one outside changes
nothing, in whatever order it comes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from flowctl.site import Site
from flowctl.storage import fixes as fix_store
from flowctl.storage import visits as visit_store
from flowctl.storage.visits import Reason
from flowctl.visits.anchor import find_anchor, state_after
from flowctl.visits.engine import advance
from flowctl.visits.ground import Ground
from flowctl.visits.revise import Published, Revision, reconcile
from flowctl.visits.sight import View, one_a_moment
from flowctl.visits.track import Sighting, TrackState, Visit
from geo.membership import ZoneIndex
from geo.zones import Zone

Connection = psycopg.Connection[Any]
Rows = NDArray[np.void]

_TAIL = 16
"""Fixes asked for of a device that is met: some more than an anchor needs."""
_PAGE = 128
"""Fixes asked for first where a track is judged again; twice as many each further time."""


_MARGIN = 0.01
"""Degrees around a changed zone in which also the least accurate fix may lie that speaks of it."""


@dataclass(slots=True)
class Judge:
    """The visit states of the devices near the zones of a site.

    ``lag_limits_s`` says how late fixes of a source may come in and still prove their moments, by
    source, where the site's rule is not meant.
    """

    site: Site
    ground: Ground
    states: dict[int, TrackState] = field(default_factory=dict)
    lag_limits_s: Mapping[int, float] = field(default_factory=dict)
    _near: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))

    @classmethod
    def of(cls, site: Site, versions: Sequence[Zone] | None = None) -> "Judge":
        """Return a judge who knows of no device yet.

        Parameters
        ----------
        site
            The site as it is now.
        versions
            Its zones in all their versions; without them, those of the site hold always.
        """
        visit = site.visit
        zones = site.zones if versions is None else versions
        index = ZoneIndex(zones, inner_m=visit.inner_m, outer_m=visit.outer_m, epsg=site.epsg)
        return cls(site, Ground(index, least_chord_m=visit.least_chord_m))

    def recall(self, conn: Connection) -> None:
        """Learn where every device near a zone stands."""
        self.states = visit_store.list_states(conn)

    def judge(
        self,
        conn: Connection,
        rows: Rows,
        *,
        in_order: NDArray[np.bool_],
        watched: NDArray[np.int32],
    ) -> None:
        """Bring the visits and positions of devices up to date.

        Parameters
        ----------
        rows
            Fixes that were just stored, dtype `STORED`, shape [n], sorted by device and moment.
        in_order
            Shape [n]; True where nothing later of the device was stored before.
        watched
            Devices whose positions are shown wherever they are.
        """
        if not len(rows):
            return
        chosen = one_a_moment(rows)
        rows, in_order = rows[chosen], in_order[chosen]
        starts = np.flatnonzero(np.diff(rows["device_id"], prepend=-1))
        ends = np.append(starts[1:], len(rows))
        devices = rows["device_id"][starts]
        view = self._view(rows)
        touches = np.logical_or.reduceat(view.touching, starts)
        near = touches | np.isin(devices, self._known())
        states = {device: self._state(device) for device in devices[near].tolist()}
        states |= self._meet(conn, rows, starts[touches & in_order[starts]])
        found = _Findings()
        seen = view.sightings(_ranges(starts[near], ends[near]))
        until = 0
        for start, end in zip(starts[near].tolist(), ends[near].tolist(), strict=True):
            device = int(rows["device_id"][start])
            begin, until = until, until + end - start
            self._judge_device(conn, device, states[device], seen[begin:until], found)
        shown = near | np.isin(devices, watched)
        visit_store.save_tracks(conn, rows[ends[shown] - 1], self.states)
        self._save(conn, found, Reason.LATE_FIX, known_at=int(rows["received_at"].max()))

    def judge_again(
        self, conn: Connection, devices: Iterable[int], *, since_us: int, known_at: int
    ) -> None:
        """Judge devices anew that have fixes from a moment on, since when zones have changed.

        Parameters
        ----------
        since_us, known_at
            The moment, and when that became known; microseconds since 1970.
        """
        found = _Findings()
        for device in devices:
            newest = self._judge_again(conn, device, since_us, found)
            visit_store.save_tracks(conn, newest, self.states)
        self._save(conn, found, Reason.ZONE_CHANGED, known_at=known_at)

    def _save(self, conn: Connection, found: "_Findings", why: Reason, *, known_at: int) -> None:
        zones = {zone.id: zone for zone in self.ground.index.zones}
        visit_store.record_revisions(conn, found.revised(), why=why, known_at=known_at)
        visit_store.withdraw_visits(conn, [published.id for _, published in found.withdrawn])
        visit_store.save_visits(conn, zones, found.upserts)

    def _state(self, device: int) -> TrackState | None:
        """Return how a device stands; None where that must be found out from its fixes."""
        state = self.states.get(device)
        return None if state is None or state.at is None else state

    def _view(self, rows: Rows) -> View:
        return View(rows, self.ground, self.site.visit, self.lag_limits_s)

    def _known(self) -> NDArray[np.int32]:
        if len(self._near) != len(self.states):
            self._near = np.fromiter(self.states, dtype=np.int32, count=len(self.states))
        return self._near

    def _meet(
        self, conn: Connection, rows: Rows, firsts: NDArray[np.intp]
    ) -> dict[int, TrackState | None]:
        """Begin the states of devices that touch a zone for the first time.

        Where they were before is known: outside. So their last fixes tell how they stand, or that
        they were never seen.
        """
        befores = {
            int(rows["device_id"][i]): int(rows["fixed_at"][i])
            for i in firsts.tolist()
            if int(rows["device_id"][i]) not in self.states
        }
        tails = fix_store.list_before(conn, befores, most=_TAIL, within=self._absent)
        return {device: self._state_of(tails[tails["device_id"] == device]) for device in befores}

    def _state_of(self, tail: Rows) -> TrackState | None:
        """Return how a device stands after its last fixes, all of them far; None if unknown."""
        seen = self._sightings(tail)
        state = TrackState()
        if len(tail) == _TAIL:
            anchor = find_anchor(seen, self.site.visit)
            if anchor is None:
                return None
            state, seen = state_after(seen[anchor]), seen[anchor + 1 :]
        return self._advance(state, seen)[0]

    def _judge_device(
        self,
        conn: Connection,
        device: int,
        state: TrackState | None,
        seen: Sequence[Sighting],
        found: "_Findings",
    ) -> None:
        if state is None or not _continues(state, seen[0]):
            self._judge_again(conn, device, seen[0].at, found)
            return
        self.states[device], changed = self._advance(state, seen)
        if not changed:
            return
        since = min(visit.confirmed_at for visit in changed)
        known = []
        if state.at is not None and since <= state.at:
            known = visit_store.list_visits(conn, device, confirmed_since=since)
        found.add(device, Revision(reconcile(known, changed).upserts, ()))

    def _judge_again(self, conn: Connection, device: int, late: int, found: "_Findings") -> Rows:
        """Judge a device's track anew from the last moment before ``late`` that is sure.

        Returns
        -------
        Its newest fix, dtype `STORED`, shape [1]; shape [0] where it has none from ``late`` on.
        """
        state, before, since = self._sure_state(conn, device, late)
        after = fix_store.list_track(conn, device, since_us=late)
        seen = [*before, *self._sightings(after)]
        self.states[device], visits = self._advance(state, seen)
        known = visit_store.list_visits(conn, device, confirmed_since=since)
        found.add(device, reconcile(known, visits))
        return after[-1:]

    def _sure_state(
        self, conn: Connection, device: int, late: int
    ) -> tuple[TrackState, list[Sighting], int]:
        """Find a moment before ``late`` at which the state is known from the fixes alone.

        Returns
        -------
        The state, what was seen between it and ``late``, and since when visits are judged by that.
        """
        rows = np.empty(0, dtype=fix_store.STORED)
        most, until = _PAGE, late
        while True:
            page = fix_store.list_before(conn, {device: until}, most=most, within=self._absent)
            whole = len(page) < most
            if not whole:
                # Another source's fix of the oldest moment may have been cut off.
                page = page[page["fixed_at"] > page["fixed_at"][0]]
            rows = np.concatenate([page, rows])
            seen = self._sightings(rows)
            anchor = find_anchor(seen, self.site.visit)
            if anchor is not None:
                return state_after(seen[anchor]), seen[anchor + 1 :], seen[anchor].at + 1
            if whole:
                return TrackState(), seen, seen[0].at if seen else late
            most, until = 2 * most, int(rows["fixed_at"][0])

    @property
    def _absent(self) -> timedelta:
        return timedelta(seconds=self.site.visit.absent_s)

    def _sightings(self, rows: Rows) -> list[Sighting]:
        rows = rows[one_a_moment(rows)]
        return self._view(rows).sightings(np.arange(len(rows)))

    def _advance(
        self, state: TrackState, seen: Sequence[Sighting]
    ) -> tuple[TrackState, list[Visit]]:
        return advance(state, seen, ground=self.ground, params=self.site.visit)


@dataclass(frozen=True, slots=True)
class Change:
    """From when on zones say otherwise than before, and where: west, south, east, north."""

    since_us: int
    boxes: list[tuple[float, float, float, float]]


def find_change(former: Ground, present: Ground) -> Change | None:
    """Find what differs between two states of the zones, or None where nothing does."""
    begun = {(zone.id, zone.valid_from_us): zone for zone in former.index.zones}
    moments, boxes = [], []
    for ground, other in ((former, present), (present, former)):
        others = {_term(zone): zone for zone in other.index.zones}
        for number, zone in enumerate(ground.index.zones):
            if others.get(_term(zone)) == zone:
                continue
            west, south, east, north = ground.bounds[number].tolist()
            boxes.append((west - _MARGIN, south - _MARGIN, east + _MARGIN, north + _MARGIN))
            before = begun.get((zone.id, zone.valid_from_us))
            redrawn = before is None or before.polygon != zone.polygon
            moments.append(zone.valid_from_us if redrawn else zone.valid_until_us)
    known_moments = [at for at in moments if at is not None]
    return Change(min(known_moments), boxes) if known_moments else None


def _term(zone: Zone) -> tuple[str, int | None, int | None]:
    return zone.id, zone.valid_from_us, zone.valid_until_us


def _continues(state: TrackState, first: Sighting) -> bool:
    return state.at is None or first.at > state.at


def _ranges(starts: NDArray[np.intp], ends: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the numbers from each start until before its end, one range after the other."""
    counts = ends - starts
    before = np.cumsum(counts) - counts
    numbers: NDArray[np.intp] = np.arange(int(counts.sum())) + np.repeat(starts - before, counts)
    return numbers


@dataclass(slots=True)
class _Findings:
    """What judging has found, by device, to be written at once."""

    upserts: list[tuple[int, Published]] = field(default_factory=list)
    withdrawn: list[tuple[int, Published]] = field(default_factory=list)

    def add(self, device: int, revision: Revision) -> None:
        self.upserts += [(device, published) for published in revision.upserts]
        self.withdrawn += [(device, published) for published in revision.withdrawn]

    def revised(self) -> list[tuple[int, Published, bool]]:
        """Return what is said otherwise than before, and whether it is withdrawn."""
        changed = [(*one, False) for one in self.upserts if one[1].is_revised]
        return [*changed, *((*one, True) for one in self.withdrawn)]
