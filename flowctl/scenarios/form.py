"""What of a scenario may be edited by form, and how a form's fields and its text become each other.

The text is what counts. A form's field is one number or word of it, named by the keys that lead
there: ``gates.tan_thanh.arrivals``, ``disruptions.0.from_h``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from math import inf, isfinite
from typing import Any, get_args, get_origin

from flowctl.scenarios.laws import CARGOES
from flowctl.scenarios.rows import without_none
from flowctl.scenarios.scenario import Scenario
from flowctl.site import Site

FieldValue = float | int | str | bool | None


@dataclass(frozen=True, slots=True)
class FormField:
    """One thing that may be edited.

    ``{gate}``, ``{yard}`` and ``{row}`` in ``path`` stand for every one there is. ``kind`` is
    number, whole, share, text or choice; ``least`` and ``most`` are a slider's ends, which lie
    within what the text may say. ``label`` is a key of the catalogue's words.
    """

    path: str
    kind: str
    least: float | None
    most: float | None
    step: float | None
    unit: str | None
    group: str
    label: str
    choices: tuple[str, ...] | None = None


_SLIDERS: Mapping[str, tuple[tuple[str, float, float], ...]] = {
    "gates": (
        ("gates.{gate}.arrivals", 1500, 10),
        ("gates.{gate}.standing", 2000, 10),
        ("gates.{gate}.imports", 1500, 10),
        ("gates.{gate}.places", 40, 1),
    ),
    "day": (
        ("until_h", 48, 1),
        ("days", 3, 1),
        ("counts", 0, 0),
        ("exports.from_h", 24, 0.5),
        ("exports.until_h", 24, 0.5),
        ("imports.from_h", 24, 0.5),
        ("imports.until_h", 24, 0.5),
        *((f"cargo.{cargo}", 1, 0.01) for cargo in CARGOES),
    ),
    "service": (
        ("screening.law", 0, 0),
        ("screening.least_min", 60, 0.5),
        ("screening.most_min", 60, 0.5),
        ("screening.mean_min", 60, 0.5),
        ("screening.cv", 2, 0.05),
        ("screening.phases", 20, 1),
        ("checks.mean_min", 480, 5),
        ("checks.cv", 2, 0.05),
        ("inspections.{row}.share", 1, 0.01),
        ("inspections.{row}.mean_min", 240, 5),
    ),
    "drivers": (
        ("drivers.reaction_s", 3600, 30),
        ("drivers.compliance_share", 1, 0.01),
        ("drivers.late_reaction_s", 7200, 60),
        ("drivers.no_show_share", 0.5, 0.01),
        ("drivers.lateness_share", 1, 0.01),
        ("drivers.lateness_min", 240, 5),
        ("drivers.eta_error_min", 180, 5),
        ("drivers.turn_back_share", 1, 0.01),
        ("drivers.turn_back_after_h", 72, 1),
    ),
    "yards": (
        ("yards.{yard}.places", 3000, 10),
        ("yards.{yard}.travel_factor", 4, 0.05),
    ),
    "events": (
        ("disruptions.{row}.gate", 0, 0),
        ("disruptions.{row}.from_h", 48, 0.5),
        ("disruptions.{row}.until_h", 48, 0.5),
        ("disruptions.{row}.places_left", 40, 1),
        ("disruptions.{row}.announced_h", 48, 0.5),
        ("surges.{row}.gate", 0, 0),
        ("surges.{row}.from_h", 24, 0.5),
        ("surges.{row}.until_h", 24, 0.5),
        ("surges.{row}.more", 3, 0.05),
        ("lanes.{row}.gate", 0, 0),
        ("lanes.{row}.from_h", 48, 0.5),
        ("lanes.{row}.until_h", 48, 0.5),
        ("lanes.{row}.places", 40, 1),
        ("other_side.{row}.gate", 0, 0),
        ("other_side.{row}.from_h", 48, 0.5),
        ("other_side.{row}.until_h", 48, 0.5),
        ("other_side.{row}.most_per_h", 120, 1),
        ("breakdowns.{row}.gate", 0, 0),
        ("breakdowns.{row}.places", 10, 1),
        ("breakdowns.{row}.mean_between_h", 48, 0.5),
        ("breakdowns.{row}.mean_repair_min", 240, 5),
    ),
    "gps": (
        ("gps.without_share", 1, 0.01),
        ("gps.lost_share", 0.5, 0.01),
        ("gps.late_share", 0.5, 0.01),
        ("gps.noise_m", 100, 1),
        ("gps.outage_from_h", 48, 0.5),
        ("gps.outage_until_h", 48, 0.5),
        ("messages.outage_from_h", 48, 0.5),
        ("messages.outage_until_h", 48, 0.5),
    ),
    "run": (("run.warm_up_h", 12, 0.5),),
}
"""By group what may be edited, where its slider ends, and its steps; in the page's order."""

