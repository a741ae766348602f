"""Call-ups that were not followed, and places that change hands: no-shows, standby, swaps.

A place must not be lost because one truck does not come; a truck that cannot come in time must not
lose its seniority.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from flowctl.dispatch.called import standing
from flowctl.dispatch.hand import Blocks, blocks_of, pins_of
from flowctl.dispatch.lane_room import kind_of
from flowctl.dispatch.locks import is_locked_in
from flowctl.dispatch.reasons import Reason
from flowctl.dispatch.seniority import seniority
from flowctl.site import Site
from flowctl.state import LiveTrip, Slot, Snapshot, Stage
from flowctl.traffic.capacity import CapacityEstimate

_PROOF_SHARE = 0.5
"""A truck has not shown up where its tracker told so in this last share of the time it had. A
tracker that has been silent since the call-up proves nothing: the truck may be on its way."""


@dataclass(frozen=True, slots=True)
class Expired:
    """A call-up that is over: of ``trip_id`` to ``gate`` (or first to ``to_yard``).

    ``reason`` is no_show where the truck still stands in ``yard``, release_expired where it is not
    known to, and did not come in time; held where an operator holds it, unconfirmed where its
    stages do not let it go any more, and it has not left yet.
    ``called_at`` is when it was called up.
    """

    trip_id: int
    gate: str
    yard: str | None
    to_yard: str | None
    reason: Reason
    called_at: datetime


@dataclass(frozen=True, slots=True)
class Swap:
    """Two drivers exchange slots: ``gives`` cannot make ``slot_given`` and gets ``slot_taken``.

    Both are of one gate; ``takes`` had ``slot_taken`` and goes earlier now. Where an operator had
    them exchanged (``actor``, by the act ``act_id``) either may be earlier, and of another gate.
    """

    gives: int
    takes: int
    slot_given: Slot
    slot_taken: Slot
    act_id: int | None = None
    actor: str = "flowctl"

    @property
    def gate(self) -> str:
        """The gate of the slot given."""
        return self.slot_given.gate


def expiries(snapshot: Snapshot) -> tuple[Expired, ...]:
    """Return the call-ups that are over now and of which nobody was told yet."""
    found = []
    blocks = blocks_of(snapshot)
    for trip in snapshot.trips:
        if trip.released_gate is None or trip.release_ended or trip.stage is not Stage.RELEASED:
            continue
        reason = _over(snapshot, trip, blocks)
        if reason is not None and trip.released_at is not None:
            found.append(
                Expired(
                    trip.id,
                    trip.released_gate,
                    trip.yard,
                    trip.moving_to,
                    reason,
                    trip.released_at,
                )
            )
    return tuple(found)


def _over(snapshot: Snapshot, trip: LiveTrip, blocks: Blocks) -> Reason | None:
    """Return why a call-up is over, None where it still holds."""
    now, expires_at = snapshot.now, trip.release_expires_at
    # Who is on the road to the gate can turn nowhere: only who still stands is called back.
    if _stayed(trip) and trip.released_gate in blocks.get(trip.id, ()):
        return Reason.HELD
    if _stayed(trip) and is_locked_in(trip):
        return Reason.UNCONFIRMED
    if _stayed(trip) and trip.released_at is not None:
        rules = snapshot.site.policy.standby
        proof_at = trip.released_at + timedelta(seconds=rules.no_show_s * (1.0 - _PROOF_SHARE))
        proved = trip.seen_at is not None and trip.seen_at >= proof_at
        # One that left in time is known to have left by then.
        known_at = trip.released_at + timedelta(seconds=rules.judged_s)
        if proved and now >= known_at:
            return Reason.NO_SHOW
    return Reason.RELEASE_EXPIRED if expires_at is not None and expires_at <= now else None


def _stayed(trip: LiveTrip) -> bool:
    """Tell whether a truck stands where it was called up: one that was sent back did follow."""
    if trip.yard is None or trip.released_at is None:
        return False
    return trip.yarded_at is None or trip.yarded_at <= trip.released_at


def with_expired(snapshot: Snapshot, expired: Sequence[Expired]) -> Snapshot:
    """Return the snapshot in which these call-ups are over."""
    reasons = {one.trip_id: one.reason for one in expired}
    if not reasons:
        return snapshot
    return replace(
        snapshot,
        trips=tuple(
            trip._replace(
                release_ended=reasons[trip.id],
                release_expires_at=min(trip.release_expires_at or snapshot.now, snapshot.now),
            )
            if trip.id in reasons
            else trip
            for trip in snapshot.trips
        ),
    )


def fills(
    snapshot: Snapshot, expired: Sequence[Expired], estimates: Mapping[str, CapacityEstimate]
) -> Mapping[str, int]:
    """Return by gate how many places left by no-shows go to trucks that stand by.

    Within an hour at most the policy's share of what the gate takes, at least one.
    """
    hour_ago = snapshot.now - timedelta(hours=1)
    left = Counter(one.gate for one in expired if one.reason is Reason.NO_SHOW)
    used = Counter(
        trip.released_gate
        for trip in snapshot.trips
        if trip.standby and trip.released_at is not None and trip.released_at > hour_ago
    )
    most = _hourly(snapshot.site, estimates)
    return {gate: max(min(count, most[gate] - used[gate]), 0) for gate, count in left.items()}


def _hourly(site: Site, estimates: Mapping[str, CapacityEstimate]) -> dict[str, int]:
    """Return how many places an hour may change hands at each gate."""
    share = site.policy.standby.share
    return {
        gate: max(int(share * learned.per_h), 1 if share > 0.0 else 0)
        for gate, learned in estimates.items()
    }


def swaps(snapshot: Snapshot, estimates: Mapping[str, CapacityEstimate]) -> tuple[Swap, ...]:
    """Return who changes slots with whom, so that no near slot is lost.

    A truck gives a near slot where even late it cannot be there within the slot's tolerance. It
    goes to a truck that stands in a yard, is told a later slot of that gate, can make the earlier
    one and leaves one that the giver can make: one that stands by before others, then the one with
    the nearest slot, then the senior. Both keep their seniority. Of the slots of an hour at most
    the policy's share change hands, and no driver's twice within ``quiet_s``.
    """
    rules = snapshot.site.dispatch
    near = snapshot.now + timedelta(seconds=rules.freeze_s)
    kept = {*blocks_of(snapshot), *pins_of(snapshot)}
    free = [trip for trip in snapshot.trips if trip.id not in kept and _may_swap(trip, snapshot)]
    givers = sorted(
        (trip for trip in free if _slot(trip).starts_at <= near and _misses(trip, snapshot)),
        key=lambda trip: (_slot(trip).starts_at, trip.id),
    )
    if not givers:
        return ()
    takers = sorted(
        (trip for trip in free if standing(trip, snapshot.now) and not _misses(trip, snapshot)),
        key=lambda trip: (
            not trip.standby,
            _slot(trip).starts_at,
            seniority(trip, snapshot.site.policy),
        ),
    )
    reaches = {
        trip.id: _reaches_at(trip, _slot(trip).gate, snapshot) for trip in (*givers, *takers)
    }
    most = _hourly(snapshot.site, estimates)
    used = Counter(_hour(_slot(trip)) for trip in snapshot.trips if trip.swapped and trip.told)
    found: list[Swap] = []
    for giver in givers:
        slot = _slot(giver)
        left = most.get(slot.gate, 0)
        if used[_hour(slot)] >= left:
            continue
        fitting = (
            one
            for one in takers
            if used[_hour(_slot(one))] < left and _fits(giver, one, reaches, snapshot)
        )
        taker = next(fitting, None)
        if taker is not None:
            used.update((_hour(slot), _hour(_slot(taker))))
            takers.remove(taker)
            found.append(Swap(giver.id, taker.id, slot, _slot(taker)))
    return tuple(found)


def _hour(slot: Slot) -> tuple[str, int]:
    return slot.gate, int(slot.starts_at.timestamp()) // 3600


def with_swaps(snapshot: Snapshot, swapped: Sequence[Swap]) -> Snapshot:
    """Return the snapshot in which these drivers have each other's slots."""
    slots = {swap.gives: swap.slot_taken for swap in swapped}
    slots |= {swap.takes: swap.slot_given for swap in swapped}
    if not slots:
        return snapshot
    return replace(
        snapshot,
        trips=tuple(
            trip._replace(told=slots[trip.id], told_at=snapshot.now, swapped=True)
            if trip.id in slots
            else trip
            for trip in snapshot.trips
        ),
    )


