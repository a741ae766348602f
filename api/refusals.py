"""Refusals as pages and machines read them: instants in UTC, trips by their plates."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from flowctl.errors import Refusal, Value
from flowctl.storage.acts import Connection, list_plates

_PLATES = {"trip": "plate", "other_trip": "other_plate"}
"""A value that is the number of a trip, and the name its plate gets beside it."""

Said = str | int | float | tuple[str, ...] | None
"""A value as JSON has it."""


@dataclass(frozen=True, slots=True)
class ShownRefusal:
    """Why something cannot be; ``kind`` and ``values`` let a page say it in its language."""

    sentence: str
    kind: str | None
    values: Mapping[str, Said]


def names_trips(refusal: Refusal) -> bool:
    """Tell whether a refusal names trips, whose plates are to be looked up."""
    return not refusal.values.keys().isdisjoint(_PLATES)


def shown(conn: Connection, refusal: Refusal) -> ShownRefusal:
    """Return a refusal as it is answered, with the plates of the trips that it names."""
    trips = [value for name in _PLATES if isinstance(value := refusal.values.get(name), int)]
    plates = list_plates(conn, trips) if trips else {}
    values = said_values(refusal.values)
    for name, plate in _PLATES.items():
        if isinstance(trip := refusal.values.get(name), int):
            values[plate] = plates.get(trip)
    return ShownRefusal(refusal.sentence, refusal.kind, values)


def said_values(values: Mapping[str, Value]) -> dict[str, Said]:
    """Return values as JSON has them."""
    return {
        name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }
