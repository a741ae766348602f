"""The last hour of traffic in memory, so that a look at it reads only what is new.

Everything follows from stored fixes: a watch that begins anew reads the last hour and says the
same. A fix changes the window it lies in and the next neighbour's; windows that began up to
``settled_s`` ago are measured again for it, older ones stand as they were written.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from flowctl.site import Site
from flowctl.traffic.queue import UNKNOWN, Queue, is_known, queue_of
from flowctl.traffic.roads import Ints, roads_of
from flowctl.traffic.speeds import Sums, Tracks, movements_of, sum_up
from geo.crs import Column

SWEEPS = 12
"""One of so many devices is asked again at each look for fixes that came late."""
_MEAN_US = 120_000_000  # a truck's speed is its mean over this: four reports of a moving tracker
_US = 1_000_000

SEEN = np.dtype(
    [
        ("device", "<i8"),
        ("at_us", "<i8"),  # microseconds since 1970
        ("lon", "<f8"),  # degrees, WGS 84
        ("lat", "<f8"),
        ("speed_mps", "<f8"),  # NaN where not said
        ("engine_off", "?"),
    ]
)
"""A stored fix as far as traffic needs it."""


class Watch:
    """What trucks did on the roads of a site over the last hour."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.roads = roads_of(site)
        self._params = site.traffic
        self._gates = [gate.id for gate in site.gates]
        self.forget()

    def forget(self) -> None:
        """Begin anew, as after a restart."""
        self._looks = 0
        self._now_us = 0
        self._fixes = np.empty(0, SEEN)  # by device and moment, no moment of a device twice
        self._along, self._offset = self.roads.locate(self._fixes["lon"], self._fixes["lat"])

    def wanted(self, devices: Sequence[int], now_us: int) -> tuple[Ints, Ints]:
        """Return which fixes of each device are to be read: (after_us, late_after_us).

        All after its newest known one, and those that came late after the second moment: the
        beginning of the hour where it is the device's turn to be asked, else the same. A device
        that is new is read from the beginning of the hour; where the clock was set back, all are.
        """
        if now_us < self._now_us:
            self.forget()
        self._now_us = now_us
        floor = self._floor(now_us)
        asked = np.asarray(devices, dtype=np.int64)
        wanted, late = np.full((2, len(asked)), floor)
        last = self._last()
        known, newest = self._fixes["device"][last], self._fixes["at_us"][last]
        at = np.minimum(np.searchsorted(known, asked), max(len(known) - 1, 0))
        if len(known):
            found = known[at] == asked
            wanted[found] = np.maximum(newest[at[found]], floor)
            rests = asked % SWEEPS != self._looks % SWEEPS
            late[rests] = wanted[rests]
        self._looks += 1
        return wanted, late

    def take(self, fixes: NDArray[np.void], now_us: int) -> Sums | None:
        """Take in fixes (dtype `SEEN`), drop what is over an hour old, measure what changed.

        Of several fixes of a device at one moment the last counts.
        Returns the sums of the windows from the first to the last that new fixes have changed; None
        where none has.
        """
        floor = self._floor(now_us)
        fixes = fixes[(fixes["at_us"] > floor) & (fixes["at_us"] <= now_us)]
        new = self._unknown(fixes[_last_of_each(fixes, floor)], floor)
        self._merge(new, floor)
        if not len(new):
            return None
        window_s, gap_s = self._params.window_s, self._params.gap_s
        settled = np.ceil((now_us / _US - self._params.settled_s) / window_s) * window_s
        # A fix between two others changes what was believed from the one to the other.
        since = max(float(new["at_us"].min()) / _US - gap_s, float(settled))
        until = min(float(new["at_us"].max()) / _US + gap_s, now_us / _US)
        if until <= since:
            return None
        begin_us = (np.floor(since / window_s) * window_s - gap_s) * _US
        rows = self._fixes["at_us"] >= begin_us
        moves = movements_of(self._tracks(rows), self._params)
        return sum_up(moves, self.roads, since=since, until=until, window_s=window_s)

    def queues(self, gate_of: Mapping[int, str | None], now_us: int) -> dict[str, Queue]:
        """Return the queue before each gate.

        ``gate_of`` names the gate a device's truck was sent to, where that is known; another truck
        belongs to the gate whose road it is nearest to, then to the one it will be at first.
        """
        last = self._last()
        if not len(last):
            return dict.fromkeys(self._gates, UNKNOWN)
        fixes = self._fixes[last]
        speed = np.fmin(fixes["speed_mps"], self._mean_speed(last))
        known = is_known((now_us - fixes["at_us"]) / _US, speed, self._params)
        ahead, offset = self._ahead(last)
        own = self._gates_of(fixes["device"], gate_of, ahead, offset)
        return {
            gate: queue_of(
                np.where(known & (own == number), ahead[:, number], np.nan), speed, self._params
            )
            for number, gate in enumerate(self._gates)
        }

    def _floor(self, now_us: int) -> int:
        """Return the moment up to which fixes are forgotten.

        The oldest window that is measured again needs the movements that reach into it.
        """
        return now_us - round((self._params.settled_s + self._params.gap_s) * _US)

    def _last(self) -> NDArray[np.intp]:
        """Return the row of the newest fix of each device."""
        return np.flatnonzero(np.diff(self._fixes["device"], append=-1))

    def _tracks(self, rows: NDArray[np.bool_]) -> Tracks:
        fixes = self._fixes[rows]
        return Tracks(
            fixes["device"],
            fixes["at_us"] / _US,
            self._along[rows],
            self._offset[rows],
            fixes["engine_off"],
        )

    def _unknown(self, fixes: NDArray[np.void], floor: int) -> NDArray[np.void]:
        """Return the fixes that are not in memory as they are."""
        known = self._fixes[self._fixes["at_us"] > floor]
        if not len(known):
            return fixes
        keys = _keys(known, floor)
        at = np.minimum(np.searchsorted(keys, _keys(fixes, floor)), len(keys) - 1)
        same = np.ones(len(fixes), dtype=bool)
        for name in SEEN.names or ():
            same &= (fixes[name] == known[name][at]) | (
                (fixes[name] != fixes[name]) & (known[name][at] != known[name][at])  # both NaN
            )
        return fixes[~same]

    def _merge(self, new: NDArray[np.void], floor: int) -> None:
        """Add fixes and drop what is too old; of two of one moment the later read one is kept."""
        kept = self._fixes["at_us"] > floor
        if not len(new) and kept.all():
            return
        along, offset = self.roads.locate(new["lon"], new["lat"])
        fixes = np.concatenate([self._fixes[kept], new])
        order = _last_of_each(fixes, floor)
        self._fixes = fixes[order]
        self._along = np.concatenate([self._along[kept], along])[order]
        self._offset = np.concatenate([self._offset[kept], offset])[order]

    def _ahead(self, last: NDArray[np.intp]) -> tuple[Column, Column]:
        """Return metres to the stop line and metres off the road: shape [devices, gates] each."""
        ahead = np.full((len(last), len(self._gates)), np.nan)
        offset = np.full(ahead.shape, np.inf)
        for number, way in enumerate(self.roads.ways):
            if way.gate is None:
                continue
            gate = self._gates.index(way.gate)
            nearer = self._offset[last, number] < offset[:, gate]
            offset[nearer, gate] = self._offset[last[nearer], number]
            ahead[nearer, gate] = way.stop_m - self._along[last[nearer], number]
        return ahead, offset

    def _mean_speed(self, last: NDArray[np.intp]) -> Column:
        """Return how fast each device went on average before its last fix; NaN where not known."""
        floor = int(self._fixes["at_us"].min()) - _MEAN_US - 1
        before = self._fixes[last]
        before["at_us"] -= _MEAN_US
        first = np.searchsorted(_keys(self._fixes, floor), _keys(before, floor))
        lasted = (self._fixes["at_us"][last] - self._fixes["at_us"][first]) / _US
        # Along whichever way is nearest to both fixes; NaN where they are on none together.
        moved = np.abs(self._along[last] - self._along[first])
        off = self._offset[last] + self._offset[first]
        if not off.size:
            return np.full(len(last), np.nan)
        moved = moved[np.arange(len(last)), np.argmin(off, axis=1)]
        return np.where(lasted > 0, moved / np.where(lasted > 0, lasted, 1.0), np.nan)

    def _gates_of(
        self, devices: Ints, gate_of: Mapping[int, str | None], ahead: Column, offset: Column
    ) -> Ints:
        """Return the number of each device's gate."""
        nearest = np.lexsort((ahead, np.round(offset)), axis=1)[:, 0]
        numbers: dict[str | None, int] = {gate: n for n, gate in enumerate(self._gates)}
        sent = np.array([numbers.get(gate_of.get(one), -1) for one in devices.tolist()])
        return np.where(sent >= 0, sent, nearest)


def _keys(fixes: NDArray[np.void], floor: int) -> Ints:
    """Return one number for each fix that sorts like (device, moment), all later than ``floor``."""
    return np.asarray((fixes["device"] << _MOMENT_BITS) + (fixes["at_us"] - floor))


def _last_of_each(fixes: NDArray[np.void], floor: int) -> NDArray[np.intp]:
    """Return the rows by device and moment; of the same moment the last."""
    keys = _keys(fixes, floor)
    order = np.argsort(keys, kind="stable")
    return np.asarray(order[np.diff(keys[order], append=-1) != 0])


_MOMENT_BITS = 36  # nineteen hours in microseconds; leaves room for 2^27 devices
