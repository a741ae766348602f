"""What waits in the streams, asked of the store without moving the entries themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import redis.asyncio

from flowctl.telemetry.stream import key

# Entries up to the committed position stay until the next trim and are not waiting.
_WAITING = """
local after = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', 1)
local read = #redis.call('XRANGE', KEYS[1], '-', ARGV[1])
return {redis.call('XLEN', KEYS[1]) - read, after[1] and after[1][1] or ''}
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Entries of one partition that nobody has committed, and the age of the oldest, seconds."""

    entries: int
    oldest_s: float


async def list_waiting(
    store: "redis.asyncio.Redis", committed: Mapping[int, str]
) -> dict[int, Waiting]:
    """Return what waits behind each partition's committed position."""
    async with store.pipeline(transaction=False) as pipe:
        pipe.time()
        for partition, last_id in committed.items():
            pipe.eval(_WAITING, 1, key(partition), last_id)
        answers: list[Any] = await pipe.execute()
    seconds, microseconds = answers[0]
    now_ms = int(seconds) * 1000 + int(microseconds) // 1000
    return {
        partition: Waiting(int(entries), _age_s(oldest, now_ms))
        for partition, (entries, oldest) in zip(committed, answers[1:], strict=True)
    }


def _age_s(entry_id: bytes, now_ms: int) -> float:
    """Return how long ago the store took an entry: its id begins with that millisecond."""
    if not entry_id:
        return 0.0
    return max(0, now_ms - int(entry_id.split(b"-")[0])) / 1000
