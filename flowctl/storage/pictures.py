"""What pictures are drawn from: tracks, visits and fixes on a way, of a stretch of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.rows import class_row

from flowctl.site import Site
from flowctl.traffic.roads import Stretches
from flowctl.traffic.spacetime import LineParams, TruckLine, along_way, leads_to, lines_of

Connection = psycopg.Connection[Any]

WAY_FIX = np.dtype([("device", "<i8"), ("at", "<f8"), ("lon", "<f8"), ("lat", "<f8")])
"""A fix near a way: its device's number, epoch seconds, degrees WGS 84."""

TRACK_FIX = np.dtype([("at", "<f8"), ("lon", "<f8"), ("lat", "<f8"), ("speed_mps", "<f8")])
"""A fix of one truck; ``speed_mps`` is NaN where the tracker said none."""

Bounds = tuple[float, float, float, float]
"""West, south, east, north in degrees."""
_LEAST_M_PER_DEGREE = 55_000.0  # of longitude at 60° north; further north nobody queues for hours


@dataclass(frozen=True, slots=True)
class Carried:
    """A device a truck carried from ``since`` until ``until`` within the time asked about."""

    device_id: int
    uid: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Journey:
    """Whose a device is, by its newest trip; ``gates`` is empty where that had ended before."""

    trip_id: int
    plate: str
    gates: Sequence[str]


@dataclass(frozen=True, slots=True)
class Stay:
    """A visit as drawn; ``left_at`` is None while it lasts."""

    zone: str
    entered_at: datetime
    left_at: datetime | None
    seen_inside: bool


def list_way_fixes(
    conn: Connection, site: str, bounds: Bounds, since: datetime, until: datetime, *, step_s: float
) -> NDArray[np.void]:
    """Return fixes within bounds of devices that had a trip or came near a zone, rows of `WAY_FIX`.

    At most one of a device in each ``step_s`` seconds, sorted by device and moment.
    """
    rows = conn.execute(
        "with seen as ("
        " select device_id from trips where site = %(site)s and device_id is not null"
        "  and registered_at < %(until)s and coalesce(ended_at, 'infinity') >= %(since)s"
        " union select device_id from tracks where fixed_at >= %(since)s"
        ") select distinct on (f.device_id, floor(extract(epoch from f.fixed_at) / %(step_s)s))"
        " f.device_id, extract(epoch from f.fixed_at)::float8, f.lon, f.lat"
        " from seen join fixes f on f.device_id = seen.device_id"
        " where f.fixed_at >= %(since)s and f.fixed_at < %(until)s"
        " and f.lon between %(west)s and %(east)s and f.lat between %(south)s and %(north)s"
        " order by f.device_id, floor(extract(epoch from f.fixed_at) / %(step_s)s), f.fixed_at",
        {
            "site": site,
            "since": since,
            "until": until,
            "step_s": step_s,
            **dict(zip(("west", "south", "east", "north"), bounds, strict=True)),
        },
    ).fetchall()
    return np.array(rows, dtype=WAY_FIX)


def list_lines(
    conn: Connection, site: Site, way: Stretches, since: datetime, until: datetime, *, step_s: float
) -> list[TruckLine]:
    """Return the lines of all trucks on a way of a site; see `list_way_fixes`."""
    bounds = _bounds(way, site.traffic.on_way_m)
    fixes = list_way_fixes(conn, site.id, bounds, since, until, step_s=step_s)
    along_m = along_way(site, way, fixes["lon"], fixes["lat"])
    return lines_of(fixes["device"], fixes["at"], along_m, LineParams())


def _bounds(way: Stretches, margin_m: float) -> Bounds:
    """Return a way's bounds, grown by more than so many metres."""
    west, south, east, north = way.path.line.bounds
    margin = margin_m / _LEAST_M_PER_DEGREE
    return west - margin, south - margin, east + margin, north + margin


def list_journeys(
    conn: Connection, site: str, devices: Sequence[int], since: datetime, until: datetime
) -> dict[int, Journey]:
    """Return the newest trip before ``until`` of each device; some have none.

    Its gates are told if it lasted into ``[since, until)``: an older trip says whose the truck is,
    but no longer where it goes.
    """
    rows = conn.execute(
        "select distinct on (device_id) device_id, id, plate,"
        " case when coalesce(ended_at, 'infinity') >= %s then gates else '{}' end from trips"
        " where site = %s and device_id = any(%s) and registered_at < %s"
        " order by device_id, registered_at desc",
        [since, site, list(devices), until],
    ).fetchall()
    return {device: Journey(*journey) for device, *journey in rows}


