"""Crossings through the API: who is on the other side, the way back of a trip, its other truck."""

import csv
import io
from dataclasses import replace

import pytest
from api_server import RunningApi
from border import after

from flowctl.policy import AwayRules, Policy
from flowctl.registry.accounts import Role
from flowctl.registry.trips import observe
from flowctl.storage.gate_events import GateEvent

H = 60.0
AWAY = Policy(away=AwayRules(two_way_h=36, one_way_h=24))


@pytest.fixture
def limited(api: RunningApi) -> RunningApi:
    """Give the border the limits of the two-way haul."""
    api.border.site = replace(api.border.site, policy=AWAY)
    return api


def seen(
    api: RunningApi, plate: str, minute: float, direction: str = "export", gate: str = "tan_thanh"
) -> None:
    event = GateEvent(direction, "cleared", plate, after(minute))
    observe(api.border.conn, api.border.site, gate, [event], by="officer", now=after(minute))


def test_the_list_says_who_is_away_who_too_long_and_who_is_back(limited: RunningApi):
    client = limited.person(Role.OFFICER)
    for number, minute in ((1, 0.0), (2, 10 * H), (3, 20 * H)):
        limited.border.trip(plate=f"12C0000{number}", load="empty" if number == 2 else "laden")
        seen(limited, f"12C0000{number}", minute)
    seen(limited, "12C00003", 23 * H, "import")
    limited.clock.at = after(25 * H)

    def plates(state: str, **asked: str) -> list[str]:
        answer = client.get("/v1/crossings", params={"state": state, **asked}).json()
        return [one["plate"] for one in answer["rows"]]

    assert plates("overdue") == ["12C00001"]
    assert plates("away") == ["12C00001", "12C00002"]
    assert plates("away", load="empty") == ["12C00002"]
    assert plates("all") == ["12C00003", "12C00003", "12C00002", "12C00001"]
    assert plates("all", direction="import") == ["12C00003"]
    assert plates("all", gate="huu_nghi") == []
    answer = client.get("/v1/crossings").json()
    assert [one["state"] for one in answer["rows"]] == ["over", "back", "away", "overdue"]
    assert answer["counts"] == [
        {"gate": "tan_thanh", "load": "empty", "away": 1, "overdue": 0},
        {"gate": "tan_thanh", "load": "laden", "away": 1, "overdue": 1},
    ]


@pytest.mark.parametrize("state", ["all", "away"])
def test_pages_go_on_where_the_one_before_ended(limited: RunningApi, state: str):
    client = limited.person(Role.OPERATOR)
    for number in range(5):
        seen(limited, f"12C0000{number}", float(number))
    found, after_id = [], None
    for _ in range(3):
        asked = {"state": state, "limit": 2} | ({} if after_id is None else {"after": after_id})
        answer = client.get("/v1/crossings", params=asked).json()
        found += [one["plate"] for one in answer["rows"]]
        after_id = answer["next"]
    assert sorted(found) == [f"12C0000{number}" for number in range(5)]
    assert after_id is None


def test_crossings_of_some_days_are_a_table_for_programs(limited: RunningApi):
    client = limited.person(Role.PLANNER)
    for number, minute in ((1, 0.0), (2, 24 * H)):
        seen(limited, f"12C0000{number}", minute)
    limited.clock.at = after(25 * H)
    text = client.get("/v1/crossings.csv?since=2024-01-23&until=2024-01-23").text
    [row] = csv.DictReader(io.StringIO(text))
    assert (row["plate"], row["state"], row["trip"]) == ("12C00001", "overdue", "")
    assert row["due_at"] == "2024-01-24T01:00:00+00:00"
    turned = client.get("/v1/crossings.csv?since=2024-01-24&until=2024-01-23")
    assert turned.json()["type"] == "urn:flowctl:range_turned"


def test_a_trip_shows_its_way_out_and_its_way_back(limited: RunningApi):
    haulier, other = limited.person(Role.HAULIER, "own"), limited.person(Role.HAULIER, "other")
    trip = limited.border.trip(plate="12C12345", returns_within_h=30.0)
    limited.border.conn.execute("update trips set registered_by = 'own'")
    path = f"/v1/trips/{trip}/crossings"
    assert haulier.get(path).json() == {
        "trip": trip,
        "crossing": None,
        "way_back": None,
        "pair": None,
    }
    seen(limited, "12C12345", 0)
    seen(limited, "12C12345", 20 * H, "import", "huu_nghi")
    said = haulier.get(path).json()
    assert (said["crossing"]["gate"], said["crossing"]["state"]) == ("tan_thanh", "back")
    assert (said["way_back"]["gate"], said["way_back"]["direction"]) == ("huu_nghi", "import")
    assert other.get(path).status_code == 404


def test_both_trucks_of_a_transshipment_name_each_other(limited: RunningApi):
    client = limited.person(Role.OFFICER)
    first = limited.border.trip(plate="12C00001", pair_plate="桂F12345")

    def pair(trip: int) -> object:
        return client.get(f"/v1/trips/{trip}/crossings").json()["pair"]

    assert pair(first) == {"plate": "桂F12345", "trip": None, "state": None}
    second = limited.border.trip(plate="桂F12345")
    assert pair(first) == {"plate": "桂F12345", "trip": second, "state": "active"}
    assert pair(second) == {"plate": "12C00001", "trip": first, "state": "active"}


def test_a_truck_whose_other_truck_never_comes_is_listed(limited: RunningApi):
    client = limited.person(Role.OFFICER)
    trip = limited.border.trip(plate="12C00001", pair_plate="桂F12345")
    limited.border.visit(trip, "yard_bao_nguyen", entered=5)
    limited.clock.at = after(30)
    assert client.get("/v1/pairs").json() == []
    [one] = client.get("/v1/pairs?waits_min=20").json()
    assert (one["trip_id"], one["pair_plate"], one["missing"]) == (trip, "桂F12345", "undeclared")


def test_hauliers_and_machines_do_not_see_everybodys_trucks(limited: RunningApi):
    for path in ("/v1/crossings", "/v1/crossings.csv", "/v1/pairs"):
        assert limited.person(Role.HAULIER).get(path).status_code == 403
        assert limited.machine().get(path).status_code == 403
