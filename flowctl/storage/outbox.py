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


URGENT = frozenset(
    {"call_up", "move_up", "no_show", "call_over", "stay", "depart", "hold", "cancelled"}
    | {"login_code"}
)
"""Kinds that go before all others and are never limited; so do answers, whose kinds begin so."""
_ANSWERS = "reply_"


def is_urgent(kind: str) -> bool:
    """Tell whether messages of a kind go first, and are never limited."""
    return kind in URGENT or kind.startswith(_ANSWERS)


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
        "insert into outbox (site, trip_id, kind, urgent, params, created_at, expires_at)"
        " values (%s, %s, %s, %s, %s, %s, %s) returning id",
        [site, trip_id, kind, is_urgent(kind), Jsonb(dict(params)), now, expires_at],
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
    columns = "copy outbox (site, trip_id, kind, urgent, params, created_at, expires_at) from stdin"
    with conn.cursor() as cursor, cursor.copy(columns) as copy:
        for one in messages:
            params = json.dumps(dict(one.params))
            urgent = is_urgent(one.kind)
            copy.write_row((site, one.trip_id, one.kind, urgent, params, now, one.expires_at))


def list_sent(conn: Connection, trip_id: int, *, limit: int = 20) -> list[SentMessage]:
    """Return what a trip's driver was sent, or was not for the sake of silence; newest first.

    What went to a former driver is not among it, nor are login codes.
    """
    with conn.cursor(row_factory=class_row(SentMessage)) as cursor:
        return cursor.execute(
            "select kind, worded(kind, params) as params, coalesce(sent_at, created_at) as sent_at"
            " from outbox where trip_id = %s and state in ('sent', 'limited')"
            " and kind <> 'login_code'"
            " and not params ? 'driver' order by id desc limit %s",
            [trip_id, limit],
        ).fetchall()
