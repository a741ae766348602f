"""The API as a process, or as several that share the port."""

import gc
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from multiprocessing import parent_process
from multiprocessing.process import BaseProcess
from tempfile import TemporaryDirectory
from threading import Thread

import uvicorn
from starlette.types import ASGIApp

from api.app import create_app
from api.practice import PracticeMark
from api.request_log import is_untold
from flowctl import logs, traces
from flowctl.clock import clock
from flowctl.settings import Settings, networks, settings

_NEW_OBJECTS = 10_000


def serve(chosen: Settings, *, workers: int) -> None:
    """Serve until asked to stop; the settings are read anew by each of several processes."""
    with _shared_figures() if workers > 1 else nullcontext():
        _run(chosen, workers)


@contextmanager
def _shared_figures() -> Iterator[None]:
    """Let processes that share a port keep what they count together: a scrape finds one of them."""
    with TemporaryDirectory(prefix="flowctl-metrics-") as directory:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = directory
        yield


def _run(chosen: Settings, workers: int) -> None:
    uvicorn.run(
        "api.serve:application",
        factory=True,
        workers=workers,
        host=chosen.host,
        port=chosen.port,
        proxy_headers=True,
        forwarded_allow_ips=networks(chosen.proxies),
        log_level="warning",
        access_log=False,  # api.request_log writes of requests, without the paths asked for
        log_config=None,
        timeout_graceful_shutdown=2,  # an operator's stream of events never ends by itself
    )


def application() -> ASGIApp:
    """Return the application of this process, marked where nothing of it is real."""
    chosen = settings()
    logs.begin("api")
    logging.getLogger("uvicorn.error").addFilter(is_untold)
    traces.begin("api")
    parent = parent_process()
    if parent is not None:
        Thread(target=_end_with, args=[parent], daemon=True).start()
    made = create_app(chosen, clock(chosen.clock_file))
    # What is there by now stays: walking it in search of garbage took a third of a fix's time, and
    # hardly anything of a request is garbage that only a search finds.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 20)
    if chosen.practice is None:
        return made
    return PracticeMark(
        made, chosen.practice, begins=chosen.practice_begins, speed=chosen.practice_speed
    )


def _end_with(parent: BaseProcess) -> None:
    """End when the first process is gone however it ended, for we hold its port."""
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
