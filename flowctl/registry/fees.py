"""What trips owe and what is paid for them; each in the caller's transaction.

Who works a trip's dues out, takes a payment or gives one back holds the trip's row until the
transaction ends: two cashiers at once take turns, and the second sees what the first took.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flowctl.errors import ConflictError, FlowctlError, NotFoundError
from flowctl.fees.file import MOST_VND
from flowctl.fees.schedule import Dues, Facts, Per, Schedule, Stay, due, spread
from flowctl.site import Site
from flowctl.storage import fees as stored
from flowctl.storage.fees import (
    Connection,
    DuesRecord,
    PaymentRecord,
    PaymentValues,
    receipt_number,
)
from flowctl.storage.live import find_live
from flowctl.storage.trips import TripRecord, find_trip_locked
from flowctl.workflow.stages import Origin

HAND_METHODS = ("cash", "transfer", "card")
"""How an account may have been paid; a provider's own name comes with its signed message."""
_LONGEST = 80
_PAID_AHEAD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Bill:
    """What a trip owes now, by a schedule, and what was paid."""

    schedule: Schedule
    record: DuesRecord
    payments: Sequence[PaymentRecord]

    @property
    def due_vnd(self) -> int:
        """Return what is still to be paid; below 0: to be given back."""
        return self.record.dues.total_vnd - self.record.paid_vnd


def bill(conn: Connection, site: Site, trip_id: int, *, now: datetime) -> None:
    """Work a trip's dues out anew, by the schedule it was first billed by.

    Called where its facts, its stages or its payments changed. Where nothing is due any more the
    stage that payment confirms is confirmed; where something is due again it is taken back. A site
    without schedule bills nothing.

    Raises
    ------
    NotFoundError
        There is no such trip.
    """
    _billed(conn, site, _locked(conn, site, trip_id), now=now)


def find_bill(conn: Connection, site: Site, trip_id: int, *, now: datetime) -> Bill | None:
    """Return what a trip owes at this moment, days in the yard counted; None: no schedule."""
    trip = find_trip_locked(conn, trip_id, site=site.id)
    return None if trip is None else _bill_of(conn, site, trip, now=now)


def pay(
    conn: Connection,
    site: Site,
    trip_id: int,
    *,
    method: str,
    reference: str | None,
    amount_vnd: int,
    paid_at: datetime,
    by: str,
    origin: Origin,
    now: datetime,
) -> int:
    """Enter a payment for a trip and return its id; less than what is due may be paid.

    A payment that a provider's signed message reports once more is the one it was before. Cash
    needs no reference: its receipt's number is one.

    Raises
    ------
    FlowctlError
        The sum, the reference or the moment cannot be.
    ConflictError
        The reference was entered before, or more would be taken than is due; says how much is.
    NotFoundError
        There is no such trip, or the site has no schedule of fees.
    """
    _check_sum(amount_vnd)
    reference = _checked_reference(method, reference)
    if paid_at > now + _PAID_AHEAD:
        raise FlowctlError(
            "paid_at lies ahead; a payment is entered once it was made.",
            kind="paid_ahead",
            values={"at": paid_at},
        )
    trip = _locked(conn, site, trip_id)
    stored.hold_receipts(conn, site.id)
    known = _known(conn, site, method, reference)
    if known is not None:
        if origin is Origin.PAYMENT and (known.trip_id, known.amount_vnd) == (trip_id, amount_vnd):
            return known.id
        raise ConflictError(
            f"The reference {reference} of {method} was entered before, with receipt"
            f" {known.number}; nothing was taken.",
            kind="payment_known",
            values={"reference": str(reference), "receipt": known.number, "plate": known.plate},
        )
    billed = _billed(conn, site, trip, now=now)
    if billed is None:
        raise NotFoundError(
            f"{site.id} has no schedule of fees, so nothing is due.", kind="no_fees"
        )
    _refuse_overpaying(trip, billed, amount_vnd)
    lines = {line.service: line.amount_vnd for line in billed.record.dues.lines}
    payment, _ = stored.insert_payment(
        conn,
        site,
        trip_id,
        PaymentValues(
            plate=trip.plate,
            gate=trip.gates[0],
            schedule_id=billed.record.schedule_id,
            amount_vnd=amount_vnd,
            services=spread(amount_vnd, lines, _covered(billed.payments)),
            method=method,
            paid_at=paid_at,
            recorded_by=by,
            origin="payment" if origin is Origin.PAYMENT else "hand",
        ),
        reference,
        now=now,
    )
    _billed(conn, site, trip, now=now)
    return payment


