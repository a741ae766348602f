"""The facts that alerts are found from, read for all trucks at once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg
import shapely

from flowctl.alarms.alerts import Alert, Point
from flowctl.cheating.hoarding import hoarding
from flowctl.cheating.identity import (
    Companions,
    PlateSeen,
    device_swaps,
    drifted_apart,
    parted,
    two_plates,
    weight_swaps,
)
from flowctl.cheating.speed import impossible_speeds
from flowctl.cheating.whereabouts import Booking, Call, GateStay, ghost_bookings, unreleased
from flowctl.cheating_limits import CheatingParams
from flowctl.site import Site
from flowctl.storage.alert_claims import (
    list_booked,
    list_claims,
    list_device_changes,
    list_legs,
    list_weighings,
)
from geo.sphere import distance_m
from geo.zones import Role, Zone

Connection = psycopg.Connection[Any]

_LOOK = timedelta(hours=1)
"""What ended, or was entered, longer ago than this was looked at before."""


def find_alerts(conn: Connection, site: Site, now: datetime) -> list[Alert]:
    """Return everything that is found out about a site's trucks at a moment, by its policy."""
    limits = site.policy.cheating_limits
    return [
        *unreleased(list_gate_stays(conn, site, now), limits, now),
        *ghost_bookings(list_bookings(conn, site, now, limits), limits, now),
        *parted(list_plates_seen(conn, site, now, limits), limits),
        *drifted_apart(list_companions(conn, site, now, limits), limits, now),
        *two_plates(list_claims(conn, site, now, limits), limits),
        *device_swaps(list_device_changes(conn, site), limits),
        *weight_swaps(list_weighings(conn, site), limits),
        *impossible_speeds(list_legs(conn, site, now, limits), limits),
        *hoarding(list_booked(conn, site, now, limits), limits, now),
    ]


def list_gate_stays(conn: Connection, site: Site, now: datetime) -> list[GateStay]:
    """Return the stays at gates of active exports with a device that last or have just ended."""
    rows = conn.execute(
        """
        with stay as (
            select v.device_id, v.gate, v.zone, v.role = 'lane' as in_lane, v.entered_at, v.left_at,
                   'gps' as by, t.id as trip_id
            from trips t join visits v on v.device_id = t.device_id
            where t.site = %(site)s and t.state = 'active' and t.direction = 'export'
              and v.role in ('queue', 'lane') and v.gate is not null
              and v.entered_at <= %(now)s and coalesce(v.left_at, 'infinity') > %(since)s
              and coalesce(v.left_at, 'infinity') >= t.registered_at
            union all
            select t.device_id, e.gate, e.gate, true, e.at, null, e.recorded_by, t.id
            from gate_events e join trips t on t.plate = e.truck and t.site = e.site
            where e.site = %(site)s and e.recorded_at > %(since)s and e.kind = 'entered'
              and e.direction = 'export' and t.state = 'active' and t.direction = 'export'
              and t.device_id is not null and e.at >= t.registered_at
        ), called as materialized (  -- by a call-up that holds, and still standing in a yard
            select m.id, m.haulier, r.gate, r.released_at
            from trips m cross join lateral (
                select gate, released_at, expires_at from releases where releases.trip_id = m.id
                order by releases.id desc limit 1) r
            where m.site = %(site)s and m.state = 'active' and m.haulier is not null
              and r.expires_at > %(now)s
              and exists (select from visits y where y.device_id = m.device_id
                and y.role = 'yard' and y.left_at is null)
        )
        select s.trip_id, d.uid, s.gate, s.zone, s.entered_at, s.left_at, s.by, s.in_lane, t.gates,
               r.gates, r.released, r.expire, r.yards,
               (select max(b.entered_at) from visits b where b.device_id = s.device_id
                and b.role = 'beyond' and b.entered_at < s.entered_at and not exists (
                  select from visits y where y.device_id = s.device_id and y.role = 'yard'
                  and y.entered_at between b.entered_at and s.entered_at)),
               mate.id, t.haulier, f.lon, f.lat,
               (select min(q.entered_at) from visits q where q.device_id = s.device_id
                and q.role in ('queue', 'lane') and q.gate = s.gate and q.entered_at < s.entered_at
                and coalesce(q.left_at, 'infinity') >= t.registered_at and not exists (
                  select from visits y where y.device_id = s.device_id
                  and y.role in ('yard', 'beyond')
                  and y.entered_at between q.entered_at and s.entered_at)) as came_at
        from stay s join trips t on t.id = s.trip_id join devices d on d.id = s.device_id
        cross join lateral (
            select coalesce(array_agg(gate), '{}') as gates, array_agg(released_at) as released,
                   array_agg(expires_at) as expire, array_agg(to_yard) as yards
            from releases where releases.trip_id = t.id
        ) r
        left join lateral (
            select c.id from called c where c.haulier = t.haulier and c.gate = s.gate
              and c.released_at <= s.entered_at and c.id <> t.id order by c.id limit 1
        ) mate on true
        left join lateral (
            select lon, lat from fixes where fixes.device_id = s.device_id
              and fixed_at >= s.entered_at and fixed_at < s.entered_at + interval '1 hour'
            order by fixed_at limit 1
        ) f on true
        order by s.entered_at
        """,
        {"site": site.id, "now": now, "since": now - _LOOK},
    ).fetchall()
    return [GateStay(*(*row[:8], tuple(row[8]), _calls(*row[9:13]), *row[13:])) for row in rows]


