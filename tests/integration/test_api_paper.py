"""The order on paper over the API: made, shown for printing, entered by those who may."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from api_server import RunningApi, SetClock, served
from border import SECRET, after

from api.app import create_app
from flowctl.ledger_key import make_key
from flowctl.paper.sheet import check_sheet
from flowctl.registry.accounts import Role
from flowctl.settings import Settings

MAKE = "/v1/paper/tan_thanh"


@dataclass
class Desk:
    """An officer at an API that may sign, and what it is about."""

    officer: httpx.Client
    clock: SetClock
    public: bytes


@pytest.fixture
def desk(api: RunningApi, tmp_path: Path) -> Iterator[Desk]:
    place = api.border
    for count in range(3):
        trip = place.trip()
        place.visit(trip, "yard_bao_nguyen", 1 + count)
        place.tell(trip, after(60 + 15 * count))
    key = make_key(tmp_path / "key")
    settings: Settings = api.app.state.settings
    signing = settings.model_copy(update={"ledger_key_file": tmp_path / "key", "secret": SECRET})
    clock = SetClock(after(30))
    with served(create_app(signing, clock)) as url:
        mine = RunningApi(url, api.app, clock, "", place)
        yield Desk(mine.person(Role.OFFICER), clock, key.public_key().public_bytes_raw())
        for client in mine.clients:
            client.close()


def test_an_order_is_made_shown_and_entered(desk: Desk):
    assert desk.officer.get(MAKE).status_code == 404
    answer = desk.officer.post(MAKE)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["gate"], made["trucks"]) == ("tan_thanh", 3)
    for query in ("", "?yard=yard_bao_nguyen"):
        shown = desk.officer.get(f"{MAKE}{query}")
        assert shown.headers["content-type"].startswith("text/html")
        assert "script-src" not in shown.headers["content-security-policy"]
        assert "default-src 'none'" in shown.headers["content-security-policy"]
        checked = check_sheet(shown.text, public=desk.public)
        assert checked.fault is None
        assert checked.signed is not None
        assert checked.signed.code == made["code"]
    desk.clock.at = after(240)
    path = f"/v1/paper/{made['code'].lower()}/entries"
    rows = [
        {"number": 2, "event": "released", "time": "08:40", "who": "Lan"},
        {"plate": "12C-000.01", "event": "released", "time": "08:50", "who": "Lan"},
    ]
    first = desk.officer.post(path, json=rows)
    assert first.json() == {"recorded": 2, "repeated": 0, "overtakes": 1}
    again = desk.officer.post(path, json=rows)
    assert again.json() == {"recorded": 0, "repeated": 2, "overtakes": 0}
    counted = desk.officer.get("/v1/ledger/overtakes?day=2024-01-23").json()
    assert counted["gates"] == {"tan_thanh": {"paper": 1}}
    why = desk.officer.get("/v1/trips/1/why?language=en").json()
    assert [one["reason"] for one in why["passed_by"]] == ["paper"]
    assert "by paper, out of turn" in why["passed_by"][0]["text"]
    assert any("called from" in event["text"] for event in why["history"])
    # Who did not leave when called stands in its yard; nobody has released it.
    desk.officer.post(path, json=[{"number": 3, "event": "no_show", "time": "09:00", "who": "Lan"}])
    missed = desk.officer.get("/v1/trips/3").json()
    assert (missed["stage"], missed["released_at"]) == ("staged", None)


def test_rows_that_cannot_be_are_all_named_and_none_is_entered(desk: Desk):
    code = desk.officer.post(MAKE).json()["code"]
    rows = [
        {"number": 1, "event": "released", "time": "08:20", "who": "Lan"},
        {"number": 8, "event": "released", "time": "08:40", "who": "Lan"},
    ]
    answer = desk.officer.post(f"/v1/paper/{code}/entries", json=rows)
    assert answer.status_code == 422
    assert "Row 1: " in answer.json()["detail"]
    assert "Row 2: " in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/v1/paper/huu_ngi", "There is no gate 'huu_ngi'"),
        ("/v1/paper/tan_thanh?yard=yard_nowhere", "does not feed tan_thanh"),
    ],
)
def test_a_gate_or_yard_that_is_not_there_is_named(desk: Desk, path: str, sentence: str):
    desk.officer.post(MAKE)
    answer = desk.officer.get(path)
    assert answer.status_code == 404
    assert sentence in answer.json()["detail"]


def test_an_order_nobody_made_cannot_be_entered(desk: Desk):
    row = {"number": 1, "event": "released", "time": "08:20", "who": "Lan"}
    for code, status in (("00000000", 404), ("tan_thanh", 422)):
        answer = desk.officer.post(f"/v1/paper/{code}/entries", json=[row])
        assert answer.status_code == status, answer.text


def test_a_process_without_a_key_makes_none(api: RunningApi):
    answer = api.person(Role.OPERATOR).post(MAKE)
    assert answer.status_code == 409
    assert "flowctl paper print" in answer.json()["detail"]
