"""Whatever somebody writes into a scenario, it is a day that can be drawn, or a sentence."""

import copy
import re
import tomllib
from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import example, given, settings
from hypothesis import strategies as st
from simulated_day import PUBLISHED, day_table

from flowctl.scenarios.rows import ScenarioError
from flowctl.scenarios.scenario import parse_scenario
from flowctl.scenarios.text import edit
from simulations.demand import draw

Made = TypeVar("Made")

ROW = {"gate": "north", "from_h": 1.0, "until_h": 2.0}
FULL = day_table(
    days=1,
    counts="poisson",
    run={"seed": 1},
    yards={"yard_south": {"places": 3, "travel_factor": 2.0}},
    screenings=[{"cargo": "reefer", "law": "erlang", "mean_min": 9.0, "phases": 2}],
    inspections=[{"share": 0.1, "law": "empirical", "values_min": [1.0, 2.0]}],
    disruptions=[ROW | {"places_left": 1}],
    surges=[ROW | {"more": 0.5}],
    lanes=[ROW | {"places": 2}],
    other_side=[ROW | {"most_per_h": 3.0}],
    breakdowns=[{"gate": "north", "mean_between_h": 3.0, "mean_repair_min": 9.0}],
    messages={"outage_from_h": 3.0, "outage_until_h": 4.0},
)
VALUES = st.one_of(
    st.integers(-5, 300),
    st.floats(-5.0, 300.0, allow_nan=False),
    st.sampled_from([float("inf"), float("nan"), "", "Asia", "none", "erlang", True]),
    st.lists(st.floats(0.0, 9.0), max_size=3),
    st.dictionaries(st.sampled_from(["share", "law", "from_h", "x"]), st.floats(0, 9), max_size=2),
    st.dates(),
)


def tried(what: Callable[[], Made]) -> tuple[Made | None, str]:
    """Return what was made, or why not."""
    try:
        return what(), ""
    except ScenarioError as error:
        return None, str(error)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:  # noqa: ANN401
    """Return the way to every table, row and value of a table."""
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path] * bool(path) + [deep for key, of in pairs for deep in paths(of, (*path, key))]


@settings(max_examples=400, deadline=None)
@given(path=st.sampled_from(paths(FULL)), value=VALUES)
@example(path=("timezone",), value="Asia")
@example(path=("gates",), value={})
@example(path=("surges", 0, "gate"), value="none")
def test_one_wrong_value_is_refused_in_a_sentence_or_is_a_day(
    path: tuple[str | int, ...], value: object
):
    table = copy.deepcopy(FULL)
    of: Any = table
    for key in path[:-1]:
        of = of[key]
    of[path[-1]] = value
    scenario, refused = tried(lambda: parse_scenario(table, where="small.toml"))
    if scenario is None:
        assert re.fullmatch(r"small\.toml.*[.?]", refused, re.DOTALL)
    else:
        assert len(draw(scenario, 1).gates) == 1
        assert scenario.closes > scenario.start


TEXT = PUBLISHED.read_text(encoding="utf-8")
KEYS = st.sampled_from(
    ["gates", "tan_thanh", "arrivals", "disruptions", "0", "1", "law", "screening", "id", "", "x"]
)


@settings(max_examples=300, deadline=None)
@given(
    path=st.lists(KEYS, min_size=1, max_size=4).map(".".join),
    value=st.one_of(st.none(), VALUES, st.just({"gate": None}), st.just("lognormal")),
)
def test_an_edit_leaves_a_toml_text_or_is_refused_in_a_sentence(path: str, value: object):
    text, refused = tried(lambda: edit(TEXT, {path: value}, PUBLISHED.parent))
    if text is None:
        assert refused.endswith((".", "?"))
    else:
        tomllib.loads(text)
