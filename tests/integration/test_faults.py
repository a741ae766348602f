"""The short drill: every process and store killed under load, and every outage once."""

from faults.drill import SHORT, run_drill


def test_whatever_is_killed_every_acknowledged_fix_is_stored_once_and_makes_the_same_visits():
    told: list[str] = []
    outcome = run_drill(SHORT, told.append)
    story = "\n".join(told)
    assert outcome.failures == (), story
    assert outcome.last_line == f"kills {outcome.kills} lost 0 duplicated 0", story
    assert outcome.kills >= SHORT.kills, story
    assert outcome.visits > 100, story
