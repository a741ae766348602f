"""A scenario's file: what it says, and what is refused in a sentence."""

from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from simulated_day import PUBLISHED, day_table, small_day, tiny_site

from flowctl.scenarios.rows import ScenarioError
from flowctl.scenarios.scenario import (
    Scenario,
    check_names,
    load_scenario,
    parse_scenario,
    read_scenario,
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
    with pytest.raises(ScenarioError, match="is a folder; name the file"):
        load_scenario(tmp_path)
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
    shipped = sorted(PUBLISHED.parent.glob("*.toml"))
    paths = [path for path in shipped if load_scenario(path).site == published.site]
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


def test_a_day_like_one_that_ships_can_lie_anywhere_and_prefers_what_lies_beside_it(
    tmp_path: Path,
):
    own, beside = tmp_path / "own.toml", tmp_path / "2024-01-23.toml"
    own.write_text('id = "own"\nlike = "2024-01-23"\nuntil_h = 20.0\n', encoding="utf-8")
    published = load_scenario(PUBLISHED)
    assert replace(load_scenario(own), id=published.id, until_h=published.until_h) == published
    text = PUBLISHED.read_text(encoding="utf-8")
    beside.write_text(text.replace("standing = 443", "standing = 7"), encoding="utf-8")
    assert load_scenario(own).gates["tan_thanh"].standing == 7


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


TEN_LINES = """
id = "mine"
site = "lang_son"
day = 2024-05-06

[gates.tan_thanh]
arrivals = 400
yard = "yard_bao_nguyen"

[gates.huu_nghi]
imports = 500
yard = "yard_viettel"
"""


def test_ten_lines_are_a_whole_day(tmp_path: Path):
    day = read_scenario(TEN_LINES, tmp_path, where="mine")
    check_names(day, load_site(PUBLISHED.parents[1] / "sites" / "lang_son"))
    assert day.name == {"vi": "mine", "zh": "mine", "en": "mine"}
    assert (day.until_h, day.days, day.steering, day.run.replications) == (24.0, 1, "n_control", 1)
    assert day.gates["tan_thanh"].stands_in == ("yard_bao_nguyen",)
    assert (day.screening.least_min, day.screening.most_min) == (10.0, 15.0)


def test_a_day_told_in_other_clocks_than_its_site_lives_by_is_refused():
    site = load_site(PUBLISHED.parents[1] / "sites" / "lang_son")
    day = replace(load_scenario(PUBLISHED), timezone=ZoneInfo("Asia/Shanghai"))
    with pytest.raises(ScenarioError, match='write timezone = "Asia/Ho_Chi_Minh"'):
        check_names(day, site)


LIMIT = {"gate": "north", "from_h": 9.0, "until_h": 10.0}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"north": {"places": 0}}, "gates.north, places: 0 is out of range"),
        ({"north": {"places": -1}}, "between 1 and 500"),
        ({"north": {"arrivals": float("inf")}}, "expected a whole number"),
        ({"north": {"cargo": {"fish": 1.0}}}, "gates.north, [cargo]: there is no 'fish'"),
        ({"north": {"export_profile": {"hourly": [1.0, 2.0]}}}, "2 weights; a day has 24"),
        ({"exports": {"hourly": [0.0] * 24}}, "every weight between from_h and until_h is zero"),
        ({"exports": {"hourly": [-1.0] * 24}}, "hourly: -1 is out of range"),
        ({"imports": {"hourly": [1.0] * 24}}, "either peaks or hourly weights"),
        ({"counts": "some"}, "counts: there is no 'some'"),
        ({"steering": "n-control"}, 'did you mean "n_control"?'),
        ({"days": 0}, "days: 0 is out of range"),
        ({"gates": {"north": None}}, "gates.north: expected a table, not None"),
        ({"run": {"replications": 0}}, "[run], replications: 0 is out of range"),
        ({"run": {"warm_up_h": 21.0}}, "a warm-up of 21 h leaves nothing"),
        ({"screening": {"law": "gamma"}}, "law: there is no 'gamma'"),
        ({"screening": {"law": "erlang"}}, "the law 'erlang': the key 'mean_min' is missing"),
        ({"screening": {"cv": 0.5}}, "cv: the law 'uniform' has only least_min and most_min"),
        ({"screenings": [{"cargo": "fruit", "least_min": 1.0, "most_min": 2.0}]}, "no 'fruit'"),
        ({"screenings": [{"direction": "export", "least_min": 1.0}]}, "'most_min' is missing"),
        ({"inspections": [{"law": "erlang", "mean_min": 9.0, "phases": 2}]}, "'share' is missing"),
        ({"drivers": {"turn_back_share": 1.5}}, "turn_back_share: 1.5 is out of range"),
        ({"gps": {"outage_from_h": 9.0, "outage_until_h": 8.0}}, "outage: the least (9) is above"),
        ({"messages": {"outage": 9.0}}, "[messages]: there is no 'outage', did you mean \"outage"),
        ({"lanes": [LIMIT | {"places": -2}]}, "[[lanes]], places: -2 is out of range"),
        ({"other_side": [LIMIT | {"most_per_h": -1.0}]}, "most_per_h: -1 is out of range"),
        ({"other_side": [LIMIT]}, "'most_per_h' is missing"),
        (
            {"breakdowns": [{"gate": "north", "mean_between_h": 0.0, "mean_repair_min": 9.0}]},
            "mean_between_h: 0 is out of range",
        ),
        ({"disruptions": [LIMIT | {"until_h": 900.0}]}, "900 is out of range; it must be between"),
        (
            {"disruptions": [LIMIT | {"from_h": 21.0, "until_h": 22.0}]},
            "[[disruptions]]: at north something begins at 21 h, but the day ends at 20 h",
        ),
        ({"yards": {"yard_south": {"travel_factor": 0.0}}}, "yards.yard_south, travel_factor: 0"),
        ({"yards": {"yard_south": {"capacity": 9}}}, "there is no 'capacity'; known are places"),
    ],
)
def test_what_no_day_can_be_is_refused_in_a_sentence(changes: dict[str, object], words: str):
    sentence = refusal(**changes)
    assert words in sentence
    assert sentence.startswith("small.toml")
    assert sentence.endswith((".", "?"))


