"""What holds of releases whatever the state: quotas, loads, turns, places of yards."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from builders import at, history, small_gate, small_site, snapshot, staged
from hypothesis import given
from hypothesis import strategies as st

from flowctl.controller import Decision, tick
from flowctl.dispatch.metering import approaches
from flowctl.dispatch.n_control import SLEW, n_allowed, n_slewed, n_target, release_quota
from flowctl.dispatch.reasons import Reason
from flowctl.site import Access, Site, Yard
from flowctl.state import LiveTrip, Slot, Snapshot
from flowctl.traffic.capacity import estimate

NOW = at("09:00")
INNER_PLACES = 5
SITE: Site = small_site(
    [small_gate("north"), small_gate("south")],
    yards=[
        Yard("yard", {}, INNER_PLACES, (Access("north", 600.0, 0.25), Access("south", 900.0, 0.3))),
        Yard("outside", {}, 500, (Access("north", 2400.0, 0.25, "yard", 1800.0),)),
    ],
)


def random_trip(rng: np.random.Generator, number: int) -> LiveTrip:
    """Return a truck in a yard, called or not, on its way, or at a gate."""

    def chance(share: float) -> bool:
        return bool(rng.random() < share)

    def minutes(most: int) -> timedelta:
        return timedelta(minutes=int(rng.integers(most)))

    gate = "north" if chance(0.6) else "south"
    yard = "yard" if chance(0.6) else "outside"
    trip = staged(
        number,
        arrived=at("03:00") + minutes(300),
        ready=at("05:00") + minutes(300),
        gates=(gate,),
        yard=yard,
        told=Slot(gate, at("06:00") + 15 * minutes(40)) if chance(0.7) else None,
    )
    trip = trip._replace(standby=chance(0.3), seen_at=NOW)
    if chance(0.5):
        return trip
    gone = at("07:00") + minutes(119)
    called = trip._replace(
        released_at=gone,
        released_gate=gate,
        release_expires_at=gone + timedelta(hours=1),
        moving_to="yard" if yard == "outside" and chance(0.5) else None,
        release_ended="no_show" if chance(0.2) else None,
    )
    if chance(0.5):
        called = called._replace(yard=None)
    if called.moving_to is None and chance(0.5):
        called = called._replace(yard=None, queued_at=gone + timedelta(minutes=1))
    return called


def random_state(seed: int) -> Snapshot:
    """Return a border: up to 40 trucks, and what is in its gates."""
    rng = np.random.default_rng(seed)
    gates = []
    for gate in SITE.gates:
        inside = [(at("08:30"), None)] * int(rng.integers(15))
        seen = history(gate.id, inside, imports=bool(rng.random() < 0.5))
        if rng.random() < 0.5:
            before_at = NOW - timedelta(seconds=30)
            seen = replace(seen, n_target=float(rng.uniform(0, 30)), n_target_at=before_at)
        gates.append(seen)
    now = NOW + timedelta(minutes=int(rng.choice([0, 0, 0, -125, 530, 700])))
    trips = [random_trip(rng, number) for number in range(int(rng.integers(40)))]
    return snapshot(trips, now, site=SITE, gates=gates)


states = st.builds(random_state, st.integers(0, 2**32 - 1))


@given(states)
def test_whoever_is_called_stands_in_a_yard_and_is_called_once(state: Snapshot):
    decision = tick(state, plan_due=False)
    by_id = {trip.id: trip for trip in state.trips}
    called = [one.trip_id for one in (*decision.releases, *decision.moves)]
    assert len(called) == len(set(called))
    for release in decision.releases:
        assert by_id[release.trip_id].yard == release.yard == "yard"
        assert by_id[release.trip_id].ready_at <= state.now
        assert release.gate in by_id[release.trip_id].gates
    for move in decision.moves:
        assert (by_id[move.trip_id].yard, move.to_yard) == ("outside", "yard")


@given(states)
def test_no_gate_gets_more_than_its_target_allows(state: Snapshot):
    decision = tick(state, plan_due=False)
    figures = {gate.gate: gate for gate in decision.gates}
    estimates = {
        gate.id: estimate(gate, history, state.now)
        for gate, history in zip(SITE.gates, state.gates, strict=True)
    }
    for approach in approaches(state, estimates, _told(state)):
        count = sum(release.gate == approach.gate.id for release in decision.releases)
        target = figures[approach.gate.id].n_target
        # Call-ups that are over in this tick count no more.
        ended = {one.trip_id for one in decision.expired}
        load = approach.load - sum(
            trip.id in ended and trip.released_gate == approach.gate.id and trip.moving_to is None
            for trip in state.trips
            if trip.release_expires_at is not None and trip.release_expires_at > state.now
        )
        assert load + count <= max(target, load)
        assert count <= SITE.dispatch.release_most


@given(states)
def test_no_in_gate_yard_is_called_full(state: Snapshot):
    decision = tick(state, plan_due=False)
    ended = {one.trip_id for one in decision.expired}
    inside = sum(trip.yard == "yard" for trip in state.trips)
    coming = sum(
        trip.moving_to == "yard"
        and trip.yard is None
        and trip.id not in ended
        and trip.release_expires_at is not None
        and trip.release_expires_at > state.now
        for trip in state.trips
    )
    assert len(decision.moves) <= max(INNER_PLACES - inside - coming, 0)


@given(states)
def test_nobody_ready_with_an_earlier_turn_is_left_standing_but_by_standby(state: Snapshot):
    decision = tick(state, plan_due=False)
    assert decision.unexplained == ()
    told = _told(state)
    gone = {release.trip_id: release for release in decision.releases}
    for gate in SITE.gates:
        turns = [
            told[trip.id].starts_at
            for trip in state.trips
            if trip.id in gone
            and trip.id in told
            and gone[trip.id].gate == gate.id
            and gone[trip.id].reason is not Reason.STANDBY_FILL
        ]
        if not turns:
            continue
        for trip in state.trips:
            stays = trip.yard == "yard" and trip.released_at is None and trip.id not in gone
            if stays and trip.ready_at <= state.now and gate.id in trip.gates:
                slot = told.get(trip.id)
                filled = any(
                    one.reason is Reason.STANDBY_FILL
                    for one in gone.values()
                    if one.gate == gate.id
                )
                assert slot is None or filled or slot.starts_at >= max(turns)


@given(states)
def test_a_gate_with_room_is_not_left_idle_while_trucks_are_ready(state: Snapshot):
    decision: Decision = tick(state, plan_due=False)
    gone = {release.trip_id for release in decision.releases}
    for gate in decision.gates:
        released = sum(release.gate == gate.gate for release in decision.releases)
        left = [
            trip
            for trip in state.trips
            if trip.yard == "yard"
            and trip.released_at is None
            and trip.gates == (gate.gate,)
            and trip.ready_at <= state.now
            and trip.id not in gone
        ]
        if left and state.now == NOW:
            used = gate.in_transit + released + min(gate.queued + gate.in_lane, 15)
            assert used + 1 > gate.n_target or released == SITE.dispatch.release_most


@given(
    target=st.floats(0.0, 500.0),
    n_now=st.integers(0, 500),
    waiting=st.integers(0, 500),
    most=st.integers(0, 50),
)
def test_a_quota_is_never_negative_and_never_above_who_waits(
    target: float, n_now: int, waiting: int, most: int
):
    quota = release_quota(target, n_now, waiting, 0, most)
    assert 0 <= quota <= min(waiting, most)
    assert n_now + quota <= max(target, n_now)
    # Full, or nobody is left, or no more may leave at once.
    assert n_now + quota + 1 > target or quota in (waiting, most)


@given(
    mu=st.floats(0.0, 0.1),
    travel=st.floats(0.0, 3600.0),
    places=st.integers(1, 30),
    before=st.floats(0.0, 100.0),
    since=st.floats(0.0, 3600.0),
)
def test_the_target_rises_steadily_and_never_below_the_free_places(
    mu: float, travel: float, places: int, before: float, since: float
):
    target = n_target(mu, travel, places)
    slewed = n_slewed(target, before, mu, since, places)
    assert places <= slewed <= target
    assert slewed <= max(before, places) + SLEW * mu * since + 1e-9
    assert n_slewed(target, before, mu, since + 60.0, places) >= slewed - 1e-9
    closing_s = 1e6
    allowed = n_allowed(slewed, mu, places, 0.0, closing_s)
    assert allowed == pytest.approx(min(slewed, places + mu * closing_s), abs=1e-9)


def _told(state: Snapshot) -> dict[int, Slot]:
    return {trip.id: trip.told for trip in state.trips if trip.told is not None}
