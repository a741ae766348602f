"""Small sites, trips and problems for the tests of the decision."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flowctl.dispatch.problem import DispatchProblem, Ints
from flowctl.dispatch.through import Through
from flowctl.opening import Opening
from flowctl.site import Access, DispatchParams, Gate, Site, VisitParams, Yard
from flowctl.state import Cargo, Direction, GateHistory, LiveTrip, Slot, Snapshot

MESSAGE_KINDS = (
    "registered",
    "slot",
    "slot_changed",
    "call_up",
    "move_up",
    "no_show",
    "call_over",
    "penalty",
    "barred",
    "penalty_lifted",
    "hold",
    "stay",
    "depart",
    "no_slot",
    "papers_asked",
    "papers_refused",
    "cancelled",
    "passed",
    "login_code",
    "reply_status",
    "reply_called",
    "reply_waiting",
    "reply_accepted",
    "reply_late",
    "reply_late_ask",
    "reply_moved",
    "reply_over",
    "reply_former",
    "reply_which",
    "reply_stopped",
    "reply_started",
    "reply_refused",
    "reply_help",
)
"""Every kind of message a driver may get."""

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
Windows = tuple[tuple[time, time], ...]
DAY: Windows = ((time(7), time(18)),)


def at(clock: str, day: int = 23) -> datetime:
    """Return a local moment of January 2024 (`at("07:30")`), aware UTC."""
    local = datetime.combine(date(2024, 1, day), time.fromisoformat(clock), HANOI)
    return local.astimezone(UTC)


def opening(windows: Windows = DAY, exceptions: Mapping[date, Windows] | None = None) -> Opening:
    """Return the same hours every day but for the exceptions."""
    return Opening(HANOI, (windows,) * 7, exceptions or {})


def small_gate(
    name: str = "north",
    *,
    places: int = 4,
    per_h: float = 20.0,
    imports_per_h: float = 0.0,
    weight_h: float = 1.0,
    hours: Opening | None = None,
) -> Gate:
    """Return a gate of a few places, 12 min a truck."""
    return Gate(
        id=name,
        name={"vi": name},
        lanes=1,
        inspection_places=places,
        capacity_prior_per_h=per_h,
        capacity_prior_weight_h=weight_h,
        import_prior_per_h=imports_per_h,
        opening=hours or opening(),
    )


def small_site(
    gates: Sequence[Gate] | None = None,
    *,
    yards: Sequence[Yard] | None = None,
    dispatch: DispatchParams | None = None,
) -> Site:
    """Return a site of one gate and one yard 10 min away, unless told otherwise."""
    gates = tuple(gates) if gates is not None else (small_gate(),)
    ways = tuple(Access(gate.id, 600.0, 0.25) for gate in gates)
    return Site(
        id="somewhere",
        name={"vi": "Somewhere"},
        timezone=HANOI,
        epsg=32648,
        gates=gates,
        yards=tuple(yards) if yards is not None else (Yard("yard", {"vi": "Yard"}, 500, ways),),
        zones=(),
        corridors=(),
        roads=(),
        lateness_limit_s=604_800,
        future_limit_s=300,
        visit=VisitParams(),
        dispatch=dispatch or DispatchParams(),
    )


def staged(
    number: int,
    *,
    arrived: datetime,
    ready: datetime | None = None,
    gates: tuple[str, ...] = ("north",),
    yard: str = "yard",
    cargo: Cargo = Cargo.NORMAL,
    told: Slot | None = None,
) -> LiveTrip:
    """Return a truck that stands in a yard."""
    return LiveTrip(
        id=number,
        gates=gates,
        cargo=cargo,
        registered_at=arrived,
        ready_at=ready or arrived,
        arrived_at=arrived,
        yard=yard,
        told=told,
        told_at=None if told is None else arrived,
    )


def on_the_road(
    number: int,
    *,
    registered: datetime,
    eta: datetime | None,
    ready: datetime,
    gates: tuple[str, ...] = ("north",),
    told: Slot | None = None,
) -> LiveTrip:
    """Return a truck that has not arrived."""
    return LiveTrip(
        id=number,
        gates=gates,
        cargo=Cargo.NORMAL,
        registered_at=registered,
        ready_at=ready,
        eta_yard_at=eta,
        told=told,
        told_at=None if told is None else registered,
    )


def history(
    gate: str = "north",
    seen: Sequence[tuple[datetime, datetime | None]] = (),
    *,
    imports: bool | Sequence[bool] = False,
) -> GateHistory:
    """Return what was seen at a gate: (entered, cleared or None) a truck."""
    cleared = [np.nan if gone is None else gone.timestamp() for _, gone in seen]
    flags = [imports] * len(seen) if isinstance(imports, bool) else list(imports)
    return GateHistory(
        gate,
        np.array([came.timestamp() for came, _ in seen], dtype=np.float64),
        np.array(cleared, dtype=np.float64),
        np.array(flags, dtype=np.bool_),
    )


def snapshot(
    trips: Sequence[LiveTrip],
    now: datetime,
    *,
    site: Site | None = None,
    gates: Sequence[GateHistory] = (),
) -> Snapshot:
    """Return a snapshot."""
    return Snapshot(site or small_site(), now, tuple(trips), tuple(gates))


def ints(values: ArrayLike) -> Ints:
    """Return whole numbers as the problem's columns want them."""
    return np.asarray(values, dtype=np.int64)


