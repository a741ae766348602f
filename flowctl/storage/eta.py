"""When trucks on the road and called trucks will arrive, from what is stored of traffic."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray
from psycopg.types.json import Jsonb

from flowctl.site import Site
from flowctl.storage.live import GateState, LiveRow, list_active, list_gate_states
from flowctl.storage.traffic import find_sums
from flowctl.traffic.calibration import Calibration, Horizon
from flowctl.traffic.capacity import Rate
from flowctl.traffic.eta import (
    DEFAULTS,
    Eta,
    Expected,
    Target,
    drive_s,
    fence_m,
    forecasts,
    on_roads,
    shown_pace,
)
from flowctl.traffic.eta_gate import GateNow, Unknown, at_gate, from_yard, gate_now, in_queue
from flowctl.traffic.roads import roads_of
from flowctl.traffic.speeds import LiveSpeeds, live_speeds
from geo.crs import Column
from geo.lines import Path

Connection = psycopg.Connection[Any]

_FRESH = timedelta(minutes=20)
"""A parked tracker may be silent for 15 minutes (Circular 09/2015/TT-BGTVT)."""
LIVE = timedelta(hours=1)
"""How far back live speeds look: beyond, they have forgotten."""


def list_yard_etas(
    conn: Connection, site: Site, rows: Sequence[LiveRow], now: datetime
) -> dict[int, Eta]:
    """Return when trucks on a corridor will be at its yard, by trip.

    Trucks off every corridor, or silent for longer than a parked tracker may be, have no
    expectation. Of two corridors the nearer line counts.
    """
    coming = list_coming(rows, now)
    if not coming:
        return {}
    return yard_etas(
        site,
        coming,
        _live(conn, site, now),
        get_calibration(conn, site.id),
        _first_seen(conn, coming, now),
        now,
    )


Moving = TypeVar("Moving", bound="OnTheRoad")


def list_coming(rows: Sequence[Moving], now: datetime) -> list[Moving]:
    """Return the trucks that are not at a yard yet and were heard of lately."""
    return [row for row in rows if row.arrived_at is None and _is_fresh(row, now)]


def yard_etas(
    site: Site,
    coming: Sequence["OnTheRoad"],
    live: Sequence[LiveSpeeds],
    calibration: Calibration,
    watched: "Watched",
    now: datetime,
) -> dict[int, Eta]:
    """Return when trucks on a corridor will be at its yard, by trip; pure.

    Parameters
    ----------
    coming
        Of `list_coming`.
    live
        How fast trucks drive on each way now.
    calibration
        What forecasts have learned so far.
    watched
        Where each of ``coming`` was first seen in the last half hour.
    """
    bound = [tuple(row.gates) for row in coming]
    ways = []
    for way in live:
        if way.way.gate is None:
            fed = {gates: _may_use(site, way, gates) for gates in set(bound)}
            ways.append((way, [fed[gates] for gates in bound]))
    goals = [fence_m(way.way, _yard(site, way.way.yard)) for way, _ in ways]
    on_way = _drives(site, coming, ways, goals, calibration, watched)
    return forecasts(on_way, calibration, now.timestamp())


def list_gate_etas(
    conn: Connection, site: Site, rows: Sequence[LiveRow], now: datetime
) -> dict[int, Eta]:
    """Return when called trucks will be at an inspection place of their gate, by trip.

    ``rows`` are all active trips: they are the queue. Trucks of a gate whose capacity nobody knows,
    or that does not open for them within a week, have no expectation.
    """
    called = sorted((row for row in rows if _is_called(row, now)), key=_turn)
    calibration = get_calibration(conn, site.id)
    on_way = _to_queue(conn, site, called, calibration, now)
    etas: dict[int, Eta] = {}
    for state in list_gate_states(conn, site.id, list(site.gate_by_id)):
        mine = [row.id for row in called if _gate(row) == state.gate and row.id in on_way]
        seen = _gate_now(site, state, rows, now)
        if seen is None:
            continue
        expected = at_gate([on_way[trip] for trip in mine], seen, now.timestamp())
        if not isinstance(expected, Unknown):
            beliefs = dict(zip(mine, expected, strict=True))
            etas |= forecasts(beliefs, calibration, now.timestamp())
    return etas


def find_eta(conn: Connection, site: Site, row: LiveRow, now: datetime) -> Eta | None:
    """Return when a trip's truck will be at its gate, once it is called, or else at its yard."""
    if _is_called(row, now):
        return list_gate_etas(conn, site, list_active(conn, site.id), now).get(row.id)
    return list_yard_etas(conn, site, [row], now).get(row.id)


