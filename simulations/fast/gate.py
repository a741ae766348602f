"""One gate's day under a rule of release, compiled: what `World` and `Regulator` do, tick by tick.

A regulator acts only at ticks, so nothing need be ordered finer than it asks for: trucks on the
way fall into one bucket a tick, and what happens at the places is worked out when the tick comes.
Every event keeps its exact moment.
"""

from math import inf

import numpy as np

from flowctl.dispatch.n_control import (
    aimed,
    export_rate,
    gate_load,
    imports_beyond,
    n_allowed,
    n_slewed,
    release_quota,
)
from flowctl.traffic.collapse import REDUCED, STOPPED
from flowctl.traffic.lane_loss import learn_open
from flowctl.traffic.learning import import_per_h, working_per_h
from simulations.compiled import compiled, inlined
from simulations.fast.floor import (
    BEGUN,
    COME,
    IMPORTS_BEGUN,
    Floor,
    Times,
    busy_at,
    join,
    serve,
)
from simulations.fast.known import believed_of, hours_at, loss_at, window_at
from simulations.fast.yard import (
    CALLED,
    HEAD,
    IGNORING,
    IMPATIENT,
    IMPORTS_COME,
    LOOKS,
    OWN_COME,
    OWN_LEFT,
    READY,
    RESTED,
    SEEN,
    TAIL,
    Rules,
    State,
    Trucks,
    count_ignoring,
    gather,
    in_time,
    release,
    tick_at,
)
from simulations.streams import Column

QUOTA, N_CONTROL = 1, 2
_QUOTA_BURST_S = 60.0

# What ``memory`` of a state holds.
TARGET, TARGET_AT, ROOM = range(3)
# What ``learned`` of a gate holds, rates an hour.
WORKING, USUAL, IMPORTS, STANDS_STILL = range(4)


@inlined
def _advance(
    rules: Rules, trucks: Trucks, state: State, floor: Floor, times: Times, tick: int
) -> None:
    """Let everything happen up to a tick."""
    counts, now = state.counts, tick_at(rules, tick)
    ready = counts[READY] < trucks.waits
    if (
        (ready and trucks.ready_at[trucks.by_ready[counts[READY]]] <= now)
        or counts[RESTED] < counts[IGNORING]
        or counts[IMPATIENT] < len(trucks.by_patience)
    ):
        gather(rules, trucks, state, times, now)
    begin, import_begin = floor.counts[COME], counts[IMPORTS_COME]
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
    if floor.counts[COME] > begin or counts[IMPORTS_COME] > import_begin:
        _come_in(state, floor, times.gate_at, begin, import_begin)
        floor.next_at[0] = now
    if floor.next_at[0] <= now or floor.patient:
        serve(floor, times, trucks.service_s, now)


@inlined
def _keep(state: State, target: float, now: float) -> None:
    state.memory[TARGET], state.memory[TARGET_AT] = target, now


@inlined
def _come_in(state: State, floor: Floor, gate_at: Column, begin: int, import_begin: int) -> None:
    """Note who came to the gate since a tick, both directions in the order of their coming."""
    counts = state.counts
    while begin < floor.counts[COME] or import_begin < counts[IMPORTS_COME]:
        export = begin < floor.counts[COME]
        if export and import_begin < counts[IMPORTS_COME]:
            export = gate_at[floor.line[begin]] <= gate_at[floor.imports[import_begin]]
        if export:
            state.seen[counts[SEEN]] = floor.line[begin]
            begin += 1
        else:
            state.seen[counts[SEEN]] = floor.imports[import_begin]
            import_begin += 1
        counts[SEEN] += 1