def bound_elsewhere(site: Site, way: Stretches, journeys: Mapping[int, Journey]) -> frozenset[int]:
    """Return the devices whose trip goes to gates that a way does not lead to."""
    return frozenset(
        device
        for device, journey in journeys.items()
        if journey.gates and not leads_to(site, way, journey.gates)
    )


def list_carried(
    conn: Connection, site: str, plate: str, since: datetime, until: datetime
) -> list[Carried]:
    """Return the devices a truck carried, by its trips and by the registry of devices."""
    with conn.cursor(row_factory=class_row(Carried)) as cursor:
        return cursor.execute(
            "select device_id, uid, min(greatest(since, %(since)s)) as since,"
            " max(least(until, %(until)s)) as until from ("
            "  select device_id, registered_at as since, coalesce(ended_at, 'infinity') as until"
            "   from trips where site = %(site)s and plate = %(plate)s and device_id is not null"
            "  union all select device_id, since, coalesce(until, 'infinity')"
            "   from device_trucks where plate = %(plate)s and is_primary"
            " ) held join devices d on d.id = held.device_id"
            " where since < %(until)s and until > %(since)s group by device_id, uid"
            " order by since, device_id",
            {"site": site, "plate": plate, "since": since, "until": until},
        ).fetchall()


def list_unknown(conn: Connection, site: str, plates: Sequence[str]) -> list[str]:
    """Return the plates that no trip of the site and no device was ever entered with, in order."""
    rows = conn.execute(
        "select plate from unnest(%s::text[]) as asked (plate)"
        " where not exists (select from trips t where t.site = %s and t.plate = asked.plate)"
        " and not exists (select from device_trucks d where d.plate = asked.plate) order by plate",
        [list(plates), site],
    ).fetchall()
    return [plate for (plate,) in rows]


def list_day_track(
    conn: Connection, device: int, since: datetime, until: datetime
) -> NDArray[np.void]:
    """Return a device's fixes of ``[since, until)`` by moment, rows of `TRACK_FIX`."""
    rows = conn.execute(
        "select extract(epoch from fixed_at)::float8, lon, lat, coalesce(speed_mps, 'NaN')::float8"
        " from fixes where device_id = %s and fixed_at >= %s and fixed_at < %s"
        " order by fixed_at, source_id",
        [device, since, until],
    ).fetchall()
    return np.array(rows, dtype=TRACK_FIX)


def list_stays(conn: Connection, device: int, since: datetime, until: datetime) -> list[Stay]:
    """Return a device's visits that reach into ``[since, until)``, by entry."""
    with conn.cursor(row_factory=class_row(Stay)) as cursor:
        return cursor.execute(
            "select zone, entered_at, left_at, seen_inside from visits where device_id = %s"
            " and entered_at < %s and coalesce(left_at, 'infinity') > %s order by entered_at",
            [device, until, since],
        ).fetchall()


def list_zone_stays(
    conn: Connection, zones: Sequence[str], since: datetime, until: datetime
) -> list[Stay]:
    """Return all trucks' visits to zones that reach into ``[since, until)``, by entry.

    Where two devices of one truck were in a zone together, the primary one speaks for it.
    """
    with conn.cursor(row_factory=class_row(Stay)) as cursor:
        return cursor.execute(
            "select v.zone, v.entered_at, v.left_at, v.seen_inside from visits v"
            " where v.zone = any(%s) and v.entered_at < %s"
            " and coalesce(v.left_at, 'infinity') > %s and not exists ("
            "  select from device_trucks mine"
            "  join device_trucks other on other.plate = mine.plate and other.is_primary"
            "   and other.since < coalesce(mine.until, 'infinity')"
            "   and coalesce(other.until, 'infinity') > mine.since"
            "  join visits o on o.device_id = other.device_id and o.zone = v.zone"
            "   and o.entered_at < coalesce(v.left_at, 'infinity')"
            "   and coalesce(o.left_at, 'infinity') > v.entered_at"
            "  where mine.device_id = v.device_id and not mine.is_primary"
            "   and mine.since <= v.confirmed_at"
            "   and coalesce(mine.until, 'infinity') > v.entered_at"
            " ) order by v.entered_at",
            [list(zones), until, since],
        ).fetchall()
