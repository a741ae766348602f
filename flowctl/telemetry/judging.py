"""From stored fixes to visits: who is near a zone is judged, who is far costs next to nothing.

A device is *near* once one of its fixes lay within the outer boundary of a zone, and stays so. Of
the others it is known that every stored fix lies outside, so that another one outside changes
nothing, in whatever order it comes.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from flowctl.site import Site
from flowctl.storage import fixes as fix_store
from flowctl.storage import visits as visit_store
from flowctl.visits.engine import Sighting, TrackState, Visit, advance, state_at, visit_of
from flowctl.visits.revise import Published, Revision, reconcile
from geo.membership import ZoneIndex

Connection = psycopg.Connection[Any]

REVISION_WINDOW = timedelta(hours=6)
"""How far before a late fix its device's track is judged again."""

FORGOTTEN_AFTER = timedelta(days=8)
"""A device silent for longer is met as if for the first time: inside a zone, it stood there."""

_NOWHERE: frozenset[str] = frozenset()


@dataclass(slots=True)
class Judge:
    """The visit states of the devices near the zones of a site."""

    site: Site
    index: ZoneIndex
    states: dict[int, TrackState] = field(default_factory=dict)
    _near: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))

    @classmethod
    def of(cls, site: Site) -> "Judge":
        """Return a judge for a site's zones who knows of no device yet."""
        visit = site.visit
        index = ZoneIndex(site.zones, inner_m=visit.inner_m, outer_m=visit.outer_m, epsg=site.epsg)
        return cls(site, index)

    def recall(self, conn: Connection) -> None:
        """Learn where every device near a zone stands."""
        self.states = visit_store.list_states(conn)

    def judge(
        self,
        conn: Connection,
        rows: NDArray[np.void],
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
        starts = np.flatnonzero(np.diff(rows["device_id"], prepend=-1))
        ends = np.append(starts[1:], len(rows))
        devices = rows["device_id"][starts]
        touching, sightings = self._sight(rows)
        touches = np.logical_or.reduceat(touching, starts)
        near = touches | np.isin(devices, self._known())
        self._meet(conn, rows, starts[touches], in_order)
        upserts: list[tuple[int, Published]] = []
        judged: dict[int, TrackState] = {}
        for start, end in zip(starts[near].tolist(), ends[near].tolist(), strict=True):
            device = int(rows["device_id"][start])
            seen = [sightings.get(i) or _sighting(rows[i]) for i in range(start, end)]
            state, revision = self._judge_device(conn, device, self.states.get(device), seen)
            judged[device] = state
            upserts += [(device, published) for published in revision.upserts]
            if revision.withdrawn:
                visit_store.withdraw_visits(conn, revision.withdrawn)
        shown = near | np.isin(devices, watched)
        visit_store.save_tracks(conn, rows[ends[shown] - 1], judged)
        visit_store.save_visits(conn, self.site, upserts)
        self.states.update(judged)

    def _known(self) -> NDArray[np.int32]:
        if len(self._near) != len(self.states):
            self._near = np.fromiter(self.states, dtype=np.int32, count=len(self.states))
        return self._near

    def _meet(
        self,
        conn: Connection,
        rows: NDArray[np.void],
        starts: NDArray[np.intp],
        in_order: NDArray[np.bool_],
    ) -> None:
        """Begin the state of devices that touch a zone for the first time.

        Where they were before is known: outside. So all that matters is whether they were seen.
        """
        firsts = {
            int(rows["device_id"][i]): int(rows["fixed_at"][i])
            for i in starts.tolist()
            if in_order[i] and int(rows["device_id"][i]) not in self.states
        }
        last = fix_store.newest_before(conn, firsts, within=FORGOTTEN_AFTER)
        for device, before in last.items():
            self.states[device] = TrackState(None if before is None else before / 1e6)

    def _judge_device(
        self, conn: Connection, device: int, state: TrackState | None, seen: Sequence[Sighting]
    ) -> tuple[TrackState, Revision]:
        if state is None or (state.at is not None and seen[0].at <= state.at):
            return self._judge_again(conn, device, seen[0].at)
        state, changed = self._advance(state, seen)
        if not changed:
            return state, Revision((), ())
        since = _instant(min(visit.entered_at for visit in changed))
        known = visit_store.list_visits(conn, device, since=since)
        return state, Revision(reconcile(device, known, changed).upserts, ())

    def _judge_again(
        self, conn: Connection, device: int, late: float
    ) -> tuple[TrackState, Revision]:
        """Judge a device's track anew from some time before a late fix."""
        since = _instant(late) - REVISION_WINDOW
        known = visit_store.list_visits(conn, device, since=since)
        before = TrackState()
        if fix_store.has_track_before(conn, device, since, within=FORGOTTEN_AFTER):
            before = state_at([published.visit for published in known], since.timestamp())
        rows = fix_store.list_track(conn, device, since=since)
        _, sightings = self._sight(rows)
        seen = [sightings.get(i) or _sighting(row) for i, row in enumerate(rows)]
        state, changed = self._advance(before, seen)
        ended = {(visit.zone, visit.entered_at) for visit in changed}
        lasting = [
            visit
            for zone, presence in state.zones.items()
            if presence.confirmed_at is not None
            for visit in [visit_of(zone, presence)]
            if (zone, visit.entered_at) not in ended
        ]
        return state, reconcile(device, known, [*changed, *lasting])

    def _advance(
        self, state: TrackState, seen: Sequence[Sighting]
    ) -> tuple[TrackState, list[Visit]]:
        roles = {zone.id: zone.role for zone in self.site.zones}
        return advance(state, seen, roles=roles, params=self.site.visit)

    def _sight(self, rows: NDArray[np.void]) -> tuple[NDArray[np.bool_], dict[int, Sighting]]:
        """Return which rows touch a zone (shape [n]), and a sighting of each that does."""
        found = self.index.locate(rows["lon"], rows["lat"], rows["fixed_at"])
        zones = [zone.id for zone in self.index.zones]
        inside: dict[int, set[str]] = defaultdict(set)
        around: dict[int, set[str]] = defaultdict(set)
        points, numbers = found.point.tolist(), found.zone.tolist()
        for i, z, inner in zip(points, numbers, found.inner.tolist(), strict=True):
            around[i].add(zones[z])
            if inner:
                inside[i].add(zones[z])
        sightings = {
            i: _sighting(rows[i], frozenset(inside.get(i, _NOWHERE)), frozenset(outside))
            for i, outside in around.items()
        }
        touching = np.zeros(len(rows), dtype=np.bool_)
        touching[found.point] = True
        return touching, sightings


def _sighting(
    row: np.void, inner: frozenset[str] = _NOWHERE, outer: frozenset[str] = _NOWHERE
) -> Sighting:
    return Sighting(int(row["fixed_at"]) / 1e6, int(row["received_at"]) / 1e6, inner, outer)


def _instant(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)
