"""How fast trucks drive on a simulated day's roads, and when those on the road will be there."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flowctl.site import Site
from flowctl.storage.eta import LIVE, Watched, list_coming, yard_etas
from flowctl.telemetry.fixes import instant, microseconds
from flowctl.traffic.calibration import Calibration
from flowctl.traffic.eta import DEFAULTS
from flowctl.traffic.speeds import Sums, live_speeds
from flowctl.traffic.watch import SEEN, Watch
from simulations.gates import instant as at_instant
from simulations.knowledge import Book
from simulations.knowledge_tracks import TracksInMemory
from simulations.streams import Column


class _Coming(NamedTuple):
    """A trip and where its truck was seen last."""

    id: int
    gates: tuple[str, ...]
    arrived_at: datetime | None
    fixed_at: datetime
    lon: float
    lat: float
    device: int


class Roads:
    """Looks at the traffic every so often, as production does, and says who comes when.

    What forecasts learn from arrivals over weeks is not learned within a day: their spreads are
    the first belief (`flowctl.traffic.calibration`).
    """

    def __init__(self, site: Site, tracks: TracksInMemory) -> None:
        self._site, self._tracks = site, tracks
        self._watch = Watch(site)
        self._windows: dict[float, tuple[Column, Column]] = {}
        self._told: set[int] = set()
        self._calibration = Calibration()

    def observe(self, now: datetime) -> None:
        """Take in the fixes since the last look."""
        now_us = microseconds(now)
        west, south, east, north = self._watch.roads.bounds
        since = now_us - round(self._site.traffic.settled_s * 1e6)
        devices = [
            number
            for number, row in self._tracks.newest.items()
            if row["fixed_at"] > since
            and west <= row["lon"] <= east
            and south <= row["lat"] <= north
        ]
        after, late = self._watch.wanted(devices, now_us)
        rows = self._tracks.list_after(
            dict(zip(devices, after.tolist(), strict=True)),
            dict(zip(devices, late.tolist(), strict=True)),
        )
        sums = self._watch.take(_seen(rows), now_us)
        if sums is None:
            return
        for window, start in enumerate(sums.starts.tolist()):
            self._windows.pop(start, None)
            if sums.vehicle_s[window].any():
                self._windows[start] = sums.distance_m[window], sums.vehicle_s[window]

    def expect(self, book: Book, trips: Mapping[int, int], now: datetime) -> None:
        """Write into a book when the trucks on the road will be at their yards.

        ``trips`` are those that have not arrived, by device.
        """
        rows = [
            _Coming(
                trip.id,
                trip.gates,
                trip.arrived_at,
                instant(int(newest["fixed_at"])),
                float(newest["lon"]),
                float(newest["lat"]),
                number,
            )
            for number, trip_id in trips.items()
            if (trip := book.find(trip_id)) is not None and trip.arrived_at is None
            if (newest := self._tracks.newest.get(number)) is not None
        ]
        coming = list_coming(rows, now)
        etas = {}
        if coming:
            live = live_speeds(self._watch.roads, self._sums(now), now.timestamp())
            watched = self._first_seen(coming, now)
            etas = yard_etas(self._site, coming, live, self._calibration, watched, now)
        for trip_id in self._told.difference(etas):
            book.learn(trip_id, eta_yard_at=None, eta_yard_late_at=None)
        for trip_id, eta in etas.items():
            book.learn(
                trip_id, eta_yard_at=at_instant(eta.p50), eta_yard_late_at=at_instant(eta.p90)
            )
        self._told = set(etas)

    def _sums(self, now: datetime) -> Sums | None:
        """Return what trucks did in the windows of the last hour, as production reads it."""
        since, until = (now - LIVE).timestamp(), now.timestamp()
        self._windows = {at: one for at, one in self._windows.items() if at >= since}
        starts = sorted(at for at in self._windows if at < until)
        if not starts:
            return None
        window_s = self._watch.roads.params.window_s
        count = round((starts[-1] - starts[0]) / window_s) + 1
        shape = (count, len(self._watch.roads.link_m))
        moments = starts[0] + np.arange(count, dtype=np.float64) * window_s
        sums = Sums(moments, float(window_s), np.zeros(shape), np.zeros(shape))
        for at in starts:
            window = round((at - starts[0]) / window_s)
            sums.distance_m[window], sums.vehicle_s[window] = self._windows[at]
        return sums

    def _first_seen(self, coming: list[_Coming], now: datetime) -> Watched:
        since = microseconds(now - timedelta(seconds=DEFAULTS.pace_over_s))
        nothing = (np.nan, np.nan, np.nan)
        found = [self._tracks.find_first(row.device, since) or nothing for row in coming]
        return Watched(*np.array(found, dtype=np.float64).T)


def _seen(rows: NDArray[np.void]) -> NDArray[np.void]:
    """Return fixes (dtype `STORED`) as far as traffic needs them."""
    seen = np.empty(len(rows), SEEN)
    seen["device"], seen["at_us"] = rows["device_id"], rows["fixed_at"]
    for name in ("lon", "lat", "speed_mps"):
        seen[name] = rows[name]
    seen["engine_off"] = rows["ignition"] == 0
    return seen
