"""Versions of a workflow entered through the API: what is refused, and what is there already."""

import pytest
from agencies import give_workflow
from api_server import RunningApi
from border import after
from small_workflow import WORKFLOW

from flowctl.registry.accounts import Role
from flowctl.storage.fees import add_schedule

FEES = """
version = "1"
valid_from = 2024-01-01T00:00:00+07:00

[[service]]
id = "leaflet"
name = { vi = "Phí kiểm dịch", zh = "检疫费", en = "Plants" }
after = "plant_check"
[[service.rate]]
amount_vnd = 7_000
"""


@pytest.fixture
def place(api: RunningApi) -> RunningApi:
    give_workflow(api)
    return api


def test_a_text_that_is_not_toml_is_refused_with_its_line(place: RunningApi):
    administrator = place.person(Role.ADMINISTRATOR)
    wrong = WORKFLOW.replace('desk = "tax"', "desk = tax")
    [problem] = administrator.post("/v1/workflows/check", json={"text": wrong}).json()["problems"]
    assert wrong.splitlines()[problem["line"] - 1] == "desk = tax"
    answer = administrator.post("/v1/workflows", json={"text": wrong})
    assert answer.status_code == 422
    assert f"(at line {problem['line']}, column" in answer.json()["detail"]


def test_a_text_that_was_loaded_before_is_shown_as_it_is_there(place: RunningApi):
    administrator = place.person(Role.ADMINISTRATOR)
    answer = administrator.post("/v1/workflows", json={"text": WORKFLOW})
    assert answer.status_code == 200, answer.text
    assert answer.json() == administrator.get("/v1/workflows").json()[0]
    assert len(administrator.get("/v1/workflows").json()) == 1
    recorded = place.border.conn.execute("select from audit where act = 'workflow.load'")
    assert recorded.fetchall() == []


def test_a_version_without_a_stage_that_fees_wait_for_is_refused(place: RunningApi):
    administrator = place.person(Role.ADMINISTRATOR)
    add_schedule(place.border.conn, place.border.site, FEES, by="the test", now=after(0))
    renamed = (
        WORKFLOW.replace('version = "small-1"', 'version = "small-2"')
        .replace("2024-01-01T00:00:00+07:00", after(30).isoformat())
        .replace("plant_check", "plants_seen")
    )
    [problem] = administrator.post("/v1/workflows/check", json={"text": renamed}).json()["problems"]
    assert "no stage plant_check" in problem["text"]
    answer = administrator.post("/v1/workflows", json={"text": renamed})
    assert answer.json()["type"] == "urn:flowctl:workflow_fee_stage"
    assert answer.json()["values"] == {"stages": ["plant_check"], "version": "1"}
    assert [one["version"] for one in administrator.get("/v1/workflows").json()] == ["small-1"]
    other = FEES.replace('version = "1"', 'version = "2"').replace("plant_check", "plants_seen")
    other = other.replace("2024-01-01T00:00:00+07:00", after(30).isoformat())
    add_schedule(place.border.conn, place.border.site, other, by="the test", now=after(0))
    assert administrator.post("/v1/workflows", json={"text": renamed}).status_code == 201
