"""The facts that alarms are raised from, and are over by."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

import numpy as np
import psycopg
from psycopg.rows import class_row

from flowctl.alarms.alerts import (
    CONDITIONS,
    Alert,
    Kind,
    Point,
    Severity,
    about_trip,
    moment,
)
from flowctl.alarms.away import Away, overdue
from flowctl.alarms.calls import CallUp, unfollowed
from flowctl.alarms.places import (
    GateNow,
    QueueLooks,
    YardLoad,
    full_yards,
    growing_queues,
    slow_gates,
)
from flowctl.alarms.route import Journey, strayed
from flowctl.alarms.silence import Watched, late_positions, late_processes, silences
from flowctl.site import Site
from flowctl.storage.alerts import end_alerts, list_standing, save_alerts
from flowctl.storage.crossings import Chosen, list_away
from flowctl.storage.heartbeats import list_silences
from flowctl.storage.live import count_inside, list_gate_states
from flowctl.traffic.collapse import GateMode
from flowctl.traffic.roads import roads_of
from geo.crs import Column, Projection

Connection = psycopg.Connection[Any]

_GATE_STATE_HOLDS = timedelta(minutes=5)
"""What the controller said of a gate longer ago says nothing of now."""
_CALLED_AGO = timedelta(hours=6)
"""Who was called up longer ago has long been judged."""
_PROCESSES = crc32(b"watch processes")
_CONTRADICTED_AGO = timedelta(hours=1)
_HEARD_WITHIN = timedelta(hours=1)
_MOST_AWAY = 10_000
_TAIL = 20
"""So many of the last positions are kept as evidence."""


def find_alarms(
    conn: Connection,
    site: Site,
    now: datetime,
    standing: Mapping[Kind, Collection[str]] | None = None,
) -> list[Alert]:
    """Return the conditions of a site that hold at a moment, by its policy.

    ``standing`` are the subjects of the alarms that are not over, by kind of condition; those that
    are stored where it is None.
    """
    limits = site.policy.alarms
    if standing is None:
        standing = list_standing(conn, site.id, CONDITIONS)
    called = list_called(conn, site.id, now)
    watched = [*list_in_yards(conn, site.id), *_on_their_way(called)]
    positions = late_positions(*count_heard(conn, now), limits, now)
    lines = {*standing[Kind.SILENT], *standing[Kind.POSITIONS_LATE]}
    coming = list_coming(conn, site, now)
    return [
        *full_yards(list_loads(conn, site), standing[Kind.YARD_FULL], limits, now),
        *growing_queues(list_looks(conn, site, now), standing[Kind.QUEUE_GROWING], limits, now),
        *slow_gates(list_gates(conn, site, now), now),
        *unfollowed([_call(one) for one in called], limits, now),
        *overdue(
            list_overdue(conn, site.id, now), standing[Kind.OVERDUE_RETURN], site.policy.away, now
        ),
        *list_contradicted(conn, site.id, now),
        *(positions or silences(watched, lines, limits, now)),
        *strayed(
            list_journeys(conn, site, [*_called_away(called), *coming], now),
            standing[Kind.OFF_ROUTE],
            limits,
        ),
    ]


def list_loads(conn: Connection, site: Site) -> list[YardLoad]:
    """Return how full each yard is."""
    inside = count_inside(conn, [yard.id for yard in site.yards])
    return [YardLoad(yard.id, inside.get(yard.id, 0), yard.capacity) for yard in site.yards]


def list_looks(conn: Connection, site: Site, now: datetime) -> list[QueueLooks]:
    """Return how many trucks each look of late found before each gate."""
    since = now - timedelta(seconds=site.policy.alarms.queue_look_s)
    rows = conn.execute(
        "select gate, array_agg(extract(epoch from at)::float8 order by at),"
        " array_agg(trucks order by at) from queue_states"
        " where site = %s and at > %s and at <= %s and trucks is not null group by gate",
        [site.id, since, now],
    ).fetchall()
    return [QueueLooks(gate, tuple(at), tuple(trucks)) for gate, at, trucks in rows]


def list_gates(conn: Connection, site: Site, now: datetime) -> list[GateNow]:
    """Return how each gate works, as the controller said a moment ago."""
    states = list_gate_states(conn, site.id, [gate.id for gate in site.gates])
    return [
        GateNow(one.gate, GateMode(one.state), one.state_since, one.capacity_per_h)
        for one in states
        if one.at > now - _GATE_STATE_HOLDS
    ]


def list_overdue(conn: Connection, site: str, now: datetime) -> list[Away]:
    """Return the trucks on the other side that should be back."""
    late = list_away(conn, site, Chosen(), due_before=now, after_id=None, limit=_MOST_AWAY)
    return [
        Away(one.id, one.trip_id, one.plate, one.gate, one.haulier, one.at, one.due_at)
        for one in late
        if one.due_at is not None
    ]


def list_contradicted(conn: Connection, site: str, now: datetime) -> list[Alert]:
    """Return what was entered by hand of trucks whose trackers were found to say otherwise."""
    rows = conn.execute(
        "select w.trip_id, w.id, w.yard, w.at, w.over_at, w.contradicted_at, w.is_false, d.uid,"
        " t.haulier from hand_words w join trips t on t.id = w.trip_id"
        " left join devices d on d.id = t.device_id"
        " where w.site = %s and w.contradicted_at > %s and w.contradicted_at <= %s"
        " and w.undone_at is null order by w.id",
        [site, now - _CONTRADICTED_AGO, now],
    ).fetchall()
    return [
        Alert(
            Kind.HAND_CONTRADICTED,
            Severity.MEDIUM if false else Severity.LOW,
            f"{about_trip(trip)} word {word}",
            found_at,
            trip_id=trip,
            device=device,
            haulier=haulier,
            place=yard,
            evidence={"yard": yard, "said_at": moment(at), "since": moment(since)},
        )
        for trip, word, yard, at, since, found_at, false, device, haulier in rows
    ]


def watch_processes(conn: Connection, site: Site, now: datetime) -> None:
    """Enter which of our processes have stopped working, and which work again.

    Whoever looks while another does leaves it to that one.
    """
    row = conn.execute("select pg_try_advisory_xact_lock(%s)", [_PROCESSES]).fetchone()
    if row is None or not row[0]:
        return
    silent_s = list_silences(conn)
    save_alerts(conn, site, late_processes(silent_s, site.policy.alarms, now), now)
    end_alerts(conn, site.id, now, kinds=[Kind.PROCESS_LATE])


@dataclass(frozen=True, slots=True)
class Called:
    """A trip whose truck was called up and has not come to the gate since; see `CallUp`."""

    trip_id: int
    device_id: int | None
    device: str | None
    haulier: str | None
    gate: str
    called_at: datetime
    expires_at: datetime
    ended: str | None
    yard: str | None
    seen_at: datetime | None


def list_called(conn: Connection, site: str, now: datetime) -> list[Called]:
    """Return the newest call-up of each active export that has not come to a gate since."""
    with conn.cursor(row_factory=class_row(Called)) as cursor:
        return cursor.execute(
            """
            select t.id as trip_id, t.device_id, d.uid as device, t.haulier, r.gate,
                   r.released_at as called_at, r.expires_at, r.ended, y.zone as yard,
                   k.fixed_at as seen_at
            from trips t
            cross join lateral (
                select gate, released_at, expires_at, ended from releases
                where releases.trip_id = t.id order by releases.id desc limit 1) r
            left join devices d on d.id = t.device_id
            left join tracks k on k.device_id = t.device_id
            left join lateral (
                select zone from visits v where v.device_id = t.device_id and v.role = 'yard'
                  and v.left_at is null order by v.entered_at desc limit 1) y on true
            where t.site = %(site)s and t.state = 'active' and t.direction = 'export'
              and r.released_at > %(since)s and r.released_at <= %(now)s
              and not exists (
                select from visits v where v.device_id = t.device_id and v.gate is not null
                  and v.role in ('queue', 'lane', 'beyond') and v.entered_at >= r.released_at)
              and not exists (
                select from standing_admissions a where a.trip_id = t.id and a.at >= r.released_at)
              and not exists (
                select from gate_events e where e.site = t.site and e.truck = t.plate
                  and e.gate = r.gate and e.at >= r.released_at)
            order by t.id
            """,
            {"site": site, "now": now, "since": now - _CALLED_AGO},
        ).fetchall()


def _call(one: Called) -> CallUp:
    return CallUp(
        one.trip_id,
        one.gate,
        one.called_at,
        one.expires_at,
        one.ended,
        one.yard,
        one.seen_at,
        one.haulier,
    )


def _on_their_way(called: Sequence[Called]) -> list[Watched]:
    """Return the called-up trucks that left their yard and are expected at the gate."""
    return [
        Watched(one.trip_id, one.seen_at, None, one.gate, one.device, one.haulier)
        for one in called
        if one.yard is None
        and one.ended is None
        and one.seen_at is not None
        and one.device is not None
    ]


def list_in_yards(conn: Connection, site: str) -> list[Watched]:
    """Return the active exports whose tracker says that they stand in a yard."""
    rows = conn.execute(
        "select distinct on (t.id) t.id, k.fixed_at, v.zone, d.uid, t.haulier"
        " from visits v join trips t on t.device_id = v.device_id and t.state = 'active'"
        " join devices d on d.id = t.device_id join tracks k on k.device_id = t.device_id"
        " where t.site = %s and t.direction = 'export' and v.role = 'yard' and v.left_at is null"
        " order by t.id, v.entered_at desc",
        [site],
    ).fetchall()
    return [Watched(trip, at, yard, None, device, who) for trip, at, yard, device, who in rows]


def count_heard(conn: Connection, now: datetime) -> tuple[datetime | None, int]:
    """Return the moment of the newest position of all, and how many trucks sent one lately."""
    row = conn.execute(
        "select max(fixed_at), count(*) filter (where fixed_at > %s) from tracks"
        " where fixed_at <= %s",
        [now - _HEARD_WITHIN, now],
    ).fetchone()
    return (None, 0) if row is None else (row[0], int(row[1]))


@dataclass(frozen=True, slots=True)
class Sent:
    """A truck under way to ``place``: its trip, its device's number and name, and since when."""

    trip_id: int
    device_id: int
    device: str
    haulier: str | None
    place: str
    called: bool
    since: datetime


