import gzip
from pathlib import Path

import numpy as np
import pytest
from drawn_roads import lon_lat, osm

from geo.network import RoadError, RoadNetwork
from geo.roads import STAGES, ImportCounts, read_roads
from geo.routes import Cost, Router
from geo.truck_tags import KMH, TruckRules, direction, may_drive, speed_mps

RULES = TruckRules()
PRIMARY = {"highway": "primary"}
TRUNK = {"highway": "trunk"}

# 1 ── 2 ── 3 ── 4 along a road; 5 and 6 lie 100 m north of 2 and 3.
NODES = {
    1: (0.0, 0.0),
    2: (300.0, 0.0),
    3: (600.0, 0.0),
    4: (900.0, 0.0),
    5: (300.0, 100.0),
    6: (600.0, 100.0),
}


def imported(path: Path, nodes: dict, ways: dict) -> tuple[RoadNetwork, ImportCounts]:
    return read_roads(osm(path / "drawn.osm", nodes, ways))


def driven(net: RoadNetwork, start: tuple[float, float], goal: tuple[float, float]) -> list[int]:
    """Return OpenStreetMap's ways of the shortest way between two places in metres."""
    ends = net.nearest(*lon_lat(*start)), net.nearest(*lon_lat(*goal))
    way = Router(net, Cost.DISTANCE).shortest(*ends)
    assert way is not None
    return [int(net.way[edge]) for edge in way.edges]


def test_a_shortcut_closed_to_trucks_is_not_driven(tmp_path: Path):
    ways = {
        10: ([1, 2], PRIMARY),
        11: ([2, 3], {"highway": "residential", "hgv": "no"}),
        12: ([2, 5, 6, 3], {"highway": "secondary", "hgv": "designated"}),
        13: ([3, 4], PRIMARY),
    }
    net, counts = imported(tmp_path, NODES, ways)
    assert driven(net, (100, 1), (800, 1)) == [10, 12, 13]
    assert (counts.ways, counts.closed) == (4, 1)
    ways[11][1]["hgv"] = "destination"
    assert driven(imported(tmp_path, NODES, ways)[0], (100, 1), (800, 1)) == [10, 11, 13]


def test_one_way_roads_are_driven_their_way_only(tmp_path: Path):
    ways = {
        10: ([1, 2], PRIMARY),
        11: ([2, 3], {"highway": "primary", "oneway": "yes"}),
        12: ([2, 5, 6, 3], {"highway": "primary", "oneway": "-1"}),
        13: ([3, 4], PRIMARY),
    }
    net, _ = imported(tmp_path, NODES, ways)
    assert driven(net, (100, 1), (800, 1)) == [10, 11, 13]
    assert driven(net, (800, 1), (100, 1)) == [13, 12, 10]


def test_a_roundabout_is_driven_in_the_direction_it_is_drawn(tmp_path: Path):
    nodes = {1: (-300.0, 0.0), 2: (-50.0, 0.0), 3: (0.0, -50.0), 4: (50.0, 0.0), 5: (0.0, 50.0)}
    nodes[6] = (300.0, 0.0)
    ways = {
        10: ([1, 2], PRIMARY),
        11: ([2, 3, 4, 5, 2], {"highway": "primary", "junction": "roundabout"}),
        12: ([4, 6], PRIMARY),
    }
    net, _ = imported(tmp_path, nodes, ways)
    halves = net.length_m[net.way == 11]
    assert sorted(halves) == pytest.approx([141.4, 141.4], abs=0.5)  # no edge the other way
    router = Router(net, Cost.DISTANCE)
    for start, goal in (((-200, 0), (200, 0)), ((200, 0), (-200, 0))):
        way = router.shortest(net.nearest(*lon_lat(*start)), net.nearest(*lon_lat(*goal)))
        assert way is not None
        assert way.length_m == pytest.approx(150 + 141.4 + 150, abs=1.0)


def test_two_roads_between_the_same_places_stay_two(tmp_path: Path):
    ways = {10: ([2, 3], PRIMARY), 11: ([2, 5, 6, 3], PRIMARY), 12: ([1, 2], PRIMARY)}
    net, counts = imported(tmp_path, NODES, ways)
    assert counts.edges == 6
    assert sorted(net.way) == [10, 10, 11, 11, 12, 12]
    assert net.length_m[net.way == 11] == pytest.approx([500.0, 500.0], abs=0.5)


