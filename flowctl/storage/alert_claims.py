"""What was said about devices, trucks and bookings, for the alerts that rest on it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg

from flowctl.alarms.alerts import Point
from flowctl.cheating.hoarding import Booked, Fate
from flowctl.cheating.identity import Claim, DeviceChange, Weighing
from flowctl.cheating.speed import Leg
from flowctl.cheating_limits import CheatingParams
from flowctl.site import Site

Connection = psycopg.Connection[Any]


def list_claims(conn: Connection, site: Site, now: datetime, params: CheatingParams) -> list[Claim]:
    """Return what says that the device of an active export is, or lately was, another truck's."""
    rows = conn.execute(
        """
        with mine as (
            select t.id, t.device_id, d.uid, t.plate, t.registered_at, t.haulier
            from trips t join devices d on d.id = t.device_id
            where t.site = %(site)s and t.state = 'active' and t.direction = 'export'
        )
        select m.id, m.uid, m.plate, m.registered_at, a.plate, a.since, a.until, null::bigint,
               not a.is_primary, false, m.haulier
        from mine m join device_trucks a on a.device_id = m.device_id and a.plate <> m.plate
        where a.since <= %(now)s and coalesce(a.until, 'infinity') > m.registered_at - %(gap)s
        union all
        select m.id, m.uid, m.plate, m.registered_at, o.plate, o.registered_at, o.ended_at, o.id,
               false, o.state = 'cancelled', m.haulier
        from mine m join trips o on o.device_id = m.device_id and o.plate <> m.plate
        where o.ended_at > m.registered_at - %(gap)s
        """,
        {"site": site.id, "now": now, "gap": timedelta(seconds=params.two_plates_s)},
    ).fetchall()
    return [Claim(*row) for row in rows]


def list_device_changes(conn: Connection, site: Site) -> list[DeviceChange]:
    """Return active exports that were given another device after their first had come to a yard.

    Where an operator accepted the other device there is nothing to find.
    """
    rows = conn.execute(
        """
        select t.id, d.uid, o.uid, came.at, t.device_since, a.until, t.haulier,
               f.fixed_at, f.lon, f.lat, g.fixed_at, g.lon, g.lat
        from trips t join devices d on d.id = t.device_id
        join device_trucks a on a.plate = t.plate and a.device_id <> t.device_id
          and a.since < t.device_since
        join devices o on o.id = a.device_id
        cross join lateral (
            select min(entered_at) as at from visits v where v.device_id = a.device_id
              and v.role = 'yard' and v.entered_at < t.device_since
              and coalesce(v.left_at, 'infinity') >= greatest(t.registered_at, a.since)
        ) came
        left join lateral (
            select fixed_at, lon, lat from fixes where fixes.device_id = t.device_id
              and fixed_at between t.device_since - interval '1 day' and t.device_since
            order by fixed_at desc limit 1
        ) f on true
        left join lateral (
            select fixed_at, lon, lat from fixes where fixes.device_id = a.device_id
              and fixed_at between t.device_since - interval '1 day' and t.device_since
            order by fixed_at desc limit 1
        ) g on true
        where t.site = %(site)s and t.state = 'active' and t.direction = 'export'
          and t.device_since is not null and came.at is not null
          and t.device_accepted_at is null
        """,
        {"site": site.id},
    ).fetchall()
    return [
        DeviceChange(*(*row[:6], _point(row[1], row[7:10]), _point(row[2], row[10:13]), row[6]))
        for row in rows
    ]


def _point(device: str, fix: Sequence[Any]) -> Point | None:
    at, lon, lat = fix
    return None if at is None else Point(at, lon, lat, device)


def list_weighings(conn: Connection, site: Site) -> list[Weighing]:
    """Return what active exports weighed since they were registered, in order of time."""
    rows = conn.execute(
        """
        select t.id, e.place, e.at, e.weight_t, e.recorded_by, t.haulier
        from trips t join lateral (
            select yard as place, at, weight_t, recorded_by from yard_events
            where plate = t.plate and site = t.site and weight_t is not null
            union all
            select gate, at, weight_t, recorded_by from gate_events
            where truck = t.plate and site = t.site and weight_t is not null
              and at >= t.registered_at and gate = any(t.gates)
        ) e on e.at >= t.registered_at
        where t.site = %(site)s and t.state = 'active' and t.direction = 'export'
        order by t.id, e.at
        """,
        {"site": site.id},
    ).fetchall()
    return [Weighing(*row) for row in rows]


