"""Signed messages of other systems: what cameras read, what was paid, what a desk decided."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError

from api.auth import Caller, caller
from api.errors import Problem
from api.fees import write_down
from api.moments import Moment
from api.partner_bodies import Code, Plate, StageWord, StageWords
from api.partner_pushes import say_words
from api.record import record
from api.strangers import place_of
from api.transaction import transaction
from flowctl.registry import hooks, pushes
from flowctl.registry.accounts import Role
from flowctl.registry.fees import pay
from flowctl.registry.hooks import ForgedError, LateError, Reading, Signed
from flowctl.registry.partners import get_named
from flowctl.storage import hooks as stored
from flowctl.storage.hooks import Answer, Connection
from flowctl.storage.sources import Scope, Source
from flowctl.workflow.stages import Origin

router = APIRouter(prefix="/v1", tags=["hooks"])

LARGEST_BYTES = 64 * 1024
_MOST_READINGS = 200
_HOOK = "hook"
_WRONG_PER_S = 5.0
"""So many messages of one address may be forged a second, ten seconds' worth at once."""

Model = TypeVar("Model", bound=BaseModel)
Name = Annotated[str, Path(max_length=40)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PlateRead(_Body):
    """A plate as a camera read it; ``confidence`` from 0 to 1, ``image`` is where it is kept."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "camera": "huu_nghi_lanes",
                    "plate": "12C-123.45",
                    "confidence": 0.97,
                    "at": "2026-11-23T10:41:00+07:00",
                    "image": "lane-2/20261123-104100.jpg",
                }
            ]
        },
    )

    camera: Code
    plate: Plate
    confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    at: Moment
    image: Annotated[str | None, Field(max_length=300)] = None


class Paid(_Body):
    """A payment for a trip, by its number, or by the plate or customs number of an active one.

    ``reference`` is the payment's own where it was made; ``method`` is the source, if absent.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "trip": 412,
                    "amount_vnd": 350000,
                    "reference": "VCB-778812",
                    "paid_at": "2026-11-23T09:58:00+07:00",
                }
            ]
        },
    )

    trip: Annotated[int | None, Field(ge=1, lt=2**63)] = None
    plate: Plate | None = None
    declaration: Annotated[str | None, Field(max_length=80)] = None
    amount_vnd: StrictInt
    method: Annotated[str | None, Field(min_length=1, max_length=40)] = None
    reference: Annotated[str, Field(min_length=1, max_length=80)]
    paid_at: Moment


class PlateAnswer(BaseModel):
    """What a reading came to: it counted, was known, too unsure, or of no active trip."""

    outcome: Literal["counted", "known", "unsure", "no_trip"]
    trip: int | None
    stages: list[str]


class PaidAnswer(BaseModel):
    """The payment as it was entered."""

    trip: int
    payment: int


async def _signed(
    request: Request,
    message: Annotated[str, Header(alias="webhook-id", max_length=400)] = "",
    timestamp: Annotated[str, Header(alias="webhook-timestamp", max_length=40)] = "",
    signature: Annotated[str, Header(alias="webhook-signature", max_length=2000)] = "",
) -> Signed:
    # Before the body is read: whoever signs wrongly shall not occupy us with books.
    request.app.state.strangers.count_try(_HOOK, place_of(request.scope), _WRONG_PER_S)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BYTES:
            raise Problem(
                413,
                "Body too large",
                f"A signed message holds at most {LARGEST_BYTES // 1024} KiB.",
            )
    return Signed(message, timestamp, signature, body)


Message = Annotated[Signed, Depends(_signed)]


