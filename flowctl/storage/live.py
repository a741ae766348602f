"""The living picture: each trip with where its truck is and what was seen of it.

One query serves the controller's snapshot, the operator's map and the driver's page. A trip's
moments are derived from visits every time, so that a visit revised by a late fix revises them too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg.rows import args_row, class_row

Connection = psycopg.Connection[Any]


class LiveRow(NamedTuple):
    """A trip, its device's newest fix, its moments, what its driver was told and called up for.

    ``by_hand``: it stands in its yard by an operator's word; ``is_faulty``: its device is marked as
    faulty, so that its fixes say nothing; ``has_number``: its driver can be written to.

    A tuple, because a thousand are made every tick: a frozen dataclass of this width takes five
    times as long.
    """

    id: int
    plate: str
    language: str
    direction: str
    cargo: str
    gates: list[str]
    ready_at: datetime
    registered_at: datetime
    registered_by: str
    state: str
    ended_at: datetime | None
    device: str | None
    fixed_at: datetime | None
    lon: float | None
    lat: float | None
    speed_mps: float | None
    heading_deg: float | None
    arrived_at: datetime | None
    counted_at: datetime | None
    yard: str | None
    queued_at: datetime | None
    queued_gate: str | None
    lane_at: datetime | None
    cleared_at: datetime | None
    told_gate: str | None
    told_starts_at: datetime | None
    told_at: datetime | None
    released_at: datetime | None
    released_gate: str | None
    release_expires_at: datetime | None
    haulier: str | None = None
    weight_t: float | None = None
    convoy: str | None = None
    standby: bool = False
    extended_until: datetime | None = None
    penalty_s: float = 0.0
    moving_to: str | None = None
    release_ended: str | None = None
    swapped: bool = False
    needs: str | None = None
    yarded_at: datetime | None = None
    returns_within_h: float | None = None
    accepted_at: datetime | None = None
    late_until: datetime | None = None
    link_epoch: int = 0
    is_phone: bool = False
    by_hand: bool = False
    is_faulty: bool = False
    has_number: bool = True
    declaration: str | None = None


# A truck is shown as arrived when it came; its seniority counts from when that is proved.
# A visit belongs to a trip where it reaches into the time between registration and end. Of a later
# device only what it sees since it is the trip's counts: places are not carried in on a tracker,
# unless an operator accepted it in place of the one that proved them.
# What was seen at a gate before the truck last came into a yard is forgotten: it was sent back.
# A truck has cleared when it entered the zone beyond, or left the lane and did not queue again.
# One that an officer admitted is at the gate since then where no visit shows when it came: its
# tracker is silent, or it has none. Who came back into a yard since was sent back here too.
# What a device says while it is marked as faulty counts for nothing. An operator's word that a
# truck came into a yard or left one stands beside what devices show, each at its own moment; it
# takes part in no device's change, for it is about the truck.
# The columns come in the order of LiveRow's fields. All is gathered in sets: a look for each of
# 20,000 trips takes the server three times as long.
_TRIPS: LiteralString = "with t as (select * from trips t where "
_LIVE: LiteralString = """
), said as (
    select w.trip_id, w.what, w.yard, w.at, w.counts_at, w.over_at, t.registered_at,
           lead(w.at) over (partition by w.trip_id order by w.at, w.id) as next_at
    from t join hand_words w on w.trip_id = t.id
    where w.undone_at is null and not w.is_false
), gone as (
    select trip_id, max(at) as at from said where what = 'left' group by trip_id
), stays as (
    select t.id as trip_id, v.zone, v.role, v.gate, v.entered_at,
           case when v.sound_left_at is null and v.role = 'yard' and g.at >= v.entered_at
                then g.at else v.sound_left_at end as left_at,
           v.counts_at, greatest(t.registered_at, t.device_since) as since, false as by_hand
    from t join sound_arrivals v on v.device_id = t.device_id
        and coalesce(v.left_at, 'infinity') >= greatest(t.registered_at, t.device_since)
        and v.entered_at <= coalesce(t.ended_at, 'infinity')
        and v.role <> 'approach'
    left join gone g on g.trip_id = t.id
    union all
    select trip_id, yard, 'yard', null, at, least(next_at, over_at), counts_at, registered_at, true
    from said where what = 'entered'
), seen as (
    select *,
           coalesce(max(entered_at) filter (where role = 'yard') over trip, '-infinity')
               as yarded_at,
           coalesce(max(entered_at) filter (where role in ('yard', 'queue')) over trip,
                    '-infinity') as requeued_at
    from stays window trip as (partition by trip_id)
), m as (
    select trip_id,
           min(greatest(entered_at, since)) filter (where role = 'yard') as arrived_at,
           min(greatest(counts_at, since)) filter (where role = 'yard') as counted_at,
           max(zone) filter (where role = 'yard' and left_at is null and entered_at = yarded_at)
               as yard,
           coalesce(bool_or(by_hand) filter (where role = 'yard' and left_at is null
               and entered_at = yarded_at), false) as by_hand,
           max(entered_at) filter (where role = 'yard') as yarded_at,
           min(entered_at) filter (where role = 'queue' and entered_at >= yarded_at) as queued_at,
           max(gate) filter (where role in ('queue', 'lane') and entered_at >= yarded_at)
               as queued_gate,
           min(entered_at) filter (where role = 'lane' and entered_at >= requeued_at) as lane_at,
           least(
               min(entered_at) filter (where role = 'beyond' and entered_at >= requeued_at),
               case when bool_or(left_at is null)
                        filter (where role = 'lane' and entered_at >= requeued_at) then null
                    else max(left_at) filter (where role = 'lane' and entered_at >= requeued_at)
               end
           ) as cleared_at
    from seen group by trip_id
), r as (
    select distinct on (one.trip_id) one.*
    from t join releases one on one.trip_id = t.id order by one.trip_id, one.id desc
), a as (
    select distinct on (d.trip_id) d.trip_id, d.gate, d.at
    from t join standing_admissions d on d.trip_id = t.id
    left join m on m.trip_id = t.id
    where d.at >= coalesce(m.yarded_at, '-infinity')
      and m.queued_at is null and m.lane_at is null and m.cleared_at is null
    order by d.trip_id, d.at desc
), p as (
    select trip_id, sum(loses_s) as penalty_s
    from t join penalties on trip_id = t.id where lifted_at is null group by trip_id
)
select t.id, t.plate, d.language, t.direction, t.cargo, t.gates, t.ready_at, t.registered_at,
       t.registered_by, t.state, t.ended_at, v.uid as device,
       k.fixed_at, k.lon, k.lat, k.speed_mps, k.heading_deg,
       case when t.device_accepted_at is null then m.arrived_at
            else least(m.arrived_at, t.left_arrived_at) end as arrived_at,
       case when t.device_accepted_at is null then m.counted_at
            else least(m.counted_at, t.left_counted_at) end as counted_at,
       case when coalesce(m.queued_at, m.lane_at, a.at) is null then m.yard end as yard,
       coalesce(m.queued_at, a.at) as queued_at, coalesce(a.gate, m.queued_gate) as queued_gate,
       m.lane_at,
       case when t.state = 'cleared' then coalesce(m.cleared_at, t.ended_at)
            else m.cleared_at end as cleared_at,
       s.gate as told_gate, s.starts_at as told_starts_at, s.told_at,
       r.released_at, r.gate as released_gate, r.expires_at as release_expires_at,
       t.haulier, t.weight_t, t.convoy, t.standby, t.extended_until,
       coalesce(p.penalty_s, 0) as penalty_s,
       r.to_yard as moving_to, r.ended as release_ended,
       coalesce(s.swapped, false) as swapped, t.needs, m.yarded_at,
       t.returns_within_h, s.accepted_at, s.late_until, t.link_epoch,
       coalesce(v.is_phone, false) as is_phone, coalesce(m.by_hand, false) as by_hand,
       q.id is not null as is_faulty, d.phone_cipher is not null as has_number,
       t.declaration
