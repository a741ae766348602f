"""What a calibration finds: the scenario's table, what each key rests on, what kept its default."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np

from flowctl.scenarios.laws import Law
from flowctl.storage.calibration import SeenDay
from flowctl.storage.recorded_day import RecordedTrip
from simulations.calibrate.laws import LawFit, fit_law
from simulations.streams import Column


@dataclass(frozen=True, slots=True)
class CalibrateParams:
    """From when on a sample says something, and what counts as a slip of a tracker; assumed.

    A law needs ``least`` durations, a profile ``least_trucks``, the spread between days
    ``least_days``. A stay in a lane outside ``shortest_min`` … ``longest_min`` is no screening.
    Cargoes get a law of their own where chance would make them differ so in less than ``differ``.
    """

    least: int = 20
    least_trucks: int = 50
    least_days: int = 5
    shortest_min: float = 1.0
    longest_min: float = 720.0
    differ: float = 0.01


DEFAULTS = CalibrateParams()


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one key of the scenario: its value in words and the trucks it rests on.

    Where ``fitted`` is False the value is a default, and ``how`` says why.
    """

    key: str
    value: str
    count: int
    how: str
    fitted: bool = True


@dataclass(frozen=True, slots=True)
class Sample:
    """Durations that a law was fitted to, in minutes; of ``cut`` the end was not seen."""

    name: str
    ended: Column
    cut: Column
    fit: LawFit


@dataclass(slots=True)
class Calibration:
    """A scenario's table with what was found; ``hourly`` by gate and direction, trucks a day.

    ``stood`` trucks were there already when storing began: nobody saw when they came.
    """

    table: dict[str, Any]
    days: tuple[date, ...]
    empty: tuple[date, ...]
    findings: list[Finding] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    hourly: dict[tuple[str, str], Column] = field(default_factory=dict)
    stood: int = 0

    def default(self, key: str, value: str, count: int, why: str) -> None:
        """Note that a key keeps its default."""
        self.findings.append(Finding(key, value, count, why, fitted=False))


def came(day: SeenDay) -> list[RecordedTrip]:
    """Return the exports that came to a yard on a day; who stood there unseen had come before."""
    since, until = day.record.since, day.record.until
    return [
        trip
        for trip in day.record.trips
        if trip.arrived_at is not None and since <= trip.arrived_at < until
        if trip.id not in day.stood
    ]


def days_text(count: int) -> str:
    """Return a number of days in words."""
    return f"{count} day{'s' * (count != 1)}"


def within(at: datetime | None, days: Sequence[SeenDay]) -> bool:
    """Tell whether a moment lies on one of the days."""
    return at is not None and any(day.record.since <= at < day.record.until for day in days)


def gate_of(trip: RecordedTrip) -> str:
    """Return the gate a trip queued at, else the first it is declared for."""
    return trip.queued_gate or trip.gates[0]


def fit_one(
    found: Calibration,
    key: str | None,
    ended: Sequence[float],
    cut: Sequence[float],
    params: CalibrateParams,
    name: str,
) -> Law | None:
    """Fit one law; put it under a key of the table where there is one, and note what came out."""
    if len(ended) < params.least or len(set(ended)) == 1:
        why = (
            f"a law needs {params.least} trucks"
            if len(ended) < params.least
            else "every duration is the same"
        )
        found.default(name, "schema default", len(ended), why)
        return None
    fit = fit_law(ended, cut)
    found.samples.append(Sample(name, np.array(ended), np.array(cut), fit))
    others = ", ".join(f"{law} {score:.0f}" for law, score in sorted(fit.criteria.items()))
    how = f"AIC {others}; distance {fit.distance:.3f}, taken up to {fit.limit:.3f}"
    how += f"; {fit.cut} not seen to end" if fit.cut else ""
    found.findings.append(Finding(name, law_text(fit.law), fit.count, how))
    if key is not None:
        found.table[key] = law_table(fit.law)
    return fit.law


def law_table(law: Law) -> dict[str, Any]:
    """Return a law as a scenario's table has it."""
    values = {
        "law": law.law,
        "least_min": law.least_min,
        "most_min": law.most_min,
        "mean_min": law.mean_min,
        "cv": law.cv,
        "phases": law.phases,
        "values_min": None if law.values_min is None else list(law.values_min),
    }
    return {key: value for key, value in values.items() if value is not None}


def law_text(law: Law) -> str:
    """Return a law in words."""
    if law.values_min is not None:
        return f"the sample's own, mean {law.middle_min:.1f} min"
    if law.law == "uniform":
        return f"uniform {law.least_min:.1f}–{law.most_min:.1f} min"
    spread = f"cv {law.cv:.2f}" if law.cv is not None else f"{law.phases} phases"
    return f"{law.law}, mean {law.middle_min:.1f} min, {spread}"
