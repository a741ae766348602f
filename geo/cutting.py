"""Cut the land around zones into cells, finer and finer where a boundary passes.

The largest cells form a table; a cell that a boundary touches is cut into 16 by 16, level by
level, until the smallest cells are some metres wide or the memory allowed is used up.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.combos import INNER, OUT, Combos
from geo.raster import Boundaries, Column, Lattice, Numbers, Shapes
from geo.touched import CELLS, SIDE, Touched, marks, masks

BLOCKS_AT_ONCE = 1 << 12
METRES_PER_DEGREE = 111_200.0
BYTES_PER_CELL_PASSED = 64
"""A boundary n smallest cells long passes 1.3 n / 16 cells of the size before, of which some are
passed twice (measured: 0.8 n / 16 in all): 16 n entries of four bytes are cut from those."""

States: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class GridParams:
    """How finely land is cut: found by measuring, it changes no answer.

    ``leaf_m`` is the side of the smallest cell in metres, or more where the boundaries are so long
    that all tables would take more than ``most_mb`` megabytes while they are made (about half of
    that is kept); ``most_top`` is how many of the largest cells there may be.
    """

    leaf_m: float = 2.0
    most_top: int = 1 << 16
    most_mb: float = 64.0


@dataclass(frozen=True, slots=True)
class Cut:
    """The cells and what each says, from the largest to the smallest.

    Attributes
    ----------
    lattice
        Its unit is the smallest cell.
    levels
        How often the largest cell is halved by 16 to be of that size.
    width
        Columns of the largest cells.
    tables
        The set of zones of each cell; ``~b`` where the cell is cut into block ``b`` of the next
        table, which begins there at ``b * 256``, row by row.
    begins, zone, state
        The sets, as `Combos.members` lists them.
    """

    lattice: Lattice
    levels: int
    width: int
    tables: tuple[NDArray[np.int32 | np.uint16], ...]
    begins: Numbers
    zone: NDArray[np.int32]
    state: States


def cut(outer: Shapes, inner: Shapes, bounds: Column, params: GridParams) -> Cut:
    """Cut the land around zones.

    Parameters
    ----------
    outer, inner
        Their boundaries in degrees, shape [z] each.
    bounds
        West, south, east, north of all of them in degrees; NaN where there are none.
    params
        How finely.
    """
    bounds = np.nan_to_num(bounds)
    metres = float(shapely.length(np.r_[outer, inner]).sum()) * METRES_PER_DEGREE
    leaf_m = max(params.leaf_m, metres * BYTES_PER_CELL_PASSED / (params.most_mb * 1e6 + 1))
    lattice, levels, width, height = _laid(bounds, leaf_m, params.most_top)
    boundaries = Boundaries(outer, inner, lattice)
    combos = Combos()
    tables: list[NDArray[np.int32]] = [np.zeros(width * height, dtype=np.int32)]
    touched = _top(boundaries, combos, tables[0], width, SIDE**levels)
    for level in reversed(range(levels)):
        cells = touched.cell[touched.firsts()]
        used = sum(table.nbytes for table in tables)
        if used + len(cells) * CELLS * tables[0].itemsize > params.most_mb * 1e6:
            break
        table = np.repeat(tables[-1][cells], CELLS)
        tables[-1][cells] = ~np.arange(len(cells), dtype=np.int32)
        tables.append(table)
        touched = _finer(touched, boundaries, combos, table, SIDE**level)
    for row in touched.ranks():
        combos.grow(tables[-1], touched.cell[row], touched.zone[row], touched.state[row])
    members = combos.members()
    # The smallest cells are never cut: they need no sign, and mostly not so many numbers.
    small = np.uint16 if len(members[0]) <= 1 << 16 else np.int32
    return Cut(lattice, levels, width, (*tables[:-1], tables[-1].astype(small)), *members)


def _laid(bounds: Column, leaf_m: float, most_top: int) -> tuple[Lattice, int, int, int]:
    """Lay the lattice; return also how often a largest cell can be cut, columns and rows."""
    west, south, east, north = bounds.tolist()
    per_lat = METRES_PER_DEGREE / leaf_m
    per_lon = per_lat * max(0.01, float(np.cos(np.radians((south + north) / 2))))
    levels = 0
    while True:
        side = SIDE**levels
        width = int((east - west) * per_lon / side) + 2
        height = int((north - south) * per_lat / side) + 2
        if width * height <= most_top:
            break
        levels += 1
    margin = side / 2  # what touches a boundary lies within the lattice
    lattice = Lattice(west - margin / per_lon, south - margin / per_lat, per_lon, per_lat)
    return lattice, levels, width, height


def _top(
    boundaries: Boundaries, combos: Combos, table: NDArray[np.int32], width: int, side: int
) -> Touched:
    """Fill the table of the largest cells, zone by zone; return those a boundary touches."""
    of_outer, of_inner = (
        _by_zone(edges.touched(side), len(shapes))
        for edges, shapes in zip(boundaries.edges, boundaries.shapes, strict=True)
    )
    found: list[Touched] = []
    for number, (by_outer, by_inner) in enumerate(zip(of_outer, of_inner, strict=True)):
        if not by_outer.size:
            continue  # a zone without any area
        both = np.hstack([by_outer, by_inner])
        (west, south), (east, north) = both.min(axis=1).tolist(), both.max(axis=1).tolist()
        window = np.zeros((2, 1, north - south + 1, east - west + 1), dtype=np.bool_)
        for mask, (column, row) in zip(window, (by_outer, by_inner), strict=True):
            mask[0, row - south, column - west] = True
        u, v = np.array([west * float(side)]), np.array([south * float(side)])
        states = boundaries.states((window[0], window[1]), np.array([number]), u, v, side)[0]
        row, column = np.nonzero(states)
        state, row, column = states[row, column], row + south, column + west
        cell, zone = row * width + column, np.full(len(row), number)
        settled = state <= INNER
        combos.grow(table, cell[settled], zone[settled], state[settled])
        found.append(Touched(*(part[~settled] for part in (cell, zone, column, row, state))))
    return Touched.joined(found)


def _by_zone(marks: tuple[Numbers, Numbers, Numbers], zones: int) -> list[Numbers]:
    """Return the marked (columns, rows) of each zone, shape [2, m] each."""
    zone, column, row = marks
    order = np.argsort(zone, kind="stable")
    ends = np.searchsorted(zone[order], np.arange(1, zones))
    return np.split(np.stack([column, row])[:, order], ends, axis=1)


def _finer(
    touched: Touched,
    boundaries: Boundaries,
    combos: Combos,
    table: NDArray[np.int32],
    side: int,
) -> Touched:
    """Fill the blocks the touched cells are cut into; return the cells touched there."""
    marked = [marks(touched, edges, side) for edges in boundaries.edges]
    begins = np.append(touched.firsts(), len(touched.cell))
    found: list[Touched] = []
    for first in range(0, len(begins) - 1, BLOCKS_AT_ONCE):
        start, end = begins[first], begins[min(first + BLOCKS_AT_ONCE, len(begins) - 1)]
        part = touched.taken(slice(start, end))
        by_outer, by_inner = (masks(mark, start, end) for mark in marked)
        u, v = (at.astype(np.float64) * SIDE * side for at in (part.column, part.row))
        states = boundaries.states((by_outer, by_inner), part.zone, u, v, side)
        states = states.reshape(-1, CELLS)
        begin = (first + part.block()) * CELLS
        for rank in part.ranks():
            some, local = np.nonzero((states[rank] != OUT) & (states[rank] <= INNER))
            pair = rank[some]
            combos.grow(table, begin[pair] + local, part.zone[pair], states[pair, local])
        pair, local = np.nonzero(states > INNER)
        found.append(
            Touched(
                begin[pair] + local,
                part.zone[pair],
                part.column[pair] * SIDE + local % SIDE,
                part.row[pair] * SIDE + local // SIDE,
                states[pair, local],
            )
        )
    return Touched.joined(found)
