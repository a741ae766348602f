"""The lanes of a plan, rechecked in plain Python without the arrays' code."""

from collections.abc import Iterator

from flowctl.dispatch.problem import DispatchProblem, Ints, Shared


def broken_lanes(problem: DispatchProblem, lanes: Ints, capacity: Ints) -> Iterator[str]:
    """Yield what is wrong with ``lanes`` [C, S], and with the ``capacity`` [C, S] made of them.

    Places are neither made nor lost, each class keeps one, a place takes nobody in the slot in
    which it changes its class, and no class takes a truck more than its places can.
    """
    if lanes.shape != problem.capacity.shape or capacity.shape != problem.capacity.shape:
        yield f"The lanes are given for {lanes.shape} columns and slots of {problem.capacity.shape}"
        return
    taken, standing = capacity.tolist(), problem.capacity.tolist()
    shared = {column for one in problem.shared for column in one.columns}
    for column, gate in enumerate(problem.gates):
        if column not in shared and taken[column] != standing[column]:
            yield f"The capacity of column {column} of {gate} was changed; it shares no places."
    levels = lanes.tolist()
    for one in problem.shared:
        rows = [levels[column] for column in one.columns]
        trucks = [taken[column] for column in one.columns]
        yield from _broken(problem.gates[one.columns[0]], one, rows, trucks)


def _broken(
    gate: str, one: Shared, levels: list[list[int]], taken: list[list[int]]
) -> Iterator[str]:
    """Yield what is wrong with the lanes of one gate, [L][S]."""
    places, before = sum(one.places), list(one.before)
    earned = [0] * len(levels)
    given = [0] * len(levels)
    for slot, whole in enumerate(one.whole.tolist()):
        now = [row[slot] for row in levels]
        trucks = [row[slot] for row in taken]
        if sum(now) != places or min(now) < 1:
            yield f"The lanes of {gate} have {now} places in slot {slot}; {places} are to be shared"
            return
        if sum(trucks) > whole:
            yield f"The lanes of {gate} take {sum(trucks)} trucks in slot {slot}, not {whole}."
        for at, level in enumerate(now):
            earned[at] += min(level, before[at]) * whole
            given[at] += trucks[at]
            # In places times trucks, so that nothing is rounded: less than a truck ahead.
            if trucks[at] < 0 or (trucks[at] and given[at] * places >= earned[at] + places):
                yield (
                    f"Lane class {at + 1} of {gate} takes {given[at]} trucks up to slot {slot}, "
                    f"more than its places can."
                )
                return
        before = now
