"""One gate's day under a rule of release, compiled: what `World` and `Regulator` do, tick by tick.

A regulator acts only at ticks, so nothing need be ordered finer than it asks for: trucks on the
way fall into one bucket a tick, and what happens at the places is worked out when the tick comes.
Every event keeps its exact moment.
"""

from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flowctl.dispatch import n_control
from simulations.compiled import compiled
from simulations.fast.floor import (
    BEGUN,
    COME,
    IMPORTS_BEGUN,
    Floor,
    Indices,
    Times,
    busy_at,
    join,
    serve,
)
from simulations.fast.known import Known, loss_at, opening_from, places_of, window_at
from simulations.streams import Column

Flags = NDArray[np.bool_]

_n_target = compiled(n_control.n_target)
_n_ready = compiled(n_control.n_ready)
_n_allowed = compiled(n_control.n_allowed)
_n_slewed = compiled(n_control.n_slewed)
_release_quota = compiled(n_control.release_quota)
_export_rate = compiled(n_control.export_rate)
_gate_load = compiled(n_control.gate_load)
_imports_beyond = compiled(n_control.imports_beyond)

QUOTA, N_CONTROL = 1, 2
_QUOTA_BURST_S = 60.0

# What ``counts`` of a state counts.
TICK, ADVANCED, READY, HEAD, TAIL, CALLED, OWN_LEFT, OWN_COME, IMPORTS_COME = range(9)
IGNORING, JUDGED, RESTED, LOOKS = range(9, 13)
# What ``memory`` of a state holds.
TARGET, TARGET_AT, ROOM = range(3)
# What ``learned`` of a gate holds, rates an hour.
WORKING, USUAL, IMPORTS, STOPPED = range(4)


class Rules(NamedTuple):
    """What does not change from one replication to the next.

    ``travel_s`` and ``latest_s`` are the believed way from each yard, in the mean and a standard
    deviation later, [yards]. Ticks are ``tick_s`` apart, from ``starts`` to ``ends`` (epoch s);
    every ``learn_every`` of those that decide anything, what the gate takes is learned anew.
    """

    rule: int
    share: float
    known: Known
    import_prior_per_h: float
    travel_s: Column
    latest_s: Column
    release_most: int
    judged_s: float
    rest_s: float
    learn_every: int
    starts: float
    ends: float
    tick_s: float
    ticks: int


class Trucks(NamedTuple):
    """The trucks of one gate, [n]: exports that wait for a word by seniority, then all others.

    ``drive_s`` is each driver's own way. ``by_ready`` holds the first ``waits`` in the order in
    which they are ready, ``own`` the exports that leave by themselves, by their coming.
    """

    waits: int
    ready_at: Column
    yard: Indices
    reaction_s: Column
    drive_s: Column
    service_s: Column
    no_show: Flags
    by_ready: Indices
    own: Indices


class State(NamedTuple):
    """How far a day has been played; every array is changed in place.

    ``waiting`` are trucks by seniority between two of ``counts``, ``of_yard`` how many of each
    yard. ``first`` and ``following`` are the buckets of those on the way, ``ignoring`` those who
    did not follow a call, in its order.
    """

    waiting: Indices
    kept: Indices
    of_yard: Indices
    first: Indices
    following: Indices
    ignoring: Indices
    own_left_at: Column
    messages: Indices
    counts: Indices
    memory: Column
    learned: Column


@compiled
def leave_alone(known: Known, trucks: Trucks, own: Indices, times: Times) -> None:
    """Let exports leave by themselves once ready, not to be there before the gate opens."""
    for truck in own:
        way_s, ready_at = trucks.drive_s[truck], trucks.ready_at[truck]
        opens = opening_from(known, ready_at + way_s, ready_at)
        if opens < inf:
            times.left_at[truck] = times.released_at[truck] = max(ready_at, opens - way_s)
            times.gate_at[truck] = times.left_at[truck] + way_s


@compiled
def _tick_at(rules: Rules, tick: int) -> float:
    return min(rules.starts + tick * rules.tick_s, rules.ends)


@compiled
def _bucket_of(rules: Rules, at: float, after: int) -> int:
    """Return the first tick after another at which a moment is past; the last for all later."""
    if at > rules.ends:
        return rules.ticks + 1
    tick = min(int((at - rules.starts) / rules.tick_s) + 1, rules.ticks)
    while tick > after + 1 and _tick_at(rules, tick - 1) >= at:
        tick -= 1
    while tick < rules.ticks and _tick_at(rules, tick) < at:
        tick += 1
    return max(tick, after + 1)


