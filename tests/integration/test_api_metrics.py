import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

import metric_table
import psycopg
import pytest
import redis
from api_server import RunningApi
from border import MORNING, after
from certificates import make_certificate
from measured import fill
from prometheus_client.parser import text_string_to_metric_families

from flowctl.registry.accounts import Role
from flowctl.storage.gateway_states import GatewayState, save_states
from flowctl.storage.heartbeats import beat
from flowctl.storage.outcomes import count_outcomes, set_aside
from flowctl.telemetry import stream
from flowctl.telemetry.fixes import SetAside, microseconds


def scrape(api: RunningApi) -> dict[tuple[str, ...], float]:
    """Return every sample of a scrape by (name, values of its labels)."""
    answer = api.machine().get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_fixes_are_counted_by_outcome_and_source(api: RunningApi):
    day = date(2024, 1, 23)
    count_outcomes(
        api.border.conn,
        {(day, 1, "stored"): 7, (day, 1, "swapped"): 2, (day, 1, "too_late"): 1},
    )
    count_outcomes(api.border.conn, {(date(2024, 1, 24), 1, "stored"): 4, (day, 0, "poison"): 1})
    samples = scrape(api)
    assert {key: n for key, n in samples.items() if key[0] == "flowctl_fixes_total"} == {
        ("flowctl_fixes_total", "stored", "trackers"): 11,
        ("flowctl_fixes_total", "swapped", "trackers"): 2,
        ("flowctl_fixes_total", "too_late", "trackers"): 1,
        ("flowctl_fixes_total", "poison", "unreadable"): 1,
    }


def test_fixes_that_wait_for_their_moment_or_their_device_are_shown(api: RunningApi):
    at = microseconds(MORNING)
    for reason, device in (("future", "a"), ("unknown_device", "b"), ("unknown_device", "c")):
        set_aside(api.border.conn, [SetAside(1, at, reason, device, at, b"{}")])
    set_aside(api.border.conn, [SetAside(1, at, "too_late", "d", at, b"{}")])
    api.border.conn.execute("update fixes_aside set released_at = %s where id = 2", [MORNING])
    samples = scrape(api)
    assert samples["flowctl_fixes_held", "future"] == 1
    assert samples["flowctl_fixes_held", "unknown_device"] == 1
    assert ("flowctl_fixes_held", "too_late") not in samples


@pytest.fixture
def store(valkey: str) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(valkey) as client:
        yield client


def test_what_waits_in_the_stream_is_what_nobody_has_committed(
    api: RunningApi, store: "redis.Redis"
):
    first = store.xadd(stream.key(3), {"b": b"1"}, id="1700000000000-0")
    store.xadd(stream.key(3), {"b": b"2"}, id="1700000001000-0")
    store.xadd(stream.key(3), {"b": b"3"})
    api.border.conn.execute(
        "insert into stream_positions (partition, last_id) values (3, %s), (4, '0-0')",
        [first.decode()],
    )
    samples = scrape(api)
    assert samples["flowctl_stream_waiting_entries", "3"] == 2
    assert samples["flowctl_stream_oldest_waiting_seconds", "3"] > 1e6
    assert samples["flowctl_stream_waiting_entries", "4"] == 0
    assert samples["flowctl_stream_oldest_waiting_seconds", "4"] == 0


def test_leases_and_beats_are_shown_with_their_age(api: RunningApi):
    conn = api.border.conn
    conn.execute(
        "insert into stream_positions (partition, owner, lease_until_wall_at)"
        " values (0, 'one', now() + interval '8 s'), (1, 'two', now() - interval '5 s'),"
        " (2, null, null)"
    )
    beat(conn, "controller", MORNING)
    conn.execute("insert into ingest_workers values ('one', now() - interval '3 s')")
    samples = scrape(api)
    assert 0 < samples["flowctl_partition_lease_seconds", "one", "0"] <= 8
    assert samples["flowctl_partition_lease_seconds", "two", "1"] <= -5
    assert not [key for key in samples if key[0].endswith("lease_seconds") and key[-1] == "2"]
    assert 0 <= samples["flowctl_heartbeat_age_seconds", "controller"] < 60
    assert 3 <= samples["flowctl_ingest_worker_age_seconds", "one"] < 60


