"""Receivers of webhooks and what is to be delivered to them, at rest."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import uuid4

import msgspec
import psycopg
from psycopg.rows import class_row

from flowctl.errors import NotFoundError
from flowctl.storage.sources import Scope

Connection = psycopg.Connection[Any]

HEAD = "ledger.head"
"""The ledger's head was signed; ``data`` is what GET /v1/ledger/head answers."""

BULLETIN = "bulletin.made"
"""A day's bulletin was made, or a further version of it; ``data`` is day, version and figures."""

EVENTS = (HEAD, BULLETIN)

DECLARED = "declaration.made"
"""A trip was declared; this and the following are of one trip, see `flowctl.registry.events`."""

DECLARATION_CHANGED = "declaration.changed"
"""What a trip's declaration says changed, or the trip was called off."""

STAGE_CHANGED = "stage.changed"
"""Something was said of a stage of a trip, or a stage of it ran out."""

CROSSING_MADE = "crossing.made"
"""A truck crossed, or came back."""

PAYMENT_MADE = "payment.made"
"""Fees of a trip were paid, or given back."""

EVENT_SCOPES: Mapping[str, Scope] = {
    DECLARED: Scope.DECLARATIONS_READ,
    DECLARATION_CHANGED: Scope.DECLARATIONS_READ,
    STAGE_CHANGED: Scope.STAGES_READ,
    CROSSING_MADE: Scope.CROSSINGS_READ,
    PAYMENT_MADE: Scope.STAGES_READ,
}
"""What the source of a webhook must be allowed for each event of trips to reach it."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A receiver; how many deliveries wait, went out and were given up, and the last trouble.

    ``source`` is whose it is, None where it hears nothing of trips.
    """

    id: int
    url: str
    source: str | None
    events: list[str]
    created_by: str
    created_at: datetime
    waiting: int
    sent: int
    dead: int
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A claimed delivery with what is needed to send it; ``attempts`` counts this try too."""

    id: int
    webhook_id: int
    message: str
    body: str
    attempts: int
    url: str
    secret_cipher: bytes


def add_webhook(
    conn: Connection,
    site: str,
    *,
    url: str,
    secret_cipher: bytes,
    by: str,
    now: datetime,
    events: Sequence[str] = EVENTS,
    source_id: int | None = None,
) -> int:
    """Enter a receiver of some events and return its id; those of trips reach a source's alone.

    Raises
    ------
    psycopg.errors.UniqueViolation
        The site has one of this address.
    """
    [(webhook,)] = conn.execute(
        "insert into webhooks (site, url, secret_cipher, events, created_by, created_at,"
        " source_id) values (%s, %s, %s, %s, %s, %s, %s) returning id",
        [site, url, secret_cipher, list(events), by, now, source_id],
    ).fetchall()
    return int(webhook)


_LIST: LiteralString = """
select w.id, w.url, s.name as source, w.events, w.created_by, w.created_at,
       count(*) filter (where d.state = 'waiting') as waiting,
       count(*) filter (where d.state = 'sent') as sent,
       count(*) filter (where d.state = 'dead') as dead,
       (array_agg(d.trouble order by d.id desc)
           filter (where d.trouble is not null and d.state <> 'sent'))[1] as trouble
from webhooks w left join webhook_deliveries d on d.webhook_id = w.id
    left join sources s on s.id = w.source_id
where w.site = %s group by w.id, s.name order by w.id
"""


def list_webhooks(conn: Connection, site: str) -> list[Webhook]:
    """Return a site's receivers."""
    with conn.cursor(row_factory=class_row(Webhook)) as cursor:
        return cursor.execute(_LIST, [site]).fetchall()


def remove_webhook(conn: Connection, site: str, webhook_id: int) -> None:
    """Forget a receiver and all that waits for it.

    Raises
    ------
    NotFoundError
        The site has none of this id.
    """
    gone = conn.execute("delete from webhooks where site = %s and id = %s", [site, webhook_id])
    if gone.rowcount == 0:
        raise _missing(webhook_id)


def _missing(webhook_id: int) -> NotFoundError:
    return NotFoundError(f"There is no webhook {webhook_id}; list them: flowctl webhook list")


def queue_event(conn: Connection, site: str, kind: str, data: object, *, now: datetime) -> None:
    """Write an event for each receiver of its kind, in the caller's transaction."""
    body = msgspec.json.encode({"type": kind, "timestamp": _moment(now), "data": data}).decode()
    conn.execute(
        "insert into webhook_deliveries (webhook_id, message, body)"
        " select id, %s, %s from webhooks where site = %s and %s = any(events)",
        [_message(), body, site, kind],
    )


_OF_TRIP: LiteralString = """
insert into webhook_deliveries (webhook_id, message, body)
select w.id, %(message)s, json_build_object('type', %(event)s::text, 'timestamp', %(moment)s::text,
    'data', jsonb_build_object('trip', t.id) || %(facts)s::jsonb
        || case when %(reads)s = any(s.scopes) then jsonb_build_object('plate', t.plate)
           else '{}' end)
from webhooks w join sources s on s.id = w.source_id join trips t on t.id = %(trip)s
where w.site = %(site)s and %(event)s = any(w.events) and %(scope)s = any(s.scopes)
"""


