"""How well arrivals of the next hours are forecast on the published day, drawn anew."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flowctl.data_files import data_dir
from flowctl.scenarios.scenario import load_scenario
from flowctl.traffic.forecast import DEFAULTS, Arrived, Pending, forecast
from simulations.demand import Demand, draw

_DAY_S = 86400.0
_HOUR_S = 3600.0
_PAST_DAYS = 7
_ETA_CV = 0.15
"""How far the bench's expected arrivals are off, of what is left of the way: a driver's pace."""


@dataclass(frozen=True, slots=True)
class ForecastScore:
    """Share of 15-minute bins whose arrivals lay within P10-P90, and errors of whole hours.

    ``mae`` is in trucks an hour and gate, up to four hours ahead; ``naive_mae`` that of taking
    the last hour's arrivals for each hour to come.
    """

    coverage: float
    mae: float
    naive_mae: float
    bins: int


def score_forecast(seed: int) -> ForecastScore:
    """Forecast the published day every half hour from what is known then, after seven like it."""
    scenario = load_scenario(_scenario())
    days = [draw(scenario, 1000 * seed + number) for number in range(_PAST_DAYS + 1)]
    rng = np.random.default_rng([seed, 3])
    held: list[float] = []
    errors: list[tuple[float, float]] = []
    for gate in range(len(days[0].gates)):
        columns = [_of_gate(day, gate, number - _PAST_DAYS) for number, day in enumerate(days)]
        at, ready, registered, seen = (
            np.concatenate(parts) for parts in zip(*columns, strict=True)
        )
        noise = rng.standard_normal(len(at))
        for now in np.arange(5.0, 16.0, 0.5) * _HOUR_S:
            _score(now, at, ready, registered, seen, noise, held, errors)
    told = np.array(errors)
    return ForecastScore(
        coverage=round(float(np.mean(held)), 3),
        mae=round(float(told[:, 0].mean()), 2),
        naive_mae=round(float(told[:, 1].mean()), 2),
        bins=len(held),
    )


def _scenario() -> Path:
    return data_dir() / "scenarios" / "2024-01-23.toml"


def _of_gate(day: Demand, gate: int, number: int) -> tuple[np.ndarray, ...]:
    """Return arrival, ready time, declaration and first sight of exports, s from the day judged."""
    rows = (day.gate == gate) & ~day.is_import & ~day.standing
    columns = (day.at_s, day.ready_s, day.registered_s, day.seen_s)
    return tuple(column[rows] + number * _DAY_S for column in columns)


def _score(
    now: float,
    at: np.ndarray,
    ready: np.ndarray,
    registered: np.ndarray,
    seen: np.ndarray,
    noise: np.ndarray,
    held: list[float],
    errors: list[tuple[float, float]],
) -> None:
    coming = (at > now) & (registered <= now)
    on_way = seen[coming] <= now
    left_s = at[coming] - now
    eta = np.where(on_way, now + left_s * (1.0 + _ETA_CV * noise[coming]), np.nan)
    came = at <= now
    told = forecast(
        Pending(eta, ready[coming], np.ones(len(eta))),
        Arrived(at[came], ready[came], registered[came], -_PAST_DAYS * _DAY_S),
        now,
    )
    ends = told.starts_at + DEFAULTS.bin_s
    begins = np.maximum(told.starts_at, now)
    true = ((at > begins[:, None]) & (at <= ends[:, None])).reshape(len(ends), -1)
    counts = true.sum(axis=1)
    held += ((counts >= told.p10) & (counts <= told.p90)).tolist()
    last = int(((at > now - _HOUR_S) & (at <= now)).sum())
    hours = counts.reshape(-1, 4).sum(axis=1)
    means = told.mean.reshape(-1, 4).sum(axis=1)
    errors += [(abs(m - h), abs(last - h)) for m, h in zip(means, hours, strict=True)]
