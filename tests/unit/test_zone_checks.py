"""What is wrong with drawn zones, by the rules of the site's files; and cutting and importing."""

import copy
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from border import SITE

from flowctl import zone_checks
from flowctl.errors import FlowctlError
from flowctl.site import Site
from flowctl.site_files import SiteSource, load_site, read_source
from flowctl.zone_checks import Checked, Trucks, check
from flowctl.zone_drafts import (
    Feature,
    carried_over,
    features_of,
    read_import,
    source_of,
    split,
)

YARD = "yard_bao_nguyen"
NOBODY = Trucks(np.empty(0), np.empty(0), {})


@cache
def stored() -> tuple[Site, SiteSource]:
    return load_site(SITE), read_source(SITE)


def present() -> list[Feature]:
    return features_of(stored()[1], where="the test")


def zone(features: list[Feature], identifier: str = YARD) -> Feature:
    return next(f for f in features if f["properties"]["id"] == identifier)


def checked(features: list[Feature]) -> Checked:
    site, source = stored()
    return check(features, site, source, None, NOBODY)


def test_the_present_zones_are_sound_and_change_nothing():
    found = checked(present())
    assert (found.faults, found.changed, found.losses) == ([], [], [])
    assert found.site is not None
    assert found.source.toml == stored()[1].toml


@pytest.mark.parametrize(
    ("spoil", "field", "words"),
    [
        (lambda z: z["properties"].update(capacity=-1), "capacity", "-1 must be at least 0"),
        (lambda z: z["properties"].update(capacity="many"), "capacity", "'many' is not a number"),
        (lambda z: z["properties"].pop("capacity"), "capacity", "Is missing"),
        (lambda z: z["properties"].update(gate="nowhere"), "gate", "is no gate"),
        (lambda z: z["properties"].update(role="approach"), None, "must end inside|no known yard"),
        (lambda z: z["properties"]["name"].update(zh=""), "name", "Zh: is empty"),
        (
            lambda z: z["geometry"].update(
                coordinates=[[at[::-1] for at in z["geometry"]["coordinates"][0]]]
            ),
            "geometry",
            "longitude and latitude look swapped",
        ),
        (
            lambda z: z["geometry"]["coordinates"].append(
                [[106.9, 22.0], [106.91, 22.0], [106.91, 22.01], [106.9, 22.0]]
            ),
            "geometry",
            "a hole lies outside of the outline",
        ),
    ],
)
def test_what_is_wrong_with_a_zone_is_said_as_it_is_drawn(
    spoil: Callable[[Feature], Any], field: str | None, words: str
):
    features = present()
    spoil(zone(features))
    found = checked(features).faults
    said = [(one.zone, one.field, one.text) for one in found]
    assert all(one.kind for one in found)
    assert any(
        any(word in text for word in words.split("|"))
        and (field is None or (of, f) == (YARD, field))
        for of, f, text in said
    ), said


def test_a_zone_upon_another_and_a_gate_without_its_lane_are_said():
    features = present()
    features = [f for f in features if f["properties"]["id"] != "lane_tan_thanh"]
    twin = copy.deepcopy(zone(features, "zone_non_tariff"))
    twin["properties"] |= {"id": "yard_twin", "leaves_as": "zone_non_tariff"}
    features.append(twin)
    texts = " ".join(one.text for one in checked(features).faults)
    assert "overlaps the yard zone_non_tariff by" in texts
    assert "tan_thanh has no lane zone" in texts


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ('{"type": "Topology"}', "no GeoJSON FeatureCollection"),
        ('{"type": "FeatureCollection", "features": []}', "no features"),
        (
            '{"type": "FeatureCollection", "features": [{"type": "Feature",'  # noqa: ISC004
            ' "properties": {"id": "a"}, "geometry": {"type": "Point", "coordinates": [1, 2]}}]}',
            "Feature a is no polygon but Point",
        ),
        (
            json.dumps(
                {
                    "type": "FeatureCollection",
                    "features": [
                        {
                            "type": "Feature",
                            "properties": {"id": "a"},
                            "geometry": {"type": "Polygon", "coordinates": [[[106, 21]] * 10_000]},
                        }
                    ],
                }
            ),
            "10,000 corners",
        ),
        (
            '{"type": "FeatureCollection", "crs": {"name": "EPSG:3405"}, "features": []}',
            "another coordinate system",
        ),
    ],
)
def test_a_file_that_is_no_map_is_refused(text: str, words: str):
    with pytest.raises(FlowctlError, match=words):
        read_import(text)


