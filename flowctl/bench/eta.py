"""``flowctl bench eta``: how far off expected arrivals are, beside what two simple rules say.

One rule takes every truck to drive the rest at nominal speed, the other at its own speed over the
last five minutes; all three are asked at the same moments and know the same fixes. At yards they
are compared on a congested day and on recorded buses, at gates (the inspection place) on the same
day, whose trucks are called up by the production rules.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from flowctl.bench.buses import recorded
from flowctl.bench.eta_day import played, to_yards
from flowctl.bench.eta_gate import play_gates
from flowctl.bench.eta_trial import Figures, play
from flowctl.data_files import data_dir
from flowctl.scenarios.scenario import load_scenario
from flowctl.site_files import load_site

BUSES = Path(__file__).parents[2].parent / "shared/data/gps/liverpool_bus_route14_2026.csv"

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class EtaFigures:
    """The figures of the simulated day's yards and gates, and of recorded buses.

    The latter None without their file.
    """

    simulation: Figures
    gate: Figures
    bus: Figures | None

    def as_json(self) -> dict[str, Any]:
        """Return one JSON object: yards, gates as ``gate_…``, the buses under ``bus``."""
        return {
            **_plain(self.simulation),
            **{f"gate_{key}": value for key, value in _plain(self.gate).items()},
            "bus": None if self.bus is None else _plain(self.bus),
        }


def run_eta(*, seed: int, buses: Path, tell: Tell) -> EtaFigures:
    """Play a congested day of Lạng Sơn and, where their file is there, the recorded buses."""
    tell("playing a congested day")
    site = load_site(data_dir() / "sites" / "lang_son")
    scenario = load_scenario(data_dir() / "scenarios" / "2024-01-23.toml")
    day = played(scenario, site, seed=seed)
    asked = play(to_yards(day), progress=lambda share: tell(f"asking on the way: {share:.0%}"))
    gate = play_gates(day, progress=lambda share: tell(f"asking for the gate: {share:.0%}"))
    figures, at_gates = asked.figures(), gate.figures()
    if not buses.is_file():
        return EtaFigures(figures, at_gates, None)
    tell("reading recorded buses")
    journeys = recorded(buses)
    asked = play(journeys, progress=lambda share: tell(f"asking recorded buses: {share:.0%}"))
    return EtaFigures(figures, at_gates, asked.figures())


def table(figures: EtaFigures) -> Table:
    """Return the figures as a table to be read."""
    shown = Table(title="Expected arrivals: mean absolute error in seconds")
    for title in ("journeys", "learned", "nominal speed", "last speed", "inside P10-P90", "asked"):
        shown.add_column(title, justify="left" if title == "journeys" else "right")
    for name, row in (
        ("simulated day, to the yard", figures.simulation),
        ("simulated day, from call-up to the inspection place", figures.gate),
        ("recorded buses, to the stop", figures.bus),
    ):
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
