"""Measures of a played day, each derived from the records of its trucks alone."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulations.measures_laws import check, leaves_at, present, until
from simulations.measures_passed import gini, passed_by
from simulations.measures_places import open_place_s, places_at
from simulations.records import Records
from simulations.streams import Column

Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]
Figures = dict[str, float | None]

_MINUTE_S, _DAY_S = 60.0, 86_400.0
_REEFER = "reefer"
_POINTS = {"p50": 0.5, "p90": 0.9, "p95": 0.95}

WAIT_EDGES_MIN = np.r_[
    np.arange(0.0, 30.0, 2.0),
    np.arange(30.0, 120.0, 10.0),
    np.arange(120.0, 720.0, 30.0),
    np.arange(720.0, 1440.0, 60.0),
    1440.0,
    2880.0,
]
"""Edges of the histograms of waits, minutes; a longer wait counts in the last bin."""

UNITS: Mapping[str, str] = {
    **{f"{wait}_wait_{which}_s": "s" for wait in ("gate", "total") for which in ("mean", *_POINTS)},
    "import_wait_mean_s": "s",
    "queue_max": "trucks",
    "cleared_export": "trucks",
    "cleared_import": "trucks",
    "waiting_at_end": "trucks",
    "utilisation": "share",
    "starved_place_min": "min",
    "overtakes": "count",
    "passed_share": "share",
    "passed_most": "trucks",
    "wait_gini": "share",
    "messages": "count",
    "waiting_cost_vnd": "vnd",
    "turned_back": "trucks",
    "no_shows": "trucks",
}
"""The measures of a day in the order in which they are shown, each with its unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What a day was like after its warm-up; waits are cut at the day's end.

    Attributes
    ----------
    scalars
        The measures of `UNITS`, None where there was nothing to measure:

        ``gate_wait_*_s`` of exports, from the entry of the gate's queue to the begin of screening,
        or to going home; ``total_wait_*_s`` from ready for the gate to the same end; mean and
        quantiles (linear between the two nearest). ``import_wait_mean_s`` of imports at the gate.
        ``queue_max``: the longest export queue of any gate. ``waiting_at_end``: exports that came
        and were neither cleared nor gone home. ``utilisation``: place-seconds in screening over
        those open. ``starved_place_min``: minutes that inspection places stood empty, in opening
        hours, while as many exports stood ready in a yard and were not let go (seen on full
        minutes). ``overtakes``: pairs of which the junior was let go while the senior stood ready
        for the same gate (see `passed_by`); ``passed_share`` of the exports were passed at all,
        ``passed_most``: the one passed by most. ``wait_gini`` of the total waits.
        ``waiting_cost_vnd`` of refrigerated trucks, from ready to screening: no price of other
        trucks' time is known.
    classes
        Waits by cargo class, same keys.
    gates, utilisation
        By gate: ``queue_max``, ``cleared_*``, ``waiting_at_end``, ``starved_place_min``; and the
        utilisation, None of one that was not open.
    grid
        Epoch seconds the series stand on, shape [m].
    queue, waiting
        Per gate the exports in its queue, and those in yard, on the freight road and in the queue.
    occupancy
        Trucks in each yard, until they leave it.
    gate_waits, total_waits
        Trucks per bin of `WAIT_EDGES_MIN`.
    """

    scalars: Figures
    classes: dict[str, Figures]
    gates: dict[str, dict[str, float]]
    utilisation: Figures
    grid: Column
    queue: dict[str, Counts]
    waiting: dict[str, Counts]
    occupancy: dict[str, Counts]
    gate_waits: Counts
    total_waits: Counts

    @property
    def gate_wait_mean_s(self) -> float | None:
        """Mean wait of exports in the gate's queue."""
        return self.scalars["gate_wait_mean_s"]

    @property
    def gate_wait_p95_s(self) -> float | None:
        """The wait in the gate's queue that 95 % of exports had less of."""
        return self.scalars["gate_wait_p95_s"]

    @property
    def total_wait_mean_s(self) -> float | None:
        """Mean wait of exports once ready."""
        return self.scalars["total_wait_mean_s"]

    @property
    def queue_max(self) -> int:
        """The longest export queue of any gate."""
        return int(max(row["queue_max"] for row in self.gates.values()))

    @property
    def cleared(self) -> dict[str, dict[str, int]]:
        """Trucks screened per gate and direction."""
        return {
            gate: {way: int(row[f"cleared_{way}"]) for way in ("export", "import")}
            for gate, row in self.gates.items()
        }

    @property
    def waiting_at_end(self) -> dict[str, int]:
        """Exports per gate that came and are still there at the day's end."""
        return {gate: int(row["waiting_at_end"]) for gate, row in self.gates.items()}

    @property
    def starved_place_min(self) -> dict[str, float]:
        """Minutes per gate that places stood empty while exports were held."""
        return {gate: float(row["starved_place_min"]) for gate, row in self.gates.items()}


