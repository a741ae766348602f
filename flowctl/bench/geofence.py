"""How many fixes a second are told their zones, beside shapely's own index over the same zones.

Both answer which outer and which inner boundaries cover each point. The points are made of shares
that are stated with the result, from far away to exactly on the edges of the boundaries.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import numpy as np
import shapely
from rich.table import Table

from flowctl.bench.geofence_zones import EPSG, HARD_MIX, MIX, made_points, made_zones
from geo.membership import Located, ZoneIndex
from geo.raster import Column, Shapes

ROUNDS = 3  # the best of so many: the machine is used by others as well
HARD_SHARE = 5  # of the points: one in so many more, on and beside the boundaries
WORKER_BATCH = 50_000  # fixes the ingest worker takes at once
INNER_M, OUTER_M = 15.0, 30.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GeofenceFigures:
    """A run's figures; rates are per second of one core's time.

    ``worker_fixes_per_s`` is the rate in the ingest worker's batches, each fix with its moment;
    ``shapely_per_s`` that of the faster of two ways to use shapely's index, its points made
    beforehand. ``disagreements`` counts the points for which any boundary of any zone is answered
    otherwise than by shapely's ``covers`` on that polygon, of ``points`` in the shares of ``mix``
    and of ``hard_points`` more on and beside the boundaries. ``memory_mb`` is that of the grid.
    """

    fixes_per_s: float
    shapely_per_s: float
    ratio: float
    worker_fixes_per_s: float
    disagreements: int
    zones: int
    points: int
    hard_points: int
    build_s: float
    memory_mb: float
    seed: int
    mix: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        """Return the figures as one object."""
        return asdict(self)


def run_geofence(points: int, zones: int, seed: int, say: Callable[[str], None]) -> GeofenceFigures:
    """Measure ``points`` fixes among ``zones`` zones; ``say`` is told what is being done."""
    say("building the index")
    drawn = made_zones(zones, np.random.default_rng(seed))
    build_s, index = _timed(
        lambda: ZoneIndex(drawn, inner_m=INNER_M, outer_m=OUTER_M, epsg=EPSG), rounds=1
    )
    outer, inner = _boundaries(index, inner=False), _boundaries(index, inner=True)
    rng = np.random.default_rng([seed, 1])
    lon, lat = made_points(outer, inner, MIX, points, rng)
    say("locating")
    ours_s, found = _timed(lambda: index.locate(lon, lat))
    worker_s, _ = _timed(lambda: _in_batches(index, lon, lat))
    say("asking shapely's index")
    shapely_s = _shapely_s(outer, inner, np.asarray(shapely.points(lon, lat)))
    say("asking every polygon")
    disagreements = count_disagreements(outer, inner, lon, lat, found)
    hard_points = max(1_000, points // HARD_SHARE)
    lon, lat = made_points(outer, inner, HARD_MIX, hard_points, rng)
    disagreements += count_disagreements(outer, inner, lon, lat, index.locate(lon, lat))
    return GeofenceFigures(
        fixes_per_s=round(points / ours_s),
        shapely_per_s=round(points / shapely_s),
        ratio=round(shapely_s / ours_s, 2),
        worker_fixes_per_s=round(points / worker_s),
        disagreements=disagreements,
        zones=zones,
        points=points,
        hard_points=hard_points,
        build_s=round(build_s, 2),
        memory_mb=round(index.nbytes / 1e6, 1),
        seed=seed,
        mix=MIX,
    )


def count_disagreements(
    outer: Shapes, inner: Shapes, lon: Column, lat: Column, found: Located
) -> int:
    """Count the points about which ``found`` differs from asking every polygon by itself."""
    differs = np.zeros(len(lon), dtype=np.bool_)
    order = np.argsort(lon)
    points = np.asarray(shapely.points(lon, lat))
    by_zone = np.argsort(found.zone, kind="stable")
    starts = np.searchsorted(found.zone[by_zone], np.arange(len(outer) + 1))
    for number, (whole, core) in enumerate(zip(outer, inner, strict=True)):
        west, south, east, north = whole.bounds
        first, last = np.searchsorted(lon, [west, np.nextafter(east, 360)], sorter=order)
        near = order[first:last]
        near = near[(lat[near] >= south) & (lat[near] <= north)]  # beyond, nothing is covered
        rows = by_zone[starts[number] : starts[number + 1]]
        for polygon, told in ((whole, rows), (core, rows[found.inner[rows]])):
            covered = near[shapely.covers(polygon, points[near])]
            differs[np.setxor1d(covered, found.point[told])] = True
    return int(differs.sum())


def _in_batches(index: ZoneIndex, lon: Column, lat: Column) -> int:
    """Locate as the ingest worker does; return how many rows were found."""
    moments = np.arange(len(lon))
    batches = [slice(start, start + WORKER_BATCH) for start in range(0, len(lon), WORKER_BATCH)]
    return sum(len(index.locate(lon[at], lat[at], moments[at]).point) for at in batches)


def _shapely_s(outer: Shapes, inner: Shapes, points: Shapes) -> float:
    """Return the seconds of the faster way: predicates within the index, or after it."""
    by_outer, by_inner = shapely.STRtree(outer), shapely.STRtree(inner)

    def within() -> tuple[object, object]:
        return by_outer.query(points, "intersects"), by_inner.query(points, "intersects")

    def after() -> tuple[object, object]:
        at, zone = by_outer.query(points)
        return (
            shapely.intersects(outer[zone], points[at]),
            shapely.intersects(inner[zone], points[at]),
        )

    return min(_timed(within)[0], _timed(after)[0])


def _boundaries(index: ZoneIndex, *, inner: bool) -> Shapes:
    shapes = np.empty(len(index.zones), dtype=np.object_)
    shapes[:] = [index.boundary(number, inner=inner) for number in range(len(shapes))]
    return shapes


def _timed(work: Callable[[], T], rounds: int = ROUNDS) -> tuple[float, T]:
    """Return the least seconds of this process's time that ``work`` took, and what it gave."""
    best = float("inf")
    for _ in range(rounds):
        before = time.process_time()
        result = work()
        best = min(best, time.process_time() - before)
    return best, result


def table(figures: GeofenceFigures) -> Table:
    """Return the figures for people."""
    rows = Table(title="flowctl bench geofence", show_header=False, box=None, pad_edge=False)
    rows.add_column(style="bold")
    rows.add_column()
    f = figures
    mix = ", ".join(f"{share:.1%} {what}" for what, share in f.mix.items())
    for name, text in (
        ("located", f"{f.fixes_per_s:,.0f} fixes/s of one core"),
        ("in batches", f"{f.worker_fixes_per_s:,.0f} fixes/s, {WORKER_BATCH:,} at a time"),
        ("shapely's index", f"{f.shapely_per_s:,.0f} fixes/s"),
        ("ratio", f"{f.ratio:.1f}"),
        (
            "disagreements",
            f"{f.disagreements} of {f.points:,} points and {f.hard_points:,} hard ones",
        ),
        ("zones", f"{f.zones:,}, built in {f.build_s:.2f} s, {f.memory_mb:.1f} MB"),
        ("points", mix),
    ):
        rows.add_row(name, text)
    return rows
