"""Request ids, and what is written down of requests."""

import io
import json
import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg
import pytest
import structlog
from api_server import RunningApi
from starlette.responses import StreamingResponse

from api.permissions import PERMISSIONS
from api.request_log import is_untold
from flowctl import logs
from flowctl.registry.accounts import Role


class Written(io.StringIO):
    """What the process has written to its log."""

    def records(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def of_requests(self) -> dict[object, dict[str, object]]:
        return {one["request_id"]: one for one in self.records() if one["event"] == "request"}


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    with _logging(monkeypatch) as written:
        yield written


@contextmanager
def _logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    written = Written()
    monkeypatch.setattr(sys, "stderr", written)
    logs.begin("api")
    try:
        yield written
    finally:
        structlog.reset_defaults()


def test_an_answer_names_the_id_its_caller_gave_or_one_of_its_own(api: RunningApi):
    client = api.client()
    given = client.get("/v1/health", headers={"X-Request-ID": "shift-7.a_b"})
    assert given.headers["x-request-id"] == "shift-7.a_b"
    made = {client.get("/v1/health").headers["x-request-id"] for _ in range(2)}
    assert len(made) == 2


@pytest.mark.parametrize("odd", ["a b", "x" * 65, '"}{"', "é"])
def test_an_id_that_is_no_plain_token_is_replaced(api: RunningApi, odd: str):
    answer = api.client().get("/v1/health", headers={"X-Request-ID": odd.encode()})
    assert len(answer.headers["x-request-id"]) == 16


def test_a_request_is_one_line_by_its_route_and_role(api: RunningApi, log: Written):
    operator = api.person(Role.OPERATOR, "lan")
    operator.get("/v1/visits/nowhere/77?plate=12C-123.45", headers={"X-Request-ID": "one"})
    operator.get("/d/AbCdEf123456?lang=vi", headers={"X-Request-ID": "two"})
    operator.get("/v1/trips?q=12C00001", headers={"X-Request-ID": "three"})
    by_id = log.of_requests()
    assert by_id["one"]["route"] == "none"
    assert by_id["one"]["status"] == 404
    assert by_id["two"]["route"] == "/d/{code}"
    assert by_id["three"]["role"] == "operator"
    assert by_id["three"]["route"] == "/v1/trips"
    assert by_id["three"]["process"] == "api"
    assert by_id["three"]["ms"] > 0
    for secret in ("12C", "AbCdEf", "lan", "nowhere", "?"):
        assert secret not in log.getvalue()


def test_health_and_metrics_are_written_down_only_when_they_are_bad(api: RunningApi, log: Written):
    api.client().get("/v1/health")
    api.machine().get("/metrics")
    assert not log.of_requests()
    api.client().get("/metrics")
    [bad] = log.of_requests().values()
    assert (bad["route"], bad["status"]) == ("/metrics", 401)


def test_trackers_are_counted_and_not_written_down(api: RunningApi, log: Written):
    path = f"/v1/osmand/{api.token}?id=t1&lat=21.9&lon=106.7&timestamp=1705973400"
    assert api.client().get(path).status_code == 200
    assert not log.of_requests()
    shown = api.machine().get("/metrics").text
    assert (
        'flowctl_api_requests_total{method="GET",route="/v1/osmand/{token}",status="200"}' in shown
    )


def test_readers_of_the_board_are_counted_and_nothing_goes_wrong_behind_their_answer(
    api: RunningApi, log: Written
):
    before = _answers_of(api, "/v1/board")
    for _ in range(3):
        assert api.client().get("/v1/board").status_code == 200
    assert _answers_of(api, "/v1/board") == before + 3
    assert not [one for one in log.records() if one["level"] == "error"]


def _answers_of(api: RunningApi, route: str) -> float:
    lines = api.person(Role.ADMINISTRATOR).get("/metrics").text.splitlines()
    of_route = [one for one in lines if f'route="{route}"' in one and "_total{" in one]
    return sum(float(one.split()[-1]) for one in of_route)


def test_what_is_said_on_a_requests_way_carries_its_id(
    api: RunningApi, log: Written, monkeypatch: pytest.MonkeyPatch
):
    structlog.get_logger().info("before")
    monkeypatch.setitem(PERMISSIONS, ("GET", "/v1/health/said"), None)  # type: ignore[misc]

    @api.app.get("/v1/health/said")
    def said() -> None:
        structlog.get_logger().warning("of the request")

    api.client().get("/v1/health/said", headers={"X-Request-ID": "mine"})
    before, *within = log.records()
    assert "request_id" not in before
    assert [one["event"] for one in within] == ["of the request", "request"]
    assert {one["request_id"] for one in within} == {"mine"}


class Told(logging.Handler):
    """Keeps what it is handed."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def of_server(api: RunningApi) -> Iterator[list[logging.LogRecord]]:
    """What the server itself writes down of requests, of which the other tests hear nothing."""
    assert api.url
    server, kept = logging.getLogger("uvicorn.error"), Told()
    before = server.level
    server.addHandler(kept)
    server.addFilter(is_untold)
    server.setLevel(logging.ERROR)
    yield kept.records
    server.setLevel(before)
    server.removeFilter(is_untold)
    server.removeHandler(kept)


def answer_with(api: RunningApi, monkeypatch: pytest.MonkeyPatch, rows: Iterator[str]) -> None:
    """Ask for rows of which one cannot be given any more."""
    monkeypatch.setitem(PERMISSIONS, ("GET", "/v1/health/rows"), None)  # type: ignore[misc]
    api.app.add_api_route("/v1/health/rows", lambda: StreamingResponse(rows), response_model=None)
    with pytest.raises(httpx.RemoteProtocolError):
        api.client().get("/v1/health/rows", headers={"X-Request-ID": "mine"})


def test_an_answer_that_a_lost_store_breaks_off_is_a_sentence_and_no_traceback(
    api: RunningApi,
    log: Written,
    monkeypatch: pytest.MonkeyPatch,
    of_server: list[logging.LogRecord],
):
    def broken() -> Iterator[str]:
        yield "a row"
        raise psycopg.OperationalError("the server has gone")

    answer_with(api, monkeypatch, broken())
    said = {str(one["event"]): one for one in log.records()}
    assert said["an answer was broken off"]["reason"] == "the server has gone"
    assert {one["request_id"] for one in said.values()} == {"mine"}
    assert said["request"]["status"] == 503
    assert not of_server


def test_a_defect_after_an_answer_began_keeps_its_traceback(
    api: RunningApi,
    log: Written,
    monkeypatch: pytest.MonkeyPatch,
    of_server: list[logging.LogRecord],
):
    answer_with(api, monkeypatch, (str(1 / (3 - n)) for n in range(5)))
    assert [one["status"] for one in log.of_requests().values()] == [500]
    assert len(of_server) == 1


class Slow(Written):
    """Lets others run between two pieces that are written to it."""

    def write(self, text: str) -> int:
        time.sleep(0.0002)
        return super().write(text)


def test_lines_of_ours_and_of_libraries_stay_apart(monkeypatch: pytest.MonkeyPatch):
    written = Slow()
    monkeypatch.setattr(sys, "stderr", written)
    logs.begin("api")

    def warn() -> None:
        for _ in range(50):
            logging.getLogger("library").warning("theirs")

    library = threading.Thread(target=warn)
    library.start()
    for _ in range(50):
        structlog.get_logger().info("ours")
    library.join()
    assert len(written.records()) == 100