def queue_trip_event(
    conn: Connection,
    site: str,
    event: str,
    trip_id: int,
    *,
    facts: Mapping[str, object],
    now: datetime,
) -> None:
    """Write an event of a trip for each receiver that may hear it, in the caller's transaction.

    ``event`` is one of `EVENT_SCOPES`. The plate goes to those who may read declarations.
    """
    conn.execute(
        _OF_TRIP,
        {
            "site": site,
            "event": event,
            "scope": EVENT_SCOPES[event],
            "reads": Scope.DECLARATIONS_READ,
            "trip": trip_id,
            "facts": msgspec.json.encode(facts).decode(),
            "moment": _moment(now),
            "message": _message(),
        },
    )


def _moment(now: datetime) -> str:
    return str(msgspec.json.encode(now).decode().strip('"'))


def _message() -> str:
    return f"msg_{uuid4().hex}"


def claim_delivery(
    conn: Connection,
    site: str,
    *,
    wall_now: datetime,
    until: datetime,
    attempts: int,
    busy: Collection[int] = (),
) -> Delivery | None:
    """Return the delivery that has been due longest, which no other sender gets before ``until``.

    Those of the webhooks ``busy`` are left for later. The try counts from here on: whoever dies at
    it leaves a claim that runs out, and one that ran out at the last of ``attempts`` tries is given
    up.
    """
    conn.execute(
        "update webhook_deliveries d set state = 'dead',"
        " trouble = 'the last try was begun and never ended'"
        " from webhooks w where w.id = d.webhook_id and w.site = %s"
        " and d.state = 'waiting' and d.next_wall_at <= %s and d.attempts >= %s",
        [site, wall_now, attempts],
    )
    with conn.cursor(row_factory=class_row(Delivery)) as cursor:
        return cursor.execute(
            "update webhook_deliveries d set attempts = d.attempts + 1, next_wall_at = %s"
            " from webhooks w where w.id = d.webhook_id and d.id = ("
            "  select due.id from webhook_deliveries due join webhooks of on of.id = due.webhook_id"
            "  where of.site = %s and due.state = 'waiting' and due.next_wall_at <= %s"
            "  and of.id <> all(%s::bigint[])"
            "  order by due.next_wall_at, due.id limit 1 for update of due skip locked)"
            " returning d.id, d.webhook_id, d.message, d.body, d.attempts, w.url, w.secret_cipher",
            [until, site, wall_now, list(busy)],
        ).fetchone()


def close_delivery(conn: Connection, delivery_id: int, *, wall_now: datetime) -> None:
    """Note that a delivery arrived; that is so for whoever claimed it meanwhile, too."""
    conn.execute(
        "update webhook_deliveries set state = 'sent', sent_at = %s, trouble = null where id = %s",
        [wall_now, delivery_id],
    )


def postpone_delivery(
    conn: Connection, due: Delivery, trouble: str, *, until: datetime | None
) -> None:
    """Note a failed try; the next comes at ``until``, and None gives the delivery up.

    Where somebody else has claimed it meanwhile, his word counts and not this one.
    """
    conn.execute(
        "update webhook_deliveries set trouble = %s,"
        " state = case when %s::timestamptz is null then 'dead' else 'waiting' end,"
        " next_wall_at = coalesce(%s, next_wall_at)"
        " where id = %s and state = 'waiting' and attempts = %s",
        [trouble, until, until, due.id, due.attempts],
    )


def revive_deliveries(
    conn: Connection, site: str, webhook_id: int | None, *, wall_now: datetime
) -> int:
    """Let what was given up, or waits for its next try, be tried now; returns how many.

    That is so for all receivers where ``webhook_id`` is None.

    Raises
    ------
    NotFoundError
        The site has none of this id.
    """
    ids = [
        found
        for (found,) in conn.execute(
            "select id from webhooks where site = %s and id = coalesce(%s, id)", [site, webhook_id]
        )
    ]
    if webhook_id is not None and not ids:
        raise _missing(webhook_id)
    return conn.execute(
        "update webhook_deliveries d set state = 'waiting', attempts = 0, next_wall_at = %s"
        " from webhooks w where w.id = d.webhook_id and w.site = %s and w.id = any(%s)"
        " and d.state <> 'sent'",
        [wall_now, site, ids],
    ).rowcount


def drop_over_before(conn: Connection, wall_now: datetime, *, kept: timedelta) -> None:
    """Forget what arrived, or was tried last and given up, longer ago than ``kept``."""
    conn.execute(
        "delete from webhook_deliveries where (state = 'sent' and sent_at < %(before)s)"
        " or (state = 'dead' and next_wall_at < %(before)s)",
        {"before": wall_now - kept},
    )
