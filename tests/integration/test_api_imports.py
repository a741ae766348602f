"""A table of trips: its good rows are declared, of the bad ones it is said what is wrong where."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter, sleep
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from agencies import give_workflow
from api_server import RunningApi
from border import MORNING
from test_api_trips import refusal, register

from flowctl.policy import FairUseRules, Policy
from flowctl.registry.accounts import Role
from flowctl.registry.trip_rows import COLUMNS
from flowctl.storage.conflicts import put_foreknown
from flowctl.storage.ended import forget_ended
from flowctl.storage.penalties import NO_SHOW, add_penalty

HEAD = "plate,phone,direction,gates,ready_at,cargo,goods,licence"


def line(n: int, **changes: str) -> str:
    cells = {
        "plate": f"12C-{n:05d}",
        "phone": f"09030{n:05d}",
        "direction": "export",
        "gates": "tan_thanh",
        "ready_at": "23/01/2024 10:00",
        "cargo": "perishable",
        "goods": "Thanh long",
        "licence": "",
    } | changes
    return ",".join(cells.values())


def table(*lines: str) -> bytes:
    return "\n".join((HEAD, *lines)).encode()


def send(client: httpx.Client, content: bytes, *, dry: bool = False, **headers: str) -> Any:  # noqa: ANN401
    answer = client.post(f"/v1/imports?dry={str(dry).lower()}", content=content, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def plates(client: httpx.Client) -> set[str]:
    return {trip["plate"] for trip in client.get("/v1/trips").json()}


def test_good_rows_are_declared_and_bad_ones_said_with_their_column(api: RunningApi):
    haulier = api.person(Role.HAULIER)
    content = table(
        line(1),
        line(2, gates="nowhere"),
        line(1, phone="0903123999"),
        line(4, phone="12"),
        line(5, licence="790123456"),
        line(6),
    )
    made = send(haulier, content)
    assert (made["rows"], made["made"], len(made["trips"])) == (6, 2, 2)
    assert [(one["row"], one["column"], one["kind"]) for one in made["faults"]] == [
        (3, "gates", "choice_unknown"),
        (4, "plate", "same_as_row"),
        (5, "phone", "no_phone"),
        (6, "consent", "consent_missing"),
    ]
    assert made["faults"][1]["values"] == {"field": "plate", "value": "12C00001", "row": 2}
    assert plates(haulier) == {"12C00001", "12C00006"}
    [trip, _] = haulier.get("/v1/trips").json()
    assert (trip["haulier"], trip["ready_at"]) == ("haulier", "2024-01-23T03:00:00Z")
    kinds = api.border.conn.execute("select kind, count(*) from outbox group by kind").fetchall()
    assert kinds == [("registered", 2)]
    entries = api.border.conn.execute("select count(*) from ledger where kind = 'registered'")
    assert entries.fetchall() == [(2,)]


def test_a_trial_says_what_would_be_and_leaves_nothing(api: RunningApi):
    haulier = api.person(Role.HAULIER)
    tried = send(haulier, table(line(1), line(2, cargo="lead")), dry=True)
    assert (tried["rows"], tried["made"], tried["trips"]) == (2, 1, [])
    assert [one["column"] for one in tried["faults"]] == ["cargo"]
    assert plates(haulier) == set()
    for name in ("ledger where kind = 'registered'", "outbox", "drivers", "imports"):
        assert api.border.conn.execute(f"select count(*) from {name}").fetchall() == [(0,)]  # noqa: S608


def test_a_table_that_comes_twice_with_its_key_is_declared_once_and_answered_the_same(
    api: RunningApi,
):
    haulier, key = api.person(Role.HAULIER), {"Idempotency-Key": str(uuid4())}
    content = table(line(1), line(2, gates="nowhere"))
    first = send(haulier, content, **key)
    assert send(haulier, content, **key) == first
    other = haulier.post("/v1/imports", content=table(line(3)), headers=key)
    assert "Another request came with this Idempotency-Key" in refusal(other, 422)
    assert plates(haulier) == {"12C00001"}
    forget_ended(api.border.conn, api.border.site, MORNING.replace(year=2025))
    assert api.border.conn.execute("select count(*) from imports").fetchall() == [(0,)]


@contextmanager
def somebody_declares(api: RunningApi, plate: str) -> Iterator[None]:
    """Hold a trip of a plate that is not committed: who declares the plate waits for its end."""
    with psycopg.connect(api.border.conn.info.dsn, password=api.border.conn.info.password) as other:
        other.execute(
            "insert into trips (site, plate, driver_id, direction, cargo, gates, ready_at,"
            " registered_at, registered_by) select site, %s, driver_id, direction, cargo, gates,"
            " ready_at, registered_at, registered_by from trips where plate = '14C00001'",
            [plate],
        )
        yield
        other.rollback()


def wait_for_waiting(api: RunningApi) -> int:
    """Return the process of the database that waits for another's end."""
    for _ in range(400):
        waiting = api.border.conn.execute(
            "select pid from pg_stat_activity where datname = current_database()"
            " and wait_event_type = 'Lock'"
        ).fetchone()
        if waiting is not None:
            return int(waiting[0])
        sleep(0.05)
    raise AssertionError("Nobody waits.")


