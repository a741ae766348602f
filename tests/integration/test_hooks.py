"""Signed messages over real HTTP: genuine ones count once; forged, late and replayed ones never."""

import base64
import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from api_server import RunningApi
from border import KEYS, SITE, after

from flowctl.notify.webhooks import new_secret
from flowctl.registry import hooks, sources
from flowctl.registry.accounts import Role
from flowctl.site_files import read_source
from flowctl.storage.sites import save_site
from flowctl.storage.sources import Scope
from flowctl.workflow.stages import Desk

PLATE = "12C12345"


@pytest.fixture
def trip(api: RunningApi) -> int:
    save_site(api.border.conn, read_source(SITE), where=str(SITE), now=after(0))
    api.clock.at = after(30)
    return api.border.trip(plate=PLATE, goods_class="fresh_fruit", weight_t=20.0)


class Sender:
    """A system that signs by the standard's own words."""

    def __init__(self, api: RunningApi, name: str, desk: Desk | None = None) -> None:
        sources.add_source(api.border.conn, name=name, scopes={Scope.HOOKS}, agency=desk)
        self.name, self.secret, self.client = name, new_secret(), api.client()
        hooks.open_hook(api.border.conn, KEYS, name, self.secret)

    def headers(
        self, body: bytes, message: str | None = None, signed_at: datetime | None = None
    ) -> dict[str, str]:
        message = message or f"msg_{uuid4().hex}"
        stamp = str(int((signed_at or datetime.now(UTC)).timestamp()))
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        digest = hmac.new(key, f"{message}.{stamp}.".encode() + body, hashlib.sha256).digest()
        return {
            "webhook-id": message,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        }

    def send(
        self,
        kind: str,
        said: object,
        message: str | None = None,
        signed_at: datetime | None = None,
        **headers: str,
    ) -> httpx.Response:
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        signed = {**self.headers(body, message, signed_at), **headers}
        path = f"/v1/hooks/{self.name}/{kind}"
        return self.client.post(path, content=body, headers=signed)


def read(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "camera": "bao_nguyen_in",
        "plate": "12C-123.45",
        "confidence": 0.97,
        "at": after(28).isoformat(),
        "image": "lane-1/0001.jpg",
        **changes,
    }


def said_of(api: RunningApi, trip: int) -> list[tuple[Any, ...]]:
    return api.border.conn.execute(
        "select stage, origin, said_by, at from stage_records where trip_id = %s order by id",
        [trip],
    ).fetchall()


def test_a_camera_confirms_what_its_place_proves(api: RunningApi, trip: int):
    cameras = Sender(api, "cameras")
    answer = cameras.send("camera", read())
    assert answer.status_code == 200, answer.text
    assert answer.json()["outcome"] == "counted"
    assert answer.json()["trip"] == trip
    assert ("arrival", "camera", "source:cameras", after(28)) in said_of(api, trip)
    stages = api.person(Role.OPERATOR).get(f"/v1/trips/{trip}/stages").json()
    [arrival] = [one for one in stages["stages"] if one["stage"] == "arrival"]
    assert (arrival["state"], arrival["record"]["evidence"]["image"]) == (
        "confirmed",
        "lane-1/0001.jpg",
    )


def test_an_unsure_reading_is_kept_for_a_person_and_confirms_nothing(api: RunningApi, trip: int):
    cameras = Sender(api, "cameras")
    answer = cameras.send("camera", read(confidence=0.6))
    assert answer.json() == {"outcome": "unsure", "trip": trip, "stages": []}
    assert said_of(api, trip) == []
    operator = api.person(Role.OPERATOR)
    [kept] = operator.get("/v1/readings", params={"outcome": "unsure"}).json()
    assert (kept["trip"], kept["confidence"], kept["image"]) == (trip, 0.6, "lane-1/0001.jpg")
    nobody = cameras.send("camera", read(plate="99Z99999"))
    assert nobody.json()["outcome"] == "no_trip"
    unknown = cameras.send("camera", read(camera="roof"))
    assert unknown.status_code == 422
    assert "huu_nghi_lanes" in unknown.json()["detail"]
    late = cameras.send("camera", read(at=(after(30) - timedelta(days=2)).isoformat()))
    assert "more than 24 h ago" in late.json()["detail"]


def test_a_replayed_message_gets_the_same_answer_and_counts_once(api: RunningApi, trip: int):
    cameras = Sender(api, "cameras")
    first = cameras.send("camera", read(), "msg_1")
    assert cameras.send("camera", read(), "msg_1").json() == first.json()
    said = said_of(api, trip)
    with ThreadPoolExecutor(4) as many:
        again = list(many.map(lambda _: cameras.send("camera", read(), "msg_2"), range(4)))
    assert {one.status_code for one in again} == {200}
    assert said_of(api, trip) == said
    other = cameras.send("camera", read(plate="99Z99999"), "msg_1")
    assert other.status_code == 409
    elsewhere = cameras.send("stages", read(), "msg_1")
    assert elsewhere.status_code != 200


