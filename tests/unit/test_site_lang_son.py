"""The first site is fit for use and true to what was published about it."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import shapely

from flowctl.data_files import data_dir, list_sites
from flowctl.site import Site
from flowctl.site_files import check, load_site
from geo.crs import Projection
from geo.lines import Path
from geo.membership import ZoneIndex
from geo.zones import Role

FOLDER = data_dir() / "sites" / "lang_son"
EARTH_POINTS = {  # published positions (lon, lat) and how far off they may be, metres
    "huu_nghi": (106.71083, 21.97111),
    "tan_thanh": (106.68389, 22.00306),
    "ha_noi": (105.84117, 21.02450),
    "bac_giang": (106.19460, 21.27307),
    "chi_lang": (106.50258, 21.57356),
    "lang_son": (106.76101, 21.85264),
    "dong_dang": (106.69767, 21.95110),
}


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(FOLDER)


def features() -> Iterator[dict[str, Any]]:
    for name in ("zones", "roads"):
        collection = json.loads((FOLDER / f"{name}.geojson").read_text(encoding="utf-8"))
        yield from collection["features"]


def road_m(site: Site, corridor: str, start: str, end: str) -> float:
    """Return the metres along a corridor between the published points nearest to it."""
    line = next(one.line for one in site.corridors if one.id == corridor)
    lon, lat = np.array([EARTH_POINTS[start], EARTH_POINTS[end]]).T
    along, offset = Path(line, site.epsg).locate(lon, lat)
    assert offset.max() < 1500
    return float(along[1] - along[0])


def test_lang_son_ships_and_is_fit_for_use():
    assert "lang_son" in list_sites()
    assert check(FOLDER) == []


def test_every_feature_says_how_it_was_made_and_how_far_it_may_be_off():
    for feature in features():
        properties = feature["properties"]
        assert properties["survey"] == "illustrative"
        assert properties["uncertainty_m"] > 0
        assert properties["confidence"] in {"high", "medium", "low"}
        assert properties["source"]


def test_every_figure_of_site_toml_stands_beside_its_confidence():
    known = ("lanes", "per_", "_per", "service", "utilisation", "capacity", "_s =", "_cv", "_m =")
    text = (FOLDER / "site.toml").read_text(encoding="utf-8")
    before_dispatch = text[: text.index("[dispatch]")].splitlines()
    figures = [
        line
        for line in before_dispatch
        if not line.startswith("#") and any(word in line.split("=")[0] + "=" for word in known)
    ]
    assert len(figures) > 20
    assert [line for line in figures if "# [" not in line] == []


def test_inspection_places_follow_from_one_rule_for_both_gates(site: Site):
    assert {gate.id: gate.inspection_places for gate in site.gates} == {
        "huu_nghi": 18,
        "tan_thanh": 9,
    }
    assert site.gate_by_id["huu_nghi"].capacity_prior_per_h == pytest.approx(86.4)
    assert site.gate_by_id["tan_thanh"].capacity_prior_per_h == pytest.approx(43.2)


def test_goods_pass_from_seven_to_six_local_time_and_not_at_tet(site: Site):
    for gate in site.gates:
        day = datetime(2024, 1, 23, tzinfo=UTC)
        assert gate.opening.windows(date(2024, 1, 23)) == ((day, day.replace(hour=11)),)
        assert gate.opening.windows(date(2024, 2, 9)) == ()
        assert gate.opening.windows(date(2024, 2, 13)) == ()
        assert len(gate.opening.windows(date(2024, 2, 14))) == 1


def test_yards_feed_their_gates_with_their_published_places(site: Site):
    assert {yard.id: ([way.gate for way in yard.access], yard.capacity) for yard in site.yards} == {
        "yard_viettel": (["huu_nghi"], 750),
        "yard_xuan_cuong": (["huu_nghi"], 450),
        "yard_bao_nguyen": (["tan_thanh"], 1150),
        "zone_non_tariff": (["huu_nghi", "tan_thanh"], 900),
    }


def test_yards_have_room_for_their_trucks_but_no_absurd_room(site: Site):
    plane = Projection(site.epsg)
    for yard in site.yards:
        area = plane.metres_of(site.zone_by_id[yard.id].polygon).area
        most = 450 if yard.id == "yard_viettel" else 130  # the park is drawn with its own roads
        assert 100 <= area / yard.capacity <= most


@pytest.mark.parametrize(
    ("start", "end", "published_km"), [("bac_giang", "chi_lang", 64), ("ha_noi", "lang_son", 154)]
)
def test_published_lengths_of_the_corridor_are_true(
    site: Site, start: str, end: str, published_km: float
):
    length_m = road_m(site, "ha_noi_viettel", start, end)
    assert length_m == pytest.approx(published_km * 1000, rel=0.05)


@pytest.mark.parametrize(
    ("gate", "start", "published_km"),
    [
        ("huu_nghi", "ha_noi", 171),
        ("huu_nghi", "lang_son", 17),
        ("tan_thanh", "lang_son", 28),
    ],
)
def test_published_lengths_to_the_gates_are_true(
    site: Site, gate: str, start: str, published_km: float
):
    """Both go to Đồng Đăng by one road, then each its own; summed at the gate's marker."""
    there = road_m(site, "ha_noi_bao_nguyen", start, "dong_dang")
    line = site.find_freight_road("zone_non_tariff", gate)
    assert line is not None
    path = Path(line.line, site.epsg)
    lon, lat = np.array([EARTH_POINTS["dong_dang"], EARTH_POINTS[gate]]).T
    along, offset = path.locate(lon, lat)
    assert there + along[1] - along[0] + offset[1] == pytest.approx(published_km * 1000, rel=0.05)