def _slot(trip: LiveTrip) -> Slot:
    if trip.told is None:
        raise ValueError(f"Trip {trip.id} was told no slot.")
    return trip.told


def _may_swap(trip: LiveTrip, snapshot: Snapshot) -> bool:
    """Tell whether a truck has a slot that counts, and its driver did not just hear of another."""
    if trip.told is None or trip.told_at is None or trip.id in snapshot.advice:
        return False
    if is_locked_in(trip):
        return False
    quiet = timedelta(seconds=snapshot.site.dispatch.quiet_s)
    if trip.told_at + quiet > snapshot.now:
        return False
    return trip.stage in (Stage.REGISTERED, Stage.STAGED) or standing(trip, snapshot.now)


def _misses(trip: LiveTrip, snapshot: Snapshot) -> bool:
    """Tell whether a truck will surely be later than its slot's tolerance."""
    slot = _slot(trip)
    reach = _reaches_at(trip, slot.gate, snapshot)
    return reach is not None and reach > _ends_at(slot, snapshot) + timedelta(
        seconds=snapshot.site.policy.slot.late_s
    )


def _fits(
    giver: LiveTrip,
    taker: LiveTrip,
    reaches: Mapping[int, datetime | None],
    snapshot: Snapshot,
) -> bool:
    """Tell whether each can be there before the other's slot ends, the taker's being later.

    Both use the same lanes of the gate: a slot is a place in the lanes of its truck.
    """
    given, taken = _slot(giver), _slot(taker)
    if taker.id == giver.id or given.gate != taken.gate or taken.starts_at <= given.starts_at:
        return False
    gate = snapshot.site.gate_by_id.get(given.gate)
    if gate is None or kind_of(gate, giver) != kind_of(gate, taker):
        return False
    soon, late = reaches[taker.id], reaches[giver.id]
    return (
        soon is not None
        and late is not None
        and soon <= _ends_at(given, snapshot)
        and late <= _ends_at(taken, snapshot)
    )


def _ends_at(slot: Slot, snapshot: Snapshot) -> datetime:
    return slot.starts_at + timedelta(seconds=snapshot.site.dispatch.slot_s)


def _reaches_at(trip: LiveTrip, gate: str, snapshot: Snapshot) -> datetime | None:
    """Return when a truck is at a gate, on the road by what nine of ten keep; None: not known."""
    site, now = snapshot.site, snapshot.now
    present = now if trip.arrived_at is not None else trip.eta_yard_late_at
    if present is None:
        return None
    ready = trip.ready_at
    if ready > now:
        ready += timedelta(seconds=site.dispatch.ready_margin_s)
    yards = [yard for yard in site.yards if trip.yard in (None, yard.id)]
    ways = [way.travel_s for yard in yards if (way := yard.access_to(gate)) is not None]
    if not ways:
        return None
    return max(present, ready, now) + timedelta(seconds=min(ways))
