"""Every endpoint and who may call it, as a table that people read and the tests walk.

A change of `api.permissions` shows in ``permission_table.txt``; write it anew, and read the
difference, with: PYTHONPATH=tests .venv/bin/python tests/permission_table.py
"""

from pathlib import Path

from api.permissions import PERMISSIONS, SCOPES
from flowctl.registry.accounts import Role

FILE = Path(__file__).with_suffix(".txt")
PEOPLE = tuple(role for role in Role if role is not Role.MACHINE)
_HEADS = tuple(str(role)[:8] for role in PEOPLE)
EVERYBODY = "everybody"
NO_KEY = "-"


def rendered() -> str:
    """Return the table as the code has it."""
    width = max(len(path) for _, path in PERMISSIONS)
    head = f"{'':6} {'':{width}}  {' '.join(f'{one:8}' for one in _HEADS)} key"
    rows = [_row(route, width) for route in sorted(PERMISSIONS, key=lambda one: one[::-1])]
    return "\n".join([head, *rows]) + "\n"


def read() -> dict[tuple[str, str], tuple[frozenset[Role], str] | None]:
    """Return of each route which people may call it and what a key must be for; None: everybody."""
    table: dict[tuple[str, str], tuple[frozenset[Role], str] | None] = {}
    for line in FILE.read_text(encoding="utf-8").splitlines()[1:]:
        method, path, *said = line.split()
        if said == [EVERYBODY]:
            table[method, path] = None
            continue
        *marks, key = said
        may = frozenset(role for role, mark in zip(PEOPLE, marks, strict=True) if mark == "yes")
        table[method, path] = (may, key)
    return table


def _row(route: tuple[str, str], width: int) -> str:
    method, path = route
    roles = PERMISSIONS[route]
    if roles is None:
        return f"{method:6} {path:{width}}  {EVERYBODY}"
    marks = " ".join(f"{'yes' if role in roles else '.':8}" for role in PEOPLE)
    key = str(SCOPES.get(route, "?")) if Role.MACHINE in roles else NO_KEY
    return f"{method:6} {path:{width}}  {marks} {key}"


if __name__ == "__main__":
    FILE.write_text(rendered(), encoding="utf-8")