def test_both_corridors_are_long_enough_to_appear_an_hour_and_a_half_ahead(site: Site):
    for corridor in site.corridors:
        assert corridor.length_m / corridor.speed_mps > 90 * 60


@pytest.mark.parametrize("gate", ["huu_nghi", "tan_thanh"])
def test_a_called_truck_passes_queue_lane_and_beyond_in_this_order(site: Site, gate: str):
    index = ZoneIndex(site.zones, inner_m=15, outer_m=30, epsg=site.epsg)
    for road in (road for road in site.freight_roads if road.gate == gate):
        lon, lat, _ = Path(road.line, site.epsg).at(np.arange(0.0, road.length_m, 5.0))
        found = index.locate(lon, lat)
        met = [site.zones[zone].role for zone in found.zone[found.inner]]
        order = list(dict.fromkeys(role for role in met if role is not Role.APPROACH))
        assert order == [Role.YARD, Role.QUEUE, Role.LANE, Role.BEYOND]
        assert len(np.unique(found.point[found.inner])) == found.inner.sum()
        assert road.queue_m[1] - road.queue_m[0] >= 500
        assert road.lane_m[1] - road.lane_m[0] >= 120


def test_a_called_truck_drives_through_no_yard_but_its_own(site: Site):
    for road in site.freight_roads:
        for yard in site.yards:
            if yard.id != road.yard:
                zone = Projection(site.epsg).metres_of(site.zone_by_id[yard.id].polygon)
                line = Projection(site.epsg).metres_of(road.line)
                assert shapely.distance(zone, line) > site.visit.outer_m


def test_travel_times_are_the_reaction_and_the_road_at_about_25_kmh(site: Site):
    for yard in site.yards:
        for way in yard.access:
            road = site.find_freight_road(yard.id, way.gate)
            assert road is not None
            assert way.travel_s == pytest.approx(300 + road.queue_m[0] / (25 / 3.6), rel=0.12)


def test_zones_lie_far_enough_apart_for_their_outer_boundaries(site: Site):
    plane = Projection(site.epsg)
    apart = [zone for zone in site.zones if zone.role is not Role.APPROACH]
    for one, other in combinations(apart, 2):
        distance = shapely.distance(plane.metres_of(one.polygon), plane.metres_of(other.polygon))
        assert distance >= 70, (one.id, other.id)


@pytest.mark.parametrize(
    ("zone", "lon", "lat", "within_m"),
    [
        ("yard_viettel", 106.703, 21.922, 1800),
        ("zone_non_tariff", 106.703, 21.922, 1800),
        ("yard_xuan_cuong", 106.7085, 21.967, 800),
        ("yard_bao_nguyen", 106.681, 22.000, 800),
        ("lane_huu_nghi", 106.720, 21.974, 700),
        ("lane_tan_thanh", 106.688, 22.007, 500),
        ("beyond_tan_thanh", 106.690, 22.006, 700),
        ("hold_chi_lang", 106.50258, 21.57356, 1500),
    ],
)
def test_zones_lie_where_they_were_published(
    site: Site, zone: str, lon: float, lat: float, within_m: float
):
    plane = Projection(site.epsg)
    middle = plane.metres_of(site.zone_by_id[zone].polygon).centroid
    x, y = plane.to_metres(lon, lat)
    assert np.hypot(middle.x - float(x), middle.y - float(y)) <= within_m
