"""A scenario's text as people write it: what is wrong in it, on which line, and small changes."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, InlineTable, Table

from flowctl.errors import Value
from flowctl.scenarios.laws import Law
from flowctl.scenarios.rows import Path as KeyPath
from flowctl.scenarios.rows import ScenarioError, unknown
from flowctl.scenarios.scenario import (
    Scenario,
    check_names,
    parse_scenario,
    read_toml,
    whole_table,
)
from flowctl.site import Site

_WHERE = "The scenario"
_LAW_KEYS = tuple(row.name for row in fields(Law) if row.name != "law")
_ROWS = frozenset(
    row.name
    for row in fields(Scenario)
    if get_origin(row.type) is tuple and is_dataclass(get_args(row.type)[0])
)
"""The keys of arrays of tables."""

_LIKE_MEAN: Mapping[str, Mapping[str, float]] = {
    "uniform": {"least_min": 0.8, "most_min": 1.2},
    "lognormal": {"mean_min": 1.0, "cv": 0.3},
    "erlang": {"mean_min": 1.0, "phases": 4},
}
"""What a law by form begins with; minutes as shares of the mean of the law before it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a text, in a sentence; ``line`` counts from 1, None where none is it.

    ``kind`` and ``values`` say it in every language, see `flowctl.errors.Refusal`.
    """

    text: str
    line: int | None = None
    kind: str | None = None
    values: Mapping[str, Value] = field(default_factory=dict)


def look_at(text: str, site: Site, folder: Path) -> tuple[Scenario | None, tuple[Problem, ...]]:
    """Return the scenario of a text, or what keeps it from being played at a site.

    ``folder`` has the days that it may be ``like``.
    """
    try:
        table = whole_table(read_toml(text, _WHERE), folder, where=_WHERE)
        scenario = parse_scenario(table, where=_WHERE)
        check_names(scenario, site)
    except ScenarioError as error:
        said = error.refusal
        return None, (Problem(said.sentence, _line_of(text, error), said.kind, said.values),)
    return scenario, ()


def edit(text: str, changes: Mapping[str, Any], folder: Path) -> str:
    """Return a text with the values at some paths changed; comments and order stay.

    A value of None takes the key, or the row of an array of tables, out: it has its default again.
    The path of a row, ``disruptions.0``, takes a whole table; the number after the last adds one.
    A law that is changed keeps its mean. Rows of the day that a text is ``like`` are copied into it
    where one of them is changed.

    Raises
    ------
    ScenarioError
        The text is not TOML, or a path leads nowhere.
    """
    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise ScenarioError(
            f"{_WHERE} is not valid TOML: {error}.", kind="scenario_toml"
        ) from error
    whole = whole_table(document.unwrap(), folder, where=_WHERE)
    for path in sorted(changes, key=lambda path: _turn(path, changes[path])):
        keys, value = path.split("."), changes[path]
        if keys[0] in _ROWS and keys[0] not in document:
            document[keys[0]] = _copied(whole.get(keys[0], []))
        try:
            _change(document, keys, value, whole)
        except (TypeError, ValueError, TOMLKitError) as error:
            raise ScenarioError(f"{path} cannot be {value!r}: {error}.") from error
    return tomlkit.dumps(document)


def _change(document: Any, keys: list[str], value: Any, whole: Mapping[str, Any]) -> None:  # noqa: ANN401 - TOML of any type
    if value is None:
        _take_out(document, keys)
    elif keys[-1] == "law":
        _put_law(document, keys, str(value), whole)
    else:
        _put(document, keys, value)


def _turn(path: str, value: object) -> tuple[bool, int, str]:
    """Return when a change is made: rows are taken out last, and the last of them first."""
    number = path.rpartition(".")[2]
    takes_row = value is None and number.isdecimal()
    return takes_row, -int(number) if takes_row else 0, path


def _copied(rows: list[Mapping[str, Any]]) -> AoT:
    copy = tomlkit.aot()
    for row in rows:
        copy.append(_table(row))
    return copy


def _table(row: Mapping[str, Any]) -> Table:
    table = tomlkit.table()
    table.update(row)
    table.trivia.indent = "\n"  # an empty line before it
    return table


def _inline(row: Mapping[str, Any]) -> InlineTable:
    table = tomlkit.inline_table()
    table.update(row)
    return table


def _put(document: Any, keys: list[str], value: Any) -> None:  # noqa: ANN401 - TOML of any type
    table = document
    for depth, key in enumerate(keys[:-1]):
        if isinstance(table, list):
            table = _row(table, key, keys)
            continue
        if key not in _keyed(table, keys):
            table[key] = tomlkit.table(is_super_table=depth + 2 < len(keys))
        table = table[key]
    if not isinstance(table, list):
        _keyed(table, keys)[keys[-1]] = value
    elif keys[-1] == str(len(table)) and isinstance(value, Mapping):
        table.append(_table(value) if isinstance(table, AoT) else _inline(value))
    else:
        _row(table, keys[-1], keys).update(value)


def _take_out(document: Any, keys: list[str]) -> None:  # noqa: ANN401 - as above
    table = document
    for key in keys[:-1]:
        if isinstance(table, list):
            table = _row(table, key, keys)
        elif key in _keyed(table, keys):
            table = table[key]
        else:
            return
    if isinstance(table, list):
        _row(table, keys[-1], keys)
        del table[int(keys[-1])]
    elif keys[-1] in _keyed(table, keys):
        del table[keys[-1]]


def _keyed(table: Any, keys: list[str]) -> Any:  # noqa: ANN401 - as above
    if not isinstance(table, Mapping):
        raise ScenarioError(f"There is no {'.'.join(keys)}: {table!r} has no keys.")
    return table


def _row(rows: Any, number: str, keys: list[str]) -> Any:  # noqa: ANN401 - as above
    if not number.isdecimal() or int(number) >= len(rows):
        raise ScenarioError(f"There is no {'.'.join(keys)}; '{keys[0]}' has {len(rows)} rows.")
    return rows[int(number)]


def _put_law(document: Any, keys: list[str], law: str, whole: Mapping[str, Any]) -> None:  # noqa: ANN401 - as above
    """Put another law in the place of one, with the same mean."""
    if law not in _LIKE_MEAN:
        raise unknown(law, _LIKE_MEAN, f"{'.'.join(keys)} by form")
    usual = parse_scenario(whole, where=_WHERE)
    old = _law_at(usual, keys)
    for key in _LAW_KEYS:
        _take_out(document, [*keys[:-1], key])
    _put(document, keys, law)
    for key, share in _LIKE_MEAN[law].items():
        value = round(share * old.middle_min, 4) if key.endswith("_min") else share
        _put(document, [*keys[:-1], key], value)


def _law_at(scenario: Scenario, keys: list[str]) -> Law:
    found: Any = scenario
    for key in keys[:-1]:
        if isinstance(found, tuple):
            found = found[int(key)] if key.isdecimal() and int(key) < len(found) else None
        else:
            found = getattr(found, key, None)
    if not isinstance(found, Law):
        raise ScenarioError(f"There is no law at {'.'.join(keys[:-1]) or 'the top'}.")
    return found


def _line_of(text: str, error: ScenarioError) -> int | None:
    """Return the line that an error is about, as near as it can be told."""
    said = re.search(r"\(at line (\d+), column \d+\)", str(error))
    if said is not None:
        return int(said[1])
    found, longest = None, 0
    for line, path in _lines(text):
        alike = 0
        for mine, wrong in zip(path, error.path, strict=False):
            if mine != wrong:
                break
            alike += 1
        if alike == len(path) and alike > longest:
            found, longest = line, alike
    return found


def _lines(text: str) -> Iterator[tuple[int, KeyPath]]:
    """Yield the lines that begin a table or a value, each with the keys that lead there."""
    table: KeyPath = ()
    rows: dict[KeyPath, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        head = re.match(r"\s*\[(\[?)([^\[\]]+)\]", line)
        key = re.match(r"\s*([\w.\"'-]+)\s*=", line)
        if head is not None:
            table = _keys(head[2])
            if head[1]:
                rows[table] = rows.get(table, -1) + 1
                table = (*table, rows[table])
            yield number, table
        elif key is not None:
            yield number, (*table, *_keys(key[1]))


def _keys(dotted: str) -> KeyPath:
    return tuple(key.strip().strip("\"'") for key in dotted.split("."))
