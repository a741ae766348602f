"""Arrivals in the ledger: each once when it is proved, and again where it is proved otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from flowctl.dispatch.reasons import Reason
from flowctl.ledger.entries import Entry, Kind
from flowctl.site import Site
from flowctl.state import LiveTrip
from flowctl.storage.ledger import append

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Proof:
    """What an arrival rests on now, and what was found to be otherwise since it was logged.

    ``fixes`` are those that show the truck inside; ``proof`` is ``fixes`` where they came in time,
    ``second_word`` where a yard or another device bears them out, ``received`` where the arrival
    counts only since they were received, ``by_hand`` where an operator said so. ``accepted`` is an
    arrival that a former device proved and an operator let count. ``by_phone``: the trip is
    followed by its driver's phone, which may be where the truck is not. ``why`` is that of the
    newest revision of the device's stays in yards since ``logged_at``; ``was_by_hand``: an operator
    said something of the truck since then, or took it back.
    """

    trip_id: int
    yard: str | None
    entered_at: datetime | None
    fixes: int | None
    proof: str | None
    accepted: bool
    why: str | None
    logged_at: datetime | None
    was: datetime | None
    by_phone: bool
    was_by_hand: bool


def log_arrivals(conn: Connection, site: Site, trips: Sequence[LiveTrip], now: datetime) -> None:
    """Enter into the ledger who has arrived, and whose arrival counts from another moment now.

    A trip whose arrival is where the ledger has it costs nothing but a look.
    """
    changed = _list_changed(conn, trips)
    if not changed:
        return
    counted = {trip.id: trip for trip in trips if trip.id in changed}
    proofs = _list_proofs(conn, counted)
    entries = [_entry(counted[proof.trip_id], proof, now) for proof in proofs]
    append(conn, site.id, site.policy.version, entries, now=now)
    conn.execute(
        "insert into ledger_arrivals (trip_id, counted_at, logged_at)"
        " select trip_id, counted_at, %s from unnest(%s::bigint[], %s::timestamptz[])"
        "  as given (trip_id, counted_at)"
        " on conflict (trip_id) do update set counted_at = excluded.counted_at,"
        " logged_at = excluded.logged_at",
        [now, list(counted), [trip.counted_at for trip in counted.values()]],
    )


def _list_changed(conn: Connection, trips: Sequence[LiveTrip]) -> set[int]:
    """Return the trips whose arrival is not the one that was logged; one never proved is none."""
    rows = conn.execute(
        "select trip_id from unnest(%s::bigint[], %s::timestamptz[]) as given (trip_id, counted_at)"
        " left join ledger_arrivals logged using (trip_id)"
        " where logged.counted_at is distinct from given.counted_at",
        [[trip.id for trip in trips], [trip.counted_at for trip in trips]],
    ).fetchall()
    return {trip for (trip,) in rows}


def _list_proofs(conn: Connection, trips: Mapping[int, LiveTrip]) -> list[Proof]:
    """Return what each trip's arrival rests on, in the order in which the trips count."""
    with conn.cursor(row_factory=class_row(Proof)) as cursor:
        return cursor.execute(
            """
            select given.trip_id, stay.yard, stay.entered_at, stay.fixes, stay.proof, revised.why,
                   t.device_accepted_at is not null
                       and t.left_counted_at = given.counted_at as accepted,
                   logged.logged_at, logged.counted_at as was,
                   exists (select from devices v where v.id = t.device_id and v.is_phone)
                       as by_phone,
                   exists (select from hand_words w where w.trip_id = t.id
                       and greatest(w.undone_at, w.contradicted_at, w.seconded_at, w.said_at)
                           >= logged.logged_at) as was_by_hand
            from unnest(%s::bigint[], %s::timestamptz[]) as given (trip_id, counted_at)
            join trips t on t.id = given.trip_id
            left join ledger_arrivals logged on logged.trip_id = t.id
            left join lateral (
                select a.zone as yard, a.entered_at,
                       case when a.counted_at is null then 'fixes'
                            when a.counts_at < a.counted_at then 'second_word'
                            else 'received' end as proof,
                       (a.evidence ? 'first')::int + (a.evidence ? 'confirming')::int
                           + (a.evidence ? 'within')::int as fixes
                from sound_arrivals a
                where a.device_id = t.device_id and a.role = 'yard'
                  -- Of the trip, as storage.live has it, and not of an earlier one.
                  and coalesce(a.left_at, 'infinity') >= greatest(t.registered_at, t.device_since)
                  and greatest(a.counts_at, t.registered_at, t.device_since) = given.counted_at
                union all
                select h.yard, h.entered_at, 'by_hand', null from hand_stays h
                where h.trip_id = t.id
                  and greatest(h.counts_at, t.registered_at) = given.counted_at
                order by entered_at limit 1
            ) stay on true
            left join lateral (
                select r.why from visit_revisions r
                where r.device_id = t.device_id and r.known_at >= logged.logged_at
                order by r.id desc limit 1
            ) revised on true
            order by given.counted_at, given.trip_id
            """,
            [list(trips), [trip.counted_at for trip in trips.values()]],
        ).fetchall()


def _entry(trip: LiveTrip, proof: Proof, now: datetime) -> Entry:
    details: dict[str, int | str] = {
        name: value
        for name, value in {
            "counted_at": _text(trip.counted_at),
            "entered_at": _text(proof.entered_at),
            "was_counted_at": _text(proof.was),
            "yard": proof.yard,
            "proof": proof.proof,
            "fixes": proof.fixes,
            "tracker": "phone" if proof.by_phone else None,
        }.items()
        if value is not None
    }
    gate = next(iter(trip.gates), None)
    if proof.logged_at is None and trip.counted_at is not None:
        return Entry(Kind.ARRIVED, trip.counted_at, trip.id, gate, details=details)
    return Entry(Kind.REVISED, now, trip.id, gate, _reason(proof), details=details)


def _reason(proof: Proof) -> Reason:
    """Return why an arrival counts otherwise: by whose word, or by what was found."""
    if proof.accepted:
        return Reason.DEVICE_ACCEPTED
    if proof.why is not None:
        return Reason(proof.why)
    if proof.proof == "second_word":
        return Reason.SECOND_WORD
    if proof.was_by_hand:
        return Reason.BY_HAND
    return Reason.OTHER_DEVICE


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
