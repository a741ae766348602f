"""Listening to a broker: receive, put on disk, and only then acknowledge.

Whatever fails in between ends the connection, so that the broker delivers again what was not
acknowledged; the identity of a fix removes the doubles. While the position store or the broker is
away we come back at growing intervals, and the broker keeps what is published meanwhile.
"""

import asyncio
import signal
from collections.abc import Coroutine, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass

import psycopg
import structlog

from flowctl.clock import Clock, clock
from flowctl.errors import UnavailableError
from flowctl.listen.messages import MOST_IN_FLIGHT, Broker, Delivery, Message
from flowctl.registry.sources import get_source
from flowctl.settings import Settings
from flowctl.storage.connections import connect
from flowctl.storage.heartbeats import beat
from flowctl.storage.sites import get_site
from flowctl.storage.sources import Source, find_source_named
from flowctl.telemetry import stream
from flowctl.telemetry.edge import intake, join, site_limits
from flowctl.telemetry.fixes import microseconds
from flowctl.telemetry.formats.decoded import Decoded
from flowctl.telemetry.screening import ScreeningParams
from flowctl.telemetry.store import Store
from flowctl.telemetry.store import connect as connect_store

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 10.0
_ATTEND_EVERY_S = 10.0

_log = structlog.get_logger()


@dataclass(slots=True)
class Taker:
    """Puts what messages held on disk, screened by the limits of its source."""

    store: Store
    clock: Clock
    site_limits: ScreeningParams
    source: Source
    replicas: int = 0

    async def take(self, parts: Sequence[Decoded]) -> None:
        """Return once the fixes, and what was set aside of them, are on disk.

        Raises
        ------
        UnavailableError
            They are not.
        """
        taken = intake(
            join(parts),
            source_id=self.source.id,
            received_at_us=microseconds(self.clock.now()),
            params=self.source.screening.over(self.site_limits),
        )
        entries = {p: part.to_bytes() for p, part in taken.batch.partitions().items()}
        if entries:
            await stream.append(self.store, entries, replicas=self.replicas)


async def listen(broker: Broker, taker: Taker) -> None:
    """Take what the broker delivers until cancelled."""
    wait_s = FIRST_WAIT_S
    while True:
        try:
            async with broker.connected() as delivery:
                _log.info("listening", broker=broker.place, source=taker.source.name)
                while True:
                    messages = await delivery.receive(MOST_IN_FLIGHT)
                    await _to_its_end(_settle(broker, taker, delivery, messages))
                    wait_s = FIRST_WAIT_S
        except UnavailableError as error:
            _log.warning("listening_waits", cause=str(error), seconds=wait_s)
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)


async def _settle(
    broker: Broker, taker: Taker, delivery: Delivery, messages: Sequence[Message]
) -> None:
    await taker.take([broker.decode(message) for message in messages])
    await delivery.acknowledge(messages)


async def _to_its_end(work: Coroutine[None, None, None]) -> None:
    """Do work whole even when we are asked to stop: what is on disk shall be acknowledged."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        with suppress(UnavailableError):
            await task
        raise


def run_listener(settings: Settings, source: str, broker: Broker, *, process: str) -> None:
    """Listen until asked to stop; ``process`` is the name the heartbeat goes by.

    Raises
    ------
    NotFoundError
        There is no such source, or no such site.
    """
    with connect(settings.database_url) as conn:
        site = get_site(conn, settings.site)
        found = get_source(conn, source)
    taker = Taker(
        connect_store(settings.valkey_url),
        clock(settings.clock_file),
        site_limits(site),
        found,
        settings.valkey_replicas,
    )
    with suppress(asyncio.CancelledError):
        asyncio.run(_run(broker, taker, settings.database_url, process))


async def _run(broker: Broker, taker: Taker, database_url: str, process: str) -> None:
    whole = asyncio.current_task()
    if whole is not None:
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, whole.cancel)
    async with aclosing(taker.store), asyncio.TaskGroup() as tasks:
        tasks.create_task(_attend(taker, database_url, process))
        tasks.create_task(listen(broker, taker))


async def _attend(taker: Taker, database_url: str, process: str) -> None:
    """Beat, and learn of changed limits; listening goes on while the database is away."""
    while True:
        try:
            await asyncio.to_thread(_beat_and_look, taker, database_url, process)
        except psycopg.OperationalError as error:
            _log.warning("database_away", cause=str(error).strip())
        await asyncio.sleep(_ATTEND_EVERY_S)


def _beat_and_look(taker: Taker, database_url: str, process: str) -> None:
    with connect(database_url) as conn:
        beat(conn, process, taker.clock.now())
        found = find_source_named(conn, taker.source.name)
    if found is not None:
        taker.source = found
