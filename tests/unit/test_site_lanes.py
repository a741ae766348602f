"""Which trucks a gate's lanes take, as its file says."""

from pathlib import Path

import pytest
from tiny_site import write_site

from flowctl.lanes import Bay, LaneClass
from flowctl.site_files import check, load_site

PLACES = "inspection_places = 3\n"
COLD = 'id = "cold"\nplaces = 1\ncargo = ["reefer", "perishable"]\n'
REST = 'id = "rest"\nplaces = 2\n'


def with_classes(folder: Path, *classes: str) -> Path:
    tables = "".join(f"[[gates.lane_classes]]\n{one}" for one in classes)
    return write_site(folder, toml=("[[yards]]\n", tables + "\n[[yards]]\n"))


def test_lane_classes_share_the_places_of_a_gate_out(tmp_path: Path):
    gate = load_site(with_classes(tmp_path, COLD, REST)).gate_by_id["north"]
    assert gate.lane_classes == (
        LaneClass("cold", 1, ("reefer", "perishable")),
        LaneClass("rest", 2),
    )


def test_lane_classes_may_lend_each_other_places(tmp_path: Path):
    folder = with_classes(tmp_path, COLD + "switchable = true\n", REST + "switchable = true\n")
    classes = load_site(folder).gate_by_id["north"].lane_classes
    assert [one.switchable for one in classes] == [True, True]


@pytest.mark.parametrize(
    ("classes", "sentence"),
    [
        ((COLD, 'id = "rest"\nplaces = 5\n'), "have 6 places together, but the gate has 3"),
        ((REST, 'id = "rest"\nplaces = 1\n'), "rest stands twice"),
        ((COLD, REST + "upto_t = 18.0\n"), "no class takes the heaviest normal trucks"),
        ((COLD + "above_t = 30.0\nupto_t = 20.0\n", REST), "which is not above above_t = 30.0"),
        (('id = "cold"\nplaces = 1\ncargo = ["ice"]\n', REST), '"ice" is no cargo class'),
        (('id = "cold"\nplaces = 1\nabove_t = 4000.0\n', REST), "above_t"),
        ((COLD + "switchable = true\n", REST), "only one class is switchable"),
        ((COLD + 'switchable = "yes"\n', REST), "'yes' must be true or false"),
    ],
)
def test_what_cannot_be_meant_is_named(tmp_path: Path, classes: tuple[str, ...], sentence: str):
    problems = check(with_classes(tmp_path, *classes))
    assert len(problems) == 1, problems
    assert sentence in problems[0]


def test_a_truck_of_unknown_weight_counts_as_the_heaviest():
    light, heavy = LaneClass("light", 1, upto_t=18.0), LaneClass("heavy", 1, above_t=18.0)
    assert (light.takes("normal", None), heavy.takes("normal", None)) == (False, True)
    assert (light.takes("normal", 18.0), heavy.takes("normal", 18.0)) == (True, False)
    assert (light.takes("normal", 18.1), heavy.takes("normal", 18.1)) == (False, True)


SCANNER = '[[gates.bays]]\nid = "scanner"\nplaces = 2\nslots = 3\n'


def with_bays(folder: Path, *bays: str) -> Path:
    return write_site(folder, toml=("[[yards]]\n", "".join(bays) + "\n[[yards]]\n"))


def test_bays_are_read_with_the_slots_a_truck_blocks_them(tmp_path: Path):
    gate = load_site(with_bays(tmp_path, SCANNER)).gate_by_id["north"]
    assert gate.bays == (Bay("scanner", 2, 3),)


@pytest.mark.parametrize(
    ("bays", "sentence"),
    [
        ((SCANNER, SCANNER), "scanner stands twice"),
        ((SCANNER.replace("places = 2", "places = 0"),), '"places": 0 must be within 1'),
        ((SCANNER + "cargo = []\n",), "is not known here"),
    ],
)
def test_bays_that_cannot_be_meant_are_named(tmp_path: Path, bays: tuple[str, ...], sentence: str):
    problems = check(with_bays(tmp_path, *bays))
    assert len(problems) == 1, problems
    assert sentence in problems[0]
