"""Where every tracked truck is: a course from one point to another, and when its tracker looks."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from flowctl.scenarios.behaviour import Gps
from geo.lines import Path
from simulations.streams import Column
from simulations.trackers import SIGHTING

_METRES_PER_DEGREE = 111_320.0
_OFF_ROAD = -1


def distance_m(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Return the metres between two points close to each other (equirectangular)."""
    east = (other_lon - lon) * np.cos(np.radians(lat))
    return float(np.hypot(east, other_lat - lat) * _METRES_PER_DEGREE)


@dataclass(slots=True)
class _Courses:
    """The present course of each truck, in columns of shape [n]; times are epoch seconds."""

    begins: Column
    ends: Column
    path: NDArray[np.int64]  # index of a path, or _OFF_ROAD for a straight line
    from_m: Column
    to_m: Column
    from_lon: Column
    from_lat: Column
    to_lon: Column
    to_lat: Column
    engine_on: NDArray[np.bool_]
    last_at: Column  # when the tracker last looked
    next_at: Column  # when it looks next; infinite where it is off

    @classmethod
    def of(cls, count: int) -> "_Courses":
        """Return the courses of trucks that are nowhere yet."""
        nowhere = np.zeros((8, count))
        begins, ends, from_m, to_m, from_lon, from_lat, to_lon, to_lat = nowhere
        return cls(
            begins=begins,
            ends=ends,
            path=np.full(count, _OFF_ROAD),
            from_m=from_m,
            to_m=to_m,
            from_lon=from_lon,
            from_lat=from_lat,
            to_lon=to_lon,
            to_lat=to_lat,
            engine_on=np.zeros(count, np.bool_),
            last_at=np.full(count, -np.inf),
            next_at=np.full(count, np.inf),
        )


