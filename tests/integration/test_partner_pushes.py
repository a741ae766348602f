"""What partners push: each word once, item by item, for their own desk and no other."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from api_server import RunningApi
from border import SITE, after

from flowctl.registry import sources
from flowctl.site_files import read_source
from flowctl.storage.sites import save_site
from flowctl.storage.sources import Scope
from flowctl.workflow.stages import Desk


@pytest.fixture
def trip(api: RunningApi) -> int:
    """Return a trip of fruit, with its customs number, at five past eight."""
    save_site(api.border.conn, read_source(SITE), where=str(SITE), now=after(0))
    api.clock.at = after(5)
    return api.border.trip(
        plate="12C12345", declaration="305123456789", goods_class="fresh_fruit", weight_t=20.0
    )


def partner(api: RunningApi, name: str, desk: Desk | None = None) -> httpx.Client:
    key = sources.add_source(
        api.border.conn,
        name=name,
        agency=desk,
        scopes={Scope.STAGES_WRITE, Scope.STAGES_READ, Scope.CROSSINGS_WRITE, Scope.CROSSINGS_READ},
    )
    return api.client(Authorization=f"Bearer {key}")


def push(client: httpx.Client, *items: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.post("/v1/partner/stages", json={"items": items})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def confirm(stage: str, key: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"stage": stage, "act": "confirmed", "key": key, "plate": "12C-123.45", **changes}


def test_words_count_once_and_name_the_trip_by_any_of_three(api: RunningApi, trip: int):
    yard, customs = partner(api, "yards", Desk.YARD), partner(api, "vnaccs", Desk.CUSTOMS)
    [arrived] = push(yard, confirm("arrival", "a1"))
    assert (arrived["status"], arrived["trip"]) == ("done", trip)
    by_number = confirm("customs_arrival", "c1", plate=None, declaration="305123456789")
    [first], [again] = push(customs, by_number), push(customs, by_number)
    assert (first["status"], again["status"], again["trip"]) == ("done", "repeated", trip)
    [word] = [
        one
        for one in customs.get("/v1/partner/stages", params={"trip": trip}).json()["items"]
        if one["stage"] == "customs_arrival"
    ]
    assert (word["origin"], word["by"], word["desk"]) == ("partner", "source:vnaccs", "customs")


def test_an_item_that_is_refused_holds_up_none_of_the_others(api: RunningApi, trip: int):
    customs = partner(api, "vnaccs", Desk.CUSTOMS)
    push(partner(api, "yards", Desk.YARD), confirm("arrival", "a1"))
    nobody, early, others, good = push(
        customs,
        confirm("customs_arrival", "k1", plate="99Z99999"),
        confirm("customs_in_yard", "k2"),
        confirm("border_guard", "k3"),
        confirm("customs_arrival", "k4", trip=trip, plate=None),
    )
    assert "no active trip of 99Z99999" in nobody["detail"]
    assert (early["kind"], early["values"]["needs"]) == (
        "stage_out_of_order",
        ["border_guard", "customs_arrival"],
    )
    assert "belongs to border_guard" in others["detail"]
    assert good["status"] == "done"
    acts = api.border.conn.execute("select account, act, subject from audit order by id").fetchall()
    assert acts == [
        ("source:yards", "stage.confirmed", f"trip:{trip}"),
        ("source:vnaccs", "stage.confirmed", f"trip:{trip}"),
    ]


def test_one_batch_may_go_through_several_stages_of_a_trip(api: RunningApi, trip: int):
    push(partner(api, "yards", Desk.YARD), confirm("arrival", "a1"))
    push(partner(api, "guard", Desk.BORDER_GUARD), confirm("border_guard", "b1"))
    customs = partner(api, "vnaccs", Desk.CUSTOMS)
    push(customs, confirm("customs_arrival", "c1"))
    push(partner(api, "yards-2", Desk.YARD), confirm("yard", "a2"))
    [done] = push(customs, confirm("customs_in_yard", "c2", settled={"goods_class": "seafood"}))
    assert done["status"] == "done"
    said = api.border.conn.execute(
        "select goods_class, settled from declarations where trip_id = %s", [trip]
    ).fetchone()
    assert said == (
        "seafood",
        {"goods_class": "customs_in_yard", "weight_class": "customs_in_yard"},
    )


@pytest.mark.usefixtures("trip")
def test_a_key_with_another_word_is_refused_and_keys_of_others_are_their_own(api: RunningApi):
    yard = partner(api, "yards", Desk.YARD)
    push(yard, confirm("arrival", "1"))
    [other] = push(yard, confirm("yard", "1"))
    assert (other["status"], "another word" in other["detail"]) == ("refused", True)
    [of_guard] = push(partner(api, "guard", Desk.BORDER_GUARD), confirm("border_guard", "1"))
    assert of_guard["status"] == "done"


@pytest.mark.usefixtures("trip")
def test_a_source_without_a_desk_or_without_the_right_decides_nothing(api: RunningApi):
    nobody = partner(api, "nobody")
    answer = nobody.post("/v1/partner/stages", json={"items": [confirm("arrival", "1")]})
    assert answer.status_code == 409
    assert "speaks for no desk" in answer.json()["detail"]
    sources.set_terms(api.border.conn, "nobody", scopes={Scope.STAGES_READ}, agency=Desk.YARD)
    answer = nobody.post("/v1/partner/stages", json={"items": [confirm("arrival", "1")]})
    assert answer.status_code == 403
    with pytest.raises(Exception, match="hauliers answer under their own"):
        sources.set_terms(api.border.conn, "nobody", agency=Desk.HAULIER)


def test_a_crossing_ends_the_trip_once(api: RunningApi, trip: int):
    api.clock.at = after(60)
    line = partner(api, "line")
    seen = {"plate": "12C-123.45", "gate": "tan_thanh", "direction": "export"}
    items = [
        {**seen, "at": after(50).isoformat()},
        {**seen, "at": after(51).isoformat()},
        {**seen, "plate": "99Z99999", "at": after(61 + 5).isoformat()},
        {**seen, "gate": "nowhere", "at": after(50).isoformat()},
    ]
    answer = line.post("/v1/partner/crossings", json={"items": items})
    done, again, ahead, nowhere = answer.json()["results"]
    assert (done["status"], again["status"]) == ("done", "repeated")
    assert "yet to come" in ahead["detail"]
    assert "no gate 'nowhere'" in nowhere["detail"]
    state = api.border.conn.execute("select state, ended_at from trips").fetchone()
    assert state == ("cleared", after(50))
    [crossed] = line.get("/v1/partner/crossings").json()["items"]
    assert (crossed["trip"], crossed["plate"], crossed["gate"]) == (trip, "12C12345", "tan_thanh")
    late = {**seen, "at": (after(60) - timedelta(days=8)).isoformat()}
    [result] = line.post("/v1/partner/crossings", json={"items": [late]}).json()["results"]
    assert "more than 7 days ago" in result["detail"]