@pytest.mark.parametrize("dry", [True, False])
def test_beside_a_table_that_is_gone_through_others_declare_at_once(api: RunningApi, dry: bool):
    haulier, operator = api.person(Role.HAULIER), api.person(Role.OPERATOR)
    register(operator, plate="14C00001", device=None)
    with ThreadPoolExecutor(1) as beside, somebody_declares(api, "12C00110"):
        going = beside.submit(send, haulier, table(*(line(n) for n in range(120))), dry=dry)
        wait_for_waiting(api)
        began = perf_counter()
        register(operator, plate="14C00002", device=None)
        assert perf_counter() - began < 5
        declared = api.border.conn.execute("select count(*) from trips where plate like '12C%'")
        assert declared.fetchall() == [(0 if dry else 100,)]
        assert not going.done()
    assert going.result()["made"] == 120


def test_a_table_that_was_broken_off_goes_on_with_its_key_and_all_of_it_is_told(api: RunningApi):
    haulier, operator = api.person(Role.HAULIER), api.person(Role.OPERATOR)
    register(operator, plate="14C00001", device=None)
    key = {"Idempotency-Key": str(uuid4())}
    content = table(*(line(n) for n in range(70)), line(3), line(200, gates="nowhere"))
    with ThreadPoolExecutor(1) as beside, somebody_declares(api, "12C00060"):
        going = beside.submit(haulier.post, "/v1/imports", content=content, headers=key)
        api.border.conn.execute("select pg_terminate_backend(%s)", [wait_for_waiting(api)])
        assert going.result().status_code == 503
    assert len(plates(haulier)) == 50
    told = send(haulier, content, **key)
    assert (told["rows"], told["made"], len(told["trips"])) == (72, 70, 70)
    assert [(one["row"], one["kind"]) for one in told["faults"]] == [
        (72, "same_as_row"),
        (73, "choice_unknown"),
    ]
    assert told["faults"][0]["values"]["row"] == 5
    assert send(haulier, content, **key) == told
    entries = api.border.conn.execute("select count(*) from ledger where kind = 'registered'")
    assert entries.fetchall() == [(71,)]


def test_a_trial_counts_the_rows_it_tried_before_for_the_quota(api: RunningApi):
    rules = replace(Policy(), fair_use=FairUseRules(active_per_haulier=25))
    api.app.state.site = replace(api.app.state.site, policy=rules)
    haulier = api.person(Role.HAULIER)
    content = table(*(line(n) for n in range(30)))
    tried, made = send(haulier, content, dry=True), send(haulier, content)
    assert (tried["made"], made["made"]) == (25, 25)
    assert [one["kind"] for one in tried["faults"]] == ["quota_full"] * 5
    assert tried["faults"] == made["faults"]


