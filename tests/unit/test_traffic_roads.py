from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_site import Features, write_site

from flowctl.data_files import data_dir
from flowctl.site import Site, TrafficParams
from flowctl.site_files import load_site
from flowctl.traffic.roads import NO_WAY, Stretches, roads_of, ways_of


@pytest.fixture(scope="module")
def lang_son() -> Site:
    return load_site(data_dir() / "sites/lang_son")


def way(site: Site, name: str) -> Stretches:
    return next(one for one in ways_of(site) if one.way == name)


def test_a_way_is_cut_into_stretches_of_about_the_wanted_length(lang_son: Site):
    corridor = way(lang_son, "ha_noi_viettel")
    lengths = np.diff(corridor.starts_m)
    assert corridor.starts_m[0] == 0
    assert corridor.length_m == pytest.approx(corridor.path.length_m)
    assert (lengths > 0).all()
    assert 450 < np.median(lengths) < 550
    assert len(corridor.nominal_mps) == len(corridor.links) == len(lengths)


def test_each_stretch_keeps_the_drawn_speed_of_its_piece(lang_son: Site):
    corridor = way(lang_son, "ha_noi_viettel")
    seconds = np.diff(corridor.starts_m) / corridor.nominal_mps
    assert len(set(corridor.nominal_mps)) > 1
    whole = lang_son.corridors[0]
    assert seconds.sum() == pytest.approx(whole.length_m / whole.speed_mps)


def test_ways_that_share_a_road_share_its_links(lang_son: Site):
    one, other = way(lang_son, "ha_noi_viettel"), way(lang_son, "ha_noi_bao_nguyen")
    shared = np.intersect1d(one.links, other.links)
    shared_m = np.diff(one.starts_m)[np.isin(one.links, shared)].sum()
    assert shared_m == pytest.approx(163_139, rel=0.01)  # QL1 and CT.03 as far as Viettel


def test_opposite_directions_of_a_road_are_different_links(lang_son: Site):
    inwards, outwards = way(lang_son, "ha_noi_viettel"), way(lang_son, "yard_viettel_to_huu_nghi")
    assert len(np.intersect1d(inwards.links, outwards.links)) == 0


def test_a_point_is_located_in_its_stretch(lang_son: Site):
    corridor = way(lang_son, "ha_noi_viettel")
    lon, lat, _ = corridor.path.at([1_234.0])
    stretch, along, offset = corridor.locate(lon, lat)
    assert along[0] == pytest.approx(1_234.0, abs=0.01)
    assert offset[0] == pytest.approx(0, abs=0.01)
    assert corridor.starts_m[stretch[0]] <= along[0] < corridor.starts_m[stretch[0] + 1]


def test_a_point_that_is_not_known_is_in_no_stretch(lang_son: Site):
    stretch, along, _ = way(lang_son, "ha_noi_viettel").locate([np.nan], [21.0])
    assert stretch[0] == NO_WAY
    assert np.isnan(along[0])


def test_all_ways_are_located_alike_together_and_one_by_one(lang_son: Site):
    roads = roads_of(lang_son)
    for number, one in enumerate(roads.ways):
        wanted = np.linspace(0, one.length_m, 41)
        lon, lat, _ = one.path.at(wanted)
        along, offset = roads.locate(lon, lat)
        seen = np.isfinite(offset[:, number])
        assert seen.sum() > 10
        assert along[seen, number] == pytest.approx(wanted[seen], abs=0.1)


def test_parked_trucks_in_a_yard_are_on_no_way(lang_son: Site):
    yard = lang_son.zone_by_id["yard_viettel"].polygon.representative_point()
    _, offset = roads_of(lang_son).locate([yard.x], [yard.y])
    assert np.isinf(offset).all()


def test_a_point_far_from_every_road_is_on_no_way(lang_son: Site):
    along, offset = roads_of(lang_son).locate([105.0, np.nan], [20.0, np.nan])
    assert np.isinf(offset).all()
    assert np.isnan(along).all()


def test_a_way_shorter_than_a_stretch_is_one_stretch(tmp_path: Path):
    site = load_site(write_site(tmp_path))
    long = TrafficParams(corridor_stretch_m=50_000, freight_stretch_m=50_000)
    for one in ways_of(replace(site, traffic=long)):
        assert len(one) == len(set(one.links.tolist()))
        assert len(one) <= 2  # one for each drawn piece
        assert one.stretch_at(np.array([-5.0, 0.0, one.length_m, one.length_m + 9])).max() < 2


def test_a_site_without_roads_has_no_ways(tmp_path: Path):
    site = replace(load_site(write_site(tmp_path)), corridors=(), freight_roads=())
    along, offset = roads_of(site).locate([106.7], [22.0])
    assert ways_of(site) == ()
    assert along.shape == offset.shape == (1, 0)
    assert np.isnan(roads_of(site).bounds).all()


def test_a_piece_drawn_the_other_way_round_is_driven_the_right_way(tmp_path: Path):
    def turn(_zones: Features, roads: Features) -> None:
        roads["way_out"]["geometry"]["coordinates"].reverse()

    site = load_site(write_site(tmp_path, spoil=turn))
    freight = way(site, "yard_south_to_north")
    wanted = [freight.starts_m[1] / 2, freight.length_m - 10]
    lon, lat, _ = freight.path.at(wanted)
    assert [piece.turned for piece in site.freight_roads[0].pieces] == [True, False]
    far = lon > 106.7035  # outside the yard
    along, _ = roads_of(site).locate(lon, lat)
    assert along[far, 1] == pytest.approx(np.array(wanted)[far], abs=0.1)
