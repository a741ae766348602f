"""What errors of others quote, and what of it is written down."""

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from flowctl import logs
from flowctl.logs import discreet


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("DETAIL:  Failing row contains (12C00001, Lan).", "DETAIL: …"),
        ("at amqp://flowctl:secret@rabbitmq:5672/", "at amqp://…@rabbitmq:5672/"),
        ("GET /v1/trips?plate=12C-123.45 is slow", "GET /v1/trips?… is slow"),
        ("https://gate.example/d/Zk3q9Lm2 was opened", "https://gate.example/d/… was opened"),
        ("POST /v1/osmand/fct_abc failed", "POST /v1/osmand/… failed"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer …"),
        ("no driver of +84903000001", "no driver of +…"),
        ("12C-123.45, 29H12345 and 桂A12345 wait", "(plate), (plate) and (plate) wait"),
        ("the route /d/{code} is slow", "the route /d/{code} is slow"),
        ("partition 3 of 16 at 1705973400-0", "partition 3 of 16 at 1705973400-0"),
    ],
)
def test_what_names_somebody_or_opens_a_door_is_left_out(said: str, written: str):
    assert discreet(said) == written


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    root, handlers, level = logging.getLogger(), logging.getLogger().handlers[:], logging.root.level
    logs.begin("ingest")
    yield stream
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_traceback_is_one_line_of_json_without_the_row_it_quotes(written: io.StringIO):
    def write() -> None:
        raise ValueError("no place\nDETAIL:  Key (plate)=(12C00001) exists.")

    try:
        write()
    except ValueError:
        structlog.get_logger().exception("a step failed", partition=3)
    [record] = map(json.loads, written.getvalue().splitlines())
    assert record["event"] == "a step failed"
    assert (record["level"], record["process"], record["partition"]) == ("error", "ingest", 3)
    assert "no place" in record["exception"]
    assert "12C" not in written.getvalue()


def test_what_libraries_warn_of_is_written_the_same_way(written: io.StringIO):
    logging.getLogger("psycopg.pool").warning("lost %s", "+84903000001")
    logging.getLogger("httpx").info("HTTP Request: GET https://x.example/?key=1")
    [record] = map(json.loads, written.getvalue().splitlines())
    assert record["event"] == "lost +…"
    assert record["level"] == "warning"
