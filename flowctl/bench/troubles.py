"""Troubles played into a day, so that it is known what an alarm should have said, and when."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowctl.alarms.alerts import Kind
from flowctl.data_files import data_dir
from flowctl.errors import FlowctlError
from flowctl.scenarios.events import Disruption
from flowctl.scenarios.scenario import Scenario, load_scenario
from flowctl.site_files import SiteSource, read_source
from simulations.notices import device
from simulations.trackers import Post
from simulations.world import Emitted, World

GATE = "tan_thanh"
YARD = "yard_bao_nguyen"
SMALL_YARD = 500
"""Places of the yard on the day with troubles, all its trucks coming: its morning fills it."""
_CLOSED_H = (10.0, 11.5)
_PARKED_H, _PARKED = 7.5, 8  # trackers that fall silent in a yard
_PARKED_LASTS = timedelta(hours=2.5)
_JUMPED_H, _JUMPED = 7.2, 14  # trucks that leave for the gate without a call-up
_MUTE_H, _MUTE = 13.0, 6  # … that fall silent on their way to it
_ASTRAY_H, _ASTRAY = 14.0, 6  # … that take another road
_UNDER_WAY = timedelta(minutes=4)
"""So long after it left its place a truck has surely left its yard."""
_NOTICED_S = 120.0
_TOLD = timedelta(minutes=2)
"""A call-up is decided at most so long before its driver reads it."""
_SETTLED_S = 1800.0
"""Who came to a yard longer ago is known to stand there."""
_LEAVES_S = 240.0
"""So long it takes from its place out of the yard, and until a tracker's fixes have shown that."""
_LASTS = timedelta(minutes=75)
_DRIFT_DEG_PER_S = 1.2e-4  # 12 m/s to the west, away from every road of the site


@dataclass(frozen=True, slots=True)
class Trouble:
    """What really happened: ``where`` is a plate or a place; any of ``kinds`` tells it rightly.

    ``expected`` is False for what may be told of and need not be.
    """

    what: str
    kinds: frozenset[Kind]
    where: str
    since: datetime
    until: datetime
    expected: bool = True


class WatchedWorld(World):
    """A world that keeps a list of what really goes wrong in it."""

    def __init__(self, *day: Any, **how: Any) -> None:  # noqa: ANN401 - those of `World`
        super().__init__(*day, **how)
        self.troubles: list[Trouble] = []

    def drivers(self) -> list[Trouble]:
        """Return the call-ups that drivers did not follow, or followed late."""
        day, rules = self.demand, self.site.policy
        waits_s, lost_s = rules.alarms.unfollowed_s, rules.standby.judged_s
        kinds = frozenset({Kind.NOT_FOLLOWED, Kind.ABSENT})
        found = []
        for truck in np.flatnonzero(day.tracked):
            ignored, called = self._ignored_at[truck], self._released_at[truck]
            reaction_s = float(day.reaction_s[truck])
            if np.isfinite(ignored):
                since = float(ignored)
            elif np.isfinite(called) and reaction_s > waits_s - _LEAVES_S:
                since = float(called)
            else:
                continue
            # Who leaves right after the limit may be gone before anybody looks.
            surely = np.isfinite(ignored) or reaction_s > lost_s
            begun = self.scenario.start + timedelta(seconds=since - self.starts)
            found.append(
                Trouble(
                    "call-up not followed",
                    kinds,
                    day.plate[truck],
                    begun - _TOLD,
                    begun + timedelta(hours=3),
                    expected=bool(surely) and self.now - since > lost_s,
                )
            )
        return found


