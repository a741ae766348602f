"""Visits as they are asked for, and a driver who dates his arrival back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from api_server import RunningApi
from border import Border, after

from flowctl.dispatch.seniority import seniority
from flowctl.registry.accounts import Role
from flowctl.storage.partitions import ensure_fix_partitions
from flowctl.storage.snapshot import list_live_trips
from flowctl.telemetry.fixes import PARTITIONS, FixBatch, microseconds, rows_of
from flowctl.telemetry.storing import Recorder

YARD = "yard_bao_nguyen"
OUTSIDE = (106.60, 21.80)


def take(border: Border, device: str, fixes: Sequence[tuple[float, bool]], lag_min: float) -> None:
    """Take in fixes of a device, (minute, whether inside the yard), so long after their moments."""
    ensure_fix_partitions(border.conn, after(-1440).date(), after(0).date())
    point = border.site.zone_by_id[YARD].polygon.representative_point()
    rows = rows_of(len(fixes))
    for row, (minute, inside) in zip(rows, fixes, strict=True):
        row["source_id"] = 1
        row["fixed_at"] = microseconds(after(minute))
        row["received_at"] = microseconds(after(minute + lag_min))
        row["lon"], row["lat"] = (point.x, point.y) if inside else OUTSIDE
    recorder = Recorder.of(border.conn, border.site)
    recorder.recall(dict.fromkeys(range(PARTITIONS), microseconds(after(1000))))
    recorder.refresh()
    with border.conn.transaction():
        recorder.record(FixBatch((device,), rows))


def arrive(border: Border, device: str, minute: float, lag_min: float = 0.1) -> None:
    """Let a device report from the road, and from the yard from a minute on."""
    stay = [(minute + i, True) for i in range(5)]
    take(border, device, [(minute - 60, False), *stay], lag_min)


def order(border: Border, now: datetime) -> list[int]:
    trips = list_live_trips(border.conn, border.site, now)
    return [trip.id for trip in sorted(trips, key=lambda trip: seniority(trip, border.site.policy))]


def cheat_and_honest(border: Border) -> tuple[int, int]:
    """Let one truck arrive an hour ago, and a driver upload that he came three hours ago."""
    cheat = border.trip(at=after(-240), plate="12C00001", device="phone")
    honest = border.trip(at=after(-240), plate="12C00002", device="tracker")
    arrive(border, "tracker", -60)
    arrive(border, "phone", -180, lag_min=180)
    return cheat, honest


def test_fixes_dated_back_buy_no_place_in_the_order(api: RunningApi):
    cheat, honest = cheat_and_honest(api.border)
    assert order(api.border, after(10)) == [honest, cheat]
    rows = {trip.id: trip for trip in list_live_trips(api.border.conn, api.border.site, after(10))}
    shown = rows[cheat]
    assert shown.arrived_at is not None
    assert shown.arrived_at < after(-179)  # what he says is shown all the same
    assert shown.counted_at is not None
    assert shown.counted_at > after(-1)


def test_the_yard_s_own_word_gives_the_place(api: RunningApi):
    cheat, honest = cheat_and_honest(api.border)
    operator = api.person(Role.OPERATOR)
    event = {"plate": "12C-000.01", "at": after(-181).isoformat()}
    answer = operator.post(f"/v1/yards/{YARD}/events", json=[event])
    assert answer.json() == {"recorded": 1, "repeated": 0, "unknown_plates": []}
    assert operator.post(f"/v1/yards/{YARD}/events", json=[event]).json()["repeated"] == 1
    assert order(api.border, after(10)) == [cheat, honest]


def test_a_yard_is_told_of_plates_nobody_knows_and_of_what_is_none(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    event = {"plate": "99X-999.99", "at": after(-10).isoformat()}
    answer = operator.post(f"/v1/yards/{YARD}/events", json=[event]).json()
    assert answer == {"recorded": 1, "repeated": 0, "unknown_plates": ["99X99999"]}
    refused = operator.post(f"/v1/yards/{YARD}/events", json=[event, {**event, "plate": "!"}])
    assert refused.status_code == 422
    assert refused.json()["detail"].startswith("Event 1: The plate '!' is no number plate")


def test_another_device_of_the_truck_seen_in_time_gives_the_place(api: RunningApi):
    cheat, honest = cheat_and_honest(api.border)
    conn = api.border.conn
    conn.execute("insert into devices (uid) values ('second')")
    conn.execute(
        "insert into device_trucks (device_id, plate, since, is_primary, assigned_by)"
        " select id, '12C00001', %s, false, 'test' from devices where uid = 'second'",
        [after(-240)],
    )
    arrive(api.border, "second", -100)
    assert order(api.border, after(10)) == [cheat, honest]
    trips = {trip.id: trip for trip in list_live_trips(conn, api.border.site, after(10))}
    counted = trips[cheat].counted_at
    assert counted is not None
    assert after(-110) < counted < after(-90)  # what the second device proves, and no more


def test_visits_are_listed_with_what_they_rest_on(api: RunningApi):
    cheat_and_honest(api.border)
    officer = api.person(Role.OFFICER)
    api.clock.at = after(-50)
    answer: list[dict[str, Any]] = officer.get("/v1/visits", params={"plate": "12C-00002"}).json()
    [visit] = answer
    assert (visit["zone"], visit["plate"], visit["state"]) == (YARD, "12C00002", "in")
    assert visit["trusted"]
    assert visit["counts_at"] == visit["entered_at"]
    assert set(visit["evidence"]) == {"before", "first", "confirming"}
    assert datetime.fromisoformat(visit["evidence"]["confirming"]["at"]) == after(-59)
    assert {proof["source"] for proof in visit["evidence"].values()} == {"trackers"}
    api.clock.at = after(60)
    found = officer.get("/v1/visits", params={"zone": YARD}).json()
    assert {one["plate"]: (one["state"], one["trusted"]) for one in found} == {
        "12C00001": ("unknown", False),
        "12C00002": ("unknown", True),
    }
    since = after(-59).isoformat()
    assert officer.get("/v1/visits", params={"since": since}).json() == []


def test_visits_are_read_on_by_the_beginning_of_the_last(api: RunningApi):
    cheat_and_honest(api.border)
    officer = api.person(Role.OFFICER)
    every = officer.get("/v1/visits").json()
    assert len(every) > 1
    read: list[dict[str, Any]] = officer.get("/v1/visits", params={"limit": 1}).json()
    while len(read) < len(every):
        older = {"until": read[-1]["entered_at"], "limit": 1}
        read += officer.get("/v1/visits", params=older).json()
    assert read == every
    turned = {"since": after(0).isoformat(), "until": after(-5).isoformat()}
    refused = officer.get("/v1/visits", params=turned)
    assert refused.status_code == 422
    assert "until must lie after since" in refused.json()["detail"]


def test_a_plate_nobody_has_named_is_no_truck_that_was_nowhere(api: RunningApi):
    api.border.trip(plate="12C00001")
    officer = api.person(Role.OFFICER)
    known = officer.get("/v1/visits", params={"plate": "12C-000.01"})
    assert (known.status_code, known.json()) == (200, [])
    unknown = officer.get("/v1/visits", params={"plate": "99Z-999.99"})
    assert unknown.status_code == 404
    assert "the plate '99Z-999.99'" in unknown.json()["detail"]


def test_what_a_late_fix_changed_is_told_with_what_was_said_before(api: RunningApi):
    cheat_and_honest(api.border)
    take(api.border, "tracker", [(-62, True)], 30)
    [visit] = api.person(Role.PLANNER).get("/v1/visits", params={"plate": "12C00002"}).json()
    [former] = visit["revisions"]
    assert (former["why"], visit["revision"]) == ("late_fix", 2)
    assert former["entered_at"] > visit["entered_at"]
    assert datetime.fromisoformat(former["known_at"]) == after(-32)
    assert datetime.fromisoformat(visit["counts_at"]) >= after(-62)


def test_a_yard_or_moment_that_cannot_be_is_refused(api: RunningApi):
    officer = api.person(Role.OFFICER)
    event = {"plate": "12C00001", "at": after(-10).isoformat()}
    assert officer.post("/v1/yards/nowhere/events", json=[event]).status_code == 404
    ahead = {"plate": "12C00001", "at": after(600).isoformat()}
    answer = officer.post(f"/v1/yards/{YARD}/events", json=[event, ahead])
    assert answer.status_code == 422
    assert "Event 1 lies in the future" in answer.json()["detail"]
    old = {"plate": "12C00001", "at": after(-8 * 24 * 60).isoformat()}
    answer = officer.post(f"/v1/yards/{YARD}/events", json=[event, old])
    assert "Event 1 is more than 168 hours old" in answer.json()["detail"]
    nowhere = officer.get("/v1/visits", params={"zone": "yard_nowhere"})
    assert nowhere.status_code == 404
    assert YARD in nowhere.json()["detail"]


def test_who_sends_positions_cannot_be_the_yards_second_word_for_them(api: RunningApi):
    event = {"plate": "12C00001", "at": after(-10).isoformat()}
    answer = api.machine().post(f"/v1/yards/{YARD}/events", json=[event])
    assert answer.status_code == 403
    assert api.machine().get("/v1/visits").status_code == 403
