"""Studies: variants of a scenario, cells that are kept, sensitivity, searches, the disruptions."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
from simulated_day import day_table, tiny_site

from flowctl.errors import FlowctlError
from flowctl.scenarios.steering import parse_steering
from flowctl.site import Site
from simulations.studies.cells import FILE, Cell, StoppedError, Study
from simulations.studies.executors import Pool, threads
from simulations.studies.library import LIBRARY, busiest, troubled
from simulations.studies.search import Search, parse_search, search, tornado
from simulations.studies.variants import Base, parse_variable

NONE = parse_steering("none")
BUSY = {"standing": 30, "arrivals": 90, "imports": 20}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return tiny_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def base(site: Site) -> Base:
    return Base(table=day_table(north=BUSY), site=site, where="small.toml")


@pytest.fixture(scope="module")
def pool():
    with threads(2) as opened:
        yield opened


def study(pool: Pool, **changes: object) -> Study:
    asked = {"seed": 1, "replications": 3, "executor": lambda _: nullcontext(pool)} | changes
    return Study(**asked)


def mean(cell: Cell, measure: str = "gate_wait_mean_s") -> float:
    value = cell.interval(measure).mean
    assert value is not None
    return value


def test_a_range_has_both_its_ends_and_a_list_its_values():
    assert parse_variable("gates.north.arrivals=300:600:100").values == (300, 400, 500, 600)
    assert parse_variable("drivers.no_show_share=0:0.3:0.1").values == (0, 0.1, 0.2, 0.3)
    assert parse_variable("gates.north.places=2,8,4").values == (2, 4, 8)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gates.north.arrivals", "takes a path and its values"),
        ("gates.north.arrivals=few", "a range as 300:600:50 or a list"),
        ("gates.north.arrivals=600:300:50", "ends before it begins"),
        ("gates.north.arrivals=3:6:0", "step of a range is above zero"),
        ("gates.north.arrivals=0:600:0.001", "At most 1000 values"),
    ],
)
def test_a_range_that_cannot_be_is_refused(text: str, words: str):
    with pytest.raises(FlowctlError, match=words):
        parse_variable(text)


def test_a_variant_sets_numbers_of_the_scenario_and_of_the_sites_rules(base: Base):
    scenario, site = base.variant(
        {"gates.north.arrivals": 55, "drivers.no_show_share": 0.25, "site.dispatch.slot_s": 600}
    )
    assert scenario.gates["north"].arrivals == 55
    assert scenario.drivers.no_show_share == 0.25
    assert site.dispatch.slot_s == 600
    assert base.value("gates.north.arrivals") == 90
    assert base.value("gates.north.places") == 3  # the site's, of which the scenario says nothing


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"gates.north.arivals": 5}, 'did you mean "gates.north.arrivals"'),
        ({"site.dispatch.slot": 5}, 'did you mean "site.dispatch.slot_s"'),
        ({"site.dispatch.slot_s": 0.5}, "is a whole number"),
        ({"gates.north.arrivals": -5}, "out of range"),
        ({"gates.north.places": 0}, "out of range"),
    ],
)
def test_a_variant_that_cannot_be_is_refused(base: Base, settings: dict[str, float], words: str):
    with pytest.raises(FlowctlError, match=words):
        base.variant(settings)


def test_a_finished_cell_is_kept_and_not_played_again(base: Base, pool: Pool, tmp_path: Path):
    first = study(pool, folder=tmp_path)
    cells = [first.play(base, {"gates.north.arrivals": n}, NONE) for n in (60, 90)]
    assert first.played == 2
    lines = (tmp_path / FILE).read_text().splitlines()
    assert [json.loads(line)["settings"] for line in lines] == [
        {"gates.north.arrivals": 60},
        {"gates.north.arrivals": 90},
    ]
    with (tmp_path / FILE).open("a") as file:
        file.write(lines[0][: len(lines[0]) // 2])  # the machine stopped in the middle of a line
    again = study(pool, folder=tmp_path)
    assert [again.play(base, {"gates.north.arrivals": n}, NONE) for n in (60, 90)] == cells
    assert again.played == 0
    other = study(pool, folder=tmp_path, seed=2)
    assert other.play(base, {"gates.north.arrivals": 60}, NONE).digest != cells[0].digest
    assert other.played == 1


def test_a_study_that_is_stopped_keeps_its_finished_cells(base: Base, pool: Pool, tmp_path: Path):
    done: list[Cell] = []
    stopping = study(pool, folder=tmp_path, stopped=lambda: bool(done))
    done.append(stopping.play(base, {}, NONE))
    with pytest.raises(StoppedError):
        stopping.play(base, {"gates.north.arrivals": 60}, NONE)
    assert len((tmp_path / FILE).read_text().splitlines()) == 1


def test_the_fewest_places_that_keep_a_wait_are_found_by_halving(base: Base, pool: Pool):
    looking = study(pool)
    wanted = parse_search("least gates.north.places=1:16 for gate_wait_p95_s<=30min", base)
    assert wanted == Search("gates.north.places", tuple(range(1, 17)), "gate_wait_p95_s", 1800.0)
    found = search(base, NONE, wanted, looking)
    assert found.value is not None
    assert len(found.tried) <= 6
    tried = {value: cell.interval("gate_wait_p95_s") for value, cell in found.tried}
    assert tried[found.value].high <= 1800
    assert tried[found.value - 1].high > 1800


def test_a_limit_that_nothing_keeps_has_no_value(base: Base, pool: Pool):
    wanted = parse_search("least gates.north.places=1:2 for gate_wait_p95_s<=1s", base)
    found = search(base, NONE, wanted, study(pool))
    assert found.value is None
    assert len(found.tried) == 1


def test_the_best_value_is_found_without_trying_all(base: Base, pool: Pool):
    looking = study(pool)
    wanted = parse_search("best gates.north.places=1:12:1 for gate_wait_mean_s", base)
    found = search(base, NONE, wanted, looking)
    means = {value: mean(cell) for value, cell in found.tried}
    assert means[found.value] == min(means.values())
    assert found.value > 6
    assert len(found.tried) < 12


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fewest gates.north.places for queue_max", "--search takes"),
        ("least gates.north.places for gate_wait_p59_s<=1", 'did you mean "gate_wait_p'),
        ("least gates.north.place for gate_wait_p95_s<=1", 'did you mean "gates.north.places"'),
    ],
)
def test_a_search_for_what_there_is_not_is_refused(base: Base, text: str, words: str):
    with pytest.raises(FlowctlError, match=words):
        parse_search(text, base)


def test_sensitivity_puts_what_moves_most_first(base: Base, pool: Pool):
    swings = tornado(
        base,
        NONE,
        study(pool),
        measure="gate_wait_mean_s",
        share=0.2,
        paths=("gates.north.imports", "gates.north.arrivals", "drivers.reaction_s"),
    )
    assert swings[0].path == "gates.north.arrivals"
    assert (swings[0].low, swings[0].high) == (72, 108)
    assert swings[0].lowered.mean < 0 < swings[0].raised.mean
    assert swings[-1].path == "drivers.reaction_s"  # where nobody is called, nobody reacts
    assert swings[-1].width == 0
    with pytest.raises(FlowctlError, match="no_show_share is 0, and a share of nothing"):
        tornado(
            base,
            NONE,
            study(pool),
            measure="queue_max",
            share=0.2,
            paths=("drivers.no_show_share",),
        )


@pytest.mark.parametrize("trouble", LIBRARY, ids=lambda trouble: trouble.id)
def test_every_disruption_can_be_put_on_a_day(base: Base, pool: Pool, trouble: object):
    rule = parse_steering("n_control")
    usual = study(pool, replications=1).play(base, {}, rule)
    hit = study(pool, replications=1).play(troubled(base, trouble, busiest(base)), {}, rule)
    more = mean(hit, "total_wait_mean_s") - mean(usual, "total_wait_mean_s")
    if trouble.id == "gps_outage":
        assert more == 0  # rules of release see every truck; it takes the full twin to feel it
    else:
        assert more > 30


def test_a_disruption_strikes_a_gate_that_there_is(base: Base):
    with pytest.raises(FlowctlError, match="no gate 'nroth', did you mean \"north\""):
        troubled(base, LIBRARY[0], "nroth")
