"""The keys of a practice's terminal, and what its command refuses."""

import pytest

from flowctl.cli_practice import _day, _hour
from flowctl.errors import FlowctlError
from flowctl.practice_keys import Tempo


def test_space_stops_time_and_lets_it_go_on():
    tempo = Tempo(10.0)
    tempo.press(" ")
    assert (tempo.paused, tempo.speed) == (True, 10.0)
    tempo.press(" ")
    assert not tempo.paused


def test_plus_and_minus_change_the_speed_within_its_bounds():
    tempo = Tempo(15.0)  # between two steps
    seen = []
    for key in "++++-----------x":
        tempo.press(key)
        seen.append(tempo.speed)
    assert seen[:4] == [20.0, 30.0, 60.0, 60.0]
    assert seen[-2:] == [1.0, 1.0]


@pytest.mark.parametrize("text", ["tomorrow", "23.01.2024", ""])
def test_a_day_that_is_none_is_refused_in_a_sentence(text: str):
    with pytest.raises(FlowctlError, match="takes yesterday, or a day as 2024-01-23"):
        _day(text)


@pytest.mark.parametrize("text", ["7", "25:00", "07:00:00"])
def test_an_hour_that_is_none_is_refused_in_a_sentence(text: str):
    with pytest.raises(FlowctlError, match="takes an hour as 07:00"):
        _hour(text)