@compiled
def _wait(state: State, trucks: Trucks, truck: int) -> None:
    """Put a truck among those that wait, by seniority."""
    counts, waiting = state.counts, state.waiting
    place = counts[TAIL]
    while place > counts[HEAD] and waiting[place - 1] > truck:
        waiting[place] = waiting[place - 1]
        place -= 1
    waiting[place] = truck
    counts[TAIL] += 1
    state.of_yard[trucks.yard[truck]] += 1


@compiled
def _gather(rules: Rules, trucks: Trucks, state: State, times: Times, now: float) -> None:
    """Let those wait who are ready by now, and again those who did not follow a call long ago."""
    counts = state.counts
    while counts[READY] < trucks.waits:
        truck = trucks.by_ready[counts[READY]]
        if trucks.ready_at[truck] > now:
            break
        _wait(state, trucks, truck)
        counts[READY] += 1
    while counts[RESTED] < counts[IGNORING]:
        truck = state.ignoring[counts[RESTED]]
        if times.ignored_at[truck] + rules.rest_s > now:
            break
        _wait(state, trucks, truck)
        counts[RESTED] += 1
    while counts[JUDGED] < counts[IGNORING]:
        if times.ignored_at[state.ignoring[counts[JUDGED]]] + rules.judged_s > now:
            break
        counts[JUDGED] += 1


@compiled
def _advance(
    rules: Rules, trucks: Trucks, state: State, floor: Floor, times: Times, tick: int
) -> None:
    """Let everything happen up to a tick."""
    counts, now = state.counts, _tick_at(rules, tick)
    _gather(rules, trucks, state, times, now)
    begin = floor.counts[COME]
    truck = state.first[tick]
    while truck >= 0:
        join(floor, times.gate_at, truck, begin)
        truck = state.following[truck]
    while counts[OWN_COME] < len(trucks.own) and (
        times.gate_at[trucks.own[counts[OWN_COME]]] <= now
    ):
        join(floor, times.gate_at, trucks.own[counts[OWN_COME]], begin)
        counts[OWN_COME] += 1
    while counts[OWN_LEFT] < len(state.own_left_at) and state.own_left_at[counts[OWN_LEFT]] <= now:
        counts[OWN_LEFT] += 1
    while counts[IMPORTS_COME] < len(floor.imports) and (
        times.gate_at[floor.imports[counts[IMPORTS_COME]]] <= now
    ):
        counts[IMPORTS_COME] += 1
    serve(floor, times, trucks.service_s, now)


@compiled
def _keep(state: State, target: float, now: float) -> None:
    state.memory[TARGET], state.memory[TARGET_AT] = target, now


@compiled
def _target(learned: Column, queued: int, way_s: float, places: int) -> tuple[float, float]:
    """Return the rate at which released trucks are screened (per s), and N*, of an open gate."""
    imports = learned[IMPORTS]
    mu = _export_rate(learned[WORKING], imports, queued, way_s) / 3600.0
    target = _n_target(mu, way_s, places)
    if learned[USUAL] > 0.0:
        usual = _export_rate(learned[USUAL], imports, queued, way_s) / 3600.0
        target = _n_ready(target, mu, usual, way_s, places)
    return mu, target


@compiled
def _quota(rules: Rules, state: State, going: int, now: float) -> int:
    """Return how many a fixed rate lets go: a share of what the gate is believed to take."""
    share, _ = loss_at(rules.known, now)
    believed = _export_rate(rules.known.prior_per_h * share, rules.import_prior_per_h, 0, 3600.0)
    rate = rules.share * believed / 3600.0
    most = 1.0 + rate * max(rules.tick_s, _QUOTA_BURST_S)
    state.memory[ROOM] = min(state.memory[ROOM] + rate * rules.tick_s, most)
    leaving = min(int(state.memory[ROOM]), going)
    state.memory[ROOM] -= leaving
    return leaving


@compiled
def _allowed_by_load(
    rules: Rules,
    state: State,
    floor: Floor,
    window: tuple[float, float],
    way_s: float,
    going: int,
    now: float,
) -> int:
    """Return how many N-control lets go."""
    counts = state.counts
    places = places_of(rules.known, loss_at(rules.known, now)[0])
    busy, imports_busy = busy_at(floor, now)
    exports = floor.counts[COME] - floor.counts[BEGUN] + busy
    imports = counts[IMPORTS_COME] - floor.counts[IMPORTS_BEGUN] + imports_busy
    queued = _imports_beyond(imports, places)
    mu, target = _target(state.learned, queued, way_s, places)
    allowed = _n_allowed(target, mu, places, window[0], window[1])
    if window[0] <= 0.0:
        since_s = now - state.memory[TARGET_AT]
        allowed = _n_slewed(allowed, state.memory[TARGET], mu, since_s, places)
    _keep(state, allowed, now)
    coming = counts[CALLED] + counts[OWN_LEFT] - floor.counts[COME]
    coming += counts[IGNORING] - counts[JUDGED]
    load = _gate_load(coming, exports, imports, places)
    quota = _release_quota(allowed, load, going, 0, rules.release_most)
    if state.learned[STOPPED] > 0.0:
        quota = min(quota, places - load)
    return max(quota, 0)