def test_messages_that_wait_and_gateways_that_are_away_are_shown(api: RunningApi):
    api.border.trip()
    states = [GatewayState("a", "open", 9.0, None), GatewayState("b", "away", 9.0, "gone")]
    save_states(api.border.conn, "lang_son", states)
    found = scrape(api)
    assert found["flowctl_messages_open", "waiting"] == 1
    assert found["flowctl_messages_open", "dead"] == 0
    assert found["flowctl_gateway_open", "a", "lang_son"] == 1
    assert found["flowctl_gateway_open", "b", "lang_son"] == 0


def test_every_series_is_documented_and_every_documented_one_is_there(api: RunningApi):
    fill(api)
    api.machine().get("/metrics")
    families = text_string_to_metric_families(api.machine().get("/metrics").text)
    shown: dict[str, set[str]] = {}
    for family in families:
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = shown.setdefault(name, set())
        for sample in family.samples:
            labels |= sample.labels.keys() - {"le"}
    absent = {
        "flowctl_database_archive_age_seconds",  # this database keeps no archive
        "flowctl_certificate_left_seconds",  # and this API is asked without TLS
    }
    documented = metric_table.read()
    assert shown.keys() == documented.keys()
    assert {name: labels for name, labels in shown.items() if name not in absent} == {
        name: labels for name, labels in documented.items() if name not in absent
    }


def test_the_table_of_metrics_is_the_codes():
    assert metric_table.TABLE.read_text() == metric_table.table(), (
        "print it anew: PYTHONPATH=tests:. .venv/bin/python tests/metric_table.py"
    )


def test_queues_waits_and_capacity_of_a_gate_are_shown(api: RunningApi):
    fill(api)
    found = scrape(api)
    site = "lang_son"
    assert found["flowctl_gate_trucks", "tan_thanh", site, "yard"] == 30
    assert found["flowctl_gate_trucks", "tan_thanh", site, "way"] == 3
    assert found["flowctl_gate_trucks", "tan_thanh", site, "queue"] == 4
    assert found["flowctl_gate_capacity_per_hour", "high", "tan_thanh", site] == 25
    assert found["flowctl_gate_target_trucks", "tan_thanh", site] == 12
    assert found["flowctl_wait_seconds", "tan_thanh", "0.5", site, "gate"] == 600
    assert found["flowctl_wait_seconds", "tan_thanh", "0.9", site, "yard"] == 1200


def test_waits_of_more_than_an_hour_ago_are_no_longer_shown(api: RunningApi):
    fill(api)
    api.clock.at = after(120)
    assert not [key for key in scrape(api) if key[0] == "flowctl_wait_seconds"]


def test_visits_trips_and_work_are_counted(api: RunningApi):
    fill(api)
    found = scrape(api)
    site = "lang_son"
    assert found["flowctl_visits_open", site, "yard_bao_nguyen"] == 1
    assert found["flowctl_visits_begun_last_hour", site, "yard_bao_nguyen"] == 2
    assert found["flowctl_visits_ended_last_hour", site, "lane_tan_thanh"] == 1
    assert found["flowctl_trips_active", "export", site] == 2
    assert found["flowctl_declarations_last_hour", site] == 2
    assert found["flowctl_work_waiting", "customs", site, "waiting"] == 1


