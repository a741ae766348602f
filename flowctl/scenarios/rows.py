"""Dataclasses read from the tables of a TOML file, every key and every value checked."""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, field, fields, is_dataclass
from datetime import date
from math import inf
from types import UnionType
from typing import Any, Protocol, TypeVar, get_args, get_origin, runtime_checkable

from flowctl.errors import FlowctlError
from flowctl.site_tables import nearest

Row = TypeVar("Row")


class ScenarioError(FlowctlError):
    """A scenario's file is not fit for use; names the file, the table and the key."""


@runtime_checkable
class Doubtful(Protocol):
    """A row whose values must also agree with each other."""

    def fault(self) -> str | None:
        """Return what is wrong with the row as the end of a sentence, None where nothing is."""


def bounded(
    least: float = 0.0,
    most: float = inf,
    default: Any = MISSING,  # noqa: ANN401 - what dataclasses.field itself returns
) -> Any:  # noqa: ANN401
    """Return a field of numbers from ``least`` to ``most``; of a list each number is meant."""
    return field(default=default, metadata={"least": least, "most": most})


def chosen(*words: str, default: Any = MISSING) -> Any:  # noqa: ANN401 - as above
    """Return a field of one of the words."""
    return field(default=default, metadata={"words": words})


def span_fault(what: str, low: float, high: float) -> str | None:
    """Return what is wrong with two numbers where the first may not be above the second."""
    return f"{what}: the least ({low:g}) is above the most ({high:g})." if low > high else None


def read_row(kind: type[Row], table: object, where: str) -> Row:
    """Build a dataclass from a table, refusing what it does not know and what is out of range."""
    known = {row.name: row for row in fields(kind)}  # type: ignore[arg-type]
    values = dict(read_mapping(table, where))
    for key in values:
        if key not in known:
            raise unknown(key, known, where)
    for name, row in known.items():
        if name in values:
            values[name] = _value(values[name], row.type, row.metadata, where, name)
        elif _is_needed(row):
            raise ScenarioError(f"{where}: the key '{name}' is missing.")
    made = kind(**values)
    fault = made.fault() if isinstance(made, Doubtful) else None
    if fault is not None:
        raise ScenarioError(f"{where}, {fault}")
    return made


def _is_needed(row: "Field[Any]") -> bool:
    return row.default is MISSING and row.default_factory is MISSING


def _value(value: Any, kind: Any, bounds: Mapping[str, Any], where: str, name: str) -> Any:  # noqa: ANN401 - TOML values of any type
    """Return the value of a key as its field's type wants it."""
    if isinstance(kind, UnionType):  # a key that may be left out
        kind, *_ = [each for each in get_args(kind) if each is not type(None)]
    if is_dataclass(kind) and isinstance(kind, type):
        return read_row(kind, value, f"{where}, [{name}]")
    if get_origin(kind) is tuple:
        return _list(value, get_args(kind)[0], bounds, where, name)
    if get_origin(kind) is Mapping:
        return _mapping(value, get_args(kind)[1], where, name)
    return _plain(value, kind, bounds, f"{where}, {name}")


def _list(value: object, of: Any, bounds: Mapping[str, Any], where: str, name: str) -> Any:  # noqa: ANN401 - as above
    rows = _array(value, f"{where}, {name}")
    if not is_dataclass(of):
        return tuple(_plain(each, of, bounds, f"{where}, {name}") for each in rows)
    return tuple(
        read_row(of, row, f"{where}, [[{name}]]" + (f" {number}" if len(rows) > 1 else ""))  # type: ignore[arg-type]
        for number, row in enumerate(rows, start=1)
    )


def _mapping(value: object, of: Any, where: str, name: str) -> Any:  # noqa: ANN401 - as above
    table = read_mapping(value, f"{where}, {name}")
    if not is_dataclass(of):
        return table  # shares and translations: whoever knows their words checks them
    return {key: read_row(of, row, f"{where}, {name}.{key}") for key, row in table.items()}  # type: ignore[arg-type]


def _plain(value: Any, kind: Any, bounds: Mapping[str, Any], where: str) -> Any:  # noqa: ANN401 - as above
    if kind in (int, float):
        return read_number(value, kind, bounds, where)
    if kind is str and not (isinstance(value, str) and value):
        raise ScenarioError(f"{where}: expected a text, not {value!r}.")
    if kind is str and value not in bounds.get("words", (value,)):
        raise unknown(value, bounds["words"], where)
    if kind is date and not isinstance(value, date):
        raise ScenarioError(f"{where}: expected a date such as 2024-01-23, not {value!r}.")
    if kind is bool and not isinstance(value, bool):
        raise ScenarioError(f"{where}: expected true or false, not {value!r}.")
    return value


def read_number(value: object, kind: type, bounds: Mapping[str, Any], where: str) -> float:
    """Return a number between its bounds, of the kind asked for."""
    if isinstance(value, bool) or not isinstance(value, int if kind is int else int | float):
        raise ScenarioError(
            f"{where}: expected a {'whole ' if kind is int else ''}number, not {value!r}."
        )
    least, most = bounds.get("least", -inf), bounds.get("most", inf)
    if not (least <= value <= most) or abs(value) == inf:
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
