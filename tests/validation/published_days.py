"""Days that were reported, played without control, as they were: flows and stocks in trucks."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from validation.table import Row

from flowctl.scenarios.scenario import Scenario, load_scenario, read_scenario
from flowctl.scenarios.steering import parse_steering
from flowctl.site_files import load_site
from simulations.engine import prepare
from simulations.records import Records

DATA = Path(__file__).parents[2] / "data"
_DAY_S, _OPEN_MIN = 86_400.0, 660.0

REPORTED = {("huu_nghi", "export"): 146, ("tan_thanh", "export"): 314}
"""Exports cleared on 2024-01-23; their arrivals, and all imports, are what the day is given."""
WAITING = {"huu_nghi": 591 - 549, "tan_thanh": 549}
"""Exports that waited at 20:00 that day."""
STOCK_11, STOCK_13 = 1646, 1815
"""Trucks that waited in February 2022."""
PERIODS = {
    "21-02 to 26-05-2022": (95, {"huu_nghi": (4042, 13661), "tan_thanh": (9140, 6995)}),
    "21-02 to 13-09-2022": (205, {"huu_nghi": (14082, 43964), "tan_thanh": (28859, 24507)}),
}
"""Days, and by gate the exports and imports of all of them."""
PLACES = {"huu_nghi": 18, "tan_thanh": 9}
NAMES = {"huu_nghi": "Hữu Nghị", "tan_thanh": "Tân Thanh"}
YARDS = {"huu_nghi": "yard_viettel", "tan_thanh": "yard_bao_nguyen"}


def played(scenario: Scenario, replications: int) -> Iterator[Records]:
    """Yield the records of a scenario's replications, nobody steering."""
    site = load_site(DATA / "sites" / "lang_son")
    prepared = prepare(scenario, site, steering=parse_steering("none"))
    return (prepared.play(seed) for seed in range(replications))


@dataclass(frozen=True)
class ReportedDay:
    """Means over replications of 2024-01-23 by gate: exports cleared and waiting, imports."""

    cleared: dict[str, float]
    waiting: dict[str, float]
    imports: dict[str, float]


def reported_day(replications: int = 40) -> ReportedDay:
    """Play 2024-01-23 with the arrivals and the morning's stock that were reported."""
    scenario = load_scenario(DATA / "scenarios" / "2024-01-23.toml")
    rows = []
    for day in played(scenario, replications):
        through, stays = ~np.isnan(day.clear_at), ~np.isnan(day.yard_at) & np.isnan(day.clear_at)
        for number in range(len(day.gates)):
            here, export = day.gate == number, ~day.is_import
            kinds = here & export & through, here & export & stays, here & ~export & through
            rows.append([np.count_nonzero(kind) for kind in kinds])
    mean = np.array(rows).reshape(replications, len(scenario.gates), 3).mean(axis=0)
    cleared, waiting, imports = (
        dict(zip(scenario.gates, column.tolist(), strict=True)) for column in mean.T
    )
    return ReportedDay(cleared, waiting, imports)


@dataclass(frozen=True)
class Collapse:
    """Means over replications: the stock after two days, and what was cleared a day."""

    stock: float
    cleared_a_day: float


def collapse(replications: int = 40) -> Collapse:
    """Play 12 and 13 February 2022 with the stock of the 11th, handed on overnight."""
    scenario = load_scenario(DATA / "scenarios" / "2022-02-12-collapse.toml")
    stocks, cleared = [], []
    for days in played(scenario, replications):
        through = int(np.count_nonzero(~np.isnan(days.clear_at)))
        came = int(np.count_nonzero(~np.isnan(days.yard_at)))
        stocks.append(came - through)
        cleared.append(through / 2.0)
    return Collapse(float(np.mean(stocks)), float(np.mean(cleared)))


def fitted_week(exports: float, imports: float, gate: str) -> str:
    """Return a week at one gate whose places take in their hours just what was reported a day.

    Of the direction that had more trucks there are always some waiting; of the other as many come
    as were reported.
    """
    screening = PLACES[gate] * _OPEN_MIN / (exports + imports)
    come = (2 * exports, imports) if exports > imports else (exports, 2 * imports)
    arrivals, crossing = (round(trucks) for trucks in come)
    return f"""
id = "week"
site = "lang_son"
day = 2022-03-07
days = 7
until_h = 168.0
counts = "poisson"
checks = {{ mean_min = 125.0, cv = 0.5 }}
screening = {{ law = "lognormal", mean_min = {screening}, cv = 0.3 }}
gates.{gate} = {{ arrivals = {arrivals}, imports = {crossing}, yard = "{YARDS[gate]}" }}
"""


def week_through(exports: float, imports: float, gate: str) -> tuple[float, float]:
    """Return the exports and imports cleared a day, from the second day on."""
    text = fitted_week(exports, imports, gate)
    scenario = read_scenario(text, DATA / "scenarios", where="a week of 2022")
    counts = []
    for week in played(scenario, 10):
        late = week.clear_at >= week.starts + _DAY_S
        counts.append([np.count_nonzero(late & (week.is_import == way)) / 6.0 for way in (0, 1)])
    export, imported = np.mean(counts, axis=0)
    return float(export), float(imported)


def signed(difference: float, unit: str, digits: int = 0) -> str:
    """Return a difference as README writes it."""
    return f"{difference:+.{digits}f} {unit}".replace("-", "−")


def day_rows(day: ReportedDay) -> list[Row]:
    """Return the rows of 2024-01-23."""
    rows = [
        ("exports cleared at", gate, REPORTED[gate, "export"], day.cleared[gate]) for gate in NAMES
    ] + [("exports waiting at 20:00 at", gate, WAITING[gate], day.waiting[gate]) for gate in NAMES]
    return [
        Row(
            f"2024-01-23, {what} {NAMES[gate]}",
            "report; predicted from places, hours, arrivals",
            str(there),
            f"{here:.1f}",
            signed(here - there, "trucks", 1),
        )
        for what, gate, there, here in rows
    ]


def collapse_row(found: Collapse) -> Row:
    """Return the row of February 2022."""
    return Row(
        "trucks waiting on 2022-02-13, from 1,646 on the 11th",
        "report; screening fitted to 80 cleared a day",
        f"{STOCK_13:,}",
        f"{found.stock:,.0f}",
        signed(found.stock - STOCK_13, "trucks"),
    )


def period_row(period: str, gate: str) -> Row:
    """Return the row of a gate's daily means in one period of 2022."""
    days, gates = PERIODS[period]
    exports, imports = (count / days for count in gates[gate])
    here = week_through(exports, imports, gate)
    return Row(
        f"exports + imports a day at {NAMES[gate]}, {period}",
        "report; screening fitted to places × hours",
        f"{exports:.1f} + {imports:.1f}",
        f"{here[0]:.1f} + {here[1]:.1f}",
        signed(100 * (sum(here) / (exports + imports) - 1), "% in all", 1),
    )


def fact_rows() -> list[Row]:
    """Return every row of reported facts."""
    periods = [period_row(period, gate) for period in PERIODS for gate in NAMES]
    return [*day_rows(reported_day()), collapse_row(collapse()), *periods]
