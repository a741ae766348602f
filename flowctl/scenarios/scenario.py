"""A day that can be played: who stands there, who comes when, and how drivers and trackers behave.

A scenario is a TOML file. Hours are local hours of the day played; shares lie between 0 and 1.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from math import isfinite
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flowctl.data_files import data_dir
from flowctl.errors import Refusal
from flowctl.scenarios.behaviour import Congestion, Drivers, Gps, Messages
from flowctl.scenarios.events import Breakdowns, Disruption, Lanes, OtherSide, Surge
from flowctl.scenarios.laws import (
    CARGOES,
    Checks,
    GateDemand,
    Inspection,
    Law,
    Profile,
    ScreeningOf,
    YardChange,
    check_shares,
)
from flowctl.scenarios.rows import Path as KeyPath
from flowctl.scenarios.rows import (
    Place,
    ScenarioError,
    bounded,
    chosen,
    read_mapping,
    read_row,
)
from flowctl.scenarios.steering import parse_steering
from flowctl.site import Site
from flowctl.site_tables import LANGUAGES

_USUAL_ZONE = "Asia/Ho_Chi_Minh"
_YEARS = range(2000, 2101)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a scenario is played where whoever asks says nothing else.

    ``replications`` with the seeds ``seed``, ``seed`` + 1 …; with ``until_width`` more of them,
    until the 95 % interval of ``measure`` is so narrow a share of its mean on either side.
    Measures leave out what happened in the first ``warm_up_h`` hours of the day.
    """

    replications: int = bounded(least=1, most=100_000, default=1)
    seed: int = bounded(most=2**53, default=1)
    warm_up_h: float = bounded(most=168.0, default=0.0)
    until_width: float | None = bounded(least=0.001, most=1.0, default=None)
    measure: str = "gate_wait_mean_s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Some days of a site, with everything that is drawn at random described by its law.

    The demand of ``gates`` comes on each of ``days``, those who stand there before the first.
    ``counts`` says whether an hour's trucks are its share of the day's, ``exact``, or a Poisson
    number with that mean. Of the rows of ``screenings`` that fit a truck the last holds, of
    ``inspections`` each adds its own. Without ``congestion`` a truck keeps one speed on its whole
    corridor. ``steering`` is what `parse_steering` reads.
    """

    id: str
    name: Mapping[str, str]
    site: str
    day: date
    timezone: ZoneInfo
    days: int = bounded(least=1, most=7, default=1)
    until_h: float = bounded(least=1.0, most=168.0, default=24.0)
    steering: str = "n_control"
    run: Run = field(default_factory=Run)
    gates: Mapping[str, GateDemand]
    yards: Mapping[str, YardChange] = field(default_factory=dict)
    counts: str = chosen("exact", "poisson", default="exact")
    exports: Profile = field(default_factory=Profile)
    imports: Profile = field(default_factory=Profile)
    checks: Checks = field(default_factory=lambda: Checks(mean_min=125.0, cv=0.5))
    screening: Law = field(default_factory=lambda: Law(least_min=10.0, most_min=15.0))
    screenings: tuple[ScreeningOf, ...] = ()
    inspections: tuple[Inspection, ...] = ()
    cargo: Mapping[str, float] = field(default_factory=lambda: {CARGOES[0]: 1.0})
    languages: Mapping[str, float] = field(default_factory=lambda: {LANGUAGES[0]: 1.0})
    drivers: Drivers = field(default_factory=Drivers)
    gps: Gps = field(default_factory=Gps)
    messages: Messages = field(default_factory=Messages)
    congestion: Congestion | None = None
    disruptions: tuple[Disruption, ...] = ()
    surges: tuple[Surge, ...] = ()
    lanes: tuple[Lanes, ...] = ()
    breakdowns: tuple[Breakdowns, ...] = ()
    other_side: tuple[OtherSide, ...] = ()

    def fault(self) -> Refusal | None:
        """Return what is planned for a time after the day has ended, or that there is no gate."""
        if not self.gates:
            return Refusal(
                "gates: a day needs the trucks of one gate at least.", kind="scenario_no_gate"
            )
        if self.day.year not in _YEARS:
            return Refusal(
                f"day: {self.day} lies before {_YEARS[0]} or after {_YEARS[-1]}.",
                kind="scenario_year",
                values={"least": str(_YEARS[0]), "most": str(_YEARS[-1])},
            )
        for kind in ("disruptions", "lanes", "other_side"):
            for row in getattr(self, kind):
                if row.from_h >= self.until_h:
                    return Refusal(
                        f"[[{kind}]]: at {row.gate} something begins at {row.from_h:g} h, but the"
                        f" day ends at {self.until_h:g} h.",
                        kind="scenario_after_end",
                        values={"gate": row.gate, "hour": row.from_h, "end": self.until_h},
                    )
        if self.run.warm_up_h >= self.until_h:
            return Refusal(
                f"[run]: a warm-up of {self.run.warm_up_h:g} h leaves nothing of a day that ends at"
                f" {self.until_h:g} h.",
                kind="scenario_warm_up",
                values={"hours": self.run.warm_up_h, "end": self.until_h},
            )
        return None

    @property
    def start(self) -> datetime:
        """The local midnight the day begins with, as aware UTC."""
        return datetime.combine(self.day, time(), self.timezone).astimezone(UTC)

    @property
    def closes(self) -> datetime:
        """The moment the day's report closes, as aware UTC."""
        return self.start + timedelta(hours=self.until_h)