_JUST_NOW = timedelta(minutes=3)
"""Legs are looked for each minute: who was too fast before is known by then."""


def list_legs(conn: Connection, site: Site, now: datetime, params: CheatingParams) -> list[Leg]:
    """Return the legs between fixes that look too fast, in order of time.

    Of the active exports that were too fast just now, as far back as ``legs_s``.
    """
    since = now - timedelta(seconds=params.legs_s)
    lately = _list_fast(conn, site, now, now - _JUST_NOW, params, None)
    if not lately:
        return []
    return _list_fast(conn, site, now, since, params, [leg.trip_id for leg in lately])


def _list_fast(
    conn: Connection,
    site: Site,
    now: datetime,
    since: datetime,
    params: CheatingParams,
    trips: Sequence[int] | None,
) -> list[Leg]:
    # The way along a meridian and then a parallel is never shorter than the straight one, so that
    # what it leaves out can be left out.
    rows = conn.execute(
        """
        select trip_id, uid, since, since_lon, since_lat, at, lon, lat, since_accuracy_m,
               accuracy_m, haulier
        from (
            select t.id as trip_id, d.uid, t.haulier, f.fixed_at as at, f.lon, f.lat, f.accuracy_m,
                   lag(f.fixed_at) over w as since, lag(f.lon) over w as since_lon,
                   lag(f.lat) over w as since_lat, lag(f.accuracy_m) over w as since_accuracy_m
            from trips t join devices d on d.id = t.device_id
            join fixes f on f.device_id = t.device_id
            where t.site = %(site)s and t.state = 'active' and t.direction = 'export'
              and f.fixed_at between %(since)s and %(now)s
              and (%(trips)s::bigint[] is null or t.id = any(%(trips)s))
            window w as (partition by t.id order by f.fixed_at, f.source_id)
        ) leg
        where since is not null
          and abs(lon - since_lon) + abs(lat - since_lat) > %(leg_m)s / 111320.0
          and (abs(lon - since_lon) + abs(lat - since_lat)) * 111320.0
              > %(mps)s * extract(epoch from at - since)
        order by trip_id, at
        """,
        {
            "site": site.id,
            "now": now,
            "since": since,
            "trips": trips,
            "leg_m": params.leg_m,
            "mps": params.leg_mps,
        },
    ).fetchall()
    return [
        Leg(trip, device, Point(*start), Point(*end), *rest)
        for trip, device, start, end, rest in (
            (*row[:2], (*row[2:5], row[1]), (*row[5:8], row[1]), row[8:]) for row in rows
        )
    ]


def list_booked(
    conn: Connection, site: Site, now: datetime, params: CheatingParams
) -> list[Booked]:
    """Return the export bookings that stand, or were dropped within ``dropped_s``."""
    rows = conn.execute(
        """
        select t.haulier, coalesce(s.gate, t.gates[1]), coalesce(s.starts_at, t.ready_at),
               t.registered_at, n.at, case when t.state = 'cancelled' then t.ended_at end
        from trips t left join slots s on s.trip_id = t.id
        left join lateral (
            select max(at) as at from penalties p where p.trip_id = t.id and p.kind = 'no_show'
              and p.lifted_at is null
        ) n on true
        where t.site = %(site)s and t.direction = 'export'
          and (t.state = 'active' or t.ended_at > %(since)s)
        """,
        {"site": site.id, "since": now - timedelta(seconds=params.dropped_s)},
    ).fetchall()
    booked = []
    for haulier, gate, slot_at, registered_at, no_show_at, cancelled_at in rows:
        fate = Fate.STANDS
        if cancelled_at is not None or no_show_at is not None:
            fate = Fate.NO_SHOW if cancelled_at is None else Fate.CANCELLED
        day = slot_at.astimezone(site.timezone).date()
        ended_at = cancelled_at or no_show_at
        booked.append(Booked(haulier, gate, day, registered_at, fate, ended_at))
    return booked
