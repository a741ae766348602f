"""Nobody passes a senior without a reason, whatever stands in the yards."""

from datetime import timedelta

import numpy as np
from builders import at, small_gate, small_site, snapshot, staged
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.controller import tick
from flowctl.site import Access, Yard
from flowctl.state import Cargo, LiveTrip, Slot

GATES = ("north", "south")
SITE = small_site(
    [small_gate(name, places=6, per_h=30.0) for name in GATES],
    yards=[
        Yard("near", {"vi": "gần"}, 99, (Access("north", 300.0, 0.25),)),
        Yard("far", {"vi": "xa"}, 99, tuple(Access(gate, 1500.0, 0.25) for gate in GATES)),
    ],
)


def some_trip(rng: np.random.Generator, number: int) -> LiveTrip:
    gates = (("north",), ("south",), GATES, GATES[::-1])[rng.integers(4)]
    arrived = at("05:00") + timedelta(minutes=int(rng.integers(300)))
    told = None
    if rng.random() < 0.5:
        start = at("07:00") + timedelta(minutes=15 * int(rng.integers(40)))
        told = Slot(str(rng.choice(gates)), start)
    trip = staged(
        number,
        arrived=arrived,
        ready=arrived + timedelta(minutes=int(rng.choice([0, 0, 0, 240]))),
        gates=gates,
        yard=str(rng.choice(["near", "far"])),
        cargo=Cargo(str(rng.choice([cargo.value for cargo in Cargo]))),
        told=told,
    )
    return trip._replace(
        penalty_s=float(rng.choice([0.0, 0.0, 3600.0])),
        haulier=str(rng.integers(5)),
        priority=int(rng.choice([0, 0, 1])),
    )


@given(seed=st.integers(0, 2**32 - 1), minute=st.integers(0, 720), plan_due=st.booleans())
@settings(max_examples=80, deadline=None)
def test_every_pair_a_tick_lets_pass_has_a_reason(seed: int, minute: int, plan_due: bool):
    rng = np.random.default_rng(seed)
    trips = [some_trip(rng, number) for number in range(int(rng.integers(1, 60)))]
    now = at("06:15") + timedelta(minutes=minute)
    decision = tick(snapshot(trips, now, site=SITE), plan_due=plan_due)
    assert decision.unexplained == ()
