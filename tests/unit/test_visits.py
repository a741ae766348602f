import numpy as np
import pytest
from tracked import PARAMS, ZONES, fix, ground_of, judged, seconds, visits_of, zone

from flowctl.visits.revise import Published, reconcile
from flowctl.visits.sight import Rows
from flowctl.visits.track import (
    SECOND,
    Mark,
    Standing,
    TrackState,
    Visit,
    is_moving,
    patience,
    standing,
)
from geo.zones import Role

AWAY, EDGE, INSIDE = -400.0, -20.0, 100.0  # metres along the road; the yard is at 0 to 200


def stay(begin: float, end: float, x: float = INSIDE, step: float = 30.0) -> list[Rows]:
    return [fix(at, x) for at in np.arange(begin, end, step)]


def test_a_truck_that_stays_its_dwell_has_arrived_when_it_crossed_the_boundary():
    [visit] = visits_of([fix(0, AWAY), fix(30, INSIDE), fix(90, INSIDE)])
    assert seconds(visit.entered_at) == pytest.approx(30 * 415 / 500, abs=0.1)
    assert (visit.confirmed_at, visit.received_at) == (90 * SECOND, 91 * SECOND)
    assert (visit.left_at, visit.seen_inside, visit.crossed) == (None, False, False)
    assert visit.evidence.before == Mark(0, 1)
    assert visit.evidence.first == Mark(30 * SECOND, 1)
    assert visit.evidence.confirming == Mark(90 * SECOND, 1)


def test_after_a_silence_a_truck_has_arrived_when_it_was_first_proved_inside():
    moving = visits_of([fix(0, AWAY, speed=9), fix(200, INSIDE), fix(300, INSIDE)])
    parked = visits_of([fix(0, AWAY, speed=0), fix(200, INSIDE), fix(300, INSIDE)])
    assert moving[0].entered_at == 200 * SECOND
    assert parked[0].entered_at < 200 * SECOND


def test_driving_through_a_yard_is_not_a_visit():
    assert visits_of([fix(0, AWAY), fix(30, INSIDE), fix(60, AWAY), fix(90, AWAY)]) == []


def test_one_of_three_fixes_astray_does_not_undo_an_arrival():
    [visit] = visits_of([fix(0, AWAY), fix(30, INSIDE), fix(60, AWAY), fix(90, INSIDE)])
    assert visit.evidence.first == Mark(30 * SECOND, 1)


def test_jitter_on_the_fence_is_not_a_visit():
    assert visits_of([fix(30 * i, EDGE if i % 2 else AWAY) for i in range(200)]) == []


def test_jitter_on_the_fence_does_not_end_a_visit():
    track = [fix(0, AWAY), *stay(30, 120)]
    track += [fix(120 + 30 * i, EDGE if i % 2 else INSIDE) for i in range(200)]
    [visit] = visits_of(track)
    assert visit.left_at is None


def test_one_stray_fix_outside_does_not_end_a_visit():
    track = [*stay(0, 120), fix(120, AWAY), fix(150, INSIDE)]
    [visit] = visits_of(track)
    assert visit.left_at is None


def test_a_few_fixes_just_outside_do_not_end_a_visit_and_more_of_them_do():
    near = [fix(120 + 30 * i, -35) for i in range(8)]
    [visit] = visits_of([*stay(0, 120, 20), *near[:7]])
    assert visit.left_at is None
    [visit] = visits_of([*stay(0, 120, 20), *near])
    assert visit.left_at is not None


def test_a_visit_ends_when_the_truck_crossed_the_outer_boundary():
    [visit] = visits_of([*stay(0, 120), fix(120, AWAY), fix(150, AWAY)])
    assert seconds(visit.left_at) == pytest.approx(90 + 30 * 130 / 500, abs=0.1)
    assert visit.evidence.within == Mark(90 * SECOND, 1)
    assert visit.evidence.outside == Mark(120 * SECOND, 1)
    assert visit.exit_gap_us == 30 * SECOND


def test_a_truck_that_left_in_silence_was_there_while_silence_says_nothing():
    gone = [fix(5000 + 30 * i, AWAY) for i in range(3)]
    [visit] = visits_of([*stay(0, 120), *gone])
    assert visit.left_at == (90 + 1200) * SECOND
    assert visit.exit_gap_us == (5000 - 90) * SECOND


def test_being_well_inside_another_place_ends_a_visit_at_once():
    yard, queue = visits_of([fix(-30, AWAY), *stay(0, 120), fix(120, 400)])
    assert (yard.zone, queue.zone) == ("yard", "queue")
    assert seconds(yard.left_at) == pytest.approx(90 + 30 * 130 / 300, abs=0.1)
    assert seconds(queue.entered_at) == pytest.approx(90 + 30 * 215 / 300, abs=0.2)
    assert (queue.confirmed_at, queue.left_at) == (120 * SECOND, None)


