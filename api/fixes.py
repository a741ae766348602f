"""Positions in: answered only once they are on disk."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import parse_qsl

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from api.auth import machine, source_of_token
from api.errors import Problem
from flowctl.telemetry import stream
from flowctl.telemetry.edge import Intake, Rejection, intake
from flowctl.telemetry.fixes import microseconds
from flowctl.telemetry.formats import osmand, own
from flowctl.telemetry.formats.decoded import Decoded, MalformedError
from flowctl.telemetry.screening import ScreeningParams

router = APIRouter(tags=["fixes"])

BODY_LIMIT_BYTES = 10_000_000


class Accepted(msgspec.Struct):
    """The answer to a batch."""

    accepted: int
    rejected: tuple[Rejection, ...]


@router.post("/v1/fixes")
async def post_fixes(request: Request, source: Annotated[int, Depends(machine)]) -> Response:
    """Take a JSON array of fixes; each item is accepted, or rejected and kept with its reason."""
    body = await _body(request)
    received_at_us = microseconds(request.app.state.clock.now())
    try:
        decoded = own.decode(body)
    except MalformedError as error:
        raise Problem(400, "Malformed body", str(error)) from error
    taken = await _take(request, decoded, source, received_at_us)
    answer = Accepted(len(taken.batch.rows), taken.rejected)
    return Response(msgspec.json.encode(answer), media_type="application/json")


@router.api_route("/v1/osmand/{token}", methods=["GET", "POST"])
async def osmand_fix(request: Request, token: str) -> Response:
    """Take one fix as the Traccar Client app sends it; the token stands in the path."""
    source = await source_of_token(request, token)
    fields: Mapping[str, str] = dict(request.query_params)
    if request.method == "POST":
        form = (await _body(request)).decode("utf-8", errors="replace")
        fields = {**fields, **dict(parse_qsl(form, keep_blank_values=True))}
    received_at_us = microseconds(request.app.state.clock.now())
    try:
        decoded = osmand.decode(fields, received_at_us=received_at_us)
    except MalformedError as error:
        raise Problem(400, "Malformed fix", str(error)) from error
    taken = await _take(request, decoded, source, received_at_us)
    # A client that is told 4xx sends the same fix for ever: it is kept aside, so that is a yes.
    answer = Accepted(len(taken.batch.rows), taken.rejected)
    return Response(msgspec.json.encode(answer), media_type="application/json")


async def _take(request: Request, decoded: Decoded, source: int, received_at_us: int) -> Intake:
    """Screen fixes and return once they are on disk."""
    state: Any = request.app.state
    taken = intake(
        decoded,
        source_id=source,
        received_at_us=received_at_us,
        params=ScreeningParams(
            lateness_limit_s=state.site.lateness_limit_s,
            future_limit_s=state.site.future_limit_s,
        ),
    )
    parts = taken.batch.partitions()
    await stream.append(state.store, {p: part.to_bytes() for p, part in parts.items()})
    return taken


async def _body(request: Request) -> bytes:
    """Read the body, but never more than the limit, whatever the sender claims."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_LIMIT_BYTES:
            raise Problem(
                413,
                "Body too large",
                f"A request may hold {BODY_LIMIT_BYTES // 1_000_000} MB; send smaller batches.",
            )
        chunks.append(chunk)
    return b"".join(chunks)
