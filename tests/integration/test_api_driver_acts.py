"""What a driver says on the own page: by a claimed browser, each act once, by the site's rules."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from api_server import RunningApi
from border import KEYS, MORNING, after

from flowctl.dispatch.reasons import Reason
from flowctl.dispatch.telling import Telling
from flowctl.registry.accounts import Role
from flowctl.registry.changes import TripChange, change
from flowctl.registry.keys import link_code
from flowctl.state import Slot
from flowctl.storage.plans import tell_slots
from flowctl.worker import decide


class Browser:
    """A driver's browser with the link of one trip."""

    def __init__(self, api: RunningApi, trip: int, *, claims: bool = True) -> None:
        self.client = api.client()
        self.path = f"/v1/driver/{link_code(KEYS, trip, 0)}"
        if claims:
            assert self.client.post(f"{self.path}/claim", json={}).status_code == 200

    @property
    def view(self) -> dict[str, Any]:
        shown: dict[str, Any] = self.client.get(self.path).json()
        return shown

    def says(self, act: str, body: Any = None, key: str | None = None) -> httpx.Response:  # noqa: ANN401
        headers = {"Idempotency-Key": key or str(uuid4())}
        return self.client.post(f"{self.path}/{act}", json=body, headers=headers)


def told(api: RunningApi, starts: float = 60) -> tuple[int, Browser]:
    """Return a trip whose slot starts so many minutes after 08:00, and its driver's browser."""
    trip = api.border.trip(at=after(-300))
    api.border.tell(trip, after(starts))
    return trip, Browser(api, trip)


def test_a_slot_is_accepted_and_another_one_told_later_anew(api: RunningApi):
    trip, browser = told(api)
    assert (browser.view["accepted"], browser.view["may_accept"]) == (False, True)
    said = browser.says("accept").json()
    assert (said["accepted"], said["may_accept"]) == (True, False)
    operator = api.person(Role.OPERATOR)
    assert operator.get(f"/v1/trips/{trip}").json()["slot"]["accepted_at"] == "2024-01-23T01:00:00Z"
    why = browser.client.get(f"{browser.path}/why?language=en").json()["history"][-1]["text"]
    assert why == "23/01 08:00 the driver accepted the slot 09:00."
    [(plan,)] = api.border.conn.execute("select max(id) from plans").fetchall()
    later = Telling(trip, Slot("tan_thanh", after(90)), Reason.LATER, Slot("tan_thanh", after(60)))
    tell_slots(api.border.conn, api.border.site, [later], plan, MORNING)
    assert (browser.view["accepted"], browser.view["may_accept"]) == (False, True)


def test_who_is_a_little_late_keeps_the_slot_and_who_is_later_gets_another(api: RunningApi):
    _, browser = told(api)
    noted = browser.says("late", {"minutes": 30}).json()
    assert (noted["late_until"], noted["extended_until"]) == ("2024-01-23T02:30:00Z", None)
    moved = browser.says("late", {"minutes": 31}).json()
    assert moved["extended_until"] == "2024-01-23T02:31:00Z"
    assert browser.says("late", {"minutes": 40}).status_code == 409


def test_who_cannot_come_cancels(api: RunningApi):
    _, browser = told(api)
    assert browser.says("cancel").json()["state"] == "cancelled"
    assert browser.says("accept").status_code == 409
    [(actor,)] = api.border.conn.execute(
        "select actor from ledger where kind = 'cancelled'"
    ).fetchall()
    assert actor == "driver"


def test_a_driver_asks_for_more_time_once_a_day(api: RunningApi):
    trip = api.border.trip(at=after(-300))
    browser = Browser(api, trip)
    assert browser.view["not_before"] is None, "there is no slot that could be moved"
    assert browser.says("extension").status_code == 409
    api.border.tell(trip, after(60))
    assert browser.view["not_before"] == "2024-01-23T03:00:00Z"
    assert browser.view["moves_left"] == 1
    asked = browser.says("extension")
    assert asked.status_code == 200
    assert asked.json()["extended_until"] == "2024-01-23T03:00:00Z"
    assert (asked.json()["not_before"], asked.json()["moves_left"]) == (None, 0)
    again = browser.says("extension")
    assert again.status_code == 409
    assert "used up its 1 extensions" in again.json()["detail"]


def test_a_driver_stands_by_and_no_longer(api: RunningApi):
    browser = Browser(api, api.border.trip())
    assert browser.view["standby"] is False
    assert browser.says("standby", {"on": True}).json()["standby"] is True
    assert browser.says("standby", {"on": False}).json()["standby"] is False
    rows = api.border.conn.execute(
        "select actor, details->>'standby' from ledger where details->>'standby' is not null"
        " order by seq"
    ).fetchall()
    assert rows == [("driver", "on"), ("driver", "off")]


