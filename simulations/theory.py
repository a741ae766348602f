"""What queueing theory says of a gate: the formulas that simulated days are held against.

Rates are trucks a second, times seconds. All are for one queue before ``servers`` equal places,
first come first served, and for the long run unless a time is given.
"""

from collections.abc import Callable

import numpy as np
from scipy.integrate import solve_ivp
from scipy.stats import poisson

from simulations.streams import Column

_TAIL = 1e-13
"""Probability that is left out where infinitely many queue lengths are cut."""


def erlang_c(rate: float, service_s: float, servers: int) -> float:
    """Return the probability that a truck of M/M/c has to wait.

    Erlang, "Solution of some problems in the theory of probabilities of significance in automatic
    telephone exchanges", Elektroteknikeren 13, 1917; by the stable recursion of Erlang B.

    Raises
    ------
    ValueError
        The places are loaded to 1 or more: there is no long run.

    Examples
    --------
    >>> erlang_c(0.5, 1.0, 1)
    0.5
    """
    load = rate * service_s
    if not 0.0 <= load < servers:
        raise ValueError(f"{servers} places cannot carry a load of {load:g} for long.")
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked / (1.0 - load / servers * (1.0 - blocked))


def wait_mmc(rate: float, service_s: float, servers: int) -> float:
    """Return the mean wait of M/M/c: exponential times between arrivals and of service.

    Examples
    --------
    >>> wait_mmc(0.5, 1.0, 1)
    1.0
    """
    return erlang_c(rate, service_s, servers) / (servers / service_s - rate)


def wait_mdc(rate: float, service_s: float, servers: int) -> float:
    """Return the mean wait of M/D/c, where every service takes the same time.

    Crommelin, "Delay probability formulae when the holding times are constant", Post Office
    Electrical Engineers Journal 25, 1932: who is there one service time later is who is queueing
    now, and who came meanwhile. The stationary numbers follow from that chain, cut where less than
    1e-13 is left of them.

    Examples
    --------
    >>> round(wait_mdc(0.5, 1.0, 1), 9)  # half of M/M/1
    0.5
    """
    share = rate * service_s / servers
    if share >= 1.0:
        raise ValueError(f"{servers} places cannot carry a load of {rate * service_s:g} for long.")
    # Beyond the places the numbers fall geometrically, at least as fast as M/M/c's.
    most = servers + int(np.ceil(np.log(_TAIL) / np.log(share))) + 10
    come = poisson.pmf(np.arange(most + 1), rate * service_s)
    step = np.zeros((most + 1, most + 1))
    for present in range(most + 1):
        left = max(present - servers, 0)
        step[present, left:] = come[: most + 1 - left]
        step[present, most] += 1.0 - step[present].sum()
    balance = step.T - np.eye(most + 1)
    balance[-1] = 1.0
    shares = np.linalg.solve(balance, np.eye(most + 1)[-1])
    queued = float(np.maximum(np.arange(most + 1) - servers, 0) @ shares)
    return queued / rate


def wait_mgc_kimura(rate: float, service_s: float, servers: int, cv: float) -> float:
    """Return about what trucks of M/G/c wait, whose service time has a coefficient of variation.

    Kimura, "A two-moment approximation for the mean waiting time in the GI/G/s queue", Management
    Science 32, 1986: between M/M/c and M/D/c, exact for both, and for one place (Pollaczek and
    Khinchine). He states errors of at most about 2 % for cv up to 1.
    """
    square = cv * cv
    random, steady = (wait(rate, service_s, servers) for wait in (wait_mmc, wait_mdc))
    return (1.0 + square) / (2.0 * square / random + (1.0 - square) / steady)


def wait_ggc_allen_cunneen(
    rate: float, service_s: float, servers: int, cv: float, *, arrival_cv: float = 1.0
) -> float:
    """Return roughly what trucks of G/G/c wait: M/M/c times the mean of both squared variations.

    Allen, "Probability, Statistics and Queueing Theory", 2nd ed., 1990, 5.3.6, after Cunneen.
    Exact for M/M/c and M/G/1; too low by up to a tenth for many places and regular service.
    """
    return wait_mmc(rate, service_s, servers) * (arrival_cv**2 + cv * cv) / 2.0


def numbers_mtmc(
    rate_at: Callable[[float], float], service_s: float, servers: int, at_s: Column, *, most: int
) -> Column:
    """Return the mean numbers queueing in M(t)/M/c at given times, empty at time 0, shape [n].

    The forward equations of Kolmogorov, integrated: p'_k = λ(t) p_{k-1} + μ min(k+1, c) p_{k+1}
    - (λ(t) + μ min(k, c)) p_k (Green and Kolesar, "The pointwise stationary approximation for
    queues with nonstationary arrivals", Management Science 37, 1991).

    Parameters
    ----------
    rate_at
        Trucks a second at a time.
    at_s
        Rising times, from 0 on, shape [n].
    most
        Where the numbers are cut: so many must never be met with any probability.

    Raises
    ------
    ValueError
        More than 1e-9 of the probability reached ``most``.
    """
    leaving = np.minimum(np.arange(most + 1), servers) / service_s

    def change(at: float, shares: Column) -> Column:
        coming = np.full(most + 1, rate_at(at))
        coming[-1] = 0.0
        out = (coming + leaving) * shares
        flow = -out
        flow[1:] += coming[:-1] * shares[:-1]
        flow[:-1] += leaving[1:] * shares[1:]
        return flow

    empty = np.zeros(most + 1)
    empty[0] = 1.0
    solved = solve_ivp(
        change, (0.0, float(at_s[-1])), empty, "LSODA", at_s, rtol=1e-8, atol=1e-11,
        lband=1, uband=1,
    )  # fmt: skip
    if solved.y[-1].max() > 1e-9:  # noqa: PLR2004 - named in the docstring
        raise ValueError(f"More than {most} trucks are met; cut further out.")
    queued = np.maximum(np.arange(most + 1) - servers, 0)
    return np.asarray(queued @ solved.y)
