"""Spans, as somebody receives them who asked for them, and nothing where nobody did."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import redis
from api_server import RunningApi
from border import MORNING
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from sending import KeptGateway, send_all

from flowctl import traces
from flowctl.errors import FlowctlError
from flowctl.registry.accounts import Role
from flowctl.telemetry.ingest import Ingest
from flowctl.traffic.watch import Watch
from flowctl.worker import decide, observe


class Receiver:
    """Takes spans by OTLP over HTTP, as a collector does."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.services: set[str] = set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.take(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def take(self, sent: ExportTraceServiceRequest) -> None:
        for resource in sent.resource_spans:
            about = {one.key: one.value.string_value for one in resource.resource.attributes}
            self.services.add(about["service.name"])
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)

    def one(self, name: str) -> Span:
        return next(span for span in self.spans if span.name == name)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        thread.join()
        made.server.server_close()


def test_spans_come_from_the_request_to_the_message(
    api: RunningApi, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    place, now = api.border, MORNING
    trip = place.trip()  # and a message of it
    monkeypatch.setenv(traces.ENDPOINT, receiver.url)
    traces.begin("test")
    try:
        fix = {"device": "tracker-1", "fixed_at": now.isoformat(), "lon": 106.7, "lat": 21.9}
        answer = api.machine().post(
            "/v1/fixes", json=[fix], headers={"X-Request-ID": "of-the-test"}
        )
        assert answer.status_code == 200, answer.text
        refused = api.person(Role.OPERATOR).post(f"/v1/trips/{trip}/link/12C00001?q=12C00001")
        with redis.Redis.from_url(api.store) as store:
            assert Ingest.begin(place.conn, store, place.site, name="one").step(lambda: now) == 1
        decide(place.conn, place.site, now, plan_due=True)
        observe(place.conn, Watch(place.site), now, lanes_due=False)
        send_all(api.app.state.settings.database_url, place.site, KeptGateway())
    finally:
        traces.end()
    assert refused.status_code >= 400
    request, append = receiver.one("POST /v1/fixes"), receiver.one("append")
    about = {one.key: one.value for one in request.attributes}
    assert about["flowctl.request_id"].string_value == "of-the-test"
    assert about["http.route"].string_value == "/v1/fixes"
    assert about["http.response.status_code"].int_value == 200
    assert append.parent_span_id == request.span_id
    assert {span.name for span in receiver.spans if span.trace_id == request.trace_id} == {
        "POST /v1/fixes",
        "question",  # whose token it is
        "append",
    }
    assert {"ingest", "store and judge", "observe", "send"} <= {one.name for one in receiver.spans}
    tick = receiver.one("tick")
    parts = {one.name for one in receiver.spans if one.parent_span_id == tick.span_id}
    assert parts == {"read", "plan", "commit"}
    assert receiver.services == {"flowctl-test"}
    told = str(receiver.spans)
    for secret in (api.token, "12C", "tracker-1", "+84903"):
        assert secret not in told


def test_a_span_of_what_fails_says_so_without_the_errors_text(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(traces.ENDPOINT, receiver.url)
    traces.begin("test")
    try:
        with pytest.raises(ValueError, match="12C"), traces.span("fails"):
            raise ValueError("12C-123.45")
    finally:
        traces.end()
    failed = receiver.one("fails")
    assert failed.status.code == Status.STATUS_CODE_ERROR
    assert "12C" not in str(failed)


def test_where_nobody_asked_a_span_is_nothing_and_nothing_is_loaded():
    code = (
        "import sys; from flowctl import traces; traces.begin('x');"
        "assert traces.span('a') is traces.span('b');"
        "\nwith traces.span('c', n=1) as one: assert one is None\n"
        "assert 'opentelemetry' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={})


def test_who_asks_without_the_extra_is_told_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(traces.ENDPOINT, "http://127.0.0.1:4318")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(FlowctlError, match=r"install flowctl\[otel\]"):
        traces.begin("api")
