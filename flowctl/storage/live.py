"""The living picture: each trip with where its truck is and what was seen of it.

One query serves the controller's snapshot, the operator's map and the driver's page. A trip's
moments are derived from visits every time, so that a visit revised by a late fix revises them too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg.rows import class_row

from flowctl.collector import uncollected
from flowctl.storage.live_query import live_of, live_with_papers_of

Connection = psycopg.Connection[Any]
Values = Sequence[Any] | Mapping[str, Any]


class Papers(NamedTuple):
    """Who drives on a trip, by what it is tracked, who registered it and for which declaration.

    ``has_number``: its driver can be written to.
    """

    language: str
    has_number: bool
    device: str | None
    is_phone: bool
    registered_by: str
    declaration: str | None
    link_epoch: int


class LiveRow(NamedTuple):
    """A trip, its device's newest fix, its moments, what its driver was told and called up for.

    ``by_hand``: it stands in its yard by an operator's word; ``is_faulty``: its device is marked as
    faulty, so that its fixes say nothing. ``locked``: what its stages do not allow yet
    (`flowctl.workflow.stages.Lock`). ``papers`` are read for pages that show one trip or a list of
    them, and not for the picture of all that are under way, which has no use for them.

    A tuple, because a thousand are made every tick: a frozen dataclass of this width takes five
    times as long.
    """

    id: int
    plate: str
    direction: str
    cargo: str
    gates: list[str]
    ready_at: datetime
    registered_at: datetime
    state: str
    ended_at: datetime | None
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
    by_hand: bool = False
    is_faulty: bool = False
    locked: Sequence[str] = ()
    papers: Papers | None = None

    @property
    def language(self) -> str:
        """What its driver is spoken to in."""
        return self._read_papers().language

    @property
    def has_number(self) -> bool:
        """Whether its driver can be written to."""
        return self._read_papers().has_number

    @property
    def device(self) -> str | None:
        """The id of its device."""
        return self._read_papers().device

    @property
    def is_phone(self) -> bool:
        """Whether its device is its driver's phone."""
        return self._read_papers().is_phone

    @property
    def registered_by(self) -> str:
        """Who registered it."""
        return self._read_papers().registered_by

    @property
    def declaration(self) -> str | None:
        """The number of its customs declaration."""
        return self._read_papers().declaration

    @property
    def link_epoch(self) -> int:
        """How often its driver's link was made anew."""
        return self._read_papers().link_epoch

    def _read_papers(self) -> Papers:
        if self.papers is None:
            raise LookupError(f"Trip {self.id} was read without its papers.")
        return self.papers


_IN_LIVE = len(LiveRow._fields) - 1


def _read(
    conn: Connection, query: LiteralString, values: Values, *, prepare: bool | None = None
) -> list[LiveRow]:
    with conn.cursor(binary=True) as cursor, uncollected():
        rows = cursor.execute(query, values, prepare=prepare).fetchall()
        return [LiveRow(*row) for row in rows]  # half as long as a row factory


def _read_with_papers(conn: Connection, query: LiteralString, values: Values) -> list[LiveRow]:
    with conn.cursor(binary=True) as cursor, uncollected():
        rows = cursor.execute(query, values).fetchall()
        return [LiveRow._make((*row[:_IN_LIVE], Papers(*row[_IN_LIVE:]))) for row in rows]


def list_active(conn: Connection, site: str) -> list[LiveRow]:
    """Return all active trips of a site, in order of registration."""
    query = live_of("t.site = %s and t.state = 'active'", " order by t.id")
    return _read(conn, query, [site], prepare=True)


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
    query = live_with_papers_of(
        "t.site = %s and t.registered_at < %s and t.state <> 'cancelled'"
        " and (t.ended_at is null or t.ended_at >= %s)",
        " order by t.id",
    )
    return _read_with_papers(conn, query, [site, until, since])


def find_live(conn: Connection, trip_id: int, *, site: str) -> LiveRow | None:
    """Return one trip of any state."""
    query = live_with_papers_of("t.site = %s and t.id = %s", "")
    return next(iter(_read_with_papers(conn, query, [site, trip_id])), None)


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
    query = live_with_papers_of(
        "t.site = %(site)s"
        " and (%(state)s::text is null or t.state = %(state)s)"
        " and (%(plate)s::text is null or strpos(t.plate, %(plate)s) > 0)"
        " and (%(by)s::text is null or t.registered_by = %(by)s)"
        " order by t.id desc limit %(limit)s",
        " order by t.id desc",
    )
    values = {"site": site, "state": state, "plate": plate, "by": registered_by, "limit": limit}
    return _read_with_papers(conn, query, values)


def list_chosen(conn: Connection, site: str, trip_ids: Sequence[int]) -> list[LiveRow]:
    """Return certain trips of any state, in order of registration."""
    if not trip_ids:
        return []
    query = live_of("t.site = %s and t.id = any(%s)", " order by t.id")
    return _read(conn, query, [site, list(trip_ids)])


def list_between(conn: Connection, site: str, *, since: datetime, until: datetime) -> list[LiveRow]:
    """Return the trips of any state that were registered by ``until`` and not over by ``since``.

    Those whose trucks are only on their way are left out: nothing was seen of them at a yard or
    gate, nor said of them by hand.
    """
    query = live_of(
        "t.site = %s and t.registered_at < %s and (t.ended_at is null or t.ended_at >= %s)"
        " and (t.state = 'cleared' or t.left_arrived_at is not null"
        "  or exists (select from visits v where v.device_id = t.device_id"
        "   and v.role <> 'approach'"
        "   and coalesce(v.left_at, 'infinity') >= greatest(t.registered_at, t.device_since))"
        "  or exists (select from hand_words w where w.trip_id = t.id)"
        "  or exists (select from gate_decisions d where d.trip_id = t.id))",
        " order by t.id",
    )
    return _read(conn, query, [site, until, since])


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