def _calls(
    gates: list[str],
    released: list[datetime] | None,
    expire: list[datetime] | None,
    yards: list[str | None] | None,
) -> tuple[Call, ...]:
    return tuple(map(Call, gates, released or (), expire or (), yards or ()))


def list_bookings(
    conn: Connection, site: Site, now: datetime, params: CheatingParams
) -> list[Booking]:
    """Return the booked exports whose slot is near or past and whose truck has not come."""
    rows = conn.execute(
        """
        select t.id, d.uid, t.registered_at, s.gate, s.starts_at, k.fixed_at, k.lon, k.lat,
               t.haulier, t.gates
        from slots s join trips t on t.id = s.trip_id join devices d on d.id = t.device_id
        left join tracks k on k.device_id = t.device_id
        where t.site = %(site)s and t.state = 'active' and t.direction = 'export'
          and s.starts_at <= %(near)s
          and not exists (select from visits v where v.device_id = t.device_id
            and v.role in ('yard', 'queue', 'lane')
            and coalesce(v.left_at, 'infinity') >= t.registered_at)
        """,
        {"site": site.id, "near": now + timedelta(seconds=params.near_slot_s)},
    ).fetchall()
    held = timedelta(seconds=site.dispatch.slot_s + site.policy.slot.late_s)
    return [Booking(*(*row[:5], row[4] + held, _yards(site, row[9]), *row[5:9])) for row in rows]


def _yards(site: Site, gates: Sequence[str]) -> tuple[tuple[str, float, float], ...]:
    """Return the middles of the yards from which a truck may come to one of the gates."""
    drawn = {zone.id: zone for zone in site.zones if zone.role is Role.YARD}
    return tuple(
        (yard.id, *_middle(drawn[yard.id]))
        for yard in site.yards
        if yard.id in drawn and any(yard.access_to(gate) for gate in gates)
    )


def list_plates_seen(
    conn: Connection, site: Site, now: datetime, params: CheatingParams
) -> list[PlateSeen]:
    """Return where yards and officers lately saw plates of trips, with their devices' fixes."""
    around = timedelta(seconds=params.clock_s + params.unseen_s)
    rows = conn.execute(
        """
        with seen as (
            select yard as place, plate, at, recorded_by from yard_events
            where site = %(site)s and recorded_at > %(since)s
            union all
            select gate, truck, at, recorded_by from gate_events
            where site = %(site)s and recorded_at > %(since)s and direction = 'export'
        )
        select t.id, d.uid, s.place, s.at, s.recorded_by, t.haulier, f.at, f.lon, f.lat
        from seen s join trips t on t.site = %(site)s and t.plate = s.plate
          and t.registered_at <= s.at and coalesce(t.ended_at, 'infinity') >= s.at
          and coalesce(t.device_since, '-infinity') <= s.at
        join devices d on d.id = t.device_id
        cross join lateral (
            select array_agg(fixed_at order by fixed_at) as at, array_agg(lon order by fixed_at)
                as lon, array_agg(lat order by fixed_at) as lat
            from fixes where fixes.device_id = t.device_id
              and fixed_at between s.at - %(around)s and least(s.at + %(around)s, %(now)s)
        ) f where f.at is not null
        """,
        {"site": site.id, "now": now, "since": now - _LOOK, "around": around},
    ).fetchall()
    places = _places(site)
    found = []
    for trip, device, place, at, by, haulier, *fixes in rows:
        if place in places:
            lon, lat, radius_m = places[place]
            points = tuple(
                Point(fixed_at, x, y, device) for fixed_at, x, y in zip(*fixes, strict=True)
            )
            seen = Point(at, lon, lat, place)
            person = not by.startswith("source:")
            found.append(PlateSeen(trip, device, seen, radius_m, by, person, points, haulier))
    return found


