"""A site's first files come of a drawing and the roads, and what nobody said stands as assumed."""

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_roads import lon_lat, network, osm
from typer.testing import CliRunner

from flowctl.cli import app
from flowctl.days import load_day
from flowctl.errors import FlowctlError, SiteError
from flowctl.new_site import Drawing, NewSite, make_site, read_drawing
from flowctl.scenarios.scenario import check_names, read_scenario
from flowctl.site import Site
from flowctl.site_files import parse_site
from geo.network import RoadNetwork

# A straight road from the town in the west to the border in the east, and a yard's side road.
NODES = {"town": (0.0, 0.0), "fork": (4000.0, 0.0), "yard": (4000.0, 300.0), "end": (8000.0, 0.0)}
ROADS = network(NODES, ["town-fork", "fork-yard", "fork-end"])


def box(x: float, y: float, across: float = 60.0, up: float = 60.0) -> dict[str, Any]:
    west, south, east, north = x - across, y - up, x + across, y + up
    ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return {"type": "Polygon", "coordinates": [[list(lon_lat(*at)) for at in ring]]}


def feature(identifier: str, role: str, shape: dict[str, Any], **more: object) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"id": identifier, "role": role, **more},
        "geometry": shape,
    }


DRAWN = {
    "yard": feature("yard", "yard", box(4000, 300), name="The yard", capacity=40),
    "queue": feature("queue", "queue", box(5500, 0, 400, 20), gate="east"),
    "lane": feature("lane", "lane", box(6500, 0, 100, 20), gate="east", places=3),
    "beyond": feature("beyond", "beyond", box(7500, 0, 200, 40), gate="east"),
    "town": feature("town", "origin", {"type": "Point", "coordinates": list(lon_lat(0, 50))}),
}


def read(text: str, *, site: str = "east", timezone: str = "Europe/Andorra") -> Drawing:
    return read_drawing(text, site=site, timezone=timezone, where="drawing.geojson")


def text_of(drawn: dict[str, Any]) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(drawn.values())})


def made(drawn: dict[str, Any] = DRAWN, roads: RoadNetwork = ROADS, site: str = "east") -> NewSite:
    return make_site(read(text_of(drawn), site=site), roads, name="East")


def site_of(new: NewSite) -> Site:
    return parse_site(new.source, where="east")


def test_a_drawing_and_the_roads_make_a_site_that_is_fit_for_use():
    site = site_of(made())
    assert [gate.id for gate in site.gates] == ["east"]
    assert site.gates[0].inspection_places == 3
    assert [(yard.id, yard.capacity) for yard in site.yards] == [("yard", 40)]
    assert site.yards[0].name["vi"] == "The yard"
    assert str(site.timezone) == "Europe/Andorra"
    assert site.epsg == 32648
    [corridor], [freight] = site.corridors, site.freight_roads
    assert corridor.length_m == pytest.approx(4000 + 300 + 50, abs=5)
    assert freight.length_m == pytest.approx(300 + 3500, abs=5)
    assert freight.queue_m[0] == pytest.approx(300 + 1100, abs=5)


def test_what_nobody_said_is_assumed_and_says_so():
    drawn = copy.deepcopy(DRAWN)
    del drawn["yard"]["properties"]["capacity"], drawn["lane"]["properties"]["places"]
    new = made(drawn)
    assert "capacity = 115  # [assumed]" in new.source.toml  # 120 m × 120 m at 125 m² a place
    assert "inspection_places = 2  # [assumed]" in new.source.toml
    assert site_of(new).yards[0].capacity == 115


def test_its_first_day_can_be_played_there():
    new = made()
    day = read_scenario(new.day, Path(), where="day.toml")
    check_names(day, site_of(new))
    assert day.gates["east"].arrivals == day.gates["east"].imports == 55


