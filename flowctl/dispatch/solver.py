"""The optimal plan: minimum-cost flow over classes of equal trucks and slots.

Trucks that cannot be told apart by cost (same earliest slots, weight, preferred gate and moment
from which delay counts) are one node with their number as supply, so the network hardly grows with
the trucks. Those of a class that were told the same slot can leave it through a node of their own,
whose places are cheaper by the cost of a change (Ahuja, Magnanti, Orlin, *Network Flows*, 1993).

Only the slots a class may need are offered to it at first, by a guess that the flow starts from
too. The prices of the places then show whether one that was left out would have been better; if so
it is added and the flow solved again.
"""

from dataclasses import dataclass

import numpy as np

from flowctl.dispatch.flow import FlowError, cheapest
from flowctl.dispatch.handout import hand_out, overtaken
from flowctl.dispatch.network import Classes, Network, classes_of, network_of
from flowctl.dispatch.plan import Plan, planned
from flowctl.dispatch.prices import Prices, bound_of, grown_ends, prices_of
from flowctl.dispatch.problem import DispatchProblem, Ints
from flowctl.dispatch.urgency import by_urgency, ends_by

_WINDOW = 16
"""Slots offered to each class at first beyond the wait it meets (four hours of 15 min)."""
_LATE_WINDOW = 20
"""The same where lateness costs: classes told different hours change places over longer spans."""
_ARCS_MOST = 20_000_000
"""Arcs that are still solved, in about a minute: the solver cannot be interrupted, so a problem
that would hold up the tick is refused before it is begun. A million trucks a day have two million.
"""


class SolverError(RuntimeError):
    """The solver did not prove an optimum; says what it answered."""


@dataclass(frozen=True, slots=True)
class Optimum:
    """An optimal flow and its proof.

    ``flow`` [A] is on the arcs of ``network``, ``links`` [W] into its wide promises; ``bound`` is
    what no plan can undercut, over all slots and not those of the network alone.
    """

    classes: Classes
    network: Network
    flow: Ints
    links: Ints
    prices: Prices
    bound: int


def solve(problem: DispatchProblem, *, window: int | None = None) -> Plan:
    """Return an optimal plan, over the full horizon whatever the ``window`` begun with.

    Raises
    ------
    SolverError
        The solver answered anything but "optimal", or the problem is too large for a tick.
    """
    best = find_optimum(problem, window=window)
    if best is None:
        return _without_choice(problem)
    classes, network = best.classes, best.network
    gate, slot = hand_out(problem, classes, network, best.flow)
    cost, unserved = planned(problem, gate, slot)
    places = np.where(network.room > 0, best.prices.place, 0)[: problem.capacity.size]
    return Plan(
        gate=gate,
        slot=slot,
        cost=cost,
        bound=best.bound,
        status="optimal",
        inversions=overtaken(problem, classes, slot),
        unserved=unserved,
        prices=places.reshape(problem.capacity.shape),
        handout_cost=cost - best.bound,
    )


def find_optimum(problem: DispatchProblem, *, window: int | None = None) -> Optimum | None:
    """Return the optimal flow of a problem, None where there is no truck or no slot to choose.

    Raises
    ------
    SolverError
        As `solve`.
    """
    classes = classes_of(problem)
    if len(classes.trucks) == 0 or problem.slots == 0:
        return None
    if window is None:
        window = _LATE_WINDOW if problem.late else _WINDOW
    guess = by_urgency(problem, classes)
    ends = ends_by(problem, classes, guess, window)
    while True:
        network = network_of(problem, classes, ends)
        if len(network.node) > _ARCS_MOST:
            message = (
                f"The flow of {problem.trucks} trucks has {len(network.node)} arcs; at most "
                f"{_ARCS_MOST} are solved, for the solver cannot be interrupted. Shorten "
                "dispatch.horizon_days."
            )
            raise SolverError(message)
        try:
            flow = cheapest(classes, network, guess)
        except FlowError as error:
            raise SolverError(str(error)) from error
        prices = prices_of(classes, network, flow)
        grown = grown_ends(problem, classes, prices, ends)
        if (grown == ends).all():
            bound = bound_of(classes, network, prices)
            return Optimum(classes, network, flow.on, flow.links, prices, bound)
        ends = grown


def _without_choice(problem: DispatchProblem) -> Plan:
    cost, unserved = planned(problem, problem.frozen_gate, problem.frozen_slot)
    return Plan(
        gate=problem.frozen_gate.copy(),
        slot=problem.frozen_slot.copy(),
        cost=cost,
        bound=cost,
        status="optimal",
        inversions=0,
        unserved=unserved,
    )