def test_a_clipped_way_is_cut_to_its_longest_piece_inside(tmp_path: Path):
    ways = {
        10: ([900, 1, 901, 2, 3, 4, 902], PRIMARY),  # 900 to 902 are not in the extract
        11: ([2, 5], PRIMARY),
        12: ([5, 903], PRIMARY),
        13: ([904, 905], PRIMARY),
    }
    net, counts = imported(tmp_path, NODES, ways)
    assert (counts.cut, counts.outside) == (1, 2)
    assert net.length_m[net.way == 10].sum() == pytest.approx(2 * 600, abs=1.0)
    assert net.length_m[net.way == 11].sum() == pytest.approx(2 * 100, abs=1.0)
    assert set(net.way) == {10, 11}


def test_of_a_large_extract_only_the_part_asked_for_is_taken(tmp_path: Path):
    ways = {10: ([1, 2, 3, 4], PRIMARY), 11: ([2, 5], PRIMARY)}
    path = osm(tmp_path / "drawn.osm", NODES, ways)
    (west, south), (east, north) = lon_lat(-10, -10), lon_lat(700, 50)
    net, counts = read_roads(path, within=(west, south, east, north))
    assert net.length_m.sum() == pytest.approx(2 * 600, abs=1.0)
    assert (counts.cut, counts.outside) == (1, 1)


def test_a_carriageway_that_only_leaves_the_extract_is_kept_and_an_island_is_not(tmp_path: Path):
    nodes = {**NODES, 7: (5000.0, 0.0), 8: (5100.0, 0.0)}
    ways = {
        10: ([1, 2, 3], PRIMARY),
        11: ([3, 4], {"highway": "motorway"}),
        12: ([7, 8], PRIMARY),
    }
    net, counts = imported(tmp_path, nodes, ways)
    assert driven(net, (100, 1), (800, 1)) == [10, 11]
    assert counts.no_return == 1
    assert counts.detached == 2
    assert 12 not in net.way


def test_edges_know_their_way_their_name_and_the_speed_of_a_loaded_truck(tmp_path: Path):
    ways = {
        10: ([1, 2, 3], {**TRUNK, "name": "Quốc lộ 1"}),
        11: (
            [3, 4],
            {"highway": "trunk", "name": "友谊关", "maxspeed": "50", "maxspeed:hgv": "40"},
        ),
        12: ([3, 6], {"highway": "service"}),
    }
    net, counts = imported(tmp_path, NODES, ways)
    kmh = dict(zip(net.way.tolist(), (net.speed_mps / KMH).round(1).tolist(), strict=True))
    assert kmh == {10: 60.0, 11: 36.0, 12: 10.0}
    names = {int(net.way[edge]): net.road_name(edge) for edge in range(len(net.way))}
    assert names == {10: "Quốc lộ 1", 11: "友谊关", 12: None}
    assert net.length_m[net.way == 10] == pytest.approx([600.0, 600.0], abs=0.5)
    assert counts.km == pytest.approx(2 * 1.0, abs=0.01)
    assert "OpenStreetMap contributors" in net.attribution
    assert net.source == "drawn.osm"


def test_lengths_are_geodesic(tmp_path: Path):
    net, _ = imported(tmp_path, {1: (0, 0), 2: (30000.0, 0.0)}, {10: ([1, 2], PRIMARY)})
    # The plane of the drawing is 0.04 % short of the ground, less what lies off its meridian.
    assert net.length_m == pytest.approx([30000 * 1.00001] * 2, rel=4e-4)
    assert net.length_m[0] != pytest.approx(30000.0, abs=0.5)


def test_the_stages_of_an_import_are_told_in_order(tmp_path: Path):
    told: list[tuple[str, float]] = []
    path = osm(tmp_path / "drawn.osm", NODES, {10: ([1, 2], PRIMARY)})
    read_roads(path, progress=lambda stage, share: told.append((stage, share)))
    stages = [STAGES.index(stage) for stage, _ in told]
    assert stages == sorted(stages)
    assert told[-1] == (STAGES[-1], 1.0)


