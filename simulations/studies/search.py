"""Sensitivity, and searches for the least or the best value of a path, with their budget shown."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import floor

from flowctl.errors import FlowctlError
from flowctl.intervals import Interval
from flowctl.scenarios.steering import Steering
from simulations.metrics import UNITS
from simulations.studies.cells import Cell, Study
from simulations.studies.run import no_measure
from simulations.studies.variants import Base, parse_values

_UNITS_S = {"": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0, "%": 0.01}
_LEAST = re.compile(r"least ([\w.]+)(?:=(\S+))? for (\w+)<=(\d+(?:\.\d+)?) ?(s|min|h|%)?", re.ASCII)
_BEST = re.compile(r"best ([\w.]+)=(\S+) for (\w+)", re.ASCII)
_FARTHEST = 4  # times the present value, where a search is not told how far to look
_FEW = 4  # values of which all are tried
_TORNADO = (
    "gates.*.standing",
    "gates.*.arrivals",
    "gates.*.imports",
    "gates.*.places",
    "checks.mean_min",
    "screening.least_min",
    "screening.most_min",
    "drivers.reaction_s",
    "drivers.no_show_share",
    "yards.*.travel_factor",
)


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for.

    With ``most`` the least value for which the whole 95 % interval of the measure lies at or below
    it; without, the value with the least mean.
    """

    path: str
    values: tuple[float, ...]
    measure: str
    most: float | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: a cell and its value, None where no value will do; and all it tried."""

    value: float | None
    tried: tuple[tuple[float, Cell], ...]


@dataclass(frozen=True, slots=True)
class Swing:
    """How a measure changes when a path is lowered and raised by a share, in pairs."""

    path: str
    low: float
    high: float
    lowered: Interval
    raised: Interval

    @property
    def width(self) -> float:
        """How far apart the two are."""
        return max(abs(self.lowered.mean or 0.0), abs(self.raised.mean or 0.0))


def parse_search(text: str, base: Base) -> Search:
    """Read ``least PATH[=A:B] for MEASURE<=15min`` or ``best PATH=A:B:STEP for MEASURE``.

    Raises
    ------
    FlowctlError
        It is neither, or names what there is not.
    """
    least, best = _LEAST.fullmatch(text.strip()), _BEST.fullmatch(text.strip())
    if least is not None:
        path, said, measure, most, unit = least.groups()
        limit: float | None = float(most) * _UNITS_S[unit or ""]
    elif best is not None:
        (path, said, measure), limit = best.groups(), None
    else:
        raise FlowctlError(
            "--search takes 'least PATH=1:20 for total_wait_mean_s<=60min' or 'best PATH=4:24:2"
            f" for total_wait_mean_s', not {text!r}."
        )
    if measure not in UNITS:
        raise no_measure(measure)
    now = base.value(path)
    if said is None:
        said = f"1:{max(floor(now) * _FARTHEST, 2)}"
    return Search(path, parse_values(said, text), measure, limit)


def search(base: Base, steering: Steering, wanted: Search, study: Study) -> Found:
    """Look for a value with as few runs as the kind of search allows.

    The least value that keeps a limit is found by halving: it is taken that more does no harm. The
    best value is found by thirds, where the measure falls and then rises; both on the same random
    numbers at every value.
    """
    tried: dict[float, Cell] = {}

    def at(number: int) -> Cell:
        value = wanted.values[number]
        if value not in tried:
            tried[value] = study.play(base, {wanted.path: value}, steering)
        return tried[value]

    if wanted.most is None:
        number: int | None = _lowest(len(wanted.values), at, wanted.measure)
    else:
        number = _first(len(wanted.values), at, wanted.measure, wanted.most)
    value = None if number is None else wanted.values[number]
    return Found(value, tuple(sorted(tried.items())))


def _first(count: int, at: Callable[[int], Cell], measure: str, most: float) -> int | None:
    """Return the first place at which the limit is kept, None where it is nowhere."""

    def keeps(number: int) -> bool:
        found = at(number).interval(measure)
        upper = found.mean if found.high is None else found.high
        return upper is not None and upper <= most

    low, high = 0, count - 1
    if not keeps(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if keeps(middle) else (middle + 1, high)
    return low


def _lowest(count: int, at: Callable[[int], Cell], measure: str) -> int | None:
    """Return the place of the lowest mean."""

    def mean(number: int) -> float:
        found = at(number).interval(measure).mean
        return float("inf") if found is None else found

    low, high = 0, count - 1
    while high - low >= _FEW:
        third = (high - low) // 3
        left, right = low + third, high - third
        low, high = (low, right) if mean(left) <= mean(right) else (left, high)
    best = min(range(low, high + 1), key=mean)
    return None if mean(best) == float("inf") else best


def tornado(
    base: Base,
    steering: Steering,
    study: Study,
    *,
    measure: str,
    share: float,
    paths: Sequence[str] = (),
) -> list[Swing]:
    """Lower and raise each number by a share, alone; return what that changes, the widest first.

    Without ``paths`` the numbers of demand, service, drivers and ways that are above zero.

    Raises
    ------
    FlowctlError
        There is no such number, or it is zero.
    """
    known = base.values()
    wanted = {path: base.value(path) for path in paths} or {
        path: value for path, value in known.items() if value > 0 and _is_usual(path)
    }
    still = [path for path, value in wanted.items() if value == 0]
    if still:
        raise FlowctlError(
            f"{still[0]} is 0, and a share of nothing is nothing; give it by --vary."
        )
    usual = study.play(base, {}, steering)
    swings = []
    for path, now in wanted.items():
        low, high = (_moved(now, factor) for factor in (1 - share, 1 + share))
        cells = [study.play(base, {path: value}, steering) for value in (low, high)]
        swings.append(Swing(path, low, high, *(cell.change(measure, usual) for cell in cells)))
    return sorted(swings, key=lambda swing: -swing.width)


def _is_usual(path: str) -> bool:
    return any(
        re.fullmatch(pattern.replace(".", r"\.").replace("*", r"[^.]+"), path)
        for pattern in _TORNADO
    )


def _moved(now: float, factor: float) -> float:
    """Return a number times a factor; a whole one stays whole, and moves by one at least."""
    moved = now * factor
    if now != floor(now) or now == 1.0:
        return moved
    whole = float(round(moved))
    return whole if whole != now else now + (1 if factor > 1 else -1)


def budget(study: Study, found: Found) -> Mapping[str, int]:
    """Return what a search cost: values tried of all, replications played."""
    return {"tried": len(found.tried), "replications": study.played * study.replications}
