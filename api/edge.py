"""What every way in has in common: rates, unknown devices, screening, and the disk."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import anyio
import anyio.to_thread
import msgspec
from fastapi import Response

from api.errors import Problem
from api.known import KnownDevices
from flowctl.clock import Clock
from flowctl.site import Site, UnknownDevices
from flowctl.storage.sources import Source
from flowctl.telemetry.edge import Intake, Rejection, intake, site_limits
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
        count = len(decoded.rows) + len(decoded.misfits)
        self._refuse_excess(source, count)
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

        taken = await self.in_thread(screened) if count > _LARGE_ROWS else screened()
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


def make_edge(site: Site, clock: Clock, appender: Appender, known: KnownDevices) -> Edge:
    """Return the edge of a site."""
    return Edge(site, clock, appender, known, Rates(), anyio.CapacityLimiter(_AT_ONCE))


def answer(taken: Intake) -> Response:
    """Tell a sender how many of its items were accepted, and why others were not."""
    told = Accepted(len(taken.batch.rows), taken.rejected)
    return Response(msgspec.json.encode(told), media_type="application/json")
