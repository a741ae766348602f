"""A day that can be played: who stands there, who comes when, and how drivers and trackers behave.

A scenario is a TOML file. Hours are local hours of the day played; shares lie between 0 and 1.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from math import inf, isfinite
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flowctl.scenarios.rows import (
    ScenarioError,
    bounded,
    read_mapping,
    read_number,
    read_row,
    unknown,
)
from flowctl.site import Site
from flowctl.site_tables import LANGUAGES

CARGOES = ("normal", "reefer", "perishable")
_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class GateDemand:
    """Trucks of one gate: counts of the day, and the yards its exports use.

    ``standing`` exports stand in ``standing_yards`` (shared evenly) when the day begins;
    ``arrivals`` exports come to ``yard``; ``imports`` come to the gate from the other side.
    """

    standing: int = bounded()
    standing_yards: tuple[str, ...]
    arrivals: int = bounded()
    yard: str
    imports: int = bounded()


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """A normal hump of a day's profile: its share of the trucks, its hour, its width."""

    share: float = bounded(most=1.0)
    at_h: float = bounded(most=24.0)
    sd_h: float = bounded(least=0.01)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """When trucks come: humps over a flat rest, cut to ``from_h``-``until_h``."""

    from_h: float = bounded(most=24.0)
    until_h: float = bounded(most=24.0)
    peaks: tuple[Peak, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """Time from the yard's entry until a truck is ready for the gate; lognormal."""

    mean_min: float = bounded(least=0.001)
    cv: float = bounded(least=0.001)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """Service time of one truck at an inspection place; uniform between the two."""

    least_min: float = bounded(least=0.001)
    most_min: float = bounded(least=0.001)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """How drivers behave.

    ``reaction`` runs from the call-up to the engine's start (lognormal); a driver who does not
    comply needs ``late_reaction_s`` instead. ``no_show_share`` do not follow their first call-up
    at all. Speeds vary between drivers by ``speed_cv``.
    """

    reaction_s: float = bounded(least=0.001)
    reaction_cv: float = bounded(least=0.001)
    compliance_share: float = bounded(most=1.0)
    late_reaction_s: float = bounded()
    speed_cv: float = bounded(least=0.001)
    seen_before_least_min: float = bounded()
    seen_before_most_min: float = bounded()
    registered_before_least_h: float = bounded()
    registered_before_most_h: float = bounded()
    no_show_share: float = bounded(most=1.0, default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gps:
    """What trackers send and what goes wrong with it.

    ``noise_m`` is the root mean square distance of a fix from the truth. ``late_share`` of a
    tracker's windows of ``late_window_s`` have no network: their fixes come in one batch at the
    window's end, or spread over ``backlog_s`` after it, the newest first, while new ones go out as
    they are taken. ``without_share`` of the exports have no tracker; officers count them.
    """

    moving_interval_s: float = bounded(least=1.0)
    parked_interval_s: float = bounded(least=1.0)
    noise_m: float = bounded()
    lost_share: float = bounded(most=1.0)
    late_share: float = bounded(most=1.0)
    late_window_s: float = bounded(least=1.0)
    duplicate_share: float = bounded(most=1.0)
    without_share: float = bounded(most=1.0)
    post_interval_s: float = bounded(least=1.0)
    backlog_s: float = bounded(default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Congestion:
    """What slows trucks on the corridors beside their drivers' own pace; every figure is assumed.

    Two rush hours around ``morning_h`` and ``evening_h`` take up to ``rush_loss`` of the speed
    within ``town_km`` of each of ``towns`` evenly spaced towns. Each of ``incidents_per_day`` takes
    ``incident_loss`` from ``incident_km`` of road for a time uniform between the two bounds.
    ``rough_cv`` is what differs between trucks from one stretch to the next. ``slow_share`` of the
    trucks drive at ``slow_pace`` of the speed of others; ``stop_share`` of them stop once, for a
    meal or the rest that four hours of driving ask for (Law on Road Traffic 23/2008/QH12, art. 65).
    """

    morning_h: float = bounded(most=24.0, default=7.5)
    evening_h: float = bounded(most=24.0, default=17.0)
    rush_sd_h: float = bounded(least=0.01, default=1.0)
    rush_loss: float = bounded(most=0.9, default=0.5)
    towns: int = bounded(default=5)
    town_km: float = bounded(least=0.1, default=5.0)
    incidents_per_day: int = bounded(default=20)
    incident_loss: float = bounded(most=0.95, default=0.7)
    incident_km: float = bounded(least=0.1, default=3.0)
    incident_least_min: float = bounded(default=20.0)
    incident_most_min: float = bounded(default=120.0)
    rough_cv: float = bounded(least=0.001, default=0.15)
    slow_share: float = bounded(most=1.0, default=0.15)
    slow_pace: float = bounded(least=0.1, most=1.0, default=0.7)
    stop_share: float = bounded(most=1.0, default=0.15)
    stop_least_min: float = bounded(default=5.0)
    stop_most_min: float = bounded(default=20.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disruption:
    """A gate that is closed, or short of places, between two hours of the day.

    ``places_left`` of its places work meanwhile, 0: none. At ``announced_h`` an officer enters it,
    with its end where ``end_known``; left out, nobody does, and it is only seen in the trucks.
    """

    gate: str
    from_h: float = bounded(most=48.0)
    until_h: float = bounded(most=48.0)
    places_left: int = bounded(default=0)
    announced_h: float = bounded(default=inf)
    end_known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Surge:
    """More exports for a gate between two hours, as a share of those that come then anyway."""

    gate: str
    from_h: float = bounded(most=24.0)
    until_h: float = bounded(most=24.0)
    more: float = bounded(most=10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One day of a site, with everything that is drawn at random described by its law.

    Without ``congestion`` a truck keeps one speed on its whole corridor.
    """

    id: str
    name: Mapping[str, str]
    site: str
    day: date
    timezone: ZoneInfo
    until_h: float = bounded(least=1.0, most=48.0)
    gates: Mapping[str, GateDemand]
    exports: Profile
    imports: Profile
    checks: Checks
    screening: Screening
    cargo: Mapping[str, float]
    languages: Mapping[str, float]
    drivers: Drivers
    gps: Gps
    congestion: Congestion | None = None
    disruptions: tuple[Disruption, ...] = ()
    surges: tuple[Surge, ...] = ()

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

    One with ``like = "NAME"`` is the day of NAME.toml beside it but for the keys it has itself.

    Raises
    ------
    ScenarioError
        The file is missing or not TOML, a key is unknown or missing, a value is out of range.
    """
    table = _table(path)
    like = table.pop("like", None)
    if like is not None:
        if not isinstance(like, str) or Path(like).name != like:
            raise ScenarioError(f"{path}, like: expected the name of a scenario, not {like!r}.")
        table = _over(_table(path.with_name(f"{like}.toml")), table)
    if "like" in table:
        raise ScenarioError(f"{path}, like: '{like}' is itself like another day; name that one.")
    return parse_scenario(table, where=str(path))


def _over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table with the keys of another put over its own, in the tables of it too."""
    both = {
        key: _over(base[key], own[key])
        for key in base.keys() & own.keys()
        if isinstance(base[key], Mapping) and isinstance(own[key], Mapping)
    }
    return {**base, **own, **both}


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ScenarioError(f"{path}: there is no such scenario file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: this is not valid TOML: {error}.") from error


def parse_scenario(table: Mapping[str, Any], *, where: str) -> Scenario:
    """Return the scenario a parsed TOML table describes; ``where`` names it in errors."""
    rest = dict(table)
    rest["timezone"] = _zone(rest.get("timezone"), where)
    gates = read_mapping(rest.get("gates"), f"{where}, gates")
    rest["gates"] = {
        gate: read_row(GateDemand, row, f"{where}, {gate}") for gate, row in gates.items()
    }
    for key, kind in _TABLES.items():
        if key in rest:
            rest[key] = read_row(kind, rest[key], f"{where}, [{key}]")
    scenario = read_row(Scenario, rest, where)
    _check_shares(scenario.cargo, CARGOES, f"{where}, [cargo]")
    _check_shares(scenario.languages, LANGUAGES, f"{where}, [languages]")
    _check_translations(scenario.name, where)
    for low, high, place in _spans(scenario):
        if low > high:
            raise ScenarioError(
                f"{where}, {place}: the least ({low:g}) is above the most ({high:g})."
            )
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
    """Check that a site has every gate and yard a scenario names, and that its day can be.

    Raises
    ------
    ScenarioError
        Names the first that it has not.
    """
    for gate, row in scenario.gates.items():
        if gate not in site.gate_by_id:
            known = ", ".join(site.gate_by_id)
            raise ScenarioError(
                f"The scenario '{scenario.id}' names the gate '{gate}'; "
                f"the site '{site.id}' has {known}."
            )
        for yard in (*row.standing_yards, row.yard):
            if yard not in site.yard_by_id:
                raise ScenarioError(
                    f"The scenario '{scenario.id}' names the yard '{yard}' for '{gate}'; "
                    f"the site '{site.id}' has {', '.join(site.yard_by_id)}."
                )
    disturbed: tuple[Disruption | Surge, ...] = (*scenario.disruptions, *scenario.surges)
    for named in disturbed:
        if named.gate not in scenario.gates:
            raise ScenarioError(
                f"The scenario '{scenario.id}' disturbs the gate '{named.gate}', of whose trucks "
                f"it says nothing; it has {', '.join(scenario.gates)}."
            )


_TABLES: Mapping[str, type[Any]] = {
    "exports": Profile,
    "imports": Profile,
    "checks": Checks,
    "screening": Screening,
    "drivers": Drivers,
    "gps": Gps,
    "congestion": Congestion,
}


def _zone(value: object, where: str) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ScenarioError(f"{where}, timezone: {value!r} is not a known time zone.") from error


def _check_shares(shares: Mapping[str, Any], allowed: tuple[str, ...], where: str) -> None:
    for name, share in read_mapping(shares, where).items():
        if name not in allowed:
            raise unknown(name, allowed, where)
        read_number(share, float, {"least": 0.0, "most": 1.0}, f"{where}, {name}")
    if abs(sum(shares.values()) - 1) > _SUM_TOLERANCE:
        raise ScenarioError(f"{where}: the shares sum to {sum(shares.values()):g}, not to 1.")


def _check_translations(name: Mapping[str, Any], where: str) -> None:
    for language in LANGUAGES:
        if not read_mapping(name, f"{where}, name").get(language):
            raise ScenarioError(f"{where}, name: the text in '{language}' is missing.")


def _spans(scenario: Scenario) -> tuple[tuple[float, float, str], ...]:
    drivers, screening = scenario.drivers, scenario.screening
    seen = (drivers.seen_before_least_min, drivers.seen_before_most_min)
    registered = (drivers.registered_before_least_h, drivers.registered_before_most_h)
    return (
        (scenario.exports.from_h, scenario.exports.until_h, "[exports]"),
        (scenario.imports.from_h, scenario.imports.until_h, "[imports]"),
        (screening.least_min, screening.most_min, "[screening]"),
        (*seen, "[drivers] seen_before"),
        (*registered, "[drivers] registered_before"),
        *((row.from_h, row.until_h, "[[disruptions]]") for row in scenario.disruptions),
        *((row.from_h, row.until_h, "[[surges]]") for row in scenario.surges),
        (sum(peak.share for peak in scenario.exports.peaks), 1.0, "[exports] share of the peaks"),
        (sum(peak.share for peak in scenario.imports.peaks), 1.0, "[imports] share of the peaks"),
    )
