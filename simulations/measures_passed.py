"""Who was passed by whom, and how unevenly trucks waited."""

import numpy as np
from numpy.typing import NDArray

from simulations.compiled import compiled
from simulations.records import Records
from simulations.streams import Column

Counts = NDArray[np.int64]


def passed_by(records: Records) -> Counts:
    """Return by how many of its gate each export was passed while it stood ready, shape [n].

    A truck is passed when a junior, one that entered its yard later, is told to leave for the same
    gate while the senior is ready and not told: Larson's skips (Operations Research 35, 1987). As
    in production two that leave at one moment pass nobody. Nor do two that entered at one moment,
    as all do that stood there when the day began: nobody knows which of them was first.
    """
    passed = np.zeros(len(records.gate), np.int64)
    for gate in range(len(records.gates)):
        rows = np.flatnonzero(
            (records.gate == gate) & ~records.is_import & ~np.isnan(records.yard_at)
        )
        rank = np.unique(records.yard_at[rows], return_inverse=True)[1].astype(np.int64)
        told, ready = records.released_at[rows], records.ready_at[rows]
        stands = np.flatnonzero(~np.isnan(ready))
        leaves = np.fmin(told, records.turned_at[rows])[stands]
        looks = np.concatenate((ready[stands], np.where(np.isnan(leaves), np.inf, leaves)))
        order = np.argsort(looks, kind="stable")
        going = np.argsort(told, kind="stable")[: np.count_nonzero(~np.isnan(told))]
        before = np.empty(len(looks), np.int64)
        before[order] = _juniors_gone(
            told[going], rank[going], looks[order], np.tile(rank[stands], 2)[order], len(rows)
        )
        passed[rows[stands]] = before[len(stands) :] - before[: len(stands)]
    return passed


@compiled
def _juniors_gone(told: Column, rank: Counts, looks: Column, of_rank: Counts, count: int) -> Counts:
    """Return per look how many of a higher rank were told before it (a tree of Fenwick, 1994)."""
    tree = np.zeros(count + 1, np.int64)
    found = np.zeros(len(looks), np.int64)
    gone = 0
    for look in range(len(looks)):
        while gone < len(told) and told[gone] < looks[look]:
            node = rank[gone] + 1
            while node <= count:
                tree[node] += 1
                node += node & -node
            gone += 1
        senior = 0
        node = of_rank[look] + 1
        while node > 0:
            senior += tree[node]
            node -= node & -node
        found[look] = gone - senior
    return found


def gini(values: Column) -> float | None:
    """Return how unequal sorted values are, 0 (all alike) to 1; None where their sum is zero.

    Half the mean difference of two of them over their mean (Gini, Variabilità e mutabilità, 1912).
    """
    total = float(values.sum())
    if total <= 0:
        return None
    count = len(values)
    return float(np.dot(2.0 * np.arange(1, count + 1) - count - 1, values)) / (count * total)
