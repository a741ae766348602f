"""A driver's phone in the place of a tracker, where the truck has none that reports.

Its positions go the ordinary way and prove arrivals like any other. But a phone leaves the truck
with its driver, so it is marked: operators see that a trip is followed by one, and the ledger says
so of the arrival it proves.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from flowctl.errors import ConflictError, NotFoundError
from flowctl.registry import sources
from flowctl.registry.changes import TripChange, change
from flowctl.registry.devices import carry, register_device
from flowctl.registry.keys import Keys
from flowctl.site import Site
from flowctl.storage.devices import mark_phone
from flowctl.storage.live import LiveRow, find_live
from flowctl.storage.sources import Connection, Source

PHONES = "driver-phones"
"""The source all drivers' phones belong to."""

Tracker = Literal["device", "phone"]


@dataclass(frozen=True, slots=True)
class PhoneTrackerParams:
    """When a phone may stand in, and for how long its token is good."""

    silent: timedelta = timedelta(minutes=30)
    """A tracker reports every quarter of an hour at least, also when parked (QCVN 31)."""
    lasts: timedelta = timedelta(days=7)
    """Wall time; the page asks for another one when it needs to."""


PARAMS = PhoneTrackerParams()


@dataclass(frozen=True, slots=True)
class PhoneTracker:
    """The device that a phone is now, and the token its positions show."""

    device: str
    token: str


def tracker_of(row: LiveRow) -> Tracker | None:
    """Return by what a trip is followed; None where by nothing."""
    if row.device is None:
        return None
    return "phone" if row.is_phone else "device"


def take_phone(
    conn: Connection,
    site: Site,
    keys: Keys,
    trip_id: int,
    *,
    by: str,
    now: datetime,
    wall_now: datetime,
) -> PhoneTracker:
    """Follow a trip by its driver's phone; asked again, the same device gets a new token.

    Raises
    ------
    NotFoundError
        There is no such trip.
    ConflictError
        The trip is over; a tracker of the truck reports; or one that fell silent has proved the
        truck's arrival, which another device would cost it.
    """
    row = find_live(conn, trip_id, site=site.id)
    if row is None:
        raise NotFoundError(f"There is no trip {trip_id}.")
    if row.state != "active":
        raise ConflictError(f"Trip {trip_id} is over; it is not followed any more.")
    source = _phones(conn)
    if row.is_phone and row.device is not None:
        return PhoneTracker(row.device, _token(conn, source, row.device, wall_now))
    _refuse_where_followed(row, now)
    device = f"phone-{trip_id}-{secrets.token_hex(4)}"
    token = _token(conn, source, device, wall_now)
    known = register_device(conn, device)
    mark_phone(conn, known.id)
    # Not the truck's own device: its next trip is not followed by this phone of itself.
    carry(conn, known.id, row.plate, since=now, is_primary=False, by=by)
    change(conn, site, keys, trip_id, TripChange(device=device), by=by, now=now)
    return PhoneTracker(device, token)


def _token(conn: Connection, source: Source, device: str, wall_now: datetime) -> str:
    return sources.add_token(
        conn, source.name, wall_now=wall_now, device=device, lasts=PARAMS.lasts
    )


def _refuse_where_followed(row: LiveRow, now: datetime) -> None:
    if row.device is None:
        return
    if row.fixed_at is not None and now - row.fixed_at <= PARAMS.silent:
        raise ConflictError("The truck's own tracker reports; the phone is not needed.")
    if row.arrived_at is not None:
        raise ConflictError(
            "The truck's tracker has proved its arrival and then fell silent. With a phone in its"
            " place the truck would lose its place in the order; ask an operator."
        )


def _phones(conn: Connection) -> Source:
    try:
        return sources.get_source(conn, PHONES)
    except NotFoundError:
        sources.add_source(conn, name=PHONES)
        return sources.get_source(conn, PHONES)
