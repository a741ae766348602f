"""Ways joined from pieces of road: corridors to a yard, freight roads from a yard to a gate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot

import numpy as np
import shapely
from numpy.typing import NDArray

from flowctl.site import Access, WayPiece, Yard
from flowctl.site_shapes import RoadPiece
from flowctl.site_tables import Table, nearest
from geo.lines import Path, joined
from geo.zones import Role, Zone


@dataclass(frozen=True, slots=True)
class Way:
    """A joined line in lon/lat, its length, and the mean speed of a truck that drives all of it."""

    line: shapely.LineString
    length_m: float
    speed_mps: float
    pieces: tuple[WayPiece, ...]


def read_way(table: Table, drawn: Sequence[RoadPiece], epsg: int) -> Way | None:
    """Join the pieces that ``roads`` names, in driving order; None with a problem noted."""
    pieces = {piece.id: piece for piece in drawn}
    ids = table.texts("roads")
    unknown = [one for one in ids if one not in pieces]
    for one in unknown:
        table.refuse("roads", f'"{one}" is no sound road of roads.geojson{nearest(one, pieces)}')
    if unknown or not ids:
        return None
    chosen = [pieces[one] for one in ids]
    try:
        line = joined([piece.line for piece in chosen])
    except ValueError as error:
        table.refuse("roads", f"cannot be driven in this order: {error}")
        return None
    length_m = Path(line, epsg).length_m
    along = _along(line, chosen, epsg)
    seconds = sum(one.length_m / one.speed_mps for one in along)
    return Way(line, length_m, length_m / seconds, along)


def _along(
    line: shapely.LineString, chosen: Sequence[RoadPiece], epsg: int
) -> tuple[WayPiece, ...]:
    """Return the pieces in driving order, each turned where the joined line comes to its end."""
    corners = shapely.get_coordinates(line)
    pieces = []
    last = 0
    for piece in chosen:
        drawn = shapely.get_coordinates(piece.line)
        last += len(drawn) - 1  # of the joined line; where pieces meet they share one corner
        turned = bool(_gap(drawn[0], corners[last]) < _gap(drawn[-1], corners[last]))
        length_m = Path(piece.line, epsg).length_m
        pieces.append(WayPiece(piece.id, turned, length_m, piece.speed_mps))
    return tuple(pieces)


def _gap(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.hypot(*(one - other)))


def stretch(
    way: Way, zones: Sequence[Zone], role: Role, gate: str, epsg: int
) -> tuple[float, float] | None:
    """Return the first and last metre of the way in a gate's zones of a role, as they are now.

    None where there is no such zone of a sound shape.

    Raises
    ------
    ValueError
        Where the way misses those zones.
    """
    # Of several versions of a zone the present one, which no other follows.
    present = [zone for zone in zones if zone.valid_until_us is None]
    shapes = [zone.polygon for zone in present if zone.role is role and zone.gate == gate]
    if not shapes or any(shape.is_empty for shape in shapes):
        return None
    inside = shapely.intersection(way.line, shapely.union_all(shapes))
    if inside.is_empty:
        raise ValueError(f"the road does not pass the {role} zone of {gate}")
    along, _ = Path(way.line, epsg).locate(*shapely.get_coordinates(inside).T)
    return float(along.min()), float(along.max())


def ends_in(way: Way, yard: str, zones: Sequence[Zone], *, at_start: bool) -> bool:
    """Tell whether the way begins (or ends) in the yard; True where that has no sound shape."""
    end = shapely.Point(way.line.coords[0 if at_start else -1])
    shapes = [zone.polygon for zone in zones if zone.id == yard and not zone.polygon.is_empty]
    return not shapes or any(shape.covers(end) for shape in shapes)


def enters(way: Way, yard: str, zones: Sequence[Zone], epsg: int) -> float | None:
    """Return the metre of the way at which it comes into a yard; None where it never does."""
    shapes = [zone.polygon for zone in zones if zone.id == yard and zone.valid_until_us is None]
    inside = shapely.intersection(way.line, shapely.union_all(shapes))
    if inside.is_empty:
        return None
    along, _ = Path(way.line, epsg).locate(*shapely.get_coordinates(inside).T)
    return float(along.min())


def join_legs(table: Table, yards: Sequence[Yard]) -> list[Yard]:
    """Add to each way through an in-gate yard the way from there; refuse one that leads nowhere."""
    by_id = {yard.id: yard for yard in yards}
    return [
        replace(
            yard, access=tuple(_with_second_leg(table, yard, way, by_id) for way in yard.access)
        )
        for yard in yards
    ]


def _with_second_leg(table: Table, yard: Yard, way: Access, yards: Mapping[str, Yard]) -> Access:
    if way.via is None or way.via_s is None:
        return way
    field = f"yard {yard.id}, via"
    through = yards.get(way.via)
    if through is None:
        table.refuse(field, f'"{way.via}" is no known yard{nearest(way.via, yards)}')
        return way
    own = through.access_to(way.gate)
    if through.id == yard.id or own is None or own.via is not None:
        table.refuse(field, f"{way.via} must be another yard with a way of its own to {way.gate}")
        return way
    # The two legs are driven apart, so their variances add up.
    spread_s = hypot(way.via_s * way.travel_cv, own.travel_s * own.travel_cv)
    travel_s = way.via_s + own.travel_s
    return replace(way, travel_s=travel_s, travel_cv=spread_s / travel_s)
