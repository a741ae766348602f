"""Every act that is written down anywhere, and every value it says, has words for who reads it."""

import ast
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from desk import LANGUAGES, ROOT, words
from fastapi.routing import APIRoute

from api.driver_acts import router as driver_acts
from flowctl.hand import ActKind
from flowctl.registry.decisions import Verdict
from flowctl.storage.hand_words import What

_ACT = re.compile(r"[a-z_]+\.[a-z_]+")
_TEMPLATE = re.compile(r"(?=.*\{)(\{[a-z_.]+\}|[a-z_]+)\.(\{[a-z_.]+\}|[a-z_]+)")
_WRITES = re.compile(r"\b(?:add_record|record|_record|_record_change|_write_down)\(")
_NAMED_AT_RUN_TIME = {
    "{act.kind}.{what}": {
        f"{kind}.{what}"
        for kind in ActKind
        if kind is not ActKind.CLOSE_GATE  # entered as a closure
        for what in ("ask", "begin", "approve", "refuse", "end")
        if what in ("begin", "end") or kind is ActKind.FORWARD
    },
    "gate.{one.kind}": {f"gate.{verdict}" for verdict in Verdict},
    "hand.{said.what}": {f"hand.{what}" for what in get_args(What)},
    "driver.{name}": {
        f"driver.{route.path.rsplit('/', 1)[-1]}"
        for route in driver_acts.routes
        if isinstance(route, APIRoute) and "POST" in route.methods
    },
}


def sources() -> Iterator[ast.Module]:
    for room in ("api", "flowctl"):
        for path in sorted((ROOT / room).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if _WRITES.search(text):
                yield ast.parse(text)


def acts_in(source: ast.AST) -> Iterator[str]:
    """Yield what is written down: names as they stand, and templates of names."""
    for node in ast.walk(source):
        given: list[ast.expr] = []
        if isinstance(node, ast.Call):
            given = [*node.args, *(one.value for one in node.keywords)]
        elif isinstance(node, ast.Dict):
            given = node.values
        for one in given:
            if isinstance(one, ast.Constant) and isinstance(one.value, str):
                yield one.value
            elif isinstance(one, ast.JoinedStr):
                yield ast.unparse(one)[2:-1]


def recorded_acts() -> set[str]:
    acts: set[str] = set()
    for source in sources():
        for name in acts_in(source):
            acts |= _NAMED_AT_RUN_TIME.get(name, {name} if _ACT.fullmatch(name) else set())
    return acts


def test_what_is_named_only_at_run_time_is_known_to_this_test():
    parts = {name for source in sources() for name in acts_in(source) if _TEMPLATE.fullmatch(name)}
    assert parts == set(_NAMED_AT_RUN_TIME)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_act_that_is_written_down_has_words_and_no_other(language: str):
    catalogue: Any = words(language)
    named = {f"{group}.{act}" for group, acts in catalogue["audit_act"].items() for act in acts}
    assert catalogue["audit_act"].keys() == catalogue["audit_group"].keys()
    assert recorded_acts() == named
    assert {"trip.register", "forward.ask", "gate.early", "driver.slot", "alert.confirm"} <= named
