"""The state of traffic at rest: what trucks did on roads, before gates and in lanes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.rows import class_row

from flowctl.site import Site
from flowctl.telemetry.fixes import instant
from flowctl.traffic.lanes import LaneTimes, Passages, Spread
from flowctl.traffic.queue import Queue
from flowctl.traffic.roads import Ints, Roads
from flowctl.traffic.speeds import Sums
from flowctl.traffic.watch import SEEN

Connection = psycopg.Connection[Any]
Bounds = tuple[float, float, float, float]

SHOWN_FOR = timedelta(minutes=5)
"""How long a queue or a lane's times are said to be those of now."""

LATE = timedelta(seconds=10)
"""A fix received later than this after its moment may have been overtaken by another."""

_LOOKBACK = timedelta(hours=12)  # of entries before the lanes' window: a leader, or a long service


def list_trucks(
    conn: Connection, site: str, bounds: Bounds, *, since: datetime
) -> dict[int, str | None]:
    """Return the devices last seen within bounds after ``since``, and where their trucks were sent.

    Bounds are (west, south, east, north) in degrees. A truck without a trip, or free to go to
    several gates and not called up yet, was sent nowhere.
    """
    rows = conn.execute(
        "select k.device_id, coalesce(r.gate,"
        "  case when cardinality(t.gates) = 1 then t.gates[1] end)"
        " from tracks k"
        " left join trips t on t.device_id = k.device_id and t.state = 'active' and t.site = %s"
        " left join lateral (select gate from releases where releases.trip_id = t.id"
        "  order by releases.id desc limit 1) r on true"
        " where k.fixed_at > %s and k.lon between %s and %s and k.lat between %s and %s",
        [site, since, bounds[0], bounds[2], bounds[1], bounds[3]],
    ).fetchall()
    return dict(rows)


def list_seen(
    conn: Connection,
    devices: Sequence[int],
    after_us: Ints,
    late_after_us: Ints,
    *,
    now: datetime,
) -> NDArray[np.void]:
    """Return the fixes of devices up to now: dtype `SEEN`.

    All after ``after_us`` of each device, and those after ``late_after_us`` that were received more
    than `LATE` after their moment: what overtook another is one of them. Of several sources at one
    moment the one with the highest number comes last.
    """
    if not devices:
        return np.empty(0, SEEN)
    with conn.cursor(binary=True) as cursor:
        rows = cursor.execute(
            "select f.device_id, (extract(epoch from f.fixed_at) * 1000000)::bigint, f.lon, f.lat,"
            " coalesce(f.speed_mps, 'NaN')::float8, coalesce(not f.ignition, false)"
            " from unnest(%s::int[], %s::bigint[], %s::bigint[]) as w (device_id, all_us, late_us)"
            " join fixes f on f.device_id = w.device_id"
            " and f.fixed_at > 'epoch'::timestamptz + w.late_us * interval '1 microsecond'"
            " and (f.fixed_at > 'epoch'::timestamptz + w.all_us * interval '1 microsecond'"
            "  or f.received_at > f.fixed_at + %s)"
            # The planner leaves out the days that the bounds leave out.
            " where f.fixed_at > %s and f.fixed_at <= %s order by f.source_id",
            [
                list(devices),
                after_us.tolist(),
                late_after_us.tolist(),
                LATE,
                instant(int(late_after_us.min())),
                now,
            ],
        ).fetchall()
    return np.array(rows, dtype=SEEN)


def save_speeds(conn: Connection, site: str, roads: Roads, sums: Sums) -> None:
    """Write windows of roads, in the place of what was said about them before."""
    starts = [datetime.fromtimestamp(start, UTC) for start in sums.starts.tolist()]
    conn.execute("delete from road_speeds where site = %s and at = any(%s)", [site, starts])
    rows = []
    for window, start in enumerate(starts):
        for road in roads.roads:
            links = slice(road.first, road.first + road.count)
            vehicle_s = sums.vehicle_s[window, links]
            if vehicle_s.any():
                metres = sums.distance_m[window, links].tolist()
                rows.append(
                    (
                        site,
                        start,
                        road.road,
                        road.turned,
                        round(sums.window_s),
                        road.part_m,
                        metres,
                        vehicle_s.tolist(),
                    )
                )
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into road_speeds (site, at, road, turned, window_s, part_m, vehicle_m,"
            " vehicle_s) values (%s, %s, %s, %s, %s, %s, %s, %s)",
            rows,
        )


def find_sums(
    conn: Connection, site: str, roads: Roads, *, since: datetime, until: datetime
) -> Sums | None:
    """Return what trucks did in the windows that began from ``since`` on and before ``until``.

    None where nothing was measured. Roads that were drawn anew since, or windows of another length,
    say nothing about the roads as they are now.
    """
    window_s = roads.params.window_s
    with conn.cursor(binary=True) as cursor:
        rows = cursor.execute(
            "select extract(epoch from at)::float8, road, turned, vehicle_m, vehicle_s"
            " from road_speeds where site = %s and at >= %s and at < %s and window_s = %s"
            " order by at",
            [site, since, until, window_s],
        ).fetchall()
    cut = {(road.road, road.turned): road for road in roads.roads}
    if not rows:
        return None
    first = float(rows[0][0])
    count = round((float(rows[-1][0]) - first) / window_s) + 1
    starts = first + np.arange(count, dtype=np.float64) * window_s
    shape = (count, len(roads.link_m))
    sums = Sums(starts, float(window_s), np.zeros(shape), np.zeros(shape))
    for at, name, turned, metres, seconds in rows:
        road = cut.get((name, turned))
        if road is not None and road.count == len(metres):
            window = round((at - first) / window_s)
            links = slice(road.first, road.first + road.count)
            sums.distance_m[window, links] = metres
            sums.vehicle_s[window, links] = seconds
    return sums


