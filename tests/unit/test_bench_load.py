"""The load of the bench: a country's trucks, its disorder, and the bytes it is posted as."""

from itertools import islice
from urllib.parse import parse_qsl

import numpy as np
import pytest

from flowctl.bench.bodies import Format, body, osmand_queries, uid_of
from flowctl.bench.disorder import LATE, MISSING, TWICE, Blocks, LoadPlan
from flowctl.bench.driving import Driving, routes_of
from flowctl.data_files import data_dir
from flowctl.site import Site
from flowctl.site_files import load_site
from flowctl.telemetry.formats import osmand, own
from flowctl.telemetry.formats.decoded import Decoded
from geo.membership import ZoneIndex

START_MS = 1_705_971_723_000
TRUCKS = 2_000


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(data_dir() / "sites/lang_son")


def blocks(site: Site, *, seed: int = 1, size: int = 500, zone_trucks: int | None = None) -> Blocks:
    plan = LoadPlan(TRUCKS, period_s=10.0, block=size, seed=seed, start_ms=START_MS)
    routes = routes_of(site)
    return Blocks(plan, Driving(TRUCKS, routes, seed=seed, zone_trucks=zone_trucks))


def test_the_same_seed_makes_the_same_fixes_in_any_order_and_another_seed_others(site: Site):
    first, again = blocks(site), blocks(site)
    forwards = [first.block(number) for number in range(4)]
    backwards = [again.block(number) for number in reversed(range(4))]
    for one, other in zip(forwards, reversed(backwards), strict=True):
        assert np.array_equal(one, other)
    assert not np.array_equal(forwards[0], blocks(site, seed=2).block(0))


def test_every_truck_reports_once_in_a_period_but_for_what_is_missing(site: Site):
    made = blocks(site)
    whole = int(TRUCKS / made.plan.slots * 10)  # ten periods
    rows = np.concatenate([made.block(number) for number in range(whole)])
    once = np.unique(rows[["truck", "fixed_at_ms"]])
    due = whole * made.plan.slots
    assert len(once) / due == pytest.approx(1 - MISSING, abs=0.005)
    assert (len(rows) - len(once)) / len(once) == pytest.approx(TWICE, abs=0.005)
    assert len(rows) / whole == pytest.approx(500, rel=0.01)


def test_a_double_is_the_same_fix_in_every_field(site: Site):
    made = blocks(site)
    rows = np.concatenate([made.block(number) for number in range(20)])
    assert len(np.unique(rows)) == len(np.unique(rows[["truck", "fixed_at_ms"]]))
    assert len(np.unique(rows)) < len(rows)


def test_a_twentieth_of_the_blocks_comes_a_minute_late_and_more(site: Site):
    made = blocks(site)
    order = list(islice(made.in_order_of_delivery(), 4_000))
    assert len(order) == len(set(order))
    newest = np.maximum.accumulate(order)
    behind_s = (newest - order) * made.plan.block_s
    assert np.mean(behind_s > 0) == pytest.approx(LATE, abs=0.01)
    assert behind_s[behind_s > 0].min() > 55
    assert behind_s.max() < 185
    assert min(order) < 0, "late blocks of before the beginning come from the first minute on"


def test_trucks_are_within_the_country_at_speeds_of_trucks(site: Site):
    rows = blocks(site).block(0)
    assert np.all((rows["lon"] > 102) & (rows["lon"] < 110))
    assert np.all((rows["lat"] > 8) & (rows["lat"] < 24))
    assert np.all((rows["speed_mps"] >= 0) & (rows["speed_mps"] < 25))


def test_a_fiftieth_of_the_trucks_goes_through_every_zone_of_a_gate(site: Site):
    made = blocks(site)
    rows = np.concatenate([made.block(number) for number in range(300)])
    index = ZoneIndex(site.zones, inner_m=15, outer_m=30, epsg=site.epsg)
    found = index.locate(rows["lon"], rows["lat"])
    zones = np.unique(found.zone[found.inner])
    visited = {(site.zones[i].gate, str(site.zones[i].role)) for i in zones}
    for gate in ("huu_nghi", "tan_thanh"):
        assert {(gate, role) for role in ("approach", "yard", "queue", "lane", "beyond")} <= visited
    assert len(np.unique(rows["truck"][found.point[found.inner]])) == TRUCKS // 50


def test_every_form_of_a_batch_is_read_as_the_fixes_it_was_made_of(site: Site):
    rows = blocks(site).block(7)
    for form, decode in (
        (Format.COLUMNAR, own.decode_json),
        (Format.JSON, own.decode_json),
        (Format.MSGPACK, own.decode_msgpack),
    ):
        assert_read(rows, decode(body(rows, form).content))


def test_an_app_s_request_is_read_as_the_fix_it_was_made_of(site: Site):
    rows = blocks(site).block(7)
    for at, query in enumerate(osmand_queries(rows)):
        fields = dict(parse_qsl(query.decode()))
        assert_read(rows[at : at + 1], osmand.decode(fields, received_at_us=0))


def assert_read(rows: np.ndarray, decoded: Decoded) -> None:
    assert not decoded.misfits
    found = decoded.rows
    assert [decoded.devices[i] for i in found["device"]] == [uid_of(n) for n in rows["truck"]]
    assert np.array_equal(found["fixed_at"], rows["fixed_at_ms"] * 1000)
    for name, within in (("lon", 2e-6), ("lat", 2e-6), ("speed_mps", 0.02), ("heading_deg", 0.11)):
        assert np.allclose(found[name], rows[name], rtol=0, atol=within), name
