"""Measures of a day from a handful of trucks whose waits are known."""

from dataclasses import replace

import numpy as np
import pytest

from flowctl.errors import FlowctlError
from simulations.metrics import check, measure
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
    assert measures.minutes.tolist() == list(range(0, 3601, 60))
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
            "gate_at",
            "start_at",
            "clear_at",
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
