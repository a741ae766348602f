"""The trucks of a day, drawn once and the same for every policy."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from flowctl.scenarios.laws import CARGOES, GateDemand, Profile
from flowctl.scenarios.scenario import Scenario
from simulations.durations import duration_s, service_s
from simulations.streams import Column, lognormal, stream

_HOUR_S = 3600.0
_DAY_S = 24 * _HOUR_S
_GRID = 61  # points of an hour's distribution function; a minute is finer than any profile
_PLATE_SERIES = ("12C", "12H", "14C", "15C", "29C", "29H", "34C", "51C", "61C", "98C", "99C")
_CHINESE_SERIES = ("桂A", "桂F", "桂N", "粤B", "湘A")
_MOBILE = {"vi": ("+8498", 7), "zh": ("+86138", 8), "en": ("+8490", 7)}
"""Mobile prefix and the digits that follow, by the driver's language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One row per truck; times in seconds from the day's start, shape [n].

    Attributes
    ----------
    gates, yards : tuple of str
        What the columns ``gate`` and ``yard`` count in; imports have yard -1.
    standing
        True for exports that stood in their yard when the day began.
    at_s
        When an export comes to its yard (0 for those who stand there), an import to its gate.
    ready_s
        When the truck could leave for the gate; for imports the same as ``at_s``.
    seen_s, registered_s
        When an export is first seen on the road, and when its trip is declared.
    pace
        Factor on the speed of this driver.
    tracked
        False for exports without a tracker and for imports: officers count them.
    no_show
        True where the driver does not follow the first call-up.
    spot, place
        Uniform numbers that choose where in the yard, and where in the lane, a truck stands.
    first_look_s
        How long after ``at_s`` the tracker of a truck that stands there looks first.
    choices
        The gates each truck is declared for, the preferred first; empty where ``gate`` is all.
    cargo
        What a truck carries, counted in `CARGOES`.
    announced_s
        When its driver says that an export will come to its yard.
    late_s
        How long after the begin of a slot its driver was told an export can leave; 0: in time.
    patience_s
        How long after ``ready_s`` an export goes home unserved; infinite for most, and for imports.
    plate, phone, language
        Empty where the trucks were drawn without papers.
    """

    gates: tuple[str, ...]
    yards: tuple[str, ...]
    gate: NDArray[np.int64]
    yard: NDArray[np.int64]
    is_import: NDArray[np.bool_]
    standing: NDArray[np.bool_]
    at_s: Column
    ready_s: Column
    seen_s: Column
    registered_s: Column
    service_s: Column
    reaction_s: Column
    pace: Column
    tracked: NDArray[np.bool_]
    no_show: NDArray[np.bool_]
    spot: Column
    place: Column
    plate: tuple[str, ...]
    phone: tuple[str, ...]
    language: tuple[str, ...]
    cargo: NDArray[np.int64]
    first_look_s: Column
    announced_s: Column
    late_s: Column
    patience_s: Column
    choices: tuple[tuple[str, ...], ...] = ()

    def __len__(self) -> int:
        """Return the number of trucks."""
        return len(self.gate)


def draw(scenario: Scenario, seed: int, *, papers: bool = True) -> Demand:
    """Draw every truck: exports of all gates, imports, then the exports of surges.

    So the trucks of a day without surges are the same with them. Without ``papers`` nobody has a
    plate, a telephone or a language; everything else is the same.
    """
    gates = tuple(scenario.gates)
    rows = [scenario.gates[gate] for gate in gates]
    yards = tuple(dict.fromkeys(chain.from_iterable((*r.stands_in, r.yard) for r in rows)))
    exports = [
        np.r_[np.zeros(row.standing), _come_at(scenario, seed, gate, exports=True)]
        for gate, row in scenario.gates.items()
    ]
    imports = [_come_at(scenario, seed, gate, exports=False) for gate in gates]
    own = np.repeat(np.arange(len(gates)), [len(of_gate) for of_gate in exports])
    other = np.repeat(np.arange(len(gates)), [len(of_gate) for of_gate in imports])
    stood = np.concatenate(
        [np.arange(len(e)) < r.standing for e, r in zip(exports, rows, strict=True)]
    )
    at = np.concatenate(exports)
    surges = [
        _surge_at(scenario, seed, number, at[(own == gates.index(surge.gate)) & ~stood])
        for number, surge in enumerate(scenario.surges)
    ]
    of_surge = np.repeat(
        np.array([gates.index(surge.gate) for surge in scenario.surges], np.int64),
        [len(times) for times in surges],
    )
    to_yard = np.array([yards.index(row.yard) for row in rows], np.int64)
    yard = to_yard[own]
    yard[stood] = np.concatenate([_stand_in(row, yards) for row in rows])
    plain = np.zeros(len(of_surge), np.bool_)
    count = len(other)
    columns = Places(
        gates=gates,
        yards=yards,
        gate=np.r_[own, other, of_surge],
        yard=np.r_[yard, np.full(count, -1), to_yard[of_surge]],
        is_import=np.r_[np.zeros(len(own), np.bool_), np.ones(count, np.bool_), plain],
        standing=np.r_[stood, np.zeros(count, np.bool_), plain],
        at_s=np.concatenate([at, *imports, *surges]),
    )
    return with_drivers(scenario, seed, columns, papers=papers)


def _come_at(scenario: Scenario, seed: int, gate: str, *, exports: bool) -> Column:
    """Return when the trucks of a gate and direction come on each of the days, in seconds."""
    row, what = scenario.gates[gate], "exports" if exports else "imports"
    profile, count = (
        (row.export_profile or scenario.exports, row.arrivals)
        if exports
        else (row.import_profile or scenario.imports, row.imports)
    )
    days = []
    for day in range(scenario.days):
        rng = stream(seed, f"{what} of {gate}" + (f", day {day + 1}" if day else ""))
        times = arrival_times(profile, count, rng, poisson=scenario.counts == "poisson")
        days.append(times + day * _DAY_S)
    return np.concatenate(days)


def arrival_times(
    profile: Profile, count: int, rng: np.random.Generator, *, poisson: bool = False
) -> Column:
    """Return ``count`` arrival times of a day's profile, sorted, in seconds, shape [count].

    Each hour gets its share of the count (largest remainders), or with ``poisson`` a Poisson number
    with that mean; within the hour the trucks fall at random by the profile, as a Poisson stream
    does once its count is known (order statistics).
    """
    weight, pieces = _shape(profile)
    if not pieces:
        many = int(rng.poisson(count)) if poisson else count
        return np.full(many, profile.from_h * _HOUR_S)
    exact = count * weight / weight.sum()
    if poisson:
        counts = rng.poisson(exact)
    else:
        counts = np.floor(exact).astype(np.int64)
        counts[np.argsort(counts - exact, kind="stable")[: count - counts.sum()]] += 1
    hours = []
    for (grid, level), number in zip(pieces, counts, strict=True):
        drawn = level[0] + (level[-1] - level[0]) * np.sort(rng.random(number))
        hours.append(np.interp(drawn, level, grid))
    return np.concatenate(hours) * _HOUR_S


@lru_cache(maxsize=64)
def _shape(profile: Profile) -> tuple[Column, tuple[tuple[Column, Column], ...]]:
    """Return the weight of each hour of a profile, and its moments with the weight up to each.

    The same for every day that is drawn of it; nothing in it may be changed.
    """
    edges = np.unique(np.r_[profile.from_h, np.arange(25.0), profile.until_h])
    edges = edges[(edges >= profile.from_h) & (edges <= profile.until_h)]
    grids = [np.linspace(begin, end, _GRID) for begin, end in pairwise(edges)]
    pieces = tuple((grid, _cumulated(profile, grid)) for grid in grids)
    return np.diff(_cumulated(profile, edges)), pieces


def _surge_at(scenario: Scenario, seed: int, number: int, usual_s: Column) -> Column:
    """Return when the trucks of a surge come, a share of those that come to its gate anyway."""
    surge = scenario.surges[number]
    profile = scenario.gates[surge.gate].export_profile or scenario.exports
    from_h, until_h = max(surge.from_h, profile.from_h), min(surge.until_h, profile.until_h)
    inside = (usual_s >= from_h * _HOUR_S) & (usual_s < until_h * _HOUR_S)
    span = replace(profile, from_h=from_h, until_h=max(from_h, until_h))
    count = round(surge.more * int(inside.sum()))
    return arrival_times(span, count, stream(seed, f"surge {number} of {surge.gate}"))


def _cumulated(profile: Profile, hour: Column) -> Column:
    """Return the profile's weight up to each hour; a flat share is spread over 24 h."""
    if profile.hourly:
        return np.interp(hour, np.arange(25.0), np.r_[0.0, np.cumsum(profile.hourly)])
    flat = 1.0 - sum(peak.share for peak in profile.peaks)
    humps = sum(
        (peak.share * ndtr((hour - peak.at_h) / peak.sd_h) for peak in profile.peaks),
        start=np.zeros(len(hour)),
    )
    return np.asarray(flat * hour / 24.0 + humps)


