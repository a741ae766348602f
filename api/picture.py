"""The operator's picture of a moment: trucks, gates and yards, from what the stores hold. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import numpy as np

from api.trucks import Truck, list_trucks
from flowctl.dispatch.called import in_transit
from flowctl.dispatch.n_control import export_rate
from flowctl.dispatch.supply import Grid, slot_grid
from flowctl.dispatch.turns import gate_of, shown_stage
from flowctl.site import Gate, Site
from flowctl.state import GateHistory, LiveTrip, Stage
from flowctl.storage.live import GateState, LiveRow
from flowctl.storage.snapshot import live_trip
from flowctl.storage.traffic import QueueState

SLOTS_SHOWN = 8
_DUE_WITHIN = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class SlotLoad:
    """How many trucks were told a slot, and how many exports the gate is believed to take in it."""

    starts_at: datetime
    planned: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Cleared:
    """Trucks that passed since local midnight, by direction."""

    export: int
    import_: int


@dataclass(frozen=True, slots=True)
class Bounded:
    """Trucks an open hour, and the bounds it lies between with 90 %."""

    per_h: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class GatePicture:
    """One gate; what the controller has not said yet is None.

    ``wait_s`` is what the gate's queue is worth at the learned rate.
    ``state`` tells how the gate works against what it usually does, ``exports`` and ``imports``
    what either direction gets while it always waits. ``queue_tail_m`` is how far the queue
    reaches back from the stop line, ``queue_trucks`` how many trucks with a tracker stand in it;
    None where none is seen on the way to the gate. ``waiting_of`` counts the trucks in yards by
    cargo, ``due`` those among them whose slot begins within half an hour or has begun.
    """

    id: str
    open: bool
    next_change_at: datetime | None
    queued: int
    in_lane: int
    in_transit: int
    waiting: int
    n_target: float | None
    capacity_per_h: float | None
    capacity_low: float | None
    capacity_high: float | None
    exports: Bounded | None
    imports: Bounded | None
    state: str
    state_since: datetime | None
    cleared: Cleared
    wait_s: float | None
    queue_tail_m: float | None
    queue_trucks: int | None
    waiting_of: Mapping[str, int]
    due: int
    slots: tuple[SlotLoad, ...]


@dataclass(frozen=True, slots=True)
class YardPicture:
    """One yard; ``entered`` and ``left`` of the last hour, ``due`` as of a gate."""

    id: str
    occupancy: int
    capacity: int
    entered: int
    left: int
    due: int


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything shown of ``site`` at ``at``; ``trucks`` by trip, ``trips`` the active exports.

    ``alerts`` counts those nobody has looked at. Each of ``marks`` changes when the list of its
    name does.
    """

    site: Site
    at: datetime
    trucks: Mapping[int, Truck]
    gates: tuple[GatePicture, ...]
    yards: tuple[YardPicture, ...]
    trips: tuple[LiveTrip, ...]
    alerts: int
    marks: Mapping[str, str]


def make_picture(
    site: Site,
    now: datetime,
    *,
    rows: Sequence[LiveRow],
    histories: Sequence[GateHistory],
    states: Sequence[GateState],
    queues: Sequence[QueueState],
    inside: Mapping[str, int],
    flows: Mapping[str, tuple[int, int]],
    held: AbstractSet[int],
    alarmed: AbstractSet[int],
    alerts: int,
    marks: Mapping[str, str],
) -> Picture:
    """Return the picture of one moment.

    Parameters
    ----------
    site, now
        The place and the domain moment.
    rows
        The active trips.
    histories
        What was seen at the gates, reaching back at least to local midnight.
    states
        What the controller last found at the gates it has looked at.
    queues
        The queues before the gates that were looked at lately.
    inside
        How many devices stand in each yard, by zone; a yard that is not named is empty.
    flows
        How many came into each yard and left it over the last hour.
    held, alarmed
        The trips that are held by somebody's word, and those an open alert is about.
    alerts
        How many nobody has looked at.
    marks
        What tells pages to ask for a list anew, by its name.
    """
    pairs = [(row, live_trip(row)) for row in rows]
    trips = tuple(trip for row, trip in pairs if row.direction == "export")
    planned = Counter(_promises(trips))
    grid = slot_grid(site, now)
    state_of = {state.gate: state for state in states}
    queue_of = {queue.gate: queue for queue in queues}
    history_of = {history.gate: history for history in histories}
    return Picture(
        site=site,
        at=now,
        trucks=list_trucks(site, now, pairs, held=held, alarmed=alarmed),
        gates=tuple(
            _gate(
                site,
                now,
                gate,
                state=state_of.get(gate.id),
                queue=queue_of.get(gate.id),
                cleared=_cleared(site, now, history_of.get(gate.id)),
                slots=_slots(gate, grid, index, state_of.get(gate.id), planned),
                trips=[trip for trip in trips if gate_of(trip) == gate.id],
            )
            for index, gate in enumerate(site.gates)
        ),
        yards=_yards(site, now, trips, inside, flows),
        trips=trips,
        alerts=alerts,
        marks=marks,
    )


