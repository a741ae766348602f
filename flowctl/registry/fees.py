"""What trips owe and what is paid for them; each in the caller's transaction.

Who works a trip's dues out, takes a payment or gives one back holds the trip's row until the
transaction ends: two cashiers at once take turns, and the second sees what the first took.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from flowctl.errors import ConflictError, FlowctlError, NotFoundError
from flowctl.fees.file import MOST_VND
from flowctl.fees.schedule import spread
from flowctl.registry.dues import Bill, rework, work_new
from flowctl.registry.events import PAYMENT_MADE, tell
from flowctl.registry.stages import refresh
from flowctl.site import Site
from flowctl.storage import fees as stored
from flowctl.storage.fees import Connection, PaymentRecord, PaymentValues, receipt_number
from flowctl.storage.stages import TripFacts
from flowctl.workflow.stages import Origin

HAND_METHODS = ("cash", "transfer", "card")
"""How an account may have been paid; a provider's own name comes with its signed message."""
_LONGEST = 80
_PAID_AHEAD = timedelta(minutes=5)


def bill(conn: Connection, site: Site, trip_id: int, *, now: datetime) -> None:
    """Work a trip's dues out anew, by the schedule it was first billed by.

    Called where its facts or its payments changed; a changed stage does so by itself. Where nothing
    is due any more the stage that payment confirms is confirmed; where something is due again it is
    taken back. A site without schedule bills nothing.

    Raises
    ------
    NotFoundError
        There is no such trip.
    """
    _follow(conn, site, trip_id, rework(conn, site, trip_id, now=now), now=now)


def bill_new(
    conn: Connection, site: Site, trip: TripFacts, waiting: Sequence[str], *, now: datetime
) -> None:
    """Work the dues out of a trip that this transaction entered; ``waiting`` are its open stages.

    See `bill`.
    """
    _follow(conn, site, trip.id, work_new(conn, site, trip, waiting, now=now), now=now)


def _follow(
    conn: Connection, site: Site, trip_id: int, billed: Bill | None, *, now: datetime
) -> None:
    if billed is not None and billed.is_settled != billed.was_settled:
        refresh(conn, site, trip_id, now=now)


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
    billed = rework(conn, site, trip_id, now=now)
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
    if billed is None:
        raise NotFoundError(
            f"{site.id} has no schedule of fees, so nothing is due.", kind="no_fees"
        )
    _refuse_overpaying(billed, amount_vnd)
    lines = {line.service: line.amount_vnd for line in billed.record.dues.lines}
    payment, _ = stored.insert_payment(
        conn,
        site,
        trip_id,
        PaymentValues(
            plate=billed.trip.plate,
            gate=billed.trip.gate,
            schedule_id=billed.record.schedule_id,
            amount_vnd=amount_vnd,
            services=spread(amount_vnd, lines, _covered(stored.list_payments(conn, trip_id))),
            method=method,
            paid_at=paid_at,
            recorded_by=by,
            origin="payment" if origin is Origin.PAYMENT else "hand",
        ),
        reference,
        now=now,
    )
    bill(conn, site, trip_id, now=now)
    _tell(conn, site, trip_id, payment, amount_vnd, now)
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
    if first.trip_id is not None:
        rework(conn, site, first.trip_id, now=now)
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
    trip_id = payment.trip_id
    known = [] if trip_id is None else stored.list_payments(conn, trip_id)
    owed = None if trip_id is None else stored.find_dues(conn, trip_id)
    lines = {} if owed is None else {one.service: one.amount_vnd for one in owed.dues.lines}
    covered = _covered(known) if known else payment.services
    given, _ = stored.insert_payment(
        conn,
        site,
        trip_id,
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
    if trip_id is not None:
        bill(conn, site, trip_id, now=now)
        _tell(conn, site, trip_id, given, -amount, now)
    return given


def _tell(
    conn: Connection, site: Site, trip_id: int, payment: int, amount_vnd: int, now: datetime
) -> None:
    """Tell partners what was paid for a trip, or, below 0, given back."""
    tell(conn, site, PAYMENT_MADE, trip_id, now=now, payment=payment, amount_vnd=amount_vnd)


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


def _refuse_overpaying(billed: Bill, amount_vnd: int) -> None:
    trip = billed.trip
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
