"""A planner's form and text are one scenario: what a slider changes, what the text says of it."""

from dataclasses import replace
from pathlib import Path

import pytest
from simulated_day import PUBLISHED

from flowctl.scenarios.form import form, values_of
from flowctl.scenarios.rows import ScenarioError
from flowctl.scenarios.scenario import Scenario, load_scenario
from flowctl.scenarios.text import edit, look_at
from flowctl.site import Site
from flowctl.site_files import load_site

DAYS = PUBLISHED.parent
CLOSURE = DAYS / "2024-01-23-closure.toml"


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(DAYS.parent / "sites" / "lang_son")


def text_of(path: Path = PUBLISHED) -> str:
    return path.read_text(encoding="utf-8")


def played(text: str, site: Site) -> Scenario:
    scenario, problems = look_at(text, site, DAYS)
    assert problems == ()
    assert scenario is not None
    return scenario


def expand(path: str, site: Site) -> str:
    yard, gate = site.yards[0].id, site.gates[0].id
    return path.replace("{gate}", gate).replace("{yard}", yard).replace("{row}", "0")


ROWS = {
    "disruptions": {"gate": "huu_nghi", "from_h": 8.0, "until_h": 9.0},
    "surges": {"gate": "huu_nghi", "from_h": 8.0, "until_h": 9.0, "more": 0.5},
    "lanes": {"gate": "huu_nghi", "from_h": 8.0, "until_h": 9.0, "places": 5},
    "other_side": {"gate": "huu_nghi", "from_h": 8.0, "until_h": 9.0, "most_per_h": 20.0},
    "breakdowns": {"gate": "huu_nghi", "mean_between_h": 8.0, "mean_repair_min": 30.0},
    "inspections": {"share": 0.1, "law": "lognormal", "mean_min": 60.0, "cv": 0.5},
}


def test_every_field_has_a_value_in_a_scenario_that_uses_it_and_can_be_set_to_both_ends(site: Site):
    text = edit(text_of(), {f"{kind}.0": row for kind, row in ROWS.items()}, DAYS)
    values = values_of(played(text, site), site)
    for field in form():
        path = expand(field.path, site)
        assert path in values, path
        for end in (field.least, field.most):
            if end is None:
                continue
            refused = [p.text for p in look_at(edit(text, {path: end}, DAYS), site, DAYS)[1]]
            # What no law or no other hour allows is another matter than the field's own bounds.
            assert not any("is out of range" in sentence for sentence in refused), refused


def test_a_slider_changes_its_value_and_nothing_else(site: Site):
    before = text_of()
    after = edit(before, {"gates.tan_thanh.arrivals": 500}, DAYS)
    [old, new] = [set(text.splitlines()) for text in (before, after)]
    assert new - old == {"arrivals = 500"}
    day, changed = played(before, site), played(after, site)
    assert changed.gates["tan_thanh"].arrivals == 500
    assert replace(changed, gates=day.gates) == day


def test_comments_and_order_stay():
    text = edit(text_of(), {"gates.huu_nghi.imports": 600, "until_h": 22.0}, DAYS)
    assert "imports = 600 # all who were cleared" in text
    assert "until_h = 22.0 # the report closes at 20:00 local" in text
    assert (
        text.index("[gates.huu_nghi]") < text.index("[gates.tan_thanh]") < text.index("[exports]")
    )


def test_what_a_day_has_from_the_one_it_is_like_is_changed_in_its_own_text(site: Site):
    text = edit(text_of(CLOSURE), {"drivers.no_show_share": 0.2, "days": 2}, DAYS)
    day, base = played(text, site), load_scenario(CLOSURE)
    assert day.drivers == replace(base.drivers, no_show_share=0.2)
    assert (day.days, day.gates) == (2, base.gates)


