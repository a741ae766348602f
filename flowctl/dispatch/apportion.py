"""Whole trucks of a gate's slots, shared out to its lanes."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def apportioned(whole: Ints, usable: Ints, places: int) -> Ints:
    """Return how many of the trucks that lanes take together in each slot each class takes, [L, S].

    Each slot every class earns its part, and the trucks go one by one to whoever earned most: so
    a class is never a truck ahead of what its lanes can do, and the classes together take no more
    than ``whole``, and all of it where no place is lost (Hamilton's method, kept up over time).

    Parameters
    ----------
    whole
        Trucks in each slot, [S], were all places used.
    usable
        Places each class can use in each slot, [L, S].
    places
        How many there are together; those that no class can use are lost.
    """
    given = np.zeros_like(usable)
    credit = [0] * len(usable)
    columns = zip(whole.tolist(), usable.T.tolist(), strict=True)
    for slot, (trucks, in_use) in enumerate(columns):
        working = [at for at, own in enumerate(in_use) if own > 0]
        for at in working:
            credit[at] += trucks * in_use[at]
        earned = sum(credit[at] for at in working) // places
        for _ in range(min(trucks, earned)):
            most = max(working, key=credit.__getitem__)
            credit[most] -= places
            given[most, slot] += 1
    return given
