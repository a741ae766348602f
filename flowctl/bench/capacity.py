"""``flowctl bench capacity``: how well what gates take is learned, and changes noticed."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal

import numpy as np
from rich.table import Table
from scipy.special import gammaincinv

from flowctl.bench.arrivals_ahead import ForecastScore, score_forecast
from flowctl.bench.gate_days import FIRST, Change, GateDays, draw_days
from flowctl.traffic.capacity import CapacityEstimate, estimate
from flowctl.traffic.collapse import GateMode
from flowctl.traffic.learning import DEFAULTS
from flowctl.traffic.screenings import screenings

Tell = Callable[[str], None]

_LOOK_S = 300.0
_CLOSE_LOOK_S = 30.0
_SPELL_S = 5400.0
_WINDOW_S = 1800.0
_DAYS = 2  # a day to learn what is usual, and the one that is judged
_LOW = (GateMode.REDUCED, GateMode.STOPPED)
_KINDS: tuple[tuple[str, float, Literal["places", "pace"]], ...] = (
    ("50 %: half the places", 0.5, "places"),
    ("50 %: half the pace", 0.5, "pace"),
    ("8 %: pace", 0.08, "pace"),
    ("0 %: no more taken in", 0.0, "places"),
    ("0 %: all stops", 0.0, "pace"),
)


@dataclass(frozen=True, slots=True)
class Interval:
    """How often an interval meant to hold the truth nine times in ten did, and its mean width.

    The width is relative to the truth; ``looks`` is how often was asked.
    """

    coverage: float
    width: float
    looks: int


@dataclass(frozen=True, slots=True)
class Delay:
    """Minutes from a change until it was told, and in how many of how many spells it was."""

    p50_min: float | None
    p90_min: float | None
    told: int
    spells: int


@dataclass(frozen=True, slots=True)
class Detection:
    """What a rule made of spells of one kind; ``share_found`` is the learned share 45 min in."""

    kind: str
    drop: Delay
    recovery: Delay
    window_drop: Delay
    share: float
    share_found: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """A run's figures; ``window_…`` is the rule of clearances in 30 min below half the true rate.

    False alarms are per gate in 30 open days without any change.
    """

    gate_days: int
    total: Interval
    poisson: Interval
    exports: Interval
    imports: Interval
    false_alarms: float
    window_false_alarms: float
    detection: tuple[Detection, ...]
    forecast: ForecastScore
    seed: int

    def as_json(self) -> dict[str, Any]:
        """Return the figures as one object; an absent one is null."""
        return asdict(self)


def run_capacity(days: int, seed: int, tell: Tell) -> Figures:
    """Play gates of known capacity and compare what is learned of them.

    Parameters
    ----------
    days
        How many gate-days without a change; a third as many spells of each kind of change.
    seed
        Random numbers of all.
    tell
        Called with what is being done.
    """
    calm = _Calm()
    for number in range(days):
        tell(f"calm gate-days: {number + 1} of {days}, {calm.alarms} false alarms")
        calm.play(draw_days(np.random.default_rng([seed, 1, number]), days=_DAYS))
    found = []
    spells = max(days // 3, 1)
    for kind, share, way in _KINDS:
        tell(f"{kind}, {spells} spells")
        found.append(_detect(kind, share, way, seed, spells))
    tell("arrivals ahead")
    return Figures(
        gate_days=days,
        total=_interval(calm.total),
        poisson=_interval(calm.poisson),
        exports=_interval(calm.exports),
        imports=_interval(calm.imports),
        false_alarms=round(calm.alarms * 30.0 / days, 2),
        window_false_alarms=round(calm.window_alarms * 30.0 / days, 2),
        detection=tuple(found),
        forecast=score_forecast(seed),
        seed=seed,
    )


class _Calm:
    """What was found on days on which nothing changed: (held, relative width) a look."""

    def __init__(self) -> None:
        self.total: list[tuple[bool, float]] = []
        self.poisson: list[tuple[bool, float]] = []
        self.exports: list[tuple[bool, float]] = []
        self.imports: list[tuple[bool, float]] = []
        self.alarms = 0
        self.window_alarms = 0

    def play(self, days: GateDays) -> None:
        """Look at the last day every five minutes."""
        true = days.per_h
        export = max(true - days.imports_per_h, true / 2.0)
        low = window_low = False
        for opens, closes in days.gate.opening.windows(FIRST + timedelta(days=_DAYS - 1)):
            for at in np.arange(opens.timestamp(), closes.timestamp(), _LOOK_S).tolist():
                learned = _ask(days, at)
                was, low = low, learned.state in (*_LOW, GateMode.RECOVERING)
                self.alarms += low and not was
                was, window_low = window_low, _window_low(days, opens.timestamp(), at)
                self.window_alarms += window_low and not was
                if learned.saturated_s <= 0.0:
                    continue
                self.total.append(_held(learned.low, learned.high, true))
                self.poisson.append(_held(*_poisson(days, at), true))
                self.exports.append(_held(learned.exports.low, learned.exports.high, export))
                if days.imports_per_h + days.exports_per_h < true:
                    rest = max(true - days.exports_per_h, true / 2.0)
                    self.imports.append(_held(learned.imports.low, learned.imports.high, rest))


def _ask(days: GateDays, at: float) -> CapacityEstimate:
    return estimate(days.gate, days.seen_at(at), datetime.fromtimestamp(at, UTC))


def _is_low(days: GateDays, at: float) -> bool:
    return _ask(days, at).state in _LOW


def _held(low: float, high: float, true: float) -> tuple[bool, float]:
    return low <= true <= high, (high - low) / true


def _interval(looks: list[tuple[bool, float]]) -> Interval:
    held = np.array(looks, dtype=np.float64).reshape(-1, 2)
    if not len(held):
        return Interval(float("nan"), float("nan"), 0)
    return Interval(
        round(float(held[:, 0].mean()), 3), round(float(held[:, 1].mean()), 3), len(held)
    )


def _poisson(days: GateDays, at: float) -> tuple[float, float]:
    """Return the interval of the same screenings taken as a Poisson count (Gamma belief)."""
    gate = days.gate
    seen = screenings(gate, days.seen_at(at), datetime.fromtimestamp(at, UTC))
    full_h = seen.took_s[seen.settled] / seen.places / 3600.0
    half_h = DEFAULTS.half_life_s / 3600.0
    after_h = np.cumsum(full_h[::-1])[::-1] - full_h
    weight = np.exp2(-after_h / half_h)
    prior_h = min(gate.capacity_prior_weight_h, half_h / np.log(2.0))
    prior_h *= 0.5 ** (float(full_h.sum()) / half_h)
    shape = gate.capacity_prior_per_h * prior_h + float(weight.sum())
    rate_h = prior_h + float((weight * full_h).sum())
    low, high = gammaincinv(shape, np.array([0.05, 0.95])) / rate_h
    return float(low), float(high)


def _window_low(days: GateDays, opens: float, at: float) -> bool:
    """Tell what a fixed window says: in half an hour less than half of what the gate takes."""
    if at - opens < _WINDOW_S:
        return False
    cleared = days.history.cleared_at
    count = int(((cleared > at - _WINDOW_S) & (cleared <= at)).sum())
    return count < 0.5 * days.per_h * _WINDOW_S / 3600.0


def _detect(
    kind: str, share: float, way: Literal["places", "pace"], seed: int, spells: int
) -> Detection:
    drops: list[float | None] = []
    back: list[float | None] = []
    window: list[float | None] = []
    found: list[float] = []
    for number in range(spells):
        days = draw_days(
            np.random.default_rng([seed, 2, number]),
            days=_DAYS,
            load=1.2,
            change=(share, way, _SPELL_S),
        )
        spell = days.changes[0]
        opens = days.gate.opening.windows(FIRST + timedelta(days=_DAYS - 1))[0][0].timestamp()
        drops.append(_until(spell.starts, spell.ends, partial(_is_low, days)))
        window.append(_until(spell.starts, spell.ends, partial(_window_low, days, opens)))
        back.append(_recovered(days, spell))
        found.append(_ask(days, spell.starts + _SPELL_S / 2.0).per_h / days.per_h)
    return Detection(
        kind, _delay(drops), _delay(back), _delay(window), share, round(float(np.median(found)), 2)
    )


def _recovered(days: GateDays, spell: Change) -> float | None:
    return _until(spell.ends, spell.ends + _SPELL_S, lambda at: not _is_low(days, at))


def _until(start: float, end: float, told: Callable[[float], bool]) -> float | None:
    """Return the minutes after which something is first told, None if not before ``end``."""
    looks = np.arange(start + _CLOSE_LOOK_S, end, _CLOSE_LOOK_S).tolist()
    return next(((at - start) / 60.0 for at in looks if told(at)), None)


def _delay(minutes: list[float | None]) -> Delay:
    told = [one for one in minutes if one is not None]
    if not told:
        return Delay(None, None, 0, len(minutes))
    p50, p90 = (round(float(one), 1) for one in np.percentile(told, [50.0, 90.0]))
    return Delay(p50, p90, len(told), len(minutes))


def table(figures: Figures) -> Table:
    """Return the figures for people."""
    rows = Table(title="flowctl bench capacity", show_header=False, box=None, pad_edge=False)
    rows.add_column(style="bold")
    rows.add_column()
    for name, one in (
        ("90 % interval", figures.total),
        ("taken as Poisson", figures.poisson),
        ("exports", figures.exports),
        ("imports", figures.imports),
    ):
        rows.add_row(name, f"holds {one.coverage:.1%}, width {one.width:.1%} of the truth")
    rows.add_row(
        "false alarms",
        f"{figures.false_alarms} per gate in 30 open days; fixed window"
        f" {figures.window_false_alarms}",
    )
    for spell in figures.detection:
        rows.add_row(
            spell.kind,
            f"told after {_said(spell.drop)}, fixed window {_said(spell.window_drop)};"
            f" back after {_said(spell.recovery)}; learned {spell.share_found:.0%} after 45 min",
        )
    ahead = figures.forecast
    rows.add_row(
        "arrivals ahead",
        f"P10-P90 holds {ahead.coverage:.1%}; an hour's error {ahead.mae:.1f} trucks,"
        f" as the last hour {ahead.naive_mae:.1f}",
    )
    return rows


def _said(delay: Delay) -> str:
    if delay.p50_min is None:
        return f"never (of {delay.spells})"
    return f"{delay.p50_min:.0f} min (P90 {delay.p90_min:.0f}, {delay.told} of {delay.spells})"