def test_a_value_taken_out_has_its_default_again(site: Site):
    text = edit(text_of(), {"gates.tan_thanh.places": 12}, DAYS)
    assert values_of(played(text, site), site)["gates.tan_thanh.places"] == 12
    text = edit(text, {"gates.tan_thanh.places": None, "gates.tan_thanh.cargo.normal": None}, DAYS)
    assert "places" not in text.split("[gates.tan_thanh]")[1].split("[exports]")[0]
    assert values_of(played(text, site), site)["gates.tan_thanh.places"] == 9


def test_rows_are_added_changed_and_taken_out(site: Site):
    second = {"gate": "huu_nghi", "from_h": 13.0, "until_h": 14.0}
    text = edit(text_of(CLOSURE), {"disruptions.1": second, "disruptions.0.until_h": 11.0}, DAYS)
    assert [(d.gate, d.until_h) for d in played(text, site).disruptions] == [
        ("tan_thanh", 11.0),
        ("huu_nghi", 14.0),
    ]
    text = edit(text, {"disruptions.0": None}, DAYS)
    assert [d.gate for d in played(text, site).disruptions] == ["huu_nghi"]
    with pytest.raises(ScenarioError, match=r"no disruptions\.4\.from_h; 'disruptions' has 1 rows"):
        edit(text, {"disruptions.4.from_h": 3.0}, DAYS)


def test_rows_of_the_day_a_text_is_like_are_copied_before_one_is_changed(
    site: Site, tmp_path: Path
):
    (tmp_path / "base.toml").write_text(
        edit(text_of(), {"disruptions.0": ROWS["disruptions"]}, DAYS)
    )
    text = edit('id = "own"\nlike = "base"\n', {"disruptions.0.until_h": 10.0}, tmp_path)
    day, problems = look_at(text, site, tmp_path)
    assert problems == ()
    assert day is not None
    assert [(d.gate, d.from_h, d.until_h) for d in day.disruptions] == [("huu_nghi", 8.0, 10.0)]


@pytest.mark.parametrize("law", ["lognormal", "erlang", "uniform"])
def test_another_law_keeps_the_mean_and_leaves_no_key_of_the_old_one(site: Site, law: str):
    for path in (PUBLISHED, CLOSURE):
        screening = played(edit(text_of(path), {"screening.law": law}, DAYS), site).screening
        assert (screening.law, screening.middle_min) == (law, 12.5)
    with pytest.raises(ScenarioError, match="there is no 'gamma'"):
        edit(text_of(), {"screening.law": "gamma"}, DAYS)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("arrivals = 417", "arrivals = -3", "arrivals = -3", "arrivals: -3 is out of range"),
        ("noise_m =", "noise_metres =", "noise_metres", 'did you mean "noise_m"?'),
        ("at_h = 8.5", "at_h = 85", "peaks = [", "between 0 and 24"),
        ('yard = "yard_viettel"', 'yard = "viettel"', 'yard = "viettel"', "names the yard"),
        ("cv = 0.5", "cv = = 0.5", "cv = = 0.5", "not valid TOML"),
        ("normal = 0.70", "normal = 0.5", "[cargo]", "the shares sum to 0.8"),
    ],
)
def test_a_problem_says_its_line(site: Site, old: str, new: str, line: str, words: str):
    text = text_of().replace(old, new, 1)
    scenario, [problem] = look_at(text, site, DAYS)
    assert scenario is None
    assert words in problem.text
    assert problem.line is not None
    assert line in text.splitlines()[problem.line - 1]


def test_a_problem_in_the_second_row_says_the_line_of_that_row(site: Site):
    wrong = '\n[[disruptions]]\ngate = "tan_thanh"\nfrom_h = 15.0\nuntil_h = 13.0\n'
    text = text_of(CLOSURE) + wrong
    _, [problem] = look_at(text, site, DAYS)
    assert (
        "[[disruptions]] 2, from_h and until_h: the least (15) is above the most (13)"
        in problem.text
    )
    assert problem.line == len(text.splitlines()) - 3


def test_what_is_wrong_in_no_line_of_the_text_has_none(site: Site):
    _, [problem] = look_at('id = "own"\nlike = "nowhere"\n', site, DAYS)
    assert (problem.line, "no such scenario file" in problem.text) == (None, True)
