"""Proof of a driver's phone: the first browser claims a link, others by a code sent by SMS.

Answers are the same in words and time whether or not a number is known here.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

import psycopg
import structlog
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from redis.asyncio import Redis
from starlette.concurrency import run_in_threadpool

from api.asked import NO_BODY
from api.attempts import Lock, count_attempt, count_try, forgive, take_back
from api.claims import claimed_elsewhere, find_link_state, give_cookies
from api.errors import Problem
from api.faults import SECRET
from api.links import trip_of
from api.strangers import place_of
from api.transaction import transaction
from flowctl.registry import claims
from flowctl.registry.claims import LOGIN
from flowctl.registry.keys import hash_phone
from flowctl.registry.phones import parse_phone

router = APIRouter(tags=["driver"])

T = TypeVar("T")
Connection = psycopg.Connection[Any]
Digits = Annotated[str, Field(pattern=r"^[0-9]{6}$"), SECRET]

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_LOCK = Lock(LOGIN.wrong_before_lock, LOGIN.first_lock, LOGIN.longest_lock)
_WRONG = "The code is wrong, or older than five minutes; read it again, or ask for another one."
_TOO_MANY_WRONG = "Too many wrong codes were entered for this number"
_TOO_MANY_HERE = "Too many tries came from this connection"
_TOO_MANY_CODES = "Too many codes were sent to this number"
_log = structlog.get_logger()


class Claim(BaseModel):
    """A code that was sent to the trip's number; without one only the first browser gets in."""

    model_config = ConfigDict(extra="forbid", strict=True)

    code: Digits | None = None


class MayAct(BaseModel):
    """Whether the browser that asked may act for the trip."""

    may_act: bool


class Number(BaseModel):
    """A phone number, as a driver types it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    phone: str = Field(min_length=1, max_length=40)


class NumberAndCode(Number):
    """A number with the code that was sent to it."""

    code: Digits


class OpenTrip(BaseModel):
    """A trip of the number: the code of its link, and its plate."""

    code: str
    plate: str


class OpenTrips(BaseModel):
    """The trips of a number, active ones first, the newest first."""

    trips: list[OpenTrip]


class Accepted(BaseModel):
    """What was asked for is on its way, if there is anything to send."""

    accepted: bool = True


@router.post("/v1/driver/{code}/claim")
async def claim_link(
    request: Request, code: str, response: Response, body: Claim | None = None
) -> MayAct:
    """Let this browser act for the trip; 403 where a code is needed or wrong, 429 while locked."""
    trip_id = await run_in_threadpool(trip_of, request, code)
    if body is None or body.code is None:
        token = await _in_transaction(request, lambda conn: _claim(request, conn, trip_id))
    else:
        token = await _prove(request, trip_id, body.code)
    if token is not None:
        give_cookies(request, response, [(trip_id, token)])
    return MayAct(may_act=True)


@router.post("/v1/driver/{code}/code", status_code=202, dependencies=[NO_BODY])
async def send_code(request: Request, code: str) -> Accepted:
    """Send a code to the number of the trip."""
    trip_id = await run_in_threadpool(trip_of, request, code)
    state = request.app.state
    mark = await _in_transaction(request, lambda conn: claims.phone_mark(conn, state.site, trip_id))
    await _count_code(request, mark)
    await _in_transaction(
        request,
        lambda conn: claims.send_code_of_trip(
            conn, state.site, trip_id, now=state.clock.now(), wall_now=datetime.now(UTC)
        ),
    )
    return Accepted()


@router.post("/v1/driver-logins", status_code=202)
async def ask_for_login(request: Request, body: Number) -> Accepted:
    """Send a code to a number if there is a trip of it; the answer is the same if there is none."""
    state = request.app.state
    phone = parse_phone(body.phone)
    async with _same_time():
        await _count_code(request, hash_phone(state.keys, phone))
        sent = await _in_transaction(
            request,
            lambda conn: claims.send_code_of_phone(
                conn,
                state.site,
                state.keys,
                phone,
                now=state.clock.now(),
                wall_now=datetime.now(UTC),
            ),
        )
    _log.info("login code asked for", sent=sent)
    return Accepted()


@router.post("/v1/driver-logins/code")
async def log_in(request: Request, body: NumberAndCode, response: Response) -> OpenTrips:
    """Open the trips of a number; 403 where the code is wrong, 429 while the number is locked."""
    state = request.app.state
    phone = parse_phone(body.phone)
    mark = hash_phone(state.keys, phone)
    async with _same_time():
        opened = await _judged(
            request,
            mark,
            lambda conn: claims.open_by_phone(
                conn,
                state.site,
                state.keys,
                phone,
                body.code,
                now=state.clock.now(),
                wall_now=datetime.now(UTC),
            ),
        )
    tokens = [(trip.trip_id, trip.token) for trip in opened if trip.token is not None]
    give_cookies(request, response, tokens)
    return OpenTrips(trips=[OpenTrip(code=trip.code, plate=trip.plate) for trip in opened])


def _claim(request: Request, conn: Connection, trip_id: int) -> str | None:
    """Return the token of a first claim; None where this browser has one already."""
    if find_link_state(request, conn, trip_id).mine:
        return None
    token = claims.claim_first(conn, trip_id, wall_now=datetime.now(UTC))
    if token is None:
        raise claimed_elsewhere()
    return token


async def _prove(request: Request, trip_id: int, digits: str) -> str:
    state = request.app.state
    mark = await _in_transaction(request, lambda conn: claims.phone_mark(conn, state.site, trip_id))
    return await _judged(
        request,
        mark,
        lambda conn: claims.prove_trip(
            conn, state.site, state.keys, trip_id, digits, wall_now=datetime.now(UTC)
        ),
    )


async def _judged(request: Request, mark: bytes, judge: Callable[[Connection], T | None]) -> T:
    """Return what a right code gives; a wrong one counts for its number and its address."""
    store: Redis = request.app.state.store
    number, place = f"login:wrong:{mark.hex()}", f"login:place:{place_of(request.scope)}"
    await count_attempt(
        store, place, most=LOGIN.tries_per_address, within=_HOUR, what=_TOO_MANY_HERE
    )
    await count_try(store, number, _LOCK, what=_TOO_MANY_WRONG)
    given = await _in_transaction(request, judge)
    if given is None:
        _log.warning("login code wrong")
        raise Problem(403, "Forbidden", _WRONG)
    await forgive(store, number)
    await take_back(store, place)
    return given


async def _count_code(request: Request, mark: bytes) -> None:
    """Count a code that is asked for, for its number and the address that asks."""
    store: Redis = request.app.state.store
    place = f"login:asks:{place_of(request.scope)}"
    await count_attempt(
        store, place, most=LOGIN.tries_per_address, within=_HOUR, what=_TOO_MANY_HERE
    )
    for name, most, within in (
        ("hour", LOGIN.codes_per_hour, _HOUR),
        ("day", LOGIN.codes_per_day, _DAY),
    ):
        key = f"login:codes:{name}:{mark.hex()}"
        await count_attempt(store, key, most=most, within=within, what=_TOO_MANY_CODES)


@asynccontextmanager
async def _same_time() -> AsyncIterator[None]:
    """Let what is inside take the same time however it ends."""
    began = time.monotonic()
    try:
        yield
    finally:
        left = LOGIN.least_answer.total_seconds() - (time.monotonic() - began)
        await asyncio.sleep(max(left, 0.0))


async def _in_transaction(request: Request, work: Callable[[Connection], T]) -> T:
    def run() -> T:
        with transaction(request) as conn:
            return work(conn)

    return await run_in_threadpool(run)
