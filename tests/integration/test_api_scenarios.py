from typing import Any

import pytest
from api_server import RunningApi

from flowctl.registry.accounts import Role

DAY = "2024-01-23"


def test_the_days_that_can_be_simulated_are_named_in_three_languages(api: RunningApi):
    scenarios = api.person(Role.PLANNER).get("/v1/scenarios").json()
    [day] = [s for s in scenarios if s["id"] == DAY]
    assert set(day["name"]) == {"vi", "zh", "en"}
    assert not day["saved"]
    assert {"2024-01-23-closure", "2024-01-23-lane-loss"} <= {s["id"] for s in scenarios}


def test_a_day_is_copied_changed_and_read_by_another_planner(api: RunningApi):
    planner, other = api.person(Role.PLANNER), api.person(Role.PLANNER, "nga")
    text = planner.get(f"/v1/scenarios/{DAY}").json()["text"]
    changes = {"gates.tan_thanh.arrivals": 600}
    edited = planner.post("/v1/scenarios/edit", json={"text": text, "changes": changes}).json()
    assert "arrivals = 600" in edited["text"]
    assert "# Counts. Published:" in edited["text"], "comments stay"
    saved = planner.put(
        "/v1/scenarios/more-fruit", json={"text": edited["text"], "name": "Thêm trái cây"}
    )
    assert saved.status_code == 200, saved.text
    assert saved.json()["name"]["vi"] == "Thêm trái cây"
    read = other.get("/v1/scenarios/more-fruit").json()
    assert (read["owner"], read["saved"]) == ("planner", True)
    assert 'id = "more-fruit"' in read["text"]
    listed = other.get("/v1/scenarios").json()[-1]
    assert (listed["id"], listed["owner"]) == ("more-fruit", "planner")
    asked = other.post("/v1/simulations", json={"scenario": "more-fruit", "seed": 1})
    assert asked.status_code == 202, asked.text
    run = other.get(f"/v1/simulations/{asked.json()['id']}").json()
    assert "arrivals = 600" in run["request"]["text"]


def test_a_copy_belongs_to_who_saved_it(api: RunningApi):
    planner, other = api.person(Role.PLANNER), api.person(Role.PLANNER, "nga")
    text = planner.get(f"/v1/scenarios/{DAY}").json()["text"]
    assert planner.put("/v1/scenarios/mine", json={"text": text}).status_code == 200
    for refused in (
        other.put("/v1/scenarios/mine", json={"text": text}),
        other.delete("/v1/scenarios/mine"),
    ):
        assert refused.status_code == 409
        assert refused.json()["type"] == "urn:flowctl:scenario_not_yours"
        assert refused.json()["values"]["by"] == "planner"
    assert planner.delete("/v1/scenarios/mine").status_code == 204
    assert planner.get("/v1/scenarios/mine").status_code == 404
    assert planner.delete("/v1/scenarios/mine").status_code == 404


def test_what_ships_stays_as_it_is(api: RunningApi):
    planner = api.person(Role.PLANNER)
    text = planner.get(f"/v1/scenarios/{DAY}").json()["text"]
    answer = planner.put(f"/v1/scenarios/{DAY}", json={"text": text})
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:flowctl:scenario_shipped"


def test_a_text_says_what_is_wrong_with_it(api: RunningApi):
    planner = api.person(Role.PLANNER)
    text = planner.get(f"/v1/scenarios/{DAY}").json()["text"]
    fine = planner.post("/v1/scenarios/check", json={"text": text}).json()
    assert (fine["ok"], fine["problems"]) == (True, [])
    wrong = planner.post(
        "/v1/scenarios/check", json={"text": text.replace("arrivals = 417", "arrivls = 417")}
    ).json()
    assert not wrong["ok"]
    assert "arrivls" in wrong["problems"][0]["text"]
    assert "arrivals" in wrong["problems"][0]["text"], "the nearest right name"
    assert wrong["problems"][0]["line"] == 1 + text[: text.index("arrivals = 417")].count("\n")
    assert fine["values"]["gates.tan_thanh.arrivals"] == 417


