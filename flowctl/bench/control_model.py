"""The border day of ``flowctl bench control``: its trucks, its disruptions, and the rules compared.

One yard before one gate, as in the literature on metering; every rule plays the same trucks, drawn
by truck and purpose, so that what differs is the rule. Times are seconds from the day's midnight.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from datetime import time as day_time
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from flowctl.opening import Opening
from flowctl.scenarios.laws import Peak, Profile
from flowctl.site import DispatchParams, Gate
from flowctl.state import GateHistory
from flowctl.traffic.capacity import CapacityEstimate, estimate
from flowctl.traffic.collapse import GateMode
from simulations.buckets import BucketDay, Rule
from simulations.demand import arrival_times
from simulations.streams import Column, lognormal, stream

START = datetime(2024, 1, 10, tzinfo=UTC)
_HOUR_S = 3600.0
_DAYS = 4  # the longest a day's trucks may need to be gone under the slowest rule


@dataclass(frozen=True, slots=True)
class ModelParams:
    """The day that `performance.md` states its figures for.

    ``trucks`` come in a day of two humps that overload ``places`` for part of it. A screening takes
    ``service_s`` in the mean, the way from the word to the gate ``travel_s``; both are lognormal.
    A regulator acts every ``tick_s`` and looks at what it has learned every ``look_ticks``.
    What it believes of the gate beforehand is wrong by up to ``prior_wrong``, worth
    ``prior_weight_h`` hours.
    """

    trucks: int = 4965
    places: int = 14
    service_s: float = 216.0
    service_cv: float = 0.6
    travel_s: float = 1200.0
    travel_cv: float = 0.25
    tick_s: float = 30.0
    look_ticks: int = 10
    prior_wrong: float = 0.25
    prior_weight_h: float = 2.0

    @property
    def per_s(self) -> float:
        """What the gate truly takes while all its places are open, trucks a second."""
        return self.places / self.service_s

    @property
    def ticks(self) -> int:
        """How many ticks are played at most."""
        return int(_DAYS * 24 * _HOUR_S / self.tick_s)


PROFILE = Profile(
    from_h=0.0,
    until_h=24.0,
    peaks=(Peak(share=0.24, at_h=8.5, sd_h=1.41), Peak(share=0.27, at_h=16.0, sd_h=1.77)),
)


@dataclass(frozen=True, slots=True)
class Disruption:
    """What goes otherwise between two hours of the day, said to nobody beforehand.

    ``share`` of the places is open then; the trucks that come in these hours are more by ``more``.
    """

    from_h: float = 0.0
    until_h: float = 0.0
    share: float = 1.0
    more: float = 0.0


SCENARIOS: Mapping[str, Disruption] = {
    "nominal": Disruption(),
    "surge": Disruption(14.0, 17.0, more=0.3),
    "lane_loss": Disruption(10.0, 12.0, share=9 / 14),
    "closure": Disruption(10.0, 12.0, share=0.0),
}


@dataclass(frozen=True, slots=True)
class Trucks:
    """A day's trucks in the order in which they are ready, shape [n], seconds."""

    ready_s: Column
    travel_s: Column
    service_s: Column
    prior_per_h: float


def draw_trucks(model: ModelParams, disruption: Disruption, seed: int) -> Trucks:
    """Draw a day's trucks; those of the plain day are the same whatever the disruption."""
    groups = [("trucks", model.trucks, PROFILE)]
    if disruption.more > 0.0:
        plain = arrival_times(PROFILE, model.trucks, stream(seed, "ready, trucks")) / _HOUR_S
        inside = (plain >= disruption.from_h) & (plain < disruption.until_h)
        more = round(disruption.more * int(inside.sum()))
        span = replace(PROFILE, from_h=disruption.from_h, until_h=disruption.until_h)
        groups.append(("surge", more, span))
    ready, travel, service = (
        np.concatenate(columns)
        for columns in zip(*(_drawn(model, seed, *group) for group in groups), strict=True)
    )
    order = np.argsort(ready, kind="stable")
    wrong = stream(seed, "prior").uniform(-model.prior_wrong, model.prior_wrong)
    prior_per_h = model.per_s * _HOUR_S * (1.0 + wrong)
    return Trucks(ready[order], travel[order], service[order], prior_per_h)


def _drawn(
    model: ModelParams, seed: int, name: str, count: int, profile: Profile
) -> tuple[Column, Column, Column]:
    return (
        arrival_times(profile, count, stream(seed, f"ready, {name}")),
        lognormal(stream(seed, f"travel, {name}"), model.travel_s, model.travel_cv, count),
        lognormal(stream(seed, f"service, {name}"), model.service_s, model.service_cv, count),
    )


def places_of(model: ModelParams, disruption: Disruption) -> NDArray[np.int64]:
    """Return the places open in each tick, shape [ticks]."""
    places = np.full(model.ticks, model.places, np.int64)
    hours = np.arange(model.ticks) * model.tick_s / _HOUR_S
    within = (hours >= disruption.from_h) & (hours < disruption.until_h)
    places[within] = round(model.places * disruption.share)
    return places


