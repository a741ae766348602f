"""What a gate takes from the moment lanes were lost: its share of before, then learned anew."""

from datetime import datetime

import numpy as np

from flowctl.site import Gate
from flowctl.state import GateHistory
from flowctl.traffic.capacity import CapacityEstimate, estimated
from flowctl.traffic.learning import Learned, learn
from flowctl.traffic.screenings import Believed, Bools, Floats, Hours, believed, hours_of


def estimate_open(gate: Gate, history: GateHistory, now: datetime) -> CapacityEstimate:
    """Estimate what ``gate`` takes, with the lanes that are lost now taken off.

    Up to the loss it is learned from all places; their share that is left is believed after it and
    gives way to what is seen then, as a prior does.

    Parameters
    ----------
    gate
        Its places and prior as the loss leaves them (`flowctl.closures.with_closures`).
    history
        Trucks seen, epoch seconds.
    now
        The present moment, aware.
    """
    loss = gate.find_loss(now)
    since = now if loss is None else loss.starts_at
    learned = learn_open(
        believed(gate),
        history.entered_at,
        history.cleared_at,
        history.is_import,
        hours_of(gate.opening, since, now),
        now.timestamp(),
        history.lag_s,
        1.0 if loss is None else loss.share,
        since.timestamp(),
    )
    return estimated(learned)


def learn_open(
    gate: Believed,
    entered_at: Floats,
    cleared_at: Floats,
    is_import: Bools,
    hours: Hours,
    at: float,
    lag_s: float,
    share: float,
    lost_at: float,
) -> Learned:
    """Return what is learned of a gate of which ``share`` works since ``lost_at`` (epoch s).

    Plain numbers, so that simulations can compile it; 1 is a gate that has lost nothing, the rest
    is `flowctl.traffic.learning.learn`'s.
    """
    if share >= 1.0:
        return learn(gate, entered_at, cleared_at, is_import, hours, at, lag_s)
    whole = Believed(
        round(gate.places / share), gate.per_h / share, gate.weight_h, gate.import_per_h
    )
    before = learn(whole, entered_at, cleared_at, is_import, hours, lost_at, lag_s)
    left = Believed(gate.places, before.steady_per_h * share, gate.weight_h, gate.import_per_h)
    # Who was there at the loss is taken as if he came then.
    there = ~(cleared_at < lost_at)
    since = np.maximum(entered_at[there], lost_at)
    return learn(left, since, cleared_at[there], is_import[there], hours, at, lag_s)
