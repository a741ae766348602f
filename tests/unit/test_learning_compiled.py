"""What is learned of a gate is the same, compiled for simulations or run as it stands."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from flowctl.bench.gate_days import FIRST, draw_days
from flowctl.dispatch.n_control import aimed
from flowctl.state import GateHistory
from flowctl.traffic.lane_loss import learn_open
from flowctl.traffic.learning import Learned
from flowctl.traffic.screenings import believed, hours_of
from simulations.compiled import compiled

MIDNIGHT = datetime.combine(FIRST, datetime.min.time(), UTC)
_learn = compiled(learn_open)


def looked(seed: int, hours: float, history: GateHistory, share: float) -> tuple[Learned, Learned]:
    gate = draw_days(np.random.default_rng(seed), days=1).gate
    now = MIDNIGHT + timedelta(hours=hours)
    since = now - timedelta(hours=1)
    given = (
        believed(gate),
        history.entered_at,
        history.cleared_at,
        history.is_import,
        hours_of(gate.opening, since, now),
        now.timestamp(),
        history.lag_s,
        share,
        since.timestamp(),
    )
    return learn_open(*given), _learn(*given)


def flat(learned: Learned) -> list[float]:
    return [*learned[:8], *learned.imports, *learned.exports]


@pytest.mark.parametrize("seed", range(12))
def test_a_compiled_look_learns_what_production_learns(seed: int):
    change = (0.5, "places", 5400.0) if seed % 2 else None
    days = draw_days(np.random.default_rng(seed), days=1, change=change)  # type: ignore[arg-type]
    for hours in (6.5, 8.0, 11.0, 13.5, 17.0, 22.0):
        for share in (1.0, 0.5):
            plain, quick = looked(seed, hours, days.history, share)
            assert flat(quick) == pytest.approx(flat(plain), rel=1e-11, nan_ok=True)


def test_a_compiled_look_reads_a_history_in_any_order_and_with_gaps():
    days = draw_days(np.random.default_rng(3), days=1, load=1.3)
    seen, rng = days.history, np.random.default_rng(3)
    order = rng.permutation(len(seen.entered_at))
    came, gone = seen.entered_at[order], seen.cleared_at[order]
    came[:20] = np.nan
    mixed = GateHistory("gate", came, gone, seen.is_import[order], lag_s=300.0)
    plain, quick = looked(3, 16.0, mixed, 1.0)
    assert flat(quick) == pytest.approx(flat(plain), rel=1e-11, nan_ok=True)


def test_a_compiled_look_at_a_gate_nobody_came_to_is_what_was_believed():
    nobody = GateHistory("gate", np.empty(0), np.empty(0), np.empty(0, np.bool_))
    plain, quick = looked(1, 12.0, nobody, 1.0)
    gate = draw_days(np.random.default_rng(1), days=1).gate
    assert quick.per_h == pytest.approx(gate.capacity_prior_per_h)
    assert flat(quick) == pytest.approx(flat(plain), rel=1e-11, nan_ok=True)


def test_what_n_control_aims_at_compiles_too():
    given = (60.0, 80.0, 12.0, 5, 1800.0, 14, 1.0)
    assert compiled(aimed)(*given) == pytest.approx(aimed(*given), rel=1e-12)
