"""A day's fixes and visits in memory, where production has them in its database."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowctl.storage.fixes import STORED
from flowctl.storage.traffic import LATE
from flowctl.storage.visits import Reason
from flowctl.visits.revise import Published
from flowctl.visits.track import TrackState
from geo.zones import Zone

Rows = NDArray[np.void]
Moment = tuple[int, int]
"""When a fix was taken, microseconds since 1970, and its source."""

_NAMES = STORED.names or ()
_DEVICE, _SOURCE, _FIXED, _RECEIVED, _LON, _LAT = map(
    _NAMES.index, ("device_id", "source_id", "fixed_at", "received_at", "lon", "lat")
)
_HIGHEST = np.iinfo(np.int16).max
_LATE_US = LATE // timedelta(microseconds=1)


@dataclass(slots=True)
class _Device:
    """The fixes of one device by moment, its visits by identity, and its checkpoints.

    ``late`` are the moments of the fixes that were received more than `LATE` after them.
    """

    moments: list[Moment] = field(default_factory=list)
    late: list[Moment] = field(default_factory=list)
    rows: dict[Moment, tuple[Any, ...]] = field(default_factory=dict)
    visits: dict[Any, Published] = field(default_factory=dict)
    checkpoints: list[TrackState] = field(default_factory=list)


class TracksInMemory:
    """What production's judge of visits asks and writes (`flowctl.telemetry.tracks`).

    Attributes
    ----------
    newest
        The newest fix of each device whose position is kept.
    changed
        The devices whose visits were written since they were last taken (`take_changed`).
    revised
        How many visits were said otherwise than before.
    """

    def __init__(self) -> None:
        self._devices: dict[int, _Device] = {}
        self.newest: dict[int, np.void] = {}
        self.changed: set[int] = set()
        self.revised = 0
        self._moved: set[int] = set()

    def take_changed(self) -> list[int]:
        """Return the devices whose visits were written since the last time."""
        taken, self.changed = sorted(self.changed), set()
        return taken

    def take_moved(self) -> list[int]:
        """Return the devices whose newest position is another than the last time."""
        taken, self._moved = sorted(self._moved), set()
        return taken

    def find_stored(self, rows: Rows) -> Rows:
        """Return the fixes kept under the identity of one of ``rows`` (dtype `STORED`)."""
        found = (
            device.rows.get((row[_FIXED], row[_SOURCE]))
            for row in rows.tolist()
            if (device := self._devices.get(row[_DEVICE])) is not None
        )
        return _array(row for row in found if row is not None)

    def store(self, rows: Rows) -> None:
        """Keep fixes, in the place of others under their identities."""
        for row in rows.tolist():
            device = self._devices.setdefault(row[_DEVICE], _Device())
            moment = (row[_FIXED], row[_SOURCE])
            if moment not in device.rows:
                insort(device.moments, moment)
                if row[_RECEIVED] > row[_FIXED] + _LATE_US:
                    insort(device.late, moment)
            device.rows[moment] = row

    def forget(self, device: int) -> None:
        """Drop what is known of a device whose trip is over."""
        self._devices.pop(device, None)
        self.newest.pop(device, None)
        self.changed.discard(device)
        self._moved.discard(device)

    def list_after(self, after_us: Mapping[int, int], late_us: Mapping[int, int]) -> Rows:
        """Return the fixes of devices after a moment, and those after another that came late.

        Late is what was received more than `flowctl.storage.traffic.LATE` after its moment.
        """
        return _array(
            row
            for number, after in after_us.items()
            if (device := self._devices.get(number)) is not None
            for row in _after(device, after, late_us[number])
        )

    def find_first(self, number: int, since_us: int) -> tuple[float, float, float] | None:
        """Return the moment (epoch s) and lon/lat of a device's first fix after a moment.

        Of its time in yards nothing counts.
        """
        device = self._devices.get(number)
        if device is None:
            return None
        ends = [one.visit.left_at for one in device.visits.values() if one.visit.left_at]
        at = bisect_right(device.moments, (since_us, _HIGHEST))
        if ends:
            at = max(at, bisect_left(device.moments, (max(ends), 0)))
        if at == len(device.moments):
            return None
        row = device.rows[device.moments[at]]
        return row[_FIXED] / 1e6, row[_LON], row[_LAT]

    def list_all(self, number: int) -> list[Published]:
        """Return a device's visits."""
        device = self._devices.get(number)
        return [] if device is None else list(device.visits.values())

    def list_states(self) -> dict[int, TrackState]:
        """Return no state: a day begins with nothing."""
        return {}

    def list_before(self, befores: Mapping[int, int], *, most: int, within: timedelta) -> Rows:
        """Return the last fixes of devices before a moment given for each, ``most`` of each."""
        if not befores:
            return np.empty(0, STORED)
        oldest = min(befores.values()) - within // timedelta(microseconds=1)
        return _array(
            device.rows[moment]
            for number in sorted(befores)
            if (device := self._devices.get(number)) is not None
            for moment in _last(device.moments, oldest, befores[number], most)
        )

    def list_tracks(self, since_us: Mapping[int, int]) -> Rows:
        """Return the fixes of devices from a moment on that is given for each."""
        return _array(
            device.rows[moment]
            for number in sorted(since_us)
            if (device := self._devices.get(number)) is not None
            for moment in device.moments[bisect_left(device.moments, (since_us[number], 0)) :]
        )

    def save_tracks(self, newest: Rows, states: Mapping[int, TrackState]) -> None:
        """Keep the newest position of devices; the judge holds their states itself."""
        del states
        for row in newest:
            known = self.newest.get(int(row["device_id"]))
            if known is None or row["fixed_at"] > known["fixed_at"]:
                self.newest[int(row["device_id"])] = row
                self._moved.add(int(row["device_id"]))

    def save_checkpoints(self, states: Sequence[tuple[int, TrackState]]) -> None:
        """Keep the states of devices, each as of its newest fix."""
        for number, state in states:
            self._devices[number].checkpoints.append(state)

    def find_checkpoints(self, lates: Mapping[int, int]) -> dict[int, TrackState]:
        """Return the last state kept of devices before a moment given for each."""
        found = {}
        for number, late in lates.items():
            kept = [one for one in self._devices[number].checkpoints if (one.at or 0) < late]
            if kept:
                found[number] = max(kept, key=lambda state: state.at or 0)
        return found

    def drop_checkpoints(self, lates: Mapping[int, int]) -> None:
        """Drop what a fix at a moment given for each device has made untrue."""
        for number, late in lates.items():
            device = self._devices.get(number)
            if device is not None:
                device.checkpoints = [one for one in device.checkpoints if (one.at or 0) < late]

    def list_visits(self, confirmed_since: Mapping[int, int]) -> dict[int, list[Published]]:
        """Return devices' visits confirmed at a moment given for each, or later, by beginning."""
        found = {}
        for number, since in confirmed_since.items():
            kept = [one for one in self.list_all(number) if one.visit.confirmed_at >= since]
            if kept:
                found[number] = sorted(kept, key=lambda one: one.visit.entered_at)
        return found

    def record_revisions(
        self, revised: Sequence[tuple[int, Published, bool]], *, why: Reason, known_at: int
    ) -> None:
        """Count what is said otherwise than before."""
        del why, known_at
        self.revised += len(revised)

    def withdraw_visits(self, visits: Sequence[tuple[int, Published]]) -> None:
        """Remove visits that have been shown never to have been."""
        for number, one in visits:
            self._devices[number].visits.pop(one.id, None)
            self.changed.add(number)

    def save_visits(
        self, zones: Mapping[str, Zone], visits: Sequence[tuple[int, Published]]
    ) -> None:
        """Keep visits of devices under their identities."""
        del zones
        for number, one in visits:
            self._devices[number].visits[one.id] = one
            self.changed.add(number)


def _array(rows: Iterable[tuple[Any, ...]]) -> Rows:
    """Return rows of dtype `STORED`."""
    return np.array(list(rows), dtype=STORED)


def _last(moments: Sequence[Moment], oldest: int, before: int, most: int) -> Sequence[Moment]:
    """Return the last ``most`` moments from ``oldest`` on and before another."""
    end = bisect_left(moments, (before, 0))
    begin = bisect_left(moments, (oldest, 0))
    return moments[max(begin, end - most) : end]


def _after(device: _Device, after_us: int, late_us: int) -> Iterator[tuple[Any, ...]]:
    """Yield a device's fixes after a moment, and those after another that came late."""
    before = device.late[bisect_right(device.late, (late_us, _HIGHEST)) :]
    known = (after_us, _HIGHEST)
    yield from (device.rows[moment] for moment in before if moment <= known)
    begin = bisect_right(device.moments, known)
    yield from (device.rows[moment] for moment in device.moments[begin:])
