"""Stages that follow what is seen of trucks: visits, an officer's word at the gate, a crossing."""

from collections.abc import Iterator
from datetime import datetime
from uuid import uuid4

import pytest
from border import MORNING, Border, after, border
from small_workflow import WORKFLOW

from flowctl.registry import crossings, stages
from flowctl.registry.decisions import Decision, Verdict, decide
from flowctl.registry.seen_stages import SeenStages, confirm_seen
from flowctl.state import Direction
from flowctl.storage import epochs
from flowctl.tenure import LostTenureError, Tenure
from flowctl.worker import decide as decide_tick
from flowctl.workflow.stages import Act, Desk, Origin

OUT = '[[stages]]\nid = "out"'
SEEN = WORKFLOW.replace(
    OUT,
    """
[[stages]]
id = "left_yard"
name = { vi = "Ra bãi", zh = "出场", en = "Out of the yard" }
proofs = ["yard_out"]

[[stages]]
id = "at_gate"
name = { vi = "Vào làn", zh = "进道", en = "At the gate" }
proofs = ["gate_in", "gate_out"]

[[stages]]
id = "back"
name = { vi = "Quay về", zh = "返回", en = "Back" }
proofs = ["returned"]

"""
    + OUT,
)
YARD, QUEUE, LANE = "yard_bao_nguyen", "queue_tan_thanh", "lane_tan_thanh"


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database, workflow=SEEN) as place:
        yield place


def words(place: Border, trip: int) -> list[tuple[str, str, str, str, float]]:
    """Return what was said of a trip's stages: stage, act, by what, by whom, at which minute."""
    return [
        (stage, act, origin, by, round((at - MORNING).total_seconds() / 60, 1))
        for stage, act, origin, by, at in place.conn.execute(
            "select stage, act, origin, said_by, at from stage_records where trip_id = %s"
            " order by id",
            [trip],
        ).fetchall()
    ]


def states(place: Border, trip: int) -> dict[str, str]:
    return dict(
        place.conn.execute(
            "select stage, state from trip_stages where trip_id = %s", [trip]
        ).fetchall()
    )


def decide_now(place: Border, at: datetime, *, stages: SeenStages) -> None:
    decide_tick(place.conn, place.site, at, plan_due=False, stages=stages)


def locked(place: Border, trip: int) -> list[str]:
    [(found,)] = place.conn.execute("select locked from trips where id = %s", [trip]).fetchall()
    return list(found)


def test_visits_confirm_stages_each_once_at_the_moment_that_was_seen(place: Border):
    trip = place.trip()
    place.visit(trip, YARD, 5)
    assert confirm_seen(place.conn, place.site, now=after(6)) == 1
    assert words(place, trip) == [("yard_in", "confirmed", "visit", "flowctl", 5.0)]
    assert states(place, trip)["customs_check"] == "ready"
    assert confirm_seen(place.conn, place.site, now=after(7)) == 0
    place.conn.execute("update visits set left_at = %s", [after(60)])
    place.visit(trip, QUEUE, 75)
    assert confirm_seen(place.conn, place.site, now=after(76)) == 2
    assert words(place, trip)[1:] == [
        ("left_yard", "confirmed", "visit", "flowctl", 60.0),
        ("at_gate", "confirmed", "visit", "flowctl", 75.0),
    ]
    place.visit(trip, LANE, 80, 95)
    assert confirm_seen(place.conn, place.site, now=after(96)) == 1
    assert words(place, trip)[3:] == [("out", "confirmed", "visit", "flowctl", 95.0)]
    assert confirm_seen(place.conn, place.site, now=after(97)) == 0


def test_what_a_revised_visit_takes_away_is_taken_back_with_its_reason(place: Border):
    trip = place.trip()
    place.visit(trip, YARD, 5)
    confirm_seen(place.conn, place.site, now=after(6))
    place.conn.execute("delete from visits")
    assert confirm_seen(place.conn, place.site, now=after(8)) == 1
    [(reason,)] = place.conn.execute(
        "select reason from stage_records where act = 'withdrawn'"
    ).fetchall()
    assert (reason, states(place, trip)["yard_in"]) == ("revised", "ready")
    assert confirm_seen(place.conn, place.site, now=after(9)) == 0
    place.visit(trip, YARD, 20)
    assert confirm_seen(place.conn, place.site, now=after(21)) == 1
    assert states(place, trip)["yard_in"] == "confirmed"


def test_who_may_not_decide_any_more_says_nothing_of_what_was_seen(place: Border, database: str):
    trip = place.trip()
    place.visit(trip, YARD, 5)
    tenure = Tenure(database, place.site.id, "first")
    with tenure.connect() as conn:
        assert tenure.take(conn)
        epochs.leave_epoch(conn, place.site.id, tenure.epoch)
        with pytest.raises(LostTenureError):
            confirm_seen(conn, place.site, now=after(6), within=tenure.deciding)
        assert words(place, trip) == []
        assert tenure.take(conn)
        assert confirm_seen(conn, place.site, now=after(6), within=tenure.deciding) == 1


