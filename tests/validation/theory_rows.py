"""Gates in the long run, and over a day with two peaks, beside what queueing theory says of them.

Times are in units of one mean service, but for the day's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from validation.lone_gate import Draw, LongRun, gate_waits, long_run_wait
from validation.table import Row

from simulations.streams import Column
from simulations.theory import (
    numbers_mtmc,
    wait_ggc_allen_cunneen,
    wait_mdc,
    wait_mgc_kimura,
    wait_mmc,
)

HOUR_S = 3600.0
_WAIT = "mean wait in services"


@dataclass(frozen=True)
class Held:
    """A simulated mean beside the one of theory."""

    theory: float
    run: LongRun

    @property
    def share(self) -> float:
        """By which share of theory's the simulated mean differs."""
        return self.run.mean / self.theory - 1.0

    @property
    def standard_error(self) -> float:
        """The standard error of that share."""
        return self.run.error / self.theory

    @property
    def z(self) -> float:
        """The difference in its standard errors."""
        return self.share / self.standard_error

    def row(self, simulated: str, held_against: str) -> Row:
        """Return it as README tells it; errors in per cent with 95 % of confidence."""
        told = f"{100 * self.share:+.1f} % ± {196 * self.standard_error:.1f}".replace("-", "−")
        return Row(simulated, held_against, f"{self.theory:.3f}", f"{self.run.mean:.3f}", told)


def exponential(rng: np.random.Generator, count: int) -> Column:
    return rng.exponential(1.0, count)


def constant(_rng: np.random.Generator, count: int) -> Column:
    return np.ones(count)


def lognormal(cv: float) -> Draw:
    sigma = float(np.sqrt(np.log1p(cv * cv)))
    return lambda rng, count: np.exp(sigma * rng.standard_normal(count) - sigma * sigma / 2.0)


def erlang_held(places: int, load: float) -> Held:
    """M/M/c against Erlang C."""
    # Waits are the rarer the more places there are, and their mean the less sure.
    replications = (16 if load < 0.9 else 32) if places < 50 else 40
    run = long_run_wait(exponential, load * places, places, seed=places, replications=replications)
    return Held(wait_mmc(load * places, 1.0, places), run)


def constant_held(places: int, load: float) -> Held:
    """M/D/c against Crommelin."""
    run = long_run_wait(constant, load * places, places, seed=places, replications=12)
    return Held(wait_mdc(load * places, 1.0, places), run)


def general_run(places: int, load: float, cv: float) -> LongRun:
    """M/G/c with lognormal services."""
    return long_run_wait(lognormal(cv), load * places, places, seed=7, replications=24)


def kimura_held(run: LongRun, places: int, load: float, cv: float) -> Held:
    return Held(wait_mgc_kimura(load * places, 1.0, places, cv), run)


def allen_cunneen_held(run: LongRun, places: int, load: float, cv: float) -> Held:
    return Held(wait_ggc_allen_cunneen(load * places, 1.0, places, cv), run)


@dataclass(frozen=True)
class DayHeld:
    """Mean queues of a day on a grid of ten minutes: of theory, simulated, standard errors."""

    theory: Column
    simulated: Column
    error: Column

    @property
    def worst(self) -> float:
        """The largest difference, as a share of the longest mean queue."""
        return float(np.abs(self.simulated - self.theory).max() / self.theory.max())

    @property
    def of_day(self) -> float:
        """The difference of the day's mean queue, as a share."""
        return float(self.simulated.mean() / self.theory.mean() - 1.0)


def peak_rates(trucks: float) -> Column:
    """Return the trucks of each hour of a day with a peak in the morning and one past noon."""
    hour = np.arange(24) + 0.5
    level = 0.3 + np.exp(-(((hour - 8.5) / 2) ** 2)) + 0.9 * np.exp(-(((hour - 16) / 2.5) ** 2))
    return np.asarray(level / level.sum() * trucks)


