"""What a driver's side may ask for of an active trip: more time, and to stand by.

Each in the caller's transaction, with its entry in the ledger.
"""

from datetime import datetime, timedelta

from flowctl.dispatch.reasons import Reason
from flowctl.errors import ConflictError, NotFoundError
from flowctl.ledger.entries import Entry, Kind
from flowctl.registry.trips import get_active, record
from flowctl.site import Site
from flowctl.storage import trips as stored
from flowctl.storage.live import LiveRow, find_live
from flowctl.storage.trips import Connection


def extend(conn: Connection, site: Site, trip_id: int, *, by: str, now: datetime) -> datetime:
    """Give a truck more time: its slot moves by the policy's extension at the earliest.

    Returns the moment before which its slot will not be. The next plan tells the slot.

    Raises
    ------
    ConflictError
        The trip is over, has no slot yet or was called up, the slot is past, or the day's
        extensions are used up.
    """
    get_active(conn, site, trip_id)
    live = find_live(conn, trip_id, site=site.id)
    if live is None:
        raise NotFoundError(f"There is no trip {trip_id}.")
    until = get_extension(conn, site, live, now)
    stored.extend(conn, trip_id, until=until, now=now)
    entry = Entry(
        Kind.CHANGED,
        now,
        trip_id,
        reason=Reason.EXTENSION,
        actor=by,
        details={"extended_until": until.isoformat()},
    )
    record(conn, site, entry, now)
    return until


def get_extension(conn: Connection, site: Site, live: LiveRow, now: datetime) -> datetime:
    """Return the moment before which an active trip's slot would not be, given more time.

    Raises
    ------
    ConflictError
        It cannot be asked for now, see `extend`.
    """
    rules = site.policy.slot
    if live.told_starts_at is None:
        raise ConflictError(
            f"Trip {live.id} has no slot yet that could be moved; change ready_at instead."
        )
    if stored.is_released(conn, live.id):
        raise ConflictError(f"The truck of trip {live.id} was called to the gate already.")
    ends_at = live.told_starts_at + timedelta(seconds=site.dispatch.slot_s + rules.late_s)
    if now > ends_at:
        raise ConflictError(
            f"The slot of trip {live.id} was to be asked about until {_local(site, ends_at)};"
            " it is too late to move it."
        )
    today = now.astimezone(site.timezone).date()
    used = sum(
        at.astimezone(site.timezone).date() == today for at in stored.list_extensions(conn, live.id)
    )
    if used >= rules.extensions_per_day:
        raise ConflictError(
            f"Trip {live.id} has used up its {rules.extensions_per_day} extensions of {today};"
            " it keeps the slot it has."
        )
    # Asked twice before the next plan, the second comes on top of the first.
    since = max(live.told_starts_at, live.extended_until or live.told_starts_at)
    return since + timedelta(seconds=rules.extension_s)


def stand_by(
    conn: Connection, site: Site, trip_id: int, *, on: bool, by: str, now: datetime
) -> None:
    """Say whether a truck's driver stands by to leave at once.

    Raises
    ------
    ConflictError
        The trip is over.
    """
    trip = get_active(conn, site, trip_id)
    if trip.standby == on:
        return
    stored.set_standby(conn, trip_id, on=on)
    entry = Entry(Kind.CHANGED, now, trip_id, actor=by, details={"standby": "on" if on else "off"})
    record(conn, site, entry, now)


def _local(site: Site, moment: datetime) -> str:
    return moment.astimezone(site.timezone).isoformat(sep=" ", timespec="minutes")
