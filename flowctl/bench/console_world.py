"""Thirty days at a border, written straight into the tables, and 5,000 trucks that keep moving."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import psycopg

from flowctl.site import Site

Connection = psycopg.Connection[Any]

DAYS = 30
TRIPS = 20_000
ACTIVE = 5_000
_STAGED = 1_200
_QUEUED = 120
_GATES = ("huu_nghi", "tan_thanh")
_YARDS = ("yard_xuan_cuong", "yard_bao_nguyen")
_SPEED_MPS = 14.0
_WALK_DEG = 0.00003  # a truck in a yard seems to stir by three metres

_DRIVERS = """
insert into drivers (phone_cipher, phone_hash, language)
select decode(md5(n::text), 'hex'), decode(md5(n::text), 'hex'), 'vi'
from generate_series(1, %(trips)s) n
"""

_DEVICES = """
insert into devices (uid) select 'bench-' || n from generate_series(1, %(trips)s) n
"""

# The first trips are the active ones; the others ended one after another over thirty days.
_TRIPS = """
insert into trips (site, plate, driver_id, device_id, direction, cargo, gates, ready_at,
    registered_at, registered_by, state, ended_at)
select %(site)s, '12C' || lpad(n::text, 5, '0'), n, n, 'export',
    case n %% 10 when 0 then 'perishable' when 1 then 'reefer' else 'normal' end,
    array[(%(gates)s::text[])[1 + n %% 2]], at, at, 'bench',
    case when n <= %(active)s then 'active' else 'cleared' end,
    case when n <= %(active)s then null else at + interval '14 hours' end
from (select n, case when n <= %(active)s then %(now)s - n * interval '8 seconds'
    else %(now)s - interval '15 hours' - (n - %(active)s)::float8
        / (%(trips)s - %(active)s) * %(days)s * interval '1 day' end as at
    from generate_series(1, %(trips)s) n) one
"""

# Those that ended came by yard, queue, lane and beyond; of the active ones some stand there still.
_VISITS = """
insert into visits (id, device_id, zone, role, gate, entered_at, confirmed_at, left_at,
    seen_inside, received_at)
select gen_random_uuid(), t.device_id,
    case step.role when 'yard' then (%(yards)s::text[])[1 + t.id %% 2]
        else step.role || '_' || t.gates[1] end,
    step.role, case when step.role <> 'yard' then t.gates[1] end,
    t.registered_at + step.begins, t.registered_at + step.begins + interval '1 minute',
    case when t.state = 'active' and step.role = last.role then null
        else t.registered_at + step.ends end,
    false, t.registered_at + step.begins + interval '1 minute'
from trips t
cross join lateral (select case when t.state <> 'active' then 'beyond'
    when t.id <= %(queued)s then 'queue' when t.id <= %(staged)s then 'yard' end as role) last
join (values ('yard', 1, interval '1 minute', interval '12 hours'),
    ('queue', 2, interval '12 hours 30 minutes', interval '13 hours'),
    ('lane', 3, interval '13 hours', interval '13 hours 20 minutes'),
    ('beyond', 4, interval '13 hours 20 minutes', interval '14 hours'))
    as step (role, n, begins, ends)
    on step.n <= array_position(array['yard', 'queue', 'lane', 'beyond'], last.role)
"""

_SLOTS = """
with plan as (
    insert into plans (site, planned_at, status, trips, unserved, cost, bound, inversions, solve_s)
    values (%(site)s, %(now)s, 'optimal', 1, 0, 0, 0, 0, 0) returning id
), told as (
    insert into slots (trip_id, gate, starts_at, plan_id, told_at)
    select t.id, t.gates[1],
        date_bin('15 minutes', %(now)s, 'epoch') + t.id * interval '10 seconds', plan.id, %(now)s
    from trips t, plan where t.state = 'active' and t.id <= 3 * %(staged)s returning trip_id
)
insert into releases (trip_id, gate, yard, released_at, expires_at)
select t.id, t.gates[1], (%(yards)s::text[])[1 + t.id %% 2], t.registered_at + interval '12 hours',
    t.registered_at + interval '13 hours'
from trips t where t.state <> 'active' or t.id <= %(queued)s
"""

_STATES = """
insert into gate_states (site, gate, at, capacity_per_h, capacity_low, capacity_high, n_target,
    in_transit, queued, in_lane, waiting)
