"""Positions go on, or are refused honestly, while a store is away, hung or full."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
import redis
from api_server import RunningApi, SetClock, served
from border import SECRET, border
from streams import fixes_on_disk
from test_api_trackers import OSMAND, WELL

from api import tokens
from api.app import create_app
from flowctl.embedded import start_postgres, start_valkey
from flowctl.registry.sources import add_source
from flowctl.settings import Settings
from flowctl.storage.migrate import migrate


@contextmanager
def running(database: str, valkey: str) -> Iterator[RunningApi]:
    settings = Settings(database_url=database, valkey_url=valkey, secret=SECRET)
    with border(database) as place:
        token = add_source(place.conn, name="trackers", enrols=True)
    app = create_app(settings, clock := SetClock())
    with served(app) as url:
        api = RunningApi(url, app, clock, token, place)
        yield api
        for client in api.clients:
            client.close()


def post(api: RunningApi, client: httpx.Client, device: str = "VN-7781") -> httpx.Response:
    return client.get(f"/v1/osmand/{api.token}?{OSMAND.replace('VN-7781', device)}")


def refused(answer: httpx.Response) -> str:
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    detail: str = answer.json()["detail"]
    return detail


def becomes(status: int, ask: Callable[[], httpx.Response], *, within_s: float = 20.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if ask().status_code == status:
            return True
        time.sleep(0.1)
    return False


def test_while_valkey_is_away_nothing_is_acknowledged_and_then_all_is_well_again(
    database: str, tmp_path: Path
):
    with ExitStack() as stack:
        store = stack.enter_context(start_valkey(tmp_path))
        api = stack.enter_context(running(database, store.url))
        client = api.client()
        assert post(api, client, "before").json() == WELL
        store.stop()
        for _ in range(3):
            assert "send it again" in refused(post(api, client, "away"))
        batch = client.post("/v1/fixes", json=[], headers={"Authorization": f"Bearer {api.token}"})
        assert batch.status_code == 200  # of nothing, nothing was lost
        again = stack.enter_context(start_valkey(tmp_path, port=urlsplit(store.url).port))
        assert post(api, client, "after").json() == WELL
        assert {device for device, _ in fixes_on_disk(again.url)} == {"before", "after"}


def test_a_full_valkey_is_a_503_until_it_has_room(database: str, valkey: str):
    with running(database, valkey) as api, redis.Redis.from_url(valkey) as store:
        client = api.client()
        assert post(api, client).json() == WELL
        store.config_set("maxmemory", "1mb")
        try:
            assert "takes nothing now" in refused(post(api, client, "full"))
        finally:
            store.config_set("maxmemory", "0")
        assert post(api, client, "room").json() == WELL
        assert {device for device, _ in fixes_on_disk(valkey)} == {"VN-7781", "room"}


def test_a_valkey_that_only_reads_is_a_503(database: str, valkey: str):
    with running(database, valkey) as api, redis.Redis.from_url(valkey) as store:
        client = api.client()
        store.config_set("min-replicas-to-write", "1")
        try:
            assert refused(post(api, client))
        finally:
            store.config_set("min-replicas-to-write", "0")
        assert post(api, client).json() == WELL


def test_trackers_go_on_while_postgresql_is_away_and_who_is_not_known_is_asked_to_come_again(
    valkey: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tokens, "KEPT_S", 0.0)
    tmp_path.chmod(0o711)
    with ExitStack() as stack:
        server = stack.enter_context(start_postgres(tmp_path))
        migrate(server.url, server.owner_url)
        api = stack.enter_context(running(server.url, valkey))
        client, machine = api.client(), api.machine()
        assert post(api, client, "T0").json() == WELL
        server.stop()
        for i in range(1, 40):
            assert post(api, client, f"T{i}").json() == WELL
        assert machine.post("/v1/fixes", json=[]).status_code == 200
        refused(client.get(f"/v1/osmand/never-seen?{OSMAND}"))
        stack.enter_context(start_postgres(tmp_path, port=urlsplit(server.url).port))
        assert becomes(401, lambda: client.get(f"/v1/osmand/never-seen?{OSMAND}"))
        assert post(api, client, "T40").json() == WELL
        assert {device for device, _ in fixes_on_disk(valkey)} == {f"T{i}" for i in range(41)}


def test_a_database_that_hangs_holds_no_tracker_up(
    database: str, valkey: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tokens, "KEPT_S", 0.0)
    monkeypatch.setattr("api.database.ANSWER_S", 0.5)
    with running(database, valkey) as api, psycopg.connect(database) as other:
        client = api.client()
        assert post(api, client, "T0").json() == WELL
        other.execute("lock table source_tokens in access exclusive mode")
        began = time.monotonic()
        for i in range(1, 20):
            assert post(api, client, f"T{i}").json() == WELL
        assert time.monotonic() - began < 10
        refused(client.get(f"/v1/osmand/never-seen?{OSMAND}"))
        other.rollback()
        assert becomes(401, lambda: client.get(f"/v1/osmand/never-seen?{OSMAND}"))
    assert {device for device, _ in fixes_on_disk(valkey)} == {f"T{i}" for i in range(20)}