def test_a_truck_first_seen_inside_is_marked_as_such():
    [visit] = visits_of([fix(0, INSIDE), fix(90, INSIDE)])
    assert visit.seen_inside
    [visit] = visits_of([fix(0, AWAY), fix(9 * 86_400, INSIDE), fix(9 * 86_400 + 90, INSIDE)])
    assert visit.seen_inside


def test_a_tracker_off_on_the_road_for_a_day_still_arrives():
    [visit] = visits_of([fix(0, AWAY), fix(86_400, INSIDE), fix(86_490, INSIDE)])
    assert (visit.seen_inside, visit.entered_at) == (False, 86_400 * SECOND)


def test_a_silence_inside_is_recorded_and_forgotten_only_after_half_a_day():
    [visit] = visits_of([fix(-60, AWAY), *stay(0, 120), fix(7290, INSIDE)])
    assert (visit.left_at, visit.silent_us) == (None, 7200 * SECOND)
    before, after = visits_of([fix(-60, AWAY), *stay(0, 120), *stay(50_000, 50_120)])
    assert before.left_at == (90 + 1200) * SECOND
    assert (after.entered_at, after.seen_inside) == (50_000 * SECOND, True)


def test_a_lane_between_two_fixes_is_crossed_at_interpolated_moments():
    queue, lane = visits_of([fix(0, 480, speed=9), fix(30, 630, speed=9)])
    assert (queue.zone, lane.zone, lane.crossed) == ("queue", "lane", True)
    assert lane.entered_at < queue.confirmed_at + 30 * SECOND
    assert seconds(lane.entered_at) == pytest.approx(30 * 55 / 150, abs=1.5)
    assert lane.evidence.first is None


def test_a_line_across_the_corner_of_a_lane_is_no_visit():
    track = [fix(0, 600, 55, speed=9), fix(20, 650, -45, speed=9)]
    assert [visit.zone for visit in visits_of(track) if visit.crossed] == []


def test_a_fix_nothing_confirms_is_an_error():
    track = [fix(0, AWAY), fix(30, 9000), fix(60, AWAY), fix(90, INSIDE), fix(150, INSIDE)]
    state, [visit] = judged(track)
    assert state.outliers == 1
    assert visit == visits_of([one for one in track if one["fixed_at"] != 30 * SECOND])[0]


def test_a_truck_that_woke_up_elsewhere_is_there():
    track = [fix(0, -90_000), fix(30, INSIDE), fix(60, INSIDE), fix(90, INSIDE)]
    [visit] = visits_of(track)
    assert (visit.entered_at, visit.seen_inside) == (30 * SECOND, False)


def test_the_newest_fix_of_a_jump_says_nothing_until_the_next():
    state, visits = judged([fix(0, -90_000), fix(30, 400)])
    assert visits == []
    assert state.suspect is not None
    _, [visit] = judged([fix(60, 410)], state=state)
    assert visit.entered_at == 30 * SECOND


def test_an_inaccurate_fix_must_lie_deeper_or_further_away():
    shallow, deep = 30.0, 100.0  # twice as inaccurate: 30 m deep, or 60 m away
    assert visits_of([fix(0, AWAY), *[fix(30 * i, 20, accuracy=30) for i in range(1, 9)]]) == []
    [_] = visits_of([fix(0, AWAY), *[fix(30 * i, shallow + 1, accuracy=30) for i in range(1, 9)]])
    vague = [fix(120 + 30 * i, -50, accuracy=30) for i in range(9)]
    [visit] = visits_of([*stay(0, 120, deep), *vague])
    assert visit.left_at is None
    away = [fix(120 + 30 * i, -61, accuracy=30) for i in range(9)]
    [visit] = visits_of([*stay(0, 120, deep), *away])
    assert visit.left_at is not None


def test_the_version_of_a_zone_valid_at_a_fix_decides():
    ground = ground_of(
        [
            zone("yard", Role.YARD, 0, 200, 100, (None, 600)),
            zone("yard", Role.YARD, 1000, 1200, 100, (600, None)),
        ]
    )
    track = [fix(0, AWAY), *stay(30, 900)]
    [visit] = visits_of(track, ground)
    assert visit.left_at == 600 * SECOND
    [visit] = visits_of([fix(0, AWAY), *stay(30, 900, 1100)], ground)
    assert visit.entered_at == 600 * SECOND


def test_a_visit_ends_with_its_zone():
    ground = ground_of([zone("yard", Role.YARD, 0, 200, 100, (None, 600))])
    [visit] = visits_of([fix(0, AWAY), *stay(30, 900)], ground)
    assert visit.left_at == 600 * SECOND


