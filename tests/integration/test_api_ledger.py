"""The ledger over the API: heads for everybody, counts for everybody, rows for auditors."""

import hashlib
import json
from typing import Any

import msgspec
import pytest
from api_server import RunningApi
from border import MORNING, after
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flowctl.ledger.codes import code_of
from flowctl.ledger.entries import Entry, Kind
from flowctl.ledger.signing import read_signed
from flowctl.registry.accounts import Role
from flowctl.storage.ledger import append, find_head
from flowctl.storage.ledger_heads import sign_head

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


def record(api: RunningApi, *entries: Entry) -> None:
    with api.border.conn.transaction():
        append(api.border.conn, api.border.site.id, "default", entries, now=MORNING)


def sign(api: RunningApi, minute: float) -> None:
    with api.border.conn.transaction():
        sign_head(api.border.conn, api.border.site.id, KEY, now=after(minute))


def answer(api: RunningApi, path: str) -> Any:  # noqa: ANN401
    response = api.client().get(path)
    assert response.status_code == 200, response.text
    return response.json()


def overtook(trip: int, others: tuple[int, ...], minute: float, reason: str) -> Entry:
    return Entry(Kind.OVERTOOK, after(minute), trip, "tan_thanh", reason, others)


def test_before_anything_is_signed_the_head_is_a_sentence(api: RunningApi):
    response = api.client().get("/v1/ledger/head")
    assert response.status_code == 404
    assert "was signed so far" in response.json()["detail"]
    assert answer(api, "/v1/board")["ledger"] is None


def test_everybody_may_fetch_signed_heads_and_hold_the_ledger_to_them(api: RunningApi):
    for minute in (0, 60):
        record(api, Entry(Kind.PAPER, after(minute)))
        sign(api, minute)
    head = find_head(api.border.conn, api.border.site.id)
    assert head is not None
    text = api.client().get("/v1/ledger/head").content
    signed = read_signed(text, where="the answer")
    assert (signed.seq, signed.hash, signed.at) == (head.seq, head.hash, after(60))
    assert json.loads(text)["code"] == code_of(head.hash)
    assert len(answer(api, "/v1/ledger/heads")) == 2
    [last] = answer(api, "/v1/ledger/heads?since=2024-01-23T01:30:00Z")
    assert last["seq"] == head.seq
    shown = answer(api, "/v1/board")["ledger"]
    assert (shown["seq"], shown["code"]) == (head.seq, code_of(head.hash))


def test_overtakes_of_a_local_day_are_counted_by_gate_and_reason(api: RunningApi):
    one, two, three = (api.border.trip() for _ in range(3))
    record(
        api,
        overtook(one, (two, three), 5, "kept_promise"),
        overtook(two, (three,), 6, "kept_promise"),
        overtook(one, (two,), 7, "priority"),
        overtook(one, (two,), -9 * 60, "priority"),  # 23:00 of the day before
    )
    said = answer(api, "/v1/ledger/overtakes?day=2024-01-23")
    assert said == {
        "day": "2024-01-23",
        "gates": {"tan_thanh": {"kept_promise": 3, "priority": 1}},
    }
    assert answer(api, "/v1/ledger/overtakes") == said
    assert answer(api, "/v1/ledger/overtakes?day=2024-01-22")["gates"] == {
        "tan_thanh": {"priority": 1}
    }
    gates = {gate["id"]: gate["overtakes_today"] for gate in answer(api, "/v1/board")["gates"]}
    assert gates["tan_thanh"] == {"kept_promise": 3, "priority": 1}
    assert gates["huu_nghi"] == {}


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2024-02-30"])
def test_a_day_that_cannot_be_counted_is_refused(api: RunningApi, day: str):
    refused = api.client().get(f"/v1/ledger/overtakes?day={day}")
    assert refused.status_code == 422
    assert "day" in refused.text


def test_an_auditor_can_check_what_is_exported_with_a_json_library_alone(api: RunningApi):
    trip = api.border.trip()
    record(api, *(Entry(Kind.SLOT, after(n), trip, "tan_thanh", "first") for n in range(5)))
    text = api.person(Role.PLANNER).get("/v1/ledger").text
    previous = hashlib.sha256(b"flowctl ledger of lang_son").hexdigest()
    for seq, line in enumerate(text.splitlines(), 1):
        said = json.loads(line)
        row = json.dumps(said["row"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(row.encode()).hexdigest() == said["hash"]
        assert (said["row"]["seq"], said["row"]["previous"]) == (seq, previous)
        previous = said["hash"]
    head = find_head(api.border.conn, "lang_son")
    assert head is not None
    assert previous == head.hash.hex()
    rest = api.person(Role.ADMINISTRATOR).get(f"/v1/ledger?after={head.seq - 2}&limit=1").text
    assert msgspec.json.decode(rest.encode())["row"]["seq"] == head.seq - 1
    assert "12C" not in text