def refund(
    conn: Connection,
    site: Site,
    payment_id: int,
    *,
    reason: str,
    amount_vnd: int | None = None,
    by: str,
    now: datetime,
) -> int:
    """Give a payment back, once, all of it or ``amount_vnd``; returns the refund's id.

    Raises
    ------
    NotFoundError
        There is no such payment.
    ConflictError
        It was given back already, or is itself a refund.
    FlowctlError
        The reason is empty or too long, or the sum is none of the payment's.
    """
    said = reason.strip()
    if not 0 < len(said) <= 4 * _LONGEST or not said.isprintable():
        raise FlowctlError(
            f"A refund needs a reason of at most {4 * _LONGEST} characters.",
            kind="refund_reason",
            values={"most": 4 * _LONGEST},
        )
    first = stored.find_payment(conn, site.id, payment_id)
    if first is None:
        raise NotFoundError(f"There is no payment {payment_id}.", kind="no_payment")
    trip = None if first.trip_id is None else _locked(conn, site, first.trip_id)
    stored.hold_receipts(conn, site.id)
    payment = stored.find_payment(conn, site.id, payment_id) or first
    _refuse_second_refund(conn, site, payment)
    amount = payment.amount_vnd if amount_vnd is None else amount_vnd
    if not 0 < amount <= payment.amount_vnd:
        raise FlowctlError(
            f"Of receipt {payment.number} 1 to {payment.amount_vnd} VND can be given back.",
            kind="refund_sum",
            values={"receipt": payment.number, "most_vnd": payment.amount_vnd},
        )
    known = [] if trip is None else stored.list_payments(conn, trip.id)
    owed = None if trip is None else stored.find_dues(conn, trip.id)
    lines = {} if owed is None else {one.service: one.amount_vnd for one in owed.dues.lines}
    covered = _covered(known) if known else payment.services
    given, _ = stored.insert_payment(
        conn,
        site,
        payment.trip_id,
        PaymentValues(
            plate=payment.plate,
            gate=payment.gate,
            schedule_id=payment.schedule_id,
            amount_vnd=-amount,
            services=spread(-amount, lines, covered),
            method=payment.method,
            paid_at=now,
            recorded_by=by,
            origin="hand",
            of_payment=payment.id,
            reason=said,
        ),
        f"refund:{payment.reference}",
        now=now,
    )
    if trip is not None:
        _billed(conn, site, trip, now=now)
    return given


def _bill_of(conn: Connection, site: Site, trip: TripRecord, *, now: datetime) -> Bill | None:
    """Return what a trip owes; writes nothing."""
    known = stored.find_dues(conn, trip.id)
    if known is None:
        found = stored.find_schedule(conn, site.id, now)
        if found is None:
            return None
        schedule_id, schedule = found
    else:
        schedule_id, schedule = known.schedule_id, stored.get_schedule(conn, known.schedule_id)
    payments = stored.list_payments(conn, trip.id)
    paid_vnd = sum(one.amount_vnd for one in payments)
    facts, waiting = stored.find_facts(conn, trip.id), stored.list_waiting(conn, trip.id)
    stays = _stays(conn, site, trip, schedule, now)
    settled_at = None if known is None else known.settled_at
    dues = due(schedule, facts, stays, waiting, until=settled_at or now)
    if not _is_settled(dues, paid_vnd):
        settled_at, dues = None, due(schedule, facts, stays, waiting, until=now)
    elif settled_at is None:
        settled_at = now
    return Bill(schedule, DuesRecord(schedule_id, dues, paid_vnd, settled_at, now), payments)


