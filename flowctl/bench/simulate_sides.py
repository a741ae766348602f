"""The day of ``flowctl bench simulate`` by whoever plays it: ours, and SimPy on the same numbers.

One yard before one gate, as in `flowctl.bench.control_model`; the regulator is production's, its
capacity given, a look a minute.
"""

from collections import deque
from collections.abc import Generator
from importlib.util import find_spec
from math import inf
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from flowctl.bench.control_model import PROFILE, ModelParams
from flowctl.dispatch.n_control import n_allowed, n_slewed, n_target, release_quota
from flowctl.errors import FlowctlError
from flowctl.site import DispatchParams
from simulations.closed_loop import Loop, play_day
from simulations.demand import arrival_times
from simulations.streams import Column, stream

if TYPE_CHECKING:
    import simpy

MOST = DispatchParams().release_most
Drawn = tuple[Column, Column, Column]
"""When each truck is ready, its way and its screening, seconds, [n] (`draw_day`)."""


class Waits(NamedTuple):
    """Seconds each truck waited in the yard and before the gate, in the order of the trucks."""

    yard_s: Column
    gate_s: Column


def need(module: str) -> None:
    """Refuse to compare with what is not there.

    Raises
    ------
    FlowctlError
        The module is not installed; with how to have it.
    """
    if find_spec(module) is None:
        raise FlowctlError(
            f"The comparator '{module}' is not installed; `pip install 'flowctl[dev]'` brings it."
        )


def loop_of(model: ModelParams) -> Loop:
    """Return a model's day as the closed loop that is drawn and played."""
    edges_h = np.arange(25.0)
    ready_h = arrival_times(PROFILE, model.trucks, stream(0, "shape")) / 3600.0
    return Loop(
        counts=np.histogram(ready_h, edges_h)[0].astype(np.int64),
        edges_s=edges_h * 3600.0,
        travel_s=model.travel_s,
        travel_cv=model.travel_cv,
        service_s=model.service_s,
        service_cv=model.service_cv,
        places=model.places,
        tick_s=model.tick_s,
        ticks=model.ticks,
        setting=(model.per_s, 0.0, model.travel_s, float(model.places), float(MOST), 0.0),
    )


def play_ours(loop: Loop, drawn: Drawn) -> Waits:
    """Play the day on our engine: compiled, exact moments, decisions at ticks."""
    day = play_day(loop, drawn)
    return Waits(day.released_s - day.ready_s, day.began_s - day.gate_s)


def play_simpy(loop: Loop, drawn: Drawn) -> Waits:
    """Play the day on SimPy: a process a truck, a resource for the places.

    Raises
    ------
    FlowctlError
        SimPy is not installed.
    """
    need("simpy")
    import simpy  # noqa: PLC0415 - a comparator, not needed by what is installed

    day = _SimpyDay(loop, drawn, simpy.Environment())
    day.env.run()
    return Waits(day.yard_s, day.gate_s)


class _SimpyDay:
    def __init__(self, loop: Loop, drawn: Drawn, env: "simpy.Environment") -> None:
        import simpy  # noqa: PLC0415 - see `play_simpy`

        self.env, self._loop = env, loop
        self._places = simpy.Resource(env, capacity=loop.places)
        self._ready, self._way, self._work = (column.tolist() for column in drawn)
        self._yard: deque[int] = deque()
        self._inside = self._gone = 0
        self.yard_s, self.gate_s = np.zeros(len(self._ready)), np.zeros(len(self._ready))
        env.process(self._come())
        env.process(self._regulate())

    def _come(self) -> Generator["simpy.Event"]:
        for truck, at in enumerate(self._ready):
            yield self.env.timeout(at - self.env.now)
            self._yard.append(truck)

    def _go(self, truck: int) -> Generator["simpy.Event"]:
        yield self.env.timeout(self._way[truck])
        with self._places.request() as place:
            came = self.env.now
            yield place
            self.gate_s[truck] = self.env.now - came
            yield self.env.timeout(self._work[truck])
        self._inside -= 1
        self._gone += 1

    def _regulate(self) -> Generator["simpy.Event"]:
        loop, per_s = self._loop, self._loop.setting[0]
        target, before = n_target(per_s, loop.travel_s, loop.places), None
        while self._gone < len(self._ready):
            allowed = n_allowed(target, per_s, loop.places, 0.0, inf)
            if before is not None:
                allowed = n_slewed(allowed, before, per_s, loop.tick_s, loop.places)
            before = allowed
            for _ in range(release_quota(allowed, self._inside, len(self._yard), 0, MOST)):
                truck = self._yard.popleft()
                self.yard_s[truck] = self.env.now - self._ready[truck]
                self._inside += 1
                self.env.process(self._go(truck))
            yield self.env.timeout(loop.tick_s)
