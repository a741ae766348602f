from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from flowctl.site import VisitParams
from flowctl.visits.engine import Sighting, TrackState, Visit, advance
from geo.zones import Role

ROLES = {"yard": Role.YARD, "queue": Role.QUEUE, "lane": Role.LANE}
PARAMS = VisitParams()


@st.composite
def tracks(draw: st.DrawFn) -> list[Sighting]:
    """Tracks over three disjoint zones; a fix is inside one, at the edge of one, or nowhere."""
    steps = draw(
        st.lists(
            st.tuples(
                st.integers(1, 900),
                st.sampled_from([None, "yard", "queue", "lane"]),
                st.booleans(),
            ),
            max_size=40,
        )
    )
    at, track = 0.0, []
    for gap, zone, inner in steps:
        at += gap
        here = frozenset() if zone is None else frozenset({zone})
        track.append(Sighting(at, at, here if inner else frozenset(), here))
    return track


def visits_of(*parts: list[Sighting]) -> dict[tuple[str, float], Visit]:
    state, found = TrackState(), {}
    for part in parts:
        state, visits = advance(state, part, roles=ROLES, params=PARAMS)
        found |= {(visit.zone, visit.entered_at): visit for visit in visits}
    return found


@given(tracks(), st.integers(0, 40))
def test_where_a_track_is_split_does_not_matter(track: list[Sighting], cut: int):
    assert visits_of(track[:cut], track[cut:]) == visits_of(track)


@given(tracks())
def test_every_visit_ends_after_it_began(track: list[Sighting]):
    for visit in visits_of(track).values():
        assert visit.entered_at <= visit.confirmed_at
        assert visit.left_at is None or visit.left_at > visit.entered_at


@given(tracks())
def test_no_two_visits_to_one_zone_overlap(track: list[Sighting]):
    for zone in ROLES:
        visits = sorted(
            (visit for visit in visits_of(track).values() if visit.zone == zone),
            key=lambda visit: visit.entered_at,
        )
        for earlier, later in pairwise(visits):
            assert earlier.left_at is not None
            assert earlier.left_at <= later.entered_at


@given(tracks())
def test_a_visit_rests_on_a_fix_inside_the_inner_boundary(track: list[Sighting]):
    for visit in visits_of(track).values():
        assert any(s.at == visit.entered_at and visit.zone in s.inner for s in track)
