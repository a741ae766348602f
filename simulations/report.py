"""The table of runs side by side, for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from flowctl.intervals import Interval, mean_interval, paired
from flowctl.site import Site
from simulations.metrics import UNITS

Result = Mapping[str, Any]
"""A run as `Run.as_json` says it."""

_SCALES = {"s": (60.0, ", min"), "share": (0.01, ", %"), "vnd": (1e6, ", M VND")}
_LABELS = {
    "gate_wait_mean_s": "wait at the gate, mean",
    "gate_wait_p95_s": "wait at the gate, p95",
    "total_wait_mean_s": "wait once ready, mean",
    "total_wait_p95_s": "wait once ready, p95",
    "import_wait_mean_s": "wait of imports, mean",
    "queue_max": "longest export queue",
    "utilisation": "use of open places",
    "overtakes": "overtakes",
    "messages": "words to drivers",
    "waiting_cost_vnd": "waiting of reefers",
    "turned_back": "went home unserved",
    "no_shows": "did not come when called",
}
_OF_GATES = {
    "cleared_export": "exports cleared",
    "cleared_import": "imports cleared",
    "waiting_at_end": "exports left",
    "starved_place_min": "starved place-min",
}
_ONLY_WHERE_ANY = ("turned_back", "no_shows", "messages")


def comparison_table(results: Sequence[Result], site: Site) -> Table:
    """Return the measures of runs with one seed, and how each differs from the first, in pairs.

    A value is the mean over replications and half its 95 % interval; a difference whose interval
    holds zero is in brackets: it may be chance. Left are exports that came and were not cleared.
    """
    first = results[0]
    many = first["replications"] > 1
    said = f"{first['replications']} replications from" if many else "random numbers"
    table = Table(title=f"{first['scenario']}, {said} {first['seed']}")
    table.add_column("measure")
    for number, result in enumerate(results):
        table.add_column(escape(str(result["steering"])), justify="right")
        if number:
            table.add_column("change", justify="right")
    for key, label in _LABELS.items():
        each = [result["each"][key] for result in results]
        if key in _ONLY_WHERE_ANY and not any(value for values in each for value in values):
            continue
        scale, unit = scale_of(key)
        cells = [value_text(mean_interval(values), scale) for values in each]
        changes = [""] + [
            change_text(paired(each[0], values), scale, each[0]) for values in each[1:]
        ]
        table.add_row(label + unit, *_woven(cells, changes))
    for gate in first["gates"]:
        known = site.gate_by_id.get(gate)
        name = gate if known is None else known.name["en"]
        for key, label in _OF_GATES.items():
            said_of = [result["gates"][gate][key] for result in results]
            cells = [
                value_text(Interval(row["mean"], row["low"], row["high"]), 1.0) for row in said_of
            ]
            table.add_row(f"{name}: {label}", *_woven(cells, [""] * len(cells)))
    return table


def _woven(cells: Sequence[str], changes: Sequence[str]) -> list[str]:
    """Return the cells of a row: the first run, then each run with its change."""
    pairs = zip(cells[1:], changes[1:], strict=True)
    return [cells[0], *(text for pair in pairs for text in pair)]


def scale_of(measure: str) -> tuple[float, str]:
    """Return what a measure is divided by to be read by people, and how its unit is then said."""
    return _SCALES.get(UNITS[measure], (1.0, ""))


def value_text(value: Interval, scale: float) -> str:
    """Return a mean with half its interval."""
    if value.mean is None:
        return "–"
    if value.half_width is None:
        return _number(value.mean / scale)
    return f"{_number(value.mean / scale)} ±{_number(value.half_width / scale)}"


def change_text(difference: Interval, scale: float, before: Sequence[float | None]) -> str:
    """Return a difference in the measure's unit; of single replications as a share."""
    if difference.mean is None:
        return ""
    if difference.half_width is None:
        base = mean_interval(before).mean
        return f"{difference.mean / base:+.1%}" if base else ""
    sign = "+" if difference.mean > 0 else "-" if difference.mean < 0 else ""
    said = (
        f"{sign}{_number(abs(difference.mean) / scale)} ±{_number(difference.half_width / scale)}"
    )
    return said if difference.is_apart else f"({said})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 1000 else f"{value:,.1f}"  # noqa: PLR2004 - four digits are enough
