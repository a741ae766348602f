"""What a workflow's parts contradict each other in: circles, dead ends, gates left out. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import time

from flowctl.workflow.catalogue import Hours, Workflow
from flowctl.workflow.stages import Proof, Stage, Variant

_DAY_MIN = 24 * 60


def workflow_faults(
    workflow: Workflow, where: str, gates: Mapping[str, Sequence[str]] | None
) -> Iterator[str]:
    """Yield a sentence for every contradiction within a workflow, or with the site's gates."""
    yield from _circles(workflow, where)
    yield from _unreachable(workflow, where)
    yield from _unprovable(workflow, where)
    yield from _variants_alike(workflow, where)
    yield from _gates_left_out(workflow, where, gates)
    yield from _hours_faults(workflow, where)


def _circles(workflow: Workflow, where: str) -> Iterator[str]:
    told: set[frozenset[str]] = set()
    for variant in workflow.variants:
        circle = find_circle({stage.id: stage.needs for stage in variant.stages})
        if circle is not None and frozenset(circle) not in told:
            told.add(frozenset(circle))
            way = " needs ".join([*circle, circle[0]])
            yield (
                f'{where}, stage {circle[0]}, field "needs": {way}, so that none of them can ever'
                f" be confirmed in variant {variant.id}; take one of these needs out"
            )


def find_circle(needs: Mapping[str, Sequence[str]]) -> list[str] | None:
    """Return stages each of which needs the next, and the last the first; None: there are none."""
    done: set[str] = set()
    for start in needs:
        way: list[str] = []
        todo = [(start, 0)]
        while todo:
            stage, depth = todo.pop()
            done.update(way[depth:])
            del way[depth:]
            if stage in way:
                return way[way.index(stage) :]
            if stage in done:
                continue
            way.append(stage)
            todo.extend((one, depth + 1) for one in needs[stage] if one in needs)
        done.update(way)
    return None


def _unreachable(workflow: Workflow, where: str) -> Iterator[str]:
    """Yield the stages that no trip of any variant can have."""
    found = {stage.id for variant in workflow.variants for stage in variant.stages}
    for stage in workflow.stages:
        if stage.id not in found:
            yield (
                f'{where}, stage {stage.id}, field "applies": no variant has trips like this, so'
                " that nobody ever reaches the stage; widen its conditions, or take it out"
            )
            continue
        for variant in workflow.variants:
            if stage in variant.stages:
                yield from _dead_needs(stage, variant, workflow, where)


def _dead_needs(stage: Stage, variant: Variant, workflow: Workflow, where: str) -> Iterator[str]:
    """Yield the needs whose conditions exclude those of the stage, so that they wait for nobody."""
    by_id = {one.id: one for one in workflow.stages}
    for need in stage.needs:
        other = by_id[need]
        shared = stage.applies.keys() & other.applies.keys()
        apart = [key for key in shared if not set(stage.applies[key]) & set(other.applies[key])]
        if apart and variant == _first_with(stage, workflow):
            yield (
                f'{where}, stage {stage.id}, field "needs": {need} is of trips with another'
                f" {apart[0]}, so that the need holds for no trip; take it out"
            )


def _first_with(stage: Stage, workflow: Workflow) -> Variant | None:
    return next((one for one in workflow.variants if stage in one.stages), None)


def _unprovable(workflow: Workflow, where: str) -> Iterator[str]:
    for stage in workflow.stages:
        if stage.desk is None and not stage.proofs:
            held = [str(lock) for lock in stage.unlocks]
            why = f", and {', '.join(held)} would stay locked for good" if held else ""
            yield (
                f'{where}, stage {stage.id}, field "desk": is missing, and so are proofs: nothing'
                f" could confirm the stage{why}; give one of both"
            )
        if Proof.JOINED in stage.proofs and not stage.needs:
            yield (
                f'{where}, stage {stage.id}, field "proofs": joined says that all it needs is'
                " confirmed, and it needs nothing; name its needs"
            )
        if stage.settles and stage.desk is None:
            yield (
                f'{where}, stage {stage.id}, field "settles": somebody at a desk has to say it;'
                " give a desk"
            )


def _variants_alike(workflow: Workflow, where: str) -> Iterator[str]:
    known: dict[tuple[str, str, str], str] = {}
    for variant in workflow.variants:
        for gate in variant.gates:
            key = (gate, variant.direction, variant.handover)
            if known.setdefault(key, variant.id) != variant.id:
                yield (
                    f'{where}, variant {variant.id}, field "handover": {known[key]} is of the same'
                    f" handover, {variant.handover}, for {variant.direction} at {gate}; two ways to"
                    " hand over differ in it"
                )


def _gates_left_out(
    workflow: Workflow, where: str, gates: Mapping[str, Sequence[str]] | None
) -> Iterator[str]:
    wanted = gates or {gate: () for variant in workflow.variants for gate in variant.gates}
    for gate, directions in wanted.items():
        for direction in directions or ("export", "import"):
            here = workflow.variants_at(gate, direction)
            if not here:
                if gates is not None:
                    yield (
                        f"{where}: {gate} has no variant in the direction {direction}, so that no"
                        " trip could begin there; name the gate in one"
                    )
            elif not any(
                one.starts is None
                for one in workflow.hours
                if (one.gate, one.direction) == (gate, direction)
            ):
                yield (
                    f"{where}: {gate}, {direction}: by which variant it hands over for who names"
                    " none is not said for every hour; add to [[hours]] one without from and until"
                )


def _hours_faults(workflow: Workflow, where: str) -> Iterator[str]:
    by_place: dict[tuple[str, str], list[Hours]] = {}
    for one in workflow.hours:
        variant = workflow.find_variant(one.variant)
        if variant is not None and (
            variant.direction != one.direction or one.gate not in variant.gates
        ):
            yield (
                f"{where}, hours of {one.gate}: {one.variant} is no variant for {one.direction} at"
                f" {one.gate}"
            )
        by_place.setdefault((one.gate, one.direction), []).append(one)
    for (gate, direction), hours in by_place.items():
        for number, one in enumerate(hours):
            for other in hours[number + 1 :]:
                if _overlap(one, other):
                    yield (
                        f"{where}, hours of {gate}: {_said(one)} and {_said(other)} both say by"
                        f" which variant {direction} is handed over; let only one hold at an hour"
                    )


def _overlap(one: Hours, other: Hours) -> bool:
    if (one.starts is None) != (other.starts is None):
        return False  # hours come before what holds at any other time
    if one.starts is None:
        return True
    return bool(_minutes(one) & _minutes(other))


def _minutes(hours: Hours) -> set[int]:
    starts, ends = _minute(hours.starts), _minute(hours.ends)
    span = (ends - starts) % _DAY_MIN
    return {(starts + minute) % _DAY_MIN for minute in range(span)}


def _minute(of_day: time | None) -> int:
    return 0 if of_day is None else of_day.hour * 60 + of_day.minute


def _said(hours: Hours) -> str:
    if hours.starts is None or hours.ends is None:
        return f"{hours.variant} at any other hour"
    return f"{hours.variant} from {hours.starts:%H:%M} until {hours.ends:%H:%M}"
