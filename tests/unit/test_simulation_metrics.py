"""Measures of a day from a handful of trucks whose waits are known."""

from dataclasses import replace

import numpy as np
import pytest

from flowctl.errors import FlowctlError
from simulations.measures_laws import check
from simulations.measures_passed import gini, passed_by
from simulations.metrics import UNITS, WAIT_EDGES_MIN, measure
from simulations.records import Records

NO = float("nan")


def minutes(*values: float) -> np.ndarray:
    return np.array(values) * 60.0


def records(**changes: object) -> Records:
    """Return two exports and an import at a gate of one place; the last export never starts."""
    day = Records(
        starts=0.0,
        ends=3600.0,
        gates=("north",),
        places=(1,),
        losses=((),),
        windows=(((600.0, 3600.0),),),
        gate=np.array([0, 0, 0]),
        is_import=np.array([False, False, True]),
        yard_at=minutes(0, 5, NO),
        ready_at=minutes(0, 15, 12),
        released_at=minutes(8, 20, NO),
        ignored_at=minutes(NO, NO, NO),
        left_at=minutes(9, 25, NO),
        gate_at=minutes(10, 30, 12),
        start_at=minutes(10, NO, 25),
        clear_at=minutes(22, NO, NO),
        yards=("yard",),
        yard=np.array([0, 0, -1]),
        cargoes=("normal",),
        cargo=np.array([0, 0, 0]),
        turned_at=minutes(NO, NO, NO),
        slot_at=minutes(NO, NO, NO),
        messages=np.array([1, 1, 0]),
    )
    return replace(day, **changes)


def test_waits_are_cut_at_the_end_of_the_day():
    measures = measure(records())
    assert measures.gate_wait_mean_s == (0 + 30 * 60) / 2
    assert measures.gate_wait_p95_s == pytest.approx(0.95 * 30 * 60)
    assert measures.total_wait_mean_s == (10 * 60 + 45 * 60) / 2


def test_series_count_exports_per_minute():
    measures = measure(records())
    assert measures.grid.tolist() == list(range(0, 3601, 60))
    queue, waiting = measures.queue["north"], measures.waiting["north"]
    assert (queue[29], queue[30], queue[60]) == (0, 1, 1)
    assert (waiting[0], waiting[5], waiting[9], waiting[10], waiting[60]) == (1, 2, 2, 1, 1)


def test_trucks_are_counted_by_gate_and_direction():
    measures = measure(records())
    assert measures.cleared == {"north": {"export": 1, "import": 0}}
    assert measures.waiting_at_end == {"north": 1}
    assert measures.queue_max == 1


def test_a_place_starves_while_it_is_empty_open_and_a_truck_is_held():
    # Ready at 15 and let go at 20, the place empty from 22: never starved; held until 24: 2 min.
    assert measure(records()).starved_place_min == {"north": 0.0}
    held = records(released_at=minutes(8, 24, NO))
    assert measure(held).starved_place_min == {"north": 2.0}
    lost = replace(held, losses=(((23 * 60.0, 3600.0, 0),),))
    assert measure(lost).starved_place_min == {"north": 1.0}


def test_a_day_without_trucks_has_no_waits():
    empty = {
        key: getattr(records(), key)[:0]
        for key in (
            "gate",
            "is_import",
            "yard_at",
            "ready_at",
            "released_at",
            "ignored_at",
            "left_at",
            "gate_at",
            "start_at",
            "clear_at",
            "yard",
            "cargo",
            "turned_at",
            "slot_at",
            "messages",
        )
    }
    measures = measure(records(**empty))
    assert measures.gate_wait_mean_s is None
    assert measures.total_wait_mean_s is None
    assert measures.queue_max == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ready_at": minutes(0, 3, 12)}, "ready before its yard"),
        ({"gate_at": minutes(7, 30, 12)}, "at the gate before it was released"),
        ({"released_at": minutes(8, NO, NO)}, "at the gate before it was released"),
        ({"start_at": minutes(9, NO, 25)}, "screened before it was at the gate"),
        ({"clear_at": minutes(9, NO, NO)}, "cleared before it was screened"),
        ({"start_at": minutes(10, NO, 15)}, "2 trucks were screened at 1 places"),
        (
            {"is_import": np.array([False, False, False]), "released_at": minutes(8, 20, 11)}
            | {"yard_at": minutes(0, 5, 0), "gate_at": minutes(10, 24, 26)}
            | {"start_at": minutes(10, 40, 26), "clear_at": minutes(22, NO, 38)},
            "overtook",
        ),
    ],
)
def test_records_that_cannot_be_true_are_refused(changes: dict[str, object], words: str):
    with pytest.raises(FlowctlError, match=words):
        check(records(**changes))