RING = [[106.0, 22.0], [106.2, 22.0], [106.2, 22.1], [106.0, 22.1], [106.0, 22.0]]


def test_a_zone_is_cut_in_two_along_a_line():
    whole = {"type": "Polygon", "coordinates": [RING]}
    line = {"type": "LineString", "coordinates": [[106.05, 21.9], [106.05, 22.2]]}
    parts = split(whole, line)
    widths = [max(x for x, _ in part["coordinates"][0]) for part in parts]
    assert widths == [106.2, 106.05]
    line["coordinates"] = [[106.05, 21.9], [106.05, 22.05]]
    with pytest.raises(FlowctlError, match="let it begin outside"):
        split(whole, line)


def test_only_the_figure_that_changed_changes_in_the_site_file():
    features = present()
    zone(features)["properties"]["capacity"] = 1200
    _, source = stored()
    toml = source_of(features, source).toml
    changed = [line for line in toml.splitlines() if line not in source.toml.splitlines()]
    assert len(changed) == 1
    assert changed[0].startswith("capacity = 1200")


def test_a_yard_that_is_gone_comes_back_with_its_ways_from_the_former_texts():
    site, source = stored()
    whole = present()
    without = [f for f in whole if f["properties"]["id"] != "yard_xuan_cuong"]
    gone = source_of(without, source)
    assert "yard_xuan_cuong" not in gone.toml
    back = check(whole, site, gone, source, NOBODY)
    assert back.faults == []
    assert back.site is not None
    assert back.site.yard_by_id == site.yard_by_id


def test_what_two_people_changed_is_put_together_zone_by_zone():
    base, mine, theirs = present(), present(), present()
    zone(mine)["properties"]["name"]["en"] = "Mine"
    zone(theirs)["properties"]["name"]["en"] = "Theirs"
    zone(theirs, "yard_viettel")["properties"]["name"]["en"] = "Theirs"
    theirs = [f for f in theirs if f["properties"]["id"] != "hold_chi_lang"]
    both = carried_over(base, mine, theirs)
    names = {f["properties"]["id"]: f["properties"]["name"]["en"] for f in both}
    assert (names[YARD], names["yard_viettel"]) == ("Mine", "Theirs")
    assert "hold_chi_lang" not in names


def test_a_yard_no_truck_fits_into_and_one_too_full_are_refused():
    features = present()
    zone(features)["properties"]["capacity"] = 1_000_000
    [crowded] = checked(features).faults
    assert (crowded.kind, crowded.field, crowded.values["value"]) == ("crowded", "capacity", "0.1")
    features = present()
    middle = zone(features)["geometry"]["coordinates"][0][0]
    x, y = middle
    zone(features)["geometry"]["coordinates"] = [
        [[x, y], [x + 0.00002, y], [x + 0.00002, y + 0.00002], [x, y]]
    ]
    assert "tiny" in [one.kind for one in checked(features).faults]


@pytest.mark.parametrize("language", ["vi", "zh", "en"])
def test_every_kind_of_fault_has_words(language: str):
    text = (SITE.parents[1] / "messages" / f"{language}.json").read_text(encoding="utf-8")
    assert {kind for kind, _ in zone_checks.KINDS} <= json.loads(text)["page"]["zone_fault"].keys()
