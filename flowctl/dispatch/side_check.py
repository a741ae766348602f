"""The rules beside capacity, rechecked in plain Python without the arrays' code."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from flowctl.dispatch.problem import DispatchProblem
from flowctl.dispatch.return_check import ReturnCheck, stranded
from flowctl.dispatch.sides import Sides

_Places = Sequence[tuple[int, int]]
_Hour = tuple[int, str, int]
"""A haulier's number, a gate, and the clock hour since the epoch."""


def broken_sides(
    problem: DispatchProblem, column: list[int], slot: list[int], *, packing_only: bool = False
) -> Iterator[str]:
    """Yield which rules of ``problem.sides`` a plan breaks, in sentences.

    Frozen trucks, convoys and those in bays stand: what they hold beyond a haulier's share is no
    fault, and no place is lost to them. ``packing_only`` looks at convoys, bays and returns.
    """
    if problem.sides is not None and not problem.sides.none_apply:
        places = list(zip(column, slot, strict=True))
        yield from _parted_convoys(problem, problem.sides, places, packing_only)
        yield from _blocked_bays(problem, problem.sides, places)
        returns = problem.sides.returns
        home = None if returns is None else ReturnCheck(problem, returns, places)
        if home is not None:
            yield from stranded(problem, home, places)
        if packing_only:
            return
        yield from _greedy_hauliers(problem, problem.sides, places)
        if problem.sides.priority.any():
            yield from _lost_places(problem, problem.sides, places, home)


def _parted_convoys(
    problem: DispatchProblem, sides: Sides, places: _Places, strict: bool
) -> Iterator[str]:
    """Yield the convoys that do not cross together, with ``strict`` also those partly frozen."""
    together: dict[int, set[tuple[str, int]]] = defaultdict(set)
    of: dict[int, list[int]] = defaultdict(list)
    trips = problem.trip_ids.tolist()
    for row, convoy in enumerate(sides.convoy.tolist()):
        if convoy >= 0:
            column, slot = places[row]
            together[convoy].add((problem.gates[column] if slot >= 0 else "", slot))
            of[convoy].append(trips[row])
    frozen = {trips[row] for row, held in enumerate(problem.frozen_slot.tolist()) if held >= 0}
    for convoy, found in together.items():
        # What is frozen can perhaps not be brought together any more.
        if len(found) > 1 and (strict or not frozen.intersection(of[convoy])):
            names = ", ".join(map(str, of[convoy]))
            yield f"The trips {names} are one convoy but have {len(found)} different places."


def _blocked_bays(problem: DispatchProblem, sides: Sides, places: _Places) -> Iterator[str]:
    """Yield the bays that hold more trucks than places, and trucks sent where they have none."""
    kinds = {(problem.gates[bay.gate], bay.kind): bay for bay in sides.bays}
    inside: dict[tuple[str, int, int], int] = defaultdict(int)
    for row, kind in enumerate(sides.bay.tolist()):
        column, slot = places[row]
        if kind < 0 or slot < 0:
            continue
        gate = problem.gates[column]
        bay = kinds.get((gate, kind))
        if bay is None:
            if problem.frozen_slot[row] < 0:
                yield f"Trip {problem.trip_ids[row]} is sent to {gate}, which has no bay for it."
            continue
        for at in range(slot, slot + bay.slots):
            inside[gate, kind, at] += 1
    for (gate, kind, at), trucks in inside.items():
        if trucks > kinds[gate, kind].places:
            places_there = kinds[gate, kind].places
            yield f"{gate} has {places_there} bays of kind {kind}, not {trucks}, in slot {at}."


def _single(problem: DispatchProblem, sides: Sides) -> list[bool]:
    """Tell which trucks may be moved one by one: not frozen, no convoy, no bay."""
    columns = (problem.frozen_slot.tolist(), sides.convoy.tolist(), sides.bay.tolist())
    return [max(own) < 0 for own in zip(*columns, strict=True)]


