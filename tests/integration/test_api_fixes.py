"""Batches of fixes over HTTP, as far as the disk of the position store."""

import gzip
import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
from api_server import RunningApi
from border import MORNING
from streams import fixes_on_disk, on_disk, set_aside_on_disk

from api import tokens
from flowctl.registry.sources import add_source, add_token, set_terms
from flowctl.site import UnknownDevices
from flowctl.storage.devices import register
from flowctl.storage.sources import ScreeningOverrides

MOMENT = "2024-01-23T01:00:00Z"
MOMENT_US = int(MORNING.timestamp() * 1_000_000)
JSON = "application/json"


def fix(device: str = "VN-7781", **changes: object) -> dict[str, Any]:
    return {"device": device, "fixed_at": MOMENT, "lon": 106.7, "lat": 21.94, **changes}


def post(
    client: httpx.Client, body: bytes | list[Any] | dict[str, Any], kind: str = JSON, **headers: str
) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/v1/fixes", content=content, headers={"Content-Type": kind, **headers})


def refused(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    detail: str = answer.json()["detail"]
    return detail


def columns(devices: list[str]) -> dict[str, Any]:
    n = len(devices)
    moments = [MOMENT_US // 1000] * n
    places = {"lon": [106.7] * n, "lat": [21.94] * n}
    return {"columns": {"device": devices, "fixed_at": moments, **places}}


TWO = [fix("A"), fix("桂F12345")]
FORMS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "json": (JSON, lambda: json.dumps(TWO).encode()),
    "json of a charset": ("application/json; charset=utf-8", lambda: json.dumps(TWO).encode()),
    "what curl says": ("application/x-www-form-urlencoded", lambda: json.dumps(TWO).encode()),
    "columns": (
        JSON,
        lambda: json.dumps(columns(["A", "桂F12345"])).encode(),
    ),
    "lines": ("application/x-ndjson", lambda: "\n".join(json.dumps(one) for one in TWO).encode()),
    "msgpack": ("application/msgpack", lambda: msgspec.msgpack.encode(TWO)),
    "vnd.msgpack": ("application/vnd.msgpack", lambda: msgspec.msgpack.encode(TWO)),
    "x-msgpack": ("application/x-msgpack", lambda: msgspec.msgpack.encode(TWO)),
}


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_on_disk_when_it_is_answered(api: RunningApi, form: str, zipped: bool):
    kind, make = FORMS[form]
    body, headers = (
        (gzip.compress(make()), {"Content-Encoding": "gzip"}) if zipped else (make(), {})
    )
    answer = post(api.machine(), body, kind, **headers)
    assert (answer.status_code, answer.json()) == (200, {"accepted": 2, "rejected": []})
    wanted = [("A", MOMENT_US), ("桂F12345", MOMENT_US)]
    assert sorted(fixes_on_disk(api.store)) == wanted
    assert set(on_disk(api.store).rows["received_at"]) == {MOMENT_US}


def test_a_body_that_says_no_type_is_json(api: RunningApi):
    answer = api.machine().post("/v1/fixes", content=json.dumps(TWO).encode())
    assert answer.json()["accepted"] == 2


def test_each_item_is_accepted_or_rejected_with_its_index_and_nothing_is_dropped(api: RunningApi):
    items = [
        fix("A"),
        fix("B", lat=95),
        {"device": "C"},
        fix("D", fixed_at="2024-01-23T02:00:00Z"),
        fix("E", lon=0, lat=0),
        fix("29H-123.45"),
    ]
    answer = post(api.machine(), items)
    assert answer.json()["accepted"] == 2
    assert [(one["index"], one["reason"]) for one in answer.json()["rejected"]] == [
        (1, "latitude_out_of_range"),
        (2, "malformed"),
        (3, "future"),
        (4, "zero_island"),
    ]
    assert sorted(device for device, _ in fixes_on_disk(api.store)) == ["29H-123.45", "A"]
    assert len(set_aside_on_disk(api.store)) == 4


def test_an_empty_batch_is_fine_and_writes_nothing(api: RunningApi):
    for body, kind in (
        (b"[]", JSON),
        (b"", "application/x-ndjson"),
        (b"\x90", "application/msgpack"),
    ):
        answer = post(api.machine(), body, kind)
        assert (answer.status_code, answer.json()) == (200, {"accepted": 0, "rejected": []})
    assert fixes_on_disk(api.store) == []


def test_an_unknown_type_or_encoding_is_told_which_there_are(api: RunningApi):
    machine = api.machine()
    detail = refused(post(machine, b"<fix/>", "text/xml"), 415)
    assert "text/xml" in detail
    assert "application/x-ndjson" in detail
    assert "gzip" in refused(post(machine, b"x", **{"Content-Encoding": "br"}), 415)


WHOLE = gzip.compress(json.dumps([fix()] * 1000).encode())
BAD: dict[str, tuple[bytes, str, bool, int]] = {
    "truncated gzip": (WHOLE[:-20], JSON, True, 400),
    "no gzip": (json.dumps(TWO).encode(), JSON, True, 400),
    "a zip bomb": (gzip.compress(b" " * 200_000_000, 1), JSON, True, 413),
    "more than 32 MB": (b" " * 32_000_001, JSON, False, 413),
    "10 MB of [": (b"[" * 10_000_000, JSON, False, 400),
    "10 MB of [ in lines' clothes": (b"[" * 10_000_000, "application/x-ndjson", False, 200),
    "10 MB of nested maps": (b"\x91" * 10_000_000, "application/msgpack", False, 400),
    "no JSON": (b"hello", JSON, False, 400),
    "a number": (b"17", JSON, False, 400),
    "nothing": (b"", JSON, False, 400),
    "columns of unequal length": (b'{"columns":{"device":["A"],"fixed_at":[]}}', JSON, False, 400),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_body_that_cannot_be_read_is_a_sentence_soon_and_harms_nobody(api: RunningApi, kind: str):
    body, said, zipped, status = BAD[kind]
    headers = {"Content-Encoding": "gzip"} if zipped else {}
    machine = api.machine()
    began = time.monotonic()
    answer = post(machine, body, said, **headers)
    assert time.monotonic() - began < 10
    if status == 200:
        assert answer.json()["accepted"] == 0
    else:
        assert len(refused(answer, status)) > 20
    assert fixes_on_disk(api.store) == []
    assert post(machine, [fix()]).json()["accepted"] == 1


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", '"106.7"', "true", "null", "{}"]
)
def test_what_is_no_number_costs_its_item_alone(api: RunningApi, number: str):
    good = json.dumps(fix())
    body = f"[{good},{good.replace('106.7', number)},{good}]".encode()
    answer = post(api.machine(), body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["accepted"] == 2
    assert [one["index"] for one in answer.json()["rejected"]] == [1]


def test_a_number_that_is_not_finite_in_messagepack_is_set_aside(api: RunningApi):
    body = msgspec.msgpack.encode(
        [fix("A", lon=float("nan")), fix("B", lat=float("inf")), fix("C")]
    )
    answer = post(api.machine(), body, "application/msgpack")
    reasons = [one["reason"] for one in answer.json()["rejected"]]
    assert (answer.json()["accepted"], reasons) == (1, ["not_finite", "not_finite"])


@pytest.mark.parametrize("form", ["json", "columns"])
def test_100_000_fixes_in_one_request_are_taken_while_others_are_served(api: RunningApi, form: str):
    body = (
        json.dumps([fix(f"T{i}", heading_deg=i % 360) for i in range(100_000)]).encode()
        if form == "json"
        else json.dumps(columns([f"T{i}" for i in range(100_000)])).encode()
    )
    answers: list[httpx.Response] = []
    machine, other = api.machine(), api.machine()
    sender = threading.Thread(target=lambda: answers.append(post(machine, body)))
    sender.start()
    longest_s = 0.0
    while sender.is_alive():
        began = time.monotonic()
        assert post(other, [fix("other")]).status_code == 200
        longest_s = max(longest_s, time.monotonic() - began)
    sender.join()
    assert answers[0].json() == {"accepted": 100_000, "rejected": []}
    assert longest_s < 3
    stored = fixes_on_disk(api.store)
    assert len({device for device, _ in stored}) == 100_001


def test_who_is_not_known_is_refused_and_nothing_is_written(api: RunningApi):
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp3cm9uZw=="}):
        assert "token" in refused(post(api.client(**headers), [fix()]), 401)
    assert fixes_on_disk(api.store) == []


def test_a_token_that_has_ended_is_nobodys(api: RunningApi):
    begun = datetime.now(UTC) - timedelta(hours=2)
    short = add_token(api.border.conn, "trackers", wall_now=begun, lasts=timedelta(hours=1))
    assert refused(post(api.client(Authorization=f"Bearer {short}"), [fix()]), 401)


def test_a_token_of_one_device_speaks_for_no_other_and_for_nothing_but_positions(api: RunningApi):
    token = add_token(api.border.conn, "trackers", wall_now=datetime.now(UTC), device="A")
    phone = api.client(Authorization=f"Bearer {token}")
    answer = post(phone, [fix("A"), fix("B"), fix("A", lat=95)])
    assert answer.json()["accepted"] == 1
    assert [(one["index"], one["reason"]) for one in answer.json()["rejected"]] == [
        (1, "foreign_device"),
        (2, "latitude_out_of_range"),
    ]
    assert ("foreign_device", "B") in set_aside_on_disk(api.store)
    event = [{"direction": "export", "kind": "cleared", "truck": "A", "at": MOMENT}]
    assert "one device" in refused(phone.post("/v1/gates/tan_thanh/events", json=event), 403)


def test_a_source_may_have_narrower_limits_than_the_site(api: RunningApi):
    limits = ScreeningOverrides(lateness_limit_s=3600, accuracy_limit_m=50)
    token = add_source(api.border.conn, name="strict", screening=limits)
    late = fix("A", fixed_at="2024-01-22T23:00:00Z")
    poor = fix("B", accuracy_m=80)
    strict = post(api.client(Authorization=f"Bearer {token}"), [late, poor])
    assert [one["reason"] for one in strict.json()["rejected"]] == ["too_late", "imprecise"]
    assert post(api.machine(), [late, poor]).json()["accepted"] == 2


def test_more_than_a_sources_rate_is_refused_whole_until_it_may_send_again(api: RunningApi):
    token = add_source(api.border.conn, name="slow", rate_per_s=1.0)
    slow = api.client(Authorization=f"Bearer {token}")
    assert post(slow, [fix()] * 10).json()["accepted"] == 10
    answer = post(slow, [fix()] * 5)
    assert "1 fixes a second" in refused(answer, 429)
    assert 1 <= int(answer.headers["retry-after"]) <= 5
    assert len(fixes_on_disk(api.store)) == 10
    assert post(api.machine(), [fix()] * 100).json()["accepted"] == 100


def test_a_changed_rate_holds_once_the_token_is_asked_for_again(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tokens, "KEPT_S", 0.0)
    token = add_source(api.border.conn, name="slow", rate_per_s=1.0)
    slow = api.client(Authorization=f"Bearer {token}")
    assert post(slow, [fix()] * 10).status_code == 200
    assert post(slow, [fix()] * 10).status_code == 429
    set_terms(api.border.conn, "slow", rate_per_s=1000.0)
    assert post(slow, [fix()] * 10).status_code == 200


def test_where_the_site_refuses_unknown_devices_the_sender_is_told_at_once(api: RunningApi):
    edge = api.app.state.edge
    edge.site = replace(edge.site, unknown_devices=UnknownDevices.REFUSE)
    token = add_source(api.border.conn, name="provider")
    provider = api.client(Authorization=f"Bearer {token}")
    register(api.border.conn, "known")
    answer = post(provider, [fix("known"), fix("stranger"), fix("known")])
    assert answer.json()["accepted"] == 2
    assert [(one["index"], one["reason"]) for one in answer.json()["rejected"]] == [
        (1, "unknown_device")
    ]
    assert set_aside_on_disk(api.store) == [("unknown_device", "stranger")]
    assert post(api.machine(), [fix("stranger")]).json()["accepted"] == 1  # enrols its own


def test_an_unknown_device_is_asked_for_again_soon(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("api.known.REFUSED_S", 0.3)
    edge = api.app.state.edge
    edge.site = replace(edge.site, unknown_devices=UnknownDevices.REFUSE)
    token = add_source(api.border.conn, name="provider")
    provider = api.client(Authorization=f"Bearer {token}")
    assert post(provider, [fix("new")]).json()["accepted"] == 0
    register(api.border.conn, "new")
    time.sleep(0.4)
    assert post(provider, [fix("new")]).json()["accepted"] == 1
    assert post(provider, [fix("new")]).json()["accepted"] == 1
