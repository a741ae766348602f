"""What watchers of a border are shown of queues, plans, visits, messages and work: figures of now.

Each question is one walk along an index, or of one hour; a scrape asks them all every few seconds.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

import psycopg
from psycopg.rows import args_row

from flowctl.site import Site
from flowctl.storage.epochs import Epoch, find_epoch
from flowctl.storage.live import GateState, list_gate_states

Connection = psycopg.Connection[Any]

WITHIN = timedelta(hours=1)
"""Over how long waits, visits and messages are looked at."""
_LONGEST_STAY = timedelta(days=2)
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class ZoneVisits:
    """Visits of a zone: open ones, and how many began and ended within the last hour."""

    zone: str
    open: int
    begun: int
    ended: int


@dataclass(frozen=True, slots=True)
class PlanMeasure:
    """The newest plan: its age in domain time, how long it took, and how far from its bound."""

    age_s: float
    solve_s: float
    gap: float
    trips: int
    unserved: int
    status: str


@dataclass(frozen=True, slots=True)
class WaitMeasure:
    """How long trucks that passed a stage of ``gate`` within the last hour had waited, seconds."""

    stage: str
    gate: str
    p50: float
    p90: float


@dataclass(frozen=True, slots=True)
class BorderMeasures:
    """A site's figures. ``due``: waiting messages by kind; ``oldest_due_s``: 0 where none is due.

    ``messages`` are (gateway, outcome, how many of the last hour); ``work`` (desk, state, how many
    stages); ``epoch`` is None where nobody has ever controlled the site.
    """

    gates: list[GateState]
    waits: list[WaitMeasure]
    plan: PlanMeasure | None
    visits: list[ZoneVisits]
    revisions: int
    active: dict[str, int]
    declared: int
    work: list[tuple[str, str, int]]
    due: dict[str, int]
    oldest_due_s: float
    messages: list[tuple[str, str, int]]
    epoch: Epoch | None


def read_border(conn: Connection, site: Site, now: datetime) -> BorderMeasures:
    """Return a site's figures as of the domain moment ``now``."""
    due, oldest_due_s = _due(conn, site.id)
    return BorderMeasures(
        gates=list_gate_states(conn, site.id, list(site.gate_by_id)),
        waits=[*_gate_waits(conn, site, now), *_yard_waits(conn, site, now)],
        plan=_find_plan(conn, site.id, now),
        visits=_list_visits(conn, site, now),
        revisions=_count_revisions(conn, now),
        active=_count_active(conn, site.id),
        declared=_count_declared(conn, site.id, now),
        work=_count_work(conn, site.id),
        due=due,
        oldest_due_s=oldest_due_s,
        messages=_count_messages(conn, site.id, now),
        epoch=find_epoch(conn, site.id),
    )


def _gate_waits(conn: Connection, site: Site, now: datetime) -> list[WaitMeasure]:
    """Return waits from a gate's queue to its lane, by GPS."""
    with conn.cursor(row_factory=args_row(WaitMeasure)) as cursor:
        return cursor.execute(
            "select 'gate', gate, waited[1], waited[2] from ("
            " select l.gate, percentile_cont(array[0.5, 0.9]) within group ("
            "  order by extract(epoch from l.entered_at - q.entered_at)::float8) as waited"
            " from visits l cross join lateral ("
            "  select q.entered_at from visits q where q.device_id = l.device_id"
            "   and q.role = 'queue' and q.gate = l.gate and q.entered_at <= l.entered_at"
            "   and q.entered_at > l.entered_at - %(longest)s::interval"
            "  order by q.entered_at desc limit 1) q"
            " where l.role = 'lane' and l.gate = any(%(gates)s)"
            " and l.entered_at > %(since)s and l.entered_at <= %(now)s group by l.gate) w"
            " order by 2",
            {
                "gates": list(site.gate_by_id),
                "since": now - WITHIN,
                "now": now,
                "longest": _LONGEST_STAY,
            },
        ).fetchall()


