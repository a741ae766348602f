"""What a driver's side may ask for of an active trip, by the page, by SMS or by an account.

Each in the caller's transaction, with its entry in the ledger. What cannot be is refused with a
code beside the sentence, for who answers in another language.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from flowctl.dispatch.reasons import Reason
from flowctl.errors import ConflictError, NotFoundError
from flowctl.ledger.entries import Entry, Kind
from flowctl.registry.trips import get_active, record
from flowctl.site import Site
from flowctl.storage import trips as stored
from flowctl.storage.closures import find_advice
from flowctl.storage.live import LiveRow, find_live
from flowctl.storage.trips import Connection
from flowctl.workflow.stages import Lock


class Obstacle(StrEnum):
    """Why something cannot be asked for; the catalogue has each in words (``sms.refused``)."""

    NO_SLOT = "no_slot"
    CALLED = "called"
    TOO_LATE = "too_late"
    USED_UP = "used_up"
    NOT_FREE = "not_free"


class RefusedError(ConflictError):
    """What was asked for cannot be now; ``obstacle`` is the reason."""

    def __init__(self, obstacle: Obstacle, sentence: str) -> None:
        super().__init__(sentence, kind=str(obstacle))
        self.obstacle = obstacle


def accept(conn: Connection, site: Site, trip_id: int, *, by: str, now: datetime) -> None:
    """Note that the driver accepts the slot told last; one told later has to be accepted anew.

    Raises
    ------
    RefusedError
        There is no slot, or it is past.
    ConflictError
        The trip is over.
    """
    live = get_live_locked(conn, site, trip_id)
    starts_at = _get_standing(conn, site, live, now)
    if live.accepted_at is not None:
        return
    stored.accept_slot(conn, trip_id, now=now)
    record(conn, site, _changed(live, now, by, "accepted", {"starts_at": starts_at}), now)


def come_late(
    conn: Connection, site: Site, trip_id: int, minutes: int, *, by: str, now: datetime
) -> datetime | None:
    """Note that the driver comes so many minutes after the slot's beginning.

    Within the policy's lateness the slot stays, and None is returned. Else it is as if more time
    had been asked for, see `extend`: the moment is returned before which the slot will not be.

    Raises
    ------
    RefusedError
        There is no slot, it is past, or it cannot be moved as far as that.
    ConflictError
        The trip is over.
    """
    live = get_live_locked(conn, site, trip_id)
    late = timedelta(minutes=minutes)
    starts_at = _get_standing(conn, site, live, now)
    if late > timedelta(seconds=site.policy.slot.late_s):
        until = _get_movable(conn, site, live, now) + late
        _extend(conn, site, live, until, by=by, now=now)
        return until
    until = starts_at + late
    if live.late_until != until:
        stored.note_late(conn, trip_id, until=until)
        details = {"starts_at": starts_at, "late_until": until}
        record(conn, site, _changed(live, now, by, "late", details), now)
    return None


def may_accept(conn: Connection, site: Site, live: LiveRow, now: datetime) -> bool:
    """Tell whether an active trip has a slot that its driver has not accepted and still can."""
    try:
        _get_standing(conn, site, live, now)
    except RefusedError:
        return False
    return live.accepted_at is None and live.released_at is None


def extend(conn: Connection, site: Site, trip_id: int, *, by: str, now: datetime) -> datetime:
    """Give a truck more time: its slot moves by the policy's extension at the earliest.

    Returns the moment before which its slot will not be. The next plan tells the slot.

    Raises
    ------
    RefusedError
        The trip has no slot yet or was called up, the slot is past, or the day's extensions are
        used up.
    ConflictError
        The trip is over.
    """
    live = get_live_locked(conn, site, trip_id)
    until = get_extension(conn, site, live, now)
    _extend(conn, site, live, until, by=by, now=now)
    return until


def _extend(
    conn: Connection, site: Site, live: LiveRow, until: datetime, *, by: str, now: datetime
) -> None:
    stored.extend(conn, live.id, until=until, now=now)
    record_extension(conn, site, live, until, by=by, now=now)


def record_extension(
    conn: Connection, site: Site, live: LiveRow, until: datetime, *, by: str, now: datetime
) -> None:
    """Write into the ledger that a trip's slot is not to be before ``until``."""
    details = {"extended_until": until}
    record(conn, site, _changed(live, now, by, Reason.EXTENSION, details), now)


