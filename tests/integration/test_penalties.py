"""What offences cost a truck, and how that is taken back."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from border import MORNING, Border, after, border

from flowctl.errors import ConflictError, NotFoundError
from flowctl.ledger.entries import Kind
from flowctl.policy import Basis, Penalty
from flowctl.state import LiveTrip
from flowctl.storage.ledger import list_rows
from flowctl.storage.penalties import (
    PenaltyRecord,
    add_penalty,
    find_ban,
    lift_penalty,
    list_penalties,
    penalty_entry,
)
from flowctl.storage.snapshot import list_live_trips


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as place:
        yield place


def offend(
    place: Border, trip: int, *, at: float, kind: str = "no_show", loses_s: float | None = 600
) -> PenaltyRecord:
    return add_penalty(
        place.conn,
        place.site,
        trip,
        kind=kind,
        loses_s=loses_s,
        reason="It stood in its yard.",
        actor="flowctl",
        now=after(at),
    )


def live(place: Border) -> LiveTrip:
    [trip] = list_live_trips(place.conn, place.site, after(60))
    return trip


def test_what_offences_cost_adds_up_in_the_trip_the_controller_sees(place: Border):
    trip = place.trip()
    assert live(place).penalty_s == 0
    offend(place, trip, at=5)
    offend(place, trip, at=6, loses_s=30)
    assert live(place).penalty_s == 630


def test_a_lifted_penalty_costs_nothing_and_says_who_lifted_it(place: Border):
    trip = place.trip()
    record = offend(place, trip, at=5)
    lifted = lift_penalty(place.conn, place.site, trip, record.id, actor="the chief", now=after(9))
    assert (lifted.lifted_by, lifted.lifted_at) == ("the chief", after(9))
    assert live(place).penalty_s == 0
    assert list_penalties(place.conn, place.site.id, trip) == [lifted]
    with pytest.raises(ConflictError, match="lifted already, by the chief"):
        lift_penalty(place.conn, place.site, trip, record.id, actor="other", now=after(10))


def test_a_truck_that_loses_all_seniority_counts_as_arrived_at_that_moment(place: Border):
    trip = place.trip()
    place.visit(trip, "yard_bao_nguyen", 10)
    offend(place, trip, at=20, loses_s=60)
    offend(place, trip, at=40, loses_s=None)
    seen = live(place)
    assert seen.counted_at is not None
    assert seen.counted_at + timedelta(seconds=seen.penalty_s) == after(40)


def test_by_booking_all_seniority_is_that_since_registration(place: Border):
    place.site = replace(place.site, policy=replace(place.site.policy, basis=Basis.BOOKING))
    trip = place.trip()
    assert offend(place, trip, at=40, loses_s=None).loses_s == 2400


def test_a_truck_that_has_not_arrived_has_no_seniority_to_lose(place: Border):
    assert offend(place, place.trip(), at=40, loses_s=None).loses_s == 0


def test_the_third_no_show_within_the_days_bars_the_plate(place: Border):
    first, second, third = (place.trip() for _ in range(3))
    place.conn.execute("update trips set state = 'cancelled', plate = '12C99999'")
    assert offend(place, first, at=0).banned_until is None
    assert offend(place, second, at=1).banned_until is None
    assert find_ban(place.conn, place.site.id, "12C99999", after(2)) is None
    ban = offend(place, third, at=2)
    assert ban.banned_until == after(2) + timedelta(days=7)
    assert find_ban(place.conn, place.site.id, "12C99999", after(3)) == ban
    assert find_ban(place.conn, place.site.id, "12C00001", after(3)) is None
    assert find_ban(place.conn, place.site.id, "12C99999", ban.banned_until) is None


def test_offences_long_ago_and_of_another_kind_do_not_bar(place: Border):
    trip = place.trip()
    for minute, kind in ((0, "no_show"), (1, "no_show"), (2, "cancellation")):
        assert offend(place, trip, at=minute, kind=kind).banned_until is None
    assert offend(place, trip, at=31 * 24 * 60).banned_until is None


def test_a_policy_without_bans_bars_nobody(place: Border):
    rules = replace(place.site.policy, no_show=Penalty(ban_after=0))
    place.site = replace(place.site, policy=rules)
    trip = place.trip()
    assert [offend(place, trip, at=n).banned_until for n in range(5)] == [None] * 5


def test_a_ban_ends_when_one_of_the_offences_it_rests_on_is_lifted(place: Border):
    trip = place.trip()
    first, *_ = [offend(place, trip, at=n) for n in range(3)]
    assert find_ban(place.conn, place.site.id, "12C00001", after(5)) is not None
    lift_penalty(place.conn, place.site, trip, first.id, actor="the chief", now=after(5))
    assert find_ban(place.conn, place.site.id, "12C00001", after(6)) is None


def test_a_penalty_of_no_trip_or_of_another_trip_is_not_there(place: Border):
    one, other = place.trip(), place.trip()
    with pytest.raises(NotFoundError, match="no trip 99"):
        offend(place, 99, at=1)
    record = offend(place, one, at=1)
    with pytest.raises(NotFoundError, match=f"Trip {other} has no penalty {record.id}"):
        lift_penalty(place.conn, place.site, other, record.id, actor="x", now=MORNING)


def test_the_ledger_says_what_was_lost_and_given_back_and_names_neither_plate_nor_words(
    place: Border,
):
    trip = place.trip()
    record = offend(place, trip, at=5)
    entry = penalty_entry(record)
    assert (entry.kind, entry.at, entry.trip_id) == (Kind.PENALTY, after(5), trip)
    assert (entry.reason, entry.details) == ("no_show", {"penalty": record.id, "loses_s": 600})
    lifted = lift_penalty(place.conn, place.site, trip, record.id, actor="chief", now=after(9))
    back = penalty_entry(lifted)
    assert (back.reason, back.at, back.actor) == ("lifted", after(9), "chief")
    assert "12C00001" not in repr((entry, back))
    with place.conn.transaction():
        rows = list(list_rows(place.conn, place.site.id))
    kept = [(one.row.kind, one.row.reason) for one in rows]
    assert kept[-2:] == [("penalty", "no_show"), ("penalty", "lifted")]


def test_a_driver_hears_what_it_cost_that_the_plate_is_barred_and_that_it_is_lifted(place: Border):
    trip = place.trip()
    first, *_ = [offend(place, trip, at=n, kind="no_show") for n in range(3)]
    offend(place, trip, at=4, kind="parted", loses_s=0)
    lift_penalty(place.conn, place.site, trip, first.id, actor="the chief", now=after(5))
    told = place.conn.execute(
        "select kind, params from outbox where kind <> 'registered' order by id"
    ).fetchall()
    lost = {"offence": "no_show", "minutes": "10"}
    until = (after(2) + timedelta(days=7)).isoformat()
    assert told == [
        *[("penalty", lost)] * 3,
        ("barred", {"offence": "no_show", "until": until}),
        ("penalty_lifted", {"offence": "no_show"}),
    ]
