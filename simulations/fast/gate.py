"""One gate's day under a rule of release, compiled: what `World` and `Regulator` do, tick by tick.

A regulator acts only at ticks, so nothing need be ordered finer than it asks for: trucks on the
way fall into one bucket a tick, and what happens at the places is worked out when the tick comes.
Every event keeps its exact moment.
"""

from math import inf

from flowctl.dispatch import n_control
from simulations.compiled import compiled
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
from simulations.fast.known import loss_at, places_of, window_at
from simulations.fast.yard import (
    ADVANCED,
    CALLED,
    HEAD,
    IMPORTS_COME,
    LOOKS,
    OWN_COME,
    OWN_LEFT,
    TAIL,
    TICK,
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

# What ``memory`` of a state holds.
TARGET, TARGET_AT, ROOM = range(3)
# What ``learned`` of a gate holds, rates an hour.
WORKING, USUAL, IMPORTS, STOPPED = range(4)


@compiled
def _advance(
    rules: Rules, trucks: Trucks, state: State, floor: Floor, times: Times, tick: int
) -> None:
    """Let everything happen up to a tick."""
    counts, now = state.counts, tick_at(rules, tick)
    gather(rules, trucks, state, times, now)
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
    ignoring: int,
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
    coming = counts[CALLED] + counts[OWN_LEFT] - floor.counts[COME] + ignoring
    load = _gate_load(coming, exports, imports, places)
    quota = _release_quota(allowed, load, going, 0, rules.release_most)
    if state.learned[STOPPED] > 0.0:
        quota = min(quota, places - load)
    return max(quota, 0)


@compiled
def _decide(
    rules: Rules, state: State, floor: Floor, times: Times, now: float
) -> tuple[int, float, float]:
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
            going += here if in_time(rules, yard, window) else 0
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
    way_s, ignoring = total / waiting, count_ignoring(state, times)
    leaving = _allowed_by_load(rules, state, floor, window, way_s, going, ignoring, now)
    return leaving, window[0], window[1]


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
            leaving, opens_s, closes_s = _decide(rules, state, floor, times, tick_at(rules, tick))
            if leaving < 0:
                counts[ADVANCED] = 2  # learned, when this is called again
                return False
            release(rules, trucks, state, times, leaving, (opens_s, closes_s), tick)
        counts[ADVANCED] = 0
        counts[TICK] = tick
    return True
