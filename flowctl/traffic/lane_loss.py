"""What a gate takes from the moment lanes were lost: its share of before, then learned anew."""

from dataclasses import replace
from datetime import datetime

import numpy as np

from flowctl.site import Gate
from flowctl.state import GateHistory
from flowctl.traffic.capacity import CapacityEstimate, estimate


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
    if loss is None:
        return estimate(gate, history, now)
    whole = replace(
        gate,
        inspection_places=round(gate.inspection_places / loss.share),
        capacity_prior_per_h=gate.capacity_prior_per_h / loss.share,
        losses=(),
    )
    before = estimate(whole, history, loss.starts_at)
    left = replace(gate, capacity_prior_per_h=before.steady_per_h * loss.share)
    return estimate(left, _since(history, loss.starts_at), now)


def _since(history: GateHistory, moment: datetime) -> GateHistory:
    """Return the trucks that were there at a moment, as if they came then, and those after it."""
    at = moment.timestamp()
    there = ~(history.cleared_at < at)
    return replace(
        history,
        entered_at=np.maximum(history.entered_at[there], at),
        cleared_at=history.cleared_at[there],
        is_import=history.is_import[there],
    )
