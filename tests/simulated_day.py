"""A small day to simulate: thirty trucks at the tiny site, and a gate to be driven by hand."""

import copy
from collections.abc import Sequence
from datetime import date
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from typing import Any

from tiny_site import write_site

from flowctl.scenarios.scenario import Scenario, parse_scenario
from flowctl.site import Site
from flowctl.site_files import load_site
from simulations.gates import GateFloor, OpenHours

PUBLISHED = Path(__file__).parents[1] / "data" / "scenarios" / "2024-01-23.toml"
ALWAYS = OpenHours([(0.0, float("inf"))])

DAY: dict[str, Any] = {
    "id": "small",
    "name": {"vi": "Ngày nhỏ", "zh": "小", "en": "A small day"},
    "site": "tiny",
    "day": date(2024, 1, 23),
    "timezone": "Asia/Ho_Chi_Minh",
    "until_h": 20.0,
    "gates": {
        "north": {
            "standing": 10,
            "standing_yards": ["yard_south"],
            "arrivals": 20,
            "yard": "yard_south",
            "imports": 12,
        }
    },
    "exports": {"from_h": 4.0, "until_h": 14.0},
    "imports": {
        "from_h": 6.5,
        "until_h": 16.0,
        "peaks": [{"share": 0.5, "at_h": 10.0, "sd_h": 1.0}],
    },
    "checks": {"mean_min": 60.0, "cv": 0.5},
    "screening": {"least_min": 10.0, "most_min": 15.0},
    "cargo": {"normal": 0.8, "reefer": 0.2},
    "languages": {"vi": 0.6, "zh": 0.2, "en": 0.2},
    "drivers": {
        "reaction_s": 300.0,
        "reaction_cv": 0.5,
        "compliance_share": 1.0,
        "late_reaction_s": 1800.0,
        "speed_cv": 0.1,
        "seen_before_least_min": 5.0,
        "seen_before_most_min": 10.0,
        "registered_before_least_h": 1.0,
        "registered_before_most_h": 3.0,
    },
    "gps": {
        "moving_interval_s": 30.0,
        "parked_interval_s": 900.0,
        "noise_m": 0.0,
        "lost_share": 0.0,
        "late_share": 0.0,
        "late_window_s": 300.0,
        "duplicate_share": 0.0,
        "without_share": 0.0,
        "post_interval_s": 20.0,
    },
}


def day_table(**changes: object) -> dict[str, Any]:
    """Return the small day's table; ``gps={"noise_m": 5.0}`` changes a key of a table in it."""
    table = copy.deepcopy(DAY)
    for key, value in changes.items():
        if key == "north":
            table["gates"]["north"] |= value
        elif isinstance(value, dict):
            table[key] = table.get(key, {}) | value
        else:
            table[key] = value
    return table


def small_day(**changes: object) -> Scenario:
    return parse_scenario(day_table(**changes), where="small.toml")


def tiny_site(folder: Path) -> Site:
    return load_site(write_site(folder))


def drive_gate(
    arrivals: Sequence[float],
    services: Sequence[float],
    is_import: Sequence[bool],
    places: int,
    hours: OpenHours = ALWAYS,
    openings: Sequence[float] = (),
) -> list[float]:
    """Run a gate alone and return when each truck's screening began; infinite if it never did."""
    floor = GateFloor(places, hours)
    order = count()
    events = [(at, next(order), "come", truck) for truck, at in enumerate(arrivals)]
    events += [(at, next(order), "open", -1) for at in openings]
    events.sort()
    begun = [float("inf")] * len(arrivals)
    while events:
        at, _, what, truck = heappop(events)
        if what == "come":
            floor.arrive(truck, is_import=is_import[truck])
        elif what == "done":
            floor.leave()
        for starter in floor.begin(at):
            begun[starter] = at
            heappush(events, (at + services[starter], next(order), "done", starter))
    return begun
