"""What `check` finds in zones.geojson: forms, places and times of zones."""

import json
from pathlib import Path

import pytest
import shapely
from tiny_site import ZONES, Features, box, write_site

from flowctl.site_files import check, load_site
from flowctl.site_shapes import MOST_FEATURES
from geo.crs import Projection

FIVE_OCLOCK_US = 1_706_004_000_000_000  # 2024-01-23T10:00:00Z


def only_problem(folder: Path) -> str:
    problems = check(folder)
    assert len(problems) == 1, problems
    return problems[0]


def redrawn(folder: Path, geometry: object, **properties: object) -> Path:
    """Write the tiny site with another zone beyond its gate."""

    def replace(zones: Features, _roads: Features) -> None:
        zones["beyond_north"]["geometry"] = geometry
        zones["beyond_north"]["properties"] |= properties

    return write_site(folder, spoil=replace)


def test_a_self_crossing_zone_is_refused(tmp_path: Path):
    def cross(zones: Features, _roads: Features) -> None:
        ring = [
            [106.712, 22.0],
            [106.714, 22.001],
            [106.714, 22.0],
            [106.712, 22.001],
            [106.712, 22.0],
        ]
        zones["lane_north"]["geometry"]["coordinates"] = [ring]

    problem = only_problem(write_site(tmp_path, spoil=cross))
    assert 'zones.geojson, feature lane_north, field "geometry": is broken: it crosses' in problem
    assert "at longitude 106.713000, latitude 22.000500" in problem


@pytest.mark.parametrize(
    "geometry",
    [
        None,
        {"type": "GeometryCollection", "geometries": []},
        {"type": "Polygon", "coordinates": [[[106.7, 22.0], [106.8, 22.0], [106.8, 22.1]]]},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": "here"},
        {"type": "Polygon"},
        {
            "type": "Polygon",
            "coordinates": [[[106.7, None], [106.8, 22], [106.8, 22], [106.7, 22]]],
        },
    ],
)
def test_what_is_no_polygon_is_refused(tmp_path: Path, geometry: object):
    def replace(zones: Features, _roads: Features) -> None:
        zones["beyond_north"]["geometry"] = geometry

    problem = only_problem(write_site(tmp_path, spoil=replace))
    assert 'zones.geojson, feature beyond_north, field "geometry"' in problem


def test_swapped_longitude_and_latitude_are_noticed(tmp_path: Path):
    def swap(zones: Features, _roads: Features) -> None:
        ring = zones["lane_north"]["geometry"]["coordinates"][0]
        zones["lane_north"]["geometry"]["coordinates"] = [[[lat, lon] for lon, lat in ring]]

    problem = only_problem(write_site(tmp_path, spoil=swap))
    assert "feature lane_north" in problem
    assert "look swapped" in problem


def test_a_zone_far_from_all_others_is_noticed(tmp_path: Path):
    def move(zones: Features, _roads: Features) -> None:
        zones["beyond_north"]["geometry"] = box(106.7, 12.0, 106.71, 12.01)

    problem = only_problem(write_site(tmp_path, spoil=move))
    assert "feature beyond_north" in problem
    assert "km from the middle" in problem


def test_a_zone_drawn_as_a_circle_or_a_corridor_is_its_outline(tmp_path: Path):
    point = {"type": "Point", "coordinates": [106.7175, 22.0]}
    site = load_site(redrawn(tmp_path, point, radius_m=150))
    circle = Projection(32648).metres_of(site.zone_by_id["beyond_north"].polygon)
    assert circle.area == pytest.approx(3.1416 * 150**2, rel=0.001)
    line = {"type": "LineString", "coordinates": [[106.716, 22.0], [106.719, 22.0]]}
    site = load_site(redrawn(tmp_path, line, width_m=40))
    corridor = Projection(32648).metres_of(site.zone_by_id["beyond_north"].polygon)
    assert corridor.area == pytest.approx(3 * 103.29 * 40 + 3.1416 * 20**2, rel=0.003)


