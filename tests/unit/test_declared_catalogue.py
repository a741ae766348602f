"""What a declaration says in words of its site's workflow: classes, weights, handovers."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from flowctl.data_files import data_dir
from flowctl.errors import FlowctlError
from flowctl.registry.catalogue import check_catalogue
from flowctl.registry.imports import choices_of
from flowctl.registry.rules import Declaration
from flowctl.site_files import load_site
from flowctl.state import Cargo, Direction
from flowctl.workflow.file import parse_workflow

LANG_SON = data_dir() / "sites" / "lang_son"
WORKFLOW = parse_workflow(
    (LANG_SON / "workflow.toml").read_text(encoding="utf-8"), where="workflow.toml"
)
GOOD = Declaration(
    plate="12C12345",
    phone=None,
    language="vi",
    direction=Direction.EXPORT,
    cargo=Cargo.NORMAL,
    gates=("tan_thanh",),
    ready_at=datetime(2024, 1, 23, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("weight_t", "weight_class"),
    [
        (3.9, "below_4t"),
        (4.0, "from_4t"),
        (9.99, "from_4t"),
        (18.0, "from_18t"),
        (48.0, "from_18t"),
    ],
)
def test_the_class_follows_from_the_weight(weight_t: float, weight_class: str):
    found = check_catalogue(WORKFLOW, replace(GOOD, weight_t=weight_t))
    assert found.weight_class == weight_class


def test_a_class_may_be_said_without_the_weight_and_not_against_it():
    said = replace(GOOD, weight_class="from_4t")
    assert check_catalogue(WORKFLOW, said) == said
    assert check_catalogue(WORKFLOW, replace(said, weight_t=5.0)).weight_class == "from_4t"
    with pytest.raises(
        FlowctlError, match="12 is not of the weight class from_4t, but of from_10t"
    ):
        check_catalogue(WORKFLOW, replace(said, weight_t=12.0))


@pytest.mark.parametrize("field", ["goods_class", "weight_class", "handover"])
def test_what_the_catalogue_does_not_have_is_refused_by_its_name(field: str):
    wrong = replace(GOOD, **{field: "nothing"})  # type: ignore[arg-type]
    with pytest.raises(FlowctlError, match=f"{field} 'nothing' is not known here; known: "):
        check_catalogue(WORKFLOW, wrong)
    with pytest.raises(FlowctlError, match="known: none"):
        check_catalogue(None, wrong)


def test_a_transshipment_names_the_other_truck():
    sang_tai = replace(GOOD, handover="transshipment")
    with pytest.raises(FlowctlError, match="give the other truck's plate"):
        check_catalogue(WORKFLOW, sang_tai)
    named = replace(sang_tai, pair_plate="桂F12345")
    assert check_catalogue(WORKFLOW, named) == named


def test_a_table_may_say_classes_by_their_names_in_any_language():
    choices = choices_of(load_site(LANG_SON), WORKFLOW)
    fruit = next(one for one in WORKFLOW.goods_classes if one.id == "fresh_fruit")
    for name in (*fruit.name.values(), "fresh_fruit", " FRESH_FRUIT "):
        assert choices.find("goods_class", name) == "fresh_fruit"