@pytest.mark.usefixtures("trip")
def test_forged_messages_are_refused_whatever_is_forged(api: RunningApi):
    cameras = Sender(api, "cameras")
    body = json.dumps(read()).encode()
    good = cameras.headers(body)
    path = "/v1/hooks/cameras/camera"
    forged = (
        (path, body, {}),
        (path, body + b" ", good),
        (path, body, {**good, "webhook-id": "msg_other"}),
        (path, body, {**good, "webhook-timestamp": str(int(good["webhook-timestamp"]) + 1)}),
        (path, body, {**good, "webhook-timestamp": "soon"}),
        (path, body, {**good, "webhook-signature": good["webhook-signature"][3:]}),
        (path, body, {**good, "webhook-signature": "v1,"}),
        (path, body, {**good, "webhook-signature": "v2" + good["webhook-signature"][2:]}),
        ("/v1/hooks/nobody/camera", body, good),
        ("/v1/hooks/trackers/camera", body, good),
    )
    for where, what, headers in forged:
        answer = cameras.client.post(where, content=what, headers=headers)
        assert answer.status_code == 401, (where, headers)
        assert "nothing was done" in answer.json()["detail"]
    changing = {**good, "webhook-signature": f"v1,AAAA {good['webhook-signature']}"}
    assert cameras.client.post(path, content=body, headers=changing).status_code == 200
    hooks.close_hook(api.border.conn, "cameras")
    assert cameras.send("camera", read()).status_code == 401


@pytest.mark.usefixtures("trip")
def test_late_unreadable_and_huge_messages_are_refused(api: RunningApi):
    cameras = Sender(api, "cameras")
    for minutes, how in ((-6, "ago"), (6, "ahead")):
        signed_at = datetime.now(UTC) + timedelta(minutes=minutes)
        answer = cameras.send("camera", read(), signed_at=signed_at)
        assert answer.status_code == 400
        assert how in answer.json()["detail"]
    assert cameras.send("camera", b"{").status_code == 422
    wrong = cameras.send("camera", read(confidence=2))
    assert "confidence" in wrong.json()["detail"]
    assert cameras.send("camera", b" " * 70_000).status_code == 413
    sources.set_terms(api.border.conn, "cameras", scopes={Scope.POSITIONS})
    assert cameras.send("camera", read()).status_code == 403


def test_what_was_refused_may_come_again(api: RunningApi, trip: int):
    bank = Sender(api, "bank")
    paid = {
        "trip": trip,
        "amount_vnd": 10**9,
        "reference": "VCB-1",
        "paid_at": after(20).isoformat(),
    }
    refused = bank.send("payments", paid, "msg_1")
    assert refused.status_code == 409
    assert bank.send("payments", {**paid, "amount_vnd": -5}, "msg_1").status_code == 422
    count = api.border.conn.execute("select count(*) from heard_hooks").fetchone()
    assert count == (0,)


def test_a_payment_is_taken_once_and_said_to_be_by_its_provider(api: RunningApi, trip: int):
    tax = api.person(Role.OPERATOR)
    due = tax.get(f"/v1/trips/{trip}/dues").json()["due_vnd"]
    assert due > 0
    bank = Sender(api, "bank")
    paid = {
        "plate": "12C-123.45",
        "amount_vnd": due,
        "reference": "VCB-1",
        "paid_at": after(20).isoformat(),
    }
    first = bank.send("payments", paid, "msg_1")
    assert first.status_code == 200, first.text
    assert bank.send("payments", paid, "msg_1").json() == first.json()
    assert bank.send("payments", paid, "msg_2").json() == first.json(), "the same payment, anew"
    dues = tax.get(f"/v1/trips/{trip}/dues").json()
    [payment] = dues["payments"]
    assert (payment["method"], payment["reference"], payment["by"]) == (
        "bank",
        "VCB-1",
        "source:bank",
    )
    assert dues["due_vnd"] == 0


def test_a_desk_may_decide_by_signed_message_too(api: RunningApi, trip: int):
    yard = Sender(api, "yards", Desk.YARD)
    word = {"key": "1", "trip": trip, "stage": "arrival", "act": "confirmed"}
    answer = yard.send("stages", {"items": [word, {**word, "key": "2", "stage": "border_guard"}]})
    assert [one["status"] for one in answer.json()["results"]] == ["done", "refused"]
    assert [one[:3] for one in said_of(api, trip)] == [("arrival", "partner", "source:yards")]
