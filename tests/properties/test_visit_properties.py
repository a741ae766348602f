import random
from itertools import pairwise

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tracked import PARAMS, fix, judged, road, sightings_of, visits_of

from flowctl.visits.anchor import find_anchor, state_after
from flowctl.visits.engine import advance
from flowctl.visits.jumps import is_plausible
from flowctl.visits.sight import Rows
from flowctl.visits.track import SECOND, TrackState, Visit

DAY_S = 86_400
PLACES = (
    -5000.0,
    -400.0,
    -80.0,
    -20.0,
    5.0,
    100.0,
    250.0,
    310.0,
    400.0,
    508.0,
    570.0,
    630.0,
    720.0,
)


@st.composite
def tracks(draw: st.DrawFn) -> list[Rows]:
    """Draw a track along the road and beside it: mostly driving, some jumps, errors, silences."""
    steps = draw(
        st.lists(
            st.tuples(
                st.sampled_from([1, 10, 30, 30, 30, 60, 170, 200, 900, 1300, 7200, 44_000]),
                st.sampled_from([*PLACES, -90_000.0]),
                st.floats(-40, 40),
                st.sampled_from([np.nan, 0.0, 9.0]),
                st.sampled_from([np.nan, np.nan, 10.0, 30.0, 90.0]),
                st.sampled_from([1.0, 1.0, 5000.0]),
                st.integers(1, 5),
            ),
            min_size=1,
            max_size=12,
        )
    )
    at, track = 0, []
    for gap, x, y, speed, accuracy, lag, times in steps:
        at += gap
        for n in range(times):
            place = x + y / 4 + n, y
            track.append(fix(at + 30 * n, *place, speed=speed, accuracy=accuracy, lag=lag))
        at += 30 * (times - 1)
    return track


def told(*parts: list[Rows]) -> tuple[TrackState, dict[tuple[str, int], Visit]]:
    """Judge parts of a track one after the other, the state of each carried to the next."""
    state, found = TrackState(), {}
    for part in parts:
        state, visits = judged(part, state=state)
        found |= {(visit.zone, visit.confirmed_at): visit for visit in visits}
    return state, found


@settings(deadline=None)
@given(tracks(), st.lists(st.integers(0, 40), max_size=4))
def test_where_a_track_is_split_does_not_matter(track: list[Rows], cuts: list[int]):
    edges = [0, *sorted(min(cut, len(track)) for cut in cuts), len(track)]
    parts = [track[since:until] for since, until in pairwise(edges)]
    assert told(*parts) == told(track)


@settings(deadline=None)
@given(tracks(), st.randoms(use_true_random=False))
def test_the_order_and_number_in_which_fixes_come_does_not_matter(
    track: list[Rows], chance: random.Random
):
    shuffled = [*track, *chance.choices(track, k=len(track))]
    chance.shuffle(shuffled)
    assert judged(shuffled) == judged(track)


@settings(deadline=None)
@given(tracks(), st.integers(1, 40))
def test_what_is_judged_from_an_anchor_on_is_what_the_whole_track_says(
    track: list[Rows], most: int
):
    seen = sightings_of(track)
    anchor = find_anchor(seen[:most], PARAMS)
    if anchor is None:
        return
    state, visits = advance(
        state_after(seen[anchor]), seen[anchor + 1 :], ground=road(), params=PARAMS
    )
    whole, every = judged(track)
    assert (state.last, state.suspect, state.zones) == (whole.last, whole.suspect, whole.zones)
    later = [visit for visit in every if visit.confirmed_at > seen[anchor].at]
    assert {v.confirmed_at: v for v in visits} == {v.confirmed_at: v for v in later}
    assert all(v.left_at is not None for v in every if v not in later)


@settings(deadline=None)
@given(tracks())
def test_every_visit_ends_after_it_began(track: list[Rows]):
    for visit in visits_of(track):
        assert visit.entered_at <= visit.confirmed_at
        assert visit.counted_at >= visit.entered_at
        assert visit.left_at is None or visit.left_at > visit.entered_at