def test_the_plan_the_tick_and_who_decides_are_shown(api: RunningApi):
    fill(api)
    found = scrape(api)
    site = "lang_son"
    assert found["flowctl_plan_proved", site] == 1
    assert found["flowctl_plan_gap_ratio", site] == 0
    assert found["flowctl_plan_age_seconds", site] == 55 * 60
    assert found["flowctl_tick_seconds", "controller"] == 1.5
    assert found["flowctl_controller_epoch", "one", site] == 1
    api.border.conn.execute("update plans set cost = 105, bound = 100, status = 'feasible'")
    found = scrape(api)
    assert found["flowctl_plan_proved", site] == 0
    assert found["flowctl_plan_gap_ratio", site] == pytest.approx(0.05)


def test_messages_that_are_due_for_long_are_shown_by_kind(api: RunningApi):
    api.border.trip()
    conn = api.border.conn
    conn.execute("update outbox set next_wall_at = now() - interval '90 s', attempts = 2")
    found = scrape(api)
    [kind] = [key[1] for key in found if key[0] == "flowctl_messages_waiting"]
    assert found["flowctl_messages_waiting", kind, "lang_son"] == 1
    assert found["flowctl_messages_oldest_due_seconds", "lang_son"] >= 90
    assert found["flowctl_messages_last_hour", "none", "tried_again", "lang_son"] == 1
    conn.execute("update outbox set next_wall_at = now() + interval '90 s'")
    assert scrape(api)["flowctl_messages_oldest_due_seconds", "lang_son"] == 0


def test_clocks_that_part_are_shown(api: RunningApi):
    found = scrape(api)
    assert abs(found["flowctl_clock_skew_seconds", "database"]) < 5
    assert abs(found["flowctl_clock_skew_seconds", "valkey"]) < 5


def test_the_end_of_the_public_addresss_certificate_is_shown(
    api: RunningApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shown, key = make_certificate(tmp_path)  # for a day
    with serving_tls(shown, key) as url:
        at = api.app.state.settings.model_copy(update={"public_url": url})
        api.app.state.settings = at
        monkeypatch.setenv("SSL_CERT_FILE", str(shown))
        left_s = scrape(api)["flowctl_certificate_left_seconds",]
        assert 22 * 3600 < left_s < 24 * 3600
        monkeypatch.delenv("SSL_CERT_FILE")
        del api.app.state.certificate  # an hour has passed
        assert scrape(api)["flowctl_certificate_left_seconds",] < 0


@contextmanager
def serving_tls(certificate: Path, key: Path) -> Iterator[str]:
    """Accept lines of TLS on a port of this machine, and say nothing there."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:  # the test is over
                return
            with suppress(OSError), context.wrap_socket(line, server_side=True) as one:
                one.recv(1)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"https://localhost:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def test_consoles_that_listen_are_counted_while_they_do(api: RunningApi):
    with api.person(Role.OPERATOR).stream("GET", "/v1/events") as stream:
        reading = stream.iter_bytes()
        next(reading)
        assert streams(api, until=1) == 1
    assert streams(api, until=0) == 0


def streams(api: RunningApi, *, until: int) -> float:
    """Return to how many consoles the API streams, once that are so many or some time is over."""
    deadline = time.monotonic() + 10
    while True:
        found = scrape(api)["flowctl_api_event_streams",]
        if found == until or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def test_the_api_process_itself_is_measured(api: RunningApi):
    samples = scrape(api)
    assert samples["process_resident_memory_bytes",] > 10_000_000
    assert samples["process_open_fds",] > 0


def test_metrics_are_for_administrators_and_machines(api: RunningApi):
    assert api.client().get("/metrics").status_code == 401
    assert api.person(Role.OPERATOR).get("/metrics").status_code == 403
    assert api.person(Role.ADMINISTRATOR).get("/metrics").status_code == 200


def test_with_the_database_away_a_scrape_is_told_so(api: RunningApi, owner_url: str):
    machine = api.machine()
    assert machine.get("/metrics").status_code == 200
    server, _, name = owner_url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as conn:
        conn.execute(f'alter database "{name}" with allow_connections false')
        conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name]
        )
        try:
            answer = machine.get("/metrics")
        finally:
            conn.execute(f'alter database "{name}" with allow_connections true')
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Traceback" not in answer.text