def test_a_policy_nobody_knows_is_named_once_with_the_words_of_every_language():
    with pytest.raises(ScenarioError) as refused:
        parse_scenario(day_table() | {"steering": "n-control"}, where="small.toml")
    said = refused.value.refusal
    assert said.sentence == (
        "small.toml, steering: there is no 'n-control', did you mean \"n_control\"?"
    )
    assert said.kind == "scenario_unknown_near"
    assert said.values == {"word": "n-control", "near": "n_control"}
    assert refused.value.path == ("steering",)


@pytest.mark.parametrize(
    ("changes", "kind", "values"),
    [
        ({"steering": "quota:9"}, "steering_quota", {"least": 0.1, "most": 2.0}),
        ({"screening": {"least_min": 20.0}}, "scenario_span", {"least": "20", "most": "15"}),
        ({"cargo": {"normal": 0.5}}, "scenario_shares", {"sum": "0.7"}),
        (
            {"lanes": [LIMIT | {"gate": "east", "places": 2}]},
            "scenario_unknown",
            {"word": "east", "known": ("north",)},
        ),
    ],
)
def test_what_contradicts_itself_has_words_in_every_language(
    changes: dict[str, object], kind: str, values: dict[str, object]
):
    with pytest.raises(ScenarioError) as refused:
        small_day(**changes)
    assert (refused.value.refusal.kind, refused.value.refusal.values) == (kind, values)


def test_a_day_without_a_gate_is_refused():
    with pytest.raises(ScenarioError, match="a day needs the trucks of one gate at least"):
        parse_scenario(day_table() | {"gates": {}}, where="small.toml")


def test_a_closure_longer_than_the_day_shuts_the_gate_to_its_end():
    day = small_day(disruptions=[LIMIT | {"from_h": 0.0, "until_h": 168.0}])
    assert day.disruptions[0].until_h > day.until_h


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lanes": [LIMIT | {"gate": "east", "places": 2}]}, "staffs the gate 'east'"),
        ({"other_side": [LIMIT | {"gate": "east", "most_per_h": 2.0}]}, "limits the gate 'east'"),
        (
            {"screenings": [{"gate": "east", "least_min": 1.0, "most_min": 2.0}]},
            "times screenings at the gate 'east'",
        ),
        ({"yards": {"yard_west": {"places": 9}}}, "changes the yard 'yard_west'; the site 'tiny'"),
    ],
)
def test_what_the_day_or_its_site_has_not_is_named(
    changes: dict[str, object], words: str, tmp_path: Path
):
    with pytest.raises(ScenarioError, match=words) as refused:
        check_names(small_day(**changes), tiny_site(tmp_path))
    assert refused.value.refusal.kind == "scenario_unknown"
