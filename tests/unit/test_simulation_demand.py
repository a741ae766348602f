"""The trucks of a day: as many as published, at the hours of the profile, the same every time."""

from dataclasses import fields

import numpy as np
import phonenumbers
import pytest
from simulated_day import PUBLISHED, day_table, small_day

from flowctl.scenarios.laws import CARGOES, Profile
from flowctl.scenarios.scenario import load_scenario, parse_scenario, scaled
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


def test_hourly_weights_give_each_hour_its_share():
    weights = (0.0,) * 8 + (1.0, 3.0, 0.0, 1.0) + (0.0,) * 12
    times = arrival_times(Profile(hourly=weights), 500, np.random.default_rng(1)) / 3600
    assert np.bincount(times.astype(int), minlength=24)[8:12].tolist() == [100, 300, 0, 100]
    cut = arrival_times(Profile(hourly=weights, from_h=9.5), 500, np.random.default_rng(1)) / 3600
    assert np.bincount(cut.astype(int), minlength=24)[8:12].tolist() == [0, 300, 0, 200]
    assert cut.min() >= 9.5


def test_poisson_counts_vary_as_a_poisson_stream_and_keep_the_mean():
    counts = [
        len(draw(small_day(counts="poisson", north={"arrivals": 100}), seed).at_s)
        for seed in range(400)
    ]
    trucks = np.array(counts) - 10  # those who stand there are counted, not drawn
    assert trucks.mean() == pytest.approx(112, abs=1.6)  # three standard errors
    assert trucks.var() == pytest.approx(112, rel=0.22)


def test_a_gate_may_have_its_own_hours_and_its_own_cargo():
    own = {
        "arrivals": 300,
        "imports": 300,
        "export_profile": {"from_h": 12.0, "until_h": 13.0},
        "import_profile": {"from_h": 8.0, "until_h": 9.0},
        "cargo": {"perishable": 1.0},
    }
    trucks = draw(small_day(north=own), 1)
    came = trucks.at_s[~trucks.standing] / 3600
    exports = ~trucks.is_import[~trucks.standing]
    assert 12.0 <= came[exports].min() < came[exports].max() <= 13.0
    assert 8.0 <= came[~exports].min() < came[~exports].max() <= 9.0
    assert set(trucks.cargo.tolist()) == {CARGOES.index("perishable")}


def test_trucks_without_papers_are_the_same_trucks():
    whole, bare = (draw(small_day(), 1, papers=papers) for papers in (True, False))
    assert (bare.plate, bare.phone, bare.language) == ((), (), ())
    papers = {"plate", "phone", "language"}
    for name in {each.name for each in fields(Demand)} - papers:
        assert np.array_equal(getattr(whole, name), getattr(bare, name)), name


def test_who_stands_in_no_named_yard_stands_in_the_one_the_others_come_to():
    table = day_table()
    del table["gates"]["north"]["standing_yards"]
    trucks = draw(parse_scenario(table, where="small.toml"), 1)
    assert trucks.yards == ("yard_south",)
    assert np.all(trucks.yard[trucks.standing] == 0)


def test_patience_lateness_and_announced_arrivals_follow_their_laws():
    drivers = {
        "turn_back_share": 0.25,
        "turn_back_after_h": 10.0,
        "lateness_share": 0.5,
        "lateness_min": 20.0,
        "eta_error_min": 15.0,
    }
    trucks = draw(small_day(north={"arrivals": 4000, "imports": 1000}, drivers=drivers), 1)
    exports = ~trucks.is_import & ~trucks.standing
    patient = np.isinf(trucks.patience_s)
    assert np.all(patient[trucks.is_import])
    assert (~patient[exports]).mean() == pytest.approx(0.25, abs=0.02)
    assert trucks.patience_s[~patient].mean() / 3600 == pytest.approx(10.0, rel=0.05)
    assert (trucks.late_s > 0).mean() == pytest.approx(0.5, abs=0.02)
    assert trucks.late_s[trucks.late_s > 0].mean() / 60 == pytest.approx(20.0, rel=0.05)
    wrong = (trucks.announced_s - trucks.at_s)[exports] / 60
    assert (wrong.mean(), wrong.std()) == (pytest.approx(0, abs=1), pytest.approx(15, rel=0.05))
    assert np.array_equal(trucks.announced_s[~exports], trucks.at_s[~exports])


def test_a_hundred_times_the_demand_is_drawn_with_a_plate_for_each():
    many = draw(scaled(load_scenario(PUBLISHED), 100.0), 1)
    assert len(many) == 172_700
    assert len(set(many.plate)) == len(many)
    assert len(set(many.phone)) == len(many)