def _places(site: Site) -> dict[str, tuple[float, float, float]]:
    """Return middle (degrees) and reach (metres) of every yard, and of every gate's zones."""
    drawn: dict[str, list[Zone]] = {}
    for zone in site.zones:
        if zone.role is Role.YARD:
            drawn.setdefault(zone.id, []).append(zone)
        elif zone.gate is not None and zone.role in (Role.QUEUE, Role.LANE, Role.BEYOND):
            drawn.setdefault(zone.gate, []).append(zone)
    return {place: _reach(zones) for place, zones in drawn.items()}


def _reach(zones: Sequence[Zone]) -> tuple[float, float, float]:
    middles = [_middle(zone) for zone in zones]
    lon, lat = (sum(axis) / len(middles) for axis in zip(*middles, strict=True))
    return lon, lat, max(_furthest_m(zone, lon, lat) + zone.uncertainty_m for zone in zones)


def _middle(zone: Zone) -> tuple[float, float]:
    point = zone.polygon.centroid
    return point.x, point.y


def _furthest_m(zone: Zone, lon: float, lat: float) -> float:
    # What is furthest from a point is a corner of the hull.
    corners = shapely.get_coordinates(zone.polygon.convex_hull).tolist()
    return max(distance_m(lon, lat, x, y) for x, y in corners)


def list_companions(
    conn: Connection, site: Site, now: datetime, params: CheatingParams
) -> list[Companions]:
    """Return active exports whose truck carries a second device, with the fixes of both."""
    rows = conn.execute(
        """
        select t.id, d.uid, o.uid, t.haulier, f.fixed_at, f.lon, f.lat, g.fixed_at, g.lon, g.lat
        from trips t join devices d on d.id = t.device_id
        join device_trucks a on a.plate = t.plate and a.device_id <> t.device_id
          and a.since <= %(since)s and coalesce(a.until, 'infinity') > %(now)s
        join devices o on o.id = a.device_id
        join fixes f on f.device_id = t.device_id and f.fixed_at between %(since)s and %(now)s
          and f.fixed_at >= coalesce(t.device_since, '-infinity')
        cross join lateral (
            select fixed_at, lon, lat from fixes g where g.device_id = a.device_id
              and g.fixed_at between f.fixed_at - %(moment)s and f.fixed_at + %(moment)s
            order by abs(extract(epoch from g.fixed_at - f.fixed_at)) limit 1
        ) g
        where t.site = %(site)s and t.state = 'active' and t.direction = 'export'
        order by t.id, o.uid, f.fixed_at
        """,
        {
            "site": site.id,
            "now": now,
            "since": now - 2 * timedelta(seconds=params.apart_s),
            "moment": timedelta(seconds=params.same_moment_s),
        },
    ).fetchall()
    pairs: dict[tuple[int, str, str, str | None], list[tuple[Point, Point]]] = {}
    for trip, device, other, haulier, at, lon, lat, other_at, other_lon, other_lat in rows:
        both = (Point(at, lon, lat, device), Point(other_at, other_lon, other_lat, other))
        pairs.setdefault((trip, device, other, haulier), []).append(both)
    return [
        Companions(trip, device, other, tuple(both), haulier)
        for (trip, device, other, haulier), both in pairs.items()
    ]
