"""What a sender does to the outbox: it claims what is due for a while, and says what became of it.

A claim ends at a moment of wall time, which is its name as well: what a sender says of a message
that another one has claimed since is not taken in, but for its having been sent. Wall time is the
database's, so that senders on several machines agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class DueMessage:
    """A message that waits, with what is needed to judge it and to send it."""

    id: int
    trip_id: int
    kind: str
    params: dict[str, str]
    urgent: bool
    created_at: datetime
    expires_at: datetime | None
    attempts: int
    gateway: str | None
    """Which may have taken it already, since `unsure_since_wall_at`."""
    unsure_since_wall_at: datetime | None
    plate: str
    link_epoch: int
    language: str
    phone_cipher: bytes | None
    """None where the number was forgotten."""
    silent: bool
    """The number has asked for no more messages."""
    later_kinds: list[str]
    """Kinds of the trip's messages that are newer than this one."""
    told_at: datetime | None
    """When the trip's driver was last told of a slot."""
    sent_today: int
    """How many messages that are not urgent went to the trip's driver since the day began."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that a gateway took at ``at``, domain time; ``refs`` are its names of the parts."""

    id: int
    at: datetime
    gateway: str
    refs: tuple[str, ...]
    parts: int
    cost: Decimal | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class PutBack:
    """A claimed message to be tried again in ``wait_s``; ``gateway`` may have taken it already."""

    id: int
    claim: datetime
    wait_s: float
    attempts: int
    gateway: str | None
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Given:
    """A message that is not tried any more: its ``state`` says why, ``trouble`` in a sentence."""

    id: int
    claim: datetime | None
    state: str
    trouble: str | None = None


_DUE: LiteralString = """
with picked as materialized (
    select o.id from outbox o
    where o.site = %(site)s and o.state = 'waiting'
      and not o.next_wall_at between %(wall)s and %(wall)s + %(longest)s
      and (o.claimed_until_wall_at between %(wall)s and %(wall)s + %(longest)s) is not true
      and (o.gathered_until is null or o.gathered_until <= %(now)s)
      and (o.gateway is null or o.gateway = any(%(open)s)
           or (o.urgent and o.unsure_since_wall_at <= %(wall)s - %(unsure)s))
      and not exists (select from outbox e where e.trip_id = o.trip_id and e.id < o.id
          and e.state = 'waiting' and (e.urgent or not o.urgent)
          and (e.gathered_until is null or e.gathered_until <= %(now)s))
    order by o.urgent desc, o.id limit %(limit)s for update of o skip locked)
"""
_OUTDATED: LiteralString = """
with picked as materialized (
    select o.id from outbox o
    where o.site = %(site)s and o.state = 'waiting'
      and (o.claimed_until_wall_at between %(wall)s and %(wall)s + %(longest)s) is not true
      and (o.expires_at <= %(now)s
           or exists (select from outbox l where l.trip_id = o.trip_id and l.id > o.id
               and l.state = 'waiting'))
    order by o.id limit %(limit)s for update of o skip locked)
"""
_WITH_FACTS: LiteralString = """
select o.id, o.trip_id, o.kind, worded(o.kind, o.params) as params, o.urgent, o.created_at,
       o.expires_at, o.attempts,
    o.gateway, o.unsure_since_wall_at, t.plate, t.link_epoch, d.language, d.phone_cipher,
    d.silent_since is not null as silent, m.later_kinds, m.told_at, m.sent_today
from picked join outbox o using (id) join trips t on t.id = o.trip_id
-- a reply goes to who wrote, also where the trip has another driver by now
join drivers d on d.id = coalesce((o.params ->> 'driver')::bigint, t.driver_id)
cross join lateral (select
    coalesce(array_agg(distinct m.kind) filter (where m.id > o.id), '{}') as later_kinds,
    max(m.sent_at) filter (where m.kind in ('slot', 'slot_changed')) as told_at,
    count(*) filter (where not m.urgent and m.sent_at >= %(day_began_at)s) as sent_today
    from outbox m where m.trip_id = o.trip_id) m
order by o.urgent desc, o.id
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of the outbox: what is due at ``now``, domain time.

    The local day of ``now`` began at ``day_began_at``. ``open_gateways`` take messages at present.
    What another one may have taken stays with that; urgent messages do for ``unsure``.
    """

    site: str
    now: datetime
    day_began_at: datetime
    open_gateways: Sequence[str]
    unsure: timedelta
    limit: int


def lock_due(conn: Connection, asked: Asked) -> list[DueMessage]:
    """Lock and return what is due, urgent messages first, then the oldest; others skip these.

    A trip's message waits for the earlier ones of the same trip, so that drivers read them in
    order even while one is tried again; an urgent one waits for urgent ones only.
    """
    return _list(conn, _DUE + _WITH_FACTS, asked)


def lock_outdated(conn: Connection, asked: Asked) -> list[DueMessage]:
    """Lock and return what is over, or has a newer message behind it, whether it could go or not.

    What waits for a gateway must not hold up the word that takes it back.
    """
    return _list(conn, _OUTDATED + _WITH_FACTS, asked)


def list_overtaken(conn: Connection, ids: Sequence[int]) -> dict[int, list[str]]:
    """Return those of the messages in hand whose trips have newer ones by now, with their kinds."""
    rows = conn.execute(
        "select o.id, array_agg(l.kind) from outbox o join outbox l on l.trip_id = o.trip_id"
        " and l.id > o.id and l.state = 'waiting' where o.id = any(%s) group by o.id",
        [list(ids)],
    ).fetchall()
    return dict(rows)


