"""What is remembered of a track says of late fixes what the whole track says."""

from hypothesis import given, settings
from hypothesis import strategies as st
from test_visit_properties import tracks
from tracked import PARAMS, fix, road, sightings_of

from flowctl.visits.engine import advance
from flowctl.visits.recent import KEPT, Key, Recent, by_key
from flowctl.visits.sight import Rows
from flowctl.visits.track import Sighting, TrackState, Visit


def whole(seen: list[Sighting]) -> tuple[TrackState, dict[Key, Visit]]:
    state, visits = advance(TrackState(), seen, ground=road(), params=PARAMS)
    return state, by_key(visits)


def extended(recent: Recent, seen: list[Sighting], step: int) -> dict[Key, Visit]:
    """Let fixes follow in order, so many at a time, and return all that is said."""
    said: dict[Key, Visit] = {}
    for begin in range(0, len(seen), step):
        part = seen[begin : begin + step]
        said |= by_key(recent.extend(part, ground=road(), params=PARAMS))
    return said


@settings(deadline=None, max_examples=300)
@given(tracks(), st.sets(st.integers(1, 60), max_size=6), st.integers(1, 40))
def test_a_late_fix_among_the_last_ones_changes_what_the_whole_track_says(
    track: list[Rows], numbers: set[int], step: int
):
    seen = sightings_of(track)
    late = [one for number, one in enumerate(seen) if number in numbers]
    in_time = [one for number, one in enumerate(seen) if number not in numbers]
    recent = Recent(TrackState())
    said = extended(recent, in_time, step)
    for one in late:
        kept = recent.state
        if kept.at is not None and one.at > kept.at:
            said |= extended(recent, [one], 1)
            in_time.append(one)
            continue
        retold = recent.insert([one], ground=road(), params=PARAMS)
        if retold is None:
            assert recent.state == kept
            continue
        assert {key: said[key] for key in retold.before} == retold.before
        said = {k: v for k, v in said.items() if k not in retold.before} | retold.after
        in_time = sorted([*in_time, one], key=lambda sighting: sighting.at)
        assert (recent.state, said) == whole(in_time)


def test_as_many_fixes_as_are_kept_need_no_reading():
    seen = sightings_of([fix(30.0 * n, 5.0 * n) for n in range(100)])
    recent = Recent(TrackState())
    extended(recent, seen[:-KEPT] + seen[-KEPT + 1 :], 1)
    assert recent.insert([seen[-KEPT]], ground=road(), params=PARAMS) is not None


def test_a_fix_from_before_what_is_kept_has_to_be_read():
    seen = sightings_of([fix(30.0 * n, 5.0 * n) for n in range(100)])
    recent = Recent(TrackState())
    extended(recent, seen[1:], 1)
    assert recent.insert([seen[0]], ground=road(), params=PARAMS) is None


def test_a_second_source_of_a_moment_has_to_be_read():
    seen = sightings_of([fix(30.0 * n, 5.0 * n) for n in range(10)])
    recent = Recent(TrackState())
    extended(recent, seen, 1)
    assert recent.insert([seen[5]], ground=road(), params=PARAMS) is None


def test_of_a_long_stretch_only_its_end_is_kept():
    seen = sightings_of([fix(30.0 * n, 5.0 * n) for n in range(100)])
    recent = Recent(TrackState())
    said = recent.extend(seen[:40] + seen[41:-2] + seen[-1:], ground=road(), params=PARAMS)
    assert by_key(said) == whole(seen)[1]
    assert recent.insert([seen[40]], ground=road(), params=PARAMS) is None
    assert recent.insert([seen[-2]], ground=road(), params=PARAMS) is not None
    assert recent.state == whole(seen[:40] + seen[41:])[0]
