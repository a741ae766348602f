"""Acts of operators: entered, approved by another account, refused, ended.

Each in the caller's transaction, with its entry in the ledger and in the log of acts. What an act
does to the order is decided by the next tick, which reads those that stand.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flowctl.dispatch.hand_checks import refusal
from flowctl.errors import ConflictError, NotFoundError, Refusal, Value
from flowctl.hand import (
    Act,
    ActKind,
    ActState,
)
from flowctl.ledger.entries import Entry, Kind
from flowctl.registry.act_checks import check, local
from flowctl.registry.trips import record
from flowctl.site import Site
from flowctl.storage import acts as stored
from flowctl.storage.acts import ActRecord, Connection
from flowctl.storage.acts_over import ended_entry
from flowctl.storage.audit import By, add_record
from flowctl.storage.reading import read_trips
from flowctl.storage.trips import find_trip_locked

_BEGINS: Mapping[ActKind, Kind] = {
    ActKind.HOLD_TRUCK: Kind.HELD,
    ActKind.HOLD_CLASS: Kind.HELD,
    ActKind.CAPACITY: Kind.CAPACITY,
    ActKind.OPEN_GATE: Kind.OPENED,
    ActKind.PIN: Kind.PINNED,
    ActKind.FORWARD: Kind.FORWARDED,
}
"""What the ledger says when an act begins to stand; of a swap it speaks once it is done."""
_SAID: Mapping[str, str] = {
    ActKind.HOLD_TRUCK: "held trip {trip}",
    ActKind.PIN: "pinned the slot of trip {trip}",
    ActKind.SWAP: "had trips {trip} and {other} exchange their slots",
    ActKind.FORWARD: "brought trip {trip} forward",
    ActKind.HOLD_CLASS: "held a class of trucks",
    ActKind.CAPACITY: "said what {gate} takes",
    ActKind.OPEN_GATE: "opened {gate} beyond its hours",
}
_OVER: Mapping[str, str] = {
    ActState.DONE: "was done",
    ActState.ENDED: "was ended by {by}",
    ActState.REFUSED: "was refused by {by}",
    ActState.LAPSED: "lapsed",
}


def begin(
    conn: Connection,
    site: Site,
    act: Act,
    *,
    effect: Mapping[str, Any] | None,
    by: By,
    now: datetime,
) -> int:
    """Enter an act; returns its id. Where two are to decide it waits for the other.

    Raises
    ------
    FlowctlError
        Its reason is none of the list, or its times cannot be.
    NotFoundError, ConflictError
        There is no such trip, it is over, or another act on it stands.
    """
    check_free(conn, site, act, now)
    _refuse_impossible(conn, site, act, now)
    waits = act.kind is ActKind.FORWARD and site.policy.hand.four_eyes
    state = ActState.WAITING if waits else ActState.STANDING
    act_id = stored.insert_act(conn, site.id, act, state=state, effect=effect)
    _log(conn, site, by, replace(act, id=act_id), "ask" if waits else "begin", now)
    if not waits:
        _enter(conn, site, get_act(conn, site, act_id), by, now)
    return act_id


def approve(conn: Connection, site: Site, act_id: int, *, by: By, now: datetime) -> None:
    """Let an act stand that another account entered.

    Raises
    ------
    NotFoundError, ConflictError
        There is none, it does not wait (any more), or the same account entered it.
    """
    found = _get_open(conn, site, act_id, "approved")
    if found.state != ActState.WAITING:
        raise ConflictError.of(_no_longer(site, found, "approved"))
    if found.entered_by == by.name:
        raise ConflictError(
            f"{by.name} entered act {act_id}: another account has to approve it.", kind="own_act"
        )
    until = found.entered_at + timedelta(seconds=site.policy.hand.approve_within_s)
    if now > until:
        raise ConflictError(
            f"Act {act_id} was to be approved until {local(site, until)}; enter it anew.",
            kind="approve_late",
            values={"at": until},
        )
    _refuse_impossible(conn, site, act_of(found), now)
    stored.approve_act(conn, act_id, by=by.name, now=now)
    _log(conn, site, by, act_of(found), "approve", now)
    _enter(conn, site, get_act(conn, site, act_id), by, now)


def refuse(conn: Connection, site: Site, act_id: int, *, note: str, by: By, now: datetime) -> None:
    """Refuse an act that waits to be approved.

    Raises
    ------
    NotFoundError, ConflictError
        There is none, or it does not wait (any more).
    """
    found = _get_open(conn, site, act_id, "refused")
    if found.state != ActState.WAITING:
        raise ConflictError.of(_no_longer(site, found, "refused"))
    stored.close_act(
        conn, act_id, state=ActState.REFUSED, by=by.name, outcome=note or "refused", now=now
    )
    _log(conn, site, by, act_of(found), "refuse", now)


def end(conn: Connection, site: Site, act_id: int, *, note: str, by: By, now: datetime) -> None:
    """End an act that waits or stands.

    Raises
    ------
    NotFoundError, ConflictError
        There is none, or it is over: then with who ended it, and when.
    """
    found = _get_open(conn, site, act_id)
    stored.close_act(
        conn, act_id, state=ActState.ENDED, by=by.name, outcome=note or "ended", now=now
    )
    _log(conn, site, by, act_of(found), "end", now)
    if found.state == ActState.STANDING:
        entry = ended_entry(found, now, actor=by.name, outcome="ended")
        if entry is not None:
            record(conn, site, entry, now)


def get_act(conn: Connection, site: Site, act_id: int) -> ActRecord:
    """Return an act of any state.

    Raises
    ------
    NotFoundError
        There is none.
    """
    found = stored.find_act(conn, site.id, act_id)
    if found is None:
        raise NotFoundError(f"There is no act {act_id}.", kind="no_act")
    return found


def check_free(conn: Connection, site: Site, act: Act, now: datetime) -> None:
    """Refuse an act that cannot be entered; its trips are locked until the transaction ends.

    Raises
    ------
    FlowctlError, NotFoundError, ConflictError
        See `begin`.
    """
    check(site, act, now)
    _lock_trips(conn, site, act.trips)
    _refuse_second(conn, site, act)


def _lock_trips(conn: Connection, site: Site, trips: tuple[int, ...]) -> None:
    """Lock active trips, in the order of their numbers, until the transaction ends.

    Raises
    ------
    NotFoundError, ConflictError
        There is no such trip, or it is over: then with what became of it, and when.
    """
    for trip_id in sorted(trips):
        trip = find_trip_locked(conn, trip_id, site=site.id)
        if trip is None:
            raise NotFoundError(f"There is no trip {trip_id}.", kind="no_trip")
        if trip.state != "active":
            when = "" if trip.ended_at is None else f" at {local(site, trip.ended_at)}"
            what = "passed" if trip.state == "cleared" else "was cancelled"
            raise ConflictError(
                f"Trip {trip_id} ({trip.plate}) {what}{when}; nothing can be done.",
                kind="trip_over",
                values={"plate": trip.plate, "state": trip.state, "at": trip.ended_at},
            )


def _refuse_second(conn: Connection, site: Site, act: Act) -> None:
    """Refuse an act beside another on the same truck, or of the same gate's time.

    Raises
    ------
    ConflictError
        Names who did what, and when.
    """
    others = stored.list_open_of_trips(conn, site.id, act.trips) if act.trips else []
    if act.kind in (ActKind.CAPACITY, ActKind.OPEN_GATE) and act.gate is not None:
        others = [
            one
            for one in stored.list_open_of_gate(conn, site.id, act.kind, act.gate)
            if _overlap(one, act)
        ]
    for one in others:
        sentence = (
            f"{said(one)} at {local(site, one.entered_at)} already (act {one.id},"
            f" {one.state}); end that one first."
        )
        by: dict[str, Value] = {"by": one.entered_by, "at": one.entered_at, "act": one.kind}
        if one.trip_id is None:
            values = {**by, "gate": one.gate}
            raise ConflictError(sentence, kind="other_act_at_gate", values=values)
        values = {**by, "plate": one.plate}
        raise ConflictError(sentence, kind="other_act_on_truck", values=values)


def _refuse_impossible(conn: Connection, site: Site, act: Act, now: datetime) -> None:
    """Refuse what cannot be any more: its trips are locked, and read anew."""
    fault = refusal(read_trips(conn, site, act.trips, now), act)
    if fault is not None:
        raise ConflictError.of(fault)


def _overlap(one: ActRecord, act: Act) -> bool:
    starts = act.starts_at or act.changed_at
    before = one.ends_at is not None and one.ends_at <= starts
    after = act.ends_at is not None and one.starts_at is not None and act.ends_at <= one.starts_at
    return not before and not after


def said(found: ActRecord) -> str:
    """Return who entered an act, and what it is, as the beginning of a sentence."""
    what = _SAID[found.kind].format(trip=found.trip_id, other=found.other_trip_id, gate=found.gate)
    return f"{found.entered_by} {what}"


def _get_open(conn: Connection, site: Site, act_id: int, wanted: str = "ended") -> ActRecord:
    """Return an act that waits or stands, locked after its trips as everybody does."""
    seen = get_act(conn, site, act_id)
    for trip_id in sorted(act_of(seen).trips):
        find_trip_locked(conn, trip_id, site=site.id)
    found = stored.find_act(conn, site.id, act_id, lock=True)
    if found is None:
        raise NotFoundError(f"There is no act {act_id}.", kind="no_act")
    if not found.is_open:
        raise ConflictError.of(_no_longer(site, found, wanted))
    return found


def _no_longer(site: Site, found: ActRecord, wanted: str) -> Refusal:
    """Return what became of an act, by whom and when."""
    if found.state == ActState.STANDING:
        if found.approved_at is None:
            sentence = f"Act {found.id} stands and needs no approval; end it instead."
            return Refusal(sentence, kind="act_needs_no_approval")
        return Refusal(
            f"Act {found.id} was approved by {found.approved_by} at"
            f" {local(site, found.approved_at)} already; it can only be ended.",
            kind="act_approved",
            values={"by": found.approved_by, "at": found.approved_at},
        )
    over = _OVER.get(found.state, found.state).format(by=found.ended_by)
    when = "" if found.ended_at is None else f" at {local(site, found.ended_at)}"
    sentence = f"Act {found.id} {over}{when} already; it can no longer be {wanted}."
    what: dict[str, Value] = {"outcome": found.state, "at": found.ended_at}
    if found.ended_by is None:
        return Refusal(sentence, kind="act_over", values=what)
    return Refusal(sentence, kind="act_over_by", values={**what, "by": found.ended_by})


def act_of(found: ActRecord) -> Act:
    """Return an act as it stands in the plan."""
    return Act(
        ActKind(found.kind),
        found.reason,
        found.entered_by,
        found.stands_since,
        found.id,
        found.note,
        found.trip_id,
        found.other_trip_id,
        found.gate,
        found.cargo,
        found.haulier,
        found.per_h,
        found.starts_at,
        found.ends_at,
    )


def _enter(conn: Connection, site: Site, found: ActRecord, by: By, now: datetime) -> None:
    """Write into the ledger that an act stands."""
    kind = _BEGINS.get(ActKind(found.kind))
    if kind is None:
        return
    details: dict[str, int | str] = {"act": found.id}
    if found.cargo is not None:
        details["cargo"] = found.cargo
    if found.haulier is not None:
        details["class"] = "haulier"
    if found.per_h is not None:
        details["per_h"] = round(found.per_h)
    for name, moment in (("starts_at", found.starts_at), ("ends_at", found.ends_at)):
        if moment is not None:
            details[name] = moment.isoformat()
    if found.approved_by is not None:
        details["asked_by"] = found.entered_by
    entry = Entry(
        kind,
        now,
        found.trip_id,
        gate=found.gate,
        reason=found.reason,
        actor=by.name,
        details=details,
    )
    record(conn, site, entry, now)


def _log(conn: Connection, site: Site, by: By, act: Act, what: str, now: datetime) -> None:
    subject = f"gate:{act.gate}" if act.trip_id is None else f"trip:{act.trip_id}"
    if act.trip_id is None and act.gate is None:
        subject = f"act:{act.id}"
    shown = {
        "act": act.id,
        "reason": act.reason,
        "other_trip_id": act.other_trip_id,
        "gate": act.gate,
        "cargo": act.cargo,
        "haulier": act.haulier,
        "per_h": act.per_h,
        "starts_at": None if act.starts_at is None else act.starts_at.isoformat(),
        "ends_at": None if act.ends_at is None else act.ends_at.isoformat(),
    }
    said_of = {key: value for key, value in shown.items() if value is not None}
    begins = what in ("begin", "ask")
    add_record(
        conn,
        site.id,
        by,
        act=f"{act.kind}.{what}",
        subject=subject,
        before=None if begins else said_of,
        after=said_of if begins or what == "approve" else None,
        at=now,
    )
