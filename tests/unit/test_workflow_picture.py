"""Where the picture of a workflow puts its stages, and which arrows it draws."""

from flowctl.pictures.workflow import direct_needs, place_stages
from flowctl.workflow.stages import Stage

NAME = {"vi": "a", "zh": "b", "en": "c"}


def stages(**needs: list[str]) -> list[Stage]:
    return [Stage(one, NAME, needs=tuple(needed)) for one, needed in needs.items()]


def test_a_stage_stands_right_of_all_it_needs_and_columns_share_a_middle():
    found = stages(last=["left", "right"], left=["first"], right=["first"], first=[])
    assert place_stages(found) == {
        "first": (0, 0.5),
        "left": (1, 0.0),
        "right": (1, 1.0),
        "last": (2, 0.5),
    }


def test_what_another_need_needs_already_has_no_arrow_of_its_own():
    found = stages(first=[], second=["first"], third=["first", "second", "elsewhere"])
    assert direct_needs(found[2], found) == ["second"]
