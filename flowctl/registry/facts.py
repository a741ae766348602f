"""What partners know of trips: it fills in what nobody said, and contradicts, never overwrites.

A field that a partner filled in is marked with where it came from. Where it differs from what is
declared, or would not fit it, a person decides: an open conflict (`flowctl.storage.conflicts`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flowctl.errors import ConflictError, FlowctlError, NotFoundError
from flowctl.registry import declarations
from flowctl.registry.catalogue import check_catalogue
from flowctl.registry.changes import TripChange, change
from flowctl.registry.keys import Keys
from flowctl.registry.plates import parse_plate
from flowctl.registry.rules import Declaration, check_papers, check_reference, check_weight
from flowctl.registry.trips import get_active
from flowctl.site import Site
from flowctl.state import Cargo, Direction
from flowctl.storage import conflicts as stored
from flowctl.storage.conflicts import FIELDS, OF_PAPERS, OF_TRIP, Conflict, Connection, Value
from flowctl.storage.declarations import mark_origins
from flowctl.storage.trips import TripRecord
from flowctl.storage.workflows import find_workflow, get_workflow


@dataclass(frozen=True, slots=True)
class Met:
    """What became of what a partner said: by field, in three lists."""

    filled: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)


def take_facts(
    conn: Connection,
    site: Site,
    keys: Keys,
    trip_id: int,
    facts: Mapping[str, Value],
    *,
    source: str,
    now: datetime,
) -> Met:
    """Fill in what the declaration of an active trip leaves open; what differs is a conflict.

    Parameters
    ----------
    facts
        By field, of `FIELDS`; None says nothing.
    source
        The partner, ``source:NAME``.

    Raises
    ------
    FlowctlError
        A value cannot be, whatever was declared.
    NotFoundError, ConflictError
        There is no such trip, or it is over.
    """
    trip = get_active(conn, site, trip_id)
    said = _in_one_spelling(conn, site, trip, facts, now)
    met = Met()
    for name, theirs in said.items():
        ours = _declared(conn, get_active(conn, site, trip_id))[name]
        if ours == theirs:
            stored.withdraw_conflict(conn, trip_id, name, source=source, now=now)
            met.same.append(name)
        elif ours is None and _fill(conn, site, keys, trip_id, name, theirs, source, now):
            met.filled.append(name)
        else:
            stored.open_conflict(
                conn, trip_id, name, ours=ours, theirs=theirs, source=source, now=now
            )
            met.conflicts.append(name)
    return met


def decide(
    conn: Connection,
    site: Site,
    keys: Keys,
    conflict_id: int,
    *,
    take: bool,
    by: str,
    now: datetime,
) -> Conflict:
    """Let the declaration's word stand, or take the partner's in its place; returns how it ended.

    What is kept is remembered: the same word of the same partner opens no conflict again.

    Raises
    ------
    NotFoundError, ConflictError
        There is no such conflict, it was decided already, or the value cannot stand with the rest
        of the declaration, or a stage settled it.
    """
    # The trip's row is the turn of who decides.
    found = _get(conn, site, conflict_id)
    get_active(conn, site, found.trip)
    found = _get(conn, site, conflict_id)
    if found.state != "open":
        raise ConflictError(
            f"{found.decided_by} decided this at {found.decided_at}: {found.state}.",
            kind="conflict_decided",
            values={"by": found.decided_by, "at": found.decided_at},
        )
    stored.decide_conflict(conn, conflict_id, taken=take, by=by, now=now)
    if take:
        wish = _wish(found.field, found.theirs)
        change(conn, site, keys, found.trip, wish, by=by, now=now, origin=found.source)
    return _get(conn, site, conflict_id)


def know_ahead(
    conn: Connection,
    site: Site,
    keys: Keys,
    reference: str,
    facts: Mapping[str, Any],
    *,
    plate: str | None,
    source: str,
    now: datetime,
) -> Met | None:
    """Keep what a partner knows of a journey that nobody declared yet, under its own number.

    Where it was declared meanwhile the facts go to its trip; None where it was not.
    """
    mark = None if plate is None else parse_plate(plate).text
    name = source.removeprefix("source:")
    trip_id = stored.put_foreknown(conn, site.id, name, reference, plate=mark, facts=facts, now=now)
    if trip_id is None:
        return None
    known = {name: value for name, value in facts.items() if name in FIELDS}
    return take_facts(conn, site, keys, trip_id, known, source=source, now=now)


def meet_foreknown(
    conn: Connection, site: Site, keys: Keys, trip_id: int, *, now: datetime
) -> None:
    """Let what partners knew of a journey meet what was declared of it, once it is.

    What was declared as a partner knew it is marked as the partner's word, as what it fills in is:
    the form was filled in with it, and it came back unchanged.
    """
    for name, facts in stored.take_foreknown(conn, site.id, trip_id):
        known = {name: value for name, value in facts.items() if name in FIELDS}
        source = f"source:{name}"
        met = take_facts(conn, site, keys, trip_id, known, source=source, now=now)
        mark_origins(conn, trip_id, met.same, source)


def _in_one_spelling(
    conn: Connection, site: Site, trip: TripRecord, facts: Mapping[str, Value], now: datetime
) -> dict[str, Value]:
    """Return what was said, each field as a declaration would keep it, checked by itself."""
    unknown = sorted(set(facts) - set(FIELDS))
    if unknown:
        raise FlowctlError(f"Partners say {', '.join(FIELDS)}; not {', '.join(unknown)}.")
    said = {name: value for name, value in facts.items() if value is not None}
    row = declarations.find_whole(conn, trip.id, trip.plate, today=now.date())
    papers: dict[str, Any] = {name: said[name] for name in OF_PAPERS if name in said}
    declared = Declaration(
        plate=trip.plate,
        phone=None,
        language=trip.language,
        direction=Direction(trip.direction),
        cargo=Cargo(trip.cargo),
        gates=tuple(trip.gates),
        ready_at=trip.ready_at,
        **papers,
    )
    workflow = None
    if row.workflow_id is not None:
        workflow = get_workflow(conn, row.workflow_id)
    elif (found := find_workflow(conn, site.id, now)) is not None:
        workflow = found[1]
    checked = check_catalogue(workflow, check_papers(site, declared, parse_plate(trip.plate)))
    known: dict[str, Value] = {name: getattr(checked, name) for name in papers}
    if "weight_t" in said:
        known["weight_t"] = check_weight(float(said["weight_t"] or 0))
    if "declaration" in said:
        known["declaration"] = check_reference(str(said["declaration"]))
    return known


def _declared(conn: Connection, trip: TripRecord) -> dict[str, Value]:
    papers = declarations.find_whole(conn, trip.id, trip.plate, today=trip.ready_at.date()).papers
    ours: dict[str, Value] = {name: getattr(papers, name) for name in OF_PAPERS}
    return ours | {name: getattr(trip, name) for name in OF_TRIP}


def _fill(
    conn: Connection,
    site: Site,
    keys: Keys,
    trip_id: int,
    name: str,
    value: Value,
    source: str,
    now: datetime,
) -> bool:
    """Fill a field in; False where it would not fit the rest of the declaration."""
    try:
        with conn.transaction():
            wish = _wish(name, value)
            change(conn, site, keys, trip_id, wish, by=source, now=now, origin=source)
    except FlowctlError:
        return False
    return True


def _wish(name: str, value: Value) -> TripChange:
    if name == "weight_t" and isinstance(value, float | int):
        return TripChange(weight_t=float(value))
    if name == "declaration":
        return TripChange(declaration=str(value))
    return TripChange(papers={name: value})


def _get(conn: Connection, site: Site, conflict_id: int) -> Conflict:
    found = stored.find_conflict(conn, site.id, conflict_id)
    if found is None:
        raise NotFoundError(f"There is no conflict {conflict_id}.", kind="no_conflict")
    return found