from t
join drivers d on d.id = t.driver_id
left join devices v on v.id = t.device_id
left join device_faults q on q.device_id = t.device_id and q.until is null
left join tracks k on k.device_id = t.device_id and q.id is null
left join slots s on s.trip_id = t.id
left join r on r.trip_id = t.id
left join p on p.trip_id = t.id
left join m on m.trip_id = t.id
left join a on a.trip_id = t.id
"""


def _live_of(trips: LiteralString) -> LiteralString:
    """Return the query of the ``trips`` that a condition, an order and a limit choose."""
    return _TRIPS + trips + _LIVE


def list_active(conn: Connection, site: str) -> list[LiveRow]:
    """Return all active trips of a site, in order of registration."""
    with conn.cursor(binary=True) as cursor:
        rows = cursor.execute(
            _live_of("t.site = %s and t.state = 'active'") + " order by t.id", [site]
        ).fetchall()
    return list(map(LiveRow._make, rows))  # half as long as a row factory


class Position(NamedTuple):
    """Where the truck of a trip was seen last."""

    id: int
    fixed_at: datetime
    lon: float
    lat: float
    speed_mps: float | None
    heading_deg: float | None


def list_positions(conn: Connection, site: str) -> list[Position]:
    """Return the newest position of each active trip's truck, but for devices marked as faulty."""
    with conn.cursor(binary=True) as cursor:
        rows = cursor.execute(
            "select t.id, k.fixed_at, k.lon, k.lat, k.speed_mps, k.heading_deg from trips t"
            " join tracks k on k.device_id = t.device_id"
            " where t.site = %s and t.state = 'active' and not exists (select from device_faults q"
            "  where q.device_id = t.device_id and q.until is null)",
            [site],
        ).fetchall()
    return list(map(Position._make, rows))


