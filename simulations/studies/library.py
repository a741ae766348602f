"""Disruptions that can be put on any scenario, to see how a rule bears them."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flowctl.errors import FlowctlError
from flowctl.site_tables import nearest
from simulations.studies.variants import Base

Table = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Trouble:
    """A disruption: its id, what it is, and what it adds to the table of a scenario at a gate.

    Hours are of the first day; nobody announces any of it. Sizes are assumed, as round figures of
    what such days were reported to be like.
    """

    id: str
    text: str
    put: Callable[[Table, str, int], None]


def _rows(kind: str, **row: Any) -> Callable[[Table, str, int], None]:  # noqa: ANN401 - TOML values
    """Return what adds a row to an array of tables; a callable value is asked with the places."""

    def put(table: Table, gate: str, places: int) -> None:
        known = {key: each(places) if callable(each) else each for key, each in row.items()}
        table[kind] = [*table.get(kind, []), {"gate": gate, **known}]

    return put


def _outage(kind: str, from_h: float, until_h: float) -> Callable[[Table, str, int], None]:
    def put(table: Table, _gate: str, _places: int) -> None:
        hours = {"outage_from_h": from_h, "outage_until_h": until_h}
        table[kind] = {**table.get(kind, {}), **hours}

    return put


LIBRARY: tuple[Trouble, ...] = (
    Trouble(
        "closure",
        "the gate is closed for two hours, 10:00 to 12:00",
        _rows("disruptions", from_h=10.0, until_h=12.0, places_left=0),
    ),
    Trouble(
        "lane_loss",
        "half of the gate's places are lost, 9:00 to 17:00",
        _rows("disruptions", from_h=9.0, until_h=17.0, places_left=lambda places: places // 2),
    ),
    Trouble(
        "collapse",
        "a fifth of the gate's places are left, from 8:00 on",
        _rows(
            "disruptions", from_h=8.0, until_h=24.0, places_left=lambda places: max(places // 5, 1)
        ),
    ),
    Trouble(
        "surge",
        "twice as many exports come to the gate, 8:00 to 11:00",
        _rows("surges", from_h=8.0, until_h=11.0, more=1.0),
    ),
    Trouble(
        "other_side_early",
        "the other side takes no more exports of the gate after 15:00",
        _rows("other_side", from_h=15.0, until_h=24.0, most_per_h=0.0),
    ),
    Trouble(
        "gps_outage",
        "no truck is seen, 9:00 to 11:00 (not played: policies see every truck here)",
        _outage("gps", 9.0, 11.0),
    ),
    Trouble("sms_outage", "no driver hears a word, 9:00 to 11:00", _outage("messages", 9.0, 11.0)),
)


def troubled(base: Base, trouble: Trouble, gate: str) -> Base:
    """Return a base with a disruption on top of what it has.

    Raises
    ------
    FlowctlError
        The scenario has no such gate.
    """
    gates: Mapping[str, Any] = base.table.get("gates", {})
    if gate not in gates:
        hint = nearest(gate, gates) or f"; there are {', '.join(gates)}."
        raise FlowctlError(f"The scenario has no gate '{gate}'{hint}")
    table = copy.deepcopy(dict(base.table))
    trouble.put(table, gate, int(base.value(f"gates.{gate}.places")))
    return base.changed(table)


def busiest(base: Base) -> str:
    """Return the gate most exports are for."""
    values = base.values()
    gates: Mapping[str, Any] = base.table["gates"]
    return max(
        gates, key=lambda gate: values[f"gates.{gate}.standing"] + values[f"gates.{gate}.arrivals"]
    )