class TroubledWorld(WatchedWorld):
    """A day on which a gate stops, a yard fills, trucks jump, stray and fall silent."""

    def __init__(self, *day: Any, **how: Any) -> None:  # noqa: ANN401 - those of `World`
        super().__init__(*day, **how)
        self._mute_from: dict[str, tuple[datetime, datetime]] = {}
        self._astray_from: dict[str, datetime] = {}
        self._begun: set[str] = set()

    def advance(self, until: datetime) -> Emitted:
        """Move on, with the troubles that are due."""
        emitted = super().advance(until)
        hour = (until - self.scenario.start) / timedelta(hours=1)
        self._once("closed", hour, _CLOSED_H[0], self._close)
        self._once("parked", hour, _PARKED_H, partial(self._silence_parked, until))
        self._once("jumped", hour, _JUMPED_H, partial(self._jump, until))
        self._fill(until)
        self._send_astray(until, hour)
        posts = [self._meddled(post) for post in emitted.fix_posts]
        return replace(emitted, fix_posts=[post for post in posts if post])

    def _once(self, name: str, hour: float, due_h: float, begin: Any) -> None:  # noqa: ANN401
        if hour >= due_h and name not in self._begun:
            self._begun.add(name)
            begin()

    def _close(self) -> None:
        since, until = (self.scenario.start + timedelta(hours=hour) for hour in _CLOSED_H)
        kinds = frozenset({Kind.GATE_SLOW, Kind.QUEUE_GROWING})
        self.troubles.append(Trouble("gate stopped", kinds, GATE, since, until))

    def _silence_parked(self, at: datetime) -> None:
        """Cut trackers in a yard off; they are found silent an hour after their last report."""
        waiting = self._parked()[:_PARKED]
        for truck in waiting:
            plate = self.demand.plate[truck]
            self._mute_from[device(plate)] = (at, at + _PARKED_LASTS)
            self._note("tracker silent in a yard", {Kind.SILENT}, plate, at, _PARKED_LASTS)

    def _parked(self) -> NDArray[np.int64]:
        """Return tracked trucks that stand in a yard, those who came last first."""
        here = (self._yard_at < self.now - _SETTLED_S) & np.isnan(self._released_at)
        here &= self.demand.tracked
        return np.flatnonzero(here & (self.demand.gates.index(GATE) == self._gate))[::-1]

    def _jump(self, at: datetime) -> None:
        """Have trucks leave for their gate that nobody called."""
        gate = self.demand.gates.index(GATE)
        going = self.list_waiting(gate)[::-1][:_JUMPED]
        for truck in going:
            self._note(
                "at the gate without a call-up",
                {Kind.UNRELEASED},
                self.demand.plate[truck],
                at,
                timedelta(hours=3),
            )
        self._may(
            {Kind.QUEUE_GROWING, Kind.GATE_SLOW}, "trucks nobody called", at, timedelta(hours=2)
        )
        self.release(going)

    def _may(self, kinds: Collection[Kind], what: str, at: datetime, lasts: timedelta) -> None:
        self.troubles.append(Trouble(what, frozenset(kinds), GATE, at, at + lasts, expected=False))

    def _fill(self, at: datetime) -> None:
        """Note from when on the yard that is too small is nearly full."""
        limits = self.site.policy.alarms
        here = ~np.isnan(self._yard_at) & np.isnan(self._released_at)
        here &= self.demand.yard == self.demand.yards.index(YARD)
        inside = int(np.count_nonzero(here))
        full = inside >= limits.yard_share * self.site.yard_by_id[YARD].capacity
        if full and "full" not in self._begun:
            self._begun.add("full")
            self._note("yard above 90 %", {Kind.YARD_FULL}, YARD, at, timedelta(hours=24))

    def _send_astray(self, at: datetime, hour: float) -> None:
        """Have the first trucks that leave after an hour fall silent, or take another road."""
        for truck in self._leaving(at):
            plate = self.demand.plate[truck]
            name = device(plate)
            if name in self._mute_from or name in self._astray_from:
                continue
            if hour >= _ASTRAY_H and len(self._astray_from) < _ASTRAY:
                self._astray_from[name] = at
                self._note("on another road", {Kind.OFF_ROUTE}, plate, at, _LASTS)
                self._aside(plate, at)
            elif hour >= _MUTE_H and len(self._mute_from) < _PARKED + _MUTE:
                self._mute_from[name] = (at, at + _LASTS)
                self._note("tracker silent on its way", {Kind.SILENT}, plate, at, _LASTS)
                self._aside(plate, at)

    def _aside(self, plate: str, at: datetime) -> None:
        """Allow what else may rightly be said of a truck that never seems to come."""
        others = {Kind.NOT_FOLLOWED, Kind.ABSENT, Kind.SILENT, Kind.OFF_ROUTE, Kind.UNRELEASED}
        self.troubles.append(
            Trouble(
                "the same truck",
                frozenset(others),
                plate,
                at,
                at + timedelta(hours=6),
                expected=False,
            )
        )

    def _leaving(self, at: datetime) -> Iterable[int]:
        """Return the called-up trucks that left their place some minutes ago, not long."""
        left = self._released_at + self.demand.reaction_s + _UNDER_WAY.total_seconds()
        ago = self.starts + (at - self.scenario.start).total_seconds() - left
        under_way = (ago >= 0.0) & (ago < _NOTICED_S) & np.isnan(self._gate_at)
        return [int(truck) for truck in np.flatnonzero(under_way & self.demand.tracked)]

    def _note(
        self, what: str, kinds: Collection[Kind], where: str, at: datetime, lasts: timedelta
    ) -> None:
        self.troubles.append(Trouble(what, frozenset(kinds), where, at, at + lasts))

    def _meddled(self, post: Post) -> Post:
        """Return a post as the trackers in trouble send it."""
        return [fix for one in post if (fix := self._sent(one)) is not None]

    def _sent(self, fix: dict[str, Any]) -> dict[str, Any] | None:
        name, fixed_at = fix["device"], datetime.fromisoformat(fix["fixed_at"])
        since, until = self._mute_from.get(name, (fixed_at, fixed_at))
        if since < fixed_at < until:
            return None
        begun = self._astray_from.get(name)
        if begun is None or fixed_at <= begun:
            return fix
        drift = _DRIFT_DEG_PER_S * min((fixed_at - begun).total_seconds(), 1_500.0)
        return fix | {"lon": round(fix["lon"] - drift, 6)}


def plain_day() -> tuple[Scenario, SiteSource]:
    """Return the published day without any trouble, at its site."""
    scenario = load_scenario(data_dir() / "scenarios" / "2024-01-23.toml")
    return scenario, read_source(data_dir() / "sites" / scenario.site)


def troubled_day(share: float) -> tuple[Scenario, SiteSource]:
    """Return the same day with a gate that stops unannounced, no-shows and a yard too small.

    ``share`` of its trucks will come.
    """
    scenario, source = plain_day()
    shows = load_scenario(data_dir() / "scenarios" / "2024-01-23-no-shows.toml")
    closed = Disruption(gate=GATE, from_h=_CLOSED_H[0], until_h=_CLOSED_H[1])
    found = source.toml.count("capacity = 1150 ")
    if found != 1:
        raise FlowctlError("The site's file no longer says how large the yard is.")
    small = source.toml.replace("capacity = 1150 ", f"capacity = {round(SMALL_YARD * share)} ")
    day = replace(scenario, drivers=shows.drivers, disruptions=(closed,))
    return day, replace(source, toml=small)
