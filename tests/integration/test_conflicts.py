"""What partners know of journeys: filled in, foreknown, in conflict, and decided by people."""

from typing import Any

import httpx
import pytest
from api_server import RunningApi
from border import SITE, after

from flowctl.registry import sources
from flowctl.registry.accounts import Role
from flowctl.site_files import read_source
from flowctl.storage.sites import save_site
from flowctl.storage.sources import Scope


@pytest.fixture(autouse=True)
def workflow(api: RunningApi) -> None:
    save_site(api.border.conn, read_source(SITE), where=str(SITE), now=after(0))
    api.clock.at = after(5)


@pytest.fixture
def vnaccs(api: RunningApi) -> httpx.Client:
    key = sources.add_source(
        api.border.conn, name="vnaccs", scopes={Scope.FACTS_WRITE, Scope.DECLARATIONS_READ}
    )
    return api.client(Authorization=f"Bearer {key}")


def say(client: httpx.Client, trip: int, **facts: Any) -> dict[str, Any]:  # noqa: ANN401
    body = {"items": [{"trip": trip, "facts": facts}]}
    answer = client.post("/v1/partner/facts", json=body)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()["results"][0]
    return result


def declared(api: RunningApi, trip: int) -> dict[str, Any]:
    operator = api.person(Role.OPERATOR)
    found: dict[str, Any] = operator.get(f"/v1/trips/{trip}/declaration").json()
    return found


def test_a_partner_fills_in_what_nobody_said_and_it_is_marked(
    api: RunningApi, vnaccs: httpx.Client
):
    trip = api.border.trip(goods="thanh long")
    met = say(vnaccs, trip, goods="thanh long", goods_code="0810.90", weight_t=21.5)
    assert (met["status"], met["same"], met["conflicts"]) == ("done", ["goods"], [])
    assert sorted(met["filled"]) == ["goods_code", "weight_t"]
    now = declared(api, trip)
    assert (now["goods_code"], now["weight_t"]) == ("081090", 21.5)
    assert now["origins"]["goods_code"] == now["origins"]["weight_t"] == "source:vnaccs"
    assert "goods" not in now["origins"]
    [shown] = vnaccs.get("/v1/partner/declarations").json()["items"]
    assert shown["origins"]["goods_code"] == "source:vnaccs"


def test_what_differs_overwrites_nothing_and_waits_for_a_person(
    api: RunningApi, vnaccs: httpx.Client
):
    trip = api.border.trip(goods_class="fresh_fruit", value_vnd=100)
    met = say(vnaccs, trip, goods_class="seafood", value_vnd=100)
    assert (met["conflicts"], met["same"]) == (["goods_class"], ["value_vnd"])
    assert declared(api, trip)["goods_class"] == "fresh_fruit"
    officer = api.person(Role.OFFICER)
    [conflict] = officer.get("/v1/conflicts", params={"trip": trip, "state": "open"}).json()
    assert (conflict["ours"], conflict["theirs"]) == ("fresh_fruit", "seafood")
    assert (conflict["source"], conflict["field"]) == ("source:vnaccs", "goods_class")
    say(vnaccs, trip, goods_class="seafood")
    assert len(officer.get("/v1/conflicts").json()) == 1, "said again, it is the same"
    path = f"/v1/conflicts/{conflict['id']}/decide"
    taken = officer.post(path, json={"take": True}).json()
    assert (taken["state"], taken["decided_by"]) == ("taken", "officer")
    now = declared(api, trip)
    assert (now["goods_class"], now["origins"]["goods_class"]) == ("seafood", "source:vnaccs")
    again = officer.post(path, json={"take": False})
    assert (again.status_code, again.json()["type"]) == (409, "urn:flowctl:conflict_decided")
    assert "plant_quarantine" not in [
        one["stage"] for one in officer.get(f"/v1/trips/{trip}/stages").json()["stages"]
    ], "the stages follow what was taken"


def test_what_was_kept_is_not_asked_again_but_another_word_is(
    api: RunningApi, vnaccs: httpx.Client
):
    trip = api.border.trip(value_vnd=100)
    operator = api.person(Role.OPERATOR)
    say(vnaccs, trip, value_vnd=200)
    [conflict] = operator.get("/v1/conflicts").json()
    operator.post(f"/v1/conflicts/{conflict['id']}/decide", json={"take": False})
    say(vnaccs, trip, value_vnd=200)
    assert operator.get("/v1/conflicts", params={"state": "open"}).json() == []
    say(vnaccs, trip, value_vnd=300)
    [new] = operator.get("/v1/conflicts", params={"state": "open"}).json()
    assert (new["ours"], new["theirs"]) == (100, 300)
    say(vnaccs, trip, value_vnd=100)
    assert operator.get("/v1/conflicts", params={"state": "open"}).json() == []