@settings(deadline=None)
@given(tracks())
def test_no_two_visits_to_one_zone_overlap(track: list[Rows]):
    visits = visits_of(track)
    for zone in road().roles:
        for earlier, later in pairwise(visit for visit in visits if visit.zone == zone):
            assert earlier.left_at is not None
            assert earlier.left_at <= later.entered_at


@settings(deadline=None)
@given(tracks())
def test_a_visit_rests_on_a_fix_inside_or_on_a_line_across(track: list[Rows]):
    seen = {sighting.at: sighting for sighting in sightings_of(track)}
    for visit in visits_of(track):
        evidence = visit.evidence
        assert evidence.confirming is not None
        assert evidence.confirming.at == visit.confirmed_at
        if visit.crossed:
            assert evidence.before is not None
            assert evidence.before.at < visit.entered_at < visit.confirmed_at
        else:
            assert evidence.first is not None
            assert visit.zone in seen[evidence.first.at].inner
            assert visit.zone in seen[visit.confirmed_at].inner


@given(tracks(), st.data())
@settings(max_examples=100, deadline=None)
def test_a_fix_on_the_way_between_two_that_stand_alike_changes_nothing(
    track: list[Rows], data: st.DataObject
):
    """Between two true fixes with nothing pending, neither of which the line leads out of."""
    seen = sightings_of(track)
    stretches = [n for n in range(1, len(seen)) if _stands_alike(seen[: n + 1])]
    if not stretches:
        return
    n = data.draw(st.sampled_from(stretches))
    one, other = track[n - 1], track[n]
    share = data.draw(st.floats(0.05, 0.95))
    between = one.copy()
    for name in ("lon", "lat", "fixed_at"):
        between[name] = one[name] + share * (other[name] - one[name])
    if between["fixed_at"] in (one["fixed_at"], other["fixed_at"]):
        return
    between["received_at"] = between["fixed_at"] + one["received_at"] - one["fixed_at"]
    facts = [(v.zone, v.entered_at, v.left_at) for v in visits_of(track)]
    more = [(v.zone, v.entered_at, v.left_at) for v in visits_of([*track, between])]
    assert more == facts


def _stands_alike(seen: list) -> bool:  # type: ignore[type-arg]
    """Tell whether the last two sightings are true and nothing was in doubt at either."""
    one, other = seen[-2:]
    before, _ = advance(TrackState(), seen[:-1], ground=road(), params=PARAMS)
    after, _ = advance(TrackState(), seen, ground=road(), params=PARAMS)
    settled = all(
        state.suspect is None
        and all(p.confirming and p.leaving is None for p in state.zones.values())
        for state in (before, after)
    )
    same = (one.inner, one.outer, one.unsure) == (other.inner, other.outer, other.unsure)
    alike = same and not one.unsure and one.outer == one.inner
    crosses = next(road().crossings(one, other, besides=()), None)
    if not one.inner and crosses is None:
        # A yard between them would be touched on the way.
        alike &= not min(one.lon, other.lon) < road().bounds[0][2] or (
            max(one.lon, other.lon) < road().bounds[0][0]
        )
    return (
        settled
        and alike
        and before.last == one
        and after.last == other
        and set(before.zones) == set(after.zones)
        and is_plausible(one, other, PARAMS.jump_mps)
        and (bool(one.inner) or crosses is None)
        and other.at - one.at < PARAMS.parked_silence_s * SECOND
    )


@given(
    st.floats(5, 15),
    st.floats(-60, 60),
    st.sampled_from([5, 30, 60]),
    st.integers(0, 2**32 - 1),
)
@example(15, 0, 30, 1)
@example(15, 15, 30, 1)
@example(15, -8, 30, 2)
@example(15, -15, 30, 1)
@example(15, -20, 30, 3)
@settings(max_examples=25, deadline=None)
def test_a_truck_parked_on_a_fence_for_a_day_is_there_once_at_most(
    noise_m: float, depth_m: float, step_s: int, seed: int
):
    chance = np.random.default_rng(seed)
    east, north = chance.normal(0, noise_m, (2, DAY_S // step_s))
    parked = [fix(step_s * np.arange(len(east)), depth_m + east, north)]
    assert len([visit for visit in visits_of(parked) if visit.zone == "yard"]) <= 1
