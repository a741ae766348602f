"""The board's answers, made once a second for all who read: no reader costs a look at the stores.

While a store is away the last board stays, and says how old it is.
"""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

import psycopg
import structlog
from psycopg_pool import ConnectionPool, PoolTimeout
from starlette.concurrency import run_in_threadpool
from starlette.types import Message

from api.board import Board, make_board
from api.board_forms import WRITERS, Form, Written
from api.errors import Problem
from api.feed import Feed
from api.ledger import PublicLedger, public_ledger
from api.middleware import protected
from api.picture import Picture
from flowctl.closures import Closure
from flowctl.site import Site
from flowctl.storage.closures import list_closures
from flowctl.storage.live import list_gate_states
from flowctl.storage.waits import Record, expected_waits, list_levels, list_records
from flowctl.traffic.calibration import Levels

Pool = ConnectionPool[psycopg.Connection[Any]]

EVERY_S = 1.0
_SLOW_EVERY_S = 10.0
"""How often ledger, closures and past waits are read, which change seldom."""
_WATCHED_S = 30.0
"""So long after the last reader the board is still made."""
_FIRST_S = 8.0
"""So long the first reader after a pause waits for a new board."""
_STALE_S = 10.0

_log = structlog.get_logger()


class _Slow(NamedTuple):
    """What is read only now and then."""

    ledger: PublicLedger
    closures: tuple[Closure, ...]
    levels: Mapping[str, Levels]
    records: Mapping[str, Record]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it goes over the wire: the messages, plain and packed, and of nothing new."""

    tag: bytes
    plain: tuple[Message, Message]
    packed: tuple[Message, Message]
    unchanged: tuple[Message, Message]


class BoardTexts:
    """Keeps the board of the site and its answers, while somebody reads."""

    def __init__(self, feed: Feed, pool: Pool) -> None:
        self._feed = feed
        self._pool = pool
        self._board: Board | None = None
        self._site = feed.site
        self._made_at = 0.0
        self._slow: _Slow | None = None
        self._slow_at = 0.0
        self._answers: dict[Form, Answer] = {}
        self._asked_at = 0.0
        self._wanted = asyncio.Event()
        self._tried = asyncio.Condition()
        self._failing = False
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Make boards for readers while the context lasts."""
        self._task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def get(self, form: Form) -> Answer:
        """Return a form of the board, at most some seconds old unless a store is away.

        Raises
        ------
        Problem
            503, nothing was ever known; 404, the board has no such gate.
        """
        self._asked_at = time.monotonic()
        self._wanted.set()
        if self._task is not None and self._task.done():
            self._task.result()  # a defect is a reader's error, not a board that stands still
        if self._board is None or (not self._failing and self._age_s() > _STALE_S):
            with suppress(TimeoutError):
                async with asyncio.timeout(_FIRST_S), self._tried:
                    await self._tried.wait()
        answer = self._answers.get(form)
        if answer is None:
            if self._board is None:
                raise _unknown()
            answer = self._answers[form] = _pack(form, self._told(self._board), self._site)
        return answer

    def _age_s(self) -> float:
        return time.monotonic() - self._made_at

    def _told(self, board: Board) -> Board:
        age_s = self._age_s()
        return replace(board, stale_s=round(age_s)) if age_s > _STALE_S else board

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            started = time.monotonic()
            try:
                self._board = await self._make()
                self._made_at, self._failing = time.monotonic(), False
            except (psycopg.Error, PoolTimeout) as error:
                if not self._failing:
                    _log.warning("the board grows old", reason=str(error).strip())
                self._failing = True
            self._answers = {}
            async with self._tried:
                self._tried.notify_all()
            if time.monotonic() - self._asked_at > _WATCHED_S:
                self._wanted.clear()
            await asyncio.sleep(max(0.0, started + EVERY_S - time.monotonic()))

    async def _make(self) -> Board:
        picture = (await self._feed.current()).picture
        board = await run_in_threadpool(self._read, picture)
        self._site = picture.site
        return board

    def _read(self, picture: Picture) -> Board:
        site, now = picture.site, picture.at
        with self._pool.connection() as conn:
            if self._slow is None or time.monotonic() - self._slow_at > _SLOW_EVERY_S:
                self._slow = _Slow(
                    public_ledger(conn, site, now),
                    tuple(list_closures(conn, site.id, since=now)),
                    list_levels(conn, site),
                    list_records(conn, site.id, now),
                )
                self._slow_at = time.monotonic()
            states = list_gate_states(conn, site.id, [gate.id for gate in site.gates])
        slow = self._slow
        lately = [one for one in states if one.at > now - _LOOKED_AT]
        return make_board(
            picture,
            waits=expected_waits(site, lately, slow.levels, now),
            records=slow.records,
            closures=slow.closures,
            ledger=slow.ledger,
        )


_LOOKED_AT = timedelta(minutes=30)
"""What the controller found longer ago says nothing of the wait of who comes now."""


def _pack(form: Form, board: Board, site: Site) -> Answer:
    write = WRITERS[form.kind]
    written = write(board, site, form)
    # That the same was computed anew is nothing new; how old it is stands in the headers.
    said = write(replace(board, at=_NO_MOMENT), site, form).body
    tag = f'W/"{blake2b(said, digest_size=12).hexdigest()}"'.encode()
    told = _headers(written, board, tag)
    kind = (b"content-type", written.content_type.encode())
    packed = gzip.compress(written.body, compresslevel=6, mtime=0)
    return Answer(
        tag,
        _messages(200, [*told, kind], written.body),
        _messages(200, [*told, kind, (b"content-encoding", b"gzip")], packed),
        _messages(304, told, b""),
    )


_NO_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)


def _headers(written: Written, board: Board, tag: bytes) -> list[tuple[bytes, bytes]]:
    found = [
        (b"etag", tag),
        (b"cache-control", b"public, max-age=2, stale-while-revalidate=10, stale-if-error=86400"),
        (b"vary", written.varies_by.encode()),
        (b"access-control-allow-origin", b"*"),
        (b"access-control-expose-headers", b"etag, x-computed-at, warning"),
        (b"x-computed-at", board.at.isoformat().encode()),
        *((name.encode(), value.encode()) for name, value in written.headers.items()),
    ]
    if board.stale_s is not None:
        found.append((b"warning", b'110 - "Response is Stale"'))
        found.append((b"age", str(board.stale_s).encode()))
    return protected(found)


def _messages(
    status: int, headers: list[tuple[bytes, bytes]], body: bytes
) -> tuple[Message, Message]:
    length = [] if status == _UNCHANGED else [(b"content-length", str(len(body)).encode())]
    return (
        {"type": "http.response.start", "status": status, "headers": [*headers, *length]},
        {"type": "http.response.body", "body": body},
    )


_UNCHANGED = 304


def _unknown() -> Problem:
    return Problem(
        503,
        "Not known yet",
        "The board is not known yet, for a store does not answer; ask again in a few seconds.",
        {"Retry-After": "5"},
    )