def test_the_same_request_acts_once_and_a_refused_one_not_at_all(api: RunningApi):
    trip = api.border.trip(at=after(-300))
    browser, key = Browser(api, trip), str(uuid4())
    assert browser.says("extension", key=key).status_code == 409
    api.border.tell(trip, after(60))
    for _ in range(3):
        answer = browser.says("extension", key=key)
        assert answer.status_code == 200
        assert answer.json()["extended_until"] == "2024-01-23T03:00:00Z"
    assert browser.says("extension").status_code == 409, "another key is another request"


def test_a_key_of_one_act_is_refused_for_another_and_for_other_words(api: RunningApi):
    _, browser = told(api)
    key = str(uuid4())
    assert browser.says("late", {"minutes": 20}, key).status_code == 200
    for act, body in (("accept", None), ("late", {"minutes": 25})):
        refused = browser.says(act, body, key)
        assert refused.status_code == 422
        assert "Idempotency-Key" in refused.json()["detail"]
    again = browser.says("late", {"minutes": 20}, key)
    assert (again.status_code, again.json()["late_until"]) == (200, "2024-01-23T02:20:00Z")
    assert again.json()["accepted"] is False


def test_a_link_that_was_passed_on_shows_the_trip_and_acts_for_nobody_else(api: RunningApi):
    trip, browser = told(api)
    stranger = Browser(api, trip, claims=False)
    seen = stranger.view
    assert (seen["claimed"], seen["may_act"]) == (True, False)
    assert browser.view["may_act"] is True
    bodies = {"late": {"minutes": 5}, "standby": {"on": True}}
    slot = {"gate": "tan_thanh", "starts_at": after(90).isoformat()}
    for act in ("accept", "late", "cancel", "slot", "extension", "standby"):
        refused = stranger.says(act, bodies.get(act, slot if act == "slot" else None))
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:flowctl:claim"), act
    assert browser.view["state"] == "registered"


def test_links_end_with_the_number_and_a_day_after_the_trip(api: RunningApi):
    trip, browser = told(api)
    wish = TripChange(phone="+84903999999")
    change(api.border.conn, api.border.site, KEYS, trip, wish, by="op", now=MORNING)
    for answer in (
        browser.client.get(browser.path),
        browser.says("cancel"),
        browser.client.get(f"{browser.path}/slots"),
        browser.client.get(f"{browser.path}/why"),
    ):
        assert answer.status_code == 410
        assert answer.json()["detail"].startswith("This link was replaced")
        assert answer.json()["type"] == "urn:flowctl:replaced"
    browser.path = f"/v1/driver/{link_code(KEYS, trip, 1)}"
    assert (browser.view["claimed"], browser.view["may_act"]) == (False, False)
    assert browser.says("cancel").status_code == 403
    browser.client.post(f"{browser.path}/claim", json={})
    assert browser.says("cancel").status_code == 200
    api.clock.at = MORNING + timedelta(hours=25)
    assert browser.says("accept").status_code == 410


def test_a_driver_chooses_among_free_slots(api: RunningApi):
    place = api.border
    trip = place.trip(at=after(-180))
    place.visit(trip, "yard_bao_nguyen", -170)
    decide(place.conn, place.site, after(-100), plan_due=True, before=None)
    api.clock.at = after(-98)
    browser = Browser(api, trip)
    had = browser.view["slot"]["starts_at"]
    slots = browser.client.get(f"{browser.path}/slots").json()["slots"]
    assert len(slots) == 12
    assert all(one["starts_at"] > had and one["free"] > 0 for one in slots)
    assert {one["gate_name"]["vi"] for one in slots} == {"Tân Thanh"}
    wish = {name: slots[3][name] for name in ("gate", "starts_at")}
    chosen = browser.says("slot", wish).json()
    assert chosen["slot"]["starts_at"] == slots[3]["starts_at"]
    assert (chosen["extended_until"], chosen["moves_left"]) == (None, 0), "no time was asked for"
    assert browser.client.get(f"{browser.path}/slots").json() == {"slots": []}
    assert browser.says("slot", wish).status_code == 409


@pytest.mark.parametrize(
    ("act", "body"),
    [
        *(("late", {"minutes": wrong}) for wrong in (0, 1441, "20", 2.5, True, None)),
        ("slot", {"gate": "tan_thanh"}),
        ("slot", {"gate": "tan_thanh", "starts_at": "soon"}),
        ("cancel", {"why": "rain"}),
    ],
)
def test_what_no_page_would_send_is_refused_in_a_sentence(
    api: RunningApi, act: str, body: dict[str, Any]
):
    _, browser = told(api)
    refused = browser.says(act, body)
    assert refused.status_code == 422
    assert refused.json()["detail"].endswith(".")
    assert browser.says("accept", key="not-a-uuid").status_code == 422