def _billed(conn: Connection, site: Site, trip: TripRecord, *, now: datetime) -> Bill | None:
    """Write down what a trip owes, and return it."""
    billed = _bill_of(conn, site, trip, now=now)
    if billed is not None:
        stored.save_dues(conn, trip.id, billed.record)
    return billed


def quote(schedule: Schedule, facts: Facts, *, now: datetime) -> Dues:
    """Return what a trip of such facts would owe with every stage confirmed, before any day."""
    return due(schedule, facts, (), (), until=now)


def _is_settled(dues: Dues, paid_vnd: int) -> bool:
    return not dues.withheld and dues.total_vnd <= paid_vnd


def _stays(
    conn: Connection, site: Site, trip: TripRecord, schedule: Schedule, now: datetime
) -> tuple[Stay, ...]:
    """Return a trip's time in the yards: from its first arrival until it went to the gate."""
    if now <= trip.registered_at or all(one.per is not Per.DAY for one in schedule.services):
        return ()
    live = find_live(conn, trip.id, site=site.id)
    if live is None or live.arrived_at is None:
        return ()
    ends = [live.queued_at, live.lane_at, live.cleared_at, trip.ended_at]
    return (Stay(live.arrived_at, min((at for at in ends if at is not None), default=None)),)


def _locked(conn: Connection, site: Site, trip_id: int) -> TripRecord:
    trip = find_trip_locked(conn, trip_id, site=site.id)
    if trip is None:
        raise NotFoundError(f"There is no trip {trip_id}.", kind="no_trip")
    return trip


def _check_sum(amount_vnd: int) -> None:
    if not 0 < amount_vnd <= MOST_VND:
        raise FlowctlError(
            f"A payment is between 1 and {MOST_VND} VND, not {amount_vnd}.",
            kind="payment_sum",
            values={"most_vnd": MOST_VND},
        )


def _checked_reference(method: str, reference: str | None) -> str | None:
    """Return a reference without spaces around it; None for cash, which needs none."""
    said = "" if reference is None else reference.strip()
    if not said and method == "cash":
        return None
    if not 0 < len(said) <= _LONGEST or not said.isprintable() or said.startswith("refund:"):
        raise FlowctlError(
            f"A payment by {method} needs the reference it has there, at most {_LONGEST}"
            " characters.",
            kind="payment_reference",
            values={"method": method, "most": _LONGEST},
        )
    return said


def _known(
    conn: Connection, site: Site, method: str, reference: str | None
) -> PaymentRecord | None:
    if reference is None:
        return None
    return stored.find_payment_by_reference(conn, site.id, method, reference)


def _refuse_overpaying(trip: TripRecord, billed: Bill, amount_vnd: int) -> None:
    if billed.due_vnd <= 0:
        raise ConflictError(
            f"Nothing is due for trip {trip.id}; nothing was taken.",
            kind="nothing_due",
            values={"plate": trip.plate, "paid_vnd": billed.record.paid_vnd},
        )
    if amount_vnd > billed.due_vnd:
        raise ConflictError(
            f"Of trip {trip.id} {billed.due_vnd} VND are due, so {amount_vnd} cannot be taken.",
            kind="overpaid",
            values={"plate": trip.plate, "due_vnd": billed.due_vnd, "amount_vnd": amount_vnd},
        )


def _refuse_second_refund(conn: Connection, site: Site, payment: PaymentRecord) -> None:
    if payment.of_payment is not None:
        raise ConflictError(
            f"Receipt {payment.number} is itself a refund.",
            kind="is_refund",
            values={"receipt": payment.number},
        )
    if payment.refund_id is not None:
        given = stored.find_payment(conn, site.id, payment.refund_id)
        number = receipt_number(payment.year, payment.receipt) if given is None else given.number
        raise ConflictError(
            f"Receipt {payment.number} was given back already, with {number}.",
            kind="refunded",
            values={"receipt": payment.number, "refund": number},
        )


def _covered(payments: Sequence[PaymentRecord]) -> dict[str, int]:
    """Return what was paid for each service so far."""
    covered: dict[str, int] = {}
    for one in payments:
        for service, amount in one.services.items():
            covered[service] = covered.get(service, 0) + amount
    return covered
