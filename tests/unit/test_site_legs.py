"""A way to a gate that passes through an in-gate yard, as site.toml says it."""

from math import hypot
from pathlib import Path

import pytest
from tiny_site import Features, box, write_site

from flowctl.site_files import check, load_site

OUTSIDE = """
[[yards]]
id = "yard_outside"
capacity = 200
[[yards.access]]
gate = "north"
via = "yard_south"
roads = ["way_in", "way_out", "freight"]
reaction_s = 120
travel_cv = 0.5

[[corridors]]
"""


def with_outside_yard(zones: Features, roads: Features) -> None:
    """Draw a second yard a kilometre before the first, on the same road."""
    for features, name, like in (
        (zones, "yard_outside", "yard_south"),
        (roads, "way_in", "inland"),
    ):
        features[name] = {
            "type": "Feature",
            "properties": features[like]["properties"] | {"id": name},
            "geometry": features[like]["geometry"],
        }
    zones["yard_outside"]["geometry"] = box(106.688, 21.999, 106.691, 22.001)
    line = {"type": "LineString", "coordinates": [[106.69, 22.0], [106.702, 22.0]]}
    roads["way_in"]["geometry"] = line


def write(folder: Path, text: str = OUTSIDE) -> Path:
    return write_site(folder, toml=("\n[[corridors]]\n", text), spoil=with_outside_yard)


def test_a_way_through_an_in_gate_yard_is_the_sum_of_both_ways(tmp_path: Path):
    site = load_site(write(tmp_path))
    inner = site.yard_by_id["yard_south"].access_to("north")
    outer = site.yard_by_id["yard_outside"].access_to("north")
    assert inner is not None
    assert outer is not None
    assert (inner.via, inner.via_s) == (None, None)
    assert outer.via == "yard_south"
    # 0.010 degrees of longitude at 22 N to the yard's outline, at the mean speed of the whole way.
    assert outer.via_s is not None
    assert 120 + 60 < outer.via_s < 120 + 150
    assert outer.travel_s == pytest.approx(outer.via_s + inner.travel_s)
    spread_s = hypot(0.5 * outer.via_s, 0.25 * inner.travel_s)
    assert outer.travel_cv * outer.travel_s == pytest.approx(spread_s)


@pytest.mark.parametrize(
    ("said", "instead", "says"),
    [
        ('via = "yard_south"', 'via = "yard_soth"', "does not pass yard_soth"),
        (
            'via = "yard_south"',
            'via = "yard_outside"',
            "must be another yard with a way of its own",
        ),
        ('via = "yard_south"', 'via = "lane_north"', "before the queue of north"),
        ('via = "yard_south"', "via = 7", "a name of small letters"),
    ],
)
def test_a_way_through_a_yard_that_does_not_lead_on_is_named(
    tmp_path: Path, said: str, instead: str, says: str
):
    assert said in OUTSIDE
    problems = check(write(tmp_path, OUTSIDE.replace(said, instead)))
    assert any("via" in problem and says in problem for problem in problems), problems