@dataclass(frozen=True, slots=True)
class Look:
    """What was believed of the gate at one moment: trucks an hour, 90 % between low and high."""

    at_s: float
    per_h: float
    low: float
    high: float
    from_screenings: bool
    state: str


Play = Callable[[BucketDay, ModelParams, Trucks], list[Look]]


def _fixed(rule: Rule, setting: Callable[[ModelParams], tuple[float, ...]]) -> Play:
    """Return a rule whose setting is known beforehand and stays."""

    def play(day: BucketDay, model: ModelParams, trucks: Trucks) -> list[Look]:
        del trucks
        day.play(model.ticks, rule, setting(model))
        return []

    return play


def _learning(day: BucketDay, model: ModelParams, trucks: Trucks) -> list[Look]:
    """Let N-control decide by what production's estimator makes of the trucks seen at the gate."""
    gate = _gate(model, trucks)
    looks: list[Look] = []
    setting = _n_control(model, trucks.prior_per_h / _HOUR_S)
    for tick in range(0, model.ticks, model.look_ticks):
        if day.over:
            break
        # As in production, nobody is held back where nobody waits: nothing hangs on the rate then.
        if day.waiting or not looks:
            learned = estimate(gate, _history(day), START + timedelta(seconds=tick * model.tick_s))
            setting = _learned_control(model, learned)
            looks.append(_look(tick * model.tick_s, learned))
        day.play(tick + model.look_ticks, Rule.N_CONTROL, setting)
    return looks


def _learned_control(model: ModelParams, learned: CapacityEstimate) -> tuple[float, ...]:
    """Return what production's regulator would make of an estimate; no imports come here."""
    usual_per_h = learned.usual_per_h if learned.state is GateMode.REDUCED else None
    return _n_control(
        model,
        learned.working_per_h / _HOUR_S,
        usual_per_s=0.0 if usual_per_h is None else usual_per_h / _HOUR_S,
        stopped=learned.state is GateMode.STOPPED,
    )


def _n_control(
    model: ModelParams, per_s: float, *, usual_per_s: float = 0.0, stopped: bool = False
) -> tuple[float, ...]:
    most = float(DispatchParams().release_most)
    return (per_s, usual_per_s, model.travel_s, float(model.places), most, float(stopped))


def _look(at_s: float, learned: CapacityEstimate) -> Look:
    evidence = learned.saturated_s > 0.0
    return Look(at_s, learned.per_h, learned.low, learned.high, evidence, learned.state.value)


def _gate(model: ModelParams, trucks: Trucks) -> Gate:
    always = ((day_time(), day_time.max),)
    return Gate(
        id="gate",
        name={"en": "gate"},
        lanes=2,
        inspection_places=model.places,
        capacity_prior_per_h=trucks.prior_per_h,
        capacity_prior_weight_h=model.prior_weight_h,
        import_prior_per_h=0.0,
        opening=Opening(ZoneInfo("UTC"), (always,) * 7),
    )


def _history(day: BucketDay) -> GateHistory:
    came, cleared = day.seen()
    since = START.timestamp()
    return GateHistory("gate", since + came, since + cleared, np.zeros(len(came), np.bool_))


# Gains a tick, of the literature's rules as they did best on the plain day. Set-point: ten trucks
# queueing; for the rule that counts the way too, beside the trucks that fill the way and places.
_QUEUE = 10.0


def _feedback(
    gain: float, change_gain: float, every_s: float, *, whole_way: bool = False
) -> Callable[[ModelParams], tuple[float, ...]]:
    def setting(model: ModelParams) -> tuple[float, ...]:
        tick_min = model.tick_s / 60.0
        way = model.places + model.per_s * model.travel_s if whole_way else 0.0
        first, most = 3.5 * tick_min, 6.0 * tick_min
        gains = (gain * tick_min, change_gain * tick_min)
        return (first, most, _QUEUE + way, *gains, every_s / model.tick_s, float(whole_way))

    return setting


PRODUCTION = "n_control"
RULES: Mapping[str, Play] = {
    "none": _fixed(Rule.NONE, lambda _: ()),
    "quota_100": _fixed(Rule.QUOTA, lambda model: (model.per_s,)),
    "quota_95": _fixed(Rule.QUOTA, lambda model: (0.95 * model.per_s,)),
    "alinea": _fixed(Rule.FEEDBACK, _feedback(0.005, 0.0, 60.0)),
    "pi_alinea": _fixed(Rule.FEEDBACK, _feedback(0.005, 0.05, 300.0)),
    "pi_transit": _fixed(Rule.FEEDBACK, _feedback(0.01, 0.1, 60.0, whole_way=True)),
    "n_control_given": _fixed(Rule.N_CONTROL, lambda model: _n_control(model, model.per_s)),
    PRODUCTION: _learning,
}


def play_rule(
    name: str, model: ModelParams, disruption: Disruption, trucks: Trucks
) -> tuple[BucketDay, list[Look]]:
    """Play a day's trucks under one rule of `RULES` until the last is screened."""
    day = BucketDay(
        trucks.ready_s,
        trucks.travel_s,
        trucks.service_s,
        places_of(model, disruption),
        tick_s=model.tick_s,
        ticks=model.ticks,
    )
    looks = RULES[name](day, model, trucks)
    return day, looks
