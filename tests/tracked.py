"""A straight road through the zones of one gate, measured in metres, and fixes of a truck on it."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import shapely
from numpy.typing import ArrayLike

from flowctl.site import VisitParams
from flowctl.storage.fixes import STORED
from flowctl.visits.engine import advance
from flowctl.visits.ground import Ground
from flowctl.visits.sight import Rows, View, one_a_moment
from flowctl.visits.track import SECOND, Sighting, TrackState, Visit
from geo.crs import Projection
from geo.membership import ZoneIndex
from geo.zones import Role, Zone

EPSG = 32648
PLANE = Projection(EPSG)
PARAMS = VisitParams()
_ORIGIN = tuple(float(axis[0]) for axis in PLANE.to_metres([106.7], [22.0]))


def zone(
    name: str,
    role: Role,
    west: float,
    east: float,
    half: float,
    valid: tuple[float | None, float | None] = (None, None),
) -> Zone:
    """Return a box along the road, metres from its beginning; valid from/until second."""
    x, y = _ORIGIN
    box = shapely.box(x + west, y - half, x + east, y + half)
    since, until = (None if at is None else round(at * SECOND) for at in valid)
    polygon = PLANE.degrees_of(box)
    return Zone(name, {}, role, None, polygon, 5.0, valid_from_us=since, valid_until_us=until)


ZONES = (
    zone("yard", Role.YARD, 0, 200, 100),
    zone("queue", Role.QUEUE, 300, 500, 25),
    zone("lane", Role.LANE, 520, 620, 20),
    zone("beyond", Role.BEYOND, 640, 800, 50),
)


def ground_of(zones: Sequence[Zone], params: VisitParams = PARAMS) -> Ground:
    """Return the ground of some zones."""
    index = ZoneIndex(zones, inner_m=params.inner_m, outer_m=params.outer_m, epsg=EPSG)
    return Ground(index, least_chord_m=params.least_chord_m)


@cache
def road() -> Ground:
    """Return the ground of the road's zones."""
    return ground_of(ZONES)


def fix(
    at: ArrayLike,
    x: ArrayLike,
    y: ArrayLike = 0.0,
    *,
    speed: float = np.nan,
    ignition: int = -1,
    accuracy: float = np.nan,
    source: int = 1,
    lag: float = 1.0,
) -> Rows:
    """Return one row, or several: at a second, so many metres along the road and to its left."""
    second, east, north = np.broadcast_arrays(np.atleast_1d(np.asarray(at, float)), x, y)
    row = np.zeros(len(second), dtype=STORED)
    lon, lat = PLANE.to_degrees(_ORIGIN[0] + east, _ORIGIN[1] + north)
    row["device_id"], row["source_id"] = 7, source
    row["fixed_at"] = np.round(second * SECOND)
    row["received_at"] = np.round((second + lag) * SECOND)
    row["lon"], row["lat"], row["speed_mps"] = lon, lat, speed
    row["heading_deg"] = row["altitude_m"] = np.nan
    row["accuracy_m"], row["ignition"] = accuracy, ignition
    return row


def sightings_of(
    fixes: Sequence[Rows], ground: Ground | None = None, params: VisitParams = PARAMS
) -> list[Sighting]:
    """Return what is seen of fixes given in any order, one a moment."""
    rows = np.concatenate([*fixes, np.empty(0, dtype=STORED)])
    rows = rows[np.lexsort((rows["source_id"], rows["fixed_at"]))]
    rows = rows[one_a_moment(rows)]
    return View(rows, ground or road(), params).sightings(np.arange(len(rows)))


def judged(
    fixes: Sequence[Rows],
    ground: Ground | None = None,
    params: VisitParams = PARAMS,
    state: TrackState | None = None,
) -> tuple[TrackState, list[Visit]]:
    """Judge fixes, given in any order, from a state on; of a new device by default."""
    seen = sightings_of(fixes, ground, params)
    return advance(state or TrackState(), seen, ground=ground or road(), params=params)


def visits_of(
    fixes: Sequence[Rows], ground: Ground | None = None, params: VisitParams = PARAMS
) -> list[Visit]:
    """Return the visits that a whole track amounts to, by their beginnings."""
    _, visits = judged(fixes, ground, params)
    return sorted(visits, key=lambda visit: (visit.entered_at, visit.zone))


def seconds(moment: int | None) -> float | None:
    """Return microseconds as seconds."""
    return None if moment is None else moment / SECOND
