"""Batches of positions in the project's own formats: answered only once they are on disk."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.auth import machine
from api.edge import Edge, told
from api.errors import Problem
from api.middleware import POSITIONS_LIMIT_BYTES
from flowctl.storage.sources import Source
from flowctl.telemetry.formats import own
from flowctl.telemetry.formats.decoded import Decoded, MalformedError
from flowctl.telemetry.formats.inflate import TooLargeError, gunzip

router = APIRouter(tags=["fixes"])

_LARGE_BYTES = 500_000
Decode = Callable[[bytes], Decoded]
_JSON = "application/json"
_FORMATS: dict[str, Decode] = {
    _JSON: own.decode_json,
    "application/x-ndjson": own.decode_ndjson,
    "application/msgpack": own.decode_msgpack,
    "application/vnd.msgpack": own.decode_msgpack,
    "application/x-msgpack": own.decode_msgpack,
}
# What curl says of any body, and what a sender says that says nothing.
_UNSAID = frozenset({"", "application/x-www-form-urlencoded"})


@router.post("/v1/fixes")
async def post_fixes(request: Request, source: Annotated[Source, Depends(machine)]) -> Response:
    """Take a batch of fixes; each item is accepted, or rejected and kept with its reason."""
    edge: Edge = request.app.state.edge
    decode = _decoder(request)
    zipped = _is_zipped(request)
    body = await request.body()
    received_at_us = edge.now_us()

    def decoded() -> Decoded:
        return decode(gunzip(body, POSITIONS_LIMIT_BYTES) if zipped else body)

    try:
        # A small body may be a large one once it is inflated.
        large = zipped or len(body) > _LARGE_BYTES
        fixes = await edge.in_thread(decoded) if large else decoded()
    except TooLargeError as error:
        raise Problem(413, "Body too large", str(error)) from error
    except MalformedError as error:
        raise Problem(400, "Malformed body", str(error)) from error
    taken = await edge.take(fixes, source, received_at_us)
    return Response(told(taken), media_type=_JSON)


def _decoder(request: Request) -> Decode:
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    decode = _FORMATS.get(_JSON if said in _UNSAID else said)
    if decode is None:
        raise Problem(
            415,
            "Unknown format",
            f"Fixes cannot be sent as {said}; send one of: {', '.join(_FORMATS)}.",
        )
    return decode


def _is_zipped(request: Request) -> bool:
    said = request.headers.get("content-encoding", "identity").strip().lower()
    if said not in {"identity", "gzip", "x-gzip"}:
        raise Problem(415, "Unknown encoding", f"A body cannot be {said}; send it gzip or plain.")
    return said != "identity"