def _is_fresh(row: "OnTheRoad", now: datetime) -> bool:
    return row.fixed_at is not None and now - row.fixed_at <= _FRESH


def _is_called(row: LiveRow, now: datetime) -> bool:
    """Tell whether an export is on its way to a gate's inspection places or waits before them."""
    if row.direction != "export" or row.lane_at is not None or row.cleared_at is not None:
        return False
    if row.queued_at is not None:
        return True
    return row.release_expires_at is not None and row.release_expires_at > now


def _gate(row: LiveRow) -> str:
    return row.queued_gate or row.released_gate or row.gates[0]


def _may_use(site: Site, live: LiveSpeeds, gates: Sequence[str]) -> bool:
    yard = site.yard_by_id[live.way.yard]
    return any(yard.access_to(gate) is not None for gate in gates)


def _yard(site: Site, yard: str) -> shapely.Geometry:
    return site.zone_by_id[yard].polygon


def _live(conn: Connection, site: Site, now: datetime) -> tuple[LiveSpeeds, ...]:
    roads = roads_of(site)
    sums = find_sums(conn, site.id, roads, since=now - LIVE, until=now)
    return live_speeds(roads, sums, now.timestamp())


def _to_queue(
    conn: Connection,
    site: Site,
    called: Sequence[LiveRow],
    calibration: Calibration,
    now: datetime,
) -> dict[int, Expected]:
    """Return the raw belief in when each called truck comes to its gate's queue."""
    roads = {way.id: way for way in site.freight_roads}
    driving = [row for row in called if row.queued_at is None and row.yard is None]
    ways = [
        (way, [way.way.gate == _gate(row) and _is_fresh(row, now) for row in driving])
        for way in (_live(conn, site, now) if driving else ())
        if way.way.gate is not None
    ]
    goals = [roads[way.way.way].queue_m[0] for way, _ in ways]
    watched = _first_seen(conn, driving, now)
    beliefs = _drives(site, driving, ways, goals, calibration, watched)
    for row in called:
        if row.queued_at is not None:
            beliefs[row.id] = in_queue(_gate(row), now.timestamp())
        elif row.yard is not None and row.released_at is not None:
            yard = site.yard_by_id.get(row.yard)
            access = None if yard is None else yard.access_to(_gate(row))
            if access is not None:
                beliefs[row.id] = from_yard(access, row.released_at.timestamp())
    return beliefs


def _gate_now(
    site: Site, state: GateState, rows: Sequence[LiveRow], now: datetime
) -> GateNow | None:
    """Return what is known of a gate, None where nobody knows what it takes."""
    if state.export_per_h is None:
        return None
    there = [row for row in rows if row.direction == "export" and row.cleared_at is None]
    there = [row for row in there if row.queued_gate == state.gate]
    return gate_now(
        site.gate_by_id[state.gate],
        Rate(state.capacity_per_h, state.capacity_low, state.capacity_high),
        state.export_per_h,
        inside=state.queued + state.in_lane,
        queued=sum(row.lane_at is None for row in there),
        in_lane=sum(row.lane_at is not None for row in there),
        now=now.timestamp(),
    )


def _turn(row: LiveRow) -> tuple[bool, datetime, int]:
    return row.queued_at is None, row.queued_at or row.released_at or row.registered_at, row.id


class OnTheRoad(Protocol):
    """A trip and where its truck was seen last, as far as its drive is concerned."""

    @property
    def id(self) -> int:
        """The trip."""
        ...

    @property
    def gates(self) -> Sequence[str]:
        """Those it may use."""
        ...

    @property
    def arrived_at(self) -> datetime | None:
        """When it came to a yard."""
        ...

    @property
    def fixed_at(self) -> datetime | None:
        """The moment of its newest fix."""
        ...

    @property
    def lon(self) -> float | None:
        """Where that was, degrees, WGS 84."""
        ...

    @property
    def lat(self) -> float | None:
        """Where that was, degrees, WGS 84."""
        ...


class Watched(NamedTuple):
    """Where trucks were first seen in the last half hour and outside of yards, shape [n]."""

    at: Column
    lon: Column
    lat: Column


