"""What waits in the streams, asked of the store without moving the entries themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flowctl.telemetry.store import Store
from flowctl.telemetry.stream import key

# Entries up to the committed position stay until the next trim and are not waiting.
_WAITING = """
local after = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', 1)
local read = #redis.call('XRANGE', KEYS[1], '-', ARGV[1])
return {redis.call('XLEN', KEYS[1]) - read, after[1] and after[1][1] or '', redis.call('TIME')}
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Entries of one partition that nobody has committed, and the age of the oldest, seconds."""

    entries: int
    oldest_s: float


async def list_waiting(store: Store, committed: Mapping[int, str]) -> dict[int, Waiting]:
    """Return what waits behind each partition's committed position."""
    async with store.pipeline(transaction=False) as pipe:
        for partition, last_id in committed.items():
            pipe.eval(_WAITING, 1, key(partition), last_id)
        answers: list[Any] = await pipe.execute()
    return {
        partition: Waiting(int(entries), _age_s(oldest, *map(int, now)))
        for partition, (entries, oldest, now) in zip(committed, answers, strict=True)
    }


def _age_s(entry_id: bytes, now_s: int, and_us: int) -> float:
    """Return how long ago the store took an entry: its id begins with that millisecond."""
    if not entry_id:
        return 0.0
    now_ms = now_s * 1000 + and_us // 1000
    return max(0, now_ms - int(entry_id.split(b"-")[0])) / 1000