select %(site)s, gate, at, 40, 35, 45, 40, 8, 20, 9, 500
from unnest(%(gates)s::text[]) gate,
    generate_series(%(now)s - %(days)s * interval '1 day', %(now)s, interval '30 seconds') at
"""

_QUEUES = """
insert into queue_states (site, gate, at, tail_m, trucks, moving_share)
select %(site)s, gate, at, 240, 18, 0.4
from unnest(%(gates)s::text[]) gate,
    generate_series(%(now)s - %(days)s * interval '1 day', %(now)s, interval '1 minute') at
"""

_EVENTS = """
insert into gate_events (site, gate, direction, kind, truck, at, recorded_by, recorded_at)
select %(site)s, gate, 'import', kind, 'I' || n, at + later, 'bench', at + later
from unnest(%(gates)s::text[]) gate, generate_series(1, %(trips)s / 4) n,
    lateral (select %(now)s - n * %(days)s * interval '1 day' / (%(trips)s / 4) as at) moment,
    (values ('entered', interval '0'), ('cleared', interval '6 minutes')) as one (kind, later)
"""

_OUTBOX = """
insert into outbox (site, trip_id, kind, params, created_at, state, sent_at)
select %(site)s, t.id, kind, '{}', t.registered_at + later,
    case when t.id %% 2000 = 0 then 'dead' else 'sent' end, t.registered_at + later
from trips t, (values ('registered', interval '1 minute'), ('slot', interval '2 hours'),
    ('slot_changed', interval '5 hours'), ('call_up', interval '12 hours')) as one (kind, later)
where t.registered_at + later <= %(now)s
"""

_ALERTS = """
insert into alerts (site, kind, subject, severity, at, found_at, last_seen_at, state,
    trip_id, proved, evidence, points)
select %(site)s, 'unreleased', 'bench-' || id, 'high', registered_at, registered_at,
    registered_at, case when id <= 60 then 'open' else 'dismissed' end, id, true, '{}', '[]'
from trips where id <= 60 or id %% 40 = 0
"""

_CARE = """
insert into alert_decisions (alert_id, state, note, by, at)
select id, state, '', 'bench', at + interval '10 minutes' from alerts where state <> 'open'
"""

_ACTS = """
insert into acts (site, kind, state, reason, trip_id, gate, entered_by, entered_at, ended_at,
    ended_by, outcome)
select %(site)s, 'hold', case when id <= 40 then 'standing' else 'ended' end, 'papers', id,
    gates[1], 'bench', registered_at, ended_at, case when id > 40 then 'bench' end,
    case when id > 40 then 'found' end
from trips where id <= 40 or id %% 25 = 0
"""

# What people did, and as much again by machines: gates' own systems write down each truck.
_AUDIT = """
insert into audit (site, at, wall_at, account, role, act, subject, after)
select %(site)s, at, at, case n %% 2 when 0 then 'gate-token' else 'bench-' || n %% 7 end,
    case n %% 2 when 0 then 'machine' else 'operator' end,
    (array['gate.decision', 'hold.begin', 'gate.decision', 'alert.judge', 'gate.decision',
        'closure.enter'])[1 + n %% 6],
    'trip:' || 1 + n %% %(trips)s, '{"reason": "papers"}'
from generate_series(1, 3 * %(trips)s) n,
    lateral (select %(now)s - %(days)s * interval '1 day'
        * (1 - n::float8 / (3 * %(trips)s)) as at) moment
"""

_PROMISES = """
insert into wait_promises (site, gate, at, low_s, mid_s, high_s, levels, p10, p50, p90)
select %(site)s, gate, at, 3600, 7200, 20000, array[0.1, 0.5, 0.9], at + interval '1 hour',
    at + interval '12 hours', at + interval '16 hours'
from unnest(%(gates)s::text[]) gate, generate_series(
    date_bin('10 minutes', %(now)s, 'epoch') - %(days)s * interval '1 day', %(now)s,
    interval '10 minutes') at
"""

# Every active truck is one whose promise is open, though few of them stand in a yard as yet.
_CAME = """
insert into wait_outcomes (trip_id, site, gate, promised_at, arrived_at, passed_at, kept)
select t.id, t.site, t.gates[1], p.at, t.registered_at + interval '1 minute', t.ended_at,
    case when t.state <> 'active' then t.id %% 10 > 1 end
