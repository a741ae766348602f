"""Capacity is learned from full gates only."""

from datetime import datetime, time, timedelta

import numpy as np
import pytest
from builders import at, history, opening, small_gate

from flowctl.state import GateHistory
from flowctl.traffic.capacity import estimate
from flowctl.traffic.collapse import GateMode
from flowctl.traffic.learning import CapacityParams

GATE = small_gate(places=4, per_h=20.0, weight_h=1.0)
Seen = list[tuple[datetime, datetime | None]]


def stream(
    start: datetime, end: datetime, every_s: float, *, inside: int, until: datetime | None = None
) -> Seen:
    """Trucks that leave every ``every_s`` with ``inside`` always there; the last ones still are."""
    seen: Seen = []
    leave = start
    lag = timedelta(seconds=every_s * inside)
    while leave < end:
        leave += timedelta(seconds=every_s)
        seen.append((leave - lag, leave if until is None or leave <= until else None))
    return seen


def learned(seen: Seen, now: datetime, **params: float) -> float:
    return estimate(GATE, history("north", seen), now, params=CapacityParams(**params)).per_h


def test_a_gate_nobody_was_seen_at_has_its_prior():
    found = estimate(GATE, history(), at("09:00"))
    assert found.per_h == pytest.approx(20.0)
    assert found.steady_per_h == pytest.approx(20.0)
    assert found.saturated_s == 0.0
    assert found.low < 20.0 < found.high


def test_nobody_came_is_not_cannot_take():
    # One truck an hour passes a gate that is never full.
    seen: Seen = [(at(f"{h:02}:00"), at(f"{h:02}:12")) for h in range(8, 17)]
    assert learned(seen, at("17:00")) == pytest.approx(20.0)


def test_a_full_gate_shows_its_rate():
    # 30 an hour for three hours, six trucks always there.
    seen = stream(at("08:00"), at("11:00"), 120.0, inside=6)
    assert learned(seen, at("11:00")) == pytest.approx(30.0, rel=0.05)


def test_half_the_rate_pulls_the_estimate_down_within_tens_of_minutes():
    before = stream(at("08:00"), at("11:00"), 180.0, inside=6)
    after = stream(at("11:00"), at("14:00"), 360.0, inside=6)
    at_11, at_11_30, at_12 = (
        learned(before + after, moment) for moment in (at("11:00"), at("11:30"), at("12:00"))
    )
    assert at_11 == pytest.approx(20.0, rel=0.05)
    assert at_11_30 < 0.8 * at_11
    assert at_12 < 0.7 * at_11


def test_a_stopped_gate_with_a_queue_is_seen_to_stop():
    seen = stream(at("08:00"), at("11:00"), 180.0, inside=6, until=at("10:00"))
    found = estimate(GATE, history("north", seen), at("11:00"))
    assert found.per_h < 7.0
    assert found.high < 20.0


def test_what_a_gate_usually_takes_is_remembered_while_it_takes_less():
    before = stream(at("08:00"), at("11:00"), 180.0, inside=6)
    after = stream(at("11:00"), at("14:00"), 360.0, inside=6)
    usual, lost = (
        estimate(GATE, history("north", before + after), moment)
        for moment in (at("11:00"), at("13:00"))
    )
    assert usual.state is GateMode.NORMAL
    assert usual.working_per_h == usual.usual_per_h == pytest.approx(20.0, rel=0.05)
    assert lost.state is GateMode.REDUCED
    assert lost.usual_per_h == pytest.approx(20.0, rel=0.1)
    assert lost.working_per_h == lost.per_h < 12.0


def test_the_steady_rate_follows_more_slowly():
    before = stream(at("08:00"), at("11:00"), 180.0, inside=6)
    after = stream(at("11:00"), at("14:00"), 360.0, inside=6)
    found = estimate(GATE, history("north", before + after), at("12:00"))
    assert found.per_h < found.steady_per_h < 20.0


def test_recovery_is_learned_too():
    low = stream(at("08:00"), at("10:00"), 360.0, inside=6)
    high = stream(at("10:00"), at("12:00"), 180.0, inside=6)
    assert learned(low, at("10:00")) < 13.0
    assert learned(low + high, at("12:00")) > 18.0


