"""What every way in has in common: rates, unknown devices, screening, and the disk."""

import asyncio
import math
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import TypeVar

import anyio
import anyio.to_thread
import msgspec

from api.errors import Problem
from api.known import KnownDevices
from flowctl.clock import Clock
from flowctl.site import Site, UnknownDevices
from flowctl.storage.sources import Source
from flowctl.telemetry.edge import Intake, Rejection, intake, join, site_limits
from flowctl.telemetry.fixes import microseconds
from flowctl.telemetry.formats.decoded import Decoded
from flowctl.telemetry.rates import Rates
from flowctl.telemetry.stream import Appender

_AT_ONCE = 2
_LARGE_ROWS = 5_000

T = TypeVar("T")


class Accepted(msgspec.Struct):
    """The answer to a request: how many of its items were accepted, and why others were not."""

    accepted: int
    rejected: tuple[Rejection, ...]


@dataclass(slots=True)
class Edge:
    """Takes fixes of a site."""

    site: Site
    clock: Clock
    appender: Appender
    known: KnownDevices
    rates: Rates
    threads: anyio.CapacityLimiter
    _turns: "dict[Source, _Turn]" = field(default_factory=dict)

    def now_us(self) -> int:
        """Return the domain moment, in microseconds since 1970-01-01 UTC."""
        return microseconds(self.clock.now())

    async def take(self, decoded: Decoded, source: Source, received_at_us: int) -> Intake:
        """Return once the fixes, and what was set aside of them, are on disk.

        Raises
        ------
        Problem
            429, the source sends more than its rate; nothing was taken.
        UnavailableError
            They are not on disk.
        """
        self._refuse_excess(source, len(decoded.rows) + len(decoded.misfits))
        return await self._take(decoded, source, received_at_us)

    async def take_one(self, decoded: Decoded, source: Source) -> Rejection | None:
        """Take one fix as `take` does; returns why it was set aside, None where it was not.

        The fixes of a source that came together are screened together: by itself each would cost
        ten times as much.
        """
        self._refuse_excess(source, 1)
        turn = self._turns.get(source)
        if turn is None:
            turn = self._turns[source] = _Turn(self._take_turn(source))
        return await turn.add(decoded)

    async def _take_turn(self, source: Source) -> dict[int, Rejection]:
        parts = self._turns.pop(source).parts
        taken = await self._take(join(parts), source, self.now_us())
        return {rejection.index: rejection for rejection in taken.rejected}

    async def _take(self, decoded: Decoded, source: Source, received_at_us: int) -> Intake:
        unknown: frozenset[str] = frozenset()
        if self.site.unknown_devices is UnknownDevices.REFUSE and not source.enrols:
            unknown = await self.known.unknown(decoded.devices)

        def screened() -> Intake:
            return intake(
                decoded,
                source_id=source.id,
                received_at_us=received_at_us,
                params=source.screening.over(site_limits(self.site)),
                only_device=source.device_uid,
                unknown=unknown,
            )

        large = len(decoded.rows) + len(decoded.misfits) > _LARGE_ROWS
        taken = await self.in_thread(screened) if large else screened()
        await self.appender.append(taken.batch)
        return taken

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do work on a large body in a thread, so that others are served meanwhile.

        Few at once: each may hold many times its body's size in memory.
        """
        return await anyio.to_thread.run_sync(work, limiter=self.threads)

    def _refuse_excess(self, source: Source, count: int) -> None:
        wait_s = self.rates.wait_s(source.id, source.rate_per_s, count, now=time.monotonic())
        if wait_s > 0:
            raise Problem(
                429,
                "Too many fixes",
                f"This source may send {source.rate_per_s:g} fixes a second; nothing of this"
                " request was taken, send it again later.",
                {"Retry-After": str(math.ceil(wait_s))},
            )


class _Turn:
    """Fixes of one source that came in the same turn of the event loop, and who waits for them."""

    def __init__(self, work: Coroutine[None, None, dict[int, Rejection]]) -> None:
        self.parts: list[Decoded] = []
        self._waiting: list[asyncio.Future[Rejection | None]] = []
        self._task = asyncio.create_task(work)
        self._task.add_done_callback(self._tell)

    def add(self, part: Decoded) -> "asyncio.Future[Rejection | None]":
        """Return the future that tells why the fix was set aside, or None."""
        waiting: asyncio.Future[Rejection | None] = asyncio.get_running_loop().create_future()
        self.parts.append(part)
        self._waiting.append(waiting)
        return waiting

    def _tell(self, task: "asyncio.Task[dict[int, Rejection]]") -> None:
        error = task.exception()
        for index, waiting in enumerate(self._waiting):
            if waiting.done():  # its client has gone
                continue
            if error is None:
                waiting.set_result(task.result().get(index))
            else:
                waiting.set_exception(error)


def make_edge(site: Site, clock: Clock, appender: Appender, known: KnownDevices) -> Edge:
    """Return the edge of a site."""
    return Edge(site, clock, appender, known, Rates(), anyio.CapacityLimiter(_AT_ONCE))


def told(taken: Intake) -> bytes:
    """Return what a sender is told, as JSON."""
    return msgspec.json.encode(Accepted(len(taken.batch.rows), taken.rejected))


def told_of_one(rejection: Rejection | None) -> bytes:
    """Return what the sender of a single fix is told, as JSON."""
    if rejection is None:
        return msgspec.json.encode(Accepted(1, ()))
    return msgspec.json.encode(Accepted(0, (replace(rejection, index=0),)))
