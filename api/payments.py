"""Payments: given back, on paper, and settled by the day."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import caller
from api.fees import (
    Names,
    ShownPayment,
    Sum,
    Who,
    get_payment,
    refuse_other_desks,
    show_payment,
    write_down,
)
from api.moments import Day
from api.once import MaybeKey, act_once
from api.transaction import transaction
from api.trips import get_visible
from flowctl.errors import NotFoundError
from flowctl.fee_papers import (
    RECEIPT_FORMS,
    SETTLEMENT_FORMS,
    Settlement,
    settle,
    write_receipt,
    write_settlement,
)
from flowctl.notify.texts import catalogue
from flowctl.registry import fees as registry
from flowctl.registry.accounts import Role
from flowctl.site import Site
from flowctl.storage.audit import By
from flowctl.storage.fees import (
    Connection,
    PaymentRecord,
    day_bounds,
    list_payments_recorded,
    list_service_names,
)

router = APIRouter(tags=["fees"])

PaymentId = Annotated[int, Path(ge=1, lt=2**63)]
Language = Annotated[str, Query(pattern="^(vi|zh|en)$")]
ReceiptForm = Annotated[str, Path(pattern="^(html|pdf)$")]
SettlementForm = Annotated[str, Path(pattern="^(html|pdf|csv|xlsx)$")]


class Refunding(BaseModel):
    """Why a payment is given back; all of it, or ``amount_vnd``."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(max_length=2000)]
    amount_vnd: Sum | None = None


@dataclass(frozen=True, slots=True)
class SettledSum:
    """What one account took at a gate by a method, and how often."""

    gate: str | None
    method: str
    by: str
    n: int
    amount_vnd: int


@dataclass(frozen=True, slots=True)
class SettledService:
    """How much of a day's sum is for a service."""

    service: str
    name: Names | None
    amount_vnd: int


@dataclass(frozen=True, slots=True)
class SettlementAnswer:
    """What was taken on a local day, and given back; ``over``: nothing is added to it any more."""

    day: date
    over: bool
    payments: int
    total_vnd: int
    refunded_vnd: int
    first_receipt: str | None
    last_receipt: str | None
    rows: list[SettledSum]
    services: list[SettledService]


@router.post("/v1/payments/{payment_id}/refund", status_code=201)
def give_back(
    request: Request,
    response: Response,
    payment_id: PaymentId,
    body: Refunding,
    who: Who,
    key: MaybeKey = None,
) -> ShownPayment:
    """Give a payment back, once; who may: the tax desk's officers, and operators."""
    refuse_other_desks(who)

    def give(conn: Connection, by: By, now: datetime) -> int:
        given = registry.refund(
            conn,
            request.app.state.site,
            payment_id,
            reason=body.reason,
            amount_vnd=body.amount_vnd,
            by=by.name,
            now=now,
        )
        write_down(request, conn, given)
        return given

    return act_once(
        request,
        response,
        key,
        body,
        do=give,
        show=lambda conn, given: show_payment(get_payment(request, conn, given), who),
    )


@router.get("/v1/payments/{payment_id}/receipt.{form}")
def get_receipt(
    request: Request, payment_id: PaymentId, form: ReceiptForm, language: Language = "vi"
) -> Response:
    """Return a receipt as a page or a PDF; a haulier sees those of its own trips."""
    site: Site = request.app.state.site
    with transaction(request) as conn:
        payment = get_payment(request, conn, payment_id)
        _refuse_strangers(request, conn, payment)
        of = None if payment.of_payment is None else get_payment(request, conn, payment.of_payment)
        names = list_service_names(conn, [payment])
    content = write_receipt(
        payment,
        form,
        site=site,
        names=names,
        words=catalogue(language)["page"],
        language=language,
        of=None if of is None else of.number,
    )
    name = f"{site.id}_{payment.number}_{language}.{form}"
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(content, headers=headers, media_type=RECEIPT_FORMS[form])


def _refuse_strangers(request: Request, conn: Connection, payment: PaymentRecord) -> None:
    """Refuse a haulier a payment that is for no trip of its own."""
    who = caller(request)
    if payment.trip_id is not None:
        get_visible(conn, request.app.state.site, payment.trip_id, who)
    elif who.role is Role.HAULIER:
        raise NotFoundError(f"There is no payment {payment.id}.", kind="no_payment")


@router.get("/v1/settlements/{day}.{form}")
def get_settlement_file(
    request: Request, day: Day, form: SettlementForm, language: Language = "vi"
) -> Response:
    """Return a day's settlement on paper, or as a file with a line for each payment."""
    site: Site = request.app.state.site
    with transaction(request) as conn:
        settled = _settled(request, conn, day)
        names = list_service_names(conn, settled.payments)
    content = write_settlement(
        settled,
        form,
        site=site,
        names=names,
        words=catalogue(language)["page"],
        language=language,
        now=request.app.state.clock.now(),
    )
    shown = "inline" if form == "html" else "attachment"
    name = f"{site.id}_{day}_{language}.{form}"
    headers = {"Content-Disposition": f'{shown}; filename="{name}"'}
    return Response(content, headers=headers, media_type=SETTLEMENT_FORMS[form])


@router.get("/v1/settlements/{day}")
def get_settlement(request: Request, day: Day) -> SettlementAnswer:
    """Sum up what was entered on a local day, by gate, method and account, and by service."""
    with transaction(request) as conn:
        settled = _settled(request, conn, day)
        names = list_service_names(conn, settled.payments)
    payments = settled.payments
    return SettlementAnswer(
        day=day,
        over=settled.is_over,
        payments=len(payments),
        total_vnd=settled.total_vnd,
        refunded_vnd=-sum(one.amount_vnd for one in payments if one.amount_vnd < 0),
        first_receipt=payments[0].number if payments else None,
        last_receipt=payments[-1].number if payments else None,
        rows=[
            SettledSum(one.gate, one.method, one.by, one.n, one.amount_vnd) for one in settled.rows
        ],
        services=[
            SettledService(service, names.get(service), amount)
            for service, amount in settled.services.items()
        ],
    )


def _settled(request: Request, conn: Connection, day: date) -> Settlement:
    state = request.app.state
    begins, ends = day_bounds(state.site, day)
    payments = list_payments_recorded(conn, state.site.id, begins, ends)
    return settle(day, payments, ends_at=ends, now=state.clock.now())