def test_of_two_sources_at_one_moment_the_more_accurate_counts():
    base = [fix(0, AWAY), fix(30, INSIDE), fix(90, INSIDE)]
    doubled = [*base, fix(90, AWAY, source=2, accuracy=40), fix(30, 90, source=2)]
    doubled[2] = fix(90, INSIDE, accuracy=5)
    assert [v.confirmed_at for v in visits_of(doubled)] == [90 * SECOND]
    assert visits_of(doubled)[0].evidence.first == Mark(30 * SECOND, 1)


def test_a_track_of_one_fix_is_no_visit_to_a_yard_but_a_presence_in_a_lane():
    assert visits_of([fix(0, INSIDE)]) == []
    [visit] = visits_of([fix(0, 570)])
    assert (visit.zone, visit.seen_inside) == ("lane", True)


def test_the_state_carries_a_visit_over_a_restart():
    state, [begun] = judged([fix(0, AWAY), fix(30, INSIDE), fix(90, INSIDE)])
    _, [visit] = judged([fix(100 + 30 * i, AWAY) for i in range(3)], state=state)
    assert visit.entered_at == begun.entered_at
    assert visit.left_at is not None


def test_what_was_proved_in_time_counts_from_its_moment():
    [visit] = visits_of([fix(0, AWAY), fix(30, INSIDE), fix(90, INSIDE)])
    assert visit.counted_at == visit.entered_at


def test_fixes_dated_back_count_from_their_reception():
    late = [fix(30 * i, INSIDE if i else AWAY, lag=10_800 - 30 * i) for i in range(6)]
    [visit] = visits_of(late)
    assert seconds(visit.entered_at) == pytest.approx(24.9, abs=0.1)
    assert visit.counted_at == 10_800 * SECOND
    [visit] = visits_of([*late, fix(9000, INSIDE, lag=1)])
    assert visit.counted_at == 9000 * SECOND  # a truthful fix says that it was there by then


def test_a_timely_confirmation_does_not_prove_a_beginning_dated_back():
    [visit] = visits_of([fix(0, AWAY), fix(30, INSIDE, lag=10_000), fix(9000, INSIDE)])
    assert visit.counted_at == 9000 * SECOND


def test_late_fixes_of_an_honest_truck_take_nothing_from_it():
    honest = [fix(600, AWAY), fix(630, INSIDE), fix(690, INSIDE)]
    [before] = visits_of(honest)
    [after] = visits_of([*honest, *[fix(60 * i, INSIDE, lag=7200) for i in range(1, 8)]])
    assert after.entered_at < before.entered_at
    assert after.counted_at <= before.confirmed_at


def test_what_is_known_of_a_stay_ends_with_silence():
    def known(now: float, *, moving: bool, left: bool = False) -> Standing:
        at = round(now * SECOND)
        return standing(left=left, last_at=0, moving=moving, now=at, params=PARAMS)

    assert known(100, moving=True) is Standing.IN
    assert known(200, moving=True) is Standing.UNKNOWN
    assert known(200, moving=False) is Standing.IN
    assert known(1300, moving=False) is Standing.UNKNOWN
    assert known(1300, moving=False, left=True) is Standing.LEFT
    assert is_moving(2.0, None, PARAMS)
    assert is_moving(None, True, PARAMS)
    assert not is_moving(None, None, PARAMS)
    assert not is_moving(0.5, True, PARAMS)
    assert patience(True, PARAMS) == 180 * SECOND


def visit_from(entered: int, left: int | None = None) -> Visit:
    return Visit("yard", entered, entered + 60, entered + 61, entered, left_at=left)


def published(visit: Visit) -> Published:
    [known] = reconcile([], [visit]).upserts
    return known


def test_a_revised_visit_keeps_its_identity_and_what_was_said_of_it():
    former = published(visit_from(30))
    revision = reconcile([former], [visit_from(20)])
    [revised] = revision.upserts
    assert (revised.id, revised.visit.entered_at, revised.former) == (former.id, 20, former.visit)
    assert revised.is_revised
    assert revision.withdrawn == ()


def test_that_a_visit_ends_is_no_revision_and_that_it_ended_otherwise_is_one():
    [ended] = reconcile([published(visit_from(30))], [visit_from(30, 500)]).upserts
    assert not ended.is_revised
    [again] = reconcile([ended], [visit_from(30, 600)]).upserts
    assert again.is_revised


def test_a_visit_that_late_fixes_disprove_is_withdrawn():
    former = published(visit_from(30))
    assert reconcile([former], []).withdrawn == (former,)


def test_an_unchanged_visit_is_not_written_again():
    former = published(visit_from(30))
    assert reconcile([former], [visit_from(30)]).upserts == ()


def test_a_device_without_fixes_has_no_state():
    assert TrackState().at is None
    assert {one.id for one in ZONES} == {"yard", "queue", "lane", "beyond"}
