"""The API as several processes that share one port."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from border import SECRET, border
from processes import command_of
from prometheus_client.parser import text_string_to_metric_families
from streams import fixes_on_disk
from test_api_trackers import WELL

from flowctl.local import environment
from flowctl.registry.sources import add_source
from flowctl.server_process import free_port
from flowctl.settings import Settings
from flowctl.storage.sources import Scope


def becomes(true: Callable[[], bool], *, within_s: float = 120.0) -> bool:
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


def taken_by(url: str, token: str) -> float:
    """Return how many positions of trackers an API says it has answered well."""
    answer = httpx.get(f"{url}/metrics", headers={"Authorization": f"Bearer {token}"})
    samples = [
        sample
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    ]
    # What is of one process alone is left out.
    assert not [one for one in samples if one.name.startswith(("process_", "python_"))]
    [taken] = [
        one.value
        for one in samples
        if one.name == "flowctl_api_requests_total"
        and one.labels == {"route": "/v1/osmand/{token}", "method": "GET", "status": "200"}
    ]
    return taken


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


def test_two_processes_serve_one_port_and_end_with_the_first(
    database: str, valkey: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with border(database) as place:
        token = add_source(place.conn, name="trackers", enrols=True, scopes=set(Scope))
    port = free_port()
    settings = Settings(database_url=database, valkey_url=valkey, secret=SECRET, port=port)
    url = f"http://127.0.0.1:{port}"
    with api_process(settings, "--workers", "2") as process:
        assert becomes(lambda: len(serving_children(process.pid)) == 2)
        workers = serving_children(process.pid)
        assert becomes(lambda: len([*tmp_path.glob("flowctl-metrics-*/gauge_*.db")]) == 2)
        with ThreadPoolExecutor(8) as pool:
            paths = [f"{url}/v1/osmand/{token}?id=T{i}&lat=21.94&lon=106.7" for i in range(30)]
            assert all(answer.json() == WELL for answer in pool.map(httpx.get, paths))
            # Whichever of them is asked shows what both answered; they count behind the answer.
            assert becomes(lambda: {*pool.map(taken_by, [url] * 16, [token] * 16)} == {30.0})
        process.kill()
        process.wait(20)
        assert becomes(lambda: not any(map(command_of, workers)))
        assert not answers(url)
    assert {device for device, _ in fixes_on_disk(valkey)} == {f"T{i}" for i in range(30)}
