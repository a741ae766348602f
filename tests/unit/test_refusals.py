"""Every refusal the source can raise has words, and every word of a refusal is raised somewhere."""

import ast
import json
import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from flowctl.registry.requests import Obstacle

ROOT = Path(__file__).parents[2]
PLATES = {"trip": "plate", "other_trip": "other_plate"}
"""Pages are shown a trip by its plate."""
IN_SQL = ("worker_lost",)
"""Kinds that a statement writes by itself: storage/jobs.py."""


@cache
def raised() -> dict[str, set[frozenset[str]]]:
    """Return every kind of refusal in the source, with the names of the values it is given."""
    found: dict[str, set[frozenset[str]]] = {
        str(one): {frozenset()} for one in (*Obstacle, *IN_SQL)
    }
    for path in sorted((*ROOT.glob("flowctl/**/*.py"), *ROOT.glob("api/*.py"))):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for scope in ast.walk(tree):
            if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
                for kind, names in kinds_in(scope, constants):
                    found.setdefault(kind, set()).add(names)
    return found


def kinds_in(scope: ast.AST, constants: dict[str, object]) -> Iterator[tuple[str, frozenset[str]]]:
    for call in own(scope):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "id", None) or getattr(call.func, "attr", "")
        given = {one.arg: one.value for one in call.keywords}
        if "kind" not in given or not name.endswith(("Error", "Problem", "Refusal")):
            continue
        kind = given["kind"]
        said = kind.value if isinstance(kind, ast.Constant) else constants.get(ast.unparse(kind))
        if isinstance(said, str):
            yield said, frozenset(PLATES.get(one, one) for one in keys(scope, given.get("values")))


def own(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield what stands in a scope itself, not in the functions inside of it."""
    for node in ast.iter_child_nodes(scope):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
            yield from own(node)


def keys(scope: ast.AST, values: ast.expr | None) -> set[str]:
    """Return the keys of a dict that is written out, or was put together just before."""
    if isinstance(values, ast.Dict):
        named = {ast.literal_eval(key) for key in values.keys if key is not None}
        parts = zip(values.keys, values.values, strict=True)
        return named.union(*(keys(scope, part) for key, part in parts if key is None))
    if not isinstance(values, ast.Name):
        return set()
    earlier = [node for node in own(scope) if getattr(node, "lineno", 1e9) < values.lineno]
    made = max(
        (node for node in earlier if values.id in map(ast.unparse, targets(node))),
        key=lambda node: node.lineno,
    )
    put = {
        ast.literal_eval(target.slice)
        for node in earlier
        for target in targets(node)
        if isinstance(target, ast.Subscript)
        and ast.unparse(target.value) == values.id
        and made.lineno < node.lineno
    }
    return keys(scope, made.value) | put


def targets(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.AnnAssign):
        return [node.target]
    return node.targets if isinstance(node, ast.Assign) else []


def words(language: str) -> dict[str, str]:
    text = (ROOT / "data" / "messages" / f"{language}.json").read_text(encoding="utf-8")
    found: dict[str, str] = json.loads(text)["page"]["refusals"]
    return found


def placeholders(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("language", ["vi", "zh", "en"])
def test_every_kind_of_refusal_has_words_that_name_exactly_its_values(language: str):
    said = {kind: {placeholders(text)} for kind, text in words(language).items()}
    known = raised()
    assert {one for one in said | known if said.get(one) != known.get(one)} == set()


def test_a_refusal_put_together_in_steps_is_read_as_it_is_raised():
    known = raised()
    assert known["closure_overlaps"] == {frozenset({"by", "gate", "start", "end"})}
    assert known["other_act_on_truck"] == {frozenset({"by", "at", "act", "plate"})}
    assert known["tracker_elsewhere"] == {frozenset({"plate", "at", "yard", "km"})}
