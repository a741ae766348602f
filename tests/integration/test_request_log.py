"""Request ids, and what is written down of requests."""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import structlog
from api_server import RunningApi

from api.permissions import PERMISSIONS
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
