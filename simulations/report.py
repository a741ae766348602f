"""The table of a comparison, for a terminal."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.table import Table

from flowctl.site import Site

_MINUTE_S = 60.0
_POLICIES = {"none": "uncontrolled", "metering": "with flowctl"}


def comparison_table(result: Mapping[str, Any], site: Site) -> Table:
    """Return the measures of `simulations.engine.compare` side by side."""
    table = Table(title=f"{result['scenario']}, random numbers {result['seed']}")
    table.add_column("measure")
    for label in _POLICIES.values():
        table.add_column(label, justify="right")
    table.add_column("change", justify="right")
    policies = [result["policies"][policy] for policy in _POLICIES]
    for label, figure in _ROWS.items():
        _add(table, label, [figure(policy) for policy in policies], with_change=True)
    for gate in policies[0]["cleared"]:
        name = site.gate_by_id[gate].name["en"]
        for direction in ("export", "import"):
            counts = [float(policy["cleared"][gate][direction]) for policy in policies]
            _add(table, f"{name}: {direction}s cleared", counts)
        left = [float(policy["waiting_at_end"][gate]) for policy in policies]
        _add(table, f"{name}: exports waiting at the end", left)
        starved = [policy["starved_place_min"][gate] for policy in policies]
        _add(table, f"{name}: starved place-minutes", starved)
    return table


def _minutes(key: str) -> Callable[[Mapping[str, Any]], float | None]:
    def read(policy: Mapping[str, Any]) -> float | None:
        seconds = policy[key]
        return None if seconds is None else seconds / _MINUTE_S

    return read


_ROWS: Mapping[str, Callable[[Mapping[str, Any]], float | None]] = {
    "wait at the gate, mean, min": _minutes("gate_wait_mean_s"),
    "wait at the gate, 95 % below, min": _minutes("gate_wait_p95_s"),
    "wait once ready, in all, mean, min": _minutes("total_wait_mean_s"),
    "longest export queue, trucks": lambda policy: float(policy["queue_max"]),
}


def _add(
    table: Table, label: str, values: list[float | None] | list[float], *, with_change: bool = False
) -> None:
    before, after = values
    change = ""
    if with_change and before is not None and after is not None and before > 0:
        change = f"{after / before - 1:+.1%}"
    table.add_row(label, _text(before), _text(after), change)


def _text(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
