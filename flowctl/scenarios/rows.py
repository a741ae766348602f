"""Dataclasses read from the tables of a TOML file, every key and every value checked."""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, field, fields, is_dataclass
from datetime import date
from math import inf
from typing import Any, TypeVar, get_args

from flowctl.errors import FlowctlError
from flowctl.site_tables import nearest

Row = TypeVar("Row")


class ScenarioError(FlowctlError):
    """A scenario's file is not fit for use; names the file, the table and the key."""


def bounded(least: float = 0.0, most: float = inf, default: Any = MISSING) -> Any:  # noqa: ANN401 - what dataclasses.field itself returns
    """Return a field of numbers from ``least`` to ``most``."""
    return field(default=default, metadata={"least": least, "most": most})


def read_row(kind: type[Row], table: object, where: str) -> Row:
    """Build a dataclass from a table, refusing what it does not know and what is out of range."""
    known = {row.name: row for row in fields(kind)}  # type: ignore[arg-type]
    values = dict(read_mapping(table, where))
    for key in values:
        if key not in known:
            raise unknown(key, known, where)
    for name, row in known.items():
        if name not in values:
            if row.default is MISSING:
                raise ScenarioError(f"{where}: the key '{name}' is missing.")
            continue
        values[name] = _value(values[name], row.type, row.metadata, f"{where}, {name}")
    return kind(**values)


def _value(value: Any, kind: Any, bounds: Mapping[str, float], where: str) -> Any:  # noqa: ANN401 - TOML values of any type
    if kind in (int, float):
        return read_number(value, kind, bounds, where)
    if kind is str and not (isinstance(value, str) and value):
        raise ScenarioError(f"{where}: expected a text, not {value!r}.")
    if kind is date and not isinstance(value, date):
        raise ScenarioError(f"{where}: expected a date such as 2024-01-23, not {value!r}.")
    if kind is bool and not isinstance(value, bool):
        raise ScenarioError(f"{where}: expected true or false, not {value!r}.")
    of, *_ = get_args(kind) or (None,)
    if isinstance(of, type) and is_dataclass(of):
        return tuple(read_row(of, row, where) for row in _array(value, where))
    if kind == tuple[str, ...]:
        return tuple(_value(text, str, {}, where) for text in _array(value, where))
    return value


def read_number(value: object, kind: type, bounds: Mapping[str, float], where: str) -> float:
    """Return a number between its bounds, of the kind asked for."""
    if isinstance(value, bool) or not isinstance(value, int if kind is int else int | float):
        raise ScenarioError(
            f"{where}: expected a {'whole ' if kind is int else ''}number, not {value!r}."
        )
    least, most = bounds["least"], bounds["most"]
    if not (least <= value <= most):
        limits = f"at least {least:g}" if most == inf else f"between {least:g} and {most:g}"
        raise ScenarioError(f"{where}: {value:g} is out of range; it must be {limits}.")
    return kind(value)  # type: ignore[no-any-return]


def _array(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise ScenarioError(f"{where}: expected a list, not {value!r}.")
    return value


def read_mapping(value: object, where: str) -> Mapping[str, Any]:
    """Return a table."""
    if not isinstance(value, Mapping):
        raise ScenarioError(f"{where}: expected a table, not {value!r}.")
    return value


def unknown(word: str, known: Iterable[str], where: str) -> ScenarioError:
    """Return the refusal of a word that is none of those known."""
    listed = list(known)
    hint = nearest(word, listed) or f"; known are {', '.join(listed)}."
    return ScenarioError(f"{where}: there is no '{word}'{hint}")
