"""From which moment a truck's place in the order counts."""

from builders import at, on_the_road, staged

from flowctl.dispatch.seniority import ranked, seniority
from flowctl.policy import Basis, Policy

ARRIVAL, BOOKING = Policy(), Policy(basis=Basis.BOOKING)


def test_who_arrived_first_is_senior_however_late_he_registered():
    first = staged(1, arrived=at("08:00"))._replace(registered_at=at("07:50"))
    second = staged(2, arrived=at("08:10"))._replace(registered_at=at("05:00"))
    assert seniority(first, ARRIVAL) < seniority(second, ARRIVAL)
    assert seniority(second, BOOKING) < seniority(first, BOOKING)


def test_an_arrival_counts_from_when_it_is_proved():
    claimed = staged(1, arrived=at("06:00"))._replace(counted_at=at("09:00"))
    assert seniority(claimed, ARRIVAL)[0] == at("09:00")


def test_a_truck_on_the_road_counts_from_when_it_is_expected():
    seen = on_the_road(1, registered=at("05:00"), eta=at("11:00"), ready=at("10:00"))
    unseen = on_the_road(2, registered=at("05:00"), eta=None, ready=at("10:00"))
    assert seniority(seen, ARRIVAL)[0] == at("11:00")
    assert seniority(unseen, ARRIVAL)[0] == at("10:00")


def test_a_penalty_moves_a_truck_behind_those_who_came_meanwhile():
    offender = staged(1, arrived=at("08:00"))._replace(penalty_s=3600.0)
    honest = staged(2, arrived=at("08:30"))
    for policy in (ARRIVAL, BOOKING):
        assert seniority(honest, policy) < seniority(offender, policy)


def test_who_came_in_the_same_moment_goes_by_registration_and_then_by_number():
    trips = [
        staged(number, arrived=at("08:00"))._replace(registered_at=at(registered))
        for number, registered in ((1, "07:00"), (2, "06:00"), (3, "07:00"))
    ]
    ordered = sorted(trips, key=lambda trip: seniority(trip, ARRIVAL))
    assert [trip.id for trip in ordered] == [2, 1, 3]


def test_ranks_follow_the_order_under_either_basis():
    trips = [
        staged(number, arrived=at(arrived))._replace(registered_at=at(registered), penalty_s=lost)
        for number, arrived, registered, lost in (
            (1, "08:00", "07:00", 1800.0),
            (2, "08:10", "06:00", 0.0),
            (3, "08:10", "06:00", 0.0),
            (4, "08:30", "05:00", 0.0),
        )
    ]
    for policy in (ARRIVAL, BOOKING):
        counts_s, rank = ranked(trips, policy)
        keys = [seniority(trip, policy) for trip in trips]
        assert [
            trips.index(trip) for trip in sorted(trips, key=lambda t: seniority(t, policy))
        ] == (rank.argsort().tolist())
        assert counts_s.tolist() == [counts.timestamp() for counts, _, _ in keys]