def test_what_a_truck_lost_and_what_partners_knew_comes_with_a_table_too(api: RunningApi):
    haulier, operator = api.person(Role.HAULIER), api.person(Role.OPERATOR)
    trip = register(operator, plate="12C00001", device=None)["id"]
    add_penalty(
        api.border.conn,
        api.border.site,
        trip,
        kind=NO_SHOW,
        loses_s=600,
        reason="",
        actor="flowctl",
        now=MORNING,
    )
    assert operator.post(f"/v1/trips/{trip}/cancel").status_code == 200
    put_foreknown(
        api.border.conn,
        api.border.site.id,
        "customs",
        "K-1",
        plate="12C00002",
        facts={"customer": "Hoa quả Bắc Giang"},
        now=MORNING,
    )
    first, second = send(haulier, table(line(1), line(2)))["trips"]
    assert haulier.get(f"/v1/trips/{first}").json()["penalty_s"] == 600
    known = haulier.get(f"/v1/trips/{second}/declaration").json()
    assert (known["customer"], known["origins"]) == (
        "Hoa quả Bắc Giang",
        {"customer": "source:customs"},
    )


def test_every_fault_of_a_row_has_a_column_and_words(api: RunningApi):
    give_workflow(api)
    content = "\n".join(
        (
            "plate,phone,direction,gates,ready_at,device,pair_plate,weight_t,weight_class",
            "12C-1,0903000001,export,tan_thanh,23/01/2024 10:00,d-1,,,",
            "12C-2,0903000002,export,tan_thanh,23/01/2024 10:00,d-1,,,",
            f"12C-3,0903000003,export,tan_thanh,23/01/2024 10:00,{'x' * 65},,,",
            "12C-4,0903000004,export,tan_thanh,23/01/2024 10:00,,桂F12345,,",
            "12C-5,0903000005,export,tan_thanh,23/01/2024 10:00,,,20,light",
        )
    )
    for dry in (True, False):
        told = send(api.person(Role.HAULIER), content.encode(), dry=dry)
        assert [(one["row"], one["column"], one["kind"]) for one in told["faults"]] == [
            (3, "device", "same_as_row"),
            (4, "device", "device_long"),
            (5, "pair_plate", "pair_without"),
            (6, "weight_t", "weight_class_other"),
        ]


def test_an_account_imports_its_own_trucks_alone(api: RunningApi):
    haulier, operator = api.person(Role.HAULIER), api.person(Role.OPERATOR)
    content = f"{HEAD},haulier\n{line(1)},Somebody Else".encode()
    [fault] = send(haulier, content)["faults"]
    assert (fault["column"], fault["kind"]) == ("haulier", "other_haulier")
    [trip] = send(operator, content)["trips"]
    assert operator.get(f"/v1/trips/{trip}").json()["haulier"] == "Somebody Else"


def test_a_file_that_is_no_table_declares_nothing(api: RunningApi):
    haulier = api.person(Role.HAULIER)
    answer = haulier.post("/v1/imports", content=b"\x00\x01")
    assert "cannot be read" in refusal(answer, 422)
    assert answer.json()["type"] == "urn:flowctl:table_unreadable"
    answer = haulier.post("/v1/imports", content=b"x" * 5_000_001)
    assert "may hold 5 MB; send the table in parts" in refusal(answer, 413)


def test_the_forms_can_be_taken_along_in_three_languages(api: RunningApi):
    haulier = api.person(Role.HAULIER)
    for language in ("vi", "zh", "en"):
        text = haulier.get("/v1/imports/form.csv", params={"language": language}).text
        assert len(text.strip().split(",")) == len(COLUMNS)
        sheet = haulier.get("/v1/imports/form.xlsx", params={"language": language})
        assert sheet.content.startswith(b"PK")
        assert send(haulier, text.encode() + b"\r\n", dry=True)["rows"] == 0


def test_five_hundred_trips_are_declared_in_a_few_seconds(api: RunningApi):
    haulier = api.person(Role.HAULIER)
    content = table(*(line(n) for n in range(500)))
    began = perf_counter()
    made = send(haulier, content)
    took_s = perf_counter() - began
    assert (made["made"], made["faults"]) == (500, [])
    # The reach is 5 s of a quiet machine; four times that is said where others work on it.
    assert took_s < 20
