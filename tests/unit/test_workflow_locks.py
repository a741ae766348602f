"""What each stage of a trip stands in the way of."""

from flowctl.workflow.locks import locks_of
from flowctl.workflow.stages import Desk, Lock, Stage

NAME = {"vi": "x", "zh": "x", "en": "x"}


def stage(name: str, *needs: str, unlocks: tuple[Lock, ...] = ()) -> Stage:
    return Stage(name, NAME, Desk.CUSTOMS, needs=needs, unlocks=unlocks)


def test_a_stage_stands_in_the_way_of_all_that_those_after_it_unlock():
    locks = locks_of(
        [
            stage("declared", unlocks=(Lock.SLOT,)),
            stage("plants", "declared"),
            stage("fees", "declared"),
            stage("checked", "plants", "fees", unlocks=(Lock.RELEASE,)),
            stage("border", "checked", unlocks=(Lock.GATE,)),
            stage("returned", "border"),
        ]
    )
    assert locks == {
        "declared": {Lock.SLOT, Lock.RELEASE, Lock.GATE},
        "plants": {Lock.RELEASE, Lock.GATE},
        "fees": {Lock.RELEASE, Lock.GATE},
        "checked": {Lock.RELEASE, Lock.GATE},
        "border": {Lock.GATE},
        "returned": set(),
    }


def test_a_stage_that_is_not_the_trips_passes_nothing_on():
    locks = locks_of([stage("declared"), stage("checked", "plants", unlocks=(Lock.RELEASE,))])
    assert locks == {"declared": set(), "checked": {Lock.RELEASE}}