def test_true_records_pass():
    check(records())


def test_littles_law_notices_a_truck_that_is_counted_but_not_in_time():
    # A truck that reaches the queue after the day's end waits a negative time.
    with pytest.raises(FlowctlError, match="Little's law"):
        check(records(gate_at=minutes(10, 70, 12)))


def test_quantiles_lie_between_the_two_nearest_waits():
    figures = measure(records()).scalars
    assert figures["total_wait_p50_s"] == pytest.approx((10 * 60 + 45 * 60) / 2)
    assert figures["total_wait_p90_s"] == pytest.approx(60 * (10 + 0.9 * 35))
    assert list(figures) == list(UNITS)


def test_waits_are_told_apart_by_cargo_and_imports_have_their_own():
    day = records(cargoes=("normal", "reefer"), cargo=np.array([0, 1, 0]))
    measures = measure(day, reefer_day_vnd=700_000)
    assert measures.classes["normal"]["total_wait_mean_s"] == 10 * 60
    assert measures.classes["reefer"]["total_wait_mean_s"] == 45 * 60
    assert measures.scalars["import_wait_mean_s"] == 13 * 60
    assert measures.scalars["waiting_cost_vnd"] == pytest.approx(45 / 1440 * 700_000)
    assert measure(day).scalars["waiting_cost_vnd"] is None  # nobody said what a day costs


def test_use_is_screening_time_over_staffed_opening_hours():
    # Open from 10 to 60, screening 10-22 and 25-60: 47 of 50 place-minutes.
    assert measure(records()).utilisation == {"north": pytest.approx(47 / 50)}
    lost = records(losses=(((40 * 60.0, 50 * 60.0, 0),),))
    assert measure(lost).scalars["utilisation"] == pytest.approx(47 / 40)
    assert measure(records(windows=((),))).utilisation == {"north": None}


def test_a_yard_holds_who_came_and_has_not_left():
    occupancy = measure(records()).occupancy["yard"]
    assert [int(occupancy[at]) for at in (0, 5, 8, 9, 24, 25)] == [1, 2, 2, 1, 1, 0]


def test_who_goes_home_waits_no_longer_and_is_counted():
    home = records(turned_at=minutes(NO, 50, NO))
    measures = measure(home)
    assert measures.scalars["turned_back"] == 1
    assert measures.gate_wait_mean_s == (0 + 20 * 60) / 2
    assert measures.waiting_at_end == {"north": 0}
    assert (measures.queue["north"][49], measures.queue["north"][50]) == (1, 0)
    with pytest.raises(FlowctlError, match="went home and was screened"):
        measure(records(turned_at=minutes(22, NO, NO)))


def test_a_senior_that_is_ready_is_passed_by_the_junior_that_leaves_first():
    # The first came at 0 and is ready from 0, the second came at 5.
    late = records(released_at=minutes(26, 20, NO), gate_at=minutes(NO, 30, 12))
    late = replace(late, start_at=minutes(NO, NO, 25), clear_at=minutes(NO, NO, NO))
    figures = measure(late).scalars
    assert (figures["overtakes"], figures["passed_share"], figures["passed_most"]) == (1, 0.5, 1)
    assert measure(replace(late, ready_at=minutes(21, 15, 12))).scalars["overtakes"] == 0
    assert measure(replace(late, released_at=minutes(20, 20, NO))).scalars["overtakes"] == 0
    stays = replace(late, released_at=minutes(NO, 20, NO))
    assert measure(stays).scalars["overtakes"] == 1
    gone = replace(stays, turned_at=minutes(19, NO, NO))
    assert measure(gone).scalars["overtakes"] == 0