@pytest.mark.parametrize(
    ("kind", "coordinates", "properties", "field", "says"),
    [
        ("Point", [106.7175, 22.0], {}, "radius_m", "is missing; give metres"),
        ("Point", [106.7175, 22.0], {"radius_m": 0}, "radius_m", "0 must be more than 0 metres"),
        ("Point", [106.7175, 22.0], {"radius_m": "wide"}, "radius_m", "'wide' is not a number"),
        ("Point", [106.7175], {"radius_m": 5}, "geometry", "give [longitude, latitude]"),
        (
            "LineString",
            [[106.716, 22.0], [106.719, 22.0]],
            {"width_m": -3},
            "width_m",
            "-3 must be more than 0 metres",
        ),
        ("LineString", [[106.716, 22.0]] * 2, {"width_m": 3}, "geometry", "is broken"),
        (
            "Polygon",
            [[[106.716, 22.0], [106.719, 22.0], [106.716, 22.0]]],
            {},
            "geometry",
            "has 2 different corners in ring 1; a polygon has three or more",
        ),
        (
            "Polygon",
            [[[106.716, 22.0], [106.719, 22.0], [106.719, 22.1]]],
            {},
            "geometry",
            "has an open ring 1; repeat its first corner",
        ),
        (
            "Polygon",
            [[[106.716, float("nan")], [106.719, 22.0], [106.719, 22.1], [106.716, 22.0]]],
            {},
            "geometry",
            "has the place [106.716, nan]",
        ),
        (
            "Polygon",
            [[[179.9, 22.0], [-179.9, 22.0], [-179.9, 22.1], [179.9, 22.0]]],
            {},
            "geometry",
            "over the antimeridian; cut it there",
        ),
        (
            "Polygon",
            [[[179.9, 22.0], [180.1, 22.0], [180.1, 22.1], [179.9, 22.0]]],
            {},
            "geometry",
            "over the antimeridian; cut it there",
        ),
        (
            "MultiPolygon",
            [
                box(106.715, 21.999, 106.718, 22.001)["coordinates"],
                box(106.717, 21.999, 106.72, 22.001)["coordinates"],
            ],
            {},
            "geometry",
            "parts of a MultiPolygon apart from each other",
        ),
        (
            "MultiPolygon",
            [
                [
                    [
                        [106.715, 22.0],
                        [106.719, 22.1],
                        [106.719, 22.0],
                        [106.715, 22.1],
                        [106.715, 22.0],
                    ]
                ]
            ],
            {},
            "geometry",
            "is broken: it crosses itself",
        ),
    ],
)
def test_a_form_that_is_none_is_refused_with_what_to_do(
    tmp_path: Path,
    kind: str,
    coordinates: object,
    properties: dict[str, object],
    field: str,
    says: str,
):
    drawn = {"type": kind, "coordinates": coordinates}
    problem = only_problem(redrawn(tmp_path, drawn, **properties))
    assert f'zones.geojson, feature beyond_north, field "{field}": ' in problem
    assert says in problem


def test_a_zone_may_be_drawn_by_the_text_of_a_traccar_geofence(tmp_path: Path):
    area = "CIRCLE (22.0 106.7175, 150)"
    site = load_site(redrawn(tmp_path, None, traccar_area=area))
    assert site.zone_by_id["beyond_north"].polygon.centroid.coords[0] == pytest.approx(
        (106.7175, 22.0)
    )
    area = "LINESTRING (22.0 106.716, 22.0 106.719)"
    site = load_site(redrawn(tmp_path, None, traccar_area=area, width_m=20))
    west, south, east, north = site.zone_by_id["beyond_north"].polygon.bounds
    assert (north - south) * 110_750 == pytest.approx(20, rel=0.01)
    assert (east - west) * 103_290 == pytest.approx(0.003 * 103_290 + 20, rel=0.01)
    problem = only_problem(redrawn(tmp_path, None, traccar_area="CIRCLE (22.0 106.7175)"))
    assert 'feature beyond_north, field "traccar_area": a CIRCLE needs a comma' in problem


