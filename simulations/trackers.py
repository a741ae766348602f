"""What the trackers say: fixes with the faults of real ones, in the batches providers post."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowctl.scenarios.behaviour import Gps
from simulations.streams import Column, stream

_METRES_PER_DEGREE = 111_320.0
_LATENCY_S = 2.0  # tracker to provider, where there is a network
_BATCH = 500

Post = list[dict[str, Any]]

SIGHTING = np.dtype(
    [
        ("truck", "<i8"),
        ("at", "<f8"),  # epoch seconds
        ("lon", "<f8"),  # degrees, WGS 84
        ("lat", "<f8"),
        ("speed_mps", "<f8"),
        ("heading_deg", "<f8"),
        ("ignition", "?"),
    ]
)
"""A truck's true position at the moment its tracker looks."""


@dataclass(slots=True)
class Faults:
    """How often each fault was made, for comparison with the scenario's shares."""

    seen: int = 0
    lost: int = 0
    late: int = 0
    doubled: int = 0


class Trackers:
    """Turns sightings into posts of fixes.

    The same sightings give the same fixes however time is cut into steps: faults are drawn in
    order of time and truck, and a post leaves when its interval is over.
    """

    def __init__(self, gps: Gps, devices: Sequence[str], *, seed: int) -> None:
        self._gps = gps
        self._devices = devices
        self._noise = stream(seed, "gps noise")
        self._chance = stream(seed, "gps faults")
        self._phase = stream(seed, "gps outages").random(len(devices)) * gps.late_window_s
        self._outage_seed = seed
        self._outages: dict[int, NDArray[np.bool_]] = {}
        self._kept = np.empty(0, SIGHTING)
        self._kept_until = np.empty(0)
        self.faults = Faults()

    def post(self, sightings: NDArray[np.void], until: float) -> list[Post]:
        """Take in sightings up to ``until`` (epoch s) and return the posts that left by then."""
        if not len(sightings) and not len(self._kept):
            return []
        order = np.lexsort((sightings["truck"], sightings["at"]))
        fixes, sent_at = self._spoil(sightings[order])
        fixes = np.concatenate([self._kept, fixes])
        sent_at = np.concatenate([self._kept_until, sent_at])
        interval = np.floor(sent_at / self._gps.post_interval_s)
        leaves = (interval + 1) * self._gps.post_interval_s <= until
        self._kept, self._kept_until = fixes[~leaves], sent_at[~leaves]
        fixes, sent_at, interval = fixes[leaves], sent_at[leaves], interval[leaves]
        order = np.argsort(sent_at, kind="stable")
        bounds = np.flatnonzero(np.diff(interval[order])) + 1
        return [post for group in np.split(fixes[order], bounds) for post in self._bodies(group)]

    def _spoil(self, fixes: NDArray[np.void]) -> tuple[NDArray[np.void], Column]:
        """Add noise, lose, delay and double; return the fixes and when each is sent (epoch s)."""
        n = len(fixes)
        offset = self._noise.normal(0.0, self._gps.noise_m / np.sqrt(2), (n, 2))
        lost, doubled = (self._chance.random((n, 2)) < self._shares()).T
        fixes["lat"] += offset[:, 1] / _METRES_PER_DEGREE
        fixes["lon"] += offset[:, 0] / (_METRES_PER_DEGREE * np.cos(np.radians(fixes["lat"])))
        window_s = self._gps.late_window_s
        window = np.floor((fixes["at"] + self._phase[fixes["truck"]]) / window_s).astype(np.int64)
        late = self._without_network(window, fixes["truck"])
        back_at = (window + 1) * window_s - self._phase[fixes["truck"]]
        # What was taken last goes out first: after a hole, fixes arrive in no order of time.
        back_at += self._gps.backlog_s * (back_at - fixes["at"]) / window_s
        sent_at = np.where(late, back_at, fixes["at"]) + _LATENCY_S
        doubled &= ~lost
        self.faults.seen += n
        self.faults.lost += int(lost.sum())
        self.faults.late += int(late.sum())
        self.faults.doubled += int(doubled.sum())
        again_at = sent_at[doubled] + self._gps.post_interval_s
        return (
            np.concatenate([fixes[~lost], fixes[doubled]]),
            np.concatenate([sent_at[~lost], again_at]),
        )

    def _shares(self) -> tuple[float, float]:
        return self._gps.lost_share, self._gps.duplicate_share

    def _without_network(
        self, window: NDArray[np.int64], truck: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Tell for each fix whether its tracker is without network in that window of time."""
        result = np.zeros(len(window), np.bool_)
        for number in np.unique(window):
            if number not in self._outages:
                chance = stream(self._outage_seed, f"gps outage {number}")
                self._outages[number] = chance.random(len(self._devices)) < self._gps.late_share
            of_window = window == number
            result[of_window] = self._outages[number][truck[of_window]]
        return result

    def _bodies(self, fixes: NDArray[np.void]) -> Iterator[Post]:
        """Yield the fixes of one interval as bodies of POST /v1/fixes."""
        moment = np.datetime_as_string((fixes["at"] * 1000).astype("datetime64[ms]"), unit="ms")
        lon, lat = np.round(fixes["lon"], 6).tolist(), np.round(fixes["lat"], 6).tolist()
        speed = np.round(fixes["speed_mps"], 1).tolist()
        heading = np.round(fixes["heading_deg"], 0).tolist()
        trucks, ignition = fixes["truck"].tolist(), fixes["ignition"].tolist()
        body: Post = [
            {
                "device": self._devices[trucks[k]],
                "fixed_at": f"{moment[k]}Z",
                "lon": lon[k],
                "lat": lat[k],
                "speed_mps": speed[k],
                "heading_deg": heading[k] % 360.0,
                "accuracy_m": self._gps.noise_m,
                "ignition": ignition[k],
            }
            for k in range(len(fixes))
        ]
        for begin in range(0, len(body), _BATCH):
            yield body[begin : begin + _BATCH]