def test_who_entered_at_one_moment_passes_nobody_of_them():
    # The second goes at 20, before both others; only the third came before it.
    day = records(
        is_import=np.array([False, False, False]),
        **{key: minutes(NO, NO, NO) for key in ("left_at", "gate_at", "start_at", "clear_at")},
        yard_at=minutes(5, 5, 0),
        ready_at=minutes(10, 10, 10),
        released_at=minutes(30, 20, 25),
    )
    assert passed_by(day).tolist() == [0, 0, 1]
    alike = replace(day, yard_at=minutes(0, 0, 0))
    assert measure(alike).scalars["overtakes"] == 0
    assert measure(alike).scalars["passed_most"] == 0


def test_overtakes_of_many_trucks_are_those_a_count_of_all_pairs_finds():
    rng, count = np.random.default_rng(3), 80
    came = np.sort(rng.integers(0, 40, count)) * 60.0
    ready = came + rng.integers(0, 20, count) * 60.0
    told = ready + rng.integers(0, 30, count) * 60.0
    told[rng.random(count) < 0.3] = NO
    none = np.full(count, NO)
    day = records(
        **dict.fromkeys(("ignored_at", "gate_at", "start_at", "clear_at", "slot_at"), none),
        yard_at=came,
        ready_at=ready,
        released_at=told,
        left_at=told,
        turned_at=np.where(np.isnan(told) & (rng.random(count) < 0.5), ready + 900.0, NO),
        gate=np.zeros(count, np.int64),
        is_import=np.zeros(count, np.bool_),
        yard=np.zeros(count, np.int64),
        cargo=np.zeros(count, np.int64),
        messages=np.zeros(count, np.int64),
    )
    stands_until = np.where(np.isnan(told), np.inf, told)
    stands_until = np.where(np.isnan(day.turned_at), stands_until, day.turned_at)
    expected = [
        sum(ready[s] <= told[j] < stands_until[s] for j in range(count) if came[j] > came[s])
        for s in range(count)
    ]
    assert passed_by(day).tolist() == expected
    assert sum(expected) > 100


def test_evenness_of_waits_is_ginis():
    assert gini(np.array([5.0, 5.0, 5.0])) == 0
    assert gini(np.array([0.0, 0.0, 0.0, 8.0])) == pytest.approx(0.75)
    assert gini(np.array([0.0, 0.0])) is None


def test_what_came_in_the_warm_up_does_not_count():
    measures = measure(records(), warm_up_s=20 * 60)
    assert measures.gate_wait_mean_s == 30 * 60
    assert measures.total_wait_mean_s is None
    assert measures.cleared == {"north": {"export": 1, "import": 0}}
    assert measures.utilisation["north"] == pytest.approx((2 + 35) / 40)
    assert len(measures.queue["north"]) == 61  # the series show it all the same


def test_no_shows_and_words_to_drivers_are_counted():
    figures = measure(records(ignored_at=minutes(NO, 17, NO), messages=np.array([1, 2, 0]))).scalars
    assert (figures["no_shows"], figures["messages"]) == (1, 3)


def test_every_wait_falls_into_a_bin_however_long():
    measures = measure(records())
    assert len(measures.gate_waits) == len(WAIT_EDGES_MIN) - 1
    assert np.flatnonzero(measures.gate_waits).tolist() == [0, 15]  # none, and half an hour
    assert measures.total_waits.sum() == 2
    assert measure(records(ends=4 * 86_400.0)).gate_waits[-1] == 1
