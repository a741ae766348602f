"""How many trucks stood in a zone: who was found there, who arrived, who left."""

from datetime import timedelta

from builders import at
from hypothesis import given
from hypothesis import strategies as st

from flowctl.pictures.occupancy import occupancy_of
from flowctl.pictures.style import Span
from flowctl.storage.pictures import Stay

SPAN = Span(at("00:00"), at("20:00"))


def stay(entered: str, left: str | None = None, *, seen_inside: bool = False) -> Stay:
    return Stay("yard", at(entered), None if left is None else at(left), seen_inside)


def test_a_truck_first_seen_inside_counts_from_then_on_and_is_no_arrival():
    one = occupancy_of([stay("00:10", "09:00", seen_inside=True), stay("08:00")], SPAN)
    assert (one.found, one.entered, one.left) == (1, 1, 1)
    assert one.inside.tolist() == [0, 1, 2, 1, 1]


def test_a_truck_that_came_the_day_before_is_there_from_the_start():
    yesterday = Stay("yard", SPAN.since - timedelta(hours=5), at("03:00"), seen_inside=False)
    one = occupancy_of([yesterday], SPAN)
    assert (one.found, one.entered, one.left) == (1, 0, 1)
    assert one.inside.max() == 1
    assert one.inside[-1] == 0


@given(
    st.lists(
        st.tuples(
            st.integers(-300, 1_199),
            st.one_of(st.none(), st.integers(1, 2_000)),
            st.booleans(),
        )
    )
)
def test_found_and_arrived_less_left_are_there_at_the_end(
    drawn: list[tuple[int, int | None, bool]],
):
    stays = [
        Stay(
            "yard",
            SPAN.since + timedelta(minutes=entered),
            None if lasted is None else SPAN.since + timedelta(minutes=max(entered, 0) + lasted),
            seen_inside=seen_inside,
        )
        for entered, lasted, seen_inside in drawn
    ]
    one = occupancy_of(stays, SPAN)
    assert one.found + one.entered - one.left == one.inside[-1]
    assert one.inside.min() >= 0
