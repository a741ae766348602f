"""What replications have in common, gathered one by one in memory that does not grow with them."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from simulations.metrics import WAIT_EDGES_MIN, Measures

_BINS = 1024
_LOW, _HIGH = 0.05, 0.95


class Band:
    """A series of counts over replications: its mean, and between what nine in ten of them lie.

    Each point keeps a histogram of what was counted there, exact below 1,024; where more is counted
    two bins become one, so that quantiles are exact to a thousandth of the most.
    """

    def __init__(self, points: int) -> None:
        self._seen = np.zeros((points, _BINS), np.uint32)
        self._sum = np.zeros(points)
        self._width = 1
        self._replications = 0

    def add(self, series: NDArray[np.int64]) -> None:
        """Take in a replication's series, shape [points]."""
        while series.max(initial=0) >= _BINS * self._width:
            self._seen = np.pad(
                self._seen[:, 0::2] + self._seen[:, 1::2], ((0, 0), (0, _BINS // 2))
            )
            self._width *= 2
        self._seen[np.arange(len(series)), series // self._width] += 1
        self._sum += series
        self._replications += 1

    def as_json(self) -> dict[str, list[float]]:
        """Return ``mean``, ``low`` and ``high`` (5 and 95 % of the replications) at each point."""
        below = np.cumsum(self._seen, axis=1)
        return {
            "mean": np.round(self._sum / max(self._replications, 1), 2).tolist(),
            "low": self._quantile(below, _LOW),
            "high": self._quantile(below, _HIGH),
        }

    def _quantile(self, below: NDArray[np.unsignedinteger], share: float) -> list[float]:
        """Return the least value that so many replications do not exceed."""
        wanted = max(int(np.ceil(share * self._replications)), 1)
        values = np.argmax(below >= wanted, axis=1) * self._width
        return [float(value) for value in values]


class Gathered:
    """The series and the waits of a run's replications.

    Attributes
    ----------
    grid
        Epoch seconds the series stand on.
    queue, waiting
        Bands by gate; ``occupancy`` by yard.
    gate_waits, total_waits
        Trucks by bin of `WAIT_EDGES_MIN`, of all replications.
    """

    def __init__(self, first: Measures) -> None:
        points = len(first.grid)
        self.grid = first.grid
        self.queue = {gate: Band(points) for gate in first.queue}
        self.waiting = {gate: Band(points) for gate in first.waiting}
        self.occupancy = {yard: Band(points) for yard in first.occupancy}
        self.gate_waits = np.zeros(len(WAIT_EDGES_MIN) - 1, np.int64)
        self.total_waits = np.zeros(len(WAIT_EDGES_MIN) - 1, np.int64)

    def add(self, measures: Measures) -> None:
        """Take in a replication."""
        for bands, series in (
            (self.queue, measures.queue),
            (self.waiting, measures.waiting),
            (self.occupancy, measures.occupancy),
        ):
            for name, band in bands.items():
                band.add(series[name])
        self.gate_waits += measures.gate_waits
        self.total_waits += measures.total_waits

    def waits(self) -> dict[str, list[float]]:
        """Return the distribution of waits as shares of the trucks by bin."""
        return {
            "edges_min": WAIT_EDGES_MIN.tolist(),
            "gate": _shares(self.gate_waits),
            "total": _shares(self.total_waits),
        }


def _shares(counts: NDArray[np.int64]) -> list[float]:
    whole = counts.sum()
    values: Iterable[float] = (counts / whole if whole else counts.astype(float)).tolist()
    return list(values)
