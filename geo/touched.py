"""Cells a boundary touches, and the blocks of smaller cells they are cut into."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from geo.raster import Bools, Edges, Numbers

SPLIT = 4  # bits: a touched cell is cut into 16 by 16
SIDE = 1 << SPLIT
CELLS = SIDE * SIDE


@dataclass(frozen=True, slots=True)
class Touched:
    """Cells that a boundary touches: a row a cell and zone, sorted by both; shape [p] each.

    ``cell`` is an index into the last table, ``column`` and ``row`` count cells of that size from
    the lattice's corner, ``state`` says which boundaries touch it.
    """

    cell: Numbers
    zone: Numbers
    column: Numbers
    row: Numbers
    state: NDArray[np.uint8]

    @classmethod
    def joined(cls, parts: "Sequence[Touched]") -> "Touched":
        """Put rows one after the other, sorted by cell and zone."""
        none = np.empty(0, dtype=np.int64)
        start = cls(none, none, none, none, none.astype(np.uint8))
        columns = [
            np.concatenate([getattr(part, column.name) for part in (start, *parts)])
            for column in fields(cls)
        ]
        return cls(*columns).taken(np.lexsort((columns[1], columns[0])))

    def taken(self, rows: slice | Numbers) -> "Touched":
        """Return the rows named."""
        return Touched(*(getattr(self, column.name)[rows] for column in fields(self)))

    def firsts(self) -> Numbers:
        """Return the first row of each cell."""
        return np.flatnonzero(np.diff(self.cell, prepend=-1))

    def block(self) -> Numbers:
        """Return the number of each row's cell among the cells, from 0."""
        return np.cumsum(np.diff(self.cell, prepend=-1) != 0) - 1

    def ranks(self) -> Iterator[Numbers]:
        """Yield the first row of every cell, then the second of each that has one, and so on."""
        begins = self.firsts()
        lengths = np.diff(np.append(begins, len(self.cell)))
        for rank in range(int(lengths.max(initial=0))):
            yield begins[lengths > rank] + rank


def marks(touched: Touched, edges: Edges, side: int) -> Numbers:
    """Return which cells of the touched ones' blocks the edges touch: row * 256 + cell, sorted."""
    zone, column, row = edges.touched(side)
    above, beside = row >> SPLIT, column >> SPLIT
    wide = 1 + max(int(touched.column.max()), int(beside.max(initial=0)))
    zones = 1 + max(int(touched.zone.max()), int(zone.max(initial=0)))
    known = (touched.row * wide + touched.column) * zones + touched.zone
    order = np.argsort(known)
    key = (above * wide + beside) * zones + zone
    at = np.searchsorted(known, key, sorter=order).clip(max=len(known) - 1)
    pair = order[at]
    # A cell touched by its hair alone need not lie in a touched one: it is as good as untouched.
    inner = known[pair] == key
    local = (row & (SIDE - 1)) * SIDE + (column & (SIDE - 1))
    return np.sort(pair[inner] * CELLS + local[inner])


def masks(marked: Numbers, start: int, end: int) -> Bools:
    """Return the marks of rows ``start`` to before ``end``, [row, row of cells, column]."""
    mask = np.zeros((end - start) * CELLS, dtype=np.bool_)
    first, last = np.searchsorted(marked, [start * CELLS, end * CELLS])
    mask[marked[first:last] - start * CELLS] = True
    return mask.reshape(-1, SIDE, SIDE)