def _called_away(called: Sequence[Called]) -> list[Sent]:
    return [
        Sent(one.trip_id, one.device_id, one.device, one.haulier, one.gate, True, one.called_at)
        for one in called
        if one.yard is None
        and one.ended is None
        and one.device_id is not None
        and one.device is not None
    ]


def list_coming(conn: Connection, site: Site, now: datetime) -> list[Sent]:
    """Return the trucks whose slot is near, that have come to no yard yet and drive."""
    limits = site.policy.alarms
    yards = {
        access.gate: yard.id for yard in reversed(site.yards) for access in reversed(yard.access)
    }
    rows = conn.execute(
        "select t.id, t.device_id, d.uid, t.haulier, s.gate, t.registered_at"
        " from slots s join trips t on t.id = s.trip_id join devices d on d.id = t.device_id"
        " join tracks k on k.device_id = t.device_id"
        " where t.site = %(site)s and t.state = 'active' and t.direction = 'export'"
        " and s.starts_at between %(now)s and %(near)s and k.fixed_at > %(heard)s"
        " and k.speed_mps > %(moving)s and not exists ("
        "  select from visits v where v.device_id = t.device_id"
        "  and v.role in ('yard', 'queue', 'lane')"
        "  and coalesce(v.left_at, 'infinity') >= t.registered_at)",
        {
            "site": site.id,
            "now": now,
            "near": now + timedelta(seconds=limits.bound_s),
            "heard": now - timedelta(seconds=limits.off_s),
            "moving": site.visit.moving_mps,
        },
    ).fetchall()
    return [
        Sent(trip, number, device, haulier, yards[gate], False, since)
        for trip, number, device, haulier, gate, since in rows
        if gate in yards
    ]