def _stand_in(row: GateDemand, yards: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the yard of each export that stands there when the day begins, shared evenly."""
    shared = np.array([yards.index(yard) for yard in row.stands_in], np.int64)
    return shared[np.arange(row.standing) % len(shared)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where and when: the columns of `Demand` that the published counts decide."""

    gates: tuple[str, ...]
    yards: tuple[str, ...]
    gate: NDArray[np.int64]
    yard: NDArray[np.int64]
    is_import: NDArray[np.bool_]
    standing: NDArray[np.bool_]
    at_s: Column


def with_drivers(scenario: Scenario, seed: int, places: Places, *, papers: bool = True) -> Demand:
    """Give every truck its driver, its papers and its times."""
    n = len(places.gate)
    drivers = scenario.drivers
    checks = _checks_s(scenario, seed, n)
    # Those who stood there overnight have their checks behind them: they wait for the opening.
    checks[places.standing | places.is_import] = 0.0
    reaction = lognormal(stream(seed, "reaction"), drivers.reaction_s, drivers.reaction_cv, n)
    late = stream(seed, "compliance").random(n) >= drivers.compliance_share
    seen_before = 60.0 * stream(seed, "seen").uniform(
        drivers.seen_before_least_min, drivers.seen_before_most_min, n
    )
    declared_before = _HOUR_S * stream(seed, "registered").uniform(
        drivers.registered_before_least_h, drivers.registered_before_most_h, n
    )
    seen = np.maximum(places.at_s - seen_before, 0.0)
    language = _choose(scenario.languages, stream(seed, "language"), n) if papers else ()
    cargo = _cargo(scenario, places, stream(seed, "cargo"))
    return Demand(
        gates=places.gates,
        yards=places.yards,
        gate=places.gate,
        yard=places.yard,
        is_import=places.is_import,
        standing=places.standing,
        at_s=places.at_s,
        ready_s=places.at_s + checks,
        seen_s=seen,
        registered_s=np.clip(places.at_s - declared_before, 0.0, seen),
        service_s=service_s(
            scenario,
            seed,
            gates=places.gates,
            gate=places.gate,
            is_import=places.is_import,
            cargo=cargo,
        ),
        reaction_s=np.where(late, drivers.late_reaction_s, reaction),
        pace=lognormal(stream(seed, "pace"), 1.0, drivers.speed_cv, n),
        tracked=~places.is_import
        & (stream(seed, "tracked").random(n) >= scenario.gps.without_share),
        no_show=stream(seed, "no-show").random(n) < drivers.no_show_share,
        spot=stream(seed, "spot").random(n),
        place=stream(seed, "place").random(n),
        plate=_plates(places.is_import, stream(seed, "plate")) if papers else (),
        phone=phones(language, stream(seed, "phone")),
        language=language,
        cargo=cargo,
        first_look_s=stream(seed, "first look").random(n) * scenario.gps.parked_interval_s,
        announced_s=_announced_s(scenario, seed, places),
        late_s=_late_s(scenario, seed, n),
        patience_s=_patience_s(scenario, seed, places.is_import),
    )


def _checks_s(scenario: Scenario, seed: int, n: int) -> Column:
    law, rng = scenario.checks, stream(seed, "checks")
    if law.law == "lognormal" and law.mean_min is not None and law.cv is not None:
        return lognormal(rng, law.mean_min * 60.0, law.cv, n)
    return duration_s(law, rng.random(n))


def _announced_s(scenario: Scenario, seed: int, places: Places) -> Column:
    error_s = 60.0 * scenario.drivers.eta_error_min
    if not error_s:
        return places.at_s
    wrong = error_s * stream(seed, "announced").standard_normal(len(places.at_s))
    return places.at_s + np.where(places.standing | places.is_import, 0.0, wrong)


def _late_s(scenario: Scenario, seed: int, n: int) -> Column:
    drivers = scenario.drivers
    if not drivers.lateness_share:
        return np.zeros(n)
    late = stream(seed, "lateness").random(n) < drivers.lateness_share
    by = lognormal(stream(seed, "late by"), drivers.lateness_min * 60.0, drivers.lateness_cv, n)
    return np.where(late, by, 0.0)


def _patience_s(scenario: Scenario, seed: int, is_import: NDArray[np.bool_]) -> Column:
    drivers, n = scenario.drivers, len(is_import)
    if not drivers.turn_back_share:
        return np.full(n, np.inf)
    turns = ~is_import & (stream(seed, "turns back").random(n) < drivers.turn_back_share)
    mean_s = drivers.turn_back_after_h * _HOUR_S
    patience = lognormal(stream(seed, "patience"), mean_s, drivers.turn_back_cv, n)
    return np.where(turns, patience, np.inf)


def _cargo(scenario: Scenario, places: Places, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return what each truck carries, by the shares of its gate or of the day, in `CARGOES`."""
    chance = rng.random(len(places.gate))
    found = _pick(scenario.cargo, chance)
    for gate, row in scenario.gates.items():
        if row.cargo is not None:
            of_gate = places.gate == places.gates.index(gate)
            found[of_gate] = _pick(row.cargo, chance[of_gate])
    return found


def _pick(shares: Mapping[str, float], chance: Column) -> NDArray[np.int64]:
    codes = np.array([CARGOES.index(name) for name in shares], np.int64)
    picks = np.searchsorted(np.cumsum(list(shares.values())), chance, side="right")
    return np.asarray(codes[np.minimum(picks, len(codes) - 1)])


def _choose(shares: Mapping[str, float], rng: np.random.Generator, n: int) -> tuple[str, ...]:
    names = list(shares)
    edges = np.cumsum(list(shares.values()))
    picks = np.searchsorted(edges, rng.random(n), side="right")
    return tuple(names[min(k, len(names) - 1)] for k in picks)


def _plates(is_import: NDArray[np.bool_], rng: np.random.Generator) -> tuple[str, ...]:
    """Return a different plate for each truck: Vietnamese for exports, Chinese for imports."""
    digits = max(5, len(str(len(is_import))))  # more than five where five are too few for all
    numbers = rng.choice(10**digits, len(is_import), replace=False)
    series = rng.integers(0, 2**31, len(is_import))
    return tuple(
        f"{_CHINESE_SERIES[k % len(_CHINESE_SERIES)]}{number:0{digits}d}"
        if foreign
        else f"{_PLATE_SERIES[k % len(_PLATE_SERIES)]}{number:0{digits}d}"
        for foreign, number, k in zip(is_import, numbers, series, strict=True)
    )


def phones(language: tuple[str, ...], rng: np.random.Generator) -> tuple[str, ...]:
    """Return a different mobile number for each driver, E.164."""
    numbers = rng.choice(10_000_000, len(language), replace=False)
    made = []
    for name, number in zip(language, numbers, strict=True):
        prefix, digits = _MOBILE[name]
        made.append(f"{prefix}{number:0{digits}d}")
    return tuple(made)
