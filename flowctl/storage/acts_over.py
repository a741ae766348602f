"""Acts that came to their end: used, over, or come to nothing; noted with every tick."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from psycopg.rows import class_row

from flowctl.controller import Decision
from flowctl.dispatch.called import in_transit
from flowctl.dispatch.exchanges import exchange_fault
from flowctl.hand import HOLDS, ActKind, ActState
from flowctl.ledger.entries import Entry, Kind
from flowctl.site import Site
from flowctl.state import Snapshot, Stage
from flowctl.storage import ledger
from flowctl.storage.acts import (
    FLOWCTL,
    RECORDS,
    ActRecord,
    Connection,
    close_act,
)

_ENDS: Mapping[str, Kind] = {
    ActKind.HOLD_TRUCK: Kind.HOLD_ENDED,
    ActKind.HOLD_CLASS: Kind.HOLD_ENDED,
    ActKind.CAPACITY: Kind.CAPACITY_ENDED,
    ActKind.OPEN_GATE: Kind.OPENED_ENDED,
    ActKind.PIN: Kind.UNPINNED,
    ActKind.FORWARD: Kind.FORWARD_ENDED,
}
_USED = "used"
_Verdict = tuple[ActState, str]


def ended_entry(found: ActRecord, now: datetime, *, actor: str, outcome: str) -> Entry | None:
    """Return what the ledger says of an act that stood and is over; nothing of a swap."""
    kind = _ENDS.get(found.kind)
    if kind is None:
        return None
    return Entry(
        kind,
        now,
        found.trip_id,
        gate=found.gate,
        reason=outcome,
        actor=actor,
        details={"act": found.id},
    )


def settle_acts(conn: Connection, site: Site, snapshot: Snapshot, decision: Decision) -> None:
    """Close the acts that are used, over, or can no longer be, after a tick's decision.

    Those that somebody is ending at this moment are left to him: whoever does waits for the
    ledger, which this transaction may hold.

    Parameters
    ----------
    conn, site
        The tick's.
    snapshot
        What it was decided from.
    decision
        As it was kept.
    """
    now = snapshot.now
    with conn.cursor(row_factory=class_row(ActRecord), binary=True) as cursor:
        open_acts = cursor.execute(
            RECORDS + " where a.site = %s and a.state in ('waiting', 'standing') order by a.id"
            " for update of a skip locked",
            [site.id],
        ).fetchall()
    if not open_acts:
        return
    active = _list_active(conn, open_acts)
    entries = []
    for found in open_acts:
        verdict = _verdict(site, snapshot, decision, found, active)
        if verdict is None:
            continue
        state, outcome = verdict
        close_act(conn, found.id, state=state, by=FLOWCTL, outcome=outcome, now=now)
        if found.state == ActState.STANDING and outcome != _USED:
            entry = ended_entry(found, now, actor=FLOWCTL, outcome=outcome)
            entries += [] if entry is None else [entry]
    ledger.append(conn, site.id, site.policy.version, entries, now=now)


def _list_active(conn: Connection, found: list[ActRecord]) -> set[int]:
    named = {trip for one in found for trip in (one.trip_id, one.other_trip_id) if trip is not None}
    rows = conn.execute(
        "select id from trips where id = any(%s) and state = 'active'", [list(named)]
    ).fetchall()
    return {int(trip) for (trip,) in rows}


def _verdict(
    site: Site, snapshot: Snapshot, decision: Decision, found: ActRecord, active: set[int]
) -> _Verdict | None:
    """Return what became of an act, None where it goes on."""
    now, rules = snapshot.now, site.policy.hand
    if any(trip not in active for trip in (found.trip_id, found.other_trip_id) if trip is not None):
        return ActState.LAPSED, "trip_over"
    if found.state == ActState.WAITING:
        until = found.entered_at + timedelta(seconds=rules.approve_within_s)
        return (ActState.LAPSED, "not_approved") if until < now else None
    if found.ends_at is not None and found.ends_at <= now:
        return ActState.DONE, "time_over"
    verdict = None
    if found.kind in HOLDS and found.ends_at is None:
        longest = found.stands_since + timedelta(seconds=rules.longest_hold_s)
        verdict = (ActState.LAPSED, "longest_hold") if longest <= now else None
    elif found.kind in (ActKind.PIN, ActKind.FORWARD):
        verdict = _of_place(site, snapshot, decision, found)
    elif found.kind == ActKind.SWAP:
        verdict = _of_swap(snapshot, decision, found)
    return verdict


def _of_place(
    site: Site, snapshot: Snapshot, decision: Decision, found: ActRecord
) -> _Verdict | None:
    """Return whether a truck that was pinned or brought forward has gone."""
    if any(one.trip_id == found.trip_id for one in decision.releases):
        return ActState.DONE, _USED
    trip = next((one for one in snapshot.trips if one.id == found.trip_id), None)
    if trip is not None and (
        trip.stage in (Stage.QUEUED, Stage.IN_LANE, Stage.CLEARED) or in_transit(trip, snapshot.now)
    ):
        return ActState.DONE, _USED
    if found.kind == ActKind.PIN and found.starts_at is not None:
        late = timedelta(seconds=site.dispatch.slot_s + site.policy.slot.late_s)
        if found.starts_at + late < snapshot.now:
            return ActState.LAPSED, "cannot"
    return None


def _of_swap(snapshot: Snapshot, decision: Decision, found: ActRecord) -> _Verdict | None:
    if any(swap.act_id == found.id for swap in decision.swaps):
        return ActState.DONE, _USED
    act = next((act for act in snapshot.acts if act.id == found.id), None)
    if act is not None and exchange_fault(snapshot, act) is not None:
        return ActState.LAPSED, "cannot"
    return None
