"""The durable stream between the edge and the ingest worker: one Valkey stream a partition.

The store runs with ``appendonly yes`` and ``appendfsync always``: its answer to an append means
that the entry is on disk. Where the store has replicas, an append is answered once so many of them
have it as `Appender.replicas` asks for. That is no consensus: see "Beyond one machine" in
ARCHITECTURE.md for what it is not.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import redis
import redis.asyncio
import structlog
from redis.exceptions import AskError, ClusterDownError, ResponseError

from flowctl import traces
from flowctl.errors import UnavailableError
from flowctl.telemetry.fixes import FixBatch, merge
from flowctl.telemetry.store import (
    AWAY,
    Store,
    WorkerStore,
    by_node,
    list_reigns,
    primaries_of,
)

GATHER_S = 0.005
"""So long a write waits for more callers, unless there is enough to write already."""
MOST_WAITING = 200_000
"""Fixes that may wait for the disk in one process; more are refused at once."""
_ENOUGH = 1_000
_MOST_A_WRITE = 20_000
_IN_A_THREAD = 5_000
_REPLICAS_MS = 1_000
_POLL_S = 0.02
"""How often a cluster is asked for new entries: no command waits for streams of several slots."""

_FIELD = b"b"
_MOVES = (AskError, ClusterDownError)  # MOVED is an AskError, too
_AWAY = "The position store does not answer; nothing of this request counts, send it again."
_REFUSES = "The position store takes nothing now; nothing of this request counts, send it again."
_ALONE = (
    "The position store has too few replicas that answer; send the request again, for what its"
    " first server holds may be lost with it."
)
_BUSY = "Too many fixes wait for the disk; nothing of this request counts, send it again."

_log = structlog.get_logger()


def key(partition: int) -> str:
    """Return the stream's key; the braces keep a partition on one node of a cluster."""
    return f"fixes:{{{partition}}}"


async def append(store: Store, entries: Mapping[int, bytes], *, replicas: int = 0) -> None:
    """Append one entry per partition; returns when all are on disk, and on so many replicas.

    Raises
    ------
    UnavailableError
        An entry was not written, or too few replicas have it. Others may have been: identity
        removes their doubles when the request is sent again.
    """
    try:
        known = await _append(store, entries, replicas)
    except AWAY as error:
        if isinstance(store, redis.asyncio.RedisCluster):
            await store.aclose()  # looks anew for who keeps what before the next append
        # A refusal is one of a store that is full, read-only, or moves a partition.
        refused = isinstance(error, ResponseError)
        raise UnavailableError(_REFUSES if refused else _AWAY) from error
    if any(count < replicas for count in known):
        raise UnavailableError(_ALONE)


async def _append(store: Store, entries: Mapping[int, bytes], replicas: int) -> list[int]:
    """Return how many replicas know of the entries, by node; empty where none is asked for."""
    if isinstance(store, redis.asyncio.RedisCluster):
        await store.initialize()
        nodes = primaries_of(store, map(key, entries)) if replicas else []
        # Sent on to another node, an entry would not be what this node's replicas are asked about.
        said: dict[str, bool] = {"allow_redirections": False}
        where = [{"target_nodes": node} for node in nodes]
    else:
        said, where = {}, [{}] if replicas else []
    async with store.pipeline(transaction=False) as pipe:
        for partition, entry in entries.items():
            pipe.xadd(key(partition), {_FIELD: entry})
        for one in where:  # WAIT counts what was written by its own connection, as a pipeline has
            pipe.execute_command("WAIT", replicas, _REPLICAS_MS, **one)
        answers: list[Any] = await pipe.execute(**said)
    return [int(count) for count in answers[len(entries) :]]


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

    def __init__(self, store: Store, *, replicas: int = 0) -> None:
        self._store = store
        self.replicas = replicas
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
            # Within the request that began the write; what others brought is in it as well.
            with traces.span("append", fixes=group.size):
                await append(self._store, entries, replicas=self.replicas)
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
    store: WorkerStore, positions: Mapping[int, str], *, count: int, block_ms: int
) -> dict[int, list[tuple[str, bytes]]]:
    """Return up to ``count`` entries per partition behind ``positions``, waiting for the first."""
    if isinstance(store, redis.Redis):
        streams: dict[Any, Any] = {key(p): last_id for p, last_id in positions.items()}
        return _entries_of(store.xread(streams, count=count, block=block_ms), positions)
    until = time.monotonic() + block_ms / 1000
    while True:
        found: dict[int, list[tuple[str, bytes]]] = {}
        for node, partitions in by_node(store, _keys(positions)):
            with node.pipeline(transaction=False) as pipe:
                for partition in partitions:
                    pipe.xread({key(partition): positions[partition]}, count=count)
                for answer in pipe.execute():
                    found |= _entries_of(answer, partitions)
        if found or time.monotonic() >= until:
            return found
        time.sleep(_POLL_S)


def _entries_of(answer: Any, partitions: Iterable[int]) -> dict[int, list[tuple[str, bytes]]]:  # noqa: ANN401 - as the client has it
    pairs = answer.items() if isinstance(answer, dict) else answer or []
    by_key = {key(partition): partition for partition in partitions}
    found: dict[int, list[tuple[str, bytes]]] = {}
    for name, batches in pairs:
        # RESP3 wraps each stream's entries in one more list than RESP2 does.
        entries = batches[0] if batches and isinstance(batches[0], list) else batches
        found[by_key[name.decode()]] = [(id_.decode(), body[_FIELD]) for id_, body in entries]
    return found


def trim(store: WorkerStore, committed: Mapping[int, str]) -> None:
    """Drop what lies before the committed positions."""
    for node, partitions in by_node(store, _keys(committed)):
        with node.pipeline(transaction=False) as pipe:
            for partition in partitions:
                pipe.xtrim(key(partition), minid=committed[partition], approximate=False)
            pipe.execute()


def newest_ids(store: WorkerStore, partitions: Sequence[int]) -> dict[int, str]:
    """Return the newest id each partition's stream has ever given, 0-0 where there is no stream."""
    newest = {}
    for node, kept in by_node(store, _keys(partitions)):
        with node.pipeline(transaction=False) as pipe:
            for partition in kept:
                pipe.xinfo_stream(key(partition))
            answers: list[Any] = pipe.execute(raise_on_error=False)
        for partition, about in zip(kept, answers, strict=True):
            if isinstance(about, ResponseError) and not isinstance(about, _MOVES):  # no such key
                newest[partition] = "0-0"
            elif isinstance(about, Exception):
                raise about
            else:
                newest[partition] = about["last-generated-id"].decode()
    return newest


def list_keepers(store: WorkerStore, partitions: Sequence[int]) -> dict[int, str]:
    """Return a word for the node that keeps each partition, as in `list_reigns`."""
    return list_reigns(store, _keys(partitions))


def _keys(partitions: Iterable[int]) -> dict[int, str]:
    return {partition: key(partition) for partition in partitions}


def is_behind(one: str, other: str) -> bool:
    """Tell whether one entry's id comes before another's."""
    return _number(one) < _number(other)


def _number(entry_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)


def is_drained(store: WorkerStore, positions: Mapping[int, str]) -> bool:
    """Tell whether nothing was ever appended behind these positions."""
    newest = newest_ids(store, list(positions))
    return not any(is_behind(positions[p], last_id) for p, last_id in newest.items())
