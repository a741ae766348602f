"""The process that sends messages to drivers and takes in what they answer."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import closing
from datetime import datetime
from threading import Event
from typing import Any

import psycopg
import structlog

from flowctl.clock import clock
from flowctl.errors import FlowctlError
from flowctl.notify.database import Database
from flowctl.notify.gateway_file import open_gateways
from flowctl.notify.inbound import StoredInbound
from flowctl.notify.mail import mailing
from flowctl.notify.push import Pusher
from flowctl.notify.scanning import scanning
from flowctl.notify.sender import Sender
from flowctl.notify.webhooks import delivering
from flowctl.registry.keys import derive_keys
from flowctl.settings import Settings
from flowctl.site import Site
from flowctl.storage.roles import describe_guard
from flowctl.storage.sites import get_loaded_site
from flowctl.worker import stopping

Connection = psycopg.Connection[Any]

_log = structlog.get_logger()

_PAUSE_S = 0.2
# Of a played day, which waits for its messages; a look asks the database, so not oftener than this.
_PLAYED_PAUSE_S = 0.02


def run_notify(settings: Settings) -> None:
    """Hand waiting messages to the gateways until asked to stop."""
    if settings.gateways_file is None and settings.sms_file is None:
        raise FlowctlError(
            "No gateway for messages is set: name a file of gateways with"
            " FLOWCTL_GATEWAYS_FILE=/path/gateways.toml (deploy/gateways holds examples), or a file"
            " to write messages to with FLOWCTL_SMS_FILE=/path/sms.jsonl."
        )
    with (
        stopping() as stop,
        delivering(settings) as webhooks,
        mailing(settings) as mails,
        scanning(settings) as scans,
        closing(Database(settings.database_url, stop)) as database,
    ):
        asyncio.run(_notify(settings, database, stop, (webhooks, mails, scans)))


async def _notify(
    settings: Settings, database: Database, stop: Event, others: Sequence[Future[None]]
) -> None:
    domain = clock(settings.clock_file)
    keys = derive_keys(settings.secret, settings.old_secrets)

    def begin(conn: Connection) -> tuple[datetime | None, Site]:
        _log.info("notify ready", site=settings.site, ledger=describe_guard(conn))
        return get_loaded_site(conn, settings.site, domain.now())

    loaded_at, site = await database.call(begin)
    pusher = Pusher(settings)
    with closing(StoredInbound(settings.database_url, site, keys, domain)) as inbound:
        sender = Sender(
            database,
            open_gateways(settings, inbound),
            keys=keys,
            public_url=settings.public_url,
            site=site,
            loaded_at=loaded_at,
            clock=domain,
            on_sent=pusher.push_sent,
            pause_s=_PAUSE_S if settings.clock_file is None else _PLAYED_PAUSE_S,
        )

        def is_over() -> bool:
            inbound.site = sender.site  # answers are judged by the rules in force
            for one in others:
                if one.done():
                    one.result()
            return stop.is_set()

        async with asyncio.TaskGroup() as group:
            pushing = group.create_task(pusher.run())
            await sender.run(is_over)
            pushing.cancel()
