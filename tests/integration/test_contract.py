"""Every operation of the API as it describes itself, tried once by somebody who may call it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_server import RunningApi
from contract.callers import Caller, callers
from contract.drill import Outcome, Plan, try_all
from contract.world import lively

from api.openapi import document
from flowctl.registry.accounts import Role

_SHORT = Plan(phases=("fuzzing",), requests=1)
"""``make contract`` asks as everybody, at every bound, and in chains."""


@pytest.fixture
def api(database: str, valkey: str, tmp_path: Path) -> Iterator[RunningApi]:
    with lively(database, valkey, tmp_path) as running:
        yield running


def may(who: Caller, operation: dict[str, Any]) -> bool:
    if who.role is not None:
        return not operation["security"] or str(who.role) in operation["x-roles"]
    return who.scope is not None and operation.get("x-scope") == who.scope


def test_what_is_answered_is_what_is_described_and_nothing_breaks(api: RunningApi):
    left = {
        f"{method.upper()} {path}": operation
        for path, methods in document(api.app)["paths"].items()
        for method, operation in methods.items()
    }
    outcome, described = Outcome(), set(left)
    for who in sorted(callers(api), key=lambda one: one.role is not Role.ADMINISTRATOR):
        mine = {label for label, operation in left.items() if may(who, operation)}
        if mine:
            try_all(api, who, _SHORT, outcome, only=mine)
        left = {label: one for label, one in left.items() if label not in mine}
    assert outcome.failures == {}
    assert outcome.operations == described
    assert outcome.statuses[200] > len(described) / 4
