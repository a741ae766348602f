"""Dataclasses read from the tables of a TOML file, every key and every value checked."""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, field, fields, is_dataclass
from datetime import date
from math import inf
from types import UnionType
from typing import Any, NamedTuple, Protocol, TypeVar, get_args, get_origin, runtime_checkable

from flowctl.errors import FlowctlError, Refusal, Value
from flowctl.site_tables import find_nearest

Row = TypeVar("Row")
Path = tuple[str | int, ...]
"""The keys that lead to a value, rows of an array of tables counted from 0."""


class ScenarioError(FlowctlError):
    """A scenario's file is not fit for use; names the file, the table and the key.

    ``path`` leads to what is wrong, as far as it is in the file.
    """

    def __init__(
        self,
        sentence: str,
        path: Path = (),
        *,
        kind: str | None = None,
        values: Mapping[str, Value] | None = None,
    ) -> None:
        super().__init__(sentence, kind=kind, values=values)
        self.path = path


class Place(NamedTuple):
    """Where in a file something stands: as sentences say it, and the keys that lead there."""

    said: str
    path: Path = ()

    def key(self, name: str) -> "Place":
        """Return the place of a value of this table."""
        return Place(f"{self.said}, {name}", (*self.path, name))

    def table(self, name: str) -> "Place":
        """Return the place of a table of this table."""
        return Place(f"{self.said}, [{name}]", (*self.path, name))

    def member(self, name: str, key: str) -> "Place":
        """Return the place of a table that stands under a name of its own."""
        return Place(f"{self.said}, {name}.{key}", (*self.path, name, key))

    def row(self, name: str, number: int, count: int) -> "Place":
        """Return the place of a row, the ``number``-th from 0 of an array of tables."""
        which = f" {number + 1}" if count > 1 else ""
        return Place(f"{self.said}, [[{name}]]{which}", (*self.path, name, number))

    @property
    def name(self) -> str:
        """The key that stands here."""
        return str(self.path[-1]) if self.path else self.said


@runtime_checkable
class Doubtful(Protocol):
    """A row whose values must also agree with each other."""

    def fault(self) -> Refusal | None:
        """Return what is wrong with the row, its sentence the end of one; None: nothing is."""


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


def span_fault(what: str, low: float, high: float) -> Refusal | None:
    """Return what is wrong with two numbers where the first may not be above the second."""
    if low <= high:
        return None
    return Refusal(
        f"{what}: the least ({low:g}) is above the most ({high:g}).",
        kind="scenario_span",
        values={"least": f"{low:g}", "most": f"{high:g}"},
    )


def read_row(kind: type[Row], table: object, where: Place) -> Row:
    """Build a dataclass from a table, refusing what it does not know and what is out of range."""
    known = {row.name: row for row in fields(kind)}  # type: ignore[arg-type]
    values = dict(read_mapping(table, where))
    for key in values:
        if key not in known:
            raise unknown(key, known, where, (*where.path, key))
    for name, row in known.items():
        if name in values:
            values[name] = _value(values[name], row.type, row.metadata, where, name)
        elif _is_needed(row):
            raise ScenarioError(
                f"{where.said}: the key '{name}' is missing.",
                where.path,
                kind="scenario_missing",
                values={"key": name},
            )
    made = kind(**values)
    fault = made.fault() if isinstance(made, Doubtful) else None
    if fault is not None:
        first = fault.sentence.partition(":")[0]
        path = (*where.path, first) if first in known else where.path
        raise ScenarioError(
            f"{where.said}, {fault.sentence}", path, kind=fault.kind, values=fault.values
        )
    return made


def _is_needed(row: "Field[Any]") -> bool:
    return row.default is MISSING and row.default_factory is MISSING


def without_none(kind: Any) -> Any:  # noqa: ANN401 - annotations of any type
    """Return the type of a key that may be left out, without the None."""
    if isinstance(kind, UnionType):
        return next(each for each in get_args(kind) if each is not type(None))
    return kind