def test_a_day_beside_a_sites_files_is_of_that_site(tmp_path: Path):
    new = made()
    for name, text in {
        "site.toml": new.source.toml,
        "zones.geojson": new.source.zones,
        "roads.geojson": new.source.roads,
        "day.toml": new.day,
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    day, source, site = load_day(str(tmp_path / "day.toml"))
    assert (day.site, site.id, source.toml) == ("east", "east", new.source.toml)
    (tmp_path / "site.toml").unlink()
    with pytest.raises(FlowctlError, match="'east', of which there are no files beside it"):
        load_day(str(tmp_path / "day.toml"))


@pytest.mark.parametrize("gone", ["queue", "lane", "beyond"])
def test_a_zone_that_trucks_need_is_asked_for(gone: str):
    drawn = {name: one for name, one in DRAWN.items() if name != gone}
    with pytest.raises(SiteError, match=f'has no {gone} zone; draw one with "role": "{gone}"'):
        made(drawn)


def test_a_drawing_without_yard_or_origin_is_told_both_at_once():
    drawn = {name: one for name, one in DRAWN.items() if name not in {"yard", "town"}}
    with pytest.raises(SiteError) as refused:
        made(drawn)
    assert "has no yard; draw a Polygon" in str(refused.value)
    assert 'Points with "role": "origin"' in str(refused.value)


def test_a_zone_far_from_every_road_is_named_with_how_far():
    drawn = DRAWN | {"yard": feature("yard", "yard", box(2000, 1500))}
    with pytest.raises(SiteError, match=r"feature yard: lies 1,\d{3} m from every road"):
        made(drawn)


def test_a_drawing_that_is_swapped_throughout_is_told_so_where_that_is_a_place_on_earth():
    west = replace(ROADS, node_lon=ROADS.node_lon - 100.0, lon=ROADS.lon - 100.0)
    drawn, swapped = copy.deepcopy(DRAWN), copy.deepcopy(DRAWN)
    for name, one in drawn.items():
        at = np.array(one["geometry"]["coordinates"]) - [100.0, 0.0]
        one["geometry"]["coordinates"] = at.tolist()
        swapped[name]["geometry"]["coordinates"] = at[..., ::-1].tolist()
    assert site_of(made(drawn, west)).epsg == 32632
    with pytest.raises(SiteError) as refused:
        made(swapped, west)
    [said] = str(refused.value).splitlines()
    assert "feature yard: lies 2," in said
    assert said.endswith("swapped, here or in all that is drawn: write the longitude first")


def test_lanes_without_their_gate_are_named_in_the_drawing_and_nothing_that_follows_from_it():
    drawn = copy.deepcopy(DRAWN)
    del drawn["lane"]["properties"]["gate"]
    lane = 'drawing.geojson, feature lane, field "gate": is missing; a lane zone belongs to one'
    with pytest.raises(SiteError, match=f"^{lane} gate$"):
        made(drawn)
    del drawn["queue"]["properties"]["gate"], drawn["beyond"]["properties"]["gate"]
    with pytest.raises(SiteError) as refused:
        made(drawn)
    said = str(refused.value).splitlines()
    assert len(said) == 3
    assert all('field "gate": is missing' in one for one in said)


def test_zones_that_lie_over_each_other_are_told_apart_before_any_road_is_looked_for():
    drawn = DRAWN | {"lane": feature("lane", "lane", box(5900, 0, 400, 20), gate="east")}
    with pytest.raises(SiteError, match=r"^drawing\.geojson, feature lane, .*overlaps the queue"):
        read(text_of(drawn))


def test_roads_that_do_not_hang_together_leave_no_way():
    apart = network(NODES, ["town-fork", "fork-yard", "end>fork"])
    with pytest.raises(SiteError, match="no way for trucks leads from yard to queue"):
        made(roads=apart)


def test_a_role_that_is_none_and_a_broken_outline_are_named_by_their_feature():
    drawn = copy.deepcopy(DRAWN)
    drawn["queue"]["properties"]["role"] = "que"
    with pytest.raises(SiteError, match=r'feature queue, field "role".*did you mean "queue"'):
        made(drawn)
    drawn = copy.deepcopy(DRAWN)
    drawn["lane"]["geometry"]["coordinates"] = "here"
    with pytest.raises(SiteError, match="geometry cannot be read"):
        made(drawn)


@pytest.mark.parametrize("text", ["", "{", '{"type": "FeatureCollection", "features": []}'])
def test_what_is_no_drawing_is_refused(text: str):
    with pytest.raises(SiteError, match=r"drawing\.geojson"):
        read(text)


def test_a_folder_whose_name_is_no_id_and_one_that_holds_something_are_refused(tmp_path: Path):
    with pytest.raises(SiteError, match='cannot be called "My Gate"'):
        made(site="My Gate")
    (tmp_path / "here").write_text("something")
    words = ["site", "new", str(tmp_path), "--from", "d", "--osm", "e", "--timezone", "UTC"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1
    assert "is there already" in done.output


@pytest.mark.parametrize(
    ("drawing", "extract", "said"),
    [
        ("gone.geojson", "noise.osm.pbf", "There is no file"),
        ("drawing.geojson", "gone.osm.pbf", "name an extract of OpenStreetMap"),
        ("drawing.geojson", "noise.osm.pbf", "noise.osm.pbf"),
    ],
)
def test_files_that_are_missing_or_no_extract_are_named_and_nothing_is_made(
    tmp_path: Path, drawing: str, extract: str, said: str
):
    (tmp_path / "drawing.geojson").write_text(text_of(DRAWN))
    (tmp_path / "noise.osm.pbf").write_bytes(b"this is no protocol buffer at all")
    files = ["--from", str(tmp_path / drawing), "--osm", str(tmp_path / extract)]
    done = CliRunner().invoke(
        app, ["site", "new", str(tmp_path / "north"), *files, "--timezone", "UTC"]
    )
    assert (done.exit_code, done.output.count("Traceback")) == (1, 0)
    assert said in done.output
    assert not (tmp_path / "north").exists()


def test_a_time_zone_that_is_none_is_told_before_the_roads_are_read(tmp_path: Path):
    (tmp_path / "drawing.geojson").write_text(text_of(DRAWN))
    (tmp_path / "noise.osm.pbf").write_bytes(b"this is no protocol buffer at all")
    files = ["--from", str(tmp_path / "drawing.geojson"), "--osm", str(tmp_path / "noise.osm.pbf")]
    done = CliRunner().invoke(
        app, ["site", "new", str(tmp_path / "north"), *files, "--timezone", "Europe/Andora"]
    )
    assert done.exit_code == 1
    assert 'did you mean "Europe/Andorra"?' in done.output
    assert "noise.osm.pbf" not in done.output


def test_a_site_that_is_not_fit_is_not_written_and_the_drawing_is_named(tmp_path: Path):
    drawn = copy.deepcopy(DRAWN)
    drawn["yard"]["properties"]["capacity"] = 4000
    (tmp_path / "drawing.geojson").write_text(text_of(drawn))
    at = dict(enumerate(NODES.values(), start=1))
    ways = {1: ([1, 2, 4], {"highway": "primary"}), 2: ([2, 3], {"highway": "primary"})}
    extract = osm(tmp_path / "roads.osm", at, ways)
    files = ["--from", str(tmp_path / "drawing.geojson"), "--osm", str(extract)]
    done = CliRunner().invoke(
        app, ["site", "new", str(tmp_path / "north"), *files, "--timezone", "UTC"]
    )
    said = " ".join(done.output.split())
    assert "drawing.geojson draws makes no site that is fit for use, so nothing was written" in said
    assert "4,000 places" in said
    assert not (tmp_path / "north").exists()


def test_a_time_zone_that_is_none_is_named_with_the_nearest():
    text = made().source.toml.replace("Europe/Andorra", "Europe/Andora")
    with pytest.raises(SiteError, match=r'timezone.*did you mean "Europe/Andorra"'):
        parse_site(replace(made().source, toml=text), where="east")


def test_the_command_line_says_its_version():
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.output.count(".")) == (0, 2)
