"""How many of a gate's inspection places were staffed, when."""

import numpy as np

from simulations.records import Records
from simulations.streams import Column


def places_at(records: Records, gate: int, at: Column) -> Column:
    """Return how many places of a gate were staffed at each moment, were it open."""
    places = np.full(len(at), float(records.places[gate]))
    for since, until, left in records.losses[gate]:
        places = np.where((at >= since) & (at < until), np.minimum(places, left), places)
    return places


def open_place_s(records: Records, gate: int, begins: float) -> float:
    """Return the seconds of a gate's opening hours after a moment, times the places staffed."""
    open_s = 0.0
    cuts = [at for loss in records.losses[gate] for at in loss[:2]]
    for opens, closes in records.windows[gate]:
        since = max(opens, begins)
        if not cuts:
            open_s += max(closes - since, 0.0) * records.places[gate]
            continue
        edges = np.unique(np.clip([since, closes, *cuts], since, max(closes, since)))
        open_s += float(np.dot(np.diff(edges), places_at(records, gate, edges[:-1])))
    return open_s