def list_journeys(
    conn: Connection, site: Site, sent: Sequence[Sent], now: datetime
) -> list[Journey]:
    """Return the last positions of trucks under way, measured against where they were sent."""
    if not sent:
        return []
    since = now - timedelta(seconds=site.policy.alarms.off_look_s)
    rows = conn.execute(
        "select f.device_id, f.fixed_at, f.lon, f.lat"
        " from unnest(%s::int[], %s::timestamptz[]) as w (device_id, since)"
        " join fixes f on f.device_id = w.device_id and f.fixed_at >= w.since"
        # The planner leaves out the days that the bounds leave out.
        " where f.fixed_at > %s and f.fixed_at <= %s order by f.device_id, f.fixed_at",
        [[one.device_id for one in sent], [max(one.since, since) for one in sent], since, now],
    ).fetchall()
    tracks: dict[int, list[tuple[datetime, float, float]]] = defaultdict(list)
    for device, *fix in rows:
        tracks[device].append((fix[0], fix[1], fix[2]))
    return [_journey(site, one, tracks[one.device_id]) for one in sent if tracks.get(one.device_id)]


def _journey(site: Site, one: Sent, track: Sequence[tuple[datetime, float, float]]) -> Journey:
    lon, lat = np.array([fix[1] for fix in track]), np.array([fix[2] for fix in track])
    ways = roads_of(site).ways
    led = [way for way in ways if way.gate == one.place] if one.called else list(ways)
    off = np.full(len(track), np.inf)
    for way in led or ways:
        off = np.fmin(off, way.path.locate(lon, lat)[1])
    points = tuple(Point(at, x, y, one.device) for at, x, y in track)
    left = _left_m(site, one.place, lon, lat)
    return Journey(one.trip_id, one.place, one.called, one.device, points, off, left, one.haulier)


def _left_m(site: Site, place: str, lon: Column, lat: Column) -> Column:
    """Return how far positions are from the middle of a place, as the crow flies (m)."""
    zone = next(zone for zone in site.zones if place in (zone.id, zone.gate))
    plane, middle = Projection(site.epsg), zone.polygon.centroid
    x, y = plane.to_metres(lon, lat)
    x0, y0 = plane.to_metres(np.array([middle.x]), np.array([middle.y]))
    distance: Column = np.hypot(x - x0[0], y - y0[0])
    return distance