def _yards(
    site: Site,
    now: datetime,
    trips: Iterable[LiveTrip],
    inside: Mapping[str, int],
    flows: Mapping[str, tuple[int, int]],
) -> tuple[YardPicture, ...]:
    due = Counter(trip.yard for trip in trips if _is_due(trip, now))
    return tuple(
        YardPicture(
            yard.id,
            inside.get(yard.id, 0),
            yard.capacity,
            *flows.get(yard.id, (0, 0)),
            due[yard.id],
        )
        for yard in site.yards
    )


def _is_due(trip: LiveTrip, now: datetime) -> bool:
    """Tell whether a truck waits in a yard and is to leave it within half an hour."""
    return (
        trip.told is not None
        and trip.told.starts_at <= now + _DUE_WITHIN
        and shown_stage(trip, now) is Stage.STAGED
    )


def _promises(trips: Iterable[LiveTrip]) -> Iterable[tuple[str, int]]:
    """Yield (gate, start) of each slot that was told and is still to be used."""
    for trip in trips:
        if trip.told is not None and trip.stage in (
            Stage.REGISTERED,
            Stage.STAGED,
            Stage.RELEASED,
        ):
            yield trip.told.gate, int(trip.told.starts_at.timestamp())


def _gate(
    site: Site,
    now: datetime,
    gate: Gate,
    *,
    state: GateState | None,
    queue: QueueState | None,
    cleared: Cleared,
    slots: Sequence[SlotLoad],
    trips: Sequence[LiveTrip],
) -> GatePicture:
    stages = Counter(shown_stage(trip, now) for trip in trips)
    queued = stages[Stage.QUEUED] if state is None else state.queued
    per_h = None if state is None else state.capacity_per_h
    moving = sum(in_transit(trip, now) for trip in trips) if state is None else state.in_transit
    return GatePicture(
        id=gate.id,
        open=gate.opening.is_open(now),
        next_change_at=_next_change(site, gate, now),
        queued=queued,
        in_lane=stages[Stage.IN_LANE] if state is None else state.in_lane,
        in_transit=moving,
        # As of now, like its split by cargo: the controller's count is up to one interval old.
        waiting=stages[Stage.STAGED],
        n_target=None if state is None else round(state.n_target, 1),
        capacity_per_h=None if per_h is None else round(per_h, 1),
        capacity_low=None if state is None else round(state.capacity_low, 1),
        capacity_high=None if state is None else round(state.capacity_high, 1),
        exports=None
        if state is None
        else _bounded(state.export_per_h, state.export_low, state.export_high),
        imports=None
        if state is None
        else _bounded(state.import_per_h, state.import_low, state.import_high),
        state="unknown" if state is None else state.state,
        state_since=None if state is None else state.state_since,
        cleared=cleared,
        wait_s=None if per_h is None or per_h <= 0 else round(queued / per_h * 3600.0),
        queue_tail_m=None if queue is None or queue.tail_m is None else round(queue.tail_m),
        queue_trucks=None if queue is None else queue.trucks,
        waiting_of=dict(
            Counter(str(trip.cargo) for trip in trips if shown_stage(trip, now) is Stage.STAGED)
        ),
        due=sum(_is_due(trip, now) for trip in trips),
        slots=tuple(slots[:SLOTS_SHOWN]),
    )


def _bounded(per_h: float | None, low: float | None, high: float | None) -> Bounded | None:
    if per_h is None or low is None or high is None:
        return None
    return Bounded(round(per_h, 1), round(low, 1), round(high, 1))


def _exports_per_s(gate: Gate, state: GateState | None) -> float:
    per_h = gate.capacity_prior_per_h if state is None else state.capacity_per_h
    return export_rate(per_h, gate.import_prior_per_h) / 3600.0


def _next_change(site: Site, gate: Gate, now: datetime) -> datetime | None:
    """Return when the gate opens or closes next, within the horizon of planning."""
    until = now + timedelta(days=site.dispatch.horizon_days)
    for opens, closes in gate.opening.between(now, until):
        return closes if opens <= now else opens
    return None


def _slots(
    gate: Gate,
    grid: Grid,
    index: int,
    state: GateState | None,
    planned: Mapping[tuple[str, int], int],
) -> list[SlotLoad]:
    """Return the slots ahead with what they hold and may hold; before any look by the prior."""
    per_s = _exports_per_s(gate, state)
    open_s = grid.open_s[index] if len(grid.starts) else np.zeros(0)
    return [
        SlotLoad(
            starts_at=datetime.fromtimestamp(start, UTC),
            planned=planned.get((gate.id, start), 0),
            capacity=round(per_s * seconds),
        )
        for start, seconds in zip(grid.starts.tolist(), open_s.tolist(), strict=True)
        if seconds > 0
    ]


def _cleared(site: Site, now: datetime, history: GateHistory | None) -> Cleared:
    if history is None:
        return Cleared(0, 0)
    today = now.astimezone(site.timezone).date()
    midnight = datetime.combine(today, time.min, site.timezone).timestamp()
    passed = history.cleared_at >= midnight
    imports = int((passed & history.is_import).sum())
    return Cleared(int(passed.sum()) - imports, imports)
