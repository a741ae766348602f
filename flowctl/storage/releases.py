"""Call-ups at rest: who leaves which yard, who did not follow, and which slots changed hands.

Each is written with its entries in the ledger and its messages, in the caller's transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg

from flowctl.controller import Decision
from flowctl.dispatch.legs import Move
from flowctl.dispatch.metering import Release
from flowctl.dispatch.reasons import Reason
from flowctl.dispatch.standby import Expired, Swap
from flowctl.ledger.codes import code_of
from flowctl.ledger.entries import Entry, Kind
from flowctl.site import Site
from flowctl.storage import ledger
from flowctl.storage.outbox import Outgoing, queue_messages, slot_message
from flowctl.storage.penalties import NO_SHOW, add_penalty

Connection = psycopg.Connection[Any]


def commit_releases(conn: Connection, site: Site, decision: Decision, *, now: datetime) -> None:
    """Write whom a decision calls up, whose call-up is over, and who exchanges slots."""
    _end(conn, decision.expired, now)
    _swap(conn, decision.swaps, now)
    _call(conn, decision.releases, decision.moves, now)
    entries = entries_of(decision, now)
    head = ledger.append(conn, site.id, site.policy.version, entries, now=now)
    code = {} if head is None else {"code": code_of(head.hash)}
    messages = [*_over_messages(decision.expired), *_swap_messages(site, decision.swaps, code)]
    messages += _call_messages(decision.releases, decision.moves)
    queue_messages(conn, messages, site=site.id, now=now)
    # What it costs is told after what happened.
    for one in decision.expired:
        if one.reason is Reason.NO_SHOW:
            add_penalty(
                conn,
                site,
                one.trip_id,
                kind=NO_SHOW,
                loses_s=site.policy.no_show.loses_s,
                reason=f"stood in {one.yard} after it was called up",
                actor="flowctl",
                now=now,
            )


def _end(conn: Connection, expired: Sequence[Expired], now: datetime) -> None:
    """Note why the newest call-up of each of these trips is over."""
    if not expired:
        return
    conn.execute(
        "update releases set ended = one.ended, expires_at = least(expires_at, %s)"
        " from unnest(%s::bigint[], %s::text[]) as one (trip_id, ended)"
        " where releases.trip_id = one.trip_id and releases.id ="
        "  (select max(id) from releases newest where newest.trip_id = one.trip_id)",
        [now, [one.trip_id for one in expired], [str(one.reason) for one in expired]],
    )


def _swap(conn: Connection, swaps: Sequence[Swap], now: datetime) -> None:
    """Give each of two drivers the other's slot; the plan it rests on goes with the slot."""
    if not swaps:
        return
    trips = [trip for swap in swaps for trip in (swap.gives, swap.takes)]
    others = [trip for swap in swaps for trip in (swap.takes, swap.gives)]
    conn.execute(
        "update slots set gate = theirs.gate, starts_at = theirs.starts_at,"
        " plan_id = theirs.plan_id, told_at = %s, swapped = true, accepted_at = null,"
        " late_until = null"
        " from unnest(%s::bigint[], %s::bigint[]) as one (trip_id, other),"
        "  (select * from slots where trip_id = any(%s)) theirs"
        " where slots.trip_id = one.trip_id and theirs.trip_id = one.other",
        [now, trips, others, trips],
    )
    conn.execute(
        "insert into slot_changes (trip_id, gate, starts_at, reason, plan_id, at)"
        " select trip_id, gate, starts_at, %s, plan_id, %s from slots"
        " where trip_id = any(%s) order by trip_id",
        [Reason.SWAPPED, now, trips],
    )


def _call(
    conn: Connection, releases: Sequence[Release], moves: Sequence[Move], now: datetime
) -> None:
    called = [
        *((one.trip_id, one.gate, one.yard, None, one.expires_at) for one in releases),
        *((one.trip_id, one.gate, one.yard, one.to_yard, one.expires_at) for one in moves),
    ]
    if not called:
        return
    conn.execute(
        "insert into releases (trip_id, gate, yard, to_yard, expires_at, released_at)"
        " select *, %s from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[],"
        " %s::timestamptz[])",
        [now, *(list(column) for column in zip(*called, strict=True))],
    )


