"""What offences cost: seniority lost, plates barred; entered in the caller's transaction.

What costs a driver something is told to him in that same transaction, and its lifting too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row, scalar_row

from flowctl.errors import ConflictError, NotFoundError
from flowctl.ledger.entries import Entry, Kind
from flowctl.policy import Basis, Penalty, Policy
from flowctl.site import Site
from flowctl.storage import ledger
from flowctl.storage.live import LiveRow, find_live
from flowctl.storage.outbox import Outgoing, queue_messages

Connection = psycopg.Connection[Any]

NO_SHOW, CANCELLATION = "no_show", "cancellation"
CARRIED_OVER = "carried_over"
EDITED = "edited"
"""Its declaration was changed in what costs a place by the policy (``edits``)."""

_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class PenaltyRecord:
    """One offence of a trip's truck and what it cost.

    ``kind`` is ``no_show``, ``cancellation``, ``carried_over`` from a trip that was cancelled,
    ``edited`` or a kind of alert; ``reason`` is for people to read.
    ``banned_until`` stands where the offence was one too many.
    """

    id: int
    site: str
    trip_id: int
    plate: str
    kind: str
    loses_s: float
    reason: str
    actor: str
    at: datetime
    banned_until: datetime | None
    lifted_at: datetime | None
    lifted_by: str | None


def add_penalty(
    conn: Connection,
    site: Site,
    trip_id: int,
    *,
    kind: str,
    loses_s: float | None,
    reason: str,
    actor: str,
    now: datetime,
) -> PenaltyRecord:
    """Enter what an offence costs a trip's truck; its plate is barred where the policy says so.

    ``loses_s`` None takes all its seniority: the truck counts as arrived at ``now``.

    Raises
    ------
    NotFoundError
        The site has no such trip.
    """
    trip = find_live(conn, trip_id, site=site.id)
    if trip is None:
        raise NotFoundError(f"There is no trip {trip_id}.", kind="no_trip")
    rule = _rule(site.policy, kind)
    bans = 0 < rule.ban_after <= 1 + _count(conn, site, trip.plate, kind, rule, now)
    with conn.cursor(row_factory=class_row(PenaltyRecord)) as cursor:
        [record] = cursor.execute(
            "insert into penalties (site, trip_id, plate, kind, loses_s, reason, actor, at,"
            " banned_until) values (%s, %s, %s, %s, %s, %s, %s, %s, %s) returning *",
            [
                site.id,
                trip_id,
                trip.plate,
                kind,
                _all_seniority_s(site.policy, trip, now) if loses_s is None else loses_s,
                reason,
                actor,
                now,
                now + timedelta(days=rule.ban_days) if bans else None,
            ],
        ).fetchall()
    ledger.append(conn, site.id, site.policy.version, [penalty_entry(record)], now=now)
    queue_messages(conn, _messages(record), site=site.id, now=now)
    return record


def list_carried(
    conn: Connection, site: Site, trips: Sequence[int], *, now: datetime
) -> list[tuple[int, float]]:
    """Return which new trips' trucks lost something with the trip before, and what, in seconds.

    That is where the trip before was cancelled: cancelling and registering anew would rid a truck
    of a penalty otherwise. What it lost then is taken for as long ago as the policy counts
    cancellations.
    """
    since = now - timedelta(days=site.policy.cancellation.within_days)
    # The numbers come out of a subquery, for with an array the server plans anew at every call,
    # which takes ten times as long as the look itself.
    return conn.execute(
        "select new.id, sum(p.loses_s) from unnest((select %(trips)s::bigint[])) as one (id)"
        " join trips new on new.id = one.id join lateral (select max(former.id) as id"
        "  from trips former where former.site = new.site and former.plate = new.plate"
        "  and former.id < new.id and former.state = 'cancelled' and former.ended_at > %(since)s"
        "  and not exists (select from trips later where later.site = new.site"
        "   and later.plate = new.plate and later.id > former.id and later.id < new.id)) last"
        " on true join penalties p on p.trip_id = last.id and p.lifted_at is null"
        " group by new.id having sum(p.loses_s) > 0 order by new.id",
        {"trips": list(trips), "since": since},
    ).fetchall()


def carry_over(
    conn: Connection, site: Site, trip_id: int, loses_s: float, *, now: datetime
) -> None:
    """Let a truck's new trip lose what its last one lost; see `list_carried`."""
    add_penalty(
        conn,
        site,
        trip_id,
        kind=CARRIED_OVER,
        loses_s=loses_s,
        reason="lost by the trip that was cancelled before this one",
        actor="flowctl",
        now=now,
    )


def lift_penalty(
    conn: Connection, site: Site, trip_id: int, penalty_id: int, *, actor: str, now: datetime
) -> PenaltyRecord:
    """Give back what an offence cost, and end the bans that rested on it.

    Raises
    ------
    NotFoundError
        The trip has no such penalty.
    ConflictError
        It was lifted already.
    """
    with conn.cursor(row_factory=class_row(PenaltyRecord)) as cursor:
        found = cursor.execute(
            "select * from penalties where site = %s and trip_id = %s and id = %s for update",
            [site.id, trip_id, penalty_id],
        ).fetchone()
        if found is None:
            raise NotFoundError(f"Trip {trip_id} has no penalty {penalty_id}.", kind="no_penalty")
        if found.lifted_at is not None:
            raise ConflictError(
                f"Penalty {penalty_id} of trip {trip_id} was lifted already, by {found.lifted_by}.",
                kind="penalty_lifted",
                values={"by": found.lifted_by},
            )
        [lifted] = cursor.execute(
            "update penalties set lifted_at = %s, lifted_by = %s where id = %s returning *",
            [now, actor, penalty_id],
        ).fetchall()
    _end_bans(conn, site, lifted, now)
    ledger.append(conn, site.id, site.policy.version, [penalty_entry(lifted)], now=now)
    if _messages(lifted):
        given_back = Outgoing(trip_id, "penalty_lifted", {"offence": lifted.kind}, None)
        queue_messages(conn, [given_back], site=site.id, now=now)
    return lifted


