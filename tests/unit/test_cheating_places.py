"""At the gate unreleased, and booked from nowhere: each with its honest twin."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from flowctl.alarms.alerts import Kind, Severity
from flowctl.cheating.whereabouts import Booking, Call, GateStay, ghost_bookings, unreleased
from flowctl.cheating_limits import CheatingParams

PARAMS = CheatingParams()
EIGHT = datetime(2024, 1, 23, 1, 0, tzinfo=UTC)
YARD = ("yard", 106.70, 22.00)
KM_NORTH = 1 / 111.195
"""Degrees of latitude."""


def after(minutes: float) -> datetime:
    return EIGHT + timedelta(minutes=minutes)


CALLED = Call("north", after(-20), after(40))
STAY = GateStay(
    1, "d1", "north", "queue_north", after(0), None, "gps", False, ("north",), (CALLED,)
)


def kinds(*stays: GateStay, now: float = 10) -> list[tuple[Kind, str]]:
    found = unreleased(stays, PARAMS, after(now))
    return [(alert.kind, str(alert.evidence.get("fault", ""))) for alert in found]


def test_a_truck_that_was_called_to_its_gate_is_no_alert():
    assert kinds(STAY) == []


def test_a_truck_at_the_gate_that_was_never_called_is_an_alert_with_its_stay():
    [alert] = unreleased([replace(STAY, calls=())], PARAMS, after(10))
    assert (alert.kind, alert.severity, alert.proved) == (Kind.UNRELEASED, Severity.HIGH, True)
    assert (alert.trip_id, alert.device, alert.at) == (1, "d1", after(0))
    assert alert.evidence == {
        "fault": "not_called",
        "gate": "north",
        "zone": "queue_north",
        "entered_at": "2024-01-23T01:00:00+00:00",
        "seen_by": "gps",
        "stayed_s": 600,
    }


def test_a_truck_that_drives_by_the_gate_is_no_alert():
    assert kinds(replace(STAY, calls=(), left_at=after(4))) == []
    assert kinds(replace(STAY, calls=(), left_at=after(6))) == [("unreleased", "not_called")]
    assert kinds(replace(STAY, calls=()), now=4) == []


def test_a_truck_called_to_another_gate_or_to_one_that_is_not_its_own_is_an_alert():
    elsewhere = replace(CALLED, gate="south")
    assert kinds(replace(STAY, calls=(elsewhere,), allowed=("north", "south"))) == [
        ("unreleased", "other_gate")
    ]
    assert kinds(replace(STAY, calls=(elsewhere,), allowed=("south",))) == [
        ("unreleased", "not_its_gate")
    ]


def test_a_truck_sent_to_a_gate_after_its_declaration_named_others_was_sent_there():
    assert kinds(replace(STAY, allowed=("south",))) == []


def test_a_call_that_ran_out_while_the_truck_was_on_its_way_holds_half_an_hour_longer():
    late = replace(CALLED, released_at=after(-80), expires_at=after(-20))
    assert kinds(replace(STAY, calls=(late,))) == []
    later = replace(CALLED, released_at=after(-120), expires_at=after(-31))
    assert kinds(replace(STAY, calls=(later,))) == [("unreleased", "expired")]
    [alert] = unreleased([replace(STAY, calls=(later,))], PARAMS, after(10))
    assert (alert.severity, alert.proved) == (Severity.MEDIUM, False)


def test_a_truck_that_came_in_time_and_waited_for_a_gate_that_stood_still_is_no_cheat():
    lane = replace(STAY, zone="lane_north", in_lane=True, entered_at=after(120), came_at=after(5))
    assert kinds(lane, now=130) == []
    assert kinds(replace(lane, came_at=None), now=130) == [("unreleased", "expired")]
    late = replace(lane, came_at=after(71))
    assert kinds(late, now=130) == [("unreleased", "expired")]


def test_a_truck_called_only_after_it_came_to_the_gate_jumped_the_order():
    afterwards = replace(CALLED, released_at=after(1), expires_at=after(61))
    assert kinds(replace(STAY, calls=(afterwards,))) == [("unreleased", "not_called")]


def test_a_call_to_the_yard_before_the_gate_is_no_call_into_its_lanes():
    to_yard = replace(CALLED, to_yard="yard_in_gate")
    assert kinds(replace(STAY, calls=(to_yard,))) == []
    in_lane = replace(STAY, calls=(to_yard,), in_lane=True)
    assert kinds(in_lane) == [("unreleased", "called_to_yard")]
    assert kinds(replace(in_lane, calls=(to_yard, CALLED))) == []


def test_an_officers_clock_may_be_a_quarter_of_an_hour_ahead():
    soon = replace(CALLED, released_at=after(14), expires_at=after(74))
    assert kinds(replace(STAY, by="officer", calls=(soon,)), now=0) == []
    assert kinds(replace(STAY, by="officer", calls=()), now=0) == [("unreleased", "not_called")]


def test_a_truck_that_comes_back_from_the_other_side_is_no_alert():
    assert kinds(replace(STAY, calls=(), beyond_at=after(-60 * 30))) == []
    assert kinds(replace(STAY, calls=(), beyond_at=after(-60 * 37))) == [
        ("unreleased", "not_called")
    ]


def test_one_that_comes_uncalled_while_its_hauliers_called_truck_stays_is_a_swap():
    stay = replace(STAY, calls=(), mate=7, haulier="A")
    _, swap = unreleased([stay], PARAMS, after(10))
    assert (swap.kind, swap.trip_id, swap.other_trip_id) == (Kind.SWAPPED, 1, 7)
    assert (swap.evidence["how"], swap.haulier) == ("another_truck", "A")
    assert kinds(replace(STAY, mate=7, haulier="A")) == []


BOOKING = Booking(
    1, "d1", after(-300), "north", after(60), after(105), (YARD,), after(-1), 106.70, 22.00
)


def away(km: float) -> Booking:
    return replace(BOOKING, lat=22.00 + km * KM_NORTH)


def faults(booking: Booking, now: float = 0) -> list[object]:
    return [one.evidence["fault"] for one in ghost_bookings([booking], PARAMS, after(now))]


def test_a_truck_near_its_yard_is_no_ghost():
    assert faults(away(3)) == []


def test_a_truck_that_cannot_come_in_time_even_straight_at_90_km_an_hour_is_one():
    # From 07:59 to 10:15, half an hour after its tolerance, are 204 km.
    assert faults(away(200)) == []
    assert faults(away(210)) == ["elsewhere"]
    [alert] = ghost_bookings([away(210)], PARAMS, after(0))
    assert alert.evidence["away_m"] == 210_000
    assert alert.points[0].what == "d1"


def test_a_truck_late_in_a_jam_just_before_the_yard_is_no_ghost():
    assert faults(replace(away(30), fixed_at=after(104)), now=105) == []


def test_a_far_truck_whose_slot_is_tomorrow_is_no_ghost():
    tomorrow = replace(away(900), starts_at=after(60 * 24), due_at=after(60 * 25))
    assert faults(tomorrow) == []


def test_a_parked_truck_that_lost_its_gps_for_a_quarter_of_an_hour_is_no_ghost():
    assert faults(replace(BOOKING, fixed_at=after(-16))) == []
    assert faults(replace(BOOKING, fixed_at=after(-239))) == []


def test_a_device_silent_for_four_hours_is_a_ghost_and_one_never_heard_since_it_was_booked():
    assert faults(replace(BOOKING, fixed_at=after(-241))) == ["silent"]
    assert faults(replace(BOOKING, fixed_at=None, lon=None, lat=None)) == ["silent"]
    just_booked = replace(BOOKING, registered_at=after(-30), fixed_at=None, lon=None, lat=None)
    assert faults(just_booked) == []


def test_a_device_silent_before_the_booking_has_four_hours_from_the_booking_on():
    rested = replace(BOOKING, registered_at=after(-30), fixed_at=after(-3000))
    assert faults(rested) == []
