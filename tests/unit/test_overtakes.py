"""Who passes whom at a gate, and by which rule."""

from datetime import timedelta

import pytest
from builders import at, small_gate, small_site, snapshot, staged

from flowctl.controller import tick
from flowctl.dispatch.metering import Release
from flowctl.dispatch.overtakes import Facts, overtakes
from flowctl.dispatch.reasons import Reason
from flowctl.site import Access, Site, Yard
from flowctl.state import Cargo, LiveTrip, Slot

NOW = at("09:00")


def release(trip: LiveTrip, gate: str = "north") -> Release:
    assert trip.yard is not None
    return Release(trip.id, gate, trip.yard, NOW + timedelta(hours=1))


def two_gates() -> Site:
    return small_site([small_gate("north"), small_gate("south")])


def reasons(
    senior: LiveTrip, junior: LiveTrip, *, site: Site | None = None, facts: Facts | None = None
) -> list[Reason | None]:
    """Return the reasons by which ``junior`` passes ``senior`` when it alone is released."""
    told = {trip.id: trip.told for trip in (senior, junior) if trip.told is not None}
    state = snapshot([senior, junior], NOW, site=site)
    found, faults = overtakes(state, [release(junior)], told, facts)
    assert all(one.trip_id == junior.id and one.seniors == (senior.id,) for one in found)
    return [one.reason for one in found] + [None for _ in faults]


SENIOR = staged(1, arrived=at("06:00"))
JUNIOR = staged(2, arrived=at("07:00"))


def test_a_pair_without_a_reason_is_a_fault_and_gets_none():
    assert reasons(SENIOR, JUNIOR) == [None]
    _, (fault,) = overtakes(snapshot([SENIOR, JUNIOR], NOW), [release(JUNIOR)], {})
    assert "Trip 2 goes to north before 1 senior trips" in str(fault)


def test_going_in_order_or_at_the_same_moment_passes_nobody():
    assert reasons(JUNIOR, SENIOR) == []
    both = [release(SENIOR), release(JUNIOR)]
    assert overtakes(snapshot([SENIOR, JUNIOR], NOW), both, {}) == ((), ())


EARLY, LATE = Slot("north", at("09:15")), Slot("north", at("11:00"))


@pytest.mark.parametrize(
    ("senior", "junior", "reason"),
    [
        ({"ready_at": at("10:00")}, {}, Reason.SENIOR_NOT_READY),
        ({"told": LATE}, {"told": EARLY}, Reason.KEPT_PROMISE),
        ({}, {"told": LATE}, Reason.KEPT_PROMISE),
        ({"told": LATE}, {"told": EARLY, "priority": 1}, Reason.PRIORITY),
        ({"told": LATE}, {"told": EARLY, "cargo": Cargo.PERISHABLE}, Reason.CARGO),
        (
            {"released_at": at("07:00"), "release_expires_at": at("08:00")},
            {},
            Reason.RELEASE_EXPIRED,
        ),
        ({"told": EARLY}, {"told": LATE}, None),
        ({"told": LATE}, {"priority": 1}, None),
    ],
)
def test_the_reason_follows_from_the_facts(
    senior: dict[str, object], junior: dict[str, object], reason: Reason | None
):
    assert reasons(SENIOR._replace(**senior), JUNIOR._replace(**junior)) == [reason]


def test_across_classes_who_may_use_the_same_gate_the_reason_is_where_the_senior_is_bound():
    senior = SENIOR._replace(gates=("south", "north"))
    assert reasons(senior, JUNIOR, site=two_gates()) == [Reason.SENIOR_PREFERS_ELSEWHERE]
    told = senior._replace(told=Slot("south", at("12:00")))
    assert reasons(told, JUNIOR, site=two_gates()) == [Reason.SENIOR_TOLD_ELSEWHERE]


def test_who_may_not_use_the_gate_or_stands_where_no_way_leads_there_is_not_passed():
    assert reasons(SENIOR._replace(gates=("south",)), JUNIOR, site=two_gates()) == []
    assert reasons(SENIOR._replace(yard=None), JUNIOR) == []
    assert reasons(SENIOR._replace(yard="elsewhere"), JUNIOR) == []


