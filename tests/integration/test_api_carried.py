"""What a driver's phone carries: the pass, and itself as a tracker."""

import re
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from api_server import RunningApi
from border import KEYS, after
from cryptography.exceptions import InvalidSignature
from passes import read_pass
from pydantic import SecretStr

from flowctl.registry.accounts import Role
from flowctl.registry.changes import TripChange, change
from flowctl.registry.keys import derive_keys, link_code
from flowctl.registry.passes import pass_public_key
from flowctl.state import LiveTrip
from flowctl.storage.ledger_arrivals import log_arrivals
from flowctl.storage.snapshot import list_live_trips

PUBLIC_KEY = pass_public_key(KEYS)


def path_of(trip: int, what: str) -> str:
    return f"/v1/driver/{link_code(KEYS, trip, 0)}/{what}"


def drawn(path: str, size: int) -> set[tuple[int, int]]:
    """Return the dark modules of a path made of rows."""
    found: set[tuple[int, int]] = set()
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1H\d+z", path):
        found |= {(int(x) + step, int(y)) for step in range(int(width))}
    assert max(place for module in found for place in module) == size - 1
    return found


def driver_of(api: RunningApi, trip: int) -> httpx.Client:
    browser = api.client()
    assert browser.post(path_of(trip, "claim"), json={}).status_code == 200
    return browser


def test_a_pass_says_who_may_pass_where_and_when_signed_by_the_site(api: RunningApi):
    trip = api.border.trip(at=after(-300))
    assert api.client().get(path_of(trip, "pass")).status_code == 409, "there is no slot yet"
    api.border.tell(trip, after(30))
    given = api.client().get(path_of(trip, "pass")).json()
    site, number, plate, gate, moments = read_pass(given["text"], PUBLIC_KEY)
    assert (site, number, plate, gate) == ("lang_son", trip, "12C00001", "tan_thanh")
    starts_at, issued_at, expires_at = moments
    assert (starts_at, issued_at) == (after(30), api.clock.at)
    late = timedelta(seconds=api.border.site.policy.slot.late_s)
    assert expires_at == after(45) + late == datetime.fromisoformat(given["expires_at"])
    assert len(given["text"]) <= 178, "a QR code of version 7, which cheap phones read"
    modules = drawn(given["path"], given["size"])
    assert given["size"] == 45
    assert {(step, 0) for step in range(7)} <= modules, "a corner mark"


def test_a_pass_of_another_secret_or_touched_is_told_as_forged(api: RunningApi):
    trip = api.border.trip(at=after(-300))
    api.border.tell(trip, after(30))
    text = api.client().get(path_of(trip, "pass")).json()["text"]
    other = pass_public_key(derive_keys(SecretStr("another secret of forty letters or so!!!")))
    with pytest.raises(InvalidSignature):
        read_pass(text, other)
    touched = text[:20] + ("0" if text[20] != "0" else "1") + text[21:]
    with pytest.raises((InvalidSignature, OverflowError)):
        read_pass(touched, PUBLIC_KEY)


def test_a_pass_ends_with_the_slot_unless_the_truck_was_called(api: RunningApi):
    place = api.border
    waiting, called = (place.trip(at=after(-300)) for _ in range(2))
    for trip in (waiting, called):
        place.tell(trip, after(0))
    place.release(called, -5, until=20)
    api.clock.at = after(200)
    past = api.client().get(path_of(waiting, "pass"))
    assert (past.status_code, past.json()["detail"]) == (
        409,
        "The slot is past; the next one brings a new pass.",
    )
    given = api.client().get(path_of(called, "pass")).json()
    assert datetime.fromisoformat(given["expires_at"]) == after(200) + timedelta(hours=4)
    place.conn.execute("update trips set state = 'cancelled', ended_at = %s", [after(200)])
    assert api.client().get(path_of(called, "pass")).status_code == 409


