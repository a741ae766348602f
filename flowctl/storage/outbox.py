"""The outbox: messages written with the decision that causes them, sent afterwards.

`params` hold ids and instants only; names and numbers are resolved at the moment of sending.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from flowctl.site import Site
from flowctl.state import Slot

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class DueMessage:
    """A claimed message with what is needed to send it."""

    id: int
    trip_id: int
    kind: str
    params: dict[str, str]
    expires_at: datetime | None
    attempts: int
    plate: str
    language: str
    phone_cipher: bytes | None
    """None where the number was forgotten."""
    link_epoch: int
    later_kinds: list[str]
    """Kinds of the trip's messages that are newer than this one."""


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message that went out."""

    kind: str
    params: dict[str, str]
    sent_at: datetime


def queue_message(
    conn: Connection,
    *,
    site: str,
    trip_id: int,
    kind: str,
    params: Mapping[str, str],
    now: datetime,
    expires_at: datetime | None,
) -> int:
    """Write a message into the outbox, in the caller's transaction; returns its id.

    ``params`` may hold ``gate``, ``yard``, ``reason``, ``offence`` (ids), ``minutes``, ``code`` and
    ``starts_at``, ``ends_at``, ``until`` (ISO).
    """
    [(message,)] = conn.execute(
        "insert into outbox (site, trip_id, kind, params, created_at, expires_at)"
        " values (%s, %s, %s, %s, %s, %s) returning id",
        [site, trip_id, kind, Jsonb(dict(params)), now, expires_at],
    ).fetchall()
    return int(message)


class Outgoing(NamedTuple):
    """A message to be queued; see `queue_message`."""

    trip_id: int
    kind: str
    params: Mapping[str, str]
    expires_at: datetime | None


def slot_message(
    site: Site, trip_id: int, slot: Slot, *, kind: str, reason: str, code: Mapping[str, str]
) -> Outgoing:
    """Return the word of a slot; ``code`` is the ledger's, empty where it has none."""
    ends_at = slot.starts_at + timedelta(seconds=site.dispatch.slot_s)
    params = {
        "gate": slot.gate,
        "starts_at": slot.starts_at.isoformat(),
        "ends_at": ends_at.isoformat(),
        "reason": str(reason),
        **code,
    }
    return Outgoing(trip_id, kind, params, ends_at)


def queue_messages(
    conn: Connection, messages: Sequence[Outgoing], *, site: str, now: datetime
) -> None:
    """Write messages into the outbox, in the caller's transaction and in the order given."""
    if not messages:
        return
    # COPY takes a third of the time of an insert from arrays, whose texts are escaped one by one.
    columns = "copy outbox (site, trip_id, kind, params, created_at, expires_at) from stdin"
    with conn.cursor() as cursor, cursor.copy(columns) as copy:
        for one in messages:
            params = json.dumps(dict(one.params))
            copy.write_row((site, one.trip_id, one.kind, params, now, one.expires_at))


def claim_due(conn: Connection, *, site: str, wall_now: datetime, limit: int) -> list[DueMessage]:
    """Lock and return messages that wait to be sent, oldest first; other senders skip them.

    A trip's message waits for the earlier ones of the same trip, so that drivers read them in
    order even while an earlier one is being retried.
    """
    with conn.cursor(row_factory=class_row(DueMessage)) as cursor:
        return cursor.execute(
            "select o.id, o.trip_id, o.kind, o.params, o.expires_at, o.attempts, t.plate,"
            " d.language, d.phone_cipher, t.link_epoch,"
            " array(select distinct later.kind from outbox later"
            "   where later.trip_id = o.trip_id and later.id > o.id) as later_kinds"
            " from outbox o join trips t on t.id = o.trip_id join drivers d on d.id = t.driver_id"
            " where o.site = %s and o.state = 'waiting' and o.next_wall_at <= %s"
            " and not exists (select from outbox earlier where earlier.trip_id = o.trip_id"
            "   and earlier.id < o.id and earlier.state = 'waiting'"
            "   and earlier.next_wall_at > %s)"
            " order by o.id limit %s for update of o skip locked",
            [site, wall_now, wall_now, limit],
        ).fetchall()


def close_messages(conn: Connection, ids: Sequence[int], *, state: str, now: datetime) -> None:
    """Mark messages ``sent`` (at ``now``), ``superseded``, ``expired`` or ``dead``."""
    conn.execute(
        "update outbox set state = %s, attempts = attempts + %s, sent_at = %s where id = any(%s)",
        [state, int(state == "sent"), now if state == "sent" else None, list(ids)],
    )


def retry_messages(
    conn: Connection, ids: Sequence[int], *, wall_now: datetime, delay: timedelta
) -> None:
    """Count a failed attempt and try again after ``delay`` of wall time."""
    conn.execute(
        "update outbox set attempts = attempts + 1, next_wall_at = %s where id = any(%s)",
        [wall_now + delay, list(ids)],
    )


def list_sent(conn: Connection, trip_id: int, *, limit: int = 20) -> list[SentMessage]:
    """Return what a trip's driver was sent, newest first."""
    with conn.cursor(row_factory=class_row(SentMessage)) as cursor:
        return cursor.execute(
            "select kind, params, sent_at from outbox"
            " where trip_id = %s and state = 'sent' order by id desc limit %s",
            [trip_id, limit],
        ).fetchall()


def count_by_state(conn: Connection, site: str) -> dict[str, int]:
    """Return how many messages are in each state."""
    rows = conn.execute(
        "select state, count(*) from outbox where site = %s group by state", [site]
    ).fetchall()
    return {state: int(n) for state, n in rows}