def test_a_penalty_that_put_a_truck_behind_is_said():
    fined = SENIOR._replace(penalty_s=7200.0)
    assert reasons(fined, JUNIOR) == [Reason.PENALTY]
    assert reasons(SENIOR._replace(penalty_s=600.0), JUNIOR) == [None]


def test_a_no_show_and_who_fills_its_place_are_said():
    assert reasons(SENIOR, JUNIOR, facts=Facts(no_shows={1})) == [Reason.NO_SHOW]
    assert reasons(SENIOR, JUNIOR, facts=Facts(standby={2})) == [Reason.STANDBY_FILL]


def test_a_truck_goes_with_its_convoy_past_those_behind_its_partner():
    first = staged(3, arrived=at("05:00"))._replace(convoy="c")
    last = JUNIOR._replace(convoy="c")
    state = snapshot([SENIOR, first, last], NOW)
    found, faults = overtakes(state, [release(first), release(last)], {})
    assert faults == ()
    assert [(one.trip_id, one.reason, one.seniors) for one in found] == [(2, Reason.CONVOY, (1,))]


def test_a_senior_whose_way_is_too_long_before_closing_is_late():
    yards = [
        Yard("yard", {"vi": "gần"}, 100, (Access("north", 600.0, 0.25),)),
        Yard("far", {"vi": "xa"}, 100, (Access("north", 40_000.0, 0.25),)),
    ]
    site = small_site(yards=yards)
    assert reasons(SENIOR._replace(yard="far"), JUNIOR, site=site) == [Reason.SENIOR_LATE]


def test_a_senior_outside_is_passed_by_who_stands_in_the_yard_its_way_leads_through():
    yards = [
        Yard("yard", {"vi": "trong"}, 100, (Access("north", 600.0, 0.25),)),
        Yard("out", {"vi": "ngoài"}, 100, (Access("north", 1800.0, 0.25, "yard", 1200.0),)),
    ]
    senior = SENIOR._replace(yard="out")
    assert reasons(senior, JUNIOR, site=small_site(yards=yards)) == [Reason.SENIOR_OUTSIDE]


def test_before_opening_a_junior_with_a_longer_way_takes_no_place_of_a_senior():
    yards = [
        Yard("yard", {"vi": "gần"}, 100, (Access("north", 300.0, 0.25),)),
        Yard("far", {"vi": "xa"}, 100, (Access("north", 1200.0, 0.25),)),
    ]
    site = small_site(yards=yards)
    near = [staged(i, arrived=at("04:00") + timedelta(minutes=i)) for i in range(30)]
    far = [staged(50 + i, arrived=at("05:00"), yard="far") for i in range(30)]
    decision = tick(snapshot([*near, *far], at("06:45"), site=site), plan_due=False)
    assert decision.releases == ()
    decision = tick(snapshot([*near, *far], at("06:55"), site=site), plan_due=False)
    assert {one.trip_id for one in decision.releases} <= set(range(30))
    assert decision.releases


def test_a_senior_that_would_stand_before_a_closed_gate_is_passed_as_the_nearer_one():
    yards = [
        Yard("yard", {"vi": "gần"}, 100, (Access("north", 300.0, 0.25),)),
        Yard("far", {"vi": "xa"}, 100, (Access("north", 1800.0, 0.25),)),
    ]
    site = small_site([small_gate("north", places=6, per_h=30.0)], yards=yards)
    near, far = staged(1, arrived=at("04:00")), staged(2, arrived=at("05:00"), yard="far")
    decision = tick(snapshot([near, far], at("06:43"), site=site), plan_due=False)
    assert [one.trip_id for one in decision.releases] == [2]
    assert [(one.reason, one.seniors) for one in decision.overtakes] == [
        (Reason.SENIOR_NEARER, (1,))
    ]
    decision = tick(snapshot([near], at("06:55"), site=site), plan_due=False)
    assert [one.trip_id for one in decision.releases] == [1], "its place was kept"


def test_a_tick_names_whom_its_releases_pass():
    held = [staged(i, arrived=at("05:00"))._replace(ready_at=at("12:00")) for i in range(5)]
    free = staged(9, arrived=at("08:00"))
    decision = tick(snapshot([*held, free], NOW), plan_due=True)
    assert [(one.trip_id, one.reason, one.seniors) for one in decision.overtakes] == [
        (9, Reason.SENIOR_NOT_READY, (0, 1, 2, 3, 4))
    ]
    assert decision.unexplained == ()