from trips t join wait_promises p on p.gate = t.gates[1] and p.at =
    date_bin('10 minutes', t.registered_at + interval '1 minute', 'epoch')
"""


def fill(conn: Connection, site: Site, now: datetime) -> None:
    """Write thirty days of a border that `ACTIVE` trucks are on the way to."""
    values = {
        "site": site.id,
        "now": now,
        "days": DAYS,
        "trips": TRIPS,
        "active": ACTIVE,
        "staged": _STAGED,
        "queued": _QUEUED,
        "gates": list(_GATES),
        "yards": list(_YARDS),
    }
    with conn.transaction():
        for statement in (_DRIVERS, _DEVICES, _TRIPS, _VISITS, _SLOTS, _STATES, _QUEUES, _EVENTS):
            conn.execute(statement, values)
        conn.execute(_OUTBOX, values)
        for statement in (_ALERTS, _CARE, _ACTS, _AUDIT, _PROMISES, _CAME):
            conn.execute(statement, values)
    conn.execute("vacuum analyze")


@dataclass(frozen=True, slots=True)
class Fleet:
    """Where each of the moving trucks begins on its way, and the way itself."""

    lon: np.ndarray
    lat: np.ndarray
    length_m: float
    begins_m: np.ndarray
    standing: np.ndarray

    def at(self, seconds: float, rng: np.random.Generator) -> tuple[list[float], list[float]]:
        """Return where all trucks are so long after the beginning: lon and lat."""
        along = (self.begins_m + _SPEED_MPS * seconds) % self.length_m / self.length_m
        place = along * (len(self.lon) - 1)
        index = np.arange(len(self.lon))
        lon = np.interp(place, index, self.lon)
        lat = np.interp(place, index, self.lat)
        n = len(self.standing)
        lon[:n] = self.standing[:, 0] + rng.normal(0.0, _WALK_DEG, n)
        lat[:n] = self.standing[:, 1] + rng.normal(0.0, _WALK_DEG, n)
        return lon.tolist(), lat.tolist()


def make_fleet(site: Site, rng: np.random.Generator) -> Fleet:
    """Return the active trucks: in their yards and queues, the others on the corridor."""
    corridor = site.corridors[0].line
    steps = np.linspace(0.0, 1.0, 2_000)
    points = [corridor.interpolate(step, normalized=True) for step in steps]
    standing = np.array([_standing(site, n, rng) for n in range(1, _STAGED + 1)])
    length_m = corridor.length * 105_000.0  # of a degree here, which is near enough for speed
    return Fleet(
        lon=np.array([point.x for point in points]),
        lat=np.array([point.y for point in points]),
        length_m=length_m,
        begins_m=rng.uniform(0.0, length_m, ACTIVE),
        standing=standing,
    )


def _standing(site: Site, trip: int, rng: np.random.Generator) -> Sequence[float]:
    name = f"queue_{_GATES[trip % 2]}" if trip <= _QUEUED else _YARDS[trip % 2]
    polygon = site.zone_by_id[name].polygon
    west, south, east, north = polygon.bounds
    middle = polygon.representative_point()
    return (
        middle.x + rng.uniform(-0.3, 0.3) * (east - west),
        middle.y + rng.uniform(-0.3, 0.3) * (north - south),
    )


def place(conn: Connection, lon: list[float], lat: list[float], now: datetime) -> None:
    """Give every truck its place of now, as a fix of each would."""
    conn.execute(
        "insert into tracks as k (device_id, fixed_at, received_at, lon, lat, speed_mps,"
        " heading_deg, visit_state)"
        " select n, %(now)s, %(now)s, lon, lat, case when n <= %(standing)s then 0 else 14 end,"
        "  n %% 360, '{}'"
        " from unnest(%(lon)s::float8[], %(lat)s::float8[]) with ordinality as one (lon, lat, n)"
        " on conflict (device_id) do update set fixed_at = excluded.fixed_at,"
        "  received_at = excluded.received_at, lon = excluded.lon, lat = excluded.lat",
        {"now": now, "standing": _STAGED, "lon": lon, "lat": lat},
    )