def problem(
    capacity: ArrayLike,
    earliest: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    preferred: ArrayLike | None = None,
    origin: ArrayLike | None = None,
    rank: ArrayLike | None = None,
    told: Mapping[int, tuple[int, int, int]] | None = None,
    frozen: Mapping[int, tuple[int, int]] | None = None,
    starts: ArrayLike | None = None,
    gates: Sequence[str] | None = None,
    through: Through | None = None,
) -> DispatchProblem:
    """Return a problem in slots of 900 s from 0 on.

    ``told`` gives (gate, keep_first, keep_last) by row, ``frozen`` (gate, slot), ``origin`` the
    slot from which delay counts (default: the earliest at any gate). ``gates`` names the gate of
    each column (default: one column a gate).
    """
    room = ints(capacity)
    first = ints(earliest).reshape(-1, room.shape[0])
    n = len(first)
    promise = np.tile(ints([-1, 0, -1]), (n, 1))
    for row, (gate, begin, end) in (told or {}).items():
        promise[row] = (gate, begin, end)
    held = np.full((n, 2), -1, dtype=np.int64)
    for row, place in (frozen or {}).items():
        held[row] = place
    begin_slot = first.min(axis=1, initial=room.shape[1]) if origin is None else ints(origin)
    return DispatchProblem(
        gates=tuple(gates or "abcdefgh"[: room.shape[0]]),
        slot_s=900,
        starts=np.arange(room.shape[1]) * 900 if starts is None else ints(starts),
        capacity=room,
        trip_ids=np.arange(n) + 100,
        earliest=first,
        weight=np.ones(n, dtype=np.int64) if weight is None else ints(weight),
        preferred=np.zeros(n, dtype=np.int64) if preferred is None else ints(preferred),
        origin_s=ints(begin_slot) * 900,
        rank=np.arange(n) if rank is None else ints(rank),
        told_gate=promise[:, 0].copy(),
        keep_first=promise[:, 1].copy(),
        keep_last=promise[:, 2].copy(),
        frozen_gate=held[:, 0].copy(),
        frozen_slot=held[:, 1].copy(),
        through=through,
    )


def random_problem(
    seed: int, *, trucks: int = 12, gates: int = 2, slots: int = 6
) -> DispatchProblem:
    """Return a small problem with every feature at random."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(0, trucks + 1))
    g, s = int(rng.integers(1, gates + 1)), int(rng.integers(1, slots + 1))
    capacity = rng.integers(0, 4, (g, s))
    earliest = rng.integers(0, s + 1, (n, g))
    told = {
        row: (int(rng.integers(g)), *sorted(rng.integers(0, s, 2).tolist()))
        for row in range(n)
        if rng.random() < 0.5
    }
    instance = problem(
        capacity,
        earliest,
        weight=rng.choice([1, 2, 4], n),
        preferred=rng.integers(0, g, n),
        origin=rng.integers(-3, s, n),
        rank=rng.permutation(n),
        told=told,
        frozen=_some_frozen(rng, capacity, n),
    )
    return _valued(instance, seed)


def random_columns(
    seed: int, *, trucks: int = 14, columns: int = 4, slots: int = 6
) -> DispatchProblem:
    """Return a small problem in which gates have lane classes and trucks pass through yards."""
    rng = np.random.default_rng([seed, 2])
    n, s = int(rng.integers(0, trucks + 1)), int(rng.integers(1, slots + 1))
    gates = sorted(rng.choice(["a", "b", "c"], columns).tolist())
    gate_of = ints([gates.index(name) for name in gates])
    capacity = rng.integers(0, 4, (columns, s))
    passages = rng.permutation(columns)[: int(rng.integers(0, columns + 1))]
    of = np.full((n, columns), -1, dtype=np.int64)
    for number, column in enumerate(passages.tolist()):
        of[rng.random(n) < 0.6, column] = number
    told = {
        row: (int(rng.choice(gate_of)), *sorted(rng.integers(0, s, 2).tolist()))
        for row in range(n)
        if rng.random() < 0.5
    }
    instance = problem(
        capacity,
        rng.integers(0, s + 1, (n, columns)),
        weight=rng.choice([1, 2, 4], n),
        preferred=rng.choice(gate_of, n),
        origin=rng.integers(-3, s, n),
        rank=rng.permutation(n),
        told=told,
        gates=gates,
        through=Through(
            tuple(f"yard {number}" for number in range(len(passages))),
            ints(passages),
            ints(rng.integers(0, 3, (len(passages), s))),
            of,
        ),
    )
    return _valued(instance, seed)


def _valued(instance: DispatchProblem, seed: int) -> DispatchProblem:
    """Return the problem with costs of lateness and empty places, without in a third of cases."""
    if seed % 3 == 0:
        return instance
    return replace(instance, late=1 + 40 * (seed % 2), idle=60 * (seed % 5))


def _some_frozen(
    rng: np.random.Generator, capacity: NDArray[np.int64], n: int
) -> dict[int, tuple[int, int]]:
    room = capacity.copy()
    frozen = {}
    for row in range(n):
        gate, slot = int(rng.integers(room.shape[0])), int(rng.integers(room.shape[1]))
        if rng.random() < 0.15 and room[gate, slot] > 0:
            room[gate, slot] -= 1
            frozen[row] = (gate, slot)
    return frozen


EXPORT = Direction.EXPORT
