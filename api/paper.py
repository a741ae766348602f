"""The order on paper: shown for printing, made anew, and entered afterwards."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.asked import NO_BODY
from api.auth import Caller, caller
from api.record import record
from api.transaction import transaction
from flowctl.errors import ConflictError, NotFoundError
from flowctl.ledger_key import read_key
from flowctl.paper.entered import Event, Row
from flowctl.paper.order import SignedOrder
from flowctl.paper.sheet import sheet
from flowctl.site import Site
from flowctl.storage import paper_entries
from flowctl.storage.paper import find_newest_order, make_orders
from flowctl.storage.paper_entries import Entered

router = APIRouter(tags=["paper"])

_MOST_ROWS = 5000
Text = Annotated[str, Field(max_length=80)]


class MadeOrder(BaseModel):
    """An order that was made: its code, how long it holds, and how many trucks are in it."""

    code: str
    gate: str
    made_at: AwareDatetime
    valid_until: AwareDatetime
    trucks: int


class EnteredRow(BaseModel):
    """One row of a sheet: ``time`` is local, as written down; ``who`` wrote it.

    The truck goes by ``number`` or ``plate``; where both are there, they must agree.
    """

    model_config = ConfigDict(extra="forbid")

    number: Annotated[int, Field(ge=1, strict=True)] | None = None
    plate: Text = ""
    event: Literal["released", "entered", "cleared", "no_show"]
    time: Text
    who: Text


@router.get("/v1/paper/{gate}", response_class=HTMLResponse)
def show_order(request: Request, gate: str, yard: str | None = None) -> str:
    """Return the sheet of the gate's newest order, or a yard's part of it, to be printed."""
    site: Site = request.app.state.site
    with transaction(request) as conn:
        signed = find_newest_order(conn, site, gate)
    if signed is None:
        raise NotFoundError(
            f"No order of {gate} is kept on paper; make one with POST /v1/paper/{gate}."
        )
    return _sheet(signed, yard)


@router.post("/v1/paper/{gate}", status_code=201, dependencies=[NO_BODY])
def make_order(request: Request, gate: str) -> MadeOrder:
    """Make the gate's order anew, beyond that of each hour."""
    state = request.app.state
    file = state.settings.ledger_key_file
    if file is None:
        raise ConflictError(
            "This process has no key to sign orders with; print one with flowctl paper print, or"
            " name the key by FLOWCTL_LEDGER_KEY_FILE."
        )
    with transaction(request) as conn:  # of which it makes two
        [signed] = make_orders(conn, state.site, [gate], read_key(file), now=state.clock.now())
        record(request, conn, "paper.make", f"gate:{gate}", after={"order": signed.code})
    order = signed.order
    return MadeOrder(
        code=signed.code,
        gate=order.gate,
        made_at=order.made_at,
        valid_until=order.valid_until,
        trucks=len(order.lines),
    )


@router.post("/v1/paper/{order}/entries")
def enter(
    request: Request,
    order: str,
    body: Annotated[list[EnteredRow], Field(max_length=_MOST_ROWS)],
    who: Annotated[Caller, Depends(caller)],
) -> Entered:
    """Enter what the sheets of an order say, all rows or none; repeating it changes nothing."""
    state = request.app.state
    rows = [
        Row(
            row=count,
            number="" if row.number is None else str(row.number),
            plate=row.plate,
            event=Event(row.event),
            time=row.time.strip(),
            who=row.who.strip(),
        )
        for count, row in enumerate(body, 1)
    ]
    with transaction(request) as conn:
        entered = paper_entries.enter(
            conn, state.site, order, rows, actor=who.signature, now=state.clock.now()
        )
        record(request, conn, "paper.enter", f"order:{order}", after={"rows": len(rows)})
        return entered


def _sheet(signed: SignedOrder, yard: str | None) -> str:
    if yard is not None and yard not in signed.order.yards:
        known = ", ".join(signed.order.yards)
        raise NotFoundError(
            f"The yard {yard[:40]!r} does not feed {signed.order.gate}; these do: {known}."
        )
    return sheet(signed, yard)
