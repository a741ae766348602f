"""A day at one gate behind one yard, fast enough for thousands: the compiled twin of `World`.

A regulator acts only at ticks, so nothing need be ordered finer than it asks for: trucks on the
way fall into one bucket a tick, a bucket is put in order when its tick comes, and places serve as
long as a screening begins before the next tick (the recursion of Kiefer and Wolfowitz, Trans.
Amer. Math. Soc. 78, 1955). Every event keeps its exact time: waits equal those of `World`.

The rules that decide are the functions of production, compiled; the others stand here only to be
compared with them.
"""

from collections.abc import Sequence
from enum import IntEnum
from math import inf

import numpy as np
from numpy.typing import NDArray

from flowctl.dispatch import n_control
from simulations.compiled import compiled
from simulations.streams import Column

Counts = NDArray[np.int64]


class Rule(IntEnum):
    """Who decides when a truck leaves the yard; what ``setting`` of `BucketDay.play` holds.

    ``NONE``: nobody, it leaves when it is ready. ``QUOTA``: [rate a second]. ``FEEDBACK``, ALINEA
    (Papageorgiou, Hadj-Salem and Blosseville, Transp. Res. Record 1320, 1991) and its proportional
    and integral form (Wang et al., IEEE Trans. ITS 15, 2014): [rate at first and at most (a tick),
    set-point, gain of the error, gain of the change, ticks between two looks, 1 where trucks in
    transit and in screening count too]. ``N_CONTROL``: [screenings a second, usually where it is
    less than that (else 0), travel time (s), places, most released a tick, 1 where none may go but
    to free places].
    """

    NONE = 0
    QUOTA = 1
    FEEDBACK = 2
    N_CONTROL = 3


# What a day's state counts, and what a rule remembers between ticks.
_TICK, _READY, _GONE, _SORTED, _BEGUN = range(5)
_RATE, _ROOM, _BEFORE, _STARVED_S, _TARGET = range(5)
_QUOTA_BURST_S = 60.0


_n_target = compiled(n_control.n_target)
_n_ready = compiled(n_control.n_ready)
_n_allowed = compiled(n_control.n_allowed)
_n_slewed = compiled(n_control.n_slewed)
_release_quota = compiled(n_control.release_quota)


@compiled
def _busy(free_at: Column, at: float) -> int:
    busy = 0
    for place in range(len(free_at)):
        if free_at[place] > at:
            busy += 1
    return busy


@compiled
def _shift(free_at: Column, shut: Counts, places: int, at: float) -> None:
    """Shut or open places until ``places`` are open; a screening under way is finished."""
    opened = len(shut) - int(shut.sum())
    while opened != places:
        wanted = 0 if opened > places else 1  # among the open ones, or among the shut
        chosen = -1
        for place in range(len(shut)):
            if shut[place] == wanted and (chosen < 0 or free_at[place] < free_at[chosen]):
                chosen = place
        shut[chosen] = 1 - wanted
        if wanted == 1:
            free_at[chosen] = max(free_at[chosen], at)
        opened += 2 * wanted - 1


@compiled
def _decide(
    rule: int,
    setting: Column,
    memory: Column,
    tick: int,
    tick_s: float,
    waiting: int,
    transit: int,
    queue: int,
    busy: int,
) -> int:
    """Return how many of the ``waiting`` trucks leave now."""
    if rule == 3:  # noqa: PLR2004 - Rule.N_CONTROL, as a number that compiles
        mu, travel_s, places = setting[0], setting[2], setting[3]
        load = transit + queue + busy
        target = _n_target(mu, travel_s, places)
        if setting[1] > 0.0:
            target = _n_ready(target, mu, setting[1], travel_s, places)
        allowed = _n_allowed(target, mu, places, 0.0, inf)
        if tick > 0:
            allowed = _n_slewed(allowed, memory[_TARGET], mu, tick_s, places)
        memory[_TARGET] = allowed
        most = int(setting[4])
        if setting[5] > 0.0:
            most = min(most, max(int(places) - load, 0))
        return _release_quota(allowed, load, waiting, 0, most)
    if rule == 1:
        memory[_RATE] = setting[0] * tick_s
        most = 1.0 + setting[0] * _QUOTA_BURST_S
        memory[_ROOM] = min(memory[_ROOM] + memory[_RATE], most)
    else:
        if tick % int(setting[5]) == 0:
            seen = float(queue)
            if setting[6] > 0.0:
                seen += transit + busy
            rate = memory[_RATE] if tick > 0 else setting[0]
            rate += setting[3] * (setting[2] - seen) - setting[4] * (seen - memory[_BEFORE])
            memory[_RATE] = min(max(rate, 0.0), setting[1])
            memory[_BEFORE] = seen
        memory[_ROOM] = min(memory[_ROOM] + memory[_RATE], setting[1] + 1.0)
    leaving = min(int(memory[_ROOM]), waiting)
    memory[_ROOM] -= leaving
    return leaving


@compiled
def _arrive(
    tick: int, at_gate: Column, first: Counts, following: Counts, order: Counts, counts: Counts
) -> None:
    """Put the trucks of a tick's bucket at the queue's end, in the order of their arrival.

    A bucket is read from the last released to the first: of two that come at once, the first goes
    before.
    """
    begin = counts[_SORTED]
    truck = first[tick]
    while truck >= 0:
        place = counts[_SORTED]
        while place > begin and at_gate[order[place - 1]] >= at_gate[truck]:
            order[place] = order[place - 1]
            place -= 1
        order[place] = truck
        counts[_SORTED] += 1
        truck = following[truck]