@dataclass(slots=True)
class Fleet:
    """The moving trucks; a tracker looks every 30 s while the engine runs, every 15 min parked."""

    count: int
    gps: Gps
    _courses: _Courses = field(init=False)
    _paths: list[Path] = field(default_factory=list)
    _seen: list[NDArray[np.void]] = field(default_factory=list)
    _knots: dict[int, tuple[Column, Column]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with trucks that are nowhere."""
        self._courses = _Courses.of(self.count)

    def drive(
        self, truck: int, at: float, path: Path, *, to_m: float, from_m: float, lasts_s: float
    ) -> None:
        """Send a truck along a path."""
        columns = self._turn(truck, at, lasts_s)
        columns.path[truck] = self._number(path)
        columns.from_m[truck], columns.to_m[truck] = from_m, to_m

    def follow(self, truck: int, at: float, path: Path, moments: Column, along_m: Column) -> None:
        """Send a truck along a path at changing speeds.

        ``moments`` (epoch s) and ``along_m`` are where it is when, rising, shape [k]; between two
        of them its speed is constant.
        """
        from_m, to_m = float(along_m[0]), float(along_m[-1])
        self.drive(truck, at, path, from_m=from_m, to_m=to_m, lasts_s=float(moments[-1]) - at)
        self._knots[truck] = moments, along_m

    def cross(
        self,
        truck: int,
        at: float,
        start: tuple[float, float],
        end: tuple[float, float],
        *,
        lasts_s: float,
    ) -> None:
        """Send a truck straight from one point (lon, lat) to another."""
        columns = self._turn(truck, at, lasts_s)
        columns.path[truck] = _OFF_ROAD
        columns.from_lon[truck], columns.from_lat[truck] = start
        columns.to_lon[truck], columns.to_lat[truck] = end

    def park(self, truck: int, at: float, place: tuple[float, float], *, look_at: float) -> None:
        """Stand a truck at a place (lon, lat) with its engine off; first look at ``look_at``."""
        self.cross(truck, at, place, place, lasts_s=0.0)
        self._courses.engine_on[truck] = False
        self._courses.next_at[truck] = max(look_at, at)

    def stop_engine(self, truck: int, at: float) -> None:
        """Turn the engine off where the truck stands; the tracker looks once more, then rarely."""
        self._look(np.array([truck]), before=at)
        self._courses.engine_on[truck] = False

    def switch_off(self, truck: int, at: float) -> None:
        """Let a truck fall silent for good."""
        self._look(np.array([truck]), before=at)
        self._courses.next_at[truck] = np.inf

    def along_m(self, truck: int, at: float) -> float:
        """Return how far along its path a driving truck has come."""
        columns = self._courses
        share = float(_share(columns, np.array([truck]), np.array([at]))[0])
        return float(columns.from_m[truck] + share * (columns.to_m[truck] - columns.from_m[truck]))

    def collect(self, until: float) -> NDArray[np.void]:
        """Return what trackers saw up to ``until`` since the last call, as rows of `SIGHTING`."""
        self._look(np.arange(self.count), before=np.nextafter(until, np.inf))
        seen = np.concatenate(self._seen) if self._seen else np.empty(0, SIGHTING)
        self._seen.clear()
        return seen

    def _turn(self, truck: int, at: float, lasts_s: float) -> _Courses:
        """End a truck's course at ``at`` and begin one that lasts ``lasts_s``."""
        self._look(np.array([truck]), before=at)
        self._knots.pop(truck, None)
        columns = self._courses
        columns.begins[truck], columns.ends[truck] = at, at + lasts_s
        columns.engine_on[truck] = True
        # A tracker looks at once when a truck moves off, but never twice within its interval.
        columns.next_at[truck] = max(at, columns.last_at[truck] + self.gps.moving_interval_s)
        return columns

    def _look(self, trucks: NDArray[np.int64], *, before: float) -> None:
        """Let the trackers of ``trucks`` look as often as is due before a moment."""
        columns = self._courses
        due = trucks[columns.next_at[trucks] < before]
        while len(due):
            at = columns.next_at[due]
            self._seen.append(self._sight(due, at))
            resting = (at >= columns.ends[due]) & ~columns.engine_on[due]
            wait = np.where(resting, self.gps.parked_interval_s, self.gps.moving_interval_s)
            columns.last_at[due] = at
            columns.next_at[due] = at + wait
            due = due[columns.next_at[due] < before]

    def _sight(self, trucks: NDArray[np.int64], at: Column) -> NDArray[np.void]:
        """Return the true positions of trucks, each at its own moment."""
        columns = self._courses
        share = _share(columns, trucks, at)
        rows = np.empty(len(trucks), SIGHTING)
        rows["truck"], rows["at"] = trucks, at
        rows["ignition"] = columns.engine_on[trucks]
        span = columns.ends[trucks] - columns.begins[trucks]
        moving = (share < 1) & (span > 0)
        on_road = columns.path[trucks] != _OFF_ROAD
        step_lon = columns.to_lon[trucks] - columns.from_lon[trucks]
        step_lat = columns.to_lat[trucks] - columns.from_lat[trucks]
        rows["lon"] = columns.from_lon[trucks] + share * step_lon
        rows["lat"] = columns.from_lat[trucks] + share * step_lat
        east = step_lon * np.cos(np.radians(columns.from_lat[trucks]))
        rows["heading_deg"] = np.degrees(np.arctan2(east, step_lat)) % 360
        length = np.hypot(east, step_lat) * _METRES_PER_DEGREE
        stretch = columns.to_m[trucks] - columns.from_m[trucks]
        length = np.where(on_road, stretch, length)
        rows["speed_mps"] = np.where(moving, length / np.where(moving, span, 1.0), 0.0)
        along = columns.from_m[trucks] + share * stretch
        self._vary(trucks, at, along, rows["speed_mps"])
        for number in np.unique(columns.path[trucks][on_road]):
            here = columns.path[trucks] == number
            lon, lat, heading = self._paths[number].at(along[here])
            rows["lon"][here], rows["lat"][here], rows["heading_deg"][here] = lon, lat, heading
        return rows

    def _vary(self, trucks: NDArray[np.int64], at: Column, along: Column, speed: Column) -> None:
        """Put trucks that follow moments where these say; changes ``along`` and ``speed``."""
        for row, truck in enumerate(trucks.tolist() if self._knots else ()):
            if truck in self._knots:
                moments, along_m = self._knots[truck]
                piece = min(
                    max(int(np.searchsorted(moments, at[row], "right")), 1), len(moments) - 1
                )
                span = moments[piece] - moments[piece - 1]
                moved = along_m[piece] - along_m[piece - 1]
                done = min(max((at[row] - moments[piece - 1]) / span, 0.0), 1.0)
                along[row] = along_m[piece - 1] + done * moved
                speed[row] = moved / span if at[row] < moments[-1] else 0.0

    def _number(self, path: Path) -> int:
        for number, known in enumerate(self._paths):
            if known is path:
                return number
        self._paths.append(path)
        return len(self._paths) - 1


def _share(columns: _Courses, trucks: NDArray[np.int64], at: Column) -> Column:
    """Return which share of its course each truck has behind it at its moment."""
    begins, span = columns.begins[trucks], columns.ends[trucks] - columns.begins[trucks]
    done = (at - begins) / np.where(span > 0, span, 1.0)
    return np.asarray(np.where(span > 0, np.clip(done, 0.0, 1.0), 1.0))
