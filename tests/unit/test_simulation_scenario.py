"""A scenario's file: what it says, and what is refused in a sentence."""

from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from simulated_day import PUBLISHED, day_table, small_day

from flowctl.scenarios.rows import ScenarioError
from flowctl.scenarios.scenario import (
    Scenario,
    check_names,
    load_scenario,
    parse_scenario,
    scaled,
)
from flowctl.site_files import load_site


def refusal(**changes: object) -> str:
    with pytest.raises(ScenarioError) as refused:
        parse_scenario(day_table(**changes), where="small.toml")
    return str(refused.value)


def test_the_published_day_holds_the_published_counts():
    day = load_scenario(PUBLISHED)
    assert sum(gate.standing for gate in day.gates.values()) == 483
    assert {gate: row.arrivals for gate, row in day.gates.items()} == {
        "huu_nghi": 148,
        "tan_thanh": 417,
    }
    assert {gate: row.imports for gate, row in day.gates.items()} == {
        "huu_nghi": 511,
        "tan_thanh": 168,
    }


def test_a_day_begins_at_local_midnight_and_its_report_closes_at_its_hour():
    day = small_day()
    assert day.start == datetime(2024, 1, 22, 17, tzinfo=UTC)
    assert day.closes == datetime(2024, 1, 23, 13, tzinfo=UTC)


def test_an_unknown_key_is_refused_with_the_nearest_right_name():
    table = day_table()
    table["gps"]["noise_metres"] = table["gps"].pop("noise_m")
    with pytest.raises(ScenarioError, match=r"\[gps\].*'noise_metres'.*did you mean \"noise_m\"\?"):
        parse_scenario(table, where="small.toml")


def test_a_missing_key_is_named():
    table = day_table()
    del table["checks"]["cv"]
    with pytest.raises(ScenarioError, match=r"\[checks\], the law 'lognormal': the key 'cv' is"):
        parse_scenario(table, where="small.toml")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"north": {"arrivals": -3}}, "north, arrivals: -3 is out of range"),
        ({"north": {"imports": 2.5}}, "expected a whole number, not 2.5"),
        ({"gps": {"lost_share": 1.2}}, "must be between 0 and 1"),
        ({"gps": {"noise_m": "ten"}}, "expected a number, not 'ten'"),
        ({"checks": {"mean_min": 0.0}}, "[checks], mean_min: 0 is out of range"),
        ({"screening": {"least_min": 20.0}}, "the least (20) is above the most (15)"),
        ({"cargo": {"normal": 0.5}}, "the shares sum to 0.7, not to 1"),
        ({"languages": {"fr": 0.0}}, "there is no 'fr'"),
        ({"name": {"zh": ""}}, "the text in 'zh' is missing"),
        ({"timezone": "Asia/Hanoi_City"}, "not a known time zone"),
        ({"day": "yesterday"}, "expected a date"),
        ({"gates": {"north": 7}}, "expected a table, not 7"),
        ({"disruptions": [{"gate": "north", "from_h": 9.0}]}, "'until_h' is missing"),
        (
            {"disruptions": [{"gate": "north", "from_h": 9.0, "until_h": 8.0}]},
            "the least (9) is above the most (8)",
        ),
        (
            {"disruptions": [{"gate": "north", "from_h": 9.0, "until_h": 10.0, "end_known": 1}]},
            "expected true or false, not 1",
        ),
        ({"surges": "many"}, "expected a list, not 'many'"),
        (
            {"imports": {"peaks": [{"share": 0.9, "at_h": 9.0, "sd_h": 0.0}]}},
            "sd_h: 0 is out of range",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(changes: dict[str, object], words: str):
    sentence = refusal(**changes)
    assert words in sentence
    assert sentence.startswith("small.toml")
    assert sentence.endswith((".", "?"))


def test_a_file_that_is_not_there_or_not_toml_is_named(tmp_path: Path):
    with pytest.raises(ScenarioError, match="no such scenario file"):
        load_scenario(tmp_path / "nowhere.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("id = ", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"broken\.toml: this is not valid TOML"):
        load_scenario(broken)


DIFFERS = {
    "2022-02-12-collapse": {"day", "days", "until_h", "gates", "screening"},
    "2024-01-23": set(),
    "2024-01-23-another-lane": {"gates"},
    "2024-01-23-closure": {"disruptions"},
    "2024-01-23-closure-announced": {"disruptions"},
    "2024-01-23-gps-outage": {"gps"},
    "2024-01-23-lane-loss": {"disruptions"},
    "2024-01-23-more-fruit": {"gates", "cargo"},
    "2024-01-23-no-shows": {"drivers"},
    "2024-01-23-other-side-early": {"disruptions"},
    "2024-01-23-other-side-slow": {"other_side"},
    "2024-01-23-sms-outage": {"messages"},
    "2024-01-23-surge": {"surges"},
    "2024-02-14-tet": {"day", "gates", "drivers"},
}


def test_every_shipped_day_is_the_published_one_but_for_what_its_name_says():
    published = load_scenario(PUBLISHED)
    paths = sorted(PUBLISHED.parent.glob("*.toml"))
    assert {path.stem for path in paths} == set(DIFFERS)
    for path in paths:
        day = load_scenario(path)
        changed = {
            row.name
            for row in fields(Scenario)
            if getattr(day, row.name) != getattr(published, row.name)
        }
        assert changed - {"id", "name"} == DIFFERS[path.stem], path.stem
        assert day.id == path.stem
        check_names(day, load_site(PUBLISHED.parents[1] / "sites" / day.site))
    for language in ("vi", "zh", "en"):
        assert len({load_scenario(path).name[language] for path in paths}) == len(paths)


def test_a_day_like_another_changes_only_its_own_keys(tmp_path: Path):
    (tmp_path / "plain.toml").write_text(PUBLISHED.read_text(encoding="utf-8"), encoding="utf-8")
    own = tmp_path / "own.toml"
    own.write_text('id = "own"\nlike = "plain"\n[drivers]\nspeed_cv = 0.5\n', encoding="utf-8")
    plain, day = load_scenario(tmp_path / "plain.toml"), load_scenario(own)
    assert (day.id, day.drivers.speed_cv) == ("own", 0.5)
    assert replace(day, id=plain.id, drivers=plain.drivers) == plain
    assert day.drivers.reaction_s == plain.drivers.reaction_s


@pytest.mark.parametrize(
    ("like", "words"),
    [
        ("own", "'own' is itself like another day"),
        ("../own", "expected the name of a scenario"),
        ("nowhere", "no such scenario file"),
    ],
)
def test_a_day_like_one_that_is_none_is_refused(tmp_path: Path, like: str, words: str):
    own = tmp_path / "own.toml"
    own.write_text(f'id = "own"\nlike = "{like}"\n', encoding="utf-8")
    with pytest.raises(ScenarioError, match=words):
        load_scenario(own)


def test_a_demand_factor_multiplies_every_count():
    north = scaled(small_day(), 1.5).gates["north"]
    assert (north.standing, north.arrivals, north.imports) == (15, 30, 18)


@pytest.mark.parametrize("factor", [-1.0, float("nan"), float("inf")])
def test_a_demand_factor_below_zero_or_without_end_is_refused(factor: float):
    with pytest.raises(ScenarioError, match="demand factor"):
        scaled(small_day(), factor)
