"""A scenario's days as fast as they can be played: everything a replication shares is made once."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from math import ceil, inf

import numpy as np
from numpy.typing import NDArray

from flowctl.scenarios.changes import as_played
from flowctl.scenarios.laws import CARGOES
from flowctl.scenarios.scenario import Scenario, check_names
from flowctl.scenarios.steering import Rule, Steering
from flowctl.site import Gate, Site
from simulations.demand import Demand, draw
from simulations.disruptions import disrupted
from simulations.fast import gate as kernel
from simulations.fast.floor import LAST_IMPORT, Floor, Indices, Times
from simulations.fast.known import known_of
from simulations.fast.roads import Roads
from simulations.fast.yard import Rules, State, Trucks, leave_alone
from simulations.records import Records
from simulations.staffing import Step, limits, losses, staffing
from simulations.streams import Column

LEARN_EVERY = 4  # metering ticks between two looks at the gate's capacity
_HOUR_S = 3600.0
_AHEAD = timedelta(days=60)  # as far as `OpenHours` reaches
_RULES = {Rule.NONE: 0, Rule.QUOTA: kernel.QUOTA, Rule.N_CONTROL: kernel.N_CONTROL}


class Days:
    """A scenario at a site under one rule of release, ready to be played again and again.

    Raises
    ------
    FlowctlError
        The scenario does not fit the site, or no road joins what it names.
    """

    def __init__(self, scenario: Scenario, site: Site, steering: Steering) -> None:
        check_names(scenario, site)
        self._scenario = scenario
        self._site = site = as_played(scenario, site)
        self._steering = steering
        self._true = disrupted(scenario, site)
        self._roads = Roads(site)
        self._starts, self._ends = scenario.start.timestamp(), scenario.closes.timestamp()
        self._rules: dict[tuple[str, tuple[str, ...]], Rules] = {}
        self._hours: dict[str, tuple[Column, Column, NDArray[np.float64]]] = {}
        self._steps: dict[str, tuple[Step, ...]] = {}
        self._windows: dict[str, tuple[tuple[float, float], ...]] = {}

    def play(self, seed: int, *, demand: Demand | None = None) -> Records:
        """Play the day of the trucks that ``seed`` draws, or that were drawn before."""
        day = draw(self._scenario, seed, papers=False) if demand is None else demand
        times = Times(*(np.full(len(day), np.nan) for _ in Times._fields))
        messages = np.zeros(len(day), np.int64)
        drive_s = self._roads.drive_s(day)
        steps = self._steps_of(seed)
        for number, gate in enumerate(day.gates):
            rows, of_gate, sent = self._play_gate(day, number, drive_s, steps[gate])
            for column, found in zip(times, of_gate, strict=True):
                column[rows] = found
            messages[rows] = sent
        return self._records(day, times, messages, steps)

    def _steps_of(self, seed: int) -> Mapping[str, tuple[Step, ...]]:
        """Return the staffing of every gate; the same for every seed where nothing breaks down."""
        if self._scenario.breakdowns:
            return staffing(self._scenario, self._true, seed)
        if not self._steps:
            self._steps.update(staffing(self._scenario, self._true, seed))
        return self._steps

    def _records(
        self,
        day: Demand,
        times: Times,
        messages: Indices,
        steps: Mapping[str, tuple[Step, ...]],
    ) -> Records:
        """Return what has become of the trucks by the day's end."""

        def until_end(at: Column) -> Column:
            return np.where(at <= self._ends, at, np.nan)

        places = tuple(self._site.gate_by_id[gate].inspection_places for gate in day.gates)
        return Records(
            starts=self._starts,
            ends=self._ends,
            gates=day.gates,
            places=places,
            losses=tuple(
                losses(steps[gate], usual, self._ends)
                for gate, usual in zip(day.gates, places, strict=True)
            ),
            windows=tuple(self._windows_of(gate) for gate in day.gates),
            gate=day.gate,
            is_import=day.is_import,
            yard_at=np.where(day.is_import, np.nan, until_end(self._starts + day.at_s)),
            ready_at=until_end(self._starts + day.ready_s),
            released_at=until_end(times.released_at),
            ignored_at=times.ignored_at,
            left_at=until_end(times.left_at),
            gate_at=until_end(times.gate_at),
            start_at=times.start_at,
            clear_at=until_end(times.clear_at),
            yards=day.yards,
            yard=day.yard,
            cargoes=CARGOES,
            cargo=day.cargo,
            turned_at=until_end(times.turned_at),
            slot_at=np.full(len(day), np.nan),
            messages=messages,
        )

    def _windows_of(self, gate: str) -> tuple[tuple[float, float], ...]:
        """Return when a gate is truly open in the time that is played."""
        if gate not in self._windows:
            opening = self._true.gate_by_id[gate].opening
            found = opening.between(self._scenario.start, self._scenario.closes)
            self._windows[gate] = tuple((o.timestamp(), c.timestamp()) for o, c in found)
        return self._windows[gate]

    def _play_gate(
        self, day: Demand, number: int, drive_s: Column, steps: Sequence[Step]
    ) -> tuple[Indices, Times, Indices]:
        """Play one gate; return its trucks, what became of them, and what they were sent."""
        rules = self._rules_of(day, day.gates[number])
        steered = day.tracked if rules.rule else np.zeros(len(day), np.bool_)
        here = day.gate == number
        waits = np.flatnonzero(here & steered & ~day.is_import)
        waits = waits[np.argsort(day.at_s[waits], kind="stable")]  # by seniority
        own = np.flatnonzero(here & ~steered & ~day.is_import)
        imports = np.flatnonzero(here & day.is_import)
        rows = np.concatenate([waits, own, imports])
        ready_at = self._starts + day.ready_s[rows]
        times = Times(*(np.full(len(rows), np.nan) for _ in Times._fields))
        first_import = len(waits) + len(own)
        times.gate_at[first_import:] = self._starts + day.at_s[imports]
        patient_until = ready_at + day.patience_s[rows]
        ends = np.flatnonzero(patient_until[: len(waits)] < inf)
        trucks = Trucks(
            waits=len(waits),
            ready_at=ready_at,
            yard=day.yard[rows],
            reaction_s=day.reaction_s[rows],
            drive_s=drive_s[rows],
            service_s=day.service_s[rows],
            no_show=day.no_show[rows],
            by_ready=np.argsort(ready_at[: len(waits)], kind="stable"),
            own=np.arange(len(waits), first_import),
            patient_until=patient_until,
            by_patience=ends[np.argsort(patient_until[ends], kind="stable")],
        )
        if len(own):
            leave_alone(rules.known, trucks, trucks.own, times)
            left_at = times.left_at[trucks.own]
            order = np.lexsort((ready_at[trucks.own], left_at, times.gate_at[trucks.own]))
            trucks = trucks._replace(own=trucks.own[order])
        order = first_import + np.argsort(times.gate_at[first_import:], kind="stable")
        floor = self._floor(day.gates[number], steps, patient_until[:first_import], order)
        state = _state(rules, trucks, len(day.yards), np.sort(times.left_at[trucks.own]))
        kernel.play(rules, trucks, state, floor, times)
        return rows, times, state.messages

    def _rules_of(self, day: Demand, gate: str) -> Rules:
        """Return the rules at a gate, made once."""
        if (gate, day.yards) not in self._rules:
            self._rules[gate, day.yards] = self._make_rules(day, self._site.gate_by_id[gate])
        return self._rules[gate, day.yards]

    def _make_rules(self, day: Demand, gate: Gate) -> Rules:
        yards, rules = self._site.yard_by_id, self._site.policy
        ways = [yards[yard].access_to(gate.id) for yard in day.yards]
        tick_s = float(self._site.dispatch.meter_interval_s)
        return Rules(
            rule=_RULES[self._steering.rule],
            share=self._steering.share,
            known=known_of(self._scenario, self._site, gate),
            travel_s=np.array([inf if way is None else way.travel_s for way in ways]),
            latest_s=np.array(
                [inf if way is None else way.travel_s * (1 + way.travel_cv) for way in ways]
            ),
            release_most=self._site.dispatch.release_most,
            judged_s=rules.standby.judged_s,
            rest_s=rules.standby.judged_s + rules.no_show.loses_s,
            learn_every=LEARN_EVERY,
            silent_from=self._starts + self._scenario.messages.outage_from_h * _HOUR_S,
            silent_until=self._starts + self._scenario.messages.outage_until_h * _HOUR_S,
            starts=self._starts,
            ends=self._ends,
            tick_s=tick_s,
            ticks=ceil((self._ends - self._starts) / tick_s),
        )

    def _floor(
        self, gate: str, steps: Sequence[Step], patient_until: Column, imports: Indices
    ) -> Floor:
        """Return a gate's places before anybody has come."""
        whole = self._site.gate_by_id[gate].inspection_places
        opens, closes, held = self._hours_of(gate)
        counts = np.zeros(6, np.int64)
        counts[LAST_IMPORT] = 1
        return Floor(
            free_at=np.full(whole, -inf),
            holds_import=np.zeros(whole, np.bool_),
            line=np.zeros(len(patient_until), np.int64),
            imports=imports,
            opens=opens,
            closes=closes,
            staff_at=np.array([at for at, _ in steps], np.float64),
            staff=np.array([places for _, places in steps], np.int64),
            staffed_at=np.full(1, -inf),
            held_from=held[0],
            held_until=held[1],
            gap_s=held[2],
            export_at=np.full(1, -inf),
            next_at=np.full(1, -inf),
            patient_until=patient_until,
            patient=bool((patient_until < inf).any()),
            counts=counts,
        )

    def _hours_of(self, gate: str) -> tuple[Column, Column, NDArray[np.float64]]:
        """Return when a gate opens and closes, and the limits of the other side, [3, limits]."""
        if gate not in self._hours:
            start = self._scenario.start
            windows = self._true.gate_by_id[gate].opening.between(start, start + _AHEAD)
            bounds = np.array([(o.timestamp(), c.timestamp()) for o, c in windows]).reshape(-1, 2)
            held = np.array(limits(self._scenario, gate), np.float64).reshape(-1, 3)
            self._hours[gate] = bounds[:, 0].copy(), bounds[:, 1].copy(), held.T.copy()
        return self._hours[gate]


def _state(rules: Rules, trucks: Trucks, yards: int, own_left_at: Column) -> State:
    """Return a day before its first tick."""
    count = len(trucks.ready_at)
    memory = np.zeros(3)
    memory[kernel.TARGET_AT] = -inf
    return State(
        waiting=np.zeros(2 * trucks.waits, np.int64),
        kept=np.zeros(trucks.waits, np.int64),
        of_yard=np.zeros(yards, np.int64),
        first=np.full(rules.ticks + 2, -1, np.int64),
        following=np.full(trucks.waits, -1, np.int64),
        ignoring=np.zeros(trucks.waits, np.int64),
        seen=np.zeros(count, np.int64),
        own_left_at=own_left_at,
        messages=np.zeros(count, np.int64),
        counts=np.zeros(13, np.int64),
        memory=memory,
        learned=np.zeros(4),
    )
