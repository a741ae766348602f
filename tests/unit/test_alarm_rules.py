"""Alarms from hand-made series: what wavers is one episode, one odd look is none."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from border import after

from flowctl.alarm_limits import AlarmParams
from flowctl.alarms.alerts import Alert, Kind, Point, Severity, about_place, about_trip
from flowctl.alarms.calls import CallUp, unfollowed
from flowctl.alarms.places import (
    GateNow,
    QueueLooks,
    YardLoad,
    full_yards,
    growing_queues,
    slow_gates,
)
from flowctl.alarms.route import Journey, strayed
from flowctl.alarms.silence import (
    POSITIONS,
    Watched,
    late_positions,
    late_processes,
    silences,
)
from flowctl.traffic.collapse import GateMode

LIMITS = AlarmParams()
NOW = after(60)


def episodes(found: Sequence[bool]) -> int:
    return sum(now and not before for before, now in zip((False, *found), found, strict=False))


def test_a_yard_that_wavers_round_its_limit_is_one_episode():
    standing: set[str] = set()
    raised = []
    for inside in (80, 89, 90, 89, 91, 88, 90, 86, 90, 85, 84, 86, 89):
        found = full_yards([YardLoad("yard", inside, 100)], standing, LIMITS, NOW)
        standing = {one.subject for one in found}
        raised.append(bool(found))
    assert episodes(raised) == 1
    assert raised[2]
    assert not raised[-1]


def test_a_full_yard_weighs_more_than_one_that_is_nearly_full():
    nearly, full = full_yards(
        [YardLoad("a", 95, 100), YardLoad("b", 101, 100), YardLoad("c", 5, 0)], (), LIMITS, NOW
    )
    assert (nearly.severity, full.severity) == (Severity.MEDIUM, Severity.HIGH)
    assert full.evidence == {"yard": "b", "inside": 101, "capacity": 100}


def looks(trucks: Sequence[int]) -> QueueLooks:
    return QueueLooks("gate", tuple(60.0 * n for n in range(len(trucks))), tuple(trucks))


def queue_alarms(trucks: Sequence[int], standing: Sequence[str] = ()) -> list[Alert]:
    return growing_queues([looks(trucks)], standing, LIMITS, NOW)


def test_a_queue_that_grows_look_by_look_raises_an_alarm_with_its_pace():
    [alarm] = queue_alarms([10 + n // 2 for n in range(30)])
    assert (alarm.kind, alarm.place) == (Kind.QUEUE_GROWING, "gate")
    assert alarm.evidence == {"gate": "gate", "trucks": 23, "per_h": 30, "over_s": 1740}


def test_looks_that_miss_the_tail_neither_hide_growth_nor_make_any():
    rng = np.random.default_rng(7)
    odd = rng.random(30) < 0.2
    growing = [3 if miss else 10 + n // 2 for n, miss in enumerate(odd)]
    steady = [45 if miss else 20 for miss in odd]
    assert len(queue_alarms(growing)) == 1
    assert queue_alarms(steady) == []


def test_a_queue_that_jitters_without_a_trend_raises_nothing():
    rng = np.random.default_rng(1)
    raised = [bool(queue_alarms((20 + rng.integers(-4, 5, 30)).tolist())) for _ in range(200)]
    assert sum(raised) <= 2


def test_a_short_queue_may_grow_as_it_likes():
    assert queue_alarms([n // 4 for n in range(30)]) == []


def test_a_growing_queue_is_over_only_once_it_grows_far_more_slowly():
    slower = [20 + n // 10 for n in range(30)]
    assert queue_alarms(slower) == []
    assert len(queue_alarms(slower, [about_place("gate")])) == 1
    assert queue_alarms([20] * 30, [about_place("gate")]) == []


def test_a_stopped_gate_weighs_more_than_a_slow_one_and_a_usual_one_nothing():
    gates = [
        GateNow("a", GateMode.REDUCED, after(30), 11.6),
        GateNow("b", GateMode.STOPPED, after(40), 0.4),
        GateNow("c", GateMode.NORMAL, None, 20.0),
        GateNow("d", GateMode.RECOVERING, after(50), 18.0),
    ]
    slow, still = slow_gates(gates, NOW)
    assert (slow.place, slow.severity, slow.at) == ("a", Severity.MEDIUM, after(30))
    assert (still.place, still.severity) == ("b", Severity.HIGH)


def call(
    called: float = 40.0,
    *,
    ended: str | None = None,
    yard: str | None = "yard",
    seen: float | None = 59.0,
) -> CallUp:
    return CallUp(
        7,
        "gate",
        after(called),
        after(called + 60),
        ended,
        yard,
        None if seen is None else after(seen),
    )


def kinds(calls: Sequence[CallUp]) -> list[Kind]:
    return [one.kind for one in unfollowed(calls, LIMITS, NOW)]


def test_a_truck_that_stays_after_its_call_is_told_of_before_its_place_is_lost():
    assert kinds([call()]) == [Kind.NOT_FOLLOWED]
    assert kinds([call(50)]) == []
    assert kinds([call(yard=None)]) == []


def test_a_tracker_silent_since_the_call_accuses_nobody():
    assert kinds([call(seen=41)]) == kinds([call(seen=None)]) == []


def test_a_missed_call_is_shown_for_a_while_and_a_new_one_is_another_episode():
    assert kinds([call(ended="no_show")]) == [Kind.ABSENT]
    assert kinds([call(ended="release_expired", yard=None)]) == [Kind.NOT_FOLLOWED]
    assert kinds([call(-180, ended="no_show")]) == []
    assert kinds([call(ended="closure")]) == []
    first, second = unfollowed([call(30), call(40)], LIMITS, NOW)
    assert first.subject != second.subject


def truck(trip: int, silent_min: float, yard: str | None = "yard") -> Watched:
    gate = None if yard else "gate"
    return Watched(trip, NOW - timedelta(minutes=silent_min), yard, gate, f"tracker-{trip}")


def test_a_parked_tracker_may_pause_for_its_quarter_hours_and_a_called_one_may_not():
    loud = [truck(1, 50), truck(2, 14, yard=None)]
    assert silences(loud, (), LIMITS, NOW) == []
    parked, called = silences([truck(1, 61), truck(2, 16, yard=None)], (), LIMITS, NOW)
    assert (parked.severity, parked.place) == (Severity.LOW, "yard")
    assert (called.severity, called.place) == (Severity.MEDIUM, "gate")


def test_a_silent_truck_is_heard_again_only_by_a_fix_that_is_fresh():
    standing = {about_trip(1)}
    assert len(silences([truck(1, 40)], standing, LIMITS, NOW)) == 1
    assert silences([truck(1, 20)], standing, LIMITS, NOW) == []


def test_where_a_line_fails_there_is_one_alarm_and_not_one_a_truck():
    many = [truck(n, 70 if n < 15 else 5) for n in range(40)]
    [line] = silences(many, (), LIMITS, NOW)
    assert (line.kind, line.severity) == (Kind.POSITIONS_LATE, Severity.HIGH)
    assert line.evidence == {"how": "many", "trucks": 15, "of": 40}
    fewer = [truck(n, 70 if n < 8 else 5) for n in range(40)]
    assert len(silences(fewer, (), LIMITS, NOW)) == 8
    assert [one.kind for one in silences(fewer, {POSITIONS}, LIMITS, NOW)] == [line.kind]


def test_no_position_of_anybody_is_the_lines_fault_where_many_were_heard():
    late = NOW - timedelta(minutes=6)
    assert [one.subject for one in late_positions(late, 200, LIMITS, NOW)] == [POSITIONS]
    assert late_positions(late, 5, LIMITS, NOW) == []
    assert late_positions(NOW - timedelta(minutes=4), 200, LIMITS, NOW) == []
    assert late_positions(None, 0, LIMITS, NOW) == []


def test_a_process_that_stands_still_is_told_of_and_one_long_gone_is_not():
    silent_s = {"controller": 300.0, "ingest": 2.0, "listen mqtt": 5 * 86_400.0}
    [late] = late_processes(silent_s, LIMITS, NOW)
    assert late.evidence == {"process": "controller", "silent_s": 300}


def journey(
    off_m: Sequence[float], *, called: bool = True, left_m: Sequence[float] | None = None
) -> Journey:
    points = tuple(Point(after(n), 106.7, 21.9, "tracker") for n in range(len(off_m)))
    left = np.array([1000.0] * len(off_m) if left_m is None else left_m)
    place = "gate" if called else "yard"
    return Journey(7, place, called, "tracker", points, np.array(off_m), left)


def astray(one: Journey, standing: Sequence[str] = ()) -> list[Alert]:
    return strayed([one], standing, LIMITS)


def test_a_called_truck_that_stays_off_every_road_to_its_gate_has_strayed():
    [alarm] = astray(journey([200, 700, 1200, 1500, 2000, 2500, 3000, 3300]))
    assert (alarm.at, alarm.severity) == (after(2), Severity.HIGH)
    assert alarm.evidence["away_m"] == 3300
    assert len(alarm.points) == 6


def test_roads_drawn_by_hand_and_errors_of_position_are_no_straying():
    assert astray(journey([700, 690, 650, 700, 710, 640, 700, 720])) == []
    assert astray(journey([300, 1500, 300, 1500, 300, 1500, 300])) == []
    assert astray(journey([300, 1200, 1300, 1400])) == []


def test_a_strayed_truck_is_back_only_near_its_road():
    back = [1500, 1400, 1200, 950, 900, 850, 900, 950]
    assert astray(journey(back)) == []
    assert len(astray(journey(back), [about_trip(7)])) == 1
    assert astray(journey([*back, 500]), [about_trip(7)]) == []


def test_a_truck_on_a_corridor_strays_only_by_leaving_it_away_from_its_yard():
    off = [100, 100, 2500, 3000, 4000, 5000, 6000, 7000]
    away, nearer = [5000 + 500 * n for n in range(8)], [9000 - 500 * n for n in range(8)]
    assert len(astray(journey(off, called=False, left_m=away))) == 1
    assert astray(journey(off, called=False, left_m=nearer)) == []
    assert astray(journey([3000] * 8, called=False, left_m=away)) == []
