"""What addresses got wrong of late: who tries on is turned away before a store is asked.

Of one process, and bounded: what must hold over all of them is counted in `api.attempts`.
"""

import math
import time
from collections import Counter, OrderedDict
from ipaddress import IPv6Address, ip_address
from typing import TypeVar

from starlette.types import Scope

from api.errors import Problem
from flowctl.telemetry.rates import TokenBucket

_MOST_PLACES = 50_000
"""Beyond so many the one that was quiet longest is forgotten."""
_NETWORK_BITS = 64
"""So much of an address of IPv6 is one subscriber's; whoever has one has all below it."""

_WRONG = "Too many wrong tries came from this address"
_MANY = "Too much was asked from here at once"

T = TypeVar("T")
_Key = tuple[str, str]


class Strangers:
    """How often each address may yet be wrong, by what it is wrong about."""

    def __init__(self) -> None:
        self.signing_in: Counter[str] = Counter()
        """How many sign-ins of each address this process looks at just now."""
        self._shut: OrderedDict[_Key, float] = OrderedDict()
        self._buckets: OrderedDict[_Key, TokenBucket] = OrderedDict()

    def shut_for_s(self, what: str, place: str) -> float:
        """Return for how long yet an address is shut out that `shut` was told of; 0: it is not."""
        until = self._shut.get((what, place))
        if until is None:
            return 0.0
        wait_s = until - time.monotonic()
        if wait_s <= 0:
            del self._shut[what, place]
        return max(wait_s, 0.0)

    def shut(self, what: str, place: str, wait_s: float) -> None:
        """Remember that an address may not try something for so long."""
        _keep(self._shut, (what, place), time.monotonic() + wait_s)

    def count_try(self, what: str, place: str, per_s: float) -> None:
        """Count what may be wrong, and raise the Problem 429 beyond ten seconds' worth at once."""
        self._count(what, place, per_s, _WRONG)

    def count_request(self, what: str, place: str, per_s: float) -> None:
        """Count what anybody may ask, and raise the Problem 429 beyond ten seconds' worth."""
        self._count(what, place, per_s, _MANY)

    def forgive(self, what: str, place: str) -> None:
        """Take a try back: it was right, or could not be judged."""
        bucket = self._buckets.get((what, place))
        if bucket is not None:
            bucket.give_back(1)

    def _count(self, what: str, place: str, per_s: float, said: str) -> None:
        wait_s = self._bucket(what, place, per_s).wait_s(1, now=time.monotonic())
        if wait_s > 0:
            raise _too_many(said, wait_s)

    def _bucket(self, what: str, place: str, per_s: float) -> TokenBucket:
        found = self._buckets.get((what, place))
        if found is None:
            found = TokenBucket(per_s, now=time.monotonic())
            _keep(self._buckets, (what, place), found)
        else:
            self._buckets.move_to_end((what, place))
        return found


def place_of(scope: Scope) -> str:
    """Return where a request comes from, as tries are counted: an address, of IPv6 its network."""
    client = scope.get("client")
    if client is None:
        return "nowhere"
    host = str(client[0])
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Address(int(address) >> _NETWORK_BITS << _NETWORK_BITS))


def wrong_too_often(wait_s: float) -> Problem:
    """Return the Problem of an address that was wrong too often."""
    return _too_many(_WRONG, wait_s)


def _too_many(said: str, wait_s: float) -> Problem:
    seconds = max(math.ceil(wait_s), 1)
    minutes = seconds // 60 + 1
    return Problem(
        429,
        "Too many attempts",
        f"{said}; try again in {minutes} minutes.",
        {"Retry-After": str(seconds)},
        kind="too_many_attempts",
        values={"minutes": minutes},
    )


def _keep(held: "OrderedDict[_Key, T]", key: _Key, value: T) -> None:
    held[key] = value
    held.move_to_end(key)
    if len(held) > _MOST_PLACES:
        held.popitem(last=False)
