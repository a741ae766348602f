"""The rosters and disruptions of a day: what becomes of its gates, and what is known of that."""

from datetime import timedelta

from flowctl.closures import Closure, check_closure, with_closures
from flowctl.errors import FlowctlError
from flowctl.scenarios.events import Disruption
from flowctl.scenarios.rows import ScenarioError
from flowctl.scenarios.scenario import Scenario
from flowctl.site import Site
from simulations.gates import instant

_BEFORE = timedelta(days=1)  # nothing of a day has happened yet


def disrupted(scenario: Scenario, site: Site) -> Site:
    """Return the site as its gates will truly be open and staffed, but for what breaks down.

    Raises
    ------
    ScenarioError
        A disruption contradicts itself, the site, or another, by the production rules; a roster has
        more places than its gate.
    """
    closures: list[Closure] = []
    for number, row in enumerate(scenario.disruptions):
        closure = _closure(scenario, number, row)
        try:
            check_closure(site, closure, closures, scenario.start)
        except FlowctlError as error:
            raise ScenarioError(f"The scenario '{scenario.id}', [[disruptions]]: {error}") from None
        closures.append(closure)
    return with_closures(site, [*_rosters(scenario, site), *closures], scenario.start - _BEFORE)


class Announced:
    """The site as it is known while the day passes: rosters, and closures somebody has entered."""

    def __init__(self, scenario: Scenario, site: Site) -> None:
        self._scenario = scenario
        self._site = self._last = site
        self._known: tuple[Closure, ...] = ()

    def site_at(self, at: float) -> Site:
        """Return the site as its readers are given it at a moment (epoch s).

        The same object as before where nothing changed.
        """
        known = self.list_known(at)
        if known != self._known or any(closure.ends_at is None for closure in known):
            self._last = with_closures(self._site, known, instant(at))
            self._known = known
        elif any(closure.places_left for closure in known):
            # Places are those of the moment; what nobody expects to change is not made anew.
            found = with_closures(self._site, known, instant(at))
            self._last = self._last if found == self._last else found
        return self._last

    def list_known(self, at: float) -> tuple[Closure, ...]:
        """Return the closures that somebody has entered by a moment (epoch s)."""
        start, found = self._scenario.start, _rosters(self._scenario, self._site)
        for number, row in enumerate(self._scenario.disruptions):
            if at < start.timestamp() + row.announced_h * 3600.0:
                continue
            closure = _closure(self._scenario, number, row)
            ends = closure.ends_at
            if not row.end_known and ends is not None and at < ends.timestamp():
                closure = closure._replace(ends_at=None)
            found.append(closure)
        return tuple(found)


def _rosters(scenario: Scenario, site: Site) -> list[Closure]:
    """Return the hours in which fewer places are staffed than a gate has, as if entered."""
    found = []
    for number, row in enumerate(scenario.lanes):
        whole = site.gate_by_id[row.gate].inspection_places
        if row.places > whole:
            raise ScenarioError(
                f"The scenario '{scenario.id}', [[lanes]]: {row.gate} has {whole} inspection"
                f" places, not {row.places}; write places = {row.places} in [gates.{row.gate}]"
                " and roster the hours with fewer."
            )
        known = Disruption(
            gate=row.gate, from_h=row.from_h, until_h=row.until_h, places_left=row.places
        )
        found.append(_closure(scenario, -number - 2, known))
    return found


def _closure(scenario: Scenario, number: int, row: Disruption) -> Closure:
    starts_at = scenario.start + timedelta(hours=row.from_h)
    return Closure(
        id=number + 1,
        gate=row.gate,
        starts_at=starts_at,
        ends_at=scenario.start + timedelta(hours=row.until_h),
        places_left=row.places_left,
        reason="scenario",
        entered_by="scenario",
        changed_at=starts_at,
    )