def get_extension(conn: Connection, site: Site, live: LiveRow, now: datetime) -> datetime:
    """Return the moment before which an active trip's slot would not be, given more time.

    Raises
    ------
    RefusedError
        It cannot be asked for now, see `extend`.
    """
    more = timedelta(seconds=site.policy.slot.extension_s)
    return _get_movable(conn, site, live, now) + more


def _get_movable(conn: Connection, site: Site, live: LiveRow, now: datetime) -> datetime:
    """Return the moment from which on a slot may be moved, if the day allows another move."""
    check_movable(conn, site, live, now)
    starts_at = _get_slot(site, live, now)
    # Asked twice before the next plan, the second comes on top of the first.
    return max(starts_at, live.extended_until or starts_at)


def check_movable(conn: Connection, site: Site, live: LiveRow, now: datetime) -> None:
    """Raise a RefusedError where a trip has no slot that could be moved today."""
    _get_slot(site, live, now)
    advice = find_advice(conn, live.id)
    if advice is not None and advice.reason == Reason.HELD:
        raise RefusedError(
            Obstacle.NO_SLOT,
            f"The truck of trip {live.id} is held by the control room; its slot follows once it is"
            " not held any more.",
        )
    if Lock.SLOT in live.locked:
        raise RefusedError(
            Obstacle.NO_SLOT,
            f"What the agencies have to confirm of trip {live.id} is not confirmed; its slot"
            " follows once it is.",
        )
    if stored.is_released(conn, live.id):
        raise RefusedError(
            Obstacle.CALLED, f"The truck of trip {live.id} was called to the gate already."
        )
    if count_moves_left(conn, site, live.id, now) == 0:
        most, today = site.policy.slot.extensions_per_day, now.astimezone(site.timezone).date()
        raise RefusedError(
            Obstacle.USED_UP,
            f"Trip {live.id} has used up its {most} extensions of {today};"
            " it keeps the slot it has.",
        )


def count_moves_left(conn: Connection, site: Site, trip_id: int, now: datetime) -> int:
    """Return how often a trip's slot may still be moved on this local day at its driver's wish."""
    today = now.astimezone(site.timezone).date()
    used = sum(
        at.astimezone(site.timezone).date() == today for at in stored.list_extensions(conn, trip_id)
    )
    return max(site.policy.slot.extensions_per_day - used, 0)


def _get_slot(site: Site, live: LiveRow, now: datetime) -> datetime:
    """Return when the slot starts that an active trip's driver may still say something of."""
    if live.told_starts_at is None:
        raise RefusedError(
            Obstacle.NO_SLOT,
            f"Trip {live.id} has no slot yet that could be moved; change ready_at instead.",
        )
    ends_at = live.told_starts_at + timedelta(
        seconds=site.dispatch.slot_s + site.policy.slot.late_s
    )
    if now > ends_at:
        raise RefusedError(
            Obstacle.TOO_LATE,
            f"The slot of trip {live.id} was to be asked about until {_local(site, ends_at)};"
            " it is too late to move it.",
        )
    return live.told_starts_at


def _get_standing(conn: Connection, site: Site, live: LiveRow, now: datetime) -> datetime:
    """Return the same of a slot that still counts: none does once the driver heard to wait."""
    if live.told_starts_at is not None and find_advice(conn, live.id) is not None:
        raise RefusedError(
            Obstacle.NO_SLOT,
            f"The slot of trip {live.id} no longer counts: its driver was told to wait for the"
            " next one.",
        )
    return _get_slot(site, live, now)


def get_live_locked(conn: Connection, site: Site, trip_id: int) -> LiveRow:
    """Return an active trip that nobody else may change until the transaction ends.

    Raises
    ------
    NotFoundError, ConflictError
        There is no such trip, or it is over.
    """
    get_active(conn, site, trip_id)
    live = find_live(conn, trip_id, site=site.id)
    if live is None:
        raise NotFoundError(f"There is no trip {trip_id}.", kind="no_trip")
    return live


def _changed(
    live: LiveRow, now: datetime, by: str, reason: str, moments: dict[str, datetime]
) -> Entry:
    return Entry(
        Kind.CHANGED,
        now,
        live.id,
        reason=reason,
        actor=by,
        details={name: moment.isoformat() for name, moment in moments.items()},
    )


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
