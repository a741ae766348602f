"""What became of messages to drivers, for those who watch over them; never to whom they went."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, LiteralString

import psycopg
from psycopg.rows import class_row

from flowctl.errors import NotFoundError

Connection = psycopg.Connection[Any]
State = Literal["waiting", "sent", "superseded", "expired", "limited", "dead"]


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A message; ``gateway`` took it, or may have where it still waits.

    ``cost`` is that of all ``parts`` in ``currency``; ``trouble`` says why the last try failed, or
    why it is dead; ``delivery`` is delivered, failed, or null while no gateway has said.
    """

    id: int
    trip_id: int
    plate: str
    kind: str
    state: str
    created_at: datetime
    expires_at: datetime | None
    sent_at: datetime | None
    gateway: str | None
    parts: int | None
    cost: Decimal | None
    currency: str | None
    attempts: int
    trouble: str | None
    delivery: str | None


@dataclass(frozen=True, slots=True)
class GatewaySum:
    """What a gateway took in a day; ``currency`` is null where nobody said what it costs."""

    gateway: str
    currency: str | None
    messages: int
    parts: int
    cost: Decimal | None
    delivered: int
    failed: int


_RECORDS: LiteralString = """
select o.id, o.trip_id, t.plate, o.kind, o.state, o.created_at, o.expires_at, o.sent_at, o.gateway,
    o.parts, trim_scale(o.cost) as cost, o.currency, o.attempts, o.trouble, d.delivery
from outbox o join trips t on t.id = o.trip_id
left join lateral (select delivery from message_delivery where message_id = o.id) d on true
where o.site = %(site)s
"""


def list_messages(
    conn: Connection, site: str, *, state: State | None, before: int | None, limit: int
) -> list[MessageRecord]:
    """Return a site's messages, newest first; those older than the message ``before``."""
    query: LiteralString = _RECORDS
    query += " and o.state = %(state)s" if state is not None else ""
    query += " and o.id < %(before)s" if before is not None else ""
    values = {"site": site, "state": state, "before": before, "limit": limit}
    with conn.cursor(row_factory=class_row(MessageRecord)) as cursor:
        return cursor.execute(query + " order by o.id desc limit %(limit)s", values).fetchall()


def get_message(conn: Connection, site: str, message: int) -> MessageRecord:
    """Return a message.

    Raises
    ------
    NotFoundError
        The site has none of this number.
    """
    with conn.cursor(row_factory=class_row(MessageRecord)) as cursor:
        found = cursor.execute(
            _RECORDS + " and o.id = %(id)s", {"site": site, "id": message}
        ).fetchone()
    if found is None:
        raise NotFoundError(f"There is no message {message}.", kind="no_message")
    return found


def revive(conn: Connection, messages: Sequence[int]) -> int:
    """Let dead messages wait to be sent once more, by any gateway; returns how many did."""
    return conn.execute(
        "update outbox set state = 'waiting', attempts = 0, next_wall_at = clock_timestamp(),"
        " gateway = null, unsure_since_wall_at = null, trouble = null"
        " where id = any(%s) and state = 'dead'",
        [list(messages)],
    ).rowcount


def count_states(conn: Connection, site: str, since: datetime) -> dict[str, int]:
    """Return how many of the messages written since a moment are in each state."""
    rows = conn.execute(
        "select state, count(*) from outbox where site = %s and created_at >= %s group by state",
        [site, since],
    ).fetchall()
    return {state: int(n) for state, n in rows}


def count_dead(conn: Connection, site: str) -> int:
    """Return how many messages were given up and wait for somebody's word."""
    [(n,)] = conn.execute(
        "select count(*) from outbox where site = %s and state = 'dead'", [site]
    ).fetchall()
    return int(n)


def mark(conn: Connection, site: str) -> str:
    """Return a word that is another one as soon as a message was given up, or is no longer."""
    [(n, newest)] = conn.execute(
        "select count(*), max(id) from outbox where site = %s and state = 'dead'", [site]
    ).fetchall()
    return f"{n}.{newest}"


def sum_gateways(
    conn: Connection, site: str, since: datetime, *, oldest: timedelta
) -> list[GatewaySum]:
    """Return what each gateway took since a moment, of messages not older than ``oldest``."""
    with conn.cursor(row_factory=class_row(GatewaySum)) as cursor:
        return cursor.execute(
            "select o.gateway, o.currency, count(*) as messages, sum(o.parts) as parts,"
            " trim_scale(sum(o.cost)) as cost,"
            " count(*) filter (where d.delivery = 'delivered') as delivered,"
            " count(*) filter (where d.delivery = 'failed') as failed from outbox o"
            " left join lateral (select delivery from message_delivery"
            "  where message_id = o.id) d on true"
            " where o.site = %s and o.created_at >= %s and o.sent_at >= %s"
            " and o.gateway is not null group by 1, 2 order by 1, 2",
            [site, since - oldest, since],
        ).fetchall()
