"""Which cells of a square lattice an outline touches, and which of the others lie inside it."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.combos import ASK_BOTH, ASK_INNER, ASK_OUTER, INNER, OUT, OUTER

Column: TypeAlias = NDArray[np.float64]
Numbers: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Shapes: TypeAlias = NDArray[np.object_]

HAIR = 1e-3
"""By how much of its side a cell is enlarged on each side before asking what touches it.

A thousandfold of what rounding can shift a corner, so that no point of an untouched cell can lie
beyond an outline, however its cell was computed.
"""


@dataclass(frozen=True, slots=True)
class Lattice:
    """Unit cells over degrees: a place is (lon - west) * per_lon, (lat - south) * per_lat."""

    west: float
    south: float
    per_lon: float
    per_lat: float

    def place(self, lon: Column, lat: Column) -> tuple[Column, Column]:
        """Turn degrees into places; monotone in each, so that every cell is an interval."""
        return (lon - self.west) * self.per_lon, (lat - self.south) * self.per_lat

    def degrees(self, u: Column, v: Column) -> tuple[Column, Column]:
        """Turn places into degrees."""
        return self.west + u / self.per_lon, self.south + v / self.per_lat


@dataclass(frozen=True, slots=True)
class Edges:
    """The edges of many outlines in places of a lattice, shape [e] each."""

    shape: Numbers
    """Which outline the edge belongs to."""
    u: Column
    v: Column
    to_u: Column
    to_v: Column

    @classmethod
    def of(cls, shapes: Shapes, lattice: Lattice) -> "Edges":
        """Return the edges of (multi)polygons in degrees, shape [z], holes included."""
        parts, whole = shapely.get_parts(shapes, return_index=True)
        rings, part = shapely.get_rings(parts, return_index=True)
        at, ring = shapely.get_coordinates(rings, return_index=True)
        u, v = lattice.place(*at.T)
        joined = np.flatnonzero(ring[1:] == ring[:-1])
        owner = np.asarray(whole[part[ring[joined]]], dtype=np.int64)
        return cls(owner, u[joined], v[joined], u[joined + 1], v[joined + 1])

    def touched(self, side: float) -> tuple[Numbers, Numbers, Numbers]:
        """Find the cells, ``side`` units wide, that each edge touches.

        Returns
        -------
        shape, column, row
            Shape [m] each; a cell stands once for every edge that touches it.
        """
        u, v = self.u / side, self.v / side
        du, dv = self.to_u / side - u, self.to_v / side - v
        edge, column = _steps(np.minimum(u, u + du), np.maximum(u, u + du))
        # The part of the edge within a column, as shares of its length.
        upright = du[edge] == 0
        along = np.where(upright, 1.0, du[edge])
        one = np.where(upright, 0.0, (column - HAIR - u[edge]) / along)
        other = np.where(upright, 1.0, (column + 1 + HAIR - u[edge]) / along)
        low, high = np.minimum(one, other).clip(0, 1), np.maximum(one, other).clip(0, 1)
        first, last = v[edge] + low * dv[edge], v[edge] + high * dv[edge]
        part, row = _steps(np.minimum(first, last), np.maximum(first, last))
        return self.shape[edge[part]], column[part], row


def _steps(low: Column, high: Column) -> tuple[Numbers, Numbers]:
    """Return every whole number from each ``low`` to its ``high``, a hair wider, and whose it is.

    Returns
    -------
    owner, number
        Shape [m] each.
    """
    first = np.floor(low - HAIR).astype(np.int64)
    count = np.floor(high + HAIR).astype(np.int64) - first + 1
    owner = np.repeat(np.arange(len(first)), count)
    begins = np.cumsum(count) - count
    return owner, first[owner] + np.arange(len(owner)) - begins[owner]


def inside(
    touched: Bools, shapes: Shapes, lattice: Lattice, u: Column, v: Column, side: float
) -> Bools:
    """Tell which untouched cells of blocks lie inside a shape.

    Untouched neighbours lie on the same side of the outline, so that one cell of each run is
    enough to ask about.

    Parameters
    ----------
    touched
        The cells an outline touches, [block, row, column].
    shapes
        The polygon of each block, in degrees, shape [block].
    lattice, u, v, side
        Where the blocks begin, in places, shape [block] each, and the side of a cell.

    Returns
    -------
    NDArray
        True where an untouched cell is inside, shape of ``touched``.
    """
    starts = ~touched
    starts[:, :, 1:] &= touched[:, :, :-1]
    starts[:, 1:, 0] &= touched[:, :-1, 0]
    block, row, column = np.nonzero(starts)
    lon, lat = lattice.degrees(u[block] + (column + 0.5) * side, v[block] + (row + 0.5) * side)
    known = np.zeros(touched.shape, dtype=np.bool_)
    known[block, row, column] = shapely.intersects_xy(shapes[block], lon, lat)
    _spread(known[:, :, 0], starts[:, :, 0])
    starts[:, :, 0] = True
    columns = touched.shape[-1]
    _spread(known.reshape(-1, columns), starts.reshape(-1, columns))
    return known & ~touched


def _spread(values: Bools, given: Bools) -> None:
    """Copy each given value of a row to those behind it that are not given."""
    for at in range(1, values.shape[1]):
        values[:, at] = np.where(given[:, at], values[:, at], values[:, at - 1])


class Boundaries:
    """The outer and the inner boundary of zones, in degrees, shape [z] each, and their edges."""

    __slots__ = ("edges", "lattice", "shapes")

    def __init__(self, outer: Shapes, inner: Shapes, lattice: Lattice) -> None:
        self.lattice = lattice
        self.shapes = (outer, inner)
        self.edges = (Edges.of(outer, lattice), Edges.of(inner, lattice))

    def states(
        self, touched: tuple[Bools, Bools], zone: Numbers, u: Column, v: Column, side: float
    ) -> NDArray[np.uint8]:
        """Tell how the cells of blocks lie to a zone each.

        Parameters
        ----------
        touched
            The cells the outer and the inner boundary touch, [block, row, column] each.
        zone, u, v, side
            The zone of each block and the corner it begins at, shape [block], and a cell's side.
        """
        by_outer, by_inner = touched
        in_outer, in_inner = (
            inside(by, shapes[zone], self.lattice, u, v, side)
            for by, shapes in zip(touched, self.shapes, strict=True)
        )
        states = np.where(in_outer, OUTER, OUT).astype(np.uint8)
        states[in_outer & in_inner] = INNER
        states[in_outer & by_inner] = ASK_INNER
        states[by_outer] = ASK_OUTER
        states[by_outer & (by_inner | in_inner)] = ASK_BOTH
        return states