@compiled
def _serve(
    then: float,
    at_gate: Column,
    service_s: Column,
    began: Column,
    cleared: Column,
    free_at: Column,
    shut: Counts,
    order: Counts,
    counts: Counts,
) -> None:
    """Begin every screening that begins before ``then``."""
    while counts[_BEGUN] < counts[_SORTED]:
        chosen = -1
        for place in range(len(shut)):
            if shut[place] == 0 and (chosen < 0 or free_at[place] < free_at[chosen]):
                chosen = place
        if chosen < 0:
            return
        truck = order[counts[_BEGUN]]
        begin = max(at_gate[truck], free_at[chosen])
        if begin >= then:
            return
        began[truck] = begin
        free_at[chosen] = cleared[truck] = begin + service_s[truck]
        counts[_BEGUN] += 1


@compiled
def _play(
    until: int,
    tick_s: float,
    rule: int,
    setting: Column,
    ready_s: Column,
    travel_s: Column,
    service_s: Column,
    places: Counts,
    times: Column,
    free_at: Column,
    shut: Counts,
    first: Counts,
    following: Counts,
    order: Counts,
    counts: Counts,
    memory: Column,
) -> None:
    """Play from the state's tick up to ``until``; every array is changed in place."""
    count = len(ready_s)
    released, at_gate, began, cleared = times
    while counts[_TICK] < until:
        tick = counts[_TICK]
        now, then = tick * tick_s, (tick + 1) * tick_s
        open_places = places[min(tick, len(places) - 1)]
        _shift(free_at, shut, open_places, now)
        known = then if rule == 0 else now
        while counts[_READY] < count and (
            ready_s[counts[_READY]] < known or (rule != 0 and ready_s[counts[_READY]] == known)
        ):
            counts[_READY] += 1
        waiting = counts[_READY] - counts[_GONE]
        busy = _busy(free_at, now)
        queue = counts[_SORTED] - counts[_BEGUN]
        transit = counts[_GONE] - counts[_SORTED]
        leaving = waiting
        if rule != 0:
            leaving = _decide(rule, setting, memory, tick, tick_s, waiting, transit, queue, busy)
        idle = max(open_places - busy - queue, 0)
        memory[_STARVED_S] += min(idle, waiting - leaving) * tick_s
        for _ in range(leaving):
            truck = counts[_GONE]
            released[truck] = ready_s[truck] if rule == 0 else now
            at_gate[truck] = released[truck] + travel_s[truck]
            # A quotient may round below the tick itself, whose bucket is the first still to come.
            bucket = min(max(int(at_gate[truck] / tick_s), tick), len(first) - 1)
            following[truck] = first[bucket]
            first[bucket] = truck
            counts[_GONE] += 1
        _arrive(tick, at_gate, first, following, order, counts)
        _serve(then, at_gate, service_s, began, cleared, free_at, shut, order, counts)
        counts[_TICK] += 1
        if counts[_BEGUN] == count:
            counts[_TICK] = until


class BucketDay:
    """One gate's day, played tick by tick up to where somebody wants to look.

    Parameters
    ----------
    ready_s, travel_s, service_s
        When each truck is ready in the yard, sorted; its way from the word to the gate's queue; its
        screening. Seconds from the day's start, shape [n].
    places
        Inspection places open in each tick; the last holds for all later ones.
    tick_s
        Seconds between two decisions.
    """

    def __init__(
        self,
        ready_s: Column,
        travel_s: Column,
        service_s: Column,
        places: Sequence[int] | Counts,
        *,
        tick_s: float,
        ticks: int,
    ) -> None:
        count = len(ready_s)
        self.tick_s = tick_s
        self.places = np.asarray(places, np.int64)
        self.ready_s, self._travel_s, self._service_s = ready_s, travel_s, service_s
        self._times = np.full((4, count), np.nan)
        most = int(self.places.max())
        self._free_at, self._shut = np.zeros(most), np.zeros(most, np.int64)
        self._first = np.full(ticks + 1, -1, np.int64)
        self._following = np.full(count, -1, np.int64)
        self._order = np.full(count, -1, np.int64)
        self._counts, self._memory = np.zeros(5, np.int64), np.zeros(5)

    def play(self, until: int, rule: Rule, setting: Sequence[float] = ()) -> None:
        """Let a rule decide up to the tick ``until``."""
        _play(
            min(until, len(self._first) - 1),
            self.tick_s,
            int(rule),
            np.array(setting, np.float64),
            self.ready_s,
            self._travel_s,
            self._service_s,
            self.places,
            self._times,
            self._free_at,
            self._shut,
            self._first,
            self._following,
            self._order,
            self._counts,
            self._memory,
        )

    @property
    def released_s(self) -> Column:
        """When each truck left the yard; NaN while it stands there."""
        return np.asarray(self._times[0])

    @property
    def gate_s(self) -> Column:
        """When each released truck comes to the gate's queue."""
        return np.asarray(self._times[1])

    @property
    def began_s(self) -> Column:
        """When each screening began; NaN before."""
        return np.asarray(self._times[2])

    @property
    def cleared_s(self) -> Column:
        """When each screening that has begun ends."""
        return np.asarray(self._times[3])

    @property
    def waiting(self) -> int:
        """Trucks that stand ready in the yard."""
        return int(self._counts[_READY] - self._counts[_GONE])

    @property
    def over(self) -> bool:
        """Whether every screening has begun."""
        return int(self._counts[_BEGUN]) == len(self.ready_s)

    @property
    def starved_place_s(self) -> float:
        """Seconds that places stood empty with nobody queueing while trucks were held back."""
        return float(self._memory[_STARVED_S])

    def seen(self) -> tuple[Column, Column]:
        """Return when each truck so far came to the gate and when it is cleared, in order."""
        here = self._order[: int(self._counts[_SORTED])]
        return self.gate_s[here], self.cleared_s[here]