def test_an_edit_that_says_the_same_ends_the_conflict_and_another_does_not(
    api: RunningApi, vnaccs: httpx.Client
):
    trip = api.border.trip(value_vnd=100)
    operator = api.person(Role.OPERATOR)
    say(vnaccs, trip, value_vnd=200)
    assert operator.patch(f"/v1/trips/{trip}", json={"value_vnd": 150}).status_code == 200
    [still] = operator.get("/v1/conflicts", params={"state": "open"}).json()
    assert (still["ours"], still["theirs"]) == (150, 200)
    operator.patch(f"/v1/trips/{trip}", json={"value_vnd": 200})
    [over] = operator.get("/v1/conflicts").json()
    assert (over["state"], over["decided_by"]) == ("taken", "operator")


def test_what_does_not_fit_the_rest_is_a_conflict_and_what_cannot_be_is_refused(
    api: RunningApi, vnaccs: httpx.Client
):
    trip = api.border.trip(weight_t=21.5)
    assert say(vnaccs, trip, weight_class="from_4t")["conflicts"] == ["weight_class"]
    assert say(vnaccs, trip, goods_class="gold")["kind"] == "choice_unknown"
    assert say(vnaccs, 99, goods="gold")["status"] == "refused"
    wrong = vnaccs.post(
        "/v1/partner/facts", json={"items": [{"trip": trip, "facts": {"driver_name": "An"}}]}
    )
    assert wrong.status_code == 422


def test_what_is_known_before_a_journey_meets_its_declaration(
    api: RunningApi, vnaccs: httpx.Client
):
    facts = {"goods": "thanh long", "goods_code": "0810.90", "value_vnd": 200}
    path = "/v1/partner/foreknown/TK-1"
    known = vnaccs.put(path, json={"plate": "12C-123.45", "facts": facts})
    assert known.json()["status"] == "done"
    operator = api.person(Role.OPERATOR)
    form = operator.get("/v1/prefill", params={"plate": "12C12345"}).json()
    assert form["form"]["goods"] == "thanh long"
    assert form["origins"]["goods"] == "source:vnaccs"
    body = {
        "plate": "12C12345",
        "phone": "0903123456",
        "language": "vi",
        "direction": "export",
        "cargo": "normal",
        "gates": ["tan_thanh"],
        "ready_at": after(120).isoformat(),
        "goods": "thanh long",
        "value_vnd": 100,
    }
    trip = operator.post("/v1/trips", json=body).json()["id"]
    now = declared(api, trip)
    assert (now["goods_code"], now["origins"]["goods_code"]) == ("081090", "source:vnaccs")
    assert now["origins"]["goods"] == "source:vnaccs", "it was filled in, and came back unchanged"
    assert "value_vnd" not in now["origins"], "this one was typed"
    conflicts = api.person(Role.OPERATOR).get("/v1/conflicts").json()
    assert [(one["field"], one["theirs"]) for one in conflicts] == [("value_vnd", 200)]
    later = vnaccs.put(path, json={"plate": "12C-123.45", "facts": {"keeps_h": 48.0}})
    assert later.json()["filled"] == ["keeps_h"]
    goods = {"goods": "sầu riêng"}
    changed = api.person(Role.OPERATOR).patch(f"/v1/trips/{trip}", json=goods)
    assert changed.status_code == 200, changed.text
    vnaccs.put(path, json={"plate": "12C-123.45", "facts": goods})
    assert "goods" not in declared(api, trip)["origins"], "who changes it says it himself"


def test_only_officers_and_operators_decide(api: RunningApi, vnaccs: httpx.Client):
    trip = api.border.trip(value_vnd=100)
    say(vnaccs, trip, value_vnd=200)
    for role, seen, decides in (
        (Role.ADMINISTRATOR, 200, 403),
        (Role.PLANNER, 200, 403),
        (Role.HAULIER, 403, 403),
    ):
        person = api.person(role)
        assert person.get("/v1/conflicts").status_code == seen
        answer = person.post("/v1/conflicts/1/decide", json={"take": True})
        assert answer.status_code == decides, role
