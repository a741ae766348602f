"""How often something may be tried: counted in the store, before it is judged.

Each count and its end are one step of the store, so that many tries at once do not slip through.
"""

from dataclasses import dataclass
from datetime import timedelta

from api.errors import Problem
from flowctl.telemetry.store import Store

_COUNT = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
if n > tonumber(ARGV[1]) then return redis.call('TTL', KEYS[1]) end
return 0
"""
# The try that reaches the limit locks the key and is still judged: whoever is right opens it.
_LOCK = """
local left = redis.call('TTL', KEYS[2])
if left > 0 then return left end
local n = redis.call('INCR', KEYS[1])
redis.call('EXPIRE', KEYS[1], ARGV[4])
local most = tonumber(ARGV[1])
if n % most == 0 then
    local lock = math.min(ARGV[2] * 2 ^ (n / most - 1), tonumber(ARGV[3]))
    redis.call('SET', KEYS[2], 1, 'EX', math.floor(lock))
end
return 0
"""
_REMEMBERED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Lock:
    """After ``most`` wrong tries a key is locked for ``first``, then for twice that, and so on."""

    most: int
    first: timedelta
    longest: timedelta


async def count_attempt(store: Store, key: str, *, most: int, within: timedelta, what: str) -> None:
    """Count an attempt, and raise the Problem 429 beyond ``most`` of them ``within`` a time.

    ``what`` begins the sentence, such as "Too many codes were asked for".
    """
    wait_s = int(await store.eval(_COUNT, 1, key, most, int(within.total_seconds())))
    if wait_s:
        raise _too_many(what, wait_s)


async def count_try(store: Store, key: str, lock: Lock, *, what: str) -> None:
    """Count a try that may be wrong, and raise the Problem 429 where the key is locked."""
    limits = (
        lock.most,
        int(lock.first.total_seconds()),
        int(lock.longest.total_seconds()),
        int(_REMEMBERED.total_seconds()),
    )
    wait_s = int(await store.eval(_LOCK, 2, key, _locked(key), *limits))
    if wait_s:
        raise _too_many(what, wait_s)


async def take_back(store: Store, key: str) -> None:
    """Take back an attempt that `count_attempt` counted: it was right."""
    if await store.decr(key) <= 0:
        await store.delete(key)  # or a count that ended meanwhile would stay for ever


async def forgive(store: Store, key: str) -> None:
    """Forget the wrong tries of a key: this one was right."""
    await store.delete(key, _locked(key))


def _locked(key: str) -> str:
    return f"{{{key}}}:locked"  # the braces keep both on one node of a cluster


def _too_many(what: str, wait_s: int) -> Problem:
    minutes = max(wait_s, 1) // 60 + 1
    return Problem(
        429,
        "Too many attempts",
        f"{what}; try again in {minutes} minutes.",
        {"Retry-After": str(max(wait_s, 1))},
        kind="too_many_attempts",
        values={"minutes": minutes},
    )