def measure(
    records: Records,
    *,
    grid_s: float = _MINUTE_S,
    warm_up_s: float = 0.0,
    reefer_day_vnd: float | None = None,
) -> Measures:
    """Derive every measure, after checking that the records can be true (see `check`).

    Parameters
    ----------
    grid_s
        Step of the series.
    warm_up_s
        What came before so much of the day had passed does not count; the series show it.
    reefer_day_vnd
        What a refrigerated truck's day of waiting costs; None where nobody knows it.
    """
    check(records)
    begins = records.starts + warm_up_s
    leaves, export = leaves_at(records), ~records.is_import
    gate_wait = _counted(records.gate_at, leaves, records.ends, begins)
    total_wait = _counted(records.ready_at, leaves, records.ends, begins)
    at_gate, ready = export & ~np.isnan(gate_wait), export & ~np.isnan(total_wait)
    grid = np.arange(records.starts, records.ends + grid_s / 2, grid_s)
    floors = [_Floor(records, k, leaves) for k in range(len(records.gates))]
    gates = {floor.name: floor.counts(begins) for floor in floors}
    use_s = {floor.name: floor.use_s(begins) for floor in floors}
    total_sorted = np.sort(total_wait[ready])
    scalars: Figures = _waits("gate", np.sort(gate_wait[at_gate])) | _waits("total", total_sorted)
    imports = gate_wait[records.is_import & ~np.isnan(gate_wait)]
    scalars["import_wait_mean_s"] = float(imports.mean()) if len(imports) else None
    scalars["queue_max"] = max(row["queue_max"] for row in gates.values())
    for key in ("cleared_export", "cleared_import", "waiting_at_end", "starved_place_min"):
        scalars[key] = sum(row[key] for row in gates.values())
    scalars["utilisation"] = _ratio(*np.sum(list(use_s.values()), axis=0))
    passed = passed_by(records)[ready]
    scalars["overtakes"] = float(passed.sum())
    scalars["passed_share"] = float((passed > 0).mean()) if len(passed) else None
    scalars["passed_most"] = float(passed.max(initial=0))
    scalars["wait_gini"] = gini(total_sorted)
    scalars["messages"] = float(records.messages[~(records.clear_at < begins)].sum())
    cargoes = {name: records.cargo == k for k, name in enumerate(records.cargoes)}
    scalars["waiting_cost_vnd"] = _cost(total_wait, ready, cargoes, reefer_day_vnd)
    scalars["turned_back"] = float(np.count_nonzero(records.turned_at >= begins))
    scalars["no_shows"] = float(np.count_nonzero(records.ignored_at >= begins))
    yard_left = np.fmin(records.left_at, records.turned_at)
    return Measures(
        scalars={key: scalars[key] for key in UNITS},
        classes={
            name: _waits("gate", np.sort(gate_wait[at_gate & of]))
            | _waits("total", np.sort(total_wait[ready & of]))
            for name, of in cargoes.items()
        },
        gates=gates,
        utilisation={name: _ratio(*use) for name, use in use_s.items()},
        grid=grid,
        queue={floor.name: present(grid, floor.queued, floor.unqueued) for floor in floors},
        waiting={floor.name: present(grid, floor.came, floor.gone) for floor in floors},
        occupancy={
            name: present(grid, np.sort(records.yard_at[of]), np.sort(yard_left[of]))
            for name, of in ((name, records.yard == k) for k, name in enumerate(records.yards))
        },
        gate_waits=_histogram(gate_wait[at_gate]),
        total_waits=_histogram(total_wait[ready]),
    )


