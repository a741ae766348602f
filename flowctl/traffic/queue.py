"""The queue before a gate: how far back trucks stand on the road, and how many of them.

The tail is the place of the last truck of an unbroken chain: slow trucks, beginning at the stop
line, each no further than ``queue_gap_m`` behind the one before it. A gap that long is free road;
a shorter one may hide trucks without a tracker (imports, and exports that have none), so that the
tail is seen wherever a tracked truck stands in it, however few of them there are. A truck that
drives freely towards the queue is not in it, one that closes ranks within it is.

The tail is measured to the tracker of the last truck, in metres of road, and in no zone: a queue
that has outgrown its zone is as long as it is.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowctl.site import TrafficParams
from geo.crs import Column


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue at a gate as tracked trucks show it.

    ``tail_m`` is 0 where trucks are seen on the way to the gate and none stands before it; None
    where no truck is seen at all, so that nothing is known. ``trucks`` are those between the stop
    line and the tail, ``moving_share`` is the share of them that is not slow now; None in an empty
    queue.
    """

    tail_m: float | None
    trucks: int | None
    moving_share: float | None


UNKNOWN = Queue(None, None, None)


def queue_of(ahead_m: Column, speed_mps: Column, params: TrafficParams) -> Queue:
    """Return the queue that trucks on the ways to a gate amount to.

    Parameters
    ----------
    ahead_m
        Shape [n]: metres of road from each truck to the stop line; NaN where it is not on a way to
        this gate. A truck up to ``slack_m`` beyond the line stands at it; further on it has passed.
    speed_mps
        Shape [n]: NaN where not known: such a truck is counted in a queue but makes none.
    """
    here = ahead_m >= -params.slack_m  # not NaN
    ahead, speed = np.maximum(ahead_m[here], 0.0), speed_mps[here]
    if not len(ahead):
        return UNKNOWN
    places = np.sort(ahead[speed < params.slow_mps])
    breaks = np.flatnonzero(np.diff(places, prepend=0.0) > params.queue_gap_m)
    chain = places[: breaks[0]] if len(breaks) else places
    if not len(chain):
        return Queue(0.0, 0, None)
    tail = float(chain[-1])
    inside = ahead <= tail
    moving = speed[inside] >= params.slow_mps
    return Queue(tail, int(inside.sum()), float(moving.mean()))


def is_known(age_s: Column, speed_mps: Column, params: TrafficParams) -> NDArray[np.bool_]:
    """Tell which trucks (shape [n]) are still where they were last seen, ``age_s`` ago.

    A truck that stood may be silent for ``silent_parked_s``: it is there until it reports
    otherwise. One that moved, or of unknown speed, is somewhere else after ``silent_moving_s``.
    What is dated in the future (``age_s`` below 0) is not known yet.
    """
    stood = speed_mps < params.slow_mps
    most = np.where(stood, params.silent_parked_s, params.silent_moving_s)
    known: NDArray[np.bool_] = (age_s >= 0) & (age_s <= most)
    return known
