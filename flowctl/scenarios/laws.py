"""What a scenario says of trucks: how many come, when, with what, and how long things take."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flowctl.errors import Refusal
from flowctl.scenarios.rows import (
    Place,
    ScenarioError,
    bounded,
    chosen,
    read_mapping,
    read_number,
    span_fault,
    unknown,
)

CARGOES = ("normal", "reefer", "perishable")
DIRECTIONS = ("export", "import")
_SUM_TOLERANCE = 1e-6
_HOURS = 24

_KEYS = {
    "uniform": ("least_min", "most_min"),
    "lognormal": ("mean_min", "cv"),
    "erlang": ("mean_min", "phases"),
    "empirical": ("values_min",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """The law of a duration in minutes, by the keys that belong to it.

    ``uniform``: ``least_min``, ``most_min``. ``lognormal``: ``mean_min``, ``cv`` (coefficient of
    variation). ``erlang``: ``mean_min``, ``phases`` (1: exponential). ``empirical``: one of
    ``values_min``, each as likely as the others.
    """

    law: str = chosen(*_KEYS, default="uniform")
    least_min: float | None = bounded(least=0.001, most=10_000.0, default=None)
    most_min: float | None = bounded(least=0.001, most=10_000.0, default=None)
    mean_min: float | None = bounded(least=0.001, most=10_000.0, default=None)
    cv: float | None = bounded(least=0.001, most=10.0, default=None)
    phases: int | None = bounded(least=1, most=1000, default=None)
    values_min: tuple[float, ...] | None = bounded(least=0.001, most=10_000.0, default=None)

    def fault(self) -> Refusal | None:
        """Return what is missing, too much, or contradicts itself."""
        wanted = _KEYS[self.law]
        for key in wanted:
            if not getattr(self, key):
                return Refusal(
                    f"the law '{self.law}': the key '{key}' is missing.",
                    kind="scenario_missing",
                    values={"key": key},
                )
        for key in {key for keys in _KEYS.values() for key in keys}.difference(wanted):
            if getattr(self, key) is not None:
                return Refusal(
                    f"{key}: the law '{self.law}' has only {' and '.join(wanted)}.",
                    kind="scenario_law_keys",
                    values={"key": key, "law": self.law, "keys": wanted},
                )
        if self.least_min is not None and self.most_min is not None:
            return span_fault("least_min and most_min", self.least_min, self.most_min)
        return None

    @property
    def middle_min(self) -> float:
        """The mean of the law, in minutes."""
        if self.mean_min is not None:
            return self.mean_min
        if self.values_min:
            return sum(self.values_min) / len(self.values_min)
        return ((self.least_min or 0.0) + (self.most_min or 0.0)) / 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks(Law):
    """Time from the yard's entry until a truck is ready for the gate."""

    law: str = chosen(*_KEYS, default="lognormal")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningOf(Law):
    """Service time of some trucks only: those of a gate, a direction, a cargo, or several of these.

    Of all rows that fit a truck the last one holds, of none `Scenario.screening`.
    """

    gate: str | None = None
    direction: str | None = chosen(*DIRECTIONS, default=None)
    cargo: str | None = chosen(*CARGOES, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection(Law):
    """A closer look on top of the screening, which ``share`` of the trucks of a direction get."""

    share: float = bounded(most=1.0)
    direction: str | None = chosen(*DIRECTIONS, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """A normal hump of a day's profile: its share of the trucks, its hour, its width."""

    share: float = bounded(most=1.0)
    at_h: float = bounded(most=24.0)
    sd_h: float = bounded(least=0.01)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """When trucks come: humps over a flat rest, or ``hourly`` weights, cut to its hours.

    ``hourly`` are 24 numbers in any unit, that of 00-01 h first; within an hour trucks come evenly.
    """

    from_h: float = bounded(most=24.0, default=0.0)
    until_h: float = bounded(most=24.0, default=24.0)
    peaks: tuple[Peak, ...] = ()
    hourly: tuple[float, ...] = bounded(default=())

    def fault(self) -> Refusal | None:
        """Return what contradicts itself."""
        shares = sum(peak.share for peak in self.peaks)
        if shares > 1.0 + _SUM_TOLERANCE:
            return Refusal(
                f"peaks: their shares sum to {shares:g}, above 1.",
                kind="scenario_peaks",
                values={"sum": f"{shares:g}"},
            )
        if self.hourly and self.peaks:
            return Refusal(
                "hourly: a profile has either peaks or hourly weights.",
                kind="scenario_two_profiles",
            )
        if self.hourly and len(self.hourly) != _HOURS:
            return Refusal(
                f"hourly: {len(self.hourly)} weights; a day has {_HOURS}.",
                kind="scenario_hourly",
                values={"n": len(self.hourly)},
            )
        if self.hourly and not self._weight():
            return Refusal(
                "hourly: every weight between from_h and until_h is zero.",
                kind="scenario_hourly_zero",
            )
        return span_fault("from_h and until_h", self.from_h, self.until_h)

    def _weight(self) -> float:
        return sum(
            weight
            for hour, weight in enumerate(self.hourly)
            if hour + 1 > self.from_h and hour < max(self.until_h, self.from_h + 1e-9)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GateDemand:
    """Trucks of one gate: counts of a day, and the yards its exports use.

    ``standing`` exports stand in ``standing_yards`` (shared evenly; left out: in ``yard``) when the
    first day begins; ``arrivals`` exports come to ``yard``; ``imports`` come to the gate from the
    other side. ``places`` are its inspection places, left out: the site's. The profiles and the
    ``cargo`` shares are the scenario's where they are left out.
    """

    standing: int = bounded(default=0)
    standing_yards: tuple[str, ...] = ()
    arrivals: int = bounded(default=0)
    yard: str
    imports: int = bounded(default=0)
    places: int | None = bounded(least=1, most=500, default=None)
    export_profile: Profile | None = None
    import_profile: Profile | None = None
    cargo: Mapping[str, float] | None = None

    @property
    def stands_in(self) -> tuple[str, ...]:
        """The yards of those that stand there when the day begins."""
        return self.standing_yards or (self.yard,)


@dataclass(frozen=True, slots=True, kw_only=True)
class YardChange:
    """A yard as the scenario has it: other ``places``, ways ``travel_factor`` times as long."""

    places: int | None = bounded(least=1, most=100_000, default=None)
    travel_factor: float = bounded(least=0.1, most=10.0, default=1.0)


def check_shares(shares: Mapping[str, Any], allowed: tuple[str, ...], where: Place) -> None:
    """Refuse shares of what there is not, or that do not sum to 1.

    Raises
    ------
    ScenarioError
        Names the first, or the sum.
    """
    for name, share in read_mapping(shares, where).items():
        if name not in allowed:
            raise unknown(name, allowed, where, (*where.path, name))
        read_number(share, float, {"least": 0.0, "most": 1.0}, where.key(name))
    if abs(sum(shares.values()) - 1) > _SUM_TOLERANCE:
        total = f"{sum(shares.values()):g}"
        raise ScenarioError(
            f"{where.said}: the shares sum to {total}, not to 1.",
            where.path,
            kind="scenario_shares",
            values={"sum": total},
        )