def at_positions(rows: Sequence[LiveRow], positions: Sequence[Position]) -> list[LiveRow]:
    """Return rows with their trucks at newer positions; who is not among them stays as he was."""
    known = {position.id: position for position in positions}
    return [
        row if (at := known.get(row.id)) is None else row._replace(**_moved(at)) for row in rows
    ]


def _moved(at: Position) -> dict[str, Any]:
    return dict(zip(at._fields[1:], at[1:], strict=True))


def list_crossing(
    conn: Connection, site: str, *, since: datetime, until: datetime
) -> list[LiveRow]:
    """Return the trips that were under way at some time from ``since`` to ``until``.

    Those that were cancelled are left out; moments are as they are known today.
    """
    with conn.cursor(row_factory=args_row(LiveRow), binary=True) as cursor:
        return cursor.execute(
            _live_of(
                "t.site = %s and t.registered_at < %s and t.state <> 'cancelled'"
                " and coalesce(t.ended_at, 'infinity') >= %s"
            )
            + " order by t.id",
            [site, until, since],
        ).fetchall()


def find_live(conn: Connection, trip_id: int, *, site: str) -> LiveRow | None:
    """Return one trip of any state."""
    with conn.cursor(row_factory=args_row(LiveRow), binary=True) as cursor:
        return cursor.execute(_live_of("t.site = %s and t.id = %s"), [site, trip_id]).fetchone()


def list_trips(
    conn: Connection,
    *,
    site: str,
    state: str | None,
    plate: str | None,
    registered_by: str | None,
    limit: int,
) -> list[LiveRow]:
    """Return the newest trips, where given only those of a state, a plate or a registrar."""
    with conn.cursor(row_factory=args_row(LiveRow), binary=True) as cursor:
        return cursor.execute(
            _live_of(
                "t.site = %(site)s"
                " and (%(state)s::text is null or t.state = %(state)s)"
                " and (%(plate)s::text is null or t.plate like '%%' || %(plate)s || '%%')"
                " and (%(by)s::text is null or t.registered_by = %(by)s)"
                " order by t.id desc limit %(limit)s"
            )
            + " order by t.id desc",
            {"site": site, "state": state, "plate": plate, "by": registered_by, "limit": limit},
        ).fetchall()


def list_chosen(conn: Connection, site: str, trip_ids: Sequence[int]) -> list[LiveRow]:
    """Return certain trips of any state, in order of registration."""
    if not trip_ids:
        return []
    with conn.cursor(binary=True) as cursor:
        rows = cursor.execute(
            _live_of("t.site = %s and t.id = any(%s)") + " order by t.id", [site, list(trip_ids)]
        ).fetchall()
    return list(map(LiveRow._make, rows))