def test_a_file_without_roads_for_trucks_says_what_it_holds(tmp_path: Path):
    ways = {10: ([1, 2], {"highway": "footway"}), 11: ([2, 3], {"highway": "track"})}
    with pytest.raises(
        RoadError, match=r"drawn\.osm holds no road open to trucks: of 2 ways .* 2 "
    ):
        imported(tmp_path, NODES, ways)
    with pytest.raises(RoadError, match="no way in it has a highway tag"):
        imported(tmp_path, NODES, {10: ([1, 2], {"waterway": "river"})})


def test_what_is_no_openstreetmap_data_is_refused_by_name(tmp_path: Path):
    whole = osm(tmp_path / "whole.osm", NODES, {10: ([1, 2], PRIMARY)}).read_bytes()
    broken = {
        "page.osm": b"<html><body>Too many requests</body></html>",
        "noise.osm.pbf": b"this is no protocol buffer at all",
        "cut.osm.gz": gzip.compress(whole)[:-60],
        "cut.osm": whole[:-30],
    }
    for name, content in broken.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(RoadError, match=rf"{name} cannot be read as OpenStreetMap data"):
            read_roads(tmp_path / name)
    (tmp_path / "empty.osm.pbf").write_bytes(b"")
    with pytest.raises(RoadError, match="is empty"):
        read_roads(tmp_path / "empty.osm.pbf")
    (tmp_path / "roads.shp").write_bytes(b"shape")
    with pytest.raises(RoadError, match=r"take one of \.osm\.pbf"):
        read_roads(tmp_path / "roads.shp")
    with pytest.raises(FileNotFoundError):
        read_roads(tmp_path / "nowhere.osm")


@pytest.mark.parametrize(
    ("tags", "open_to_trucks"),
    [
        ({}, True),
        ({"hgv": "no"}, False),
        ({"hgv": "delivery"}, True),
        ({"hgv": "designated", "access": "private"}, True),
        ({"hgv": "no", "motor_vehicle": "yes"}, False),
        ({"motor_vehicle": "no"}, False),
        ({"motor_vehicle": "yes", "access": "no"}, True),
        ({"motor_vehicle": "agricultural;forestry"}, False),
        ({"vehicle": "private"}, False),
        ({"access": "private"}, False),
        ({"access": "customers"}, True),
        ({"access": "permissive"}, True),
        ({"area": "yes"}, False),
        ({"highway": "pedestrian"}, False),
        ({"highway": "construction"}, False),
    ],
)
def test_the_most_particular_access_tag_decides(tags: dict[str, str], open_to_trucks: bool):
    assert may_drive({"highway": "service", **tags}, RULES) is open_to_trucks


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, 0),
        ({"oneway": "yes"}, 1),
        ({"oneway": "1"}, 1),
        ({"oneway": "-1"}, -1),
        ({"oneway": "reverse"}, -1),
        ({"oneway": "no"}, 0),
        ({"oneway": "reversible"}, 0),
        ({"highway": "motorway"}, 1),
        ({"highway": "motorway", "oneway": "no"}, 0),
        ({"junction": "roundabout"}, 1),
        ({"junction": "circular"}, 1),
        ({"junction": "roundabout", "oneway": "-1"}, -1),
    ],
)
def test_directions_are_read_as_the_wiki_means_them(tags: dict[str, str], expected: int):
    assert direction({"highway": "primary", **tags}) == expected


@pytest.mark.parametrize(
    ("tags", "kmh"),
    [
        ({}, 50.0),
        ({"maxspeed": "50"}, 45.0),
        ({"maxspeed": "50 km/h"}, 45.0),
        ({"maxspeed": "30 mph"}, 0.9 * 30 * 1.609344),
        ({"maxspeed": "120"}, 80.0),
        ({"maxspeed": "80;60"}, 54.0),
        ({"maxspeed": "60", "maxspeed:hgv": "30"}, 27.0),
        ({"maxspeed": "walk"}, 5.4),
        ({"maxspeed": "VN:urban"}, 50.0),
        ({"maxspeed": "none"}, 50.0),
        ({"maxspeed": "0"}, 50.0),
        ({"maxspeed": "²"}, 50.0),
        ({"maxspeed": "-40"}, 50.0),
    ],
)
def test_a_truck_drives_what_the_sign_allows_or_its_class_suggests(
    tags: dict[str, str], kmh: float
):
    assert speed_mps({**PRIMARY, **tags}, RULES) == pytest.approx(kmh * KMH)
    assert np.isfinite(speed_mps({**PRIMARY, **tags}, RULES))
