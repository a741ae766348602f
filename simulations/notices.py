"""What hauliers and officers tell the system: bodies of its requests."""

from typing import Any

from flowctl.scenarios.laws import CARGOES
from flowctl.state import Direction
from simulations.demand import Demand
from simulations.gates import instant


def device(plate: str) -> str:
    """Return the identifier of the tracker in the truck of a plate."""
    return f"VN-{plate}"


def trip_body(demand: Demand, truck: int, gate: int, ready_at: float) -> dict[str, Any]:
    """Return the body of POST /v1/trips with which an export truck is declared.

    ``ready_at`` (epoch s) is declared as it will be: how wrong declarations are is not known.
    """
    return {
        "plate": demand.plate[truck],
        "phone": demand.phone[truck],
        "language": demand.language[truck],
        "direction": Direction.EXPORT.value,
        "cargo": CARGOES[demand.cargo[truck]],
        "gates": list(demand.choices[truck]) if demand.choices else [demand.gates[gate]],
        "ready_at": _iso(ready_at),
        "device": device(demand.plate[truck]),
    }


def gate_event(demand: Demand, truck: int, kind: str, at: float) -> dict[str, Any]:
    """Return an item of POST /v1/gates/{gate}/events; ``kind`` is entered or cleared."""
    direction = Direction.IMPORT if demand.is_import[truck] else Direction.EXPORT
    return {
        "direction": direction.value,
        "kind": kind,
        "truck": demand.plate[truck],
        "at": _iso(at),
    }


def _iso(at: float) -> str:
    return instant(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")