def entries_of(decision: Decision, now: datetime) -> list[Entry]:
    """Return what the ledger says of a decision's call-ups, in the order in which they count."""
    return [
        *(_expired_entry(one, now) for one in decision.expired),
        *(_swapped_entry(one, now) for one in decision.swaps),
        *(_released_entry(one, now) for one in decision.releases),
        *(
            Entry(
                Kind.OVERTOOK,
                now,
                trip_id=one.trip_id,
                gate=one.gate,
                reason=one.reason,
                other_trip_ids=one.seniors,
                details={} if one.code is None else {"code": one.code, "act": one.act_id or 0},
            )
            for one in decision.overtakes
        ),
        # What no rule explains is an overtake too, and counted as one without a reason.
        *(
            Entry(
                Kind.OVERTOOK, now, trip_id=one.trip_id, gate=one.gate, other_trip_ids=one.seniors
            )
            for one in decision.unexplained
        ),
        *(_moved_entry(one, now) for one in decision.moves),
    ]


def _expired_entry(one: Expired, now: datetime) -> Entry:
    details: dict[str, int | str] = {"called_at": one.called_at.isoformat()}
    if one.yard is not None:
        details["yard"] = one.yard
    return Entry(
        Kind.RELEASE_EXPIRED,
        now,
        trip_id=one.trip_id,
        gate=one.gate,
        reason=one.reason,
        details=details,
    )


def _swapped_entry(swap: Swap, now: datetime) -> Entry:
    by_hand: dict[str, int | str] = {}
    if swap.act_id is not None:
        by_hand = {"act": swap.act_id, "was_gate": swap.slot_taken.gate}
    return Entry(
        Kind.SWAPPED,
        now,
        trip_id=swap.takes,
        gate=swap.gate,
        reason=Reason.SWAPPED,
        other_trip_ids=(swap.gives,),
        actor=swap.actor,
        details={
            **by_hand,
            "starts_at": swap.slot_given.starts_at.isoformat(),
            "was_starts_at": swap.slot_taken.starts_at.isoformat(),
        },
    )


def _released_entry(one: Release, now: datetime) -> Entry:
    return Entry(
        Kind.RELEASED,
        now,
        trip_id=one.trip_id,
        gate=one.gate,
        reason=one.reason,
        details={"yard": one.yard, "expires_at": one.expires_at.isoformat()},
    )


def _moved_entry(one: Move, now: datetime) -> Entry:
    return Entry(
        Kind.MOVED,
        now,
        trip_id=one.trip_id,
        gate=one.gate,
        details={
            "yard": one.yard,
            "to_yard": one.to_yard,
            "expires_at": one.expires_at.isoformat(),
        },
    )


def _over_messages(expired: Iterable[Expired]) -> list[Outgoing]:
    kinds = {Reason.NO_SHOW: "no_show"}
    return [
        Outgoing(one.trip_id, kinds.get(one.reason, "call_over"), {"gate": one.gate}, None)
        for one in expired
    ]


def _swap_messages(site: Site, swaps: Iterable[Swap], code: Mapping[str, str]) -> list[Outgoing]:
    return [
        slot_message(site, trip, slot, kind="slot_changed", reason=Reason.SWAPPED, code=code)
        for swap in swaps
        for trip, slot in ((swap.takes, swap.slot_given), (swap.gives, swap.slot_taken))
    ]


def _call_messages(releases: Iterable[Release], moves: Iterable[Move]) -> list[Outgoing]:
    return [
        *(
            Outgoing(one.trip_id, "call_up", {"gate": one.gate, "yard": one.yard}, one.expires_at)
            for one in releases
        ),
        # The yard a mover is told is the one it drives to.
        *(
            Outgoing(
                one.trip_id, "move_up", {"gate": one.gate, "yard": one.to_yard}, one.expires_at
            )
            for one in moves
        ),
    ]
