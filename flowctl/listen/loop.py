"""Listening to a broker: receive, put on disk, and only then acknowledge.

Whatever fails in between ends the connection, so that the broker delivers again what was not
acknowledged; the identity of a fix removes the doubles. While the position store or the broker is
away we come back at growing intervals, and the broker keeps what is published meanwhile.
"""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import psycopg
import redis.asyncio
import structlog

from flowctl.clock import Clock, clock
from flowctl.errors import UnavailableError
from flowctl.listen.messages import MOST_IN_FLIGHT, Broker
from flowctl.registry.sources import get_source
from flowctl.settings import Settings
from flowctl.storage.heartbeats import beat
from flowctl.storage.sites import get_site
from flowctl.storage.sources import Source, find_source_named
from flowctl.telemetry import stream
from flowctl.telemetry.edge import intake
from flowctl.telemetry.fixes import FixBatch, merge, microseconds
from flowctl.telemetry.formats.decoded import Decoded
from flowctl.telemetry.screening import ScreeningParams

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 10.0
_ATTEND_EVERY_S = 10.0

_log = structlog.get_logger()


@dataclass(slots=True)
class Intaker:
    """Puts what messages held on disk, screened by the limits of its source."""

    store: "redis.asyncio.Redis"
    clock: Clock
    site_limits: ScreeningParams
    source: Source

    async def take(self, parts: Sequence[Decoded]) -> None:
        """Return once the fixes, and what was set aside of them, are on disk.

        Raises
        ------
        UnavailableError
            They are not.
        """
        taken = intake(
            _join(parts),
            source_id=self.source.id,
            received_at_us=microseconds(self.clock.now()),
            params=self.source.screening.over(self.site_limits),
        )
        entries = {p: part.to_bytes() for p, part in taken.batch.partitions().items()}
        if entries:
            await stream.append(self.store, entries)


def _join(parts: Sequence[Decoded]) -> Decoded:
    """Return what many messages held as one; its items are numbered by row, nobody is answered."""
    fixes = merge([FixBatch(part.devices, part.rows) for part in parts])
    misfits = tuple(misfit for part in parts for misfit in part.misfits)
    return Decoded(fixes.devices, fixes.rows, np.arange(len(fixes.rows)), misfits)


async def listen(broker: Broker, intaker: Intaker) -> None:
    """Take what the broker delivers until cancelled."""
    wait_s = FIRST_WAIT_S
    while True:
        try:
            async with broker.connected() as delivery:
                _log.info("listening", broker=broker.place, source=intaker.source.name)
                while True:
                    messages = await delivery.receive(MOST_IN_FLIGHT)
                    await intaker.take([broker.decode(message) for message in messages])
                    await delivery.acknowledge(messages)
                    wait_s = FIRST_WAIT_S
        except UnavailableError as error:
            _log.warning("listening_waits", cause=str(error), seconds=wait_s)
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)


def run_listener(settings: Settings, source: str, broker: Broker, *, process: str) -> None:
    """Listen until asked to stop; ``process`` is the name the heartbeat goes by.

    Raises
    ------
    NotFoundError
        There is no such source, or no such site.
    """
    with psycopg.connect(settings.database_url) as conn:
        site = get_site(conn, settings.site)
        found = get_source(conn, source)
    intaker = Intaker(
        stream.connect(settings.valkey_url),
        clock(settings.clock_file),
        ScreeningParams(lateness_limit_s=site.lateness_limit_s, future_limit_s=site.future_limit_s),
        found,
    )
    with suppress(asyncio.CancelledError):
        asyncio.run(_run(broker, intaker, settings.database_url, process))


async def _run(broker: Broker, intaker: Intaker, database_url: str, process: str) -> None:
    whole = asyncio.current_task()
    if whole is not None:
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, whole.cancel)
    async with intaker.store, asyncio.TaskGroup() as tasks:
        tasks.create_task(_attend(intaker, database_url, process))
        tasks.create_task(listen(broker, intaker))


async def _attend(intaker: Intaker, database_url: str, process: str) -> None:
    """Beat, and learn of changed limits; listening goes on while the database is away."""
    while True:
        try:
            await asyncio.to_thread(_beat_and_look, intaker, database_url, process)
        except psycopg.OperationalError as error:
            _log.warning("database_away", cause=str(error).strip())
        await asyncio.sleep(_ATTEND_EVERY_S)


def _beat_and_look(intaker: Intaker, database_url: str, process: str) -> None:
    with psycopg.connect(database_url, connect_timeout=5) as conn:
        beat(conn, process, intaker.clock.now())
        found = find_source_named(conn, intaker.source.name)
    if found is not None:
        intaker.source = found
