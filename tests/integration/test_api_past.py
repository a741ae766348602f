"""A truck's past: its track to be played again, and what was seen, said and decided of it."""

from uuid import uuid4

import pytest
from api_server import RunningApi
from border import after

from flowctl.registry.accounts import Role
from flowctl.storage.partitions import ensure_fix_partitions

YARD, QUEUE, LANE = "yard_bao_nguyen", "queue_tan_thanh", "lane_tan_thanh"


@pytest.fixture
def trip(api: RunningApi) -> int:
    """A truck that came at 08:10, was called at 08:40, and queued at 08:50; now it is 09:30."""
    place = api.border
    ensure_fix_partitions(place.conn, after(0).date(), after(0).date())
    trip = place.trip()
    place.tell(trip, after(60))
    place.visit(trip, YARD, 10, 41)
    place.release(trip, 40, until=100)
    place.visit(trip, QUEUE, 50)
    api.clock.at = after(90)
    return trip


def drive(api: RunningApi, trip: int, minutes: list[float]) -> None:
    for minute in minutes:
        api.border.conn.execute(
            "insert into fixes (device_id, source_id, fixed_at, received_at, lon, lat, speed_mps)"
            " values (%s, 1, %s, %s, %s, 21.9, 12.5)",
            [api.border.device_of(trip), after(minute), after(minute), 106.7 + minute / 1000],
        )


def test_a_track_comes_in_columns_with_what_happened_on_the_way(api: RunningApi, trip: int):
    drive(api, trip, [1, 2, 3, 60, 61])
    track = api.person(Role.OFFICER).get(f"/v1/trips/{trip}/track").json()
    assert track["since"] == "2024-01-23T01:00:00Z"
    assert track["at"] == [after(n).timestamp() for n in (1, 2, 3, 60, 61)]
    assert track["lon"][0] == 106.701
    assert track["speed"] == [12.5] * 5
    assert track["at"][3] - track["at"][2] > track["gap_s"]
    assert [(one["what"], one["place"]) for one in track["events"]] == [
        ("registered", None),
        ("arrived", YARD),
        ("called", "tan_thanh"),
        ("queued", "tan_thanh"),
    ]
    assert YARD in {zone["properties"]["id"] for zone in track["zones"]["features"]}


def test_a_part_of_a_track_may_be_asked_for_and_a_long_one_is_thinned_out(
    api: RunningApi, trip: int
):
    drive(api, trip, [n / 20 for n in range(1, 1200)])
    operator = api.person(Role.OPERATOR)
    path = f"/v1/trips/{trip}/track"
    whole = operator.get(path).json()
    assert 300 < len(whole["at"]) <= 2001
    assert whole["step_s"] == 10
    part = {"since": after(10).isoformat(), "until": after(20).isoformat()}
    some = operator.get(path, params=part).json()
    assert after(10).timestamp() <= some["at"][0] < some["at"][-1] < after(20).timestamp()
    wrong = {"since": after(20).isoformat(), "until": after(10).isoformat()}
    assert operator.get(path, params=wrong).status_code == 422
    assert operator.get("/v1/trips/999/track").status_code == 404


def test_the_zones_of_a_track_are_those_that_held_then(api: RunningApi, trip: int):
    conn = api.border.conn
    conn.execute("update zone_versions set valid_from = %s where zone = %s", [after(30), YARD])
    conn.execute(
        "insert into zone_versions (site, zone, valid_from, valid_until, feature)"
        " select site, zone, null, %s, feature from zone_versions where zone = %s",
        [after(30), YARD],
    )
    track = api.person(Role.OPERATOR).get(f"/v1/trips/{trip}/track").json()
    versions = [
        (zone["properties"]["valid_from"], zone["properties"]["valid_until"])
        for zone in track["zones"]["features"]
        if zone["properties"]["id"] == YARD
    ]
    changed = after(30).timestamp()
    assert sorted(versions, key=str) == [(changed, None), (None, changed)]


def test_what_was_seen_said_and_decided_is_told_together(api: RunningApi, trip: int):
    api.border.conn.execute(
        "insert into gate_decisions (id, site, gate, trip_id, plate, kind, reason, at, decided_by,"
        " recorded_at) values (%s, 'lang_son', 'tan_thanh', %s, '12C00001', 'admitted', null, %s,"
        " 'officer', %s)",
        [uuid4(), trip, after(55), after(55)],
    )
    past = api.person(Role.OFFICER).get(f"/v1/trips/{trip}/past").json()
    assert [(one["zone"], one["left_at"]) for one in past["visits"]] == [
        (YARD, "2024-01-23T01:41:00Z"),
        (QUEUE, None),
    ]
    assert [one["kind"] for one in past["messages"]] == ["registered"]
    assert [(one["gate"], one["kind"], one["decided_by"]) for one in past["clearances"]] == [
        ("tan_thanh", "admitted", "officer")
    ]
    assert [one["device"] for one in past["devices"]] == ["tracker-1"]
    assert "849030" not in str(past)


def test_whoever_looks_where_a_truck_went_is_written_down(api: RunningApi, trip: int):
    operator = api.person(Role.OPERATOR)
    assert operator.get(f"/v1/trips/{trip}/track").status_code == 200
    accesses = api.person(Role.ADMINISTRATOR).get(f"/v1/persons/accesses?trip={trip}").json()
    [row] = [one for one in accesses["rows"] if one["act"] == "trip.track"]
    assert row["account"] == "operator"


def test_hauliers_are_shown_no_past(api: RunningApi, trip: int):
    haulier = api.person(Role.HAULIER)
    assert haulier.get(f"/v1/trips/{trip}/track").status_code == 403
    assert haulier.get(f"/v1/trips/{trip}/past").status_code == 403
