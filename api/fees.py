"""Fees: the schedule, what a journey would cost, what a trip owes and why, and taking it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import Caller, caller
from api.desks import desks_of
from api.errors import Problem
from api.moments import Moment
from api.once import MaybeKey, act_once
from api.record import record
from api.transaction import transaction
from api.trips import get_visible
from flowctl.errors import FlowctlError, NotFoundError
from flowctl.fees.file import FACTS
from flowctl.fees.schedule import Dues, Line, Rate, Schedule
from flowctl.registry import fees as registry
from flowctl.registry.accounts import Role
from flowctl.registry.dues import find_bill, quote
from flowctl.storage import fees as stored
from flowctl.storage.audit import By
from flowctl.storage.fees import Connection, PaymentRecord
from flowctl.workflow.stages import Desk, Origin

router = APIRouter(tags=["fees"])

TripId = Annotated[int, Path(ge=1, lt=2**63)]
Who = Annotated[Caller, Depends(caller)]
Names = Mapping[str, str]
Word = Annotated[str, Field(min_length=1, max_length=40)]
Sum = Annotated[int, Field(strict=True, gt=-(2**62), lt=2**62)]
_ACTS = {False: "payment.take", True: "payment.refund"}
"""What the log calls a payment, and one that gives another back."""


class Asked(BaseModel):
    """The facts of a journey, as far as they are known."""

    model_config = ConfigDict(extra="forbid")

    facts: dict[Word, Word] = Field(max_length=20)


class Paying(BaseModel):
    """A payment somebody took; ``paid_at`` is now where it is absent.

    Cash needs no reference: its receipt's number is one.
    """

    model_config = ConfigDict(extra="forbid")

    method: Annotated[str, Field(min_length=1, max_length=40)]
    reference: Annotated[str, Field(max_length=200)] | None = None
    amount_vnd: Sum
    paid_at: Moment | None = None


@dataclass(frozen=True, slots=True)
class ShownRate:
    """An amount, and the facts it is for."""

    amount_vnd: int
    applies: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class ShownService:
    """A service of the schedule; see `flowctl.fees.schedule.Service`."""

    id: str
    name: Names
    per: str
    applies: Mapping[str, Sequence[str]]
    after: str | None
    free_h: float
    rates: list[ShownRate]


@dataclass(frozen=True, slots=True)
class ScheduleAnswer:
    """The schedule in force; None of all where the site has none."""

    version: str
    valid_from: datetime
    services: list[ShownService]


@dataclass(frozen=True, slots=True)
class ShownWhy:
    """Why a line is as high as it is: ``kind`` names the words, ``values`` what they name."""

    kind: str
    values: Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True)
class ShownLine:
    """What is due for a service."""

    service: str
    name: Names
    amount_vnd: int
    why: ShownWhy


@dataclass(frozen=True, slots=True)
class ShownWithheld:
    """A service that is not due yet: before a stage, or before a fact is known."""

    service: str
    name: Names
    until_stage: str | None
    until_fact: str | None


@dataclass(frozen=True, slots=True)
class QuoteAnswer:
    """What a journey of such facts costs."""

    lines: list[ShownLine]
    withheld: list[ShownWithheld]
    total_vnd: int


@dataclass(frozen=True, slots=True)
class ShownPayment:
    """A payment, or, below 0, what was given back of ``of_payment``.

    ``by`` is the account that took it, hidden from hauliers.
    """

    id: int
    amount_vnd: int
    method: str
    reference: str
    receipt: str
    paid_at: datetime
    recorded_at: datetime
    by: str | None
    of_payment: int | None
    reason: str | None
    refunded: bool


@dataclass(frozen=True, slots=True)
class DuesAnswer:
    """What a trip owes, why, and what was paid; ``due_vnd`` below 0 is to be given back.

    ``settled``: nothing is due, and nothing is withheld.
    """

    trip: int
    plate: str
    version: str | None
    lines: list[ShownLine]
    withheld: list[ShownWithheld]
    total_vnd: int
    paid_vnd: int
    due_vnd: int
    settled: bool
    payments: list[ShownPayment]


@router.get("/v1/fees")
def get_fees(request: Request) -> ScheduleAnswer | None:
    """Return the schedule of fees in force; null where the site has none."""
    state = request.app.state
    with transaction(request) as conn:
        found = stored.find_schedule(conn, state.site.id, state.clock.now())
    if found is None:
        return None
    schedule = found[1]
    services = [
        ShownService(
            one.id,
            one.name,
            str(one.per),
            one.applies,
            one.after,
            one.free_h,
            [_rate(rate) for rate in one.rates],
        )
        for one in schedule.services
    ]
    return ScheduleAnswer(schedule.version, schedule.valid_from, services)


def _rate(rate: Rate) -> ShownRate:
    return ShownRate(rate.amount_vnd, rate.applies)


@router.post("/v1/fees/quote")
def get_quote(request: Request, body: Asked) -> QuoteAnswer:
    """Say what a journey would cost by what is known of it; days in a yard come on top."""
    unknown = [name for name in body.facts if name not in FACTS]
    if unknown:
        raise FlowctlError(f"{unknown[0][:40]!r} is no fact of a declaration.")
    state = request.app.state
    now = state.clock.now()
    with transaction(request) as conn:
        found = stored.find_schedule(conn, state.site.id, now)
    if found is None:
        return QuoteAnswer([], [], 0)
    dues = quote(found[1], body.facts, now=now)
    lines, withheld = _shown(dues, found[1])
    return QuoteAnswer(lines, withheld, dues.total_vnd)


@router.get("/v1/trips/{trip_id}/dues")
def get_dues(request: Request, trip_id: TripId, who: Who) -> DuesAnswer:
    """Return what a trip owes at this moment and why, and what was paid."""
    site = request.app.state.site
    with transaction(request) as conn:
        get_visible(conn, site, trip_id, who)
        return _dues(request, conn, trip_id, who)


@router.post("/v1/trips/{trip_id}/payments", status_code=201)
def take_payment(
    request: Request,
    response: Response,
    trip_id: TripId,
    body: Paying,
    who: Who,
    key: MaybeKey = None,
) -> DuesAnswer:
    """Take a payment for a trip; who may: the tax desk's officers, and operators."""
    refuse_other_desks(who)
    if body.method not in registry.HAND_METHODS:
        raise FlowctlError(
            f"Nobody pays by {body.method[:40]!r} at a desk; choose"
            f" {', '.join(registry.HAND_METHODS)}.",
            kind="payment_method",
            values={"methods": registry.HAND_METHODS},
        )
    site = request.app.state.site

    def take(conn: Connection, by: By, now: datetime) -> int:
        get_visible(conn, site, trip_id, who)
        payment = registry.pay(
            conn,
            site,
            trip_id,
            method=body.method,
            reference=body.reference,
            amount_vnd=body.amount_vnd,
            paid_at=body.paid_at or now,
            by=by.name,
            origin=Origin.HAND,
            now=now,
        )
        write_down(request, conn, payment)
        return payment

    return act_once(
        request,
        response,
        key,
        body,
        do=take,
        show=lambda conn, _: _dues(request, conn, trip_id, who),
    )


