"""What an officer decides of a truck at the gate: admitted, refused, or come out of its time.

Each decision goes into the ledger with the officer's name. An admission counts the truck as
entered, so that one without a tracker loads the gate as well; what its tracker shows beside that
is the same entry and counts once (`flowctl.storage.snapshot.gate_histories`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from flowctl.errors import FlowctlError, NotFoundError
from flowctl.ledger.entries import Entry, Kind
from flowctl.registry.plates import parse_plate
from flowctl.registry.requests import Obstacle, RefusedError
from flowctl.registry.trips import cancel, get_active, observe, record
from flowctl.site import Site
from flowctl.storage import gate_decisions as stored
from flowctl.storage.gate_decisions import Connection, DecisionRow, PlateTrip
from flowctl.storage.gate_events import GateEvent

_SAME_ADMISSION = timedelta(hours=12)
"""Two officers who admit one truck within a night have seen one truck."""
_ENDED_LATELY = timedelta(hours=24)


class Verdict(StrEnum):
    """What was decided."""

    ADMITTED = "admitted"
    REFUSED = "refused"
    EARLY = "early"
    LATE = "late"


class Refusal(StrEnum):
    """Why a truck was refused; a code, for the ledger holds no free words about people."""

    PAPERS = "papers"
    PLATE_DIFFERS = "plate_differs"
    CARGO_DIFFERS = "cargo_differs"
    NOT_CALLED = "not_called"
    NOT_DUE = "not_due"
    WRONG_GATE = "wrong_gate"
    PASS_INVALID = "pass_invalid"  # noqa: S105 - a code
    UNFIT = "unfit"


_KINDS = {
    Verdict.ADMITTED: Kind.ADMITTED,
    Verdict.REFUSED: Kind.REFUSED,
    Verdict.EARLY: Kind.CAME_EARLY,
    Verdict.LATE: Kind.CAME_LATE,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision as the officer's page sends it, maybe hours after ``at``.

    The truck goes by ``trip_id`` where it has one, else by ``plate``. ``uncleared``: it was
    admitted although the page showed that agencies had not confirmed all, by a second press.
    """

    id: UUID
    verdict: Verdict
    at: datetime
    trip_id: int | None = None
    plate: str | None = None
    refusal: Refusal | None = None
    uncleared: bool = False


def decide(
    conn: Connection, site: Site, gate: str, decision: Decision, *, by: str, now: datetime
) -> bool:
    """Enter a decision once; tells whether it was new. In the caller's transaction.

    Raises
    ------
    NotFoundError
        There is no such trip.
    FlowctlError
        No truck is named, the plate is none, or a reason is missing or out of place.
    """
    if (decision.refusal is None) == (decision.verdict is Verdict.REFUSED):
        raise FlowctlError(
            "A refusal needs a reason of the list, and nothing else has one.", kind="refusal_reason"
        )
    if decision.uncleared and decision.verdict is not Verdict.ADMITTED:
        raise FlowctlError(
            "Only an admission can be of a truck that is not cleared.", kind="uncleared_admission"
        )
    trip = _trip_of(conn, site, decision, now)
    plate = parse_plate(decision.plate or "").text if trip is None else trip.plate
    row = DecisionRow(
        id=str(decision.id),
        gate=gate,
        trip_id=None if trip is None else trip.id,
        plate=plate,
        kind=decision.verdict,
        reason=decision.refusal,
        at=decision.at,
        decided_by=by,
    )
    if not stored.insert_decision(conn, row, site=site.id, now=now):
        return False
    if decision.verdict is Verdict.ADMITTED and not stored.is_admitted_otherwise(
        conn, row, site=site.id, within=_SAME_ADMISSION
    ):
        direction = "export" if trip is None else trip.direction
        entered = GateEvent(direction, "entered", plate, decision.at)
        observe(conn, site, gate, [entered], by=by, now=now)
    entry = Entry(
        _KINDS[decision.verdict],
        decision.at,
        row.trip_id,
        gate=gate,
        reason=decision.refusal,
        actor=by,
        details={"uncleared": 1} if decision.uncleared else {},
    )
    record(conn, site, entry, now)
    return True


def withdraw(conn: Connection, site: Site, trip_id: int, *, by: str, now: datetime) -> None:
    """Cancel a trip at its driver's wish, as long as no officer let its truck in.

    Raises
    ------
    RefusedError
        The truck was admitted.
    ConflictError
        The trip is over.
    """
    get_active(conn, site, trip_id)
    admission = stored.find_admission(conn, trip_id)
    if admission is not None:
        at = admission.at.astimezone(site.timezone).isoformat(sep=" ", timespec="minutes")
        raise RefusedError(
            Obstacle.CALLED,
            f"The truck of trip {trip_id} was admitted at {admission.gate} at {at};"
            " its trip can no longer be cancelled.",
        )
    cancel(conn, site, trip_id, by=by, now=now)


def _trip_of(conn: Connection, site: Site, decision: Decision, now: datetime) -> PlateTrip | None:
    if decision.trip_id is not None:
        trip = stored.find_trip(conn, decision.trip_id, site=site.id)
        if trip is None:
            raise NotFoundError(f"There is no trip {decision.trip_id}.", kind="no_trip")
        if decision.plate is not None and parse_plate(decision.plate).text != trip.plate:
            raise FlowctlError(
                f"Trip {trip.id} is the truck {trip.plate}'s, not {decision.plate}'s; name one."
            )
        return trip
    if decision.plate is None:
        raise FlowctlError("A decision names its truck by a trip or a plate.")
    plate = parse_plate(decision.plate).text
    return stored.find_trip_of_plate(conn, plate, site=site.id, ended_since=now - _ENDED_LATELY)
