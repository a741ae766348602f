"""What each stage of a trip stands in the way of, by itself or through those that need it. Pure."""

from collections.abc import Iterable, Mapping

from flowctl.workflow.stages import Lock, Stage


def locks_of(stages: Iterable[Stage]) -> Mapping[str, frozenset[Lock]]:
    """Return by stage which locks cannot open before it is confirmed.

    Parameters
    ----------
    stages
        Those that apply to one trip: one that does not counts as confirmed and passes nothing on.
    """
    mine = {stage.id: stage for stage in stages}
    found: dict[str, set[Lock]] = {name: set() for name in mine}

    def put(name: str, lock: Lock) -> None:
        if lock in found[name]:
            return
        found[name].add(lock)
        for need in mine[name].needs:
            if need in mine:
                put(need, lock)

    for stage in mine.values():
        for lock in stage.unlocks:
            put(stage.id, lock)
    return {name: frozenset(locks) for name, locks in found.items()}