def is_any_due(conn: Connection, site: str, now: datetime) -> bool:
    """Tell whether a message waits that could have been sent by the domain moment ``now``."""
    [(found,)] = conn.execute(
        "select exists (select from outbox where site = %s and state = 'waiting'"
        " and (gathered_until is null or gathered_until <= %s))",
        [site, now],
    ).fetchall()
    return bool(found)


_LONGEST = timedelta(minutes=5)
"""Longer than any claim or wait for a next try: what lies further off was set by a clock that has
been put back since."""


def _list(conn: Connection, query: LiteralString, asked: Asked) -> list[DueMessage]:
    values = {
        "site": asked.site,
        "now": asked.now,
        "wall": _wall_now(conn),
        "longest": _LONGEST,
        "day_began_at": asked.day_began_at,
        "open": list(asked.open_gateways),
        "unsure": asked.unsure,
        "limit": asked.limit,
    }
    with conn.cursor(row_factory=class_row(DueMessage)) as cursor:
        return cursor.execute(query, values).fetchall()


def claim(conn: Connection, ids: Sequence[int], *, lease: timedelta) -> datetime:
    """Keep locked messages in hand for a while; returns until when, the name of the claim."""
    until = _wall_now(conn) + lease
    conn.execute(
        "update outbox set claimed_until_wall_at = %s where id = any(%s)", [until, list(ids)]
    )
    return until


def _wall_now(conn: Connection) -> datetime:
    [(now,)] = conn.execute("select clock_timestamp()").fetchall()
    moment: datetime = now
    return moment


def gather(conn: Connection, until: Sequence[tuple[int, datetime]]) -> None:
    """Let locked messages wait, each until a moment of domain time."""
    conn.execute(
        "update outbox o set gathered_until = w.until"
        " from unnest(%s::bigint[], %s::timestamptz[]) w (id, until) where o.id = w.id",
        [[id_ for id_, _ in until], [moment for _, moment in until]],
    )


def record_sent(conn: Connection, sent: Sequence[Sent]) -> None:
    """Mark messages as sent, and keep what their gateways call the parts."""
    conn.execute(
        "update outbox o set state = 'sent', attempts = o.attempts + 1, sent_at = s.at,"
        " sent_wall_at = clock_timestamp(), gateway = s.gateway, parts = s.parts, cost = s.cost,"
        " currency = s.currency, claimed_until_wall_at = null, unsure_since_wall_at = null,"
        " trouble = null from unnest(%s::bigint[], %s::timestamptz[], %s::text[],"
        "  %s::smallint[], %s::numeric[], %s::text[]) s (id, at, gateway, parts, cost, currency)"
        " where o.id = s.id and o.state = 'waiting'",
        [
            [one.id for one in sent],
            [one.at for one in sent],
            [one.gateway for one in sent],
            [one.parts for one in sent],
            [one.cost for one in sent],
            [one.currency for one in sent],
        ],
    )
    # A gateway that counts its references anew after years means the newer message.
    parts = {(one.gateway, ref): (one.id, n) for one in sent for n, ref in enumerate(one.refs, 1)}
    conn.execute(
        "insert into sms_parts (gateway, ref, message_id, part)"
        " select p.gateway, p.ref, p.message_id, p.part from unnest(%s::text[], %s::text[],"
        "  %s::bigint[], %s::smallint[]) p (gateway, ref, message_id, part)"
        " join outbox o on o.id = p.message_id on conflict (gateway, ref)"
        " do update set message_id = excluded.message_id, part = excluded.part",
        [
            [gateway for gateway, _ in parts],
            [ref for _, ref in parts],
            [message for message, _ in parts.values()],
            [n for _, n in parts.values()],
        ],
    )


def put_back(conn: Connection, back: Sequence[PutBack]) -> None:
    """Let messages wait for their next try."""
    conn.execute(
        "update outbox o set claimed_until_wall_at = null, attempts = b.attempts,"
        " next_wall_at = clock_timestamp() + make_interval(secs => b.wait_s), gateway = b.gateway,"
        " unsure_since_wall_at = case when b.gateway is not null"
        "  then coalesce(o.unsure_since_wall_at, clock_timestamp()) end,"
        " trouble = coalesce(b.trouble, o.trouble)"
        " from unnest(%s::bigint[], %s::timestamptz[], %s::float8[], %s::int[], %s::text[],"
        "  %s::text[]) b (id, claim, wait_s, attempts, gateway, trouble)"
        " where o.id = b.id and o.state = 'waiting' and o.claimed_until_wall_at = b.claim",
        [
            [one.id for one in back],
            [one.claim for one in back],
            [one.wait_s for one in back],
            [one.attempts for one in back],
            [one.gateway for one in back],
            [one.trouble for one in back],
        ],
    )


def give_up(conn: Connection, given: Sequence[Given]) -> None:
    """Mark messages that are not tried any more; one without a claim is locked by the caller."""
    conn.execute(
        "update outbox o set state = g.state, trouble = coalesce(g.trouble, o.trouble),"
        " claimed_until_wall_at = null from unnest(%s::bigint[], %s::timestamptz[], %s::text[],"
        "  %s::text[]) g (id, claim, state, trouble)"
        " where o.id = g.id and o.state = 'waiting'"
        " and (g.claim is null or o.claimed_until_wall_at = g.claim)",
        [
            [one.id for one in given],
            [one.claim for one in given],
            [one.state for one in given],
            [one.trouble for one in given],
        ],
    )
