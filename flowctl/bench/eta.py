"""``flowctl bench eta``: how far off expected arrivals are, beside what two simple rules say.

One rule takes every truck to drive the rest at nominal speed, the other at its own speed over the
last five minutes; all three are asked at the same moments and know the same fixes.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from flowctl.bench.buses import recorded
from flowctl.bench.eta_day import simulated
from flowctl.bench.eta_trial import Figures, play
from flowctl.data_files import data_dir
from flowctl.site_files import load_site
from simulations.scenario import load_scenario

BUSES = Path(__file__).parents[2].parent / "shared/data/gps/liverpool_bus_route14_2026.csv"

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class EtaFigures:
    """The figures of the simulated day and of the recorded buses; those None without the file."""

    simulation: Figures
    bus: Figures | None

    def as_json(self) -> dict[str, Any]:
        """Return one JSON object: the simulation's figures, the buses' under ``bus``."""
        return {**_plain(self.simulation), "bus": None if self.bus is None else _plain(self.bus)}


def run_eta(*, seed: int, buses: Path, tell: Tell) -> EtaFigures:
    """Play a congested day of Lạng Sơn and, where their file is there, the recorded buses."""
    tell("playing a congested day")
    site = load_site(data_dir() / "sites" / "lang_son")
    scenario = load_scenario(data_dir() / "scenarios" / "2024-01-23.toml")
    day = simulated(scenario, site, seed=seed)
    figures = play(day, progress=lambda share: tell(f"asking on the way: {share:.0%}")).figures()
    if not buses.is_file():
        return EtaFigures(figures, None)
    tell("reading recorded buses")
    journeys = recorded(buses)
    asked = play(journeys, progress=lambda share: tell(f"asking recorded buses: {share:.0%}"))
    return EtaFigures(figures, asked.figures())


def table(figures: EtaFigures) -> Table:
    """Return the figures as a table to be read."""
    shown = Table(title="Expected arrivals: mean absolute error in seconds")
    for title in ("journeys", "learned", "nominal speed", "last speed", "inside P10-P90", "asked"):
        shown.add_column(title, justify="left" if title == "journeys" else "right")
    for name, row in (("simulated day", figures.simulation), ("recorded buses", figures.bus)):
        if row is None:
            shown.add_row(name, *["-"] * 5)
            continue
        errors = (row.mae_s, row.nominal_mae_s, row.last_speed_mae_s)
        shown.add_row(
            name, *(f"{error:.0f}" for error in errors), f"{row.p80_hit_rate:.1%}", f"{row.n}"
        )
    return shown


def _plain(figures: Figures) -> dict[str, float | None]:
    """Return figures for JSON, which knows no NaN."""
    return {
        key: None if math.isnan(value) else round(value, 4)
        for key, value in asdict(figures).items()
    }
