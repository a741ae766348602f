"""The geofence bench reports what it must, and its comparison notices a wrong answer."""

import json
from dataclasses import replace

import numpy as np
import pytest
import shapely
from typer.testing import CliRunner

from flowctl.bench.commands import app
from flowctl.bench.geofence import count_disagreements
from flowctl.bench.geofence_zones import HARD_MIX, made_points, made_zones
from geo.membership import ZoneIndex


def test_the_command_prints_one_object_with_no_disagreement():
    asked = ["geofence", "--points", "3000", "--zones", "30", "--json"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)
    assert figures["disagreements"] == 0
    assert (figures["zones"], figures["points"], figures["hard_points"]) == (30, 3000, 1000)
    assert figures["fixes_per_s"] > 0
    assert figures["ratio"] == pytest.approx(
        figures["fixes_per_s"] / figures["shapely_per_s"], rel=0.01
    )
    assert sum(figures["mix"].values()) == pytest.approx(1)


def test_a_wrong_answer_about_one_point_is_counted():
    index = ZoneIndex(made_zones(10, np.random.default_rng(3)), inner_m=15, outer_m=30, epsg=32648)
    outer, inner = np.empty(10, object), np.empty(10, object)
    outer[:] = [index.boundary(number, inner=False) for number in range(10)]
    inner[:] = [index.boundary(number, inner=True) for number in range(10)]
    lon, lat = made_points(outer, inner, HARD_MIX, 2_000, np.random.default_rng(4))
    found = index.locate(lon, lat)
    assert count_disagreements(outer, inner, lon, lat, found) == 0
    turned = found.inner.copy()
    turned[7] ^= True
    assert count_disagreements(outer, inner, lon, lat, replace(found, inner=turned)) == 1


def test_zones_have_every_form():
    polygons = [zone.polygon for zone in made_zones(60, np.random.default_rng(1))]
    assert shapely.is_valid(polygons).all()
    assert {polygon.geom_type for polygon in polygons} == {"Polygon", "MultiPolygon"}
    assert any(part.interiors for polygon in polygons for part in shapely.get_parts(polygon))
    pairs, _ = shapely.STRtree(polygons).query(polygons, predicate="overlaps")
    assert len(pairs)
