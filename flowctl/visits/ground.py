"""The zones as the engine meets them: where a line between two fixes crosses their boundaries."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from flowctl.visits.jumps import distance_m
from flowctl.visits.track import Sighting
from geo.membership import ZoneIndex
from geo.zones import Role, Zone

PASSAGE = frozenset({Role.QUEUE, Role.LANE, Role.BEYOND, Role.APPROACH})
"""Roles whose zones are passed through: one fix well inside is proof enough."""

EXCLUSIVE = frozenset({Role.YARD, Role.QUEUE, Role.LANE, Role.BEYOND})
"""Roles of places: a truck well inside of one is not in another any more."""


class Crossing(NamedTuple):
    """A zone that a line passes: when it comes into the inner boundary and leaves the outer one."""

    zone: str
    entered_at: int
    left_at: int


class Ground:
    """The zones of an index, in all their versions, and what becomes of lines across them.

    Parameters
    ----------
    index
        The zones; several may be versions of one.
    least_chord_m
        Through how much of a zone of passage a line must lead to count as having been there.

    Attributes
    ----------
    bounds
        West, south, east and north of every outer boundary, degrees, shape [z, 4].
    valid_from, valid_until
        From when until before when each zone is valid, microseconds since 1970, shape [z].
    """

    __slots__ = (
        "_least_chord_m",
        "_passage",
        "_passage_bounds",
        "_versions",
        "bounds",
        "index",
        "roles",
        "valid_from",
        "valid_until",
    )

    def __init__(self, index: ZoneIndex, *, least_chord_m: float) -> None:
        self.index = index
        self.roles: dict[str, Role] = {zone.id: zone.role for zone in index.zones}
        self._least_chord_m = least_chord_m
        self._versions: dict[str, list[int]] = defaultdict(list)
        for number in sorted(range(len(index.zones)), key=lambda n: _from(index.zones[n])):
            self._versions[index.zones[number].id].append(number)
        self._passage = [n for n, zone in enumerate(index.zones) if zone.role in PASSAGE]
        self.bounds = _bounds([index.boundary(n, inner=False) for n in range(len(index.zones))])
        self._passage_bounds = _bounds([index.boundary(n, inner=True) for n in self._passage])
        self.valid_from = np.array([_from(zone) for zone in index.zones], dtype=np.int64)
        self.valid_until = np.array([_until(zone) for zone in index.zones], dtype=np.int64)

    def entry(self, zone: str, before: Sighting, inside: Sighting) -> int:
        """Return when the line between two fixes comes into the inner boundary.

        Where it does not, because the outline or the accuracy decided: when the outline valid at
        the fix inside began to hold, else the moment of that fix.
        """
        number, begins = self._valid(zone, before.at, inside.at)
        share = None if number is None else self._share(number, before, inside, inner=True)
        if share is None:
            return begins if begins > before.at else inside.at
        return max(begins, _between(before, inside, share[0]))

    def exit(self, zone: str, within: Sighting, outside: Sighting) -> int:
        """Return when the line from a fix within to one outside leaves the outer boundary.

        Where it does not: when the outline valid at the fix outside began to hold, else the moment
        of that fix. Always later than the fix within.
        """
        number, begins = self._valid(zone, within.at, outside.at)
        share = None if number is None else self._share(number, within, outside, inner=False)
        if share is None:
            return begins if begins > within.at else outside.at
        return max(begins, within.at + 1, _between(within, outside, share[1]))

    def crossings(
        self, before: Sighting, after: Sighting, *, besides: Collection[str]
    ) -> Iterator[Crossing]:
        """Yield the zones of passage, besides some, on the line between two fixes."""
        west, east = sorted((before.lon, after.lon))
        south, north = sorted((before.lat, after.lat))
        bounds = self._passage_bounds
        near = (bounds[:, 0] <= east) & (bounds[:, 2] >= west)
        near &= (bounds[:, 1] <= north) & (bounds[:, 3] >= south)
        for number in (self._passage[at] for at in np.flatnonzero(near).tolist()):
            zone = self.index.zones[number]
            if zone.id in besides or not (_from(zone) <= before.at and after.at < _until(zone)):
                continue
            inner = self._share(number, before, after, inner=True)
            if inner is None or inner[2] < self._least_chord_m:
                continue
            outer = self._share(number, before, after, inner=False)
            if outer is None:
                continue
            entered_at = _between(before, after, inner[0])
            left_at = max(entered_at + 1, _between(before, after, outer[1]))
            yield Crossing(zone.id, entered_at, left_at)

    def ended(self, zone: str, at: int) -> int | None:
        """Return when the zone ceased to be, or None where it is valid at ``at``."""
        last = 0
        for number in self._versions.get(zone, ()):
            version = self.index.zones[number]
            if _from(version) <= at:
                if at < _until(version):
                    return None
                last = _until(version)
        return last

    def _valid(self, zone: str, since: int, at: int) -> tuple[int | None, int]:
        """Return the number of the version valid at ``at``, and from when on, ``since`` at most."""
        for number in self._versions.get(zone, ()):
            version = self.index.zones[number]
            if _from(version) <= at < _until(version):
                return number, max(since, _from(version))
        return None, since

    def _share(
        self, number: int, one: Sighting, other: Sighting, *, inner: bool
    ) -> tuple[float, float, float] | None:
        """Return the first and last share of the line that lies in a boundary, and the metres."""
        line = shapely.linestrings([(one.lon, one.lat), (other.lon, other.lat)])
        part = shapely.intersection(line, self.index.boundary(number, inner=inner))
        points = shapely.get_coordinates(part)
        along = np.array([other.lon - one.lon, other.lat - one.lat])
        length2 = float(along @ along)
        if not len(points) or length2 == 0:
            return None
        shares = (points - (one.lon, one.lat)) @ along / length2
        chord_m = distance_m(one, other) * shapely.length(part) / length2**0.5
        return float(shares.min()), float(shares.max()), float(chord_m)


def _bounds(shapes: Sequence[shapely.Geometry]) -> NDArray[np.float64]:
    array = np.empty(len(shapes), dtype=np.object_)
    array[:] = shapes
    return shapely.bounds(array).reshape(-1, 4)


def _from(zone: Zone) -> int:
    return int(np.iinfo(np.int64).min) if zone.valid_from_us is None else zone.valid_from_us


def _until(zone: Zone) -> int:
    return int(np.iinfo(np.int64).max) if zone.valid_until_us is None else zone.valid_until_us


def _between(one: Sighting, other: Sighting, share: float) -> int:
    """Return the moment at a share of the way from one fix to another, at even speed."""
    return one.at + round(share * (other.at - one.at))