def refuse_other_desks(who: Caller) -> None:
    """Refuse officers who are not the tax desk's.

    Raises
    ------
    Problem
        403.
    """
    if who.role is Role.OFFICER and Desk.TAX not in desks_of(who):
        raise Problem(
            403,
            "Forbidden",
            "Payments are for the tax desk and for operators.",
            kind="not_the_till",
        )


def write_down(request: Request, conn: Connection, payment_id: int) -> None:
    """Write a payment or a refund into the log of acts."""
    payment = get_payment(request, conn, payment_id)
    act = _ACTS[payment.of_payment is not None]
    subject = f"payment:{payment.id}" if payment.trip_id is None else f"trip:{payment.trip_id}"
    after = {
        "receipt": payment.number,
        "amount_vnd": payment.amount_vnd,
        "method": payment.method,
    }
    record(request, conn, act, subject, after=after)


def get_payment(request: Request, conn: Connection, payment_id: int) -> PaymentRecord:
    """Return a payment of the site.

    Raises
    ------
    NotFoundError
        There is none of this id.
    """
    payment = stored.find_payment(conn, request.app.state.site.id, payment_id)
    if payment is None:
        raise NotFoundError(f"There is no payment {payment_id}.", kind="no_payment")
    return payment


def _dues(request: Request, conn: Connection, trip_id: int, who: Caller) -> DuesAnswer:
    state = request.app.state
    bill = find_bill(conn, state.site, trip_id, now=state.clock.now())
    payments = [show_payment(one, who) for one in stored.list_payments(conn, trip_id)]
    if bill is None:
        plate = get_visible(conn, state.site, trip_id, who).plate
        return DuesAnswer(trip_id, plate, None, [], [], 0, 0, 0, settled=True, payments=payments)
    lines, withheld = _shown(bill.record.dues, bill.schedule)
    return DuesAnswer(
        trip=trip_id,
        plate=bill.trip.plate,
        version=bill.schedule.version,
        lines=lines,
        withheld=withheld,
        total_vnd=bill.record.dues.total_vnd,
        paid_vnd=bill.record.paid_vnd,
        due_vnd=bill.due_vnd,
        settled=bill.is_settled,
        payments=payments,
    )


def show_payment(payment: PaymentRecord, who: Caller) -> ShownPayment:
    """Return a payment as somebody is shown it."""
    return ShownPayment(
        id=payment.id,
        amount_vnd=payment.amount_vnd,
        method=payment.method,
        reference=payment.reference,
        receipt=payment.number,
        paid_at=payment.paid_at,
        recorded_at=payment.recorded_at,
        by=None if who.role in {Role.HAULIER, Role.MACHINE} else payment.recorded_by,
        of_payment=payment.of_payment,
        reason=payment.reason,
        refunded=payment.refund_id is not None,
    )


def _shown(dues: Dues, schedule: Schedule) -> tuple[list[ShownLine], list[ShownWithheld]]:
    names = {one.id: one.name for one in schedule.services}
    lines = [_line(one, names) for one in dues.lines]
    withheld = [
        ShownWithheld(one.service, names[one.service], one.stage, one.fact) for one in dues.withheld
    ]
    return lines, withheld


def _line(line: Line, names: Mapping[str, Names]) -> ShownLine:
    why = ShownWhy(str(line.why), line.values)
    return ShownLine(line.service, names[line.service], line.amount_vnd, why)
