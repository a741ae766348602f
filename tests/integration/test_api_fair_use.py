"""What a haulier may book, said before it does; and appeals, decided by a person."""

from dataclasses import replace
from typing import Any

import pytest
from api_server import RunningApi
from border import after
from test_api_trips import declaration, refusal

from flowctl.policy import FairUseRules, Policy
from flowctl.registry.accounts import Role
from flowctl.storage.penalties import NO_SHOW, add_penalty


@pytest.fixture
def haulier(api: RunningApi) -> Any:  # noqa: ANN401 - an httpx.Client
    """Return a haulier of a site where each may have two trips under way."""
    policy = replace(Policy(), fair_use=FairUseRules(active_per_haulier=2))
    api.border.site = replace(api.border.site, policy=policy)
    api.app.state.site = api.border.site
    return api.person(Role.HAULIER)


def declare(client: Any, n: int) -> int:  # noqa: ANN401
    answer = client.post("/v1/trips", json=declaration(plate=f"12C-0000{n}", device=f"t{n}"))
    assert answer.status_code == 201, answer.text
    trip: int = answer.json()["id"]
    return trip


def bar(api: RunningApi, trip: int) -> None:
    """Let a truck not show up three times."""
    for n in range(3):
        add_penalty(
            api.border.conn,
            api.border.site,
            trip,
            kind=NO_SHOW,
            loses_s=600,
            reason="did not show up",
            actor="flowctl",
            now=after(n),
        )


def test_what_is_left_and_what_is_in_the_way_is_said_before_booking(
    api: RunningApi,
    haulier: Any,  # noqa: ANN401
):
    said = haulier.get("/v1/fair-use", params={"plate": "12C-00001"}).json()
    assert (said["active"], said["quota"], said["left"], said["obstacles"]) == (0, 2, 2, [])
    assert (said["ban_after"], said["ban_days"], said["extensions_per_day"]) == (3, 7, 1)
    first = declare(haulier, 1)
    bar(api, first)
    said = haulier.get("/v1/fair-use", params={"plate": "12C-00001", "device": "t1"}).json()
    assert said["left"] == 1
    assert [one["kind"] for one in said["obstacles"]] == ["barred", "plate_active"]


def test_beyond_the_quota_nothing_is_booked_until_a_trip_ends(haulier: Any):  # noqa: ANN401
    first = declare(haulier, 1)
    declare(haulier, 2)
    answer = haulier.post("/v1/trips", json=declaration(plate="12C-00003", device=None))
    assert "has 2 trips under way, and 2 is the most" in refusal(answer, 409)
    [full] = haulier.get("/v1/fair-use").json()["obstacles"]
    assert (full["kind"], full["values"]) == ("quota_full", {"active": 2, "quota": 2})
    haulier.post(f"/v1/trips/{first}/cancel")
    declare(haulier, 3)


def test_a_granted_appeal_lifts_the_ban_and_says_who_decided_when_and_why(
    api: RunningApi,
    haulier: Any,  # noqa: ANN401
):
    trip = declare(haulier, 1)
    bar(api, trip)
    made = haulier.post("/v1/appeals", json={"about": "ban:12C-000.01", "words": "Xe hỏng"})
    assert made.status_code == 201, made.text
    appeal = made.json()
    assert (appeal["about"], appeal["plate"], appeal["state"]) == (
        "ban:12C00001",
        "12C00001",
        "open",
    )
    again = haulier.post("/v1/appeals", json={"about": "ban:12C00001", "words": "Xe hỏng"})
    assert "open already" in refusal(again, 409)
    operator = api.person(Role.OPERATOR)
    path = f"/v1/appeals/{appeal['id']}/decide"
    said = operator.post(path, json={"granted": True, "answer": "Có giấy sửa xe"}).json()
    assert (said["state"], said["decided_by"]) == ("granted", "operator")
    assert (
        haulier.get("/v1/fair-use", params={"plate": "12C00001"}).json()["obstacles"][0]["kind"]
        == "plate_active"
    )
    assert "was granted by operator already" in refusal(
        operator.post(path, json={"granted": False, "answer": "no"}), 409
    )
    acts = api.border.conn.execute(
        "select act from audit where subject like 'appeal:%' order by id"
    )
    assert acts.fetchall() == [("appeal.make",), ("appeal.grant",)]
    lifted = api.border.conn.execute("select count(*) from ledger where reason = 'lifted'")
    assert lifted.fetchall() == [(1,)]


def test_a_refused_appeal_changes_nothing_and_says_why(
    api: RunningApi,
    haulier: Any,  # noqa: ANN401
):
    trip = declare(haulier, 1)
    bar(api, trip)
    [penalty, *_] = haulier.get(f"/v1/trips/{trip}/penalties").json()
    about = f"penalty:{penalty['id']}"
    appeal = haulier.post("/v1/appeals", json={"about": about, "words": "Không đúng"}).json()
    body = {"granted": False, "answer": "Camera thấy xe đứng yên"}
    api.person(Role.OPERATOR).post(f"/v1/appeals/{appeal['id']}/decide", json=body)
    [shown] = haulier.get("/v1/appeals").json()
    assert (shown["state"], shown["answer"]) == ("refused", "Camera thấy xe đứng yên")
    [penalty, *_] = haulier.get(f"/v1/trips/{trip}/penalties").json()
    assert penalty["lifted_at"] is None


def test_what_is_anothers_cannot_be_appealed_or_read(
    api: RunningApi,
    haulier: Any,  # noqa: ANN401
):
    trip = declare(haulier, 1)
    bar(api, trip)
    haulier.post("/v1/appeals", json={"about": "quota", "words": "Quá ít"})
    other = api.person(Role.HAULIER, "other")
    for about in ("penalty:1", "ban:12C00001"):
        answer = other.post("/v1/appeals", json={"about": about, "words": "x"})
        assert "no such penalty of yours" in refusal(answer, 404)
    assert other.get("/v1/appeals").json() == []
    assert "cannot be appealed" in refusal(
        other.post("/v1/appeals", json={"about": "weather", "words": "x"}), 422
    )
    assert "says why" in refusal(
        other.post("/v1/appeals", json={"about": "quota", "words": "  "}), 422
    )
