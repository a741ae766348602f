"""The yards, compiled: who waits by seniority, who is called up, who goes home unserved."""

from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulations.compiled import borrowing, compiled, inlined
from simulations.fast.floor import Indices, Times
from simulations.fast.known import Known, opening_from
from simulations.streams import Column

Flags = NDArray[np.bool_]

# What ``counts`` of a state counts.
READY, HEAD, TAIL, CALLED, OWN_LEFT, OWN_COME, IMPORTS_COME = range(7)
IGNORING, JUDGED, RESTED, LOOKS, IMPATIENT, SEEN = range(7, 13)


class Rules(NamedTuple):
    """What does not change from one replication to the next.

    ``travel_s`` and ``latest_s`` are the believed way from each yard, in the mean and a standard
    deviation later, [yards]. Ticks are ``tick_s`` apart, from ``starts`` to ``ends`` (epoch s);
    every ``learn_every`` of those that decide anything, what the gate takes is learned anew. No
    message is heard from ``silent_from`` to ``silent_until``.
    """

    rule: int
    share: float
    known: Known
    travel_s: Column
    latest_s: Column
    release_most: int
    judged_s: float
    rest_s: float
    learn_every: int
    silent_from: float
    silent_until: float
    starts: float
    ends: float
    tick_s: float
    ticks: int


class Trucks(NamedTuple):
    """The trucks of one gate, [n]: exports that wait for a word by seniority, then all others.

    ``drive_s`` is each driver's own way. ``by_ready`` holds the first ``waits`` in the order in
    which they are ready, ``own`` the exports that leave by themselves, by their coming.
    ``by_patience`` are those of the first that have an end of it, in its order.
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
    patient_until: Column
    by_patience: Indices


class State(NamedTuple):
    """How far a day has been played; every array is changed in place.

    ``waiting`` are trucks by seniority between two of ``counts``, ``of_yard`` how many of each
    yard. ``first`` and ``following`` are the buckets of those on the way, ``ignoring`` those who
    did not follow a call, in its order, ``seen`` those who came to the gate, in theirs.
    """

    waiting: Indices
    kept: Indices
    of_yard: Indices
    first: Indices
    following: Indices
    ignoring: Indices
    seen: Indices
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
        leaves_at = max(ready_at, opens - way_s)
        if trucks.patient_until[truck] <= leaves_at:
            times.turned_at[truck] = trucks.patient_until[truck]
        elif opens < inf:
            times.left_at[truck] = times.released_at[truck] = leaves_at
            times.gate_at[truck] = leaves_at + way_s


@inlined
def tick_at(rules: Rules, tick: int) -> float:
    """Return when a tick is (epoch s); the last is at the day's end."""
    return min(rules.starts + tick * rules.tick_s, rules.ends)


@borrowing
def _bucket_of(rules: Rules, at: float, after: int) -> int:
    """Return the first tick after another at which a moment is past; the last for all later."""
    if at > rules.ends:
        return rules.ticks + 1
    tick = min(int((at - rules.starts) / rules.tick_s) + 1, rules.ticks)
    while tick > after + 1 and tick_at(rules, tick - 1) >= at:
        tick -= 1
    while tick < rules.ticks and tick_at(rules, tick) < at:
        tick += 1
    return max(tick, after + 1)


@borrowing
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


@borrowing
def _leave_out(state: State, trucks: Trucks, truck: int) -> None:
    """Take a truck out of those that wait, if it is among them."""
    counts, waiting = state.counts, state.waiting
    here = waiting[counts[HEAD] : counts[TAIL]]
    place = counts[HEAD] + np.searchsorted(here, truck)
    if place == counts[TAIL] or waiting[place] != truck:
        return
    state.of_yard[trucks.yard[truck]] -= 1
    counts[TAIL] -= 1
    for k in range(place, counts[TAIL]):
        waiting[k] = waiting[k + 1]


@borrowing
def _come_forward(rules: Rules, trucks: Trucks, state: State, times: Times, now: float) -> None:
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
        if np.isnan(times.turned_at[truck]):
            _wait(state, trucks, truck)
        counts[RESTED] += 1


@borrowing
def _judge(rules: Rules, state: State, times: Times, now: float) -> None:
    """Count those no longer as coming who did not follow a call and are known not to."""
    counts = state.counts
    while counts[JUDGED] < counts[IGNORING]:
        if times.ignored_at[state.ignoring[counts[JUDGED]]] + rules.judged_s > now:
            break
        counts[JUDGED] += 1


@borrowing
def _turn_back(trucks: Trucks, state: State, times: Times, now: float) -> None:
    """Let those go home from the yard whose patience is over by now."""
    counts = state.counts
    while counts[IMPATIENT] < len(trucks.by_patience):
        truck = trucks.by_patience[counts[IMPATIENT]]
        if trucks.patient_until[truck] > now:
            break
        if np.isnan(times.released_at[truck]):
            times.turned_at[truck] = trucks.patient_until[truck]
            _leave_out(state, trucks, truck)
        counts[IMPATIENT] += 1


@borrowing
def gather(rules: Rules, trucks: Trucks, state: State, times: Times, now: float) -> None:
    """Have everything in the yards as it is at a moment."""
    _come_forward(rules, trucks, state, times, now)
    _judge(rules, state, times, now)
    _turn_back(trucks, state, times, now)


@inlined
def count_ignoring(state: State, times: Times) -> int:
    """Return how many were called and stand still, without anybody knowing it yet."""
    found = 0
    for k in range(state.counts[JUDGED], state.counts[IGNORING]):
        found += np.isnan(times.turned_at[state.ignoring[k]])
    return found


@inlined
def in_time(rules: Rules, yard: int, window: tuple[float, float]) -> bool:
    """Tell whether a truck of a yard is there after the gate opens, and well before it closes."""
    return bool(window[0] <= rules.travel_s[yard] and rules.latest_s[yard] <= window[1])


@borrowing
def _call(rules: Rules, trucks: Trucks, state: State, times: Times, truck: int, tick: int) -> None:
    """Call a truck up; its driver leaves after a while, or not at all the first time."""
    counts, now = state.counts, tick_at(rules, tick)
    state.messages[truck] += 1
    if trucks.no_show[truck] and np.isnan(times.ignored_at[truck]):
        times.ignored_at[truck] = now
        state.ignoring[counts[IGNORING]] = truck
        counts[IGNORING] += 1
        return
    times.released_at[truck] = now
    heard_at = rules.silent_until if rules.silent_from <= now < rules.silent_until else now
    heard_at = max(heard_at, trucks.ready_at[truck])
    times.left_at[truck] = heard_at + trucks.reaction_s[truck]
    times.gate_at[truck] = times.left_at[truck] + trucks.drive_s[truck]
    bucket = _bucket_of(rules, times.gate_at[truck], tick)
    state.following[truck] = state.first[bucket]
    state.first[bucket] = truck
    counts[CALLED] += 1


@borrowing
def release(
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
        if in_time(rules, trucks.yard[truck], window):
            state.of_yard[trucks.yard[truck]] -= 1
            _call(rules, trucks, state, times, truck, tick)
            leaving -= 1
        else:
            state.kept[kept] = truck
            kept += 1
    counts[HEAD] = place - kept
    for k in range(kept):
        state.waiting[place - kept + k] = state.kept[k]