def list_penalties(conn: Connection, site: str, trip_id: int) -> list[PenaltyRecord]:
    """Return a trip's penalties, those that were lifted too, the oldest first."""
    with conn.cursor(row_factory=class_row(PenaltyRecord)) as cursor:
        return cursor.execute(
            "select * from penalties where site = %s and trip_id = %s order by id",
            [site, trip_id],
        ).fetchall()


def find_penalty(conn: Connection, site: str, penalty_id: int) -> PenaltyRecord | None:
    """Return a penalty by its number, lifted or not."""
    with conn.cursor(row_factory=class_row(PenaltyRecord)) as cursor:
        return cursor.execute(
            "select * from penalties where site = %s and id = %s", [site, penalty_id]
        ).fetchone()


def find_ban(conn: Connection, site: str, plate: str, now: datetime) -> PenaltyRecord | None:
    """Return the penalty that bars a plate from registering, the one that does so longest."""
    with conn.cursor(row_factory=class_row(PenaltyRecord)) as cursor:
        return cursor.execute(
            "select * from penalties where site = %s and plate = %s"
            " and banned_until > %s and lifted_at is null order by banned_until desc limit 1",
            [site, plate, now],
        ).fetchone()


def penalty_entry(record: PenaltyRecord) -> Entry:
    """Return what the ledger says of a penalty, or of its lifting; never its words or its plate."""
    details: dict[str, int | str] = {"penalty": record.id, "loses_s": round(record.loses_s)}
    if record.banned_until is not None:
        details["banned_until"] = record.banned_until.isoformat()
    if record.lifted_at is None or record.lifted_by is None:
        return Entry(
            Kind.PENALTY,
            record.at,
            trip_id=record.trip_id,
            reason=record.kind,
            actor=record.actor,
            details=details,
        )
    return Entry(
        Kind.PENALTY,
        record.lifted_at,
        trip_id=record.trip_id,
        reason="lifted",
        actor=record.lifted_by,
        details=details,
    )


def _messages(record: PenaltyRecord) -> list[Outgoing]:
    """Return what a driver is told of an offence: nothing where it cost nothing."""
    messages = []
    if record.loses_s > 0:
        minutes = str(max(round(record.loses_s / _MINUTE_S), 1))
        lost = {"offence": record.kind, "minutes": minutes}
        messages.append(Outgoing(record.trip_id, "penalty", lost, None))
    if record.banned_until is not None:
        until = {"offence": record.kind, "until": record.banned_until.isoformat()}
        messages.append(Outgoing(record.trip_id, "barred", until, record.banned_until))
    return messages


def _rule(policy: Policy, kind: str) -> Penalty:
    """Return the rule for a kind of offence; what cheats do is judged by each, and bars nobody."""
    rules = {NO_SHOW: policy.no_show, CANCELLATION: policy.cancellation}
    return rules.get(kind, Penalty(loses_s=0, ban_after=0))


def has_place(policy: Policy, trip: LiveRow) -> bool:
    """Tell whether a truck's place in the order counts already."""
    return policy.basis is Basis.BOOKING or trip.counted_at is not None


def _all_seniority_s(policy: Policy, trip: LiveRow, now: datetime) -> float:
    """Return what a truck would have to lose to count as arrived at ``now``."""
    since = trip.registered_at if policy.basis is Basis.BOOKING else trip.counted_at
    # Of a truck that has not arrived there is nothing to take.
    return 0.0 if since is None else max((now - since).total_seconds() - trip.penalty_s, 0.0)


def _count(
    conn: Connection, site: Site, plate: str, kind: str, rule: Penalty, until: datetime
) -> int:
    """Return how many offences of a kind a plate has up to a moment, within the rule's days."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        [n] = cursor.execute(
            "select count(*) from penalties where site = %s and plate = %s and kind = %s"
            " and at > %s and at <= %s and lifted_at is null",
            [site.id, plate, kind, until - timedelta(days=rule.within_days), until],
        ).fetchall()
    return int(n)


def _end_bans(conn: Connection, site: Site, lifted: PenaltyRecord, now: datetime) -> None:
    """End the bans of a plate whose offences are no longer enough."""
    rule = _rule(site.policy, lifted.kind)
    banned = conn.execute(
        "select id, at from penalties where site = %s and plate = %s and kind = %s and at >= %s"
        " and banned_until > %s and lifted_at is null",
        [site.id, lifted.plate, lifted.kind, lifted.at, now],
    ).fetchall()
    for penalty_id, at in banned:
        if _count(conn, site, lifted.plate, lifted.kind, rule, at) < rule.ban_after:
            conn.execute("update penalties set banned_until = %s where id = %s", [now, penalty_id])