def test_every_field_of_the_form_can_be_changed_where_the_day_has_it(api: RunningApi):
    planner = api.person(Role.PLANNER)
    text = planner.get(f"/v1/scenarios/{DAY}").json()["text"]
    values = planner.post("/v1/scenarios/check", json={"text": text}).json()["values"]
    fields = planner.get("/v1/scenario-form").json()
    paths = [one["path"].replace("{gate}", "tan_thanh") for one in fields]
    paths = [path for path in paths if path in values and not path.endswith("law")]
    assert len(paths) > 20
    changes = {path: values[path] for path in paths if values[path] is not None}
    same = planner.post("/v1/scenarios/edit", json={"text": text, "changes": changes})
    assert same.status_code == 200, same.text
    again = planner.post("/v1/scenarios/check", json=same.json()).json()
    assert again["ok"], again["problems"]
    assert again["values"] == values
    closed = {"disruptions.0": {"gate": "tan_thanh", "from_h": 9, "until_h": 11}}
    edited = planner.post("/v1/scenarios/edit", json={"text": text, "changes": closed}).json()
    checked = planner.post("/v1/scenarios/check", json=edited).json()
    assert checked["values"]["disruptions.0.from_h"] == 9


@pytest.mark.parametrize(
    "changes",
    [
        {"id.x": 1},
        {"gates": 5},
        {"gates.tan_thanh.arrivals.x": 1},
        {"gates.tan_thanh": {"arrivals": 1}},
        {"screenings.0.law": "erlang"},
        {"gates.tan_thanh.arrivals": 10**400},
        {"until_h": [1, None]},
        {"disruptions.7.from_h": 1},
        {"screening.law": "quick"},
        {"x\ny": 1},
    ],
)
def test_what_is_no_field_of_the_form_is_not_changed(api: RunningApi, changes: dict[str, Any]):
    planner = api.person(Role.PLANNER)
    text = planner.get(f"/v1/scenarios/{DAY}").json()["text"]
    answer = planner.post("/v1/scenarios/edit", json={"text": text, "changes": changes})
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * 3000, "a" + ".a" * 3000 + " = 1", "gates = 5", "until_h = 1" + "0" * 400],
)
def test_a_text_that_no_reader_gets_through_is_a_problem_and_no_defect(api: RunningApi, text: str):
    planner = api.person(Role.PLANNER)
    checked = planner.post("/v1/scenarios/check", json={"text": text})
    assert checked.status_code == 200, checked.text
    assert not checked.json()["ok"]
    changes = {"gates.tan_thanh.arrivals": 5}
    edited = planner.post("/v1/scenarios/edit", json={"text": text, "changes": changes})
    assert edited.status_code in {200, 422}, edited.text


def test_more_trucks_than_the_machine_shares_are_for_the_command_line(api: RunningApi):
    planner = api.person(Role.PLANNER)
    text = planner.get(f"/v1/scenarios/{DAY}").json()["text"]
    many = text.replace("arrivals = 417", "arrivals = 1" + "0" * 30)
    checked = planner.post("/v1/scenarios/check", json={"text": many}).json()
    assert [one["kind"] for one in checked["problems"]] == ["scenario_too_large"]
    asked = planner.post("/v1/simulations", json={"text": many})
    assert asked.json()["type"] == "urn:flowctl:scenario_too_large"
    crowded = text.replace("arrivals = 417", "arrivals = 50000")
    assert planner.post("/v1/simulations", json={"text": crowded}).status_code == 202


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("Mine", {"text": 'id = "x"'}),
        ("mine", {"text": 'id = "x"'}),
        ("mine", {"text": "id = ["}),
        ("mine", {"text": ""}),
        ("mine", {"text": "#" * 60_001}),
        ("mine", {"text": 'id = "x"', "day": 1}),
    ],
)
def test_what_cannot_be_played_is_not_saved(api: RunningApi, path: str, body: dict[str, Any]):
    answer = api.person(Role.PLANNER).put(f"/v1/scenarios/{path}", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]