def test_a_visit_that_a_late_fix_shifts_is_said_anew_and_one_by_seconds_is_not(place: Border):
    trip = place.trip()
    place.visit(trip, YARD, 5)
    confirm_seen(place.conn, place.site, now=after(6))
    place.conn.execute("update visits set entered_at = %s", [after(5.5)])
    assert confirm_seen(place.conn, place.site, now=after(7)) == 0
    place.conn.execute("update visits set entered_at = %s", [after(2)])
    assert confirm_seen(place.conn, place.site, now=after(8)) == 2
    assert [row[1:] for row in words(place, trip)] == [
        ("confirmed", "visit", "flowctl", 5.0),
        ("withdrawn", "visit", "flowctl", 5.0),
        ("confirmed", "visit", "flowctl", 2.0),
    ]
    [(since,)] = place.conn.execute(
        "select since from trip_stages where stage = 'yard_in'"
    ).fetchall()
    assert since == after(2)
    place.conn.execute("update visits set entered_at = %s", [after(5)])
    assert confirm_seen(place.conn, place.site, now=after(9)) == 2
    assert states(place, trip)["yard_in"] == "confirmed"


def test_what_somebody_said_of_a_stage_stands_beside_what_is_seen(place: Border):
    trip = place.trip()
    stages.say(
        place.conn,
        place.site,
        trip,
        "yard_in",
        Act.REFUSED,
        origin=Origin.HAND,
        by="lan",
        desk=Desk.YARD,
        at=after(4),
        now=after(4),
        reason="vehicle",
    )
    place.visit(trip, YARD, 5)
    assert confirm_seen(place.conn, place.site, now=after(6)) == 0
    assert states(place, trip)["yard_in"] == "refused"


def test_an_officer_who_admits_a_truck_without_a_tracker_confirms_that_it_is_at_the_gate(
    place: Border,
):
    trip = place.trip(device=None)
    admitted = Decision(uuid4(), Verdict.ADMITTED, after(30), trip_id=trip)
    with place.conn.transaction():
        decide(place.conn, place.site, "tan_thanh", admitted, by="minh", now=after(30))
    assert confirm_seen(place.conn, place.site, now=after(31)) == 1
    assert words(place, trip) == [("at_gate", "confirmed", "hand", "minh", 30.0)]


def test_a_crossing_and_the_way_back_confirm_the_last_stages_after_the_trip_is_over(place: Border):
    trip = place.trip()
    with place.conn.transaction():
        crossings.note_crossing(
            place.conn,
            place.site,
            plate="12C00001",
            gate="tan_thanh",
            direction="export",
            at=after(60),
            by="minh",
            now=after(61),
            trip_id=trip,
        )
        place.conn.execute(
            "update trips set state = 'cleared', ended_at = %s where id = %s", [after(60), trip]
        )
    confirm_seen(place.conn, place.site, now=after(62))
    assert ("out", "confirmed", "hand", "minh", 60.0) in words(place, trip)
    place.conn.execute("update crossings set returned_at = %s", [after(600)])
    assert confirm_seen(place.conn, place.site, now=after(601)) == 1
    assert words(place, trip)[-1] == ("back", "confirmed", "visit", "flowctl", 600.0)


def test_the_controller_looks_at_trips_of_which_something_is_new(place: Border):
    first, second = place.trip(), place.trip()
    looking = SeenStages()
    place.visit(first, YARD, 5)
    decide_now(place, after(6), stages=looking)
    assert looking.confirm(place.conn, place.site, now=after(6)) == 1
    place.visit(second, YARD, 6.5)
    assert looking.confirm(place.conn, place.site, now=after(7)) == 0
    decide_now(place, after(8), stages=looking)
    assert looking.confirm(place.conn, place.site, now=after(8)) == 1
    assert (states(place, first)["yard_in"], states(place, second)["yard_in"]) == (
        "confirmed",
        "confirmed",
    )
    place.conn.execute("delete from visits where device_id = %s", [place.device_of(first)])
    decide_now(place, after(9), stages=looking)
    assert looking.confirm(place.conn, place.site, now=after(9)) == 1
    assert states(place, first)["yard_in"] == "ready"


def test_what_no_tick_sees_is_found_when_all_trips_are_looked_at(place: Border):
    trip = place.trip(direction=Direction.IMPORT)
    looking = SeenStages()
    looking.confirm(place.conn, place.site, now=after(0))
    place.visit(trip, YARD, 1)
    assert looking.confirm(place.conn, place.site, now=after(5)) == 0
    assert looking.confirm(place.conn, place.site, now=after(10)) == 1


def test_a_word_of_a_trip_that_is_long_over_is_not_taken_back(place: Border):
    trip = place.trip()
    place.visit(trip, YARD, 5)
    confirm_seen(place.conn, place.site, now=after(6))
    place.conn.execute("update trips set state = 'cleared', ended_at = %s", [after(60)])
    assert confirm_seen(place.conn, place.site, now=after(600)) == 0
    assert states(place, trip)["yard_in"] == "confirmed"


def test_a_confirmation_runs_out(place: Border):
    trip = place.trip()
    place.conn.execute("update declarations set goods_class = 'fruit' where trip_id = %s", [trip])
    stages.refresh(place.conn, place.site, trip, now=after(0))
    place.visit(trip, YARD, 5)
    confirm_seen(place.conn, place.site, now=after(6))
    for stage, desk, settled in (
        ("customs_check", Desk.CUSTOMS, {"goods_class": "fruit"}),
        ("plant_check", Desk.PLANT_QUARANTINE, {}),
        ("fees_paid", Desk.TAX, {}),
    ):
        stages.say(
            place.conn,
            place.site,
            trip,
            stage,
            Act.CONFIRMED,
            origin=Origin.HAND,
            by="lan",
            desk=desk,
            at=after(10),
            now=after(10),
            settled=settled,
        )
    assert locked(place, trip) == ["gate"]
    assert stages.renew_due(place.conn, place.site, now=after(10 + 12 * 60)) == 1
    assert states(place, trip)["plant_check"] == "expired"
    assert locked(place, trip) == ["gate", "release"]
