"""The durable stream between the edge and the ingest worker: one Valkey stream a partition.

The store runs with ``appendonly yes`` and ``appendfsync always``: its answer to an append means
that the entry is on disk.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import redis
import redis.asyncio
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from flowctl.errors import UnavailableError
from flowctl.telemetry.fixes import FixBatch, merge

GATHER_S = 0.005
"""So long a write waits for more callers, unless there is enough to write already."""
MOST_WAITING = 200_000
"""Fixes that may wait for the disk in one process; more are refused at once."""
_ENOUGH = 1_000
_MOST_A_WRITE = 20_000
_IN_A_THREAD = 5_000
_ANSWER_S = 3.0

_FIELD = b"b"
_AWAY = "The position store does not answer; nothing of this request counts, send it again."
_REFUSES = "The position store takes nothing now; nothing of this request counts, send it again."
_BUSY = "Too many fixes wait for the disk; nothing of this request counts, send it again."

_log = structlog.get_logger()


def key(partition: int) -> str:
    """Return the stream's key; the braces keep a partition on one node of a cluster."""
    return f"fixes:{{{partition}}}"


def connect(url: str) -> "redis.asyncio.Redis":
    """Return a client for appending: it says no within seconds instead of trying for long.

    Only a connection that is found broken is tried once more, for it may be an old one's end.
    """
    retry = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
    return redis.asyncio.Redis.from_url(
        url, socket_timeout=_ANSWER_S, socket_connect_timeout=_ANSWER_S, retry=retry
    )


async def append(store: "redis.asyncio.Redis", entries: Mapping[int, bytes]) -> None:
    """Append one entry per partition; returns when all of them are on disk.

    Raises
    ------
    UnavailableError
        An entry was not written. Others may have been: identity removes their doubles when the
        request is sent again.
    """
    try:
        async with store.pipeline(transaction=False) as pipe:
            for partition, entry in entries.items():
                pipe.xadd(key(partition), {_FIELD: entry})
            await pipe.execute()
    except ResponseError as error:  # full, read-only, or its own disk refuses
        raise UnavailableError(_REFUSES) from error
    except (RedisError, OSError) as error:
        raise UnavailableError(_AWAY) from error


@dataclass(eq=False, slots=True)
class _Group:
    """Batches that go to disk in one write."""

    begun_at: float
    batches: list[FixBatch] = field(default_factory=list)
    size: int = 0
    enough: asyncio.Event = field(default_factory=asyncio.Event)


class Appender:
    """Appends batches of many callers in few writes.

    While a write is on its way, and for at most `GATHER_S`, batches gather; they are merged and
    split by partition once. All callers of one write share its outcome, and one that goes away
    harms no other.
    """

    def __init__(self, store: "redis.asyncio.Redis") -> None:
        self._store = store
        self._open: tuple[_Group, asyncio.Task[None]] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writing = asyncio.Lock()
        self._waiting = 0
        self._refused = True
        self._failing = False
        self._failed_at = float("-inf")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take batches while the context lasts; those taken are written before it ends."""
        self._refused = False
        try:
            yield
        finally:
            self._refused = True
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def append(self, batch: FixBatch) -> None:
        """Return once a batch is on disk.

        Raises
        ------
        UnavailableError
            It is not, or only in part; or so much waits already that it was not tried.
        """
        size = len(batch.rows) + len(batch.aside)
        if size == 0:
            return
        if self._refused or (self._waiting and self._waiting + size > MOST_WAITING):
            raise UnavailableError(_BUSY)
        group, written = self._open or self._begin()
        group.batches.append(batch)
        group.size += size
        self._waiting += size
        if group.size >= _ENOUGH:
            group.enough.set()
        if group.size >= _MOST_A_WRITE:
            self._open = None
        await asyncio.shield(written)

    def _begin(self) -> tuple[_Group, asyncio.Task[None]]:
        group = _Group(asyncio.get_running_loop().time())
        task = asyncio.create_task(self._write(group))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._open = group, task
        return self._open

    async def _write(self, group: _Group) -> None:
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(GATHER_S):
                    await group.enough.wait()
            async with self._writing:
                if self._open is not None and self._open[0] is group:
                    self._open = None
                # Who waited for a write that failed is told now, not after as long a wait again.
                if group.begun_at <= self._failed_at:
                    raise UnavailableError(_AWAY)
                await self._append(group)
        finally:
            self._waiting -= group.size

    async def _append(self, group: _Group) -> None:
        if group.size >= _IN_A_THREAD:
            entries = await asyncio.to_thread(_entries, group.batches)
        else:
            entries = _entries(group.batches)
        try:
            await append(self._store, entries)
        except UnavailableError as error:
            if not self._failing:
                _log.warning("append_failed", cause=str(error.__cause__))
            self._failing = True
            self._failed_at = asyncio.get_running_loop().time()
            raise
        if self._failing:
            _log.info("append_works_again")
        self._failing = False


def _entries(batches: Sequence[FixBatch]) -> dict[int, bytes]:
    whole = batches[0] if len(batches) == 1 else merge(batches)
    return {partition: part.to_bytes() for partition, part in whole.partitions().items()}


def read(
    store: "redis.Redis", positions: Mapping[int, str], *, count: int, block_ms: int
) -> dict[int, list[tuple[str, bytes]]]:
    """Return up to ``count`` entries per partition behind ``positions``, waiting for the first."""
    streams: dict[Any, Any] = {key(p): last_id for p, last_id in positions.items()}
    answer: Any = store.xread(streams, count=count, block=block_ms) or []
    pairs = answer.items() if isinstance(answer, dict) else answer
    by_key = {key(partition): partition for partition in positions}
    found: dict[int, list[tuple[str, bytes]]] = {}
    for name, batches in pairs:
        # RESP3 wraps each stream's entries in one more list than RESP2 does.
        entries = batches[0] if batches and isinstance(batches[0], list) else batches
        found[by_key[name.decode()]] = [(id_.decode(), body[_FIELD]) for id_, body in entries]
    return found


def trim(store: "redis.Redis", committed: Mapping[int, str]) -> None:
    """Drop what lies before the committed positions."""
    with store.pipeline(transaction=False) as pipe:
        for partition, last_id in committed.items():
            pipe.xtrim(key(partition), minid=last_id, approximate=False)
        pipe.execute()


def newest_ids(store: "redis.Redis", partitions: Sequence[int]) -> dict[int, str]:
    """Return the newest id each partition's stream has ever given, 0-0 where there is no stream."""
    with store.pipeline(transaction=False) as pipe:
        for partition in partitions:
            pipe.xinfo_stream(key(partition))
        answers: list[Any] = pipe.execute(raise_on_error=False)
    newest = {}
    for partition, about in zip(partitions, answers, strict=True):
        if isinstance(about, ResponseError):  # no such key
            newest[partition] = "0-0"
        elif isinstance(about, Exception):
            raise about
        else:
            newest[partition] = about["last-generated-id"].decode()
    return newest


def is_behind(one: str, other: str) -> bool:
    """Tell whether one entry's id comes before another's."""
    return _number(one) < _number(other)


def _number(entry_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)


def is_drained(store: "redis.Redis", positions: Mapping[int, str]) -> bool:
    """Tell whether nothing was ever appended behind these positions."""
    newest = newest_ids(store, list(positions))
    return not any(is_behind(positions[p], last_id) for p, last_id in newest.items())
