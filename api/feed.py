"""The live picture, made once for all who look, and its changes for those who keep looking."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, fields
from typing import Any

import msgspec
import psycopg
import structlog
from psycopg_pool import ConnectionPool, PoolTimeout
from starlette.concurrency import run_in_threadpool

from api.picture import GatePicture, Picture, Truck, make_picture
from flowctl.clock import Clock
from flowctl.site import Site
from flowctl.storage.alerts import count_open
from flowctl.storage.closures import open_site
from flowctl.storage.live import count_inside, list_active, list_gate_states
from flowctl.storage.snapshot import gate_histories
from flowctl.storage.traffic import list_queues

INTERVAL_S = 1.0
_FRESH_S = 0.9
_TEXTS_KEPT = 8

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture with its place in the sequence."""

    sequence: int
    picture: Picture


class Feed:
    """Makes the picture of ``site``: on demand, and once a second while somebody watches."""

    def __init__(
        self, pool: ConnectionPool[psycopg.Connection[Any]], site: Site, clock: Clock
    ) -> None:
        self._pool = pool
        self.site = site
        self._clock = clock
        self._frame: Frame | None = None
        self._made_at = -INTERVAL_S
        self._making = asyncio.Lock()
        self._changed = asyncio.Condition()
        self._watchers = 0
        self._watched = asyncio.Event()
        self._texts: OrderedDict[tuple[int, int], str] = OrderedDict()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Make pictures for watchers while the context lasts."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def current(self) -> Frame:
        """Return the picture of now, at most a second old."""
        async with self._making:
            if self._frame is None or time.monotonic() - self._made_at > _FRESH_S:
                picture = await run_in_threadpool(self._make)
                sequence = 1 if self._frame is None else self._frame.sequence + 1
                self._made_at = time.monotonic()
                self._frame = Frame(sequence, picture)
            return self._frame

    async def watch(self) -> AsyncIterator[Frame]:
        """Yield the present frame, then each new one; one that comes while busy is skipped."""
        self._watchers += 1
        self._watched.set()
        try:
            last = await self.current()
            yield last
            while True:
                async with self._changed:
                    await self._changed.wait()
                if self._frame is not None and self._frame.sequence > last.sequence:
                    last = self._frame
                    yield last
        finally:
            self._watchers -= 1
            if not self._watchers:
                self._watched.clear()

    def text(self, frame: Frame, since: Frame | None) -> str:
        """Return a frame as JSON: whole, or what changed ``since``; written once for all."""
        key = (0 if since is None else since.sequence, frame.sequence)
        if key not in self._texts:
            self._texts[key] = encode(frame.picture, None if since is None else since.picture)
            if len(self._texts) > _TEXTS_KEPT:
                self._texts.popitem(last=False)
        return self._texts[key]

    async def _run(self) -> None:
        while True:
            await self._watched.wait()
            started = time.monotonic()
            try:
                await self.current()
            except (psycopg.Error, PoolTimeout) as error:
                # The pages show how old their picture is; it is renewed when the store is back.
                _log.warning("no live picture", reason=str(error))
            async with self._changed:
                self._changed.notify_all()
            await asyncio.sleep(max(0.0, started + INTERVAL_S - time.monotonic()))

    def _make(self) -> Picture:
        now = self._clock.now()
        with self._pool.connection() as conn:
            site = open_site(conn, self.site, now)
            return make_picture(
                site,
                now,
                rows=list_active(conn, site.id),
                histories=gate_histories(conn, site, now),
                states=list_gate_states(conn, site.id, [gate.id for gate in site.gates]),
                queues=list_queues(conn, site.id, at=now),
                inside=count_inside(conn, [yard.id for yard in site.yards]),
                alerts=count_open(conn, site.id),
            )


def encode(picture: Picture, since: Picture | None) -> str:
    """Return a picture as JSON, its trucks in columns.

    With ``since`` the columns hold the trucks that changed, and ``gone`` the trips of those that
    are no longer there; without it ``full`` tells that what is not in it is not there.
    """
    before = {} if since is None else since.trucks
    changed = {key: truck for key, truck in picture.trucks.items() if before.get(key) != truck}
    document = {
        "at": picture.at,
        "full": since is None,
        "trucks": _columns(changed),
        "gone": [key for key in before if key not in picture.trucks],
        "yards": picture.yards,
        "gates": [_gate(gate) for gate in picture.gates],
        "alerts": picture.alerts,
    }
    return msgspec.json.encode(document).decode()


def _columns(trucks: Mapping[int, Truck]) -> dict[str, list[Any]]:
    each = trucks.values()
    names = [field.name for field in fields(Truck)]
    return {"id": list(trucks)} | {name: [getattr(truck, name) for truck in each] for name in names}


def _gate(gate: GatePicture) -> dict[str, Any]:
    shown = asdict(gate)
    shown["cleared"] = {"export": gate.cleared.export, "import": gate.cleared.import_}
    del shown["next_change_at"], shown["expected_wait_s"]  # the board's
    return shown
