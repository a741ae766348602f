"""The text of the query that finds trips with where their trucks are and what was seen of them."""

from typing import LiteralString

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
# The columns come in the order of LiveRow's fields, those of Papers behind them. All is gathered in
# sets: a look for each of 20,000 trips takes the server three times as long. Visits alone are
# looked for by each truck's device (``offset 0`` keeps it so), or everybody's whole past would be
# read through for the few that are under way; by the index of when they end, which is why the one
# of when they begin is kept out with ``is not false``.
_TRIPS: LiteralString = "with t as (select * from trips t where "
_SEEN: LiteralString = """
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
    from t cross join lateral (
        select * from sound_arrivals where device_id = t.device_id
            and coalesce(left_at, 'infinity') >= greatest(t.registered_at, t.device_since)
            and (entered_at <= t.ended_at) is not false
            and role <> 'approach' offset 0) v
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
)
"""
_COLUMNS: LiteralString = """
, m as (
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
select t.id, t.plate, t.direction, t.cargo, t.gates, t.ready_at, t.registered_at,
       t.state, t.ended_at,
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
       t.returns_within_h, s.accepted_at, s.late_until,
       coalesce(m.by_hand, false) as by_hand, q.id is not null as is_faulty, t.locked
"""
_PAPERS: LiteralString = """
     , d.language, d.phone_cipher is not null as has_number, v.uid as device,
       coalesce(v.is_phone, false) as is_phone, t.registered_by, t.declaration, t.link_epoch
"""
_FROM: LiteralString = """
from t
left join device_faults q on q.device_id = t.device_id and q.until is null
left join tracks k on k.device_id = t.device_id and q.id is null
left join slots s on s.trip_id = t.id
left join r on r.trip_id = t.id
left join p on p.trip_id = t.id
left join m on m.trip_id = t.id
left join a on a.trip_id = t.id
"""
_PAPERS_FROM: LiteralString = """
join drivers d on d.id = t.driver_id
left join devices v on v.id = t.device_id
"""


def live_of(trips: LiteralString, order: LiteralString) -> LiteralString:
    """Return the query of the ``trips`` that a condition, an order and a limit choose."""
    return _TRIPS + trips + _SEEN + _COLUMNS + _FROM + order


def live_with_papers_of(trips: LiteralString, order: LiteralString) -> LiteralString:
    """Return that query with the columns of Papers, for which two large tables are read."""
    return _TRIPS + trips + _SEEN + _COLUMNS + _PAPERS + _FROM + _PAPERS_FROM + order


def seen_of(trips: LiteralString, rest: LiteralString) -> LiteralString:
    """Return a query on what was seen of the ``trips`` that a condition chooses, by the same rules.

    ``rest`` may use ``t``, the trips, and ``seen``: zone, role, gate, entered_at, left_at of each
    stay of a trip_id, by_hand, since (when the trip's stays begin to count), yarded_at and
    requeued_at (when the truck last came into a yard, or into a yard or queue).
    """
    return _TRIPS + trips + _SEEN + rest