def double_peak_day(days: int = 1500) -> DayHeld:
    """Return 1,000 trucks a day at 14 places of 12.5 min, the places overloaded in the peaks."""
    places, service_s, per_hour = 14, 750.0, peak_rates(1000.0)
    grid = np.arange(0.0, 24 * HOUR_S + 1.0, 600.0)
    theory = numbers_mtmc(
        lambda at: float(per_hour[min(int(at / HOUR_S), 23)]) / HOUR_S,
        service_s,
        places,
        grid,
        most=400,
    )
    rng = np.random.default_rng(11)
    queues = np.empty((days, len(grid)))
    for number in range(days):
        counts = rng.poisson(per_hour)
        hour = np.repeat(np.arange(24.0), counts)
        arrive = np.sort((hour + rng.random(len(hour))) * HOUR_S)
        begin = arrive + gate_waits(arrive, rng.exponential(service_s, len(arrive)), places)
        came = np.searchsorted(arrive, grid, side="right")
        queues[number] = came - np.searchsorted(np.sort(begin), grid, side="right")
    return DayHeld(theory, queues.mean(axis=0), queues.std(axis=0, ddof=1) / np.sqrt(days))


def erlang_together(cells: Sequence[Held]) -> LongRun:
    """Return the mean share by which all differ, weighted by how sure each is."""
    weight = np.array([held.standard_error**-2 for held in cells])
    share = np.array([held.share for held in cells])
    return LongRun(float(weight @ share / weight.sum()), float(weight.sum() ** -0.5))


def erlang_row(held: Held, places: int, load: float) -> Row:
    return held.row(f"{_WAIT}, M/M/{places}, load {load}", "Erlang C")


def together_row(together: LongRun) -> Row:
    """Return the row of all cells of Erlang's."""
    told = f"{100 * together.mean:+.2f} % ± {196 * together.error:.2f}".replace("-", "−")
    return Row("all of these together", "Erlang C", "", "", told)


def constant_row(held: Held, places: int, load: float) -> Row:
    return held.row(f"{_WAIT}, M/D/{places}, load {load}", "Crommelin")


def kimura_row(held: Held, places: int, load: float, cv: float) -> Row:
    return held.row(f"{_WAIT}, M/G/{places}, load {load}, cv {cv}", "Kimura (approximate)")


def allen_cunneen_row(held: Held, places: int, cv: float) -> Row:
    return held.row(f"the same, M/G/{places}, cv {cv}", "Allen–Cunneen (approximate)")


def day_row(day: DayHeld) -> Row:
    """Return the day of two peaks as README tells it."""
    of_day = f"{100 * day.of_day:+.1f}".replace("-", "−")
    return Row(
        "longest mean queue of a day with two peaks, M(t)/M/14, 1,500 days",
        "Kolmogorov's equations",
        f"{day.theory.max():.2f} trucks",
        f"{day.simulated.max():.2f}",
        f"at most {100 * day.worst:.1f} % at any time; {of_day} % over the day",
    )


ERLANG = (*((c, load) for c in (1, 2, 5, 14) for load in (0.8, 0.95)), (50, 0.95))
"""Places and load; 50 places at 0.8 hardly ever let anybody wait."""
CONSTANT = ((1, 0.95), (5, 0.9), (14, 0.9))
GENERAL = ((5, 0.9, 0.5), (14, 0.9, 0.3))


def theory_rows() -> list[Row]:
    """Return every row of theory."""
    cells = {cell: erlang_held(*cell) for cell in ERLANG}
    rows = [erlang_row(held, *cell) for cell, held in cells.items()]
    rows.append(together_row(erlang_together(list(cells.values()))))
    rows += [constant_row(constant_held(*cell), *cell) for cell in CONSTANT]
    for places, load, cv in GENERAL:
        run = general_run(places, load, cv)
        rows.append(kimura_row(kimura_held(run, places, load, cv), places, load, cv))
        rows.append(allen_cunneen_row(allen_cunneen_held(run, places, load, cv), places, cv))
    return [*rows, day_row(double_peak_day())]
