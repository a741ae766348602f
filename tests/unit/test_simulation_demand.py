"""The trucks of a day: as many as published, at the hours of the profile, the same every time."""

from dataclasses import fields

import numpy as np
import phonenumbers
import pytest
from simulated_day import PUBLISHED, small_day

from flowctl.scenarios.laws import Profile
from flowctl.scenarios.scenario import load_scenario
from simulations.demand import Demand, arrival_times, draw
from simulations.streams import lognormal, stream


@pytest.fixture(scope="module")
def published() -> Demand:
    return draw(load_scenario(PUBLISHED), seed=3)


def columns(demand: Demand) -> dict[str, list[object]]:
    return {each.name: list(getattr(demand, each.name)) for each in fields(Demand)}


def test_a_seed_gives_the_same_trucks_and_another_gives_others():
    day = small_day()
    assert columns(draw(day, 1)) == columns(draw(day, 1))
    assert columns(draw(day, 1))["at_s"] != columns(draw(day, 2))["at_s"]


def test_more_imports_do_not_change_the_exports():
    few, many = draw(small_day(), 1), draw(small_day(north={"imports": 60}), 1)
    exports = ~few.is_import
    assert few.at_s[exports].tolist() == many.at_s[: exports.sum()].tolist()
    assert few.service_s[exports].tolist() == many.service_s[: exports.sum()].tolist()


def test_every_published_truck_is_there_once(published: Demand):
    exports = ~published.is_import
    assert len(published) == 483 + 148 + 417 + 511 + 168
    assert published.standing.sum() == 483
    assert np.all(published.at_s[published.standing] == 0)
    assert np.bincount(published.gate[exports & ~published.standing]).tolist() == [148, 417]
    assert np.bincount(published.gate[published.is_import]).tolist() == [511, 168]
    assert np.all(published.yard[published.is_import] == -1)


def test_plates_and_phones_are_all_different_and_phones_are_mobiles(published: Demand):
    assert len(set(published.plate)) == len(set(published.phone)) == len(published)
    for phone, language in zip(published.phone[:200], published.language[:200], strict=True):
        number = phonenumbers.parse(phone)
        assert phonenumbers.is_valid_number(number)
        assert phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
        assert number.country_code == (86 if language == "zh" else 84)


def test_waiting_trucks_are_ready_and_others_need_the_published_time(published: Demand):
    checks = published.ready_s - published.at_s
    assert np.all(checks[published.standing | published.is_import] == 0)
    others = checks[~published.standing & ~published.is_import] / 60
    assert others.mean() == pytest.approx(125, rel=0.1)
    assert others.std() / others.mean() == pytest.approx(0.5, abs=0.1)


def test_screening_lies_between_ten_and_fifteen_minutes(published: Demand):
    assert published.service_s.min() >= 600
    assert published.service_s.max() <= 900
    assert published.service_s.mean() == pytest.approx(750, rel=0.01)


def test_a_truck_is_declared_before_it_is_seen_and_seen_before_it_arrives(published: Demand):
    assert np.all(published.registered_s <= published.seen_s)
    assert np.all(published.seen_s <= published.at_s)
    assert np.all(published.registered_s >= 0)


def test_arrivals_follow_the_hours_of_the_profile(published: Demand):
    hours = published.at_s[~published.standing & ~published.is_import] / 3600
    counts, _ = np.histogram(hours, bins=np.arange(21))
    assert counts.argmax() in {7, 8, 9}
    assert counts[15:17].mean() > 2 * counts[11:13].mean()  # two peaks with a valley between
    imports = published.at_s[published.is_import] / 3600
    assert imports.min() >= 6.5
    assert imports.max() <= 16.5


def test_an_hour_gets_its_share_exactly_and_its_trucks_at_random():
    rng = np.random.default_rng(1)
    times = arrival_times(Profile(from_h=8.0, until_h=12.0), 10, rng) / 3600
    counts = np.bincount(times.astype(int))[8:]
    assert counts.tolist() in ([3, 3, 2, 2], [3, 2, 3, 2], [2, 3, 3, 2], [3, 2, 2, 3])
    assert np.all(np.diff(times) >= 0)
    assert len(arrival_times(Profile(from_h=9.0, until_h=9.0), 4, rng)) == 4


def test_streams_of_two_purposes_are_unrelated_and_repeat():
    first, second = stream(1, "a").random(2000), stream(1, "b").random(2000)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.08
    assert first.tolist() == stream(1, "a").random(2000).tolist()


def test_lognormal_is_given_by_its_mean_and_variation():
    drawn = lognormal(stream(1, "x"), 300.0, 0.5, 200_000)
    assert drawn.mean() == pytest.approx(300, rel=0.01)
    assert drawn.std() / drawn.mean() == pytest.approx(0.5, rel=0.02)
