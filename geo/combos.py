"""Numbers for sets of zones: what a cell of a grid says about all points in it."""

import numpy as np
from numpy.typing import NDArray

OUT, OUTER, INNER, ASK_INNER, ASK_OUTER, ASK_BOTH = range(6)
"""How a cell lies to a zone: outside its outer boundary, between the two, within the inner one;
or which of the two boundaries must be asked about each point."""
STATES = 6


class Combos:
    """Sets of (zone, state), each with a number; 0 is the empty one."""

    __slots__ = ("_grown", "_member", "_parent")

    def __init__(self) -> None:
        self._parent = [0]
        self._member = [0]
        self._grown: dict[tuple[int, int], int] = {}

    def grow(
        self,
        table: NDArray[np.int32],
        cell: NDArray[np.int64],
        zone: NDArray[np.int64],
        state: NDArray[np.uint8],
    ) -> None:
        """Add to the sets of some cells one zone each, in place.

        Parameters
        ----------
        table
            The number of every cell's set, shape [t].
        cell
            Which cells, none twice, shape [n].
        zone, state
            What is added to each, shape [n].
        """
        if not len(cell):
            return
        member = zone * STATES + state
        widest = int(member.max()) + 1
        keys = table[cell] * np.int64(widest) + member
        # Neighbours mostly agree: only the first of a run is looked up.
        first = np.r_[True, keys[1:] != keys[:-1]]
        distinct, which = np.unique(keys[first], return_inverse=True)
        numbers = [self._with(*divmod(key, widest)) for key in distinct.tolist()]
        table[cell] = np.array(numbers, dtype=np.int32)[which][np.cumsum(first) - 1]

    def _with(self, combo: int, member: int) -> int:
        number = self._grown.setdefault((combo, member), len(self._parent))
        if number == len(self._parent):
            self._parent.append(combo)
            self._member.append(member)
        return number

    def members(self) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint8]]:
        """List the members of every set, one set after the other, zones ascending.

        Returns
        -------
        begins, zone, state
            Where each set begins, shape [sets + 1], and its members, shape [m] each.
        """
        begins, members = [0], []
        for number in range(len(self._parent)):
            combo, chain = number, []
            while combo:
                chain.append(self._member[combo])
                combo = self._parent[combo]
            members += sorted(chain)
            begins.append(len(members))
        zone, state = np.divmod(np.array(members, dtype=np.int64), STATES)
        return np.array(begins), zone.astype(np.int32), state.astype(np.uint8)
