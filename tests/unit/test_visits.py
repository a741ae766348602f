from flowctl.site import VisitParams
from flowctl.visits.engine import Sighting, TrackState, Visit, advance, state_at
from flowctl.visits.revise import Published, identify, reconcile
from geo.zones import Role

PARAMS = VisitParams(inner_m=15, outer_m=30, dwell_s=60, exit_dwell_s=30)
ROLES = {"yard": Role.YARD, "queue": Role.QUEUE, "lane": Role.LANE}
INSIDE, EDGE, OUTSIDE = ("yard", "yard"), (None, "yard"), (None, None)


def sighting(at: float, inner: str | None, outer: str | None) -> Sighting:
    return Sighting(
        at,
        at + 1,
        frozenset() if inner is None else frozenset({inner}),
        frozenset() if outer is None else frozenset({outer}),
    )


def visits_of(*track: tuple[float, tuple[str | None, str | None]]) -> list[Visit]:
    _, visits = advance(
        TrackState(), [sighting(at, *where) for at, where in track], roles=ROLES, params=PARAMS
    )
    return visits


def test_a_truck_that_stays_its_dwell_has_arrived_when_it_came():
    [visit] = visits_of((0, OUTSIDE), (30, INSIDE), (90, INSIDE))
    assert (visit.entered_at, visit.confirmed_at, visit.left_at) == (30, 90, None)
    assert visit.received_at == 91
    assert not visit.seen_inside


def test_driving_through_a_yard_is_not_a_visit():
    assert visits_of((0, OUTSIDE), (30, INSIDE), (60, OUTSIDE)) == []


def test_jitter_on_the_fence_is_not_a_visit():
    track = [(30.0 * i, EDGE if i % 2 else OUTSIDE) for i in range(200)]
    assert visits_of(*track) == []


def test_jitter_on_the_fence_does_not_end_a_visit():
    track = [(0.0, OUTSIDE), (30.0, INSIDE), (90.0, INSIDE)]
    track += [(120.0 + 30 * i, EDGE if i % 2 else INSIDE) for i in range(200)]
    [visit] = visits_of(*track)
    assert visit.left_at is None


def test_one_stray_fix_outside_does_not_end_a_visit():
    [visit] = visits_of((0, OUTSIDE), (30, INSIDE), (90, INSIDE), (100, OUTSIDE), (110, INSIDE))
    assert visit.left_at is None


def test_a_visit_ends_when_the_truck_was_first_outside():
    *_, visit = visits_of(
        (0, OUTSIDE), (30, INSIDE), (90, INSIDE), (1000, OUTSIDE), (1030, OUTSIDE)
    )
    assert visit.left_at == 1000


def test_being_well_inside_another_zone_ends_a_visit_at_once():
    visits = visits_of((0, OUTSIDE), (30, INSIDE), (90, INSIDE), (500, ("queue", "queue")))
    assert [(v.zone, v.left_at) for v in visits] == [("yard", 500), ("queue", None)]


def test_one_fix_well_inside_a_queue_is_enough():
    [visit] = visits_of((0, OUTSIDE), (30, ("queue", "queue")))
    assert visit.confirmed_at == 30


def test_a_truck_first_seen_inside_is_marked_as_such():
    [visit] = visits_of((0, INSIDE), (90, INSIDE))
    assert visit.seen_inside


def test_the_state_carries_a_visit_over_a_restart():
    state, _ = advance(
        TrackState(),
        [sighting(0, None, None), sighting(30, "yard", "yard"), sighting(90, "yard", "yard")],
        roles=ROLES,
        params=PARAMS,
    )
    later = [sighting(1000, None, None), sighting(1040, None, None)]
    _, [visit] = advance(state, later, roles=ROLES, params=PARAMS)
    assert (visit.entered_at, visit.left_at) == (30, 1000)


def test_judging_again_begins_with_the_visits_that_lasted():
    lasting = Visit("yard", 30, 90, 91, seen_inside=False, left_at=1000)
    over = Visit("queue", 1, 1, 2, seen_inside=False, left_at=20)
    state = state_at([lasting, over], 500)
    assert set(state.zones) == {"yard"}
    _, [visit] = advance(
        state, [sighting(900, None, None), sighting(940, None, None)], roles=ROLES, params=PARAMS
    )
    assert (visit.entered_at, visit.left_at) == (30, 900)


def test_a_revised_visit_keeps_its_identity():
    first = Visit("yard", 30, 90, 91, seen_inside=False)
    published = Published(identify(7, first), first)
    revised = Visit("yard", 20, 85, 99, seen_inside=False)
    revision = reconcile(7, [published], [revised])
    assert revision.upserts == (Published(published.id, revised),)
    assert revision.withdrawn == ()


def test_a_visit_that_late_fixes_disprove_is_withdrawn():
    visit = Visit("yard", 30, 90, 91, seen_inside=False)
    published = Published(identify(7, visit), visit)
    assert reconcile(7, [published], []).withdrawn == (published.id,)


def test_an_unchanged_visit_is_not_written_again():
    visit = Visit("yard", 30, 90, 91, seen_inside=False)
    published = Published(identify(7, visit), visit)
    assert reconcile(7, [published], [visit]).upserts == ()
