"""Where browsers are told of a trip's messages, at rest: addresses are encrypted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Pushable:
    """A message that went out and a browser that is to show it."""

    id: int
    trip_id: int
    link_epoch: int
    kind: str
    params: dict[str, str]
    plate: str
    language: str
    endpoint_hash: bytes
    cipher: bytes


def save_subscription(
    conn: Connection,
    trip_id: int,
    *,
    endpoint_hash: bytes,
    cipher: bytes,
    most: int,
    wall_now: datetime,
) -> None:
    """Enter or renew a browser of the trip's present driver; only the ``most`` newest are kept."""
    conn.execute(
        "insert into push_subscriptions (trip_id, epoch, endpoint_hash, cipher, made_wall_at)"
        " select id, link_epoch, %s, %s, %s from trips where id = %s"
        " on conflict (trip_id, endpoint_hash) do update set epoch = excluded.epoch,"
        "  cipher = excluded.cipher, made_wall_at = excluded.made_wall_at",
        [endpoint_hash, cipher, wall_now, trip_id],
    )
    conn.execute(
        "delete from push_subscriptions where trip_id = %s and endpoint_hash not in ("
        " select endpoint_hash from push_subscriptions where trip_id = %s"
        " order by made_wall_at desc, endpoint_hash limit %s)",
        [trip_id, trip_id, most],
    )


def delete_subscription(conn: Connection, trip_id: int, endpoint_hash: bytes) -> None:
    """Forget a browser."""
    conn.execute(
        "delete from push_subscriptions where trip_id = %s and endpoint_hash = %s",
        [trip_id, endpoint_hash],
    )


def delete_subscriptions(conn: Connection, trip_id: int) -> None:
    """Forget all browsers of a trip."""
    conn.execute("delete from push_subscriptions where trip_id = %s", [trip_id])


def list_pushable(conn: Connection, message_ids: Sequence[int]) -> list[Pushable]:
    """Return these messages once for each browser of their trip's driver.

    A code goes to the number alone: it proves that one holds it.
    """
    with conn.cursor(row_factory=class_row(Pushable)) as cursor:
        return cursor.execute(
            "select o.id, o.trip_id, t.link_epoch, o.kind, worded(o.kind, o.params) as params,"
            " t.plate, d.language, p.endpoint_hash, p.cipher"
            " from outbox o join trips t on t.id = o.trip_id join drivers d on d.id = t.driver_id"
            " join push_subscriptions p on p.trip_id = t.id and p.epoch = t.link_epoch"
            " where o.id = any(%s) and o.kind <> 'login_code' order by o.id, p.endpoint_hash",
            [list(message_ids)],
        ).fetchall()