def _yard_waits(conn: Connection, site: Site, now: datetime) -> list[WaitMeasure]:
    """Return waits from a truck's coming to a yard to its call-up, by the gate it was called to.

    Call-ups are looked at from the newest on, as far back as an hour of them may lie.
    """
    with conn.cursor(row_factory=args_row(WaitMeasure)) as cursor:
        return cursor.execute(
            "select 'yard', gate, waited[1], waited[2] from ("
            " select r.gate, percentile_cont(array[0.5, 0.9]) within group ("
            "  order by extract(epoch from r.released_at - y.entered_at)::float8) as waited"
            " from (select * from releases order by id desc limit %(most)s) r"
            " join trips t on t.id = r.trip_id and t.site = %(site)s"
            " cross join lateral ("
            "  select v.entered_at from visits v where v.device_id = t.device_id"
            "   and v.role = 'yard' and v.entered_at <= r.released_at"
            "   and v.entered_at > r.released_at - %(longest)s::interval"
            "   and coalesce(v.left_at, 'infinity') >= t.registered_at"
            "  order by v.entered_at limit 1) y"
            " where r.released_at > %(since)s and r.released_at <= %(now)s group by r.gate) w"
            " order by 2",
            {
                "site": site.id,
                "since": now - WITHIN,
                "now": now,
                "longest": _LONGEST_STAY,
                "most": _MOST,
            },
        ).fetchall()


def _find_plan(conn: Connection, site: str, now: datetime) -> PlanMeasure | None:
    row = conn.execute(
        "select extract(epoch from %s - planned_at)::float8, solve_s, cost, bound, trips, unserved,"
        " status from plans where site = %s order by id desc limit 1",
        [now, site],
    ).fetchone()
    if row is None:
        return None
    age_s, solve_s, cost, bound, trips, unserved, status = row
    gap = (cost - bound) / max(1, abs(bound))
    return PlanMeasure(age_s, solve_s, gap, trips, unserved, status)


def _list_visits(conn: Connection, site: Site, now: datetime) -> list[ZoneVisits]:
    with conn.cursor(row_factory=args_row(ZoneVisits)) as cursor:
        return cursor.execute(
            "select wanted.id,"
            " (select count(*) from visits where zone = wanted.id and left_at is null)::int,"
            " (select count(*) from visits where zone = wanted.id and entered_at > %(since)s"
            "   and entered_at <= %(now)s)::int,"
            " (select count(*) from visits where zone = wanted.id and entered_at > %(oldest)s"
            "   and left_at > %(since)s and left_at <= %(now)s)::int"
            " from unnest(%(zones)s::text[]) as wanted (id) order by 1",
            {
                "zones": [zone.id for zone in site.zones],
                "since": now - WITHIN,
                "oldest": now - _LONGEST_STAY,
                "now": now,
            },
        ).fetchall()


def _count_revisions(conn: Connection, now: datetime) -> int:
    """Return how often a visit was told otherwise, as far as the newest revisions tell."""
    return _one(
        conn,
        "select count(*) from (select known_at from visit_revisions order by id desc limit %s) one"
        " where known_at > %s and known_at <= %s",
        [_MOST, now - WITHIN, now],
    )


def _count_active(conn: Connection, site: str) -> dict[str, int]:
    rows = conn.execute(
        "select direction, count(*) from trips where site = %s and state = 'active' group by 1",
        [site],
    ).fetchall()
    return {direction: int(n) for direction, n in rows}


def _count_declared(conn: Connection, site: str, now: datetime) -> int:
    return _one(
        conn,
        "select count(*) from trips where site = %s and registered_at > %s and registered_at <= %s",
        [site, now - WITHIN, now],
    )


def _count_work(conn: Connection, site: str) -> list[tuple[str, str, int]]:
    return conn.execute(
        "select coalesce(desk, 'nobody'), state, count(*)::int from trip_stages"
        " where site = %s and open and state <> 'confirmed' group by 1, 2 order by 1, 2",
        [site],
    ).fetchall()


def _due(conn: Connection, site: str) -> tuple[dict[str, int], float]:
    rows = conn.execute(
        "select kind, count(*)::int,"
        " extract(epoch from clock_timestamp() - min(next_wall_at))::float8"
        " from outbox where site = %s and state = 'waiting' group by kind order by kind",
        [site],
    ).fetchall()
    oldest_s = max((age_s for _, _, age_s in rows), default=0.0)
    return {kind: n for kind, n, _ in rows}, max(0.0, oldest_s)


def _count_messages(conn: Connection, site: str, now: datetime) -> list[tuple[str, str, int]]:
    return conn.execute(
        "select coalesce(gateway, 'none'),"
        " case when state = 'waiting' and attempts > 0 then 'tried_again' else state end,"
        " count(*)::int from outbox where site = %s and created_at > %s and created_at <= %s"
        " group by 1, 2 order by 1, 2",
        [site, now - WITHIN, now],
    ).fetchall()


def _one(conn: Connection, query: LiteralString, values: list[Any]) -> int:
    [(n,)] = conn.execute(query, values).fetchall()
    return int(n)
