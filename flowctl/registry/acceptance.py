"""An operator's word that a truck's new device stands in for the one that proved its place.

An honest driver whose tracker breaks in the yard would lose the place otherwise: it belongs to
trip, truck and device together.
"""

from datetime import datetime
from enum import StrEnum

from flowctl.dispatch.reasons import Reason
from flowctl.errors import ConflictError
from flowctl.ledger.entries import Entry, Kind
from flowctl.registry.trips import get_active, record
from flowctl.site import Site
from flowctl.storage import trips as stored
from flowctl.storage.trips import Connection


class Cause(StrEnum):
    """Why a device was changed; a code, for the ledger holds no free words about people."""

    BROKEN = "broken"
    LOST = "lost"
    REPLACED = "replaced"
    """Its owner gave the truck another one."""


def accept_device(
    conn: Connection, site: Site, trip_id: int, *, cause: Cause, by: str, now: datetime
) -> None:
    """Let what former devices proved of a trip's arrival count for its present device.

    With a further change of the device it is lost again.

    Raises
    ------
    NotFoundError
        There is no such trip.
    ConflictError
        The trip is over or has no device, or no place was lost by a change of devices.
    """
    trip = get_active(conn, site, trip_id)
    if trip.device is None:
        raise ConflictError(
            f"Trip {trip_id} has no device now; say which one its truck carries, then accept it.",
            kind="no_device_now",
            values={"trip": trip_id},
        )
    counted_at = stored.find_left_place(conn, trip_id)
    if counted_at is None:
        raise ConflictError(
            f"Trip {trip_id} has lost no place by a change of its device; there is none to give"
            " back.",
            kind="lost_no_place",
            values={"trip": trip_id},
        )
    stored.accept_device(conn, trip_id, now=now)
    entry = Entry(
        Kind.CHANGED,
        now,
        trip_id,
        reason=Reason.DEVICE_ACCEPTED,
        actor=by,
        details={"device": "accepted", "cause": cause, "counted_at": counted_at.isoformat()},
    )
    record(conn, site, entry, now)
