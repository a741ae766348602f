"""How long things take: one uniform number a truck, through the law of the day."""

from math import log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtri

from flowctl.scenarios.laws import CARGOES, DIRECTIONS, Law, ScreeningOf
from flowctl.scenarios.scenario import Scenario
from simulations.streams import Column, stream

_MINUTE_S = 60.0


def duration_s(law: Law, chance: Column) -> Column:
    """Return the durations that uniform numbers in [0, 1) mean under a law, in s, shape [n].

    The same number is a long duration under every law (inversion), so that two laws are compared
    on the same trucks.
    """
    if law.law == "lognormal" and law.mean_min is not None and law.cv is not None:
        variance = log(1 + law.cv * law.cv)
        drawn = np.exp(log(law.mean_min) - variance / 2 + sqrt(variance) * ndtri(chance))
    elif law.law == "erlang" and law.mean_min is not None and law.phases is not None:
        drawn = gammaincinv(law.phases, chance) * (law.mean_min / law.phases)
    elif law.law == "empirical" and law.values_min:
        drawn = np.sort(law.values_min)[(chance * len(law.values_min)).astype(np.int64)]
    elif law.least_min is not None and law.most_min is not None:
        drawn = law.least_min + (law.most_min - law.least_min) * chance
    else:
        raise ValueError(law)  # its own check has refused it
    return np.asarray(_MINUTE_S * drawn)


def service_s(
    scenario: Scenario,
    seed: int,
    *,
    gates: tuple[str, ...],
    gate: NDArray[np.int64],
    is_import: NDArray[np.bool_],
    cargo: NDArray[np.int64],
) -> Column:
    """Return how long each truck holds an inspection place, a closer look included; s, shape [n].

    ``gate`` counts in ``gates``, ``cargo`` in `CARGOES`.
    """
    n = len(gate)
    chance = stream(seed, "screening").random(n)
    taken_s = duration_s(scenario.screening, chance)
    for law in scenario.screenings:
        rows = _fits(law, gates, gate, is_import, cargo)
        taken_s[rows] = duration_s(law, chance[rows])
    for number, look in enumerate(scenario.inspections):
        rng = stream(seed, f"inspection {number}")
        rows = rng.random(n) < look.share
        if look.direction is not None:
            rows &= is_import == (look.direction == DIRECTIONS[1])
        taken_s[rows] += duration_s(look, rng.random(n))[rows]
    return taken_s


def _fits(
    law: ScreeningOf,
    gates: tuple[str, ...],
    gate: NDArray[np.int64],
    is_import: NDArray[np.bool_],
    cargo: NDArray[np.int64],
) -> NDArray[np.bool_]:
    rows = np.ones(len(gate), np.bool_)
    if law.gate is not None:
        rows &= gate == (gates.index(law.gate) if law.gate in gates else -1)
    if law.direction is not None:
        rows &= is_import == (law.direction == DIRECTIONS[1])
    if law.cargo is not None:
        rows &= cargo == CARGOES.index(law.cargo)
    return rows
