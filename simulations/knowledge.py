"""What the controller knows and has said of each trip, kept in memory as production keeps tables.

Facts of the trucks come from elsewhere (`simulations.knowledge_truth`, of positions
`simulations.knowledge_gps`); here is what becomes of a decision: who was told what, whose call-up
is over, what it cost.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from flowctl.closures import Closure
from flowctl.controller import Decision, list_passed
from flowctl.dispatch.legs import Move
from flowctl.dispatch.metering import Release
from flowctl.dispatch.notices import Notice, NoticeKind
from flowctl.dispatch.reasons import Reason
from flowctl.dispatch.standby import Expired, Swap
from flowctl.lanes import LaneUse
from flowctl.site import Site
from flowctl.state import Advice, AdviceKind, Cargo, GateHistory, LiveTrip, Snapshot


class Word(NamedTuple):
    """One message to the driver of a trip; ``kind`` as production's outbox names it.

    ``starts_at`` is the begin of the slot it tells, None where it tells of none.
    """

    trip_id: int
    kind: str
    gate: str
    starts_at: datetime | None = None


class Book:
    """The active trips of a site, what their drivers heard, and what was aimed at.

    Parameters
    ----------
    site
        Its policy says which cargo goes first.
    """

    def __init__(self, site: Site) -> None:
        self._classes = site.policy.priority.classes
        self._trips: dict[int, LiveTrip] = {}
        self._advice: dict[int, Advice] = {}
        self._lanes: tuple[LaneUse, ...] = ()
        self._aims: dict[str, tuple[float, datetime]] = {}
        self._entered = 0
        self._over: list[int] = []

    def enter(
        self,
        *,
        gates: tuple[str, ...],
        cargo: Cargo,
        registered_at: datetime,
        ready_at: datetime,
    ) -> int:
        """Register a trip and return its number; numbers count up as trips are registered."""
        self._entered += 1
        self._trips[self._entered] = LiveTrip(
            self._entered,
            gates,
            cargo,
            registered_at,
            ready_at,
            priority=self._classes.get(cargo, 0),
        )
        return self._entered

    def learn(self, trip_id: int, **facts: Any) -> None:  # noqa: ANN401 - fields of LiveTrip
        """Take in what was seen of a trip; of one that is over nothing is kept."""
        trip = self._trips.get(trip_id)
        if trip is not None:
            self._trips[trip_id] = trip._replace(**facts)

    def find(self, trip_id: int) -> LiveTrip | None:
        """Return a trip as it stands, None where it is over."""
        return self._trips.get(trip_id)

    def drop(self, trip_id: int) -> None:
        """End a trip: it is through, or went home."""
        self._trips.pop(trip_id, None)
        self._advice.pop(trip_id, None)
        self._over.append(trip_id)

    def take_over(self) -> list[int]:
        """Return the trips that ended since the last time."""
        taken, self._over = self._over, []
        return taken

    def snapshot(
        self,
        site: Site,
        now: datetime,
        gates: tuple[GateHistory, ...],
        closures: tuple[Closure, ...],
    ) -> Snapshot:
        """Return what one step decides from; ``site`` is as its ``closures`` leave it."""
        return Snapshot(
            site,
            now,
            tuple(self._trips.values()),
            gates,
            closures=closures,
            advice=dict(self._advice),
            lanes=self._lanes,
        )

    def find_aim(self, gate: str) -> tuple[float, datetime] | tuple[None, None]:
        """Return what release metering last aimed at for a gate, and when."""
        return self._aims.get(gate, (None, None))

    def keep(self, snapshot: Snapshot, decision: Decision) -> list[Word]:
        """Take in a decision, in the order in which production commits it; return what is said.

        What costs a driver something is said after what happened.
        """
        now, site = snapshot.now, snapshot.site
        for figures in decision.gates:
            self._aims[figures.gate] = (figures.n_target, now)
        said: list[Word] = []
        if decision.plan is not None:
            self._lanes = decision.lanes
            said += self._tell(decision, now)
            said += self._notify(decision.notices, now)
        loses_s = site.policy.no_show.loses_s
        said += self._end(decision.expired, now)
        said += self._swap(decision.swaps, now)
        said += self._call(decision.releases, decision.moves, now)
        self._lose_places(decision)
        said += self._fine(decision.expired, loses_s)
        for trip_id, gate in list_passed(snapshot).items():
            self.drop(trip_id)
            said.append(Word(trip_id, "passed", gate))
        return said

    def _tell(self, decision: Decision, now: datetime) -> Iterator[Word]:
        for one in decision.tellings:
            self.learn(one.trip_id, told=one.slot, told_at=now, swapped=False)
            self._advice.pop(one.trip_id, None)
            kind = "slot" if one.previous is None else "slot_changed"
            yield Word(one.trip_id, kind, one.slot.gate, one.slot.starts_at)

    def _notify(self, notices: tuple[Notice, ...], now: datetime) -> Iterator[Word]:
        for one in notices:
            if one.kind is NoticeKind.DEPART:
                self._advice.pop(one.trip_id, None)
            else:
                reason = None if one.reason is None else str(one.reason)
                kind = AdviceKind(one.kind.value)
                self._advice[one.trip_id] = Advice(kind, one.gate, now, reason)
            yield Word(one.trip_id, one.kind.value, one.gate)

    def _end(self, expired: tuple[Expired, ...], now: datetime) -> Iterator[Word]:
        for one in expired:
            trip = self._trips[one.trip_id]
            ends_at = min(trip.release_expires_at or now, now)
            self.learn(one.trip_id, release_ended=str(one.reason), release_expires_at=ends_at)
            kind = "no_show" if one.reason is Reason.NO_SHOW else "call_over"
            yield Word(one.trip_id, kind, one.gate)

    def _swap(self, swaps: tuple[Swap, ...], now: datetime) -> Iterator[Word]:
        for swap in swaps:
            for trip, slot in ((swap.takes, swap.slot_given), (swap.gives, swap.slot_taken)):
                self.learn(trip, told=slot, told_at=now, swapped=True)
                yield Word(trip, "slot_changed", slot.gate, slot.starts_at)

    def _call(
        self, releases: tuple[Release, ...], moves: tuple[Move, ...], now: datetime
    ) -> Iterator[Word]:
        called: tuple[Release | Move, ...] = (*releases, *moves)
        for one in called:
            to_yard = one.to_yard if isinstance(one, Move) else None
            self.learn(
                one.trip_id,
                released_at=now,
                released_gate=one.gate,
                release_expires_at=one.expires_at,
                release_ended=None,
                moving_to=to_yard,
            )
            yield Word(one.trip_id, "call_up" if to_yard is None else "move_up", one.gate)

    def _lose_places(self, decision: Decision) -> None:
        for one in decision.overtakes:
            if one.reason is Reason.PRIORITY:
                for senior in one.seniors:
                    trip = self._trips.get(senior)
                    if trip is not None:
                        self.learn(senior, places_lost=trip.places_lost + 1)

    def _fine(self, expired: tuple[Expired, ...], loses_s: float) -> Iterator[Word]:
        for one in expired:
            if one.reason is Reason.NO_SHOW and loses_s > 0:
                penalty_s = self._trips[one.trip_id].penalty_s + loses_s
                self.learn(one.trip_id, penalty_s=penalty_s)
                yield Word(one.trip_id, "penalty", one.gate)
