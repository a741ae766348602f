"""N-control in plain numbers: how many trucks may be on the way to a gate and before its places.

All but `learned_target` take and return plain numbers, so that simulations can compile them.
"""

from math import floor, sqrt

from flowctl.traffic.capacity import CapacityEstimate
from flowctl.traffic.collapse import GateMode

BUFFER = 2.2
"""Buffer over the root of the pipeline: the smallest that loses at most 0.5 % of the gate's time
for travel times of 5-60 min with a coefficient of variation of 0.1-0.5 (found by simulation on
common random numbers). The root is the spread of a Poisson number in transit: square-root staffing,
Halfin and Whitt, Operations Research 29 (1981)."""


SLEW = 2.0
"""How fast the target may rise while the gate is open, in trucks for each truck screened: what is
released then is at most three times what is screened. A pulse of trucks becomes a
queue a way later, while a gate that recovers has at first the trucks that stand before it."""

_LEAST_VIEW_S = 600.0
"""The shortest time over which a queue of imports is taken as a rate: one screening."""


def n_target(mu_per_s: float, travel_s: float, places: int) -> float:
    """Return N*, the trucks in transit, queued and in service that keep a gate just busy.

    ``mu_per_s`` is the rate at which released trucks are screened, ``travel_s`` the time from the
    message to the gate. For several yards pass the mean of their times weighted by their rates:
    the pipeline is then the sum of all rate times travel.
    """
    pipeline = mu_per_s * travel_s
    return places + pipeline + BUFFER * sqrt(pipeline)


def n_ready(
    n_target: float, mu_per_s: float, usual_per_s: float, travel_s: float, places: int
) -> float:
    """Return the target of a gate that takes less than usual, and may recover at any moment.

    A target of what it takes now would starve the gate from its recovery until that is seen, and
    for another time of the way. So the way is kept as full as the usual rate asks, as long as those
    who come too early wait no longer than the way takes.
    """
    return max(n_target, places + min(usual_per_s, 2.0 * mu_per_s) * travel_s)


def n_allowed(
    n_target: float, mu_per_s: float, places: int, until_open_s: float, until_close_s: float
) -> float:
    """Return the target cut to what the gate can begin to screen while it is open.

    Before opening nothing is screened: only as many leave as will find a place, or would be
    screened between opening and their arrival, and the buffer waits until places begin to come
    free. Towards closing the target falls to the places and what is still screened, so that nobody
    spends the night in the gate's queue. ``until_open_s`` is 0 at an open gate.
    """
    allowed = min(n_target, places + mu_per_s * until_close_s)
    if until_open_s > 0.0:
        # The root of the pipeline, from n_target = places + root^2 + BUFFER root.
        root = (sqrt(BUFFER * BUFFER + 4.0 * max(n_target - places, 0.0)) - BUFFER) / 2.0
        allowed = min(allowed, n_target - BUFFER * root - mu_per_s * until_open_s)
    return allowed


def n_slewed(
    n_target: float, n_before: float, mu_per_s: float, since_s: float, places: int
) -> float:
    """Return the target, risen no faster than `SLEW` allows since it was ``n_before``.

    Bumpless: where the learned capacity jumps, the trucks on the way grow over the time of the way
    and not in one tick. Free places are filled at once. ``since_s`` is the time since ``n_before``.
    """
    return min(n_target, max(n_before, float(places)) + SLEW * mu_per_s * since_s)


def release_quota(n_target: float, n_now: int, waiting: int, least: int, most: int) -> int:
    """Return how many of the ``waiting`` trucks to release now, between ``least`` and ``most``."""
    room = floor(n_target) - n_now
    return min(waiting, max(least, min(most, room)))


def export_rate(
    mu_per_h: float, import_per_h: float, imports_queued: int = 0, over_s: float = 3600.0
) -> float:
    """Return what is left for exports of a gate that takes the two directions in turn, per hour.

    Imports that come at less than half its rate are all taken; more of them cannot push exports
    below half, for places go to the two queues alternately while both wait. ``imports_queued`` are
    those beyond the places they can hold now, to be taken within ``over_s``: the way of the trucks
    that are released now, but never less than ten minutes.
    """
    imports_per_h = import_per_h + imports_queued * 3600.0 / max(over_s, _LEAST_VIEW_S)
    return max(mu_per_h - imports_per_h, mu_per_h / 2.0)


def gate_load(in_transit: int, exports: int, imports: int, places: int) -> int:
    """Return the trucks that count against N*.

    All exports on the way or inside count; imports count for the places they can hold. Those that
    queue beyond half the places delay no export, because places are taken in turn.
    """
    return in_transit + exports + min(imports, places - places // 2)


def imports_beyond(imports: int, places: int) -> int:
    """Return the imports at a gate beyond the places they can hold in turn with exports."""
    return max(imports - (places - places // 2), 0)


def learned_target(
    learned: CapacityEstimate,
    imports_queued: int,
    travel_s: float,
    places: int,
    share: float = 1.0,
) -> tuple[float, float]:
    """Return the rate at which released trucks are screened (per s), and N*, of an open gate.

    ``imports_queued`` are those beyond the places they can hold, ``travel_s`` as in `n_target`.
    ``places`` take ``share`` of all that is learned of the gate, in both directions.
    """
    usual_per_h = learned.usual_per_h if learned.state is GateMode.REDUCED else None
    return aimed(
        learned.working_per_h,
        0.0 if usual_per_h is None else usual_per_h,
        learned.import_per_h,
        imports_queued,
        travel_s,
        places,
        share,
    )


def aimed(
    working_per_h: float,
    usual_per_h: float,
    import_per_h: float,
    imports_queued: int,
    travel_s: float,
    places: int,
    share: float = 1.0,
) -> tuple[float, float]:
    """Return what `learned_target` does; ``usual_per_h`` is 0 where the gate takes as it does."""
    imports_per_h = import_per_h * share
    mu_per_s = export_rate(working_per_h * share, imports_per_h, imports_queued, travel_s) / 3600.0
    target = n_target(mu_per_s, travel_s, places)
    if usual_per_h > 0.0:
        usual_per_h *= share
        usual_per_s = export_rate(usual_per_h, imports_per_h, imports_queued, travel_s) / 3600.0
        target = n_ready(target, mu_per_s, usual_per_s, travel_s, places)
    return mu_per_s, target
