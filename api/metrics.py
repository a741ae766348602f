"""``GET /metrics``: what arrives, waits, is decided and sent; in Prometheus' text format.

Read by an administrator or a machine's token (not that of a single device). What comes from the
two stores every API process shows alike; with a store away the answer is a 503 and Prometheus' own
``up`` is 0. The ``flowctl_api_``, ``process_`` and ``python_`` series are of the API that was
asked; where processes share its port, the first are of all of them and the others are left out.
"""

import os
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from starlette.concurrency import run_in_threadpool

from api.metric_list import Measures
from api.request_log import OF_THIS_PROCESS
from flowctl.certificate import ask_end
from flowctl.storage.aside import count_held
from flowctl.storage.border_measures import read_border
from flowctl.storage.measures import (
    count_open_messages,
    list_beat_ages,
    list_gateways,
    list_partitions,
    list_steps,
    list_worker_ages,
    measure_database,
)
from flowctl.storage.sources import list_outcomes
from flowctl.telemetry.backlog import list_waiting

router = APIRouter(tags=["health"])

_CERTIFICATE_S = 3600.0
"""So often the public address is asked for its certificate."""

SHARED_DIR = "PROMETHEUS_MULTIPROC_DIR"
"""Where processes that share a port keep their figures together, by prometheus_client's word."""

PROCESS = CollectorRegistry()
ProcessCollector(registry=PROCESS)
PlatformCollector(registry=PROCESS)
GCCollector(registry=PROCESS)


@router.get("/metrics")
async def get_metrics(request: Request) -> Response:
    """Answer a scrape."""
    state = request.app.state
    measures = await run_in_threadpool(_read, state)
    committed = {one.partition: one.last_id for one in measures.partitions}
    waiting = await list_waiting(state.store, committed)
    skews = {**measures.skews, "valkey": await _valkey_skew(state.store)}
    left = await run_in_threadpool(_certificate_left, state)
    system = CollectorRegistry()
    system.register(replace(measures, waiting=waiting, skews=skews, certificate_left_s=left))
    text = generate_latest(system) + _own()
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def _read(state: Any) -> Measures:  # noqa: ANN401 - Starlette's State
    with state.pool.connection() as conn:
        asked = time.time()
        database = measure_database(conn)
        return Measures(
            site=state.site.id,
            outcomes=list_outcomes(conn),
            held=count_held(conn),
            partitions=list_partitions(conn),
            beats=list_beat_ages(conn),
            steps=list_steps(conn),
            workers=list_worker_ages(conn),
            messages=count_open_messages(conn),
            gateways=list_gateways(conn),
            border=read_border(conn, state.site, state.clock.now()),
            database=database,
            skews={"database": database.clock_s - asked},
        )


@dataclass(slots=True)
class _Certificate:
    """Until when that of the public address holds (None: unknown), and when it was asked."""

    ends_s: float | None
    asked_at: float


def _certificate_left(state: Any) -> float | None:  # noqa: ANN401 - Starlette's State
    """Return for how long the public address can still be trusted; None where nobody can say."""
    known: _Certificate | None = getattr(state, "certificate", None)
    if known is None or time.monotonic() - known.asked_at > _CERTIFICATE_S:
        known = state.certificate = _Certificate(_ask(state.settings.public_url), time.monotonic())
    return None if known.ends_s is None else known.ends_s - time.time()


def _ask(url: str) -> float | None:
    where = urlsplit(url)
    if where.scheme != "https" or where.hostname is None:
        return None
    try:
        return ask_end(where.hostname, where.port or 443, ssl.create_default_context())
    except ssl.SSLCertVerificationError:
        return 0.0
    except OSError:  # from within it may not be reached, as from outside
        return None


async def _valkey_skew(store: Any) -> float:  # noqa: ANN401 - a client of one node or of many
    """Return by how much the store's clock is ahead of ours, in seconds."""
    asked = time.time()
    seconds, microseconds = await store.time()
    return float(seconds + microseconds / 1e6 - (asked + time.time()) / 2)


def _own() -> bytes:
    """Return the series of this process, or of all that share its port."""
    directory = os.environ.get(SHARED_DIR)
    if directory is None:
        return bytes(generate_latest(OF_THIS_PROCESS) + generate_latest(PROCESS))
    for file in Path(directory).glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        with suppress(FileNotFoundError):  # another process of ours was quicker
            if not Path(f"/proc/{pid}").exists():
                mark_process_dead(pid, directory)  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=directory)  # type: ignore[no-untyped-call]
    return bytes(generate_latest(registry))