def list_between(conn: Connection, site: str, *, since: datetime, until: datetime) -> list[LiveRow]:
    """Return the trips of any state that were registered by ``until`` and not over by ``since``."""
    with conn.cursor(binary=True) as cursor:
        rows = cursor.execute(
            _live_of(
                "t.site = %s and t.registered_at < %s and coalesce(t.ended_at, 'infinity') >= %s"
            )
            + " order by t.id",
            [site, until, since],
        ).fetchall()
    return list(map(LiveRow._make, rows))


def found_standing(conn: Connection, arrivals: Sequence[tuple[int, datetime]]) -> set[int]:
    """Return which of these trips' trucks stood in a yard already when they were seen first.

    Nobody knows when they came. ``arrivals`` are trips with the moment each is known to be there.
    """
    found = conn.execute(
        "select came.trip from unnest(%s::bigint[], %s::timestamptz[]) as came (trip, at)"
        " join trips t on t.id = came.trip"
        " where exists (select from visits v where v.device_id = t.device_id and v.role = 'yard'"
        "  and v.seen_inside and v.entered_at <= came.at"
        "  and coalesce(v.left_at, 'infinity') >= came.at)",
        [[trip for trip, _ in arrivals], [at for _, at in arrivals]],
    ).fetchall()
    return {trip for (trip,) in found}


@dataclass(frozen=True, slots=True)
class GateState:
    """What the controller last found and aimed at for one gate."""

    gate: str
    at: datetime
    capacity_per_h: float
    capacity_low: float
    capacity_high: float
    n_target: float
    in_transit: int
    queued: int
    in_lane: int
    waiting: int
    state: str = "unknown"
    state_since: datetime | None = None
    export_per_h: float | None = None
    export_low: float | None = None
    export_high: float | None = None
    import_per_h: float | None = None
    import_low: float | None = None
    import_high: float | None = None


def list_gate_states(conn: Connection, site: str, gates: Sequence[str]) -> list[GateState]:
    """Return the newest state of each gate that has one."""
    with conn.cursor(row_factory=class_row(GateState), binary=True) as cursor:
        return cursor.execute(
            "select g.* from unnest(%s::text[]) as wanted (id) cross join lateral ("
            "  select gate, at, capacity_per_h, capacity_low, capacity_high, n_target,"
            "   in_transit, queued, in_lane, waiting, state, state_since, export_per_h,"
            "   export_low, export_high, import_per_h, import_low, import_high from gate_states"
            "   where site = %s and gate = wanted.id order by at desc limit 1) g",
            [list(gates), site],
        ).fetchall()


def count_inside(conn: Connection, zones: Sequence[str]) -> dict[str, int]:
    """Return how many trucks are in each of these zones now, by their devices or by hand."""
    rows = conn.execute(
        """
        select zone, sum(n) from (
            select v.zone, count(distinct v.device_id) as n from visits v
            where v.left_at is null and v.zone = any(%(zones)s)
              and not exists (select from device_faults f where f.device_id = v.device_id
                and v.entered_at >= f.since and v.entered_at < coalesce(f.until, 'infinity'))
              and not exists (  -- driven off by an operator's word
                select from trips t join hand_words w on w.trip_id = t.id
                where t.device_id = v.device_id and t.state = 'active' and w.what = 'left'
                  and w.undone_at is null and not w.is_false and w.at >= v.entered_at)
            group by v.zone
            union all
            select h.yard, count(*) from trips t
            cross join lateral (
                select yard, entered_at from hand_stays
                where trip_id = t.id and left_at is null limit 1) h
            where t.state = 'active' and h.yard = any(%(zones)s)
              and t.id in (select trip_id from hand_words)
              and not exists (select from sound_arrivals v where v.device_id = t.device_id
                and v.entered_at <= coalesce(t.ended_at, 'infinity')
                and coalesce(v.left_at, 'infinity') >= h.entered_at
                and (v.left_at is null or v.role in ('queue', 'lane', 'beyond')))
              and not exists (select from standing_admissions a
                where a.trip_id = t.id and a.at >= h.entered_at)
            group by h.yard
        ) inside group by zone
        """,
        {"zones": list(zones)},
    ).fetchall()
    return {zone: int(n) for zone, n in rows}