def _shares(
    problem: DispatchProblem, sides: Sides, places: _Places
) -> tuple[dict[_Hour, int], Callable[[_Hour], int]]:
    """Return the places each haulier has at a gate in a clock hour, and how many it may have."""
    starts = problem.starts.tolist()
    in_all: dict[tuple[str, int], int] = defaultdict(int)
    for column, row in enumerate(problem.capacity.tolist()):
        for slot, trucks in enumerate(row):
            in_all[problem.gates[column], starts[slot] // 3600] += trucks
    held: dict[_Hour, int] = defaultdict(int)
    standing: dict[_Hour, int] = defaultdict(int)
    single = _single(problem, sides)
    for row, haulier in enumerate(sides.haulier.tolist()):
        column, slot = places[row]
        if haulier >= 0 and slot >= 0:
            key = (haulier, problem.gates[column], starts[slot] // 3600)
            held[key] += 1
            standing[key] += not single[row]

    def most(key: _Hour) -> int:
        share = int(sides.most_share * in_all[key[1:]] + 1e-9)
        return max(share, sides.least_places, standing.get(key, 0))

    return held, most


def _greedy_hauliers(problem: DispatchProblem, sides: Sides, places: _Places) -> Iterator[str]:
    """Yield where a haulier holds more than its share of a gate's places in a clock hour."""
    held, most = _shares(problem, sides, places)
    for (haulier, gate, hour), trucks in held.items():
        allowed = most((haulier, gate, hour))
        if trucks > allowed:
            yield (
                f"Haulier {haulier} has {trucks} places at {gate} in the hour of {hour * 3600}; "
                f"{allowed} are allowed."
            )


def _lost_places(
    problem: DispatchProblem, sides: Sides, places: _Places, home: ReturnCheck | None
) -> Iterator[str]:
    """Yield the trucks that lose more places to higher priorities than the rule allows."""
    priority, rank = sides.priority.tolist(), problem.rank.tolist()
    single = _single(problem, sides)
    # Ranks of those who may take places, by column, slot and priority.
    takers: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for row, (column, slot) in enumerate(places):
        if slot >= 0 and priority[row] > 0 and single[row]:
            takers[column, slot].append((rank[row], priority[row]))
    for found in takers.values():
        found.sort()
    counts = [
        [len(takers.get((column, slot), ())) for slot in range(problem.slots)]
        for column in range(len(problem.gates))
    ]
    before = [[0] for _ in counts]
    for total, row_counts in zip(before, counts, strict=True):
        for number in row_counts:
            total.append(total[-1] + number)
    earliest, already = problem.earliest.tolist(), sides.lost.tolist()
    hauliers, starts = sides.haulier.tolist(), problem.starts.tolist()
    held, most = _shares(problem, sides, places)

    def full(haulier: int, gate: str, hour: int) -> bool:
        key = (haulier, gate, hour)
        return haulier >= 0 and held.get(key, 0) >= most(key)

    for row, (_, slot) in enumerate(places):
        end = problem.slots if slot < 0 else slot
        allowance = max(sides.most_lost - already[row], 0)
        first = [min(at, end) for at in earliest[row]]
        at_most = sum(before[c][end] - before[c][at] for c, at in enumerate(first))
        if not single[row] or at_most <= allowance:
            continue
        lost = sum(
            higher > priority[row]
            for column, begin in enumerate(first)
            for at in range(begin, end)
            if not full(hauliers[row], problem.gates[column], starts[at] // 3600)
            for _, higher in _juniors(takers.get((column, at), []), rank[row])
            if home is None or home.takes(row, column, at)
        )
        if lost > allowance:
            yield (
                f"Trip {problem.trip_ids[row]} loses {lost} places to higher priorities; "
                f"{allowance} are allowed."
            )


def _juniors(found: list[tuple[int, int]], rank: int) -> list[tuple[int, int]]:
    return found[bisect_right(found, (rank, 1 << 30)) :]
