"""Trucks that crossed and have to come back: noted once each, in the caller's transaction.

A crossing may be told of late, twice, by an officer and by a visit, and in any order: which way
back belongs to which way out follows from their moments alone.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from flowctl.errors import FlowctlError
from flowctl.registry.events import CROSSING_MADE, tell
from flowctl.registry.plates import PlateForm, parse_plate
from flowctl.site import Site
from flowctl.state import Direction
from flowctl.storage import crossings as stored
from flowctl.storage.crossings import Connection, CrossingValues, TruckFacts
from flowctl.storage.trips import find_trip_locked


def note_crossing(
    conn: Connection,
    site: Site,
    *,
    plate: str,
    gate: str,
    direction: str,
    at: datetime,
    by: str,
    now: datetime,
    trip_id: int | None = None,
) -> int | None:
    """Note that a truck crossed; returns the crossing's id, None where it was noted already.

    An export of a truck that belongs on this side has to be back by the site's limit; what comes
    in by import is back. Of a truck without a trip the plate's form says where it belongs.

    Parameters
    ----------
    plate
        In its one spelling, or an officer's mark.
    trip_id
        The trip that ended with it.
    """
    facts = TruckFacts(None, None, None)
    if trip_id is not None:
        facts = stored.find_truck_facts(conn, trip_id)
    due_at = _due_at(site, plate, direction, at, facts)
    values = CrossingValues(plate, gate, direction, at, trip_id, facts.load, due_at)
    # Nobody is back sooner: a second word within that time is about the same crossing.
    same = stored.find_same(conn, site.id, values, _soonest_back(site))
    if same is not None:
        if same[1] is None and trip_id is not None:
            stored.set_trip(conn, same[0], values)
        return None
    crossing = stored.insert_crossing(conn, site.id, values, by=by, now=now)
    if trip_id is not None:
        tell(
            conn,
            site,
            CROSSING_MADE,
            trip_id,
            now=now,
            crossing=crossing,
            gate=gate,
            direction=direction,
            at=at,
            due_at=due_at,
        )
    for returned, moment in stored.match_ways(conn, site.id, plate):
        _tell_back(conn, site, returned, moment, now)
    return crossing


def note_passed(
    conn: Connection, site: Site, passed: Mapping[int, tuple[str, datetime]], *, now: datetime
) -> None:
    """Note the crossings of trips that ended by what their visits show: trip → gate, moment."""
    for trip_id, (gate, at) in sorted(passed.items()):
        trip = find_trip_locked(conn, trip_id, site=site.id)
        if trip is not None:
            note_crossing(
                conn,
                site,
                plate=trip.plate,
                gate=gate,
                direction=trip.direction,
                at=at,
                by="flowctl",
                now=now,
                trip_id=trip_id,
            )


def note_seen_back(conn: Connection, site: Site, *, now: datetime) -> None:
    """Note which trucks that are on the other side were seen on this one since they crossed."""
    for trip_id, at in stored.close_seen_back(conn, site.id, after=_soonest_back(site), now=now):
        _tell_back(conn, site, trip_id, at, now)


def _soonest_back(site: Site) -> timedelta:
    return timedelta(seconds=site.dispatch.return_after_s)


def _due_at(
    site: Site, plate: str, direction: str, at: datetime, facts: TruckFacts
) -> datetime | None:
    """Return by when a truck has to be back: what it declared, within the limit of its kind."""
    away = site.policy.away
    if direction != Direction.EXPORT or not _belongs_here(plate, facts.nationality):
        return None
    limit_h = away.one_way_h if facts.returns_within_h is None else away.two_way_h
    hours = [one for one in (limit_h, facts.returns_within_h or 0.0) if one > 0]
    return at + timedelta(hours=min(hours)) if hours else None


def _belongs_here(plate: str, nationality: str | None) -> bool:
    if nationality is not None:
        return nationality != PlateForm.CN
    try:
        return parse_plate(plate).form is PlateForm.VN
    except FlowctlError:
        # An officer's mark of a truck without a plate: where it belongs nobody said.
        return False


def _tell_back(
    conn: Connection, site: Site, trip_id: int | None, at: datetime, now: datetime
) -> None:
    """Tell partners that a trip's truck is back."""
    if trip_id is not None:
        tell(conn, site, CROSSING_MADE, trip_id, now=now, direction=Direction.IMPORT, at=at)
