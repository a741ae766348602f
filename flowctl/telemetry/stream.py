"""The durable stream between the edge and the ingest worker: one Valkey stream a partition.

The store runs with ``appendonly yes`` and ``appendfsync always``: its answer to an append means
that the entry is on disk.
"""

from collections.abc import Mapping
from typing import Any

import redis
import redis.asyncio
from redis.exceptions import RedisError

from flowctl.errors import UnavailableError
from flowctl.telemetry.fixes import PARTITIONS

_FIELD = b"b"
_TRIED = "The position store does not answer; nothing of this request counts, send it again."


def key(partition: int) -> str:
    """Return the stream's key; the braces keep a partition on one node of a cluster."""
    return f"fixes:{{{partition}}}"


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
    except (RedisError, OSError) as error:
        raise UnavailableError(_TRIED) from error


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


def backlog(store: "redis.Redis", positions: Mapping[int, str]) -> int:
    """Return how many entries lie behind ``positions``, over all partitions."""
    with store.pipeline(transaction=False) as pipe:
        for partition in range(PARTITIONS):
            pipe.xrange(key(partition), min=f"({positions.get(partition, '0-0')}", count=1000)
        return sum(len(entries) for entries in pipe.execute())