def test_a_queue_that_stands_through_the_night_is_no_evidence():
    waiting: Seen = [(at("17:00", 22), None)] * 6
    found = estimate(GATE, history("north", waiting), at("06:59"))
    assert found.per_h == estimate(GATE, history("north", waiting), at("18:00", 22)).per_h


def test_the_first_screening_of_the_morning_does_not_look_like_a_slow_gate():
    waiting: Seen = [(at("06:30"), None)] * 12
    assert learned(waiting, at("07:11")) == pytest.approx(20.0)


def test_both_directions_count():
    seen = stream(at("08:00"), at("11:00"), 120.0, inside=6)
    mixed = history("north", seen, imports=[index % 2 == 0 for index in range(len(seen))])
    assert estimate(GATE, mixed, at("11:00")).per_h == pytest.approx(30.0, rel=0.05)


def test_a_truck_that_was_never_seen_leaving_is_forgotten():
    ghosts: Seen = [(at("09:00", 22), None)] * 6
    found = estimate(GATE, history("north", ghosts), at("17:00"))
    forgotten = estimate(GATE, history("north", ghosts), at("09:00"))
    assert found.saturated_s == forgotten.saturated_s


def test_what_happens_later_is_not_known_yet():
    seen = stream(at("08:00"), at("12:00"), 120.0, inside=6)
    past = [(came, gone) for came, gone in seen if gone is not None and gone <= at("10:00")]
    still = [(came, None) for came, gone in seen if gone is not None and came <= at("10:00") < gone]
    assert learned(seen, at("10:00")) == pytest.approx(learned(past + still, at("10:00")))


def test_more_evidence_narrows_the_interval():
    seen = stream(at("08:00"), at("12:00"), 180.0, inside=6)
    wide = estimate(GATE, history(), at("12:00"))
    narrow = estimate(
        GATE,
        history("north", seen),
        at("12:00"),
        params=CapacityParams(half_life_s=36_000.0),
    )
    assert narrow.high - narrow.low < 0.7 * (wide.high - wide.low)


def test_imports_are_counted_in_the_present_opening():
    gate = small_gate(imports_per_h=4.0)
    seen: Seen = [(at("08:00") + timedelta(minutes=3 * i), None) for i in range(1, 21)]
    found = estimate(gate, history("north", seen, imports=True), at("09:00"))
    assert found.import_per_h == pytest.approx((4.0 + 20) / 3)
    assert estimate(gate, history(), at("09:00")).import_per_h == pytest.approx(4.0 / 3)


def test_at_night_imports_are_what_they_usually_are():
    gate = small_gate(imports_per_h=4.0)
    seen: Seen = [(at("17:30"), at("17:45"))] * 50
    assert estimate(gate, history("north", seen, imports=True), at("20:00")).import_per_h == 4.0


def test_after_a_closure_in_fragments_only_the_present_opening_counts():
    hours = opening(((time(7), time(12, 30)), (time(14), time(18))))
    gate = small_gate(imports_per_h=0.0, hours=hours)
    seen: Seen = [(at("12:00"), at("12:15"))] * 30
    assert estimate(gate, history("north", seen, imports=True), at("14:30")).import_per_h == 0.0


def test_a_clearance_without_an_entry_does_not_break_the_count():
    seen = stream(at("08:00"), at("11:00"), 120.0, inside=6)
    known = history("north", seen)
    entered = known.entered_at.copy()
    entered[::10] = np.nan
    patchy = GateHistory("north", entered, known.cleared_at, known.is_import)
    assert estimate(GATE, patchy, at("11:00")).per_h == pytest.approx(30.0, rel=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_a_simulated_full_gate_is_estimated_within_its_interval(seed: int):
    # Four places, 10-15 min a truck, always somebody waiting: 4 x 60 / 12.5 = 19.2 an hour.
    rng = np.random.default_rng(seed)
    start = at("07:00").timestamp()
    cleared = np.sort(
        np.concatenate([start + rng.uniform(600, 900, 60).cumsum() for _ in range(4)])
    )
    entered = np.concatenate([np.full(10, start - 60), cleared[:-10]])
    found = estimate(
        GATE, GateHistory("north", entered, cleared, np.zeros(len(cleared), bool)), at("14:00")
    )
    assert found.low < 19.2 < found.high
    assert found.per_h == pytest.approx(19.2, rel=0.12)
