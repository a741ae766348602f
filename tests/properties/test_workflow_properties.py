"""What holds of stages whatever is said of them, by whom, in which order."""

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from flowctl.workflow.faults import find_circle
from flowctl.workflow.stages import (
    Act,
    Desk,
    Lock,
    Proof,
    Record,
    Stage,
    State,
    Variant,
    progress,
)

BEGAN = datetime(2024, 1, 23, tzinfo=UTC)
NAME = {"vi": "a", "zh": "b", "en": "c"}
FACTS = {"load": "laden"}


@st.composite
def variants(draw: st.DrawFn) -> Variant:
    """Draw stages each of which needs some of those before it, in any order of the file."""
    stages: list[Stage] = []
    for number in range(draw(st.integers(1, 7))):
        known = [stage.id for stage in stages]
        needs = draw(st.lists(st.sampled_from(known), unique=True)) if known else []
        stages.append(
            Stage(
                f"s{number}",
                NAME,
                desk=Desk.CUSTOMS,
                proofs=(Proof.JOINED,) if needs and draw(st.booleans()) else (),
                needs=tuple(needs),
                applies={"load": ("empty",)} if draw(st.integers(0, 4)) == 0 else {},
                unlocks=tuple(draw(st.lists(st.sampled_from(Lock), unique=True, max_size=2))),
                expires_h=draw(st.none() | st.floats(0.1, 5)),
            )
        )
    order = draw(st.permutations(stages))
    return Variant("v", NAME, "export", ("gate",), "swap", tuple(order))


@st.composite
def words(draw: st.DrawFn, acts: tuple[Act, ...] = tuple(Act)) -> list[Record]:
    said = draw(
        st.lists(
            st.tuples(st.integers(0, 6), st.sampled_from(acts), st.integers(0, 600)), max_size=20
        )
    )
    return [
        Record(number, f"s{stage}", act, BEGAN + timedelta(minutes=minute))
        for number, (stage, act, minute) in enumerate(said, start=1)
    ]


LATER = BEGAN + timedelta(minutes=600)


@given(variants(), words(), st.integers(0, 2**32))
def test_the_order_in_which_words_come_in_changes_nothing(
    variant: Variant, said: list[Record], seed: int
):
    shuffled = Random(seed).sample(said, len(said))  # noqa: S311
    one, other = (
        progress(variant, FACTS, each, began=BEGAN, now=LATER) for each in (said, shuffled)
    )
    assert one == other


@given(variants(), words())
def test_a_confirmed_stage_has_all_its_needs_confirmed_and_is_no_older(
    variant: Variant, said: list[Record]
):
    found = progress(variant, FACTS, said, began=BEGAN, now=LATER)
    standing = {one.stage.id: one for one in found.stages}
    for one in found.stages:
        needed = [standing[need] for need in one.stage.needs if need in standing]
        ready = all(other.state is State.CONFIRMED for other in needed)
        assert (one.state is State.WAITING) == (not ready)
        if ready:
            assert all(other.since <= one.since for other in needed)


@given(variants(), words(), st.integers(0, 6), st.integers(0, 600))
def test_a_word_that_is_taken_back_was_never_said(
    variant: Variant, said: list[Record], stage: int, minute: int
):
    last = LATER + timedelta(minutes=minute)
    now = last + timedelta(minutes=1)
    spoken = Record(100, f"s{stage}", Act.CONFIRMED, last)
    taken = Record(101, f"s{stage}", Act.WITHDRAWN, last)
    before = progress(variant, FACTS, said, began=BEGAN, now=now)
    assert progress(variant, FACTS, [*said, spoken, taken], began=BEGAN, now=now) == before


@given(variants(), words(), st.integers(0, 6))
def test_one_more_confirmation_never_locks_anything(
    variant: Variant, said: list[Record], stage: int
):
    before = progress(variant, FACTS, said, began=BEGAN, now=LATER)
    more = Record(100, f"s{stage}", Act.CONFIRMED, LATER)
    after = progress(variant, FACTS, [*said, more], began=BEGAN, now=LATER)
    assert after.locked <= before.locked


@given(variants(), words())
def test_nothing_changes_before_the_moment_that_is_said_to_be_next(
    variant: Variant, said: list[Record]
):
    found = progress(variant, FACTS, said, began=BEGAN, now=LATER)
    if found.due_at is not None:
        assert found.due_at > LATER
        just_before = found.due_at - timedelta(microseconds=1)
        again = progress(variant, FACTS, said, began=BEGAN, now=just_before)
        assert (again.locked, [one.state for one in again.stages]) == (
            found.locked,
            [one.state for one in found.stages],
        )
    else:
        later = progress(variant, FACTS, said, began=BEGAN, now=LATER + timedelta(days=999))
        assert later.locked == found.locked


@given(variants(), words())
def test_what_does_not_apply_is_neither_shown_nor_waited_for(variant: Variant, said: list[Record]):
    found = progress(variant, FACTS, said, began=BEGAN, now=LATER)
    assert all(not one.stage.applies for one in found.stages)
    bare = Variant(
        variant.id,
        variant.name,
        variant.direction,
        variant.gates,
        variant.handover,
        tuple(one for one in variant.stages if not one.applies),
    )
    assert progress(bare, FACTS, said, began=BEGAN, now=LATER) == found


needs_of_some = st.dictionaries(
    st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), max_size=3), max_size=6
)


@given(needs_of_some)
def test_a_circle_is_found_where_there_is_one_and_it_is_one(needs: dict[str, list[str]]):
    circle = find_circle(needs)
    if circle is not None:
        steps = zip(circle, [*circle[1:], circle[0]], strict=True)
        assert all(following in needs[stage] for stage, following in steps)
        return
    left = dict(needs)
    while left:
        free = [one for one, wanted in left.items() if not set(wanted) & left.keys()]
        assert free
        for one in free:
            del left[one]
