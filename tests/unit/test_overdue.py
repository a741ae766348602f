"""Trucks that should be back from the other side: alarms from hand-made crossings."""

from border import after

from flowctl.alarms.alerts import Kind, Severity, about_place, about_trip
from flowctl.alarms.away import Away, overdue
from flowctl.policy import AwayRules

RULES = AwayRules(two_way_h=36, one_way_h=24, many=4, forgotten_h=48)


def away(number: int, due: float, *, gate: str = "north", trip: bool = True) -> Away:
    """Return a truck whose limit ends at minute ``due``."""
    return Away(
        crossing_id=number,
        trip_id=number if trip else None,
        plate=f"12C{number:05d}",
        gate=gate,
        haulier=None,
        crossed_at=after(due - 36 * 60),
        due_at=after(due),
    )


def test_a_truck_is_overdue_from_its_limit_on_and_weighs_more_half_a_day_later():
    truck = [away(1, due=0)]
    assert overdue(truck, (), RULES, after(0)) == []
    [alarm] = overdue(truck, (), RULES, after(1))
    assert (alarm.kind, alarm.severity, alarm.trip_id) == (Kind.OVERDUE_RETURN, Severity.LOW, 1)
    assert (alarm.subject, alarm.at, alarm.place) == (about_trip(1), after(0), "north")
    [later] = overdue(truck, (), RULES, after(12 * 60))
    assert later.severity is Severity.MEDIUM
    assert later.subject == alarm.subject


def test_who_does_not_come_back_is_forgotten_in_the_end():
    truck = [away(1, due=0)]
    assert overdue(truck, (), RULES, after(48 * 60)) != []
    assert overdue(truck, (), RULES, after(48 * 60 + 1)) == []


def test_many_trucks_of_a_gate_are_one_alarm_until_they_are_half_as_many():
    trucks = [away(number, due=-number) for number in range(1, 5)]
    other = away(9, due=-1, gate="south")
    gate, one = overdue([*trucks, other], (), RULES, after(0))
    assert (gate.subject, gate.evidence["trucks"]) == (about_place("north"), 4)
    assert gate.at == after(-4)
    assert one.subject == about_trip(9)
    standing = {gate.subject}
    [still] = overdue(trucks[:2], standing, RULES, after(0))
    assert still.subject == gate.subject
    [single] = overdue(trucks[:1], standing, RULES, after(0))
    assert single.subject == about_trip(1)


def test_a_truck_without_a_declaration_is_named_by_its_plate():
    [alarm] = overdue([away(7, due=-1, trip=False)], (), RULES, after(0))
    assert (alarm.subject, alarm.evidence["plate"]) == ("crossing 7", "12C00007")
