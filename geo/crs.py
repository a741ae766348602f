"""Degrees to metres and back, in one projected reference system per site."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
import pyproj
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj.exceptions import CRSError

Column = NDArray[np.float64]
Shape = TypeVar("Shape", bound=shapely.Geometry)


@lru_cache(maxsize=16)
def _transformers(epsg: int) -> tuple[pyproj.Transformer, pyproj.Transformer]:
    """Return the transformers from WGS 84 to ``epsg`` and back; making one takes milliseconds."""
    try:
        crs = pyproj.CRS.from_epsg(epsg)
    except CRSError as error:
        raise ValueError(f"EPSG:{epsg} is not a known reference system") from error
    units = {axis.unit_name for axis in crs.axis_info}
    if not crs.is_projected or units != {"metre"}:
        raise ValueError(f"EPSG:{epsg} ({crs.name}) does not measure in metres on a plane")
    return (
        pyproj.Transformer.from_crs(4326, crs, always_xy=True),
        pyproj.Transformer.from_crs(crs, 4326, always_xy=True),
    )


@dataclass(frozen=True, slots=True)
class Projection:
    """The plane ``EPSG:epsg``, in metres, x to the east and y to the north.

    Raises
    ------
    ValueError
        Where ``epsg`` is unknown or is no projected system in metres.
    """

    epsg: int

    def __post_init__(self) -> None:
        """Refuse a bad code here and not at the first point."""
        _transformers(self.epsg)

    def reaches(self, lon: float, lat: float) -> bool:
        """Tell whether the system is made for this place; degrees, WGS 84.

        One degree beyond its published area of use is still well within a site's tolerance.
        """
        area = pyproj.CRS.from_epsg(self.epsg).area_of_use
        if area is None:
            return True
        return area.west - 1 <= lon <= area.east + 1 and area.south - 1 <= lat <= area.north + 1

    def to_metres(self, lon: ArrayLike, lat: ArrayLike) -> tuple[Column, Column]:
        """Project WGS 84 lon/lat in degrees, shape [n] each, to x, y in metres, shape [n] each.

        A point with NaN in it becomes NaN, NaN.
        """
        return _moved(_transformers(self.epsg)[0], lon, lat)

    def to_degrees(self, x: ArrayLike, y: ArrayLike) -> tuple[Column, Column]:
        """Turn x, y in metres, shape [n] each, into WGS 84 lon/lat in degrees, shape [n] each."""
        return _moved(_transformers(self.epsg)[1], x, y)

    def metres_of(self, shape: Shape) -> Shape:
        """Project a shape from degrees to metres, corner by corner."""
        return shapely.transform(shape, lambda at: np.column_stack(self.to_metres(*at.T)))

    def degrees_of(self, shape: Shape) -> Shape:
        """Turn a shape in metres into degrees, corner by corner."""
        return shapely.transform(shape, lambda at: np.column_stack(self.to_degrees(*at.T)))


def _moved(way: pyproj.Transformer, first: ArrayLike, second: ArrayLike) -> tuple[Column, Column]:
    """Apply ``way``; what is not finite or outside the system's reach becomes NaN."""
    one, two = np.broadcast_arrays(
        np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    )
    a, b = (np.asarray(column, dtype=np.float64) for column in way.transform(one, two))
    known = np.isfinite(a) & np.isfinite(b)  # pyproj marks failures by infinity
    return np.where(known, a, np.nan), np.where(known, b, np.nan)
