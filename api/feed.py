"""The live picture, made once for all who look, and its changes for those who keep looking."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import psycopg
import structlog
from psycopg_pool import ConnectionPool, PoolTimeout
from starlette.concurrency import run_in_threadpool

from api.background import beside
from api.frames import Frame, Frames
from api.picture import Picture, make_picture
from api.trucks import same_where_equal
from flowctl.clock import Clock
from flowctl.site import Site
from flowctl.state import GateHistory
from flowctl.storage import acts, alerts, closures, hand_words, messages, zone_drafts
from flowctl.storage.live import (
    LiveRow,
    at_positions,
    count_inside,
    list_active,
    list_gate_states,
    list_positions,
)
from flowctl.storage.snapshot import gate_histories
from flowctl.storage.traffic import list_queues
from flowctl.storage.visits import count_flows

INTERVAL_S = 1.0
SOONEST_S = 0.2
"""However much is changed, no picture follows another sooner."""
_FRESH_S = 0.9
_SHARE = 2.0
"""A picture that was asked for early waits so many times as long as the last one took to make."""
_MOMENTS_S = 2.0
"""So often what follows from visits is worked out, and at once after a change; places each time."""
_NO_STORE = (psycopg.Error, PoolTimeout)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Facts:
    """What takes long to find out and changes with visits and people's acts only."""

    site: Site
    rows: list[LiveRow]
    histories: tuple[GateHistory, ...]
    inside: dict[str, int]
    flows: dict[str, tuple[int, int]]
    read_at: float


class Feed:
    """Makes the picture of ``site``: on demand, and once a second while somebody watches.

    While somebody watches, `wake` brings the next one at once.
    """

    def __init__(
        self, pool: ConnectionPool[psycopg.Connection[Any]], site: Site, clock: Clock
    ) -> None:
        self._pool = pool
        self.site = site
        self._clock = clock
        self.frames = Frames()
        self._frame: Frame | None = None
        self._made_at = -INTERVAL_S
        self._making = asyncio.Lock()
        self._changed = asyncio.Condition()
        self._watchers = 0
        self._watched = asyncio.Event()
        self._woken = asyncio.Event()
        self._facts: _Facts | None = None
        self._asked_anew = False

    def running(self) -> AbstractAsyncContextManager[None]:
        """Make pictures for watchers while the context lasts."""
        return beside(self._run())

    def wake(self) -> None:
        """Have a picture made at once: something was changed. For the loop's own thread."""
        self._asked_anew = True
        self._woken.set()

    async def current(self) -> Frame:
        """Return the picture of now, at most a second old."""
        async with self._making:
            if self._frame is None or time.monotonic() - self._made_at > _FRESH_S:
                return await self._make()
            return self._frame

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Have a picture made each second while the context lasts."""
        self._watchers += 1
        self._watched.set()
        try:
            yield
        finally:
            self._watchers -= 1
            if not self._watchers:
                self._watched.clear()

    async def first(self) -> Frame:
        """Return the picture of now, once there is one: the store may be away for a while."""
        try:
            return await self.current()
        except _NO_STORE as error:
            _log.warning("no live picture", reason=str(error))
        return await self.after(self._frame)

    async def after(self, last: Frame | None) -> Frame:
        """Return the newest picture once it is newer than ``last``; those between are skipped."""
        known = 0 if last is None else last.sequence
        async with self._changed:
            while self._frame is None or self._frame.sequence <= known:
                await self._changed.wait()
            return self._frame

    async def _run(self) -> None:
        while True:
            await self._watched.wait()
            started = time.monotonic()
            self._woken.clear()  # what is committed from here on may not be in this picture
            try:
                async with self._making:
                    await self._make()
            except _NO_STORE as error:
                # The pages show how old their picture is; it is renewed when the store is back.
                _log.warning("no live picture", reason=str(error))
            else:
                async with self._changed:
                    self._changed.notify_all()
            await self._rest(started)

    async def _rest(self, started: float) -> None:
        """Wait for the next second, or for somebody's change; others need the machine as well."""
        took = time.monotonic() - started
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, INTERVAL_S - took)):
                await self._woken.wait()
        soonest = started + max(SOONEST_S, _SHARE * took)
        await asyncio.sleep(max(0.0, min(soonest, started + INTERVAL_S) - time.monotonic()))

    async def _make(self) -> Frame:
        picture = await run_in_threadpool(self.read)
        if self._frame is not None:
            trucks = same_where_equal(dict(picture.trucks), self._frame.picture.trucks)
            picture = replace(picture, trucks=trucks)
        self._made_at = time.monotonic()
        self._frame = self.frames.add(picture)
        return self._frame

    def read(self) -> Picture:
        """Return the picture of now, from the stores."""
        now = self._clock.now()
        with self._pool.connection() as conn:
            facts = self._facts
            if facts is None or self._asked_anew or time.monotonic() - facts.read_at > _MOMENTS_S:
                self._asked_anew = False
                facts = self._facts = _read_facts(
                    conn, closures.open_site(conn, self.site, now), now
                )
            rows = at_positions(facts.rows, list_positions(conn, self.site.id))
            return make_picture(
                facts.site,
                now,
                rows=rows,
                histories=facts.histories,
                states=list_gate_states(conn, self.site.id, list(self.site.gate_by_id)),
                queues=list_queues(conn, self.site.id, at=now),
                inside=facts.inside,
                flows=facts.flows,
                held=acts.held_trips(conn, self.site.id, now),
                alarmed=alerts.alarmed_trips(conn, self.site.id),
                alerts=alerts.count_open(conn, self.site.id),
                marks={
                    "closures": closures.mark(conn, self.site.id),
                    "acts": " ".join(one.mark(conn, self.site.id) for one in (acts, hand_words)),
                    "alerts": alerts.mark(conn, self.site.id),
                    "messages": messages.mark(conn, self.site.id),
                    "zones": zone_drafts.mark(conn, self.site.id, now),
                },
            )


def _read_facts(conn: psycopg.Connection[Any], site: Site, now: datetime) -> _Facts:
    yards = [yard.id for yard in site.yards]
    return _Facts(
        site,
        list_active(conn, site.id),
        gate_histories(conn, site, now),
        count_inside(conn, yards),
        count_flows(conn, yards, now=now),
        time.monotonic(),
    )
