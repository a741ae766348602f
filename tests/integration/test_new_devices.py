"""A driver whose tracker breaks in the yard loses the place, and an operator may give it back."""

import pytest
from api_server import RunningApi
from border import KEYS, Border, after

from flowctl.registry.accounts import Role
from flowctl.registry.changes import TripChange, change
from flowctl.state import LiveTrip
from flowctl.storage.alert_claims import list_device_changes
from flowctl.storage.ledger_arrivals import log_arrivals
from flowctl.storage.snapshot import list_live_trips


def give(place: Border, trip: int, device: str, minute: float) -> None:
    wish = TripChange(device=device)
    with place.conn.transaction():
        change(place.conn, place.site, KEYS, trip, wish, by="the test", now=after(minute))


def look(place: Border, minute: float) -> LiveTrip:
    """Return the one trip as the controller sees it, its arrival entered into the ledger."""
    [trip] = trips = list_live_trips(place.conn, place.site, after(minute))
    with place.conn.transaction():
        log_arrivals(place.conn, place.site, trips, after(minute))
    return trip


@pytest.fixture
def lost(api: RunningApi) -> int:
    """Return a trip that came to its yard at minute 5 and goes by another tracker since 30."""
    place = api.border
    trip = place.trip()
    place.visit(trip, "yard_bao_nguyen", 5)
    assert look(place, 10).counted_at == after(5)
    give(place, trip, "spare", 30)
    place.visit(trip, "yard_bao_nguyen", 31)
    api.clock.at = after(40)
    return trip


def test_another_device_in_the_yard_loses_the_place_and_an_operators_word_gives_it_back(
    api: RunningApi, lost: int
):
    place, operator = api.border, api.person(Role.OPERATOR)
    assert look(place, 40).counted_at == after(31)
    assert operator.get(f"/v1/trips/{lost}").json()["regains_at"] == "2024-01-23T01:05:00Z"
    answer = operator.post(f"/v1/trips/{lost}/device/accept", json={"reason": "broken"})
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert (shown["arrived_at"], shown["regains_at"]) == ("2024-01-23T01:05:00Z", None)
    trip = look(place, 41)
    assert (trip.arrived_at, trip.counted_at, trip.yard) == (
        after(5),
        after(5),
        "yard_bao_nguyen",
    )
    assert list_device_changes(place.conn, place.site) == []
    rows = place.conn.execute(
        "select kind, reason, actor, details->>'cause' from ledger order by seq desc limit 2"
    ).fetchall()
    assert rows[::-1] == [
        ("changed", "device_accepted", "operator", "broken"),
        ("revised", "device_accepted", "flowctl", None),
    ]
    told = operator.get(f"/v1/trips/{lost}/why?language=en").json()["history"]
    assert told[-2]["text"].endswith(
        "the control room accepted the truck's new device (it broke); its place counts from 08:05"
        " again."
    )


def test_a_further_change_of_the_device_loses_the_place_again(api: RunningApi, lost: int):
    place, operator = api.border, api.person(Role.OPERATOR)
    accept = f"/v1/trips/{lost}/device/accept"
    assert operator.post(accept, json={"reason": "lost"}).status_code == 200
    give(place, lost, "third", 50)
    assert look(place, 51).counted_at is None
    assert operator.post(accept, json={"reason": "replaced"}).status_code == 200
    assert look(place, 52).counted_at == after(5)


def test_where_no_place_was_lost_or_no_device_is_there_nothing_is_given_back(
    api: RunningApi, lost: int
):
    operator = api.person(Role.OPERATOR)
    other = api.border.trip()
    for trip, says in ((other, "has lost no place"), (lost, "has no device now")):
        if trip == lost:
            operator.patch(f"/v1/trips/{lost}", json={"device": None})
        refused = operator.post(f"/v1/trips/{trip}/device/accept", json={"reason": "broken"})
        assert refused.status_code == 409
        assert says in refused.json()["detail"]
    assert operator.get(f"/v1/trips/{other}").json()["regains_at"] is None
    wrong = operator.post(f"/v1/trips/{other}/device/accept", json={"reason": "Nguyễn Văn A"})
    assert wrong.status_code == 422