def test_a_phone_follows_a_truck_that_has_no_tracker_and_its_positions_come_in(api: RunningApi):
    trip = api.border.trip(device=None)
    browser = driver_of(api, trip)
    assert api.client().post(path_of(trip, "tracker")).status_code == 403
    given = browser.post(path_of(trip, "tracker")).json()
    url = urlsplit(given["url"])
    assert f"{url.scheme}://{url.netloc}" == "https://gate.example"
    wish = {"id": given["device"], "lat": "21.94", "lon": "106.7", "timestamp": "1706000400"}
    assert api.client().post(url.path, params=wish).status_code == 200
    stranger = api.client().post(url.path, params=wish | {"id": "tracker-1"})
    assert stranger.json()["accepted"] == 0, "the token speaks for this device alone"
    link = urlsplit(given["traccar_link"])
    assert (link.scheme, link.netloc) == ("org.traccar.client", "config")
    assert parse_qs(link.query)["id"] == [given["device"]]
    assert parse_qs(link.query)["url"] == [given["url"]]
    assert drawn(given["qr_path"], given["qr_size"])
    shown = api.person(Role.OPERATOR).get(f"/v1/trips/{trip}").json()
    assert (shown["device"], shown["tracker"]) == (given["device"], "phone")
    again = browser.post(path_of(trip, "tracker")).json()
    assert again["device"] == given["device"], "asked again, it stays the same device"
    assert again["url"] != given["url"]


def test_a_former_drivers_phone_follows_the_trip_no_more(api: RunningApi):
    place = api.border
    trip = place.trip(device=None)
    given = driver_of(api, trip).post(path_of(trip, "tracker")).json()
    wish = TripChange(phone="+84903999888")
    change(place.conn, place.site, KEYS, trip, wish, by="the test", now=api.clock.at)
    path = urlsplit(given["url"]).path
    where = {"id": given["device"], "lat": "21.94", "lon": "106.7", "timestamp": "1706000400"}
    assert api.client().post(path, params=where).status_code == 401


def test_a_phone_does_not_push_out_a_tracker_that_reports_or_that_proved_the_arrival(
    api: RunningApi,
):
    place = api.border
    reporting, arrived, silent = (place.trip(at=after(-300)) for _ in range(3))
    place.position(reporting, 106.7, 21.9, at=-10)
    for trip in (arrived, silent):
        place.position(trip, 106.7, 21.9, at=-60)
    place.visit(arrived, "yard_bao_nguyen", -100)
    answers = [driver_of(api, t).post(path_of(t, "tracker")) for t in (reporting, arrived, silent)]
    assert [answer.status_code for answer in answers] == [409, 409, 200]
    assert "reports" in answers[0].json()["detail"]
    assert "ask an operator" in answers[1].json()["detail"]
    operator = api.person(Role.OPERATOR)
    trackers = [operator.get(f"/v1/trips/{trip}").json()["tracker"] for trip in (arrived, silent)]
    assert trackers == ["device", "phone"]


def test_an_arrival_that_a_phone_proved_says_so_in_the_ledger(api: RunningApi):
    place = api.border
    by_phone, by_tracker = place.trip(device=None), place.trip()
    driver_of(api, by_phone).post(path_of(by_phone, "tracker"))
    for trip in (by_phone, by_tracker):
        place.visit(trip, "yard_bao_nguyen", 10)
    trips: tuple[LiveTrip, ...] = list_live_trips(place.conn, place.site, after(20))
    assert [trip.counted_at for trip in trips] == [after(10)] * 2, "the place was not lost"
    log_arrivals(place.conn, place.site, trips, after(20))
    rows = place.conn.execute(
        "select t.id, details->>'tracker' from ledger l join trips t on t.subject = l.subject"
        " where kind = 'arrived' order by t.id"
    ).fetchall()
    assert rows == [(by_phone, "phone"), (by_tracker, None)]


def test_the_next_trip_of_the_truck_is_not_followed_by_the_former_drivers_phone(api: RunningApi):
    place = api.border
    trip = place.trip(device=None)
    driver_of(api, trip).post(path_of(trip, "tracker"))
    place.conn.execute("update trips set state = 'cleared', ended_at = %s", [after(60)])
    later = place.trip(at=after(120), plate="12C00001", device=None)
    row = place.conn.execute("select device_id from trips where id = %s", [later]).fetchone()
    assert row == (None,)
