"""A site that is loaded while the API runs: its processes take it up by themselves."""

import asyncio
from datetime import datetime
from typing import Any

import psycopg
import structlog
from psycopg_pool import PoolTimeout
from starlette.concurrency import run_in_threadpool

from flowctl.errors import FlowctlError
from flowctl.site import Site
from flowctl.storage.sites import find_newer_site

ASKED_EVERY_S = 2.0

_log = structlog.get_logger()


async def keep_site(state: Any) -> None:  # noqa: ANN401 - Starlette's State
    """Keep the site of an application as it is in the database, without an end."""
    while True:
        await asyncio.sleep(ASKED_EVERY_S)
        try:
            found = await run_in_threadpool(_find_newer, state)
        except (psycopg.Error, PoolTimeout, FlowctlError) as error:
            _log.warning("the site stays as it was", reason=str(error))
            continue
        if found is not None:
            state.loaded_at, site = found
            state.site = state.feed.site = state.edge.site = site
            _log.info("site loaded anew", site=site.id)


def _find_newer(state: Any) -> tuple[datetime, Site] | None:  # noqa: ANN401 - Starlette's State
    with state.pool.connection() as conn:
        return find_newer_site(conn, state.settings.site, state.loaded_at, state.clock.now())
