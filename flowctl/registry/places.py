"""Another slot for a driver who asks: real places that the newest plan left free.

A place is the driver's as soon as he chooses it: the slot is told at once, and the plans that
follow keep it as they keep every promise. It counts as one of the day's extensions.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from flowctl.dispatch.reach import reach_of
from flowctl.dispatch.reasons import Reason
from flowctl.dispatch.room import FreePlace
from flowctl.dispatch.supply import columns_of
from flowctl.dispatch.telling import Telling
from flowctl.errors import ConflictError
from flowctl.registry.requests import (
    Obstacle,
    RefusedError,
    check_movable,
    get_live_locked,
    record_extension,
)
from flowctl.site import Site
from flowctl.state import LiveTrip, Slot
from flowctl.storage import places as stored
from flowctl.storage import trips
from flowctl.storage.eta import list_yard_etas
from flowctl.storage.live import Connection, LiveRow
from flowctl.storage.plans import tell_slots
from flowctl.storage.snapshot import live_trip

MOST_OFFERED = 12
"""Slots a driver is shown: three hours of quarters."""
_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Offer:
    """A slot that a driver may choose, with the trucks it still takes."""

    gate: str
    starts_at: datetime
    ends_at: datetime
    free: int


@dataclass(frozen=True, slots=True)
class _Choice:
    """A free place, and the moment before which the truck must not leave for it."""

    place: FreePlace
    ready_at: datetime


def list_offers(conn: Connection, site: Site, live: LiveRow, now: datetime) -> list[Offer]:
    """Return the slots that an active trip's driver may choose, the soonest first.

    Empty where none may be asked for now. Trucks that cross in a convoy, need a bay or come back
    by a moment are offered none: the plan has to fit them in.
    """
    try:
        check_movable(conn, site, live, now)
    except ConflictError:
        return []
    free: dict[Slot, int] = defaultdict(int)
    for choice in _choices(conn, site, live, now):
        free[Slot(choice.place.gate, choice.place.starts_at)] += choice.place.free
    width = timedelta(seconds=site.dispatch.slot_s)
    offers = [
        Offer(slot.gate, slot.starts_at, slot.starts_at + width, count)
        for slot, count in free.items()
    ]
    return offers[:MOST_OFFERED]


def choose(
    conn: Connection, site: Site, trip_id: int, slot: Slot, *, by: str, now: datetime
) -> None:
    """Give a driver the free slot he chose, and tell him so.

    Raises
    ------
    RefusedError
        It is not free for this truck (any more), or its slot cannot be moved today.
    ConflictError
        The trip is over.
    """
    live = get_live_locked(conn, site, trip_id)
    check_movable(conn, site, live, now)
    told = live_trip(live).told
    for choice in _choices(conn, site, live, now):
        if Slot(choice.place.gate, choice.place.starts_at) != slot:
            continue
        plan = stored.take_free(conn, site.id, choice.place)
        if plan is not None:
            trips.extend(conn, trip_id, until=choice.ready_at, now=now, chosen=slot)
            record_extension(conn, site, live, choice.ready_at, by=by, now=now)
            tell_slots(conn, site, [Telling(trip_id, slot, Reason.EXTENSION, told)], plan, now)
            return
    raise RefusedError(
        Obstacle.NOT_FREE,
        f"The slot {_local(site, slot.starts_at)} at {slot.gate} is not free for trip {trip_id};"
        " look at the list of free slots again.",
    )


def _choices(conn: Connection, site: Site, live: LiveRow, now: datetime) -> Iterator[_Choice]:
    """Yield the free places that the next plan can give a truck, the soonest first."""
    if live.told_starts_at is None or live.convoy or live.needs or live.returns_within_h:
        return
    eta = list_yard_etas(conn, site, [live], now).get(live.id)
    trip = live_trip(live, eta)
    reach = _reach(site, trip, now)
    interval = timedelta(seconds=site.dispatch.plan_interval_s)
    used = _haulier_use(conn, site, live)
    for place in stored.list_free(conn, site.id, live.gates):
        soonest, lead = reach.get((place.gate, place.lane_class), (None, timedelta(0)))
        # The plan that follows finds the truck ready later than then, so that the margin holds.
        if soonest is None or place.starts_at < max(soonest, now + lead) + interval:
            continue
        hour = int(place.starts_at.timestamp()) // _HOUR_S
        if place.starts_at > live.told_starts_at and used[place.gate, hour] < place.haulier_most:
            yield _Choice(place, place.starts_at - lead)


def _reach(
    site: Site, trip: LiveTrip, now: datetime
) -> dict[tuple[str, str | None], tuple[datetime, timedelta]]:
    """Return per column when a truck can be there, and how long it needs once it is ready.

    Left out are columns it may not use, and those it reaches through an in-gate yard.
    """
    columns = columns_of(site)
    later = now + timedelta(days=site.dispatch.horizon_days)
    soon = reach_of(site, columns, [trip], now)
    late = reach_of(site, columns, [trip._replace(ready_at=later)], now)
    return {
        (column.gate.id, column.lane_class): (
            datetime.fromtimestamp(soon.at_s[0, at], now.tzinfo),
            timedelta(seconds=late.at_s[0, at] - later.timestamp()),
        )
        for at, column in enumerate(columns)
        if soon.at_s[0, at] < float("inf") and soon.yard[0, at] < 0
    }


def _haulier_use(conn: Connection, site: Site, live: LiveRow) -> dict[tuple[str, int], int]:
    """Return how many of a gate's places of an hour the truck's haulier may have, but for its own.

    Where a slot was not told yet nobody knows but the plan: it counts for every hour.
    """
    others = (
        []
        if live.haulier is None
        else stored.list_haulier_slots(conn, site.id, live.haulier, but=live.id)
    )
    untold = sum(gate is None for gate, _ in others)
    floor = -(10**9) if live.haulier is None else untold
    used: dict[tuple[str, int], int] = defaultdict(lambda: floor)
    for gate, starts_at in others:
        if gate is not None and starts_at is not None:
            used[gate, int(starts_at.timestamp()) // _HOUR_S] += 1
    return used


def _local(site: Site, moment: datetime) -> str:
    return moment.astimezone(site.timezone).isoformat(sep=" ", timespec="minutes")