def save_queues(conn: Connection, site: str, queues: Mapping[str, Queue], now: datetime) -> None:
    """Write the queue before each gate."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into queue_states (site, gate, at, tail_m, trucks, moving_share)"
            " values (%s, %s, %s, %s, %s, %s) on conflict (site, gate, at) do update set"
            " tail_m = excluded.tail_m, trucks = excluded.trucks,"
            " moving_share = excluded.moving_share",
            [
                (site, gate, now, queue.tail_m, queue.trucks, queue.moving_share)
                for gate, queue in queues.items()
            ],
        )


@dataclass(frozen=True, slots=True)
class QueueState:
    """The queue before a gate as it was last looked at."""

    gate: str
    at: datetime
    tail_m: float | None
    trucks: int | None
    moving_share: float | None


def list_queues(conn: Connection, site: str, *, at: datetime) -> list[QueueState]:
    """Return the queue before each gate at a moment, from a look at most `SHOWN_FOR` before it."""
    with conn.cursor(row_factory=class_row(QueueState), binary=True) as cursor:
        return cursor.execute(
            "select distinct on (gate) gate, at, tail_m::float8, trucks, moving_share::float8"
            " from queue_states where site = %s and at > %s and at <= %s order by gate, at desc",
            [site, at - SHOWN_FOR, at],
        ).fetchall()


def find_first_look(conn: Connection, site: str) -> datetime | None:
    """Return since when traffic is measured, of what is kept; None where it never was."""
    row = conn.execute("select min(at) from queue_states where site = %s", [site]).fetchone()
    return None if row is None else row[0]


def list_passages(
    conn: Connection, site: Site, *, since: datetime, now: datetime
) -> dict[tuple[str, str], Passages]:
    """Return who went through the lanes of each gate, by (gate, direction) of the trucks' trips.

    Visits of lanes that began after ``since`` less half a day, with the entry of the queue before
    them. A truck that was first seen inside a zone did not enter it then.
    """
    with conn.cursor(binary=True) as cursor:
        rows = cursor.execute(
            "select v.gate, t.direction, coalesce(extract(epoch from q.entered_at)::float8, 'NaN'),"
            " case when v.seen_inside then 'NaN' else extract(epoch from v.entered_at)::float8 end,"
            " coalesce(extract(epoch from v.left_at)::float8, 'NaN')"
            " from visits v join trips t on t.device_id = v.device_id and t.site = %s"
            "  and v.entered_at >= t.registered_at"
            "  and v.entered_at <= coalesce(t.ended_at, 'infinity')"
            " left join lateral (select entered_at from visits q where q.device_id = v.device_id"
            "  and q.role = 'queue' and q.gate = v.gate and q.entered_at <= v.entered_at"
            "  and q.entered_at >= t.registered_at order by q.entered_at desc limit 1) q on true"
            " where v.role = 'lane' and v.entered_at > %s and v.entered_at <= %s",
            [site.id, since - _LOOKBACK, now],
        ).fetchall()
    groups: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    for gate, direction, *moments in rows:
        groups.setdefault((gate, direction), []).append((moments[0], moments[1], moments[2]))
    return {
        group: Passages(*(np.array(column) for column in zip(*members, strict=True)))
        for group, members in groups.items()
    }


def save_lanes(conn: Connection, site: str, lanes: Sequence[LaneTimes], now: datetime) -> None:
    """Write what the lanes of each gate and direction did over the while before ``now``."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into lane_times (site, gate, direction, at, headway_p10, headway_p50,"
            " headway_p90, headways, service_p10, service_p50, service_p90, services)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " on conflict (site, gate, direction, at) do update set"
            " (headway_p10, headway_p50, headway_p90, headways, service_p10, service_p50,"
            " service_p90, services) = (excluded.headway_p10, excluded.headway_p50,"
            " excluded.headway_p90, excluded.headways, excluded.service_p10, excluded.service_p50,"
            " excluded.service_p90, excluded.services)",
            [
                (
                    site,
                    one.gate,
                    one.direction,
                    now,
                    *_spread(one.headway_s),
                    *_spread(one.service_s),
                )
                for one in lanes
            ],
        )


def list_lanes(conn: Connection, site: str, *, at: datetime, within: timedelta) -> list[LaneTimes]:
    """Return the newest times of each gate and direction said ``within`` that time before."""
    rows = conn.execute(
        "select distinct on (gate, direction) gate, direction, headway_p10, headway_p50,"
        " headway_p90, headways, service_p10, service_p50, service_p90, services"
        " from lane_times where site = %s and at > %s and at <= %s"
        " order by gate, direction, at desc",
        [site, at - within, at],
    ).fetchall()
    return [
        LaneTimes(
            row[0],
            row[1],
            Spread(*row[2:6]) if row[5] else None,
            Spread(*row[6:10]) if row[9] else None,
        )
        for row in rows
    ]


def _spread(spread: Spread | None) -> tuple[float | None, float | None, float | None, int]:
    if spread is None:
        return None, None, None, 0
    return spread.p10, spread.p50, spread.p90, spread.n


def drop_before(conn: Connection, cutoff: datetime) -> None:
    """Forget the traffic before a moment."""
    conn.execute("delete from road_speeds where at < %s", [cutoff])
    conn.execute("delete from queue_states where at < %s", [cutoff])
    conn.execute("delete from lane_times where at < %s", [cutoff])
