"""``flowctl bench capacity`` says how well gates are learned."""

import json

from typer.testing import CliRunner

from flowctl.cli import app


def test_a_short_run_says_how_well_gates_are_learned():
    done = CliRunner().invoke(app, ["bench", "capacity", "--days", "3", "--json"])
    assert done.exit_code == 0, done.output
    assert "calm gate-days: 1 of 3" in done.stderr
    told = json.loads(done.stdout)
    assert told["total"]["looks"] > 100
    assert told["total"]["coverage"] > 0.75
    assert told["poisson"]["width"] > 3.0 * told["total"]["width"]
    assert told["false_alarms"] == 0.0
    for spell in told["detection"]:
        assert spell["drop"]["told"] == spell["drop"]["spells"] == 1
        assert spell["drop"]["p50_min"] < spell["window_drop"]["p50_min"]
        assert abs(spell["share_found"] - spell["share"]) < 0.2
    assert told["forecast"]["coverage"] > 0.75
    assert told["forecast"]["mae"] < 0.6 * told["forecast"]["naive_mae"]