_UNITS = {"_min": "min", "_s": "s", "_m": "m", "per_h": "trucks/h", "_h": "h"}
_COUNTS = {"arrivals": "trucks", "standing": "trucks", "imports": "trucks", "places": "places"}
_COUNTS |= {"places_left": "places", "days": "days"}
_BY_TEXT_ONLY = {"empirical"}  # a law of many numbers


def form() -> tuple[FormField, ...]:
    """Return every field of the form, group by group, its bounds as the schema has them."""
    return tuple(
        _field(group, path, most, step)
        for group, rows in _SLIDERS.items()
        for path, most, step in rows
    )


def values_of(scenario: Scenario, site: Site) -> dict[str, FieldValue]:
    """Return every number and word of a scenario by its path, what is left out by its default.

    Gates and yards of the site that the scenario leaves as they are have the site's places. What
    has no value and no default is None.
    """
    found = dict(_leaves(scenario, ""))
    for gate in scenario.gates:
        path = f"gates.{gate}.places"
        if found[path] is None and gate in site.gate_by_id:
            found[path] = site.gate_by_id[gate].inspection_places
    for yard in site.yards:
        if found.get(f"yards.{yard.id}.places") is None:
            found[f"yards.{yard.id}.places"] = yard.capacity
        found.setdefault(f"yards.{yard.id}.travel_factor", 1.0)
    return found


def _field(group: str, path: str, most: float, step: float) -> FormField:
    kind, bounds = _schema(path)
    label = "planner.form." + ".".join(key for key in path.split(".") if "{" not in key)
    words = tuple(word for word in bounds.get("words", ()) if word not in _BY_TEXT_ONLY)
    if words or kind is str:
        return FormField(path, "choice", None, None, None, None, group, label, words or None)
    least, highest = bounds.get("least", 0.0), min(most, bounds.get("most", inf))
    share = bounds.get("most") == 1.0
    name = "whole" if kind is int else "share" if share else "number"
    return FormField(path, name, least, highest, step, _unit(path), group, label)


def _schema(path: str) -> tuple[Any, Mapping[str, Any]]:
    """Return the type and the bounds of the value that a path leads to."""
    kind: Any = Scenario
    bounds: Mapping[str, Any] = {}
    for key in path.split("."):
        if get_origin(kind) is Mapping:
            kind, bounds = get_args(kind)[1], {"most": 1.0}  # a table of shares, or of rows
        elif get_origin(kind) is tuple:
            kind = get_args(kind)[0]
        else:
            row = next(row for row in fields(kind) if row.name == key)
            kind, bounds = without_none(row.type), row.metadata
    return kind, bounds


def _unit(path: str) -> str | None:
    key = path.rpartition(".")[2]
    ending = next((unit for end, unit in _UNITS.items() if key.endswith(end)), None)
    return _COUNTS.get(key, ending)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, FieldValue]]:  # noqa: ANN401 - a scenario's values
    """Yield the numbers and words below a value, each with its path."""
    at = f"{path}." if path else ""
    if is_dataclass(value):
        for row in fields(value):
            yield from _leaves(getattr(value, row.name), f"{at}{row.name}")
    elif isinstance(value, Mapping):
        for key, of_key in value.items():
            yield from _leaves(of_key, f"{at}{key}")
    elif isinstance(value, tuple):
        for number, of_number in enumerate(value):
            yield from _leaves(of_number, f"{at}{number}")
    elif isinstance(value, float) and not isfinite(value):
        yield path, None  # a disruption that nobody announces
    elif value is None or isinstance(value, float | int | str):
        yield path, value
