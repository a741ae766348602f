"""How a planner names what steers a day."""

import pytest

from flowctl.scenarios.rows import ScenarioError
from flowctl.scenarios.steering import Rule, Steering, parse_steering


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("none", Steering(Rule.NONE)),
        ("quota", Steering(Rule.QUOTA, 1.0)),
        ("quota:0.95", Steering(Rule.QUOTA, 0.95)),
        ("slots", Steering(Rule.SLOTS)),
        ("slots_repair:tet.toml", Steering(Rule.SLOTS_REPAIR, policy="tet.toml")),
    ],
)
def test_a_policy_is_read_from_its_words(text: str, meant: Steering):
    assert parse_steering(text) == meant
    assert parse_steering(str(meant)) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("n_contol", "n_control"),
        ("quota:much", "a share such as quota:0.95"),
        ("quota:9", "between 0.1 and 2"),
        ("none:1", "has no setting"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_in_words(text: str, said: str):
    with pytest.raises(ScenarioError, match=said):
        parse_steering(text)
