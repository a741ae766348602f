"""Drivers with a trip each, and what they are told, for ``flowctl bench notify``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from flowctl.registry.keys import Keys, encrypt_phone, hash_phone
from flowctl.storage.outbox import Outgoing

Connection = psycopg.Connection[Any]

SITE = "lang_son"
_GATE = "tan_thanh"
_FIRST_NUMBER = 84_900_000_000


@dataclass(slots=True)
class Fleet:
    """Trips, each of another driver; ``phones`` holds their numbers without the plus sign."""

    trips: Sequence[int]
    phones: dict[int, str]
    _next: int = 0

    def take(self, count: int) -> list[int]:
        """Return trips of whose drivers nobody has spoken yet."""
        self._next += count
        return list(self.trips[self._next - count : self._next])


def make_fleet(conn: Connection, keys: Keys, count: int) -> Fleet:
    """Register so many drivers and trips in bulk."""
    numbers = [f"+{_FIRST_NUMBER + n}" for n in range(count)]
    with (
        conn.cursor() as cursor,
        cursor.copy("copy drivers (phone_cipher, phone_hash, language) from stdin") as copy,
    ):
        for number in numbers:
            copy.write_row((encrypt_phone(keys, number), hash_phone(keys, number), "vi"))
    rows = conn.execute(
        "insert into trips (site, plate, driver_id, direction, cargo, gates, ready_at,"
        " registered_at, registered_by) select %s, '12C' || id, id, 'export', 'normal', %s, %s, %s,"
        " 'bench' from drivers order by id returning id, driver_id",
        [SITE, [_GATE], datetime.now(UTC), datetime.now(UTC)],
    ).fetchall()
    conn.execute("analyze drivers, trips")
    first = min(driver for _, driver in rows)
    phones = {int(trip): numbers[driver - first].removeprefix("+") for trip, driver in rows}
    return Fleet(sorted(phones), phones)


def slot(
    trip: int, now: datetime, *, kind: str = "slot", until: datetime | None = None
) -> Outgoing:
    """Return the word of a slot two hours from now."""
    starts_at, ends_at = now + timedelta(hours=2), now + timedelta(hours=2, minutes=15)
    params = {
        "gate": _GATE,
        "starts_at": starts_at.isoformat(),
        "ends_at": ends_at.isoformat(),
        "reason": "first" if kind == "slot" else "later",
    }
    return Outgoing(trip, kind, params, until or ends_at)


def cancelled(trip: int) -> Outgoing:
    """Return the word that a trip is off."""
    return Outgoing(trip, "cancelled", {}, None)