class _Floor:
    """One gate's events, each column sorted (NaN last): what its figures and series count in.

    ``came``/``gone``: exports of yard, road and queue; ``ready``/``told``: held in a yard;
    ``queued``/``unqueued``: exports in its queue; ``began``/``cleared``: both directions.
    """

    def __init__(self, records: Records, gate: int, leaves: Column) -> None:
        self._records, self._gate = records, gate
        self.name = records.gates[gate]
        rows = records.gate == gate
        export = rows & ~records.is_import
        at_gate = export & ~np.isnan(records.gate_at)
        self.came, self.gone = np.sort(records.yard_at[export]), np.sort(leaves[export])
        self.ready = np.sort(records.ready_at[export])
        self.told = np.sort(np.fmin(records.released_at, records.turned_at)[export])
        self.queued, self.unqueued = np.sort(records.gate_at[at_gate]), np.sort(leaves[at_gate])
        self._pairs = records.start_at[rows], records.clear_at[rows]
        self.began, self.cleared = (np.sort(column) for column in self._pairs)
        self._export, self._import = export, rows & records.is_import

    def counts(self, begins: float) -> dict[str, float]:
        """Return the gate's own measures from a moment on."""
        records = self._records
        moments = self.queued[self.queued >= begins]  # longest when a truck has just come
        cleared = records.clear_at >= begins
        stays = self._export & ~np.isnan(records.yard_at) & np.isnan(records.clear_at)
        return {
            "queue_max": float(present(moments, self.queued, self.unqueued).max(initial=0)),
            "cleared_export": float(np.count_nonzero(cleared & self._export)),
            "cleared_import": float(np.count_nonzero(cleared & self._import)),
            "waiting_at_end": float(np.count_nonzero(stays & np.isnan(records.turned_at))),
            "starved_place_min": self._starved_place_min(begins),
        }

    def use_s(self, begins: float) -> tuple[float, float]:
        """Return the place-seconds in screening, and open, in opening hours from a moment on.

        A screening that is finished although its place was shut meanwhile counts as screening.
        """
        records, busy_s = self._records, 0.0
        start, clear = self._pairs
        end = np.where(np.isnan(clear), records.ends, clear)
        for opens, closes in records.windows[self._gate]:
            inside = np.minimum(end, closes) - np.maximum(start, max(opens, begins))
            busy_s += float(np.maximum(inside, 0.0).sum(where=~np.isnan(inside)))
        return busy_s, open_place_s(records, self._gate, begins)

    def _starved_place_min(self, begins: float) -> float:
        minutes = np.arange(begins, self._records.ends + _MINUTE_S / 2, _MINUTE_S)
        open_now = np.zeros(len(minutes), np.bool_)
        for opens, closes in self._records.windows[self._gate]:
            open_now |= (minutes >= opens) & (minutes < closes)
        minutes = minutes[open_now]
        busy = present(minutes, self.began, self.cleared)
        held = present(minutes, self.ready, self.told)
        return float(
            np.maximum(
                np.minimum(places_at(self._records, self._gate, minutes) - busy, held), 0
            ).sum()
        )


def _counted(begin: Column, end: Column, last: float, begins: float) -> Column:
    """Return waits up to the day's end; NaN of those that began before the warm-up was over."""
    return np.asarray(np.where(begin >= begins, until(begin, end, last), np.nan))


def _waits(of: str, waits: Column) -> Figures:
    """Return mean and quantiles of sorted waits."""
    if not len(waits):
        return {f"{of}_wait_{which}_s": None for which in ("mean", *_POINTS)}
    figures: Figures = {f"{of}_wait_mean_s": float(waits.sum()) / len(waits)}
    for name, point in _POINTS.items():
        exact = point * (len(waits) - 1)
        below = int(exact)
        above = min(below + 1, len(waits) - 1)
        step = float(waits[above] - waits[below])
        figures[f"{of}_wait_{name}_s"] = float(waits[below]) + (exact - below) * step
    return figures


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0 else None


def _cost(
    wait: Column, ready: Flags, cargoes: Mapping[str, Flags], day_vnd: float | None
) -> float | None:
    """Return what the waiting of refrigerated trucks cost."""
    if day_vnd is None or _REEFER not in cargoes:
        return None
    return float(wait[ready & cargoes[_REEFER]].sum()) * day_vnd / _DAY_S


def _histogram(waits: Column) -> Counts:
    most = len(WAIT_EDGES_MIN) - 2
    bins = np.searchsorted(WAIT_EDGES_MIN * _MINUTE_S, waits, side="right") - 1
    return np.bincount(np.clip(bins, 0, most), minlength=most + 1).astype(np.int64)
