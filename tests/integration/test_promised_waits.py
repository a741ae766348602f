"""Waits promised at the gates with a real database: kept, held against what came, learned of."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from border import MORNING, Border, after, border

from flowctl.storage.waits import drop_before, keep_waits, list_levels, list_records


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as there:
        yield there


def look(place: Border, *, waiting: int, at: float = -1) -> None:
    """Let the controller have found the gate with so many trucks before it, 20 exports an hour."""
    place.conn.execute(
        "insert into gate_states (site, gate, at, capacity_per_h, capacity_low, capacity_high,"
        " n_target, in_transit, queued, in_lane, waiting, export_per_h, export_low, export_high)"
        " values (%s, 'tan_thanh', %s, 43, 35, 50, 20, 0, 0, 9, %s, 20, 17, 23)",
        [place.site.id, after(at), waiting],
    )


def step(place: Border, at: float) -> None:
    with place.conn.transaction():
        keep_waits(place.conn, place.site, after(at))


def promises(place: Border) -> list[tuple[float, float, float]]:
    """Return the promises of Tân Thanh in minutes after they were made."""
    return place.conn.execute(
        "select extract(epoch from p10 - at)::float8 / 60,"
        " extract(epoch from p50 - at)::float8 / 60, extract(epoch from p90 - at)::float8 / 60"
        " from wait_promises where gate = 'tan_thanh' order by at"
    ).fetchall()


def record(place: Border, at: float) -> tuple[int, float | None]:
    found = list_records(place.conn, place.site.id, after(at)).get("tan_thanh")
    return (0, None) if found is None else (found.n, found.share)


def came(place: Border, at: float, *, through: float | None) -> int:
    trip = place.trip(at=after(at - 60))
    place.visit(trip, "yard_bao_nguyen", at, None if through is None else through - 30)
    if through is not None:
        place.visit(trip, "queue_tan_thanh", through - 25, through - 12)
        place.visit(trip, "lane_tan_thanh", through - 12, through)
    return trip


def test_forty_trucks_before_one_that_comes_now_are_two_hours_give_or_take(place: Border):
    look(place, waiting=40)
    step(place, 0)
    [(p10, p50, p90)] = promises(place)
    assert p10 < p50 < p90
    assert p50 == pytest.approx(120 + 9 / 43 * 60, rel=0.1)
    assert record(place, 0) == (0, None)


def test_a_truck_through_in_time_is_a_hit_and_one_too_late_none(place: Border):
    look(place, waiting=40)
    step(place, 0)
    came(place, 2, through=130)
    came(place, 3, through=420)
    step(place, 5)
    step(place, 430)
    kept = place.conn.execute("select kept from wait_outcomes order by trip_id").fetchall()
    assert kept == [(True,), (False,)]


def test_what_comes_moves_what_is_promised_next(place: Border):
    look(place, waiting=40)
    step(place, 0)
    for n in range(30):
        came(place, 1 + n / 10, through=70)
    step(place, 5)
    look(place, waiting=40, at=74)
    step(place, 75)
    first, *_, last = promises(place)
    assert last[1] < 0.7 * first[1]
    levels = list_levels(place.conn, place.site)["tan_thanh"]
    assert levels.p10 <= levels.p50 < 0


def test_a_truck_seen_first_inside_a_yard_is_promised_nothing(place: Border):
    look(place, waiting=40)
    step(place, 0)
    trip = came(place, 2, through=None)
    place.conn.execute(
        "update visits set seen_inside = true where device_id = %s", [place.device_of(trip)]
    )
    step(place, 5)
    [(n,)] = place.conn.execute("select count(*) from wait_outcomes").fetchall()
    assert n == 0


def test_who_should_be_through_and_still_waits_counts_as_missed_and_not_as_unknown(place: Border):
    look(place, waiting=40)
    step(place, 0)
    came(place, 2, through=None)
    step(place, 5)
    assert record(place, 5) == (0, None)
    step(place, 500)
    assert record(place, 500) == (1, None), "one is too few for a share"


def test_a_record_says_how_many_days_of_the_week_it_knows(place: Border):
    look(place, waiting=40)
    step(place, 0)
    came(place, 2, through=120)
    step(place, 5)
    step(place, 300)
    for days, known in ((1, 1), (3.5, 3), (6.9, 6)):
        found = list_records(place.conn, place.site.id, after(days * 24 * 60))
        assert found["tan_thanh"].days == known


def test_a_share_is_said_of_twenty_trucks_and_only_when_their_time_is_over(place: Border):
    look(place, waiting=40)
    step(place, 0)
    for n in range(20):
        came(place, 1 + n / 10, through=140 + n / 10)
    step(place, 5)
    step(place, 150)
    assert record(place, 150) == (0, None), "the quick ones alone would speak for all"
    [(_, _, p90), *_] = promises(place)
    assert record(place, p90 + 1) == (20, 1.0)
    assert record(place, p90 + 8 * 24 * 60) == (0, None), "of the last week"
    place.conn.execute("delete from wait_outcomes where trip_id = (select max(id) from trips)")
    assert record(place, p90 + 1) == (19, None)


def test_a_cancelled_trip_is_no_miss(place: Border):
    look(place, waiting=40)
    step(place, 0)
    trip = came(place, 2, through=None)
    step(place, 5)
    place.conn.execute(
        "update trips set state = 'cancelled', ended_at = %s where id = %s", [after(30), trip]
    )
    step(place, 400)
    assert record(place, 400) == (0, None)


def test_nothing_is_promised_of_a_gate_nobody_has_looked_at(place: Border):
    step(place, 0)
    assert promises(place) == []


def test_old_promises_are_forgotten(place: Border):
    look(place, waiting=40)
    step(place, 0)
    came(place, 2, through=130)
    step(place, 5)
    drop_before(place.conn, MORNING + timedelta(days=1))
    left = place.conn.execute(
        "select (select count(*) from wait_promises), (select count(*) from wait_outcomes)"
    ).fetchone()
    assert left == (0, 0)