@compiled
def _in_time(rules: Rules, yard: int, window: tuple[float, float]) -> bool:
    """Tell whether a truck of a yard is there after the gate opens, and well before it closes."""
    return bool(window[0] <= rules.travel_s[yard] and rules.latest_s[yard] <= window[1])


@compiled
def _decide(rules: Rules, state: State, floor: Floor, now: float) -> tuple[int, float, float]:
    """Return how many leave now, and the window they go by; -1 where capacity must be learned."""
    counts = state.counts
    window = window_at(rules.known, now)
    if window[0] == inf:
        _keep(state, 0.0, now)
        return 0, 0.0, 0.0
    waiting = counts[TAIL] - counts[HEAD]
    longest, total, going = 0.0, 0.0, 0
    for yard in range(len(state.of_yard)):
        here = state.of_yard[yard]
        if here > 0:
            longest = max(longest, rules.travel_s[yard])
            total += here * rules.travel_s[yard]
            going += here if _in_time(rules, yard, window) else 0
    if window[0] > longest:
        _keep(state, 0.0, now)
        return 0, 0.0, 0.0
    if waiting == 0:
        return 0, 0.0, 0.0
    if rules.rule == QUOTA:
        return _quota(rules, state, going, now), window[0], window[1]
    if counts[ADVANCED] < 2:  # noqa: PLR2004 - see `play`
        looks = counts[LOOKS]
        counts[LOOKS] += 1
        if looks % rules.learn_every == 0:
            return -1, 0.0, 0.0
    leaving = _allowed_by_load(rules, state, floor, window, total / waiting, going, now)
    return leaving, window[0], window[1]


@compiled
def _call(rules: Rules, trucks: Trucks, state: State, times: Times, truck: int, tick: int) -> None:
    """Call a truck up; its driver leaves after a while, or not at all the first time."""
    counts, now = state.counts, _tick_at(rules, tick)
    state.messages[truck] += 1
    if trucks.no_show[truck] and np.isnan(times.ignored_at[truck]):
        times.ignored_at[truck] = now
        state.ignoring[counts[IGNORING]] = truck
        counts[IGNORING] += 1
        return
    times.released_at[truck] = now
    times.left_at[truck] = max(now, trucks.ready_at[truck]) + trucks.reaction_s[truck]
    times.gate_at[truck] = times.left_at[truck] + trucks.drive_s[truck]
    bucket = _bucket_of(rules, times.gate_at[truck], tick)
    state.following[truck] = state.first[bucket]
    state.first[bucket] = truck
    counts[CALLED] += 1


@compiled
def _release(
    rules: Rules,
    trucks: Trucks,
    state: State,
    times: Times,
    leaving: int,
    window: tuple[float, float],
    tick: int,
) -> None:
    """Call up the first ``leaving`` of those that wait and would be there in time."""
    counts = state.counts
    place, kept = counts[HEAD], 0
    while leaving > 0 and place < counts[TAIL]:
        truck = state.waiting[place]
        place += 1
        if _in_time(rules, trucks.yard[truck], window):
            state.of_yard[trucks.yard[truck]] -= 1
            _call(rules, trucks, state, times, truck, tick)
            leaving -= 1
        else:
            state.kept[kept] = truck
            kept += 1
    counts[HEAD] = place - kept
    for k in range(kept):
        state.waiting[place - kept + k] = state.kept[k]


@compiled
def play(rules: Rules, trucks: Trucks, state: State, floor: Floor, times: Times) -> bool:
    """Play on to the end, or to where capacity must be learned: then write it, and play on.

    Returns
    -------
    bool
        Whether the end was reached.
    """
    counts = state.counts
    while counts[TICK] < rules.ticks:
        tick = counts[TICK] + 1
        if counts[ADVANCED] == 0:
            _advance(rules, trucks, state, floor, times, tick)
            counts[ADVANCED] = 1
        if trucks.waits > 0:
            leaving, opens_s, closes_s = _decide(rules, state, floor, _tick_at(rules, tick))
            if leaving < 0:
                counts[ADVANCED] = 2  # learned, when this is called again
                return False
            _release(rules, trucks, state, times, leaving, (opens_s, closes_s), tick)
        counts[ADVANCED] = 0
        counts[TICK] = tick
    return True
