"""The day of ``flowctl bench simulate`` on cimba (PyPI), on the same numbers, as traces.

Drivers are a standing crew of processes and not one a truck, which took half as long again. Model
code is compiled by cimba; the regulator's functions are production's.
"""

from math import inf

import cimba as cb
import numpy as np
from cimba import inputs

from flowctl.bench.simulate_sides import MOST, Drawn
from flowctl.dispatch import n_control
from simulations.closed_loop import Loop
from simulations.compiled import compiled
from simulations.streams import Column

_CREW = 192
"""More than are ever called up at once: N* is 111 with the day's figures."""

_n_target = compiled(n_control.n_target)
_n_allowed = compiled(n_control.n_allowed)
_n_slewed = compiled(n_control.n_slewed)
_release_quota = compiled(n_control.release_quota)


class Border(cb.Model):
    """A yard before a gate; ``left`` trucks are still to be screened."""

    gaps: cb.Input[float]
    ways: cb.Input[float]
    works: cb.Input[float]
    places: cb.Resource
    called: cb.Container
    waits: cb.Dataset
    count: cb.Param[int]
    per_s: cb.Param[float]
    travel_s: cb.Param[float]
    tick_s: cb.Param[float]
    waiting: cb.Param[int] = 0
    inside: cb.Param[int] = 0
    left: cb.Param[int] = 0

    @cb.on_start  # type: ignore[untyped-decorator]
    def begin(self) -> None:
        """All are still to come."""
        self.left = self.count

    @cb.process
    def come(self) -> None:
        """Trucks get ready in the yard."""
        for _ in range(self.count):
            cb.hold(self.gaps.next())
            self.waiting += 1

    @cb.process
    def regulate(self) -> None:
        """Call up as many as production's rule lets go."""
        places = self.places.capacity()
        target = _n_target(self.per_s, self.travel_s, places)
        before = -1.0
        while self.left > 0:
            allowed = _n_allowed(target, self.per_s, places, 0.0, inf)
            if before >= 0.0:
                allowed = _n_slewed(allowed, before, self.per_s, self.tick_s, places)
            before = allowed
            leaving = _release_quota(allowed, self.inside, self.waiting, 0, MOST)
            if leaving > 0:
                self.waiting -= leaving
                self.inside += leaving
                self.called.put(leaving)
            cb.hold(self.tick_s)

    @cb.process(copies=_CREW)  # type: ignore[untyped-decorator]
    def drive(self) -> None:
        """Bring one called truck after the other to the gate."""
        while True:
            self.called.get(1)
            work = self.works.next()
            cb.hold(self.ways.next())
            came = cb.now()
            self.places.acquire()
            self.waits.record(cb.now() - came)
            cb.hold(work)
            self.places.release()
            self.inside -= 1
            self.left -= 1


def experiment(loop: Loop, drawn: Drawn, *, replications: int, keep: bool) -> cb.Experiment:
    """Return the day so many times over; ``keep`` tells whether every wait is kept."""
    ready_s, travel_s, service_s = drawn
    border = Border()
    border.places = cb.Resource(capacity=loop.places)
    border.waits = cb.Dataset()  # type: ignore[no-untyped-call]
    if keep:
        border.waits.capture()
    border.gaps = inputs.trace(np.diff(ready_s, prepend=0.0))
    border.ways, border.works = inputs.trace(travel_s), inputs.trace(service_s)
    border.count = len(ready_s)
    border.per_s, border.travel_s, border.tick_s = loop.setting[0], loop.travel_s, loop.tick_s
    return cb.Experiment(border, replications=replications, window=cb.Window.until_idle())


def sorted_waits(loop: Loop, drawn: Drawn) -> Column:
    """Play the day once and return the waits before the gate, sorted: it does not say whose."""
    day = experiment(loop, drawn, replications=1, keep=True)
    found = day.run(workers=1)[day.model].waits.trial(0, 0)
    return np.sort(np.asarray(found[-1], dtype=np.float64))
