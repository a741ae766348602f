"""The bench asks for arrivals at the gate as production does, and scores them by the true ones."""

import json
import math
from pathlib import Path

import numpy as np
from simulated_day import small_day, tiny_site

from flowctl.bench.eta import EtaFigures, table
from flowctl.bench.eta_day import played, to_yards
from flowctl.bench.eta_gate import play_gates
from flowctl.bench.eta_trial import play


def test_arrivals_at_the_gate_are_asked_from_call_up_on_and_told_better_than_by_the_way_alone(
    tmp_path: Path,
):
    day = played(small_day(), tiny_site(tmp_path), seed=3)
    said = play_gates(day)
    came = day.records.start_at[~day.records.is_import]
    asked = {round(at, 3) for at in said.arrived}
    assert asked <= {round(at, 3) for at in came[~np.isnan(came)].tolist()}
    assert len(asked) > 20
    assert all(eta.at <= eta.p10 <= eta.p50 <= eta.p90 for eta in said.eta)
    assert all(eta.at >= day.records.released_at[~day.records.is_import].min() for eta in said.eta)
    gate = said.figures()
    assert gate.n > 40
    assert gate.mae_s < 0.8 * min(gate.nominal_mae_s, gate.last_speed_mae_s)
    assert 0.7 < gate.p80_hit_rate < 0.95
    figures = EtaFigures(play(to_yards(day)).figures(), gate, None)
    shown = json.loads(json.dumps(figures.as_json()))
    assert shown["gate_mae_s"] == round(gate.mae_s, 4)
    keys = {"gate_nominal_mae_s", "gate_last_speed_mae_s", "gate_p80_hit_rate", "gate_n", "mae_s"}
    assert not any(math.isnan(shown[key]) for key in keys)
    assert table(figures).row_count == 3
