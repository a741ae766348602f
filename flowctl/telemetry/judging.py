"""From stored fixes to visits: who is near a zone is judged, who is far costs next to nothing.

A device is *near* once one of its fixes lay within the outer boundary of a zone, and stays so. Of
the others it is known that every stored fix lies outside, so that another one outside changes
nothing, in whatever order it comes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from flowctl.site import Site
from flowctl.storage.fixes import STORED
from flowctl.storage.visits import Reason
from flowctl.telemetry.findings import Finding, Sure
from flowctl.telemetry.tracks import Tracks
from flowctl.visits.anchor import find_anchor, state_after
from flowctl.visits.engine import advance
from flowctl.visits.ground import Ground
from flowctl.visits.recent import Recent, by_key, stays_of
from flowctl.visits.revise import Published, reconcile
from flowctl.visits.sight import View, one_a_moment
from flowctl.visits.track import Sighting, TrackState
from geo.membership import ZoneIndex
from geo.zones import Zone

Rows = NDArray[np.void]

_TAIL = 16
"""Fixes asked for of a device that is met: some more than an anchor needs."""
_PAGE = 128
"""Fixes asked for first where a track is judged again; twice as many each further time."""
_AT_ONCE = 64
"""Devices whose tracks are read at once."""


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
    _recent: dict[int, Recent] = field(default_factory=dict)
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

    def recall(self, tracks: Tracks) -> None:
        """Learn where every device near a zone stands, and nothing of how it came there."""
        self.states = tracks.list_states()
        self._recent = {}

    def judge(
        self,
        tracks: Tracks,
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
        self._meet(tracks, rows, starts[touches & in_order[starts]])
        found: list[Finding] = []
        to_read: dict[int, int] = {}
        untrue: dict[int, int] = {}
        checkpoints: list[tuple[int, TrackState]] = []
        seen = view.sightings(_ranges(starts[near], ends[near]))
        until = 0
        for device, n in zip(devices[near].tolist(), (ends - starts)[near].tolist(), strict=True):
            begin, until = until, until + n
            finding = self._judge_device(device, seen[begin:until])
            if finding is None:
                to_read[device] = seen[begin].at
                continue
            found.append(finding)
            recent = self._recent[device]
            if recent.loses_checkpoint(seen[begin].at):
                untrue[device] = seen[begin].at
            checkpoint = recent.take_checkpoint()
            if checkpoint is not None:
                checkpoints.append((device, checkpoint))
        tracks.drop_checkpoints(untrue)
        tracks.save_checkpoints(checkpoints)
        for some in _portions(to_read):
            found += self._read_and_judge(tracks, some)[0]
        shown = near | np.isin(devices, watched)
        tracks.save_tracks(rows[ends[shown] - 1], self.states)
        self._save(tracks, found, Reason.LATE_FIX, known_at=int(rows["received_at"].max()))

    def judge_again(
        self, tracks: Tracks, devices: Iterable[int], *, since_us: int, known_at: int
    ) -> None:
        """Judge devices anew that have fixes from a moment on, since when zones have changed.

        Parameters
        ----------
        since_us, known_at
            The moment, and when that became known; microseconds since 1970.
        """
        for some in _portions(dict.fromkeys(devices, since_us)):
            found, newest = self._read_and_judge(tracks, some)
            tracks.save_tracks(newest, self.states)
            self._save(tracks, found, Reason.ZONE_CHANGED, known_at=known_at)

    def _save(
        self, tracks: Tracks, found: Sequence[Finding], why: Reason, *, known_at: int
    ) -> None:
        asked = {one.device: one.since for one in found if one.since is not None}
        published = tracks.list_visits(asked)
        upserts: list[tuple[int, Published]] = []
        withdrawn: list[tuple[int, Published]] = []
        for one in found:
            revision = reconcile(one.revisable(published.get(one.device, ())), one.visits)
            upserts += [(one.device, visit) for visit in revision.upserts]
            withdrawn += [(one.device, visit) for visit in revision.withdrawn]
        revised = [(*one, False) for one in upserts if one[1].is_revised]
        revised += [(*one, True) for one in withdrawn]
        zones = {zone.id: zone for zone in self.ground.index.zones}
        tracks.record_revisions(revised, why=why, known_at=known_at)
        tracks.withdraw_visits(withdrawn)
        tracks.save_visits(zones, upserts)

    def _view(self, rows: Rows) -> View:
        return View(rows, self.ground, self.site.visit, self.lag_limits_s)

    def _known(self) -> NDArray[np.int32]:
        if len(self._near) != len(self.states):
            self._near = np.fromiter(self.states, dtype=np.int32, count=len(self.states))
        return self._near

    def _meet(self, tracks: Tracks, rows: Rows, firsts: NDArray[np.intp]) -> None:
        """Begin with devices that touch a zone for the first time.

        Where they were before is known: outside. So their last fixes tell how they stand, or that
        they were never seen.
        """
        befores = {
            int(rows["device_id"][i]): int(rows["fixed_at"][i])
            for i in firsts.tolist()
            if int(rows["device_id"][i]) not in self.states
        }
        if not befores:
            return
        tails = tracks.list_before(befores, most=_TAIL, within=self._absent)
        rows_of, seen_of = dict(by_device(tails)), self._sightings(tails)
        for device in befores:
            is_cut = len(rows_of.get(device, ())) == _TAIL
            state = self._state_after(seen_of.get(device, []), is_cut=is_cut)
            if state is not None:
                self._recent[device] = Recent(state)

    def _state_after(self, tail: Sequence[Sighting], *, is_cut: bool) -> TrackState | None:
        """Return how a device stands after its last fixes, all of them far; None if unknown."""
        state = TrackState()
        if is_cut:
            anchor = find_anchor(tail, self.site.visit)
            if anchor is None:
                return None
            state, tail = state_after(tail[anchor]), tail[anchor + 1 :]
        return advance(state, tail, ground=self.ground, params=self.site.visit)[0]

    def _judge_device(self, device: int, seen: Sequence[Sighting]) -> Finding | None:
        """Judge fixes by what is remembered of their device; None where it must be read."""
        recent = self._recent.get(device) or self._resumed(device)
        if recent is None:
            return None
        stood_at = recent.state.at
        params = self.site.visit
        if stood_at is None or seen[0].at > stood_at:
            visits = recent.extend(seen, ground=self.ground, params=params)
            finding = Finding.of_changed(device, visits, known_until=stood_at)
        else:
            retold = recent.insert(seen, ground=self.ground, params=params)
            if retold is None:
                return None
            finding = Finding.of_retold(device, retold)
        self._recent[device] = recent
        self.states[device] = recent.state
        return finding

    def _resumed(self, device: int) -> Recent | None:
        """Begin to remember where a device stands of which nothing else is known."""
        state = self.states.get(device)
        return None if state is None or state.at is None else Recent(state)

    def _read_and_judge(
        self, tracks: Tracks, lates: Mapping[int, int]
    ) -> tuple[list[Finding], Rows]:
        """Judge tracks anew, each from the last moment that is sure before the one given for it.

        Returns
        -------
        What was found, and the newest fix of each device that has one from its moment on, dtype
        `STORED`.
        """
        tracks.drop_checkpoints(lates)
        sure = self._sure_states(tracks, lates)
        rows = tracks.list_tracks({device: one.read_from for device, one in sure.items()})
        seen = self._sightings(rows)
        found, checkpoints = [], []
        for device, one in sure.items():
            recent = Recent(one.state, is_kept=one.is_kept)
            visits = by_key(stays_of(one.state))
            for part in _parts([*one.seen, *seen.get(device, ())]):
                visits |= by_key(recent.extend(part, ground=self.ground, params=self.site.visit))
                checkpoint = recent.take_checkpoint()
                if checkpoint is not None:
                    checkpoints.append((device, checkpoint))
            self._recent[device], self.states[device] = recent, recent.state
            found.append(Finding.of_anew(device, visits, one))
        tracks.save_checkpoints(checkpoints)
        return found, rows[np.flatnonzero(np.diff(rows["device_id"], append=-1))]

    def _sure_states(self, tracks: Tracks, lates: Mapping[int, int]) -> dict[int, Sure]:
        """Find for each device a moment before the one given at which its state is known.

        That is where its fixes alone tell it, or where a checkpoint of a long stay stands.
        """
        found: dict[int, Sure] = {}
        read = dict.fromkeys(lates, np.empty(0, dtype=STORED))
        until, most = dict(lates), _PAGE
        while until:
            whole = self._read_back(tracks, until, most, read)
            seen = {d: self._sightings(read[d]).get(d, []) for d in until}
            anchors = {d: find_anchor(seen[d], self.site.visit) for d in until}
            for device, at in anchors.items():
                if at is not None:
                    found[device] = Sure.at_anchor(seen[device], at, lates[device])
            if most == _PAGE:
                # Before the fixes are taken for all there are: older ones may be kept no more.
                asked = {device: lates[device] for device in until.keys() - found.keys()}
                states = tracks.find_checkpoints(asked)
                found |= {device: Sure.at_checkpoint(state) for device, state in states.items()}
            for device in whole - found.keys():
                found[device] = Sure.at_beginning(seen[device], lates[device])
            until = {d: int(read[d]["fixed_at"][0]) for d in until.keys() - found.keys()}
            most *= 2
        return found

    def _read_back(
        self, tracks: Tracks, until: Mapping[int, int], most: int, read: dict[int, Rows]
    ) -> set[int]:
        """Put up to ``most`` earlier fixes of devices before those ``read``.

        Returns
        -------
        The devices of which there are no more.
        """
        rows = tracks.list_before(until, most=most, within=self._absent)
        pages = dict(by_device(rows))
        whole = set()
        for device in until:
            page = pages.get(device, rows[:0])
            if len(page) < most:
                whole.add(device)
            else:
                # Another source's fix of the oldest moment may have been cut off.
                page = page[page["fixed_at"] > page["fixed_at"][0]]
            read[device] = np.concatenate([page, read[device]])
        return whole

    @property
    def _absent(self) -> timedelta:
        return timedelta(seconds=self.site.visit.absent_s)

    def _sightings(self, rows: Rows) -> dict[int, list[Sighting]]:
        """Return what is seen of rows sorted by device, moment and source, by device."""
        rows = rows[one_a_moment(rows)]
        seen = self._view(rows).sightings(np.arange(len(rows)))
        parts, until = {}, 0
        for device, part in by_device(rows):
            begin, until = until, until + len(part)
            parts[device] = seen[begin:until]
        return parts


def _parts(seen: Sequence[Sighting]) -> Iterator[Sequence[Sighting]]:
    """Yield a track piece by piece, so that checkpoints come to stand along it."""
    for begin in range(0, len(seen), _PAGE):
        yield seen[begin : begin + _PAGE]


def by_device(rows: Rows) -> Iterator[tuple[int, Rows]]:
    """Yield each device of rows sorted by device, with its rows."""
    starts = np.flatnonzero(np.diff(rows["device_id"], prepend=-1))
    # Of no rows there is a part too, an empty one.
    yield from zip(rows["device_id"][starts].tolist(), np.split(rows, starts[1:]), strict=False)


def _portions(moments: Mapping[int, int]) -> Iterator[dict[int, int]]:
    """Yield devices and their moments, so many at once as fit into memory with their tracks."""
    left = iter(moments.items())
    while some := dict(islice(left, _AT_ONCE)):
        yield some


def _ranges(starts: NDArray[np.intp], ends: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the numbers from each start until before its end, one range after the other."""
    counts = ends - starts
    before = np.cumsum(counts) - counts
    numbers: NDArray[np.intp] = np.arange(int(counts.sum())) + np.repeat(starts - before, counts)
    return numbers
