"""Plates, devices and trucks that were mixed up on purpose, and those that are as they should."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from flowctl.alarms.alerts import Kind, Point, Severity
from flowctl.cheating.identity import (
    Claim,
    Companions,
    DeviceChange,
    PlateSeen,
    Weighing,
    device_swaps,
    drifted_apart,
    parted,
    two_plates,
    weight_swaps,
)
from flowctl.cheating_limits import CheatingParams

PARAMS = CheatingParams()
EIGHT = datetime(2024, 1, 23, 1, 0, tzinfo=UTC)
KM_EAST = 1 / 103.1
"""Degrees of longitude at 22° north."""


def after(minutes: float) -> datetime:
    return EIGHT + timedelta(minutes=minutes)


def fix(minutes: float, km: float, device: str = "d1") -> Point:
    return Point(after(minutes), 106.7 + km * KM_EAST, 22.0, device)


GATE = Point(EIGHT, 106.7, 22.0, "gate")


def seen(*fixes: Point, radius_m: float = 100.0, by_officer: bool = True) -> PlateSeen:
    return PlateSeen(1, "d1", GATE, radius_m, "officer", by_officer, fixes)


def standing(km: float, every: float = 10) -> list[Point]:
    """A device that stands so many kilometres from the gate, from half an hour before on."""
    return [fix(-30 + every * n, km) for n in range(round(60 / every) + 1)]


def test_a_plate_seen_at_a_gate_while_its_device_stands_twenty_kilometres_off_is_parted():
    [alert] = parted([seen(*standing(20))], PARAMS)
    assert (alert.kind, alert.severity, alert.proved) == (Kind.PARTED, Severity.HIGH, True)
    assert alert.evidence["place"] == "gate"
    assert 19_900 < float(alert.evidence["away_m"]) < 20_100
    assert alert.points[0] == GATE
    [by_camera] = parted([seen(*standing(20), by_officer=False)], PARAMS)
    assert by_camera.proved is False


def test_a_device_at_the_gate_is_with_its_plate():
    assert parted([seen(*standing(0.3))], PARAMS) == []


def test_a_device_that_was_there_within_the_quarter_of_an_hour_of_a_clocks_error_is():
    driving = [fix(-20, 20), fix(-14, 8), fix(-9, 0), fix(0, 6), fix(9, 15), fix(20, 25)]
    assert parted([seen(*driving)], PARAMS) == []


def test_a_device_that_could_drive_there_and_back_between_two_fixes_proves_nothing():
    assert parted([seen(*standing(6, every=10))], PARAMS) == []
    assert len(parted([seen(*standing(6, every=3))], PARAMS)) == 1


def test_one_false_fix_of_a_device_at_the_gate_does_not_part_it():
    jumped = [*standing(0.2)[:3], fix(0, 300), *standing(0.2)[4:]]
    assert parted([seen(*jumped)], PARAMS) == []


def test_a_truck_parked_without_gps_for_an_hour_proves_nothing():
    assert parted([seen(fix(-40, 20), fix(-38, 20), fix(40, 20))], PARAMS) == []


def test_nothing_is_said_before_fixes_from_after_the_clocks_error_are_there():
    assert parted([seen(*[one for one in standing(20) if one.at <= after(10)])], PARAMS) == []
    assert parted([seen()], PARAMS) == []


def test_a_wide_yard_is_reached_at_its_edge():
    assert parted([seen(*standing(6, every=3), radius_m=6000)], PARAMS) == []


def companions(*apart_km: float, every: float = 10) -> Companions:
    pairs = [(fix(every * n, 0), fix(every * n, km, "d2")) for n, km in enumerate(apart_km)]
    return Companions(1, "d1", "d2", tuple(pairs))


def test_two_devices_on_one_truck_go_together():
    together = companions(0, 0.2, 0.1, 0.3, 0.1, 0.1)
    assert drifted_apart([together], PARAMS, after(50)) == []


def test_a_driver_who_takes_his_phone_to_eat_parts_nothing():
    meal = companions(0, 3, 4, 3, 0, 0)
    assert drifted_apart([meal], PARAMS, after(50)) == []
    errand = companions(0, 8, 9, 0, 0, 0)
    assert drifted_apart([errand], PARAMS, after(50)) == []


def test_two_devices_apart_for_more_than_half_an_hour_are_an_alert_while_they_are():
    [alert] = drifted_apart([companions(0, 20, 30, 40, 50)], PARAMS, after(40))
    assert (alert.kind, alert.severity, alert.at) == (Kind.PARTED, Severity.MEDIUM, after(10))
    assert (alert.evidence["apart_s"], alert.evidence["other_device"]) == (1800, "d2")
    assert drifted_apart([companions(0, 20, 30, 40, 50, 0)], PARAMS, after(50)) == []
    assert drifted_apart([companions(0, 20, 30, 40, 50)], PARAMS, after(200)) == []


CLAIM = Claim(1, "d1", "12C00001", after(0), "12C00002", after(-6000), None)
BY_TRIP = replace(CLAIM, since=after(-120), until=after(-60), other_trip=9)


def test_a_device_of_two_plates_at_once_is_an_alert():
    [alert] = two_plates([CLAIM], PARAMS)
    assert (alert.kind, alert.severity, alert.at) == (Kind.TWO_PLATES, Severity.LOW, after(0))
    assert alert.evidence == {
        "other_plate": "12C00002",
        "said_by": "registry",
        "since": "2024-01-18T21:00:00+00:00",
    }


def test_a_device_declared_for_two_trucks_in_short_order_weighs_more():
    [alert] = two_plates([CLAIM, BY_TRIP], PARAMS)
    assert (alert.severity, alert.other_trip_id) == (Severity.HIGH, 9)
    assert alert.evidence["said_by"] == "trip"


def test_a_tracker_moved_by_the_registrys_procedure_is_no_alert():
    ended = replace(CLAIM, until=after(-30))
    assert two_plates([ended, BY_TRIP], PARAMS) == []
    entered_afterwards = replace(CLAIM, until=after(45))
    assert two_plates([entered_afterwards, BY_TRIP], PARAMS) == []


def test_a_device_that_another_truck_used_yesterday_is_no_alert():
    yesterday = replace(BY_TRIP, since=after(-2000), until=after(-1000))
    assert two_plates([yesterday], PARAMS) == []


def test_a_misspelt_plate_that_was_cancelled_and_declared_anew_is_no_alert():
    misspelt = replace(BY_TRIP, since=after(-20), until=after(-5), cancelled=True)
    assert two_plates([replace(CLAIM, since=after(-20)), misspelt], PARAMS) == []
    waited = replace(misspelt, since=after(-300))
    assert len(two_plates([waited], PARAMS)) == 1


def test_a_second_device_such_as_a_trailers_is_no_alert():
    assert two_plates([replace(CLAIM, companion=True)], PARAMS) == []


CHANGE = DeviceChange(1, "d2", "d1", after(-300), after(0), None)


def test_a_trip_that_changes_its_device_after_arrival_is_a_swap():
    [alert] = device_swaps([CHANGE], PARAMS)
    assert (alert.kind, alert.severity, alert.at) == (Kind.SWAPPED, Severity.MEDIUM, after(0))
    assert alert.evidence["how"] == "another_device"


def test_a_swap_to_a_device_that_was_elsewhere_weighs_more():
    far = replace(CHANGE, fix=fix(-1, 40, "d2"), old_fix=fix(-2, 0, "d1"))
    [alert] = device_swaps([far], PARAMS)
    assert alert.severity is Severity.HIGH
    assert [point.what for point in alert.points] == ["d1", "d2"]


def test_a_tracker_replaced_by_the_registrys_procedure_is_no_swap():
    assert device_swaps([replace(CHANGE, retired_at=after(-10))], PARAMS) == []
    assert device_swaps([replace(CHANGE, retired_at=after(50))], PARAMS) == []
    assert len(device_swaps([replace(CHANGE, retired_at=after(70))], PARAMS)) == 1


def weighed(minutes: float, tonnes: float, place: str) -> Weighing:
    return Weighing(1, place, after(minutes), tonnes, "officer")


def test_an_empty_truck_that_comes_and_a_loaded_one_that_leaves_are_a_swap():
    [alert] = weight_swaps([weighed(0, 14.2, "yard"), weighed(200, 38.0, "gate")], PARAMS)
    assert (alert.kind, alert.evidence["how"]) == (Kind.SWAPPED, "came_lighter")
    assert (alert.evidence["came_t"], alert.evidence["goes_t"]) == (14.2, 38.0)


def test_fuel_rain_and_two_scales_are_no_swap_and_unloading_is_none():
    assert weight_swaps([weighed(0, 37.1, "yard"), weighed(200, 38.0, "gate")], PARAMS) == []
    assert weight_swaps([weighed(0, 38.0, "yard"), weighed(200, 14.0, "gate")], PARAMS) == []
    assert weight_swaps([weighed(0, 38.0, "yard")], PARAMS) == []
