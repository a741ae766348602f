"""Variants of a scenario: a number of it, or of the site's rules, set to other values."""

import copy
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from hashlib import sha256
from math import floor
from typing import Any

from flowctl.errors import FlowctlError
from flowctl.scenarios.form import values_of
from flowctl.scenarios.scenario import Scenario, parse_scenario
from flowctl.site import Site
from flowctl.site_tables import nearest

Settings = Mapping[str, float]
"""What each path is set to."""

SITE = "site.dispatch."
"""How paths begin that name a rule of the site instead of a key of the scenario."""
_NUMBER = r"-?\d+(?:\.\d+)?"
_RANGE = re.compile(rf"({_NUMBER}):({_NUMBER})(?::({_NUMBER}))?")
_MOST_VALUES = 1000
_FEW = 10
_NEARLY = 1e-9


@dataclass(frozen=True, slots=True)
class Variable:
    """A path with the values it takes, ascending."""

    path: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A scenario as its parsed table, and its site; what variants are made of.

    ``table`` is whole: what the scenario is ``like`` is in it.
    """

    table: Mapping[str, Any]
    site: Site
    where: str

    def variant(self, settings: Settings) -> tuple[Scenario, Site]:
        """Return scenario and site with paths set to other values.

        Raises
        ------
        FlowctlError
            There is no such path, or its value cannot be.
        """
        table, site = copy.deepcopy(dict(self.table)), self.site
        for path, value in settings.items():
            if path.startswith(SITE):
                site = _with_rule(site, path, value)
            else:
                self._check_path(path)
                _put(table, path.split("."), int(value) if value == floor(value) else value)
        return parse_scenario(table, where=self.where), site

    def changed(self, table: Mapping[str, Any]) -> "Base":
        """Return the base with another table."""
        return replace(self, table=table)

    def value(self, path: str) -> float:
        """Return what a path has now.

        Raises
        ------
        FlowctlError
            It has no number.
        """
        known = self.values()
        if path not in known:
            raise _no_path(path, known)
        return known[path]

    def values(self) -> dict[str, float]:
        """Return every number of the scenario and of the site's rules by its path."""
        found = values_of(parse_scenario(self.table, where=self.where), self.site)
        rules = {
            f"{SITE}{row.name}": getattr(self.site.dispatch, row.name)
            for row in fields(self.site.dispatch)
        }
        return {
            path: float(value)
            for path, value in (found | rules).items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }

    def digest(self) -> str:
        """Return what table and site amount to; the same from one day to the next."""
        site = self.site
        known = (self.table, site.id, site.gates, site.yards, site.dispatch, site.policy)
        return sha256(repr(known).encode()).hexdigest()

    def _check_path(self, path: str) -> None:
        """Refuse a path that is neither there nor a key the scenario's schema would take."""
        known = values_of(parse_scenario(self.table, where=self.where), self.site)
        if path not in known:
            raise _no_path(path, known)


def _no_path(path: str, known: Iterable[str]) -> FlowctlError:
    hint = (
        nearest(path, known) or "; paths are like gates.tan_thanh.arrivals or " + SITE + "slot_s."
    )
    return FlowctlError(f"There is no number '{path}' in the scenario{hint}")


def _with_rule(site: Site, path: str, value: float) -> Site:
    name = path.removeprefix(SITE)
    known = {row.name: row for row in fields(site.dispatch)}
    if name not in known:
        raise _no_path(path, (f"{SITE}{each}" for each in known))
    kind = type(getattr(site.dispatch, name))
    if kind is int and value != floor(value):
        raise FlowctlError(f"{path} is a whole number, not {value:g}.")
    return replace(site, dispatch=replace(site.dispatch, **{name: kind(value)}))


def _put(table: dict[str, Any], keys: list[str], value: float) -> None:
    """Set a value in a table of tables and arrays."""
    inside: Any = table
    for key in keys[:-1]:
        inside = inside[int(key)] if isinstance(inside, list) else inside.setdefault(key, {})
    inside[int(keys[-1]) if isinstance(inside, list) else keys[-1]] = value


def parse_variable(text: str) -> Variable:
    """Read ``gates.tan_thanh.arrivals=300:600:50``, or values with commas.

    Raises
    ------
    FlowctlError
        It is neither, or has more than a thousand values.
    """
    path, _, said = text.partition("=")
    if not (path and said):
        raise FlowctlError(
            f"--vary takes a path and its values, as gates.tan_thanh.arrivals=300:600:50: {text!r}."
        )
    return Variable(path.strip(), parse_values(said, text))


def parse_values(said: str, text: str) -> tuple[float, ...]:
    """Read ``300:600:50``, ``300:600`` (whole numbers, or ten steps) or ``300,450,600``."""
    found = _RANGE.fullmatch(said.strip())
    if found is None:
        try:
            return tuple(sorted({float(each) for each in said.split(",")}))
        except ValueError:
            raise FlowctlError(
                f"Values are a range as 300:600:50 or a list as 300,450: {text!r}."
            ) from None
    first, last = float(found[1]), float(found[2])
    if last < first:
        raise FlowctlError(f"The range ends before it begins: {text!r}.")
    step = float(found[3]) if found[3] else _usual_step(first, last)
    if step <= 0:
        raise FlowctlError(f"The step of a range is above zero: {text!r}.")
    count = floor((last - first) / step + _NEARLY) + 1
    if count > _MOST_VALUES:
        raise FlowctlError(f"At most {_MOST_VALUES} values are tried, not {count}: {text!r}.")
    return tuple(round(first + k * step, 9) for k in range(count))


def _usual_step(first: float, last: float) -> float:
    if first == floor(first) and last == floor(last) and last > first:
        return float(max(1, round((last - first) / _MOST_VALUES)))
    return max((last - first) / _FEW, _NEARLY)