def load_scenario(path: Path) -> Scenario:
    """Read a scenario from its TOML file.

    One with ``like = "NAME"`` is the day of NAME.toml beside it, or else of the one that ships, but
    for the keys it has itself.

    Raises
    ------
    ScenarioError
        The file is missing, a folder or not TOML, a key is unknown or missing, a value is out of
        range.
    """
    table = whole_table(_table(path), path.parent, where=str(path))
    return parse_scenario(table, where=str(path))


def read_scenario(text: str, folder: Path, *, where: str) -> Scenario:
    """Read a scenario from TOML text; ``folder`` has the days that it may be ``like``.

    Raises
    ------
    ScenarioError
        As `load_scenario`.
    """
    return parse_scenario(whole_table(read_toml(text, where), folder, where=where), where=where)


def whole_table(own: Mapping[str, Any], folder: Path, *, where: str) -> dict[str, Any]:
    """Return a scenario's table with that of the day it is ``like`` under it.

    That day is looked for in ``folder``, then among those that ship.

    Raises
    ------
    ScenarioError
        There is no such day, or it is itself like another.
    """
    table = dict(own)
    like = table.pop("like", None)
    if like is None:
        return table
    if not isinstance(like, str) or Path(like).name != like:
        raise ScenarioError(
            f"{where}, like: expected the name of a scenario, not {like!r}.",
            ("like",),
            kind="scenario_text",
            values={"key": "like", "value": repr(like)},
        )
    beside, shipped = (at / f"{like}.toml" for at in (folder, data_dir() / "scenarios"))
    base = _table(shipped if shipped.is_file() and not beside.is_file() else beside)
    if "like" in base:
        raise ScenarioError(
            f"{where}, like: '{like}' is itself like another day; name that one.",
            ("like",),
            kind="scenario_like",
            values={"like": like},
        )
    return _over(base, table)


def read_toml(text: str, where: str) -> dict[str, Any]:
    """Return a TOML text as a table.

    Raises
    ------
    ScenarioError
        It is not TOML; the sentence names the line.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(
            f"{where}: this is not valid TOML: {error}.", kind="scenario_toml"
        ) from error


def _over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table with the keys of another put over its own, in the tables of it too.

    A table that names its own ``law`` stands alone: the keys of two laws do not mix.
    """
    both = {
        key: _over(base[key], own[key])
        for key in base.keys() & own.keys()
        if isinstance(base[key], Mapping) and isinstance(own[key], Mapping)
        if "law" not in own[key]
    }
    return {**base, **own, **both}


def _table(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError as error:
        raise ScenarioError(
            f"{path}: there is no such scenario file.",
            kind="no_scenario",
            values={"scenario": path.stem},
        ) from error
    except IsADirectoryError as error:
        raise ScenarioError(f"{path} is a folder; name the file of one scenario.") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path}: this is not valid TOML: {error}.") from error


def parse_scenario(table: Mapping[str, Any], *, where: str) -> Scenario:
    """Return the scenario a parsed TOML table describes; ``where`` names it in errors."""
    rest = dict(table)
    place = Place(where)
    rest["timezone"] = _zone(rest.get("timezone", _USUAL_ZONE), place.key("timezone"))
    name = rest.get("name", rest.get("id"))
    if isinstance(name, str):
        rest["name"] = dict.fromkeys(LANGUAGES, name)
    scenario = read_row(Scenario, rest, place)
    check_shares(scenario.cargo, CARGOES, place.table("cargo"))
    check_shares(scenario.languages, LANGUAGES, place.table("languages"))
    for gate, row in scenario.gates.items():
        if row.cargo is not None:
            check_shares(row.cargo, CARGOES, place.member("gates", gate).table("cargo"))
    _check_translations(scenario.name, place.key("name"))
    _check_gates(scenario, place)
    _check_steering(scenario.steering, place.key("steering"))
    return scenario


