"""Where every truck of a day is, and what can be asked of that; `World` is what moves them."""

import numpy as np
from numpy.typing import NDArray

from flowctl.scenarios.changes import as_played
from flowctl.scenarios.laws import CARGOES
from flowctl.scenarios.scenario import Scenario, check_names
from flowctl.site import Site
from flowctl.state import GateHistory
from simulations.demand import Demand, draw
from simulations.disruptions import disrupted
from simulations.gates import instant
from simulations.records import Records
from simulations.staffing import losses, staffing
from simulations.stages import Stages


class Whereabouts:
    """Every truck of a day and the gates it goes to, as they are at the moment ``now`` (epoch s).

    Raises
    ------
    FlowctlError
        The scenario names a gate or yard the site does not have, or contradicts it.
    """

    def __init__(
        self, scenario: Scenario, site: Site, *, seed: int, demand: Demand | None = None
    ) -> None:
        check_names(scenario, site)
        self.scenario = scenario
        self.site = as_played(scenario, site)
        self.starts = scenario.start.timestamp()
        self.now = self.starts
        self.demand = draw(scenario, seed) if demand is None else demand
        self._seed = seed
        self._gates = [self.site.gate_by_id[gate] for gate in self.demand.gates]
        self._true = disrupted(scenario, self.site)
        self._steps = staffing(scenario, self._true, seed)
        count = len(self.demand)
        self._gate = self.demand.gate.copy()
        self._ready_at = self.starts + self.demand.ready_s
        self._yard_at, self._released_at = np.full(count, np.nan), np.full(count, np.nan)
        self._gate_at, self._start_at = np.full(count, np.nan), np.full(count, np.nan)
        self._clear_at, self._ignored_at = np.full(count, np.nan), np.full(count, np.nan)
        self._left_at, self._turned_at = np.full(count, np.nan), np.full(count, np.nan)
        self._slot_at = np.full(count, np.nan)
        self._messages = np.zeros(count, np.int64)

    @property
    def true_site(self) -> Site:
        """The site as its gates are truly open and staffed."""
        return self._true

    def list_waiting(self, gate: int) -> NDArray[np.int64]:
        """Return the trucks ready in their yards and not called, by seniority (yard entry).

        As in production, one that did not show up is left alone for as long as that costs it.
        """
        waits = (self._gate == gate) & self.demand.tracked & self._standing()
        rest_s = self.site.policy.standby.judged_s + self.site.policy.no_show.loses_s
        waits &= ~(self._ignored_at + rest_s > self.now)
        trucks = np.flatnonzero(waits & (self._ready_at <= self.now))
        return trucks[np.argsort(self._yard_at[trucks], kind="stable")]

    def count_in_transit(self, gate: int) -> int:
        """Return how many exports have been released to a gate and are not in its queue yet."""
        called = (self._gate == gate) & ~np.isnan(self._released_at) & np.isnan(self._gate_at)
        return int(np.count_nonzero(called))

    def count_ignoring(self, gate: int) -> int:
        """Return how many trucks were called to a gate and stand still; nobody knows it yet."""
        judged_s = self.site.policy.standby.judged_s
        stands = self._standing() & (self._ignored_at + judged_s > self.now)
        return int(np.count_nonzero(stands & (self._gate == gate)))

    def count_at_gate(self, gate: int) -> tuple[int, int]:
        """Return the exports and the imports that wait or are screened at a gate."""
        here = (self._gate == gate) & ~np.isnan(self._gate_at) & np.isnan(self._clear_at)
        here &= np.isnan(self._turned_at)
        imports = int(np.count_nonzero(here & self.demand.is_import))
        return int(np.count_nonzero(here)) - imports, imports

    def history(self, gate: int) -> GateHistory:
        """Return what officers and trackers have seen at a gate so far.

        Who turned back in the queue was never screened and stands there no more: it is left out.
        """
        rows = (self._gate == gate) & ~np.isnan(self._gate_at) & np.isnan(self._turned_at)
        return GateHistory(
            gate=self.demand.gates[gate],
            entered_at=self._gate_at[rows],
            cleared_at=self._clear_at[rows],
            is_import=self.demand.is_import[rows],
        )

    def stages(self) -> Stages:
        """Return how far every truck is, in columns that go on as the world does."""
        return Stages(
            self._gate,
            self._ready_at,
            self._yard_at,
            self._released_at,
            self._ignored_at,
            self._left_at,
            self._gate_at,
            self._start_at,
            self._clear_at,
            self._turned_at,
        )

    def records(self) -> Records:
        """Return what has become of every truck so far."""
        ends = max(self.now, self.starts)
        true = [self._true.gate_by_id[gate] for gate in self.demand.gates]
        windows = [gate.opening.between(instant(self.starts), instant(ends)) for gate in true]
        return Records(
            starts=self.starts,
            ends=ends,
            gates=self.demand.gates,
            places=tuple(gate.inspection_places for gate in self._gates),
            losses=tuple(
                losses(
                    self._steps[gate.id], gate.inspection_places, self.scenario.closes.timestamp()
                )
                for gate in self._gates
            ),
            windows=tuple(
                tuple((opens.timestamp(), closes.timestamp()) for opens, closes in of_gate)
                for of_gate in windows
            ),
            gate=self._gate.copy(),
            is_import=self.demand.is_import,
            yard_at=self._yard_at.copy(),
            ready_at=np.where(self._ready_at <= ends, self._ready_at, np.nan),
            released_at=self._released_at.copy(),
            ignored_at=self._ignored_at.copy(),
            left_at=self._left_at.copy(),
            gate_at=self._gate_at.copy(),
            start_at=self._start_at.copy(),
            clear_at=np.where(self._clear_at <= ends, self._clear_at, np.nan),
            yards=self.demand.yards,
            yard=self.demand.yard,
            cargoes=CARGOES,
            cargo=self.demand.cargo,
            turned_at=self._turned_at.copy(),
            slot_at=self._slot_at.copy(),
            messages=self._messages.copy(),
        )

    def _patient_until(self, truck: int) -> float:
        return float(self._ready_at[truck] + self.demand.patience_s[truck])

    def _is_standing(self, truck: int) -> bool:
        return bool(np.isnan(self._released_at[truck]) and np.isnan(self._turned_at[truck]))

    def _standing(self) -> NDArray[np.bool_]:
        """Tell of each truck whether it has not been told to leave, and has not gone home."""
        stands: NDArray[np.bool_] = np.isnan(self._released_at) & np.isnan(self._turned_at)
        return stands
