"""Space-time lines: how far along a way each truck was at each moment, thinned for a picture."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import hypot

import numpy as np
import shapely
from numpy.typing import NDArray

from flowctl.errors import NotFoundError
from flowctl.site import Site
from flowctl.traffic.roads import Stretches, roads_of, ways_of
from geo.crs import Column

_LEAST_POINTS = 2


@dataclass(frozen=True, slots=True)
class LineParams:
    """How fixes become lines, and how many points a picture may have.

    A truck silent for longer than ``silence_s`` begins another line: 20 min, since a parked tracker
    reports every 15 (Circular 09/2015/TT-BGTVT). So does one that was seen off the way, but not
    where it was back within ``aside_s``: a road may lead through a yard's outline. Half a pixel of
    a picture ``wide_px`` by ``high_px`` may be lost, and more until no more than ``most_points``
    are left.
    """

    silence_s: float = 1_200.0
    aside_s: float = 240.0
    wide_px: float = 1_200.0
    high_px: float = 600.0
    most_points: int = 11_000


@dataclass(frozen=True, slots=True, eq=False)
class TruckLine:
    """One truck without a long silence: moments (epoch s) and metres along the way, shape [k]."""

    device: int
    at: Column
    along_m: Column


def get_way(site: Site, way: str) -> Stretches:
    """Return a corridor or freight road of a site.

    Raises
    ------
    NotFoundError
        There is none of this id; the sentence names those there are.
    """
    for one in ways_of(site):
        if one.way == way:
            return one
    known = ", ".join(one.way for one in ways_of(site))
    raise NotFoundError(
        f"There is no way {way[:40]!r}; {site.id} has {known or 'none'}.", kind="no_corridor"
    )


def along_way(site: Site, way: Stretches, lon: Column, lat: Column) -> Column:
    """Return how far along a way points lie, metres, shape [n]; NaN where off it or in a yard.

    Whoever drives on a road that several ways share is on each of them.
    """
    number = next(k for k, one in enumerate(ways_of(site)) if one.way == way.way)
    along: Column = roads_of(site).locate(lon, lat)[0][:, number]
    return along


def end_m(way: Stretches) -> float:
    """Return from where the distance to a way's end is counted, in metres along it.

    That is where trucks stop for the gate; of a corridor the yard it ends in.
    """
    return way.length_m if way.gate is None else way.stop_m


def closed_hours(
    site: Site, gates: Iterable[str], since: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the parts of ``[since, until)`` in which none of the gates is open, in order."""
    windows = sorted(
        window for gate in gates for window in site.gate_by_id[gate].opening.between(since, until)
    )
    begin = since
    for opens, closes in windows:
        if opens > begin:
            yield begin, opens
        begin = max(begin, closes)
    if begin < until:
        yield begin, until


def gates_of(site: Site, way: Stretches) -> list[str]:
    """Return the gates a way leads to, at once or through its yard."""
    if way.gate is not None:
        return [way.gate]
    return [access.gate for access in site.yard_by_id[way.yard].access]


def leads_to(site: Site, way: Stretches, gates: Iterable[str]) -> bool:
    """Tell whether a truck bound for any of these gates may be on its way there on this way."""
    return not set(gates_of(site, way)).isdisjoint(gates)


def lines_of(
    device: NDArray[np.int64], at: Column, along_m: Column, params: LineParams
) -> list[TruckLine]:
    """Return the lines of trucks on a way.

    Parameters
    ----------
    device, at, along_m
        Fixes sorted by device and moment, shape [n]; ``along_m`` is NaN where a truck was not on
        the way. One fix alone makes no line.
    """
    rows = np.flatnonzero(np.isfinite(along_m))
    if not len(rows):
        return []
    away_s = np.diff(at[rows])
    most_s = np.where(np.diff(rows) > 1, params.aside_s, params.silence_s)
    cuts = np.flatnonzero((np.diff(device[rows]) != 0) | (away_s > most_s)) + 1
    return [
        TruckLine(int(device[part[0]]), at[part], along_m[part])
        for part in np.split(rows, cuts)
        if len(part) >= _LEAST_POINTS
    ]


def thinned(
    lines: Sequence[TruckLine], *, span_s: float, length_m: float, params: LineParams
) -> list[TruckLine]:
    """Return lines with as few points as a picture of ``span_s`` by ``length_m`` needs.

    Douglas and Peucker's rule (The Canadian Cartographer 10, 1973) in pixels: no point that is left
    out lies further from the line than the tolerance, which is doubled until the points fit.
    """
    x_px = params.wide_px / max(span_s, 1.0)
    y_px = params.high_px / max(length_m, 1.0)
    shapes = np.array(
        [
            shapely.LineString(np.c_[(line.at - line.at[0]) * x_px, line.along_m * y_px])
            for line in lines
        ],
        dtype=object,
    )
    tolerance_px = 0.5
    simple = shapely.simplify(shapes, tolerance_px, preserve_topology=False)
    # A line keeps two points however coarse: below that only fewer lines would help.
    floor = _LEAST_POINTS * len(lines)
    while shapely.get_num_coordinates(simple).sum() > max(params.most_points, floor):
        tolerance_px *= 2
        simple = shapely.simplify(shapes, tolerance_px, preserve_topology=False)
        if tolerance_px > hypot(params.wide_px, params.high_px):
            break
    return [
        TruckLine(line.device, line.at[0] + xy[:, 0] / x_px, xy[:, 1] / y_px)
        for line, shape in zip(lines, simple.tolist(), strict=True)
        for xy in [shapely.get_coordinates(shape)]
        if len(xy) >= _LEAST_POINTS
    ]


def speeds_mps(line: TruckLine) -> Column:
    """Return the speed between neighbouring points, shape [k-1], negative against the way."""
    lasted = np.maximum(np.diff(line.at), 1.0)
    speeds: Column = np.diff(line.along_m) / lasted
    return speeds