def test_a_far_zone_that_would_fit_if_swapped_is_told_so(tmp_path: Path):
    # At 43° E and 48° N, both orders are places of the reference system.
    def move(zones: Features, roads: Features) -> None:
        for feature in [*zones.values(), *roads.values()]:
            text = json.dumps(feature["geometry"])
            moved = shapely.transform(shapely.from_geojson(text), lambda at: at - (63.7, -26.0))
            feature["geometry"] = json.loads(shapely.to_geojson(moved))
        zones["beyond_north"]["geometry"] = box(48.0, 43.0, 48.01, 43.01)

    site = write_site(tmp_path, spoil=move, toml=("epsg = 32648", "epsg = 32638"))
    found = [problem for problem in check(site) if "km from the middle" in problem]
    assert len(found) == 1
    assert "feature beyond_north" in found[0]
    assert "it would fit with longitude and latitude swapped" in found[0]


def versioned(folder: Path, *spans: tuple[str | None, str | None]) -> Path:
    """Write the tiny site with versions of its yard, each a little wider than the one before."""

    def draw(zones: Features, _roads: Features) -> None:
        yard = zones.pop("yard_south")
        for number, (since, until) in enumerate(spans):
            zones[f"yard_{number}"] = {
                **yard,
                "properties": {**yard["properties"], "valid_from": since, "valid_until": until},
                "geometry": box(106.700 - number / 1000, 21.999, 106.703, 22.001),
            }

    return write_site(folder, spoil=draw)


def test_versions_of_a_zone_follow_each_other_in_time(tmp_path: Path):
    ten = "2024-01-23T17:00:00+07:00"
    site = load_site(versioned(tmp_path, (ten, None), (None, ten)))
    yards = [zone for zone in site.zones if zone.id == "yard_south"]
    assert [(zone.valid_from_us, zone.valid_until_us) for zone in yards] == [
        (None, FIVE_OCLOCK_US),
        (FIVE_OCLOCK_US, None),
    ]
    assert site.zone_by_id["yard_south"] is yards[1]


def test_versions_valid_at_the_same_time_are_refused(tmp_path: Path):
    spans = (None, "2024-01-23T10:00:01Z"), ("2024-01-23T10:00:00Z", None)
    problem = only_problem(versioned(tmp_path, *spans))
    assert 'feature yard_south, field "id": stands 2 times for the same time' in problem
    assert "valid_until" in problem


@pytest.mark.parametrize(
    ("span", "field", "says"),
    [
        (("2024-01-23T10:00:00", None), "valid_from", "does not say its offset from UTC"),
        ((None, "tomorrow"), "valid_until", '"tomorrow" is no moment; give one such as 2026'),
        (("2024-01-23T10:00:00Z",) * 2, "valid_until", "is not after valid_from"),
    ],
)
def test_a_wrong_time_of_a_version_is_named(
    tmp_path: Path, span: tuple[str | None, str | None], field: str, says: str
):
    problem = only_problem(versioned(tmp_path, span))
    assert f'feature yard_south, field "{field}": ' in problem
    assert says in problem


def test_too_many_zones_are_refused_at_once(tmp_path: Path):
    write_site(tmp_path)
    zones = {"type": "FeatureCollection", "features": [ZONES["yard_south"]] * 100_000}
    (tmp_path / "zones.geojson").write_text(json.dumps(zones), encoding="utf-8")
    problem = only_problem(tmp_path)
    assert 'zones.geojson, field "features": holds 100,000 of them' in problem
    assert f"at most {MOST_FEATURES:,}" in problem


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_file_is_named(tmp_path: Path, text: str):
    write_site(tmp_path)
    (tmp_path / "zones.geojson").write_text(text, encoding="utf-8")
    assert "zones.geojson: is empty" in only_problem(tmp_path)