def scaled(scenario: Scenario, factor: float) -> Scenario:
    """Return the scenario with every count of trucks multiplied by ``factor`` and rounded.

    Raises
    ------
    ScenarioError
        The factor is negative or not finite.
    """
    if not (isfinite(factor) and factor >= 0):
        raise ScenarioError(f"A demand factor must be zero or more, not {factor:g}.")
    gates = {
        gate: replace(
            row,
            standing=round(row.standing * factor),
            arrivals=round(row.arrivals * factor),
            imports=round(row.imports * factor),
        )
        for gate, row in scenario.gates.items()
    }
    return replace(scenario, gates=gates)


def check_names(scenario: Scenario, site: Site) -> None:
    """Check that a site has every gate and yard a scenario names, and lives by its clocks.

    Raises
    ------
    ScenarioError
        Names the first that it has not.
    """
    told = f"The scenario '{scenario.id}'"
    if scenario.timezone.key != site.timezone.key:
        raise ScenarioError(
            f"{told} tells its hours in {scenario.timezone.key}, the site '{site.id}' lives by"
            f' {site.timezone.key}; write timezone = "{site.timezone.key}".',
            ("timezone",),
            kind="scenario_site_zone",
            values={"zone": site.timezone.key},
        )
    for gate, row in scenario.gates.items():
        if gate not in site.gate_by_id:
            known = ", ".join(site.gate_by_id)
            raise ScenarioError(
                f"{told} names the gate '{gate}'; the site '{site.id}' has {known}.",
                ("gates", gate),
                kind="scenario_unknown",
                values={"word": gate, "known": tuple(site.gate_by_id)},
            )
        for yard in (*row.stands_in, row.yard):
            key = "yard" if yard == row.yard else "standing_yards"
            said = f"{told} names the yard '{yard}' for '{gate}'"
            _check_yard(site, yard, said, ("gates", gate, key))
    for yard in scenario.yards:
        _check_yard(site, yard, f"{told} changes the yard '{yard}'", ("yards", yard))


def _check_yard(site: Site, yard: str, told: str, path: KeyPath) -> None:
    if yard not in site.yard_by_id:
        raise ScenarioError(
            f"{told}; the site '{site.id}' has {', '.join(site.yard_by_id)}.",
            path,
            kind="scenario_unknown",
            values={"word": yard, "known": tuple(site.yard_by_id)},
        )


def _check_gates(scenario: Scenario, where: Place) -> None:
    """Refuse what is said of a gate that has no trucks in this scenario."""
    verbs = {
        "disruptions": "disturbs",
        "surges": "disturbs",
        "breakdowns": "disturbs",
        "lanes": "staffs",
        "other_side": "limits",
        "screenings": "times screenings at",
    }
    for kind, verb in verbs.items():
        rows = getattr(scenario, kind)
        for number, row in enumerate(rows):
            if row.gate is not None and row.gate not in scenario.gates:
                place = where.row(kind, number, len(rows)).key("gate")
                raise ScenarioError(
                    f"{place.said}: it {verb} the gate '{row.gate}', of whose trucks the scenario"
                    f" says nothing; it has {', '.join(scenario.gates)}.",
                    place.path,
                    kind="scenario_unknown",
                    values={"word": row.gate, "known": tuple(scenario.gates)},
                )


def _zone(value: object, where: Place) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ScenarioError(
            f"{where.said}: {value!r} is not a known time zone.",
            where.path,
            kind="scenario_zone",
            values={"value": repr(value)},
        ) from error


def _check_translations(name: Mapping[str, Any], where: Place) -> None:
    for language in LANGUAGES:
        if not read_mapping(name, where).get(language):
            raise ScenarioError(
                f"{where.said}: the text in '{language}' is missing.",
                where.path,
                kind="scenario_missing",
                values={"key": f"{where.name}.{language}"},
            )


def _check_steering(text: str, where: Place) -> None:
    try:
        parse_steering(text)
    except ScenarioError as error:
        said = error.refusal
        rest = said.sentence.removeprefix(f"The policy '{text}'")
        raise ScenarioError(
            f"{where.said}{rest}", where.path, kind=said.kind, values=said.values
        ) from None
