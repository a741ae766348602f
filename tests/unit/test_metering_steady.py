"""Releases after a jump of the capacity and after a closure: no pulse, no idle gate."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import log, sqrt

import numpy as np
import pytest
from builders import at, opening, small_gate, small_site, snapshot, staged

from flowctl.dispatch.metering import Approach, approaches, call_up
from flowctl.dispatch.n_control import n_slewed, n_target
from flowctl.site import Site
from flowctl.state import GateHistory, LiveTrip, Snapshot
from flowctl.traffic.capacity import CapacityEstimate, Rate

TICK = timedelta(seconds=30)
SERVICE_S = 720.0
WAY_S, WAY_CV = 600.0, 0.25


def believed(site: Site, per_h: float) -> dict[str, CapacityEstimate]:
    rate = Rate(per_h, per_h, per_h)
    learned = CapacityEstimate(per_h, per_h, per_h, per_h, 0.0, 3600.0, rate, Rate(0.0, 0.0, 0.0))
    return {gate.id: learned for gate in site.gates}


@dataclass
class Border:
    """A yard of trucks, a way of about 10 min, and four places of 12 min each."""

    site: Site
    trips: dict[int, LiveTrip]
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(11))
    coming: dict[int, datetime] = field(default_factory=dict)
    entered: dict[int, datetime] = field(default_factory=dict)
    cleared: dict[int, datetime] = field(default_factory=dict)
    places: dict[int, datetime] = field(default_factory=dict)
    target: tuple[float, datetime] | tuple[None, None] = (None, None)

    def seen(self, now: datetime) -> Snapshot:
        """Return what the controller is shown, the last target included."""
        entered = list(self.entered)
        history = GateHistory(
            "north",
            np.array([self.entered[i].timestamp() for i in entered], dtype=np.float64),
            np.array(
                [self.cleared[i].timestamp() if i in self.cleared else np.nan for i in entered],
                dtype=np.float64,
            ),
            np.zeros(len(entered), dtype=np.bool_),
            0.0,
            *self.target,
        )
        return snapshot(list(self.trips.values()), now, site=self.site, gates=[history])

    def play(self, now: datetime, per_h: float) -> tuple[Approach, int]:
        """Let 30 s pass: trucks arrive and are screened, and those whose turn it is leave."""
        for trip in [trip for trip, there in self.coming.items() if there <= now]:
            self.entered[trip] = self.coming.pop(trip)
            self.trips[trip] = self.trips[trip]._replace(queued_at=self.entered[trip])
        for trip in [trip for trip, done in self.places.items() if done <= now]:
            self.cleared[trip] = self.places.pop(trip)
            del self.trips[trip]
        queue = [t for t in self.entered if t not in self.cleared and t not in self.places]
        if self.site.gates[0].opening.is_open(now):
            for trip in sorted(queue, key=self.entered.__getitem__)[: 4 - len(self.places)]:
                self.places[trip] = now + timedelta(seconds=SERVICE_S)
        state = self.seen(now)
        [approach] = approaches(state, believed(self.site, per_h), {})
        self.target = (approach.n_target, now)
        released = call_up(state, approach)
        sd = sqrt(log(1 + WAY_CV**2))
        for one in released:
            way_s = self.rng.lognormal(log(WAY_S) - sd * sd / 2, sd)
            self.coming[one.trip_id] = now + timedelta(seconds=way_s)
            self.trips[one.trip_id] = self.trips[one.trip_id]._replace(
                yard=None,
                released_at=now,
                released_gate="north",
                release_expires_at=one.expires_at,
            )
        return approach, len(released)

    @property
    def at_gate(self) -> int:
        """Trucks that queue or are screened."""
        return len(self.entered) - len(self.cleared)


def crowd(count: int, site: Site) -> Border:
    trips = [staged(i, arrived=at("02:00") + timedelta(seconds=i)) for i in range(count)]
    return Border(site, {trip.id: trip for trip in trips})


def clock(start: str, end: str) -> Iterator[datetime]:
    now = at(start)
    while now < at(end):
        yield now
        now += TICK


def test_the_target_rises_by_at_most_two_trucks_for_each_truck_screened():
    assert n_slewed(30.0, 10.0, 0.01, 30.0, 4) == pytest.approx(10.6)
    assert n_slewed(30.0, 10.0, 0.01, 3600.0, 4) == 30.0
    # Free places are filled at once, and less is wanted at once.
    assert n_slewed(30.0, 0.0, 0.0, 30.0, 4) == 4.0
    assert n_slewed(5.0, 10.0, 0.01, 30.0, 4) == 5.0


def test_a_jump_of_the_learned_capacity_sends_no_pulse():
    border = crowd(400, small_site())
    steady, jumped = [], []
    for now in clock("08:00", "12:00"):
        # Believed to take 6 an hour until 10:00, then suddenly 60.
        approach, count = border.play(now, 6.0 if now < at("10:00") else 60.0)
        (steady if now < at("10:00") else jumped).append(count)
        assert count == 0 or approach.load + count <= approach.n_target
    before, after = n_target(6 / 3600, WAY_S, 4), n_target(60 / 3600, WAY_S, 4)
    assert after - before > 10
    # 60 an hour are half a truck in a tick; the rise adds one, the fraction carried another.
    assert max(jumped) <= 3
    assert sum(jumped[:10]) <= 1 + 10 * 1.5
    # And it does come there, within the time of the way.
    assert border.target[0] == pytest.approx(after)
    assert sum(jumped[: int(WAY_S / 30)]) >= after - before


def test_without_a_memory_of_the_target_the_first_tick_fills_up():
    border = crowd(50, small_site())
    _, count = border.play(at("09:00"), 20.0)
    assert count == 11


def test_after_an_unannounced_closure_of_two_hours_nobody_stampedes():
    whole = small_site()
    shut = small_site([small_gate(hours=replace(opening(), closed=((at("10:00"), at("12:00")),)))])
    border = crowd(800, whole)
    longest, idle, counted = 0, 0, 0
    target = n_target(20 / 3600, WAY_S, 4)
    for now in clock("08:00", "14:30"):
        # Nobody knows of the closure before it is there, nor of its end.
        border.site = shut if at("10:00") <= now < at("12:00") else whole
        approach, count = border.play(now, 20.0)
        assert count == 0 or approach.load + count <= approach.n_target
        longest = max(longest, border.at_gate)
        if at("10:00") <= now < at("12:00"):
            assert count == 0
        elif now >= at("12:00"):
            counted += 4
            idle += 4 - len(border.places)
    assert longest <= target
    assert idle <= 0.03 * counted
    assert len(border.trips) > 500


def test_before_an_announced_reopening_trucks_leave_in_time_and_not_all_at_once():
    site = small_site([small_gate(hours=replace(opening(), closed=((at("08:00"), at("10:00")),)))])
    border = crowd(800, site)
    at_opening = None
    for now in clock("09:00", "12:00"):
        border.play(now, 20.0)
        if now == at("10:05"):
            at_opening = border.at_gate
        assert border.at_gate <= n_target(20 / 3600, WAY_S, 4)
    assert at_opening is not None
    assert at_opening >= 3


def test_trucks_at_the_gate_that_nobody_released_hold_others_back():
    border = crowd(50, small_site())
    strangers = {1000 + i: at("08:55") for i in range(9)}
    border.entered |= strangers
    state = border.seen(at("09:00"))
    [approach] = approaches(state, believed(border.site, 20.0), {})
    # N* is 11: nine that came by themselves, or have no tracker, count like any other.
    assert approach.exports == 9
    assert len(call_up(state, approach)) == 2