def _value(value: Any, kind: Any, bounds: Mapping[str, Any], where: Place, name: str) -> Any:  # noqa: ANN401 - TOML values of any type
    """Return the value of a key as its field's type wants it."""
    kind = without_none(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        return read_row(kind, value, where.table(name))
    if get_origin(kind) is tuple:
        return _list(value, get_args(kind)[0], bounds, where, name)
    if get_origin(kind) is Mapping:
        return _mapping(value, get_args(kind)[1], where, name)
    return _plain(value, kind, bounds, where.key(name))


def _list(value: object, of: Any, bounds: Mapping[str, Any], where: Place, name: str) -> Any:  # noqa: ANN401 - as above
    rows = _array(value, where.key(name))
    if not is_dataclass(of):
        return tuple(_plain(each, of, bounds, where.key(name)) for each in rows)
    return tuple(
        read_row(of, row, where.row(name, number, len(rows)))  # type: ignore[arg-type]
        for number, row in enumerate(rows)
    )


def _mapping(value: object, of: Any, where: Place, name: str) -> Any:  # noqa: ANN401 - as above
    table = read_mapping(value, where.key(name))
    if not is_dataclass(of):
        return table  # shares and translations: whoever knows their words checks them
    return {key: read_row(of, row, where.member(name, key)) for key, row in table.items()}  # type: ignore[arg-type]


def _plain(value: Any, kind: Any, bounds: Mapping[str, Any], where: Place) -> Any:  # noqa: ANN401 - as above
    if kind in (int, float):
        return read_number(value, kind, bounds, where)
    if kind is str and not (isinstance(value, str) and value):
        raise ScenarioError(
            f"{where.said}: expected a text, not {value!r}.",
            where.path,
            kind="scenario_text",
            values={"key": where.name, "value": repr(value)},
        )
    if kind is str and value not in bounds.get("words", (value,)):
        raise unknown(value, bounds["words"], where)
    if kind is date and not isinstance(value, date):
        raise ScenarioError(
            f"{where.said}: expected a date such as 2024-01-23, not {value!r}.",
            where.path,
            kind="scenario_date",
            values={"key": where.name, "value": repr(value)},
        )
    if kind is bool and not isinstance(value, bool):
        raise ScenarioError(
            f"{where.said}: expected true or false, not {value!r}.",
            where.path,
            kind="scenario_truth",
            values={"key": where.name, "value": repr(value)},
        )
    return value


def read_number(value: object, kind: type, bounds: Mapping[str, Any], where: Place) -> float:
    """Return a number between its bounds, of the kind asked for."""
    if isinstance(value, bool) or not isinstance(value, int if kind is int else int | float):
        if kind is int:
            raise ScenarioError(
                f"{where.said}: expected a whole number, not {value!r}.",
                where.path,
                kind="scenario_whole",
                values={"key": where.name, "value": repr(value)},
            )
        raise ScenarioError(
            f"{where.said}: expected a number, not {value!r}.",
            where.path,
            kind="scenario_number",
            values={"key": where.name, "value": repr(value)},
        )
    least, most = bounds.get("least", -inf), bounds.get("most", inf)
    if not (least <= value <= most) or abs(value) == inf:
        raise _out_of_range(value, least, most, where)
    return kind(value)  # type: ignore[no-any-return]


def _out_of_range(value: float, least: float, most: float, where: Place) -> ScenarioError:
    if most == inf:
        return ScenarioError(
            f"{where.said}: {value:g} is out of range; it must be at least {least:g}.",
            where.path,
            kind="scenario_at_least",
            values={"key": where.name, "value": f"{value:g}", "least": f"{least:g}"},
        )
    return ScenarioError(
        f"{where.said}: {value:g} is out of range; it must be between {least:g} and {most:g}.",
        where.path,
        kind="scenario_between",
        values={
            "key": where.name,
            "value": f"{value:g}",
            "least": f"{least:g}",
            "most": f"{most:g}",
        },
    )


def _array(value: object, where: Place) -> list[Any]:
    if not isinstance(value, list):
        raise ScenarioError(
            f"{where.said}: expected a list, not {value!r}.",
            where.path,
            kind="scenario_list",
            values={"key": where.name, "value": repr(value)},
        )
    return value


def read_mapping(value: object, where: Place) -> Mapping[str, Any]:
    """Return a table."""
    if not isinstance(value, Mapping):
        raise ScenarioError(
            f"{where.said}: expected a table, not {value!r}.",
            where.path,
            kind="scenario_table",
            values={"key": where.name, "value": repr(value)},
        )
    return value


def unknown(
    word: str, known: Iterable[str], where: Place | str, path: Path | None = None
) -> ScenarioError:
    """Return the refusal of a word that is none of those known; ``where`` may be outside a file."""
    listed = list(known)
    where = Place(where) if isinstance(where, str) else where
    told = f"{where.said}: there is no '{word}'"
    path = where.path if path is None else path
    near = find_nearest(word, listed)
    if near is not None:
        return ScenarioError(
            f'{told}, did you mean "{near}"?',
            path,
            kind="scenario_unknown_near",
            values={"word": word, "near": near},
        )
    return ScenarioError(
        f"{told}; known are {', '.join(listed)}.",
        path,
        kind="scenario_unknown",
        values={"word": word, "known": tuple(listed)},
    )
