"""The API as several processes that share one port."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from border import SECRET, border
from processes import command_of
from streams import fixes_on_disk
from test_api_trackers import WELL

from flowctl.local import environment
from flowctl.registry.sources import add_source
from flowctl.server_process import free_port
from flowctl.settings import Settings


def becomes(true: Callable[[], bool], *, within_s: float = 40.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.1)
    return False


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/v1/health", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def serving_children(pid: int) -> list[int]:
    """Return the processes that serve: Python's own tracker of resources is none of them."""
    children = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return [child for child in children if "spawn_main" in command_of(child)]


@contextmanager
def api_process(settings: Settings, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "flowctl.cli", "api", *options],
        env={**os.environ, **environment(settings)},
    )
    try:
        assert becomes(lambda: answers(f"http://127.0.0.1:{settings.port}"))
        yield process
    finally:
        process.terminate()
        process.wait(20)


def test_two_processes_serve_one_port_and_end_with_the_first(database: str, valkey: str):
    with border(database) as place:
        token = add_source(place.conn, name="trackers", enrols=True)
    port = free_port()
    settings = Settings(database_url=database, valkey_url=valkey, secret=SECRET, port=port)
    url = f"http://127.0.0.1:{port}"
    with api_process(settings, "--workers", "2") as process:
        assert becomes(lambda: len(serving_children(process.pid)) == 2)
        workers = serving_children(process.pid)
        for i in range(30):
            answer = httpx.get(f"{url}/v1/osmand/{token}?id=T{i}&lat=21.94&lon=106.7")
            assert answer.json() == WELL
        process.kill()
        process.wait(20)
        assert becomes(lambda: not any(map(command_of, workers)))
        assert not answers(url)
    assert {device for device, _ in fixes_on_disk(valkey)} == {f"T{i}" for i in range(30)}
