"""Where message gateways call us: what phones sent, and what became of messages.

A token in the path, of each gateway's own, proves who calls; `flowctl gateway urls` prints it. What
was brought is on disk when the call is answered, and the answer is empty: a driver hears from us by
the outbox alone, as a gateway may send an answer's body to the phone.

These are plain routes: the names of what a gateway brings stand in the file of gateways.
"""

import json
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route

from api.errors import Problem
from api.transaction import transaction
from flowctl.clock import Clock
from flowctl.notify.callbacks import CallbackError, Fields, read_answer, read_receipt
from flowctl.notify.gateway_file import read_gateways
from flowctl.notify.http import HttpAccount
from flowctl.notify.inbound import LONGEST_TEXT
from flowctl.registry.answers import take_answer
from flowctl.registry.keys import is_gateway_token
from flowctl.settings import Settings
from flowctl.storage.receipts import StoredReceipt, keep_receipts, stored_ref

_MOST_FIELDS = 60

T = TypeVar("T")


def callers(settings: Settings) -> tuple[HttpAccount, ...]:
    """Return the gateways that may call, as the file of gateways has them.

    Raises
    ------
    FlowctlError
        The file is not fit for use.
    """
    if settings.gateways_file is None:
        return ()
    found = read_gateways(settings.gateways_file)
    return tuple(one for one in found if isinstance(one, HttpAccount))


async def _take_answer(request: Request) -> Response:
    gateway = _caller(request)
    rule = gateway.answer
    if rule is None:
        raise _nothing_here()
    fields = await _fields(request)
    heard = _told(lambda: read_answer(rule, fields))
    now = request.app.state.clock.now()

    def take() -> None:
        with transaction(request) as conn:
            take_answer(
                conn,
                request.app.state.site,
                request.app.state.keys,
                phone=heard.phone,
                text=heard.text[:LONGEST_TEXT],
                gateway=gateway.name,
                ref=None if heard.ref is None else stored_ref(heard.ref),
                order=request.app.state.order,
                now=now,
            )

    await run_in_threadpool(take)
    return Response()


async def _take_receipt(request: Request) -> Response:
    gateway = _caller(request)
    rule = gateway.receipt
    if rule is None:
        raise _nothing_here()
    clock: Clock = request.app.state.clock
    fields = await _fields(request)
    receipt = _told(lambda: read_receipt(rule, fields, clock.now()))
    if receipt is not None:
        kept = StoredReceipt(gateway.name, receipt.ref, receipt.state, receipt.error, receipt.at)

        def keep() -> None:
            with transaction(request) as conn:
                keep_receipts(conn, [kept])

        await run_in_threadpool(keep)
    return Response()


def _told(read: Callable[[], T]) -> T:
    try:
        return read()
    except CallbackError as error:
        raise Problem(400, "Malformed call", str(error)) from error


def _caller(request: Request) -> HttpAccount:
    """Return whose token it is; every gateway's is compared, so that the time says nothing."""
    token = request.path_params["token"]
    keys = request.app.state.keys
    known: tuple[HttpAccount, ...] = request.app.state.sms_callers
    mine = [one for one in known if is_gateway_token(keys, one.name, token)]
    if not mine:
        raise _nothing_here()
    return mine[0]


def _nothing_here() -> Problem:
    return Problem(404, "Not found", "There is nothing here.")


async def _fields(request: Request) -> Fields:
    """Return what the address and the body hold, by name; text of an address stays octets."""
    fields: dict[str, str | bytes] = dict(_form(request.scope["query_string"]))
    body = await request.body()
    if not body:
        return fields
    if request.headers.get("content-type", "").startswith("application/json"):
        return {**fields, **_json(body)}
    return {**fields, **_form(body)}


def _form(octets: bytes) -> dict[str, bytes]:
    try:
        pairs = parse_qsl(
            octets.decode("latin-1"),
            keep_blank_values=True,
            encoding="latin-1",  # one letter an octet: which charset it is stands among the fields
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise Problem(
            400, "Malformed call", f"A call has at most {_MOST_FIELDS} fields."
        ) from error
    return {name: value.encode("latin-1") for name, value in pairs}


def _json(octets: bytes) -> dict[str, str]:
    try:
        found = json.loads(octets)
    except ValueError as error:
        raise Problem(400, "Malformed call", "The body is no JSON.") from error
    except RecursionError as error:
        raise Problem(400, "Malformed call", "The body's JSON is nested too deeply.") from error
    if not isinstance(found, dict):
        raise Problem(400, "Malformed call", "The body must be one JSON object.")
    return {_whole(k): _whole(str(v)) for k, v in found.items() if isinstance(v, str | int)}


def _whole(text: str) -> str:
    """Return a text without halves of letters: JSON may hold them, nothing else can."""
    return text.encode("utf-8", "replace").decode()


def _route(what: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
    route = Route(f"/v1/sms/{{token}}/{what}", endpoint, methods=["GET", "POST"])
    route.methods = {"GET", "POST"}  # Starlette adds HEAD to GET, which would act
    return route


ROUTES = (_route("answer", _take_answer), _route("receipt", _take_receipt))
