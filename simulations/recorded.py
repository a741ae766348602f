"""A stored day as a scenario: its own trucks at their own times, driven by simulated drivers.

Who came when, with what cargo, to which gates, and how long each took in its lane is the stored
day's. Plates and phones are invented. What happens after that is not played back: drivers follow
the call-ups they get, so that whatever somebody does to the order changes what comes.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from flowctl.errors import FlowctlError
from flowctl.scenarios.laws import CARGOES
from flowctl.scenarios.scenario import Scenario, parse_scenario
from flowctl.site import Site
from flowctl.storage.recorded_day import RecordedDay, RecordedImport, RecordedTrip
from simulations.demand import Demand, Places, phones, with_drivers
from simulations.outcomes import Outcome, outcome_as_it_was
from simulations.streams import stream

_HOUR_S = 3600.0
_LEAST_SERVICE_S = 60.0
_MOST_SERVICE_S = 3 * 3600.0
"""A stay in a lane outside of these is a tracker's slip, not a screening; assumed."""

_STAND_STEP_S = 1.0
_STAND_SPAN_S = 600.0
"""Trucks that stood there when the day began are seen one after the other, in their true order."""


@dataclass(frozen=True, slots=True)
class RecordedScenario:
    """A stored day to be played, its trucks, and how many of them could not be taken over.

    ``trips`` and ``imports`` are the stored ones behind the rows of ``demand``, in their order.
    """

    scenario: Scenario
    demand: Demand
    left_out: int
    trips: tuple[RecordedTrip, ...]
    imports: tuple[RecordedImport, ...]

    @property
    def as_it_was(self) -> Outcome:
        """What truly became of the trucks that are played."""
        starts = self.scenario.start.timestamp()
        ready_at = starts + self.demand.ready_s[: len(self.trips)]
        ends = self.scenario.closes.timestamp()
        return outcome_as_it_was(self.trips, self.imports, ready_at, ends)


@dataclass(frozen=True, slots=True)
class _Usable:
    """A stored trip that can be driven: its yard and the gates that a road leads to from there."""

    trip: RecordedTrip
    yard: str
    gates: tuple[str, ...]
    stands: bool
    at: datetime


def recorded_scenario(
    day: RecordedDay, site: Site, laws: Path, *, seed: int, closed: bool = False
) -> RecordedScenario:
    """Return a stored day as something that can be played.

    Parameters
    ----------
    day
        One local day of the site, from midnight to midnight.
    laws
        A TOML file of what no stored day says: how drivers and trackers behave.
    seed
        Of plates, phones and the drivers' laws; one that nobody knows keeps plates unknown.
    closed
        Close the gates as they were closed, announced when that was entered; otherwise whoever
        plays the day sees to it.

    Raises
    ------
    FlowctlError
        No truck of the day can be driven, or the file is not fit.
    """
    exports = [one for trip in day.trips if (one := _usable(trip, day, site)) is not None]
    came = sum(trip.arrived_at is not None for trip in day.trips)
    if not exports:
        raise FlowctlError(
            f"Nothing is stored of trucks that came to a yard of {site.id} on"
            f" {day.since.astimezone(site.timezone):%Y-%m-%d}; choose another day."
        )
    exports.sort(key=lambda one: (not one.stands, one.at))
    imports = [one for one in day.imports if one.gate in site.gate_by_id]
    table = _table(day, site, exports, imports, laws)
    if closed:
        table["disruptions"] = list(_disruptions(day, site))
    scenario = parse_scenario(table, where=str(laws))
    return RecordedScenario(
        scenario,
        _demand(scenario, site, exports, imports, seed),
        came - len(exports),
        tuple(one.trip for one in exports),
        tuple(imports),
    )


def invented_plates(plates: Sequence[str], seed: int) -> tuple[str, ...]:
    """Return a plate of the same series for each, with other digits; all differ."""
    rng = stream(seed, "invented plates")
    taken: set[str] = set(plates)
    made: list[str] = []
    for plate in plates:
        found = re.fullmatch(r"(.*?)(\d{4,6})", plate)
        series, digits = (plate[:3], 5) if found is None else (found[1], len(found[2]))
        while (new := f"{series}{rng.integers(10**digits):0{digits}d}") in taken:
            pass
        taken.add(new)
        made.append(new)
    return tuple(made)


def _usable(trip: RecordedTrip, day: RecordedDay, site: Site) -> _Usable | None:
    """Return a trip that came to a yard and was not through before the day; None for others."""
    at, over = trip.arrived_at, trip.cleared_at
    if at is None or at >= day.until or (over is not None and over < day.since):
        return None
    yard = trip.yard or _a_yard(site, trip.gates)
    if yard is None or yard not in site.yard_by_id:
        return None
    gates = tuple(g for g in trip.gates if site.find_freight_road(yard, g) is not None)
    if not gates:
        return None
    has_road = any(corridor.yard == yard for corridor in site.corridors)
    return _Usable(trip, yard, gates, stands=at < day.since or not has_road, at=at)


def _a_yard(site: Site, gates: Sequence[str]) -> str | None:
    """Return a yard from which a truck may be called to one of these gates."""
    return next(
        (yard.id for yard in site.yards for gate in gates if yard.access_to(gate) is not None), None
    )