def _drives(
    site: Site,
    rows: Sequence[OnTheRoad],
    ways: Sequence[tuple[LiveSpeeds, Sequence[bool]]],
    goals: Sequence[float],
    calibration: Calibration,
    watched: Watched,
) -> dict[int, Expected]:
    """Return the raw belief in when trucks come to the goal of the way that they are nearest to.

    Each of ``ways`` comes with which of ``rows`` may be on it. A truck on none has no belief.
    """
    if not rows or not ways:
        return {}
    lon = np.array([row.lon for row in rows], dtype=np.float64)
    lat = np.array([row.lat for row in rows], dtype=np.float64)
    places = [_locate(live.way.path, lon, lat, np.array(allowed)) for live, allowed in ways]
    offsets = np.array(
        [np.where(offset <= site.traffic.on_way_m, offset, np.inf) for _, offset in places]
    )
    nearest = np.argmin(offsets, axis=0)
    newest = (row.fixed_at for row in rows)
    fixed_s = np.array([np.nan if moment is None else moment.timestamp() for moment in newest])
    beliefs: dict[int, Expected] = {}
    for number, ((live, _), (along, _)) in enumerate(zip(ways, places, strict=True)):
        chosen = np.flatnonzero((nearest == number) & np.isfinite(offsets[number]))
        if not len(chosen):
            continue
        even = drive_s(live, along[chosen], goals[number])
        shown = _shown(live, fixed_s, chosen, along, watched, site.traffic.on_way_m)
        gate = live.way.gate
        target, place = (Target.YARD, live.way.yard) if gate is None else (Target.GATE, gate)
        found = on_roads(target, place, fixed_s[chosen], even, shown, calibration)
        beliefs |= zip((rows[row].id for row in chosen.tolist()), found, strict=True)
    return beliefs


def _locate(
    path: Path, lon: Column, lat: Column, wanted: NDArray[np.bool_]
) -> tuple[Column, Column]:
    """Return metres along a way and off it; of those not wanted 0 and infinitely far."""
    along, offset = np.zeros(len(lon)), np.full(len(lon), np.inf)
    along[wanted], offset[wanted] = path.locate(lon[wanted], lat[wanted])
    return along, offset


def _shown(
    live: LiveSpeeds,
    fixed_s: Column,
    chosen: NDArray[np.int64],
    along: Column,
    watched: Watched,
    on_way_m: float,
) -> Column:
    """Return the log of the pace trucks have shown on a way, 0 where they were not seen on it."""
    began_m, offset = live.way.path.locate(watched.lon[chosen], watched.lat[chosen])
    drove = (offset <= on_way_m) & (along[chosen] > began_m)
    others = np.where(drove, live.travel_s(began_m, along[chosen]), np.nan)
    return shown_pace(fixed_s[chosen] - watched.at[chosen], others)


def _first_seen(conn: Connection, rows: Sequence[LiveRow], now: datetime) -> Watched:
    if not rows:
        return Watched(*np.empty((3, 0)))
    since = now - timedelta(seconds=DEFAULTS.pace_over_s)
    found = conn.execute(
        "select t.id, extract(epoch from f.fixed_at)::float8, f.lon, f.lat from trips t"
        " join lateral (select fixed_at, lon, lat from fixes where fixes.device_id = t.device_id"
        "  and fixed_at > %s and fixed_at <= %s and fixed_at >= coalesce((select max(v.left_at)"
        "   from visits v where v.device_id = t.device_id and v.role = 'yard'), '-infinity')"
        "  order by fixed_at limit 1) f on true"
        " where t.id = any(%s)",
        [since, now, [row.id for row in rows]],
    ).fetchall()
    by_trip = {row[0]: row[1:] for row in found}
    nothing = (np.nan, np.nan, np.nan)
    columns = np.array([by_trip.get(row.id, nothing) for row in rows], dtype=np.float64)
    return Watched(*columns.T)


def get_calibration(conn: Connection, site: str) -> Calibration:
    """Return what a site's forecasts have learned; nothing yet is a calibration too."""
    row = conn.execute("select state from eta_calibrations where site = %s", [site]).fetchone()
    if row is None:
        return Calibration()
    state: Mapping[str, Any] = row[0]
    horizons = {
        name: Horizon(tuple(one["scores"]), one["below"], one["above"])
        for name, one in state["horizons"].items()
    }
    return Calibration(horizons, state["pace_square"], state["pace_product"])


def save_calibration(conn: Connection, site: str, calibration: Calibration, now: datetime) -> None:
    """Write what a site's forecasts have learned."""
    state = asdict(calibration)
    for horizon in state["horizons"].values():
        horizon["scores"] = [round(score, 3) for score in horizon["scores"]]
    conn.execute(
        "insert into eta_calibrations (site, at, state) values (%s, %s, %s)"
        " on conflict (site) do update set at = excluded.at, state = excluded.state",
        [site, now, Jsonb(state)],
    )