def _of(model: type[BaseModel]) -> dict[str, Any]:
    """Return what the OpenAPI document says of a body that is read after its signature."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.post("/hooks/{source}/camera", openapi_extra=_of(PlateRead))
def hear_camera(request: Request, source: Name, signed: Message) -> PlateAnswer:
    """Take what a camera of the workflow read, which confirms what its place proves.

    One that is less sure than the workflow asks of its place confirms nothing, and is kept for a
    person: ``GET /v1/readings``.
    """
    site, now = request.app.state.site, request.app.state.clock.now()
    with transaction(request) as conn:
        whose = _verified(request, conn, source, signed)
        said = _read(PlateRead, signed)
        reading = Reading(**said.model_dump())

        def do() -> Answer:
            answer = hooks.read_plate(conn, site, whose, reading, message=signed.message, now=now)
            if answer["outcome"] == "counted":
                after = {"camera": said.camera, "stages": answer["stages"]}
                record(request, conn, "partner.hook", f"trip:{answer['trip']}", after=after)
            return answer

        answer = hooks.hear_once(conn, whose, signed, "camera", do, now=now)
    return PlateAnswer(**{name: answer[name] for name in PlateAnswer.model_fields})


@router.post("/hooks/{source}/payments", openapi_extra=_of(Paid))
def hear_payment(request: Request, source: Name, signed: Message) -> PaidAnswer:
    """Take a payment for a trip's fees; more than is due is refused, and nothing is taken twice."""
    site, now = request.app.state.site, request.app.state.clock.now()
    with transaction(request) as conn:
        whose = _verified(request, conn, source, signed)
        said = _read(Paid, signed)

        def do() -> Answer:
            trip = get_named(
                conn, site, trip=said.trip, plate=said.plate, declaration=said.declaration
            )
            payment = pay(
                conn,
                site,
                trip,
                method=said.method or whose.name,
                reference=said.reference,
                amount_vnd=said.amount_vnd,
                paid_at=said.paid_at,
                by=f"source:{whose.name}",
                origin=Origin.PAYMENT,
                now=now,
            )
            write_down(request, conn, payment)
            return {"trip": trip, "payment": payment}

        answer = hooks.hear_once(conn, whose, signed, "payments", do, now=now)
    return PaidAnswer(**answer)


@router.post("/hooks/{source}/stages", openapi_extra=_of(StageWords))
def hear_stages(request: Request, source: Name, signed: Message) -> dict[str, Any]:
    """Take what the source's desk decided, as ``POST /v1/partner/stages`` does."""
    now = request.app.state.clock.now()
    with transaction(request) as conn:
        whose = _verified(request, conn, source, signed)
        pushes.desk_of(whose)
        words: list[StageWord] = _read(StageWords, signed).items

        def do() -> Answer:
            results = say_words(request, conn, whose, words)
            return {"results": [one.model_dump(mode="json") for one in results]}

        return hooks.hear_once(conn, whose, signed, "stages", do, now=now)


@router.get("/readings")
def get_readings(
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    outcome: Literal["counted", "known", "unsure", "no_trip"] | None = None,
    trip: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> list[stored.Reading]:
    """List what cameras read, the last first; the unsure ones wait for a person to look.

    A machine sees what it sent itself.
    """
    source = None if who.source is None else who.source.id
    with transaction(request) as conn:
        return stored.list_readings(
            conn, outcome=outcome, trip=trip, source=source, limit=_MOST_READINGS
        )


def _verified(request: Request, conn: Connection, name: str, signed: Signed) -> Source:
    """Return the source a message is from, which is who acts from here on.

    Raises
    ------
    Problem
        401, it is forged; 400, it is late; 403, the source may send none.
    """
    try:
        source = hooks.verify(
            conn, request.app.state.keys, name, signed, wall_now=datetime.now(UTC)
        )
    except ForgedError as error:
        raise Problem(401, "Unauthorized", str(error)) from error
    except LateError as error:
        raise Problem(400, "Too late", str(error)) from error
    if Scope.HOOKS not in source.scopes:
        raise Problem(
            403,
            "Forbidden",
            f"The source {source.name} may send no signed messages; an administrator lets it with:"
            f" flowctl source set {source.name} --may …,{Scope.HOOKS}",
        )
    request.app.state.strangers.forgive(_HOOK, place_of(request.scope))
    request.state.caller = Caller(source.name, Role.MACHINE, source)
    return source


def _read(model: type[Model], signed: Signed) -> Model:
    """Return what a genuine message says.

    Raises
    ------
    Problem
        422, it is not of that form; names where.
    """
    try:
        return model.model_validate_json(signed.body)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'body'}: {one['msg']}"
            for one in error.errors(include_url=False, include_context=False)[:5]
        )
        raise Problem(422, "Not possible", f"The message cannot be read: {wrong}.") from error