@compiled
def _learn(rules: Rules, state: State, floor: Floor, times: Times, now: float) -> None:
    """Let production's estimator look at the trucks that have come to the gate so far."""
    most, count = state.counts[SEEN], 0
    entered_at, cleared_at = np.empty(most), np.empty(most)
    is_import = np.empty(most, np.bool_)
    for truck in state.seen[:most]:
        if np.isnan(times.turned_at[truck]):
            entered_at[count] = times.gate_at[truck]
            cleared_at[count] = times.clear_at[truck]
            is_import[count] = truck >= len(floor.patient_until)
            count += 1
    share, lost_at = loss_at(rules.known, now)
    learned = learn_open(
        believed_of(rules.known, share),
        entered_at[:count],
        cleared_at[:count],
        is_import[:count],
        hours_at(rules.known, now),
        now,
        0.0,
        share,
        lost_at,
    )
    state.learned[WORKING] = working_per_h(learned.mode, learned.per_h, learned.usual_per_h)
    state.learned[USUAL] = learned.usual_per_h if learned.mode == REDUCED else 0.0
    state.learned[IMPORTS] = import_per_h(learned)
    state.learned[STANDS_STILL] = learned.mode == STOPPED


@inlined
def _quota(rules: Rules, state: State, going: int, now: float) -> int:
    """Return how many a fixed rate lets go: a share of what the gate is believed to take."""
    share, _ = loss_at(rules.known, now)
    believed = believed_of(rules.known, share)
    rate = rules.share * export_rate(believed.per_h, believed.import_per_h) / 3600.0
    most = 1.0 + rate * max(rules.tick_s, _QUOTA_BURST_S)
    state.memory[ROOM] = min(state.memory[ROOM] + rate * rules.tick_s, most)
    leaving = min(int(state.memory[ROOM]), going)
    state.memory[ROOM] -= leaving
    return leaving


@inlined
def _allowed_by_load(
    rules: Rules,
    state: State,
    floor: Floor,
    window: tuple[float, float],
    way_s: float,
    going: int,
    ignoring: int,
    now: float,
) -> int:
    """Return how many N-control lets go."""
    counts = state.counts
    places = believed_of(rules.known, loss_at(rules.known, now)[0]).places
    busy, imports_busy = busy_at(floor, now)
    exports = floor.counts[COME] - floor.counts[BEGUN] + busy
    imports = counts[IMPORTS_COME] - floor.counts[IMPORTS_BEGUN] + imports_busy
    queued = imports_beyond(imports, places)
    learned = state.learned
    mu, target = aimed(
        learned[WORKING], learned[USUAL], learned[IMPORTS], queued, way_s, places, 1.0
    )
    allowed = n_allowed(target, mu, places, window[0], window[1])
    if window[0] <= 0.0:
        since_s = now - state.memory[TARGET_AT]
        allowed = n_slewed(allowed, state.memory[TARGET], mu, since_s, places)
    _keep(state, allowed, now)
    coming = counts[CALLED] + counts[OWN_LEFT] - floor.counts[COME] + ignoring
    load = gate_load(coming, exports, imports, places)
    quota = release_quota(allowed, load, going, 0, rules.release_most)
    if state.learned[STANDS_STILL] > 0.0:
        quota = min(quota, places - load)
    return max(quota, 0)


@inlined
def _decide(
    rules: Rules, state: State, floor: Floor, times: Times, now: float
) -> tuple[int, float, float]:
    """Return how many leave now, and the window they go by."""
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
            going += here if in_time(rules, yard, window) else 0
    if window[0] > longest:
        _keep(state, 0.0, now)
        return 0, 0.0, 0.0
    if waiting == 0:
        return 0, 0.0, 0.0
    if rules.rule == QUOTA:
        return _quota(rules, state, going, now), window[0], window[1]
    if counts[LOOKS] % rules.learn_every == 0:
        _learn(rules, state, floor, times, now)
    counts[LOOKS] += 1
    way_s, ignoring = total / waiting, count_ignoring(state, times)
    leaving = _allowed_by_load(rules, state, floor, window, way_s, going, ignoring, now)
    return leaving, window[0], window[1]


@compiled
def play(rules: Rules, trucks: Trucks, state: State, floor: Floor, times: Times) -> None:
    """Play a gate's day to its end; what became of the trucks is then in ``times``."""
    # Where nobody waits for a word, nobody looks before the end.
    for tick in range(1 if trucks.waits > 0 else rules.ticks, rules.ticks + 1):
        _advance(rules, trucks, state, floor, times, tick)
        if trucks.waits > 0:
            now = tick_at(rules, tick)
            leaving, opens_s, closes_s = _decide(rules, state, floor, times, now)
            if leaving > 0:
                release(rules, trucks, state, times, leaving, (opens_s, closes_s), tick)