def _table(
    day: RecordedDay,
    site: Site,
    exports: Sequence[_Usable],
    imports: Sequence[RecordedImport],
    laws: Path,
) -> dict[str, Any]:
    """Return the scenario's table: the laws, with the day's own counts."""
    date = day.since.astimezone(site.timezone).date()
    gates = {}
    for gate in site.gate_by_id:
        of_gate = [one for one in exports if one.gates[0] == gate]
        yards = [one.yard for one in of_gate] or [_a_yard(site, [gate]) or site.yards[0].id]
        gates[gate] = {
            "standing": sum(one.stands for one in of_gate),
            "standing_yards": sorted(set(yards)),
            "arrivals": sum(not one.stands for one in of_gate),
            "yard": yards[0],
            "imports": sum(one.gate == gate for one in imports),
        }
    named = {"vi": f"Ngày {date}", "zh": f"{date}", "en": f"The day {date}"}
    own = {"id": f"practice-{date}", "name": named, "site": site.id, "day": date, "until_h": 24.0}
    known = tomllib.loads(laws.read_text(encoding="utf-8"))
    return {**known, **own, "timezone": site.timezone.key, "gates": gates}


def _disruptions(day: RecordedDay, site: Site) -> Iterator[dict[str, Any]]:
    """Yield the day's closures, cut to it, as rows of a scenario; hours since its midnight."""
    for one in day.closures:
        since, until = max(one.starts_at, day.since), min(one.ends_at or day.until, day.until)
        if one.gate not in site.gate_by_id or until <= since:
            continue
        known_at = min(one.starts_at, one.changed_at)
        yield {
            "gate": one.gate,
            "from_h": (since - day.since).total_seconds() / _HOUR_S,
            "until_h": (until - day.since).total_seconds() / _HOUR_S,
            "places_left": one.places_left,
            "announced_h": max((known_at - day.since).total_seconds() / _HOUR_S, 0.0),
            "end_known": one.ends_at is not None,
        }


def _demand(
    scenario: Scenario,
    site: Site,
    exports: Sequence[_Usable],
    imports: Sequence[RecordedImport],
    seed: int,
) -> Demand:
    gates, yards = tuple(site.gate_by_id), tuple(yard.id for yard in site.yards)
    n, rest = len(exports), len(imports)
    standing = np.array([one.stands for one in exports] + [False] * rest, np.bool_)
    usual_s = _service_by_gate(exports, scenario)
    at_s = np.array(
        [(one.at - scenario.start).total_seconds() for one in exports]
        + [_came_s(one, scenario, usual_s[one.gate]) for one in imports]
    )
    before = np.array([one.stands and one.at < scenario.start for one in exports] + [False] * rest)
    step_s = min(_STAND_STEP_S, _STAND_SPAN_S / max(1, int(before.sum())))
    at_s[before] = step_s * np.arange(int(before.sum()))
    drawn = with_drivers(
        scenario,
        seed,
        Places(
            gates=gates,
            yards=yards,
            gate=np.array(
                [gates.index(one.gates[0]) for one in exports]
                + [gates.index(one.gate) for one in imports],
                np.int64,
            ),
            yard=np.array([yards.index(one.yard) for one in exports] + [-1] * rest, np.int64),
            is_import=np.arange(n + rest) >= n,
            standing=standing,
            at_s=at_s,
        ),
    )
    trips = [one.trip for one in exports]
    declared_s = np.array([(t.registered_at - scenario.start).total_seconds() for t in trips])
    ready_s = np.array([(t.ready_at - scenario.start).total_seconds() for t in trips])
    language = (*(t.language for t in trips), *drawn.language[n:])
    marks = invented_plates([*(t.plate for t in trips), *drawn.plate[n:]], seed)
    return replace(
        drawn,
        ready_s=np.r_[np.maximum(ready_s, at_s[:n]), at_s[n:]],
        registered_s=np.r_[np.clip(declared_s, 0.0, drawn.seen_s[:n]), drawn.registered_s[n:]],
        service_s=np.array(
            [_service_s(t) or usual_s[one.gates[0]] for t, one in zip(trips, exports, strict=True)]
            + [usual_s[one.gate] for one in imports]
        ),
        tracked=np.array([t.tracked for t in trips] + [False] * rest, np.bool_),
        no_show=np.array([t.no_show for t in trips] + [False] * rest, np.bool_),
        language=language,
        phone=phones(language, stream(seed, "phone")),
        plate=marks,
        cargo=np.r_[np.array([CARGOES.index(t.cargo) for t in trips], np.int64), drawn.cargo[n:]],
        choices=(*(one.gates for one in exports), *((one.gate,) for one in imports)),
        first_look_s=np.where(before, 0.0, drawn.first_look_s),
    )


def _service_s(trip: RecordedTrip) -> float | None:
    """Return how long a truck took in its lane, None where nobody saw it."""
    if trip.lane_at is None or trip.cleared_at is None:
        return None
    taken_s = (trip.cleared_at - trip.lane_at).total_seconds()
    return taken_s if _LEAST_SERVICE_S <= taken_s <= _MOST_SERVICE_S else None


def _service_by_gate(exports: Iterable[_Usable], scenario: Scenario) -> dict[str, float]:
    """Return each gate's median of the day; where nobody was seen, the middle of the law."""
    law = scenario.screening
    seen: dict[str, list[float]] = {gate: [] for gate in scenario.gates}
    for one in exports:
        taken_s, gate = _service_s(one.trip), one.trip.queued_gate
        if taken_s is not None and gate in seen:
            seen[gate].append(taken_s)
    middle_s = 60.0 * law.middle_min
    return {gate: median(of_gate) if of_gate else middle_s for gate, of_gate in seen.items()}


def _came_s(one: RecordedImport, scenario: Scenario, service_s: float) -> float:
    """Return when an import came to its gate, s after the day's start and not before it."""
    if one.entered_at is not None:
        came_s = (one.entered_at - scenario.start).total_seconds()
    elif one.cleared_at is not None:
        came_s = (one.cleared_at - scenario.start).total_seconds() - service_s
    else:
        raise FlowctlError("A stored import was neither seen to come nor to leave.")
    return max(came_s, 0.0)
