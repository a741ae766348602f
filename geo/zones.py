"""Zones: named polygons with a role."""

from dataclasses import dataclass
from enum import StrEnum

import shapely


class Role(StrEnum):
    """What being inside a zone means."""

    APPROACH = "approach"
    YARD = "yard"
    QUEUE = "queue"
    LANE = "lane"
    BEYOND = "beyond"


@dataclass(frozen=True, slots=True)
class Zone:
    """A polygon in WGS 84 lon/lat; ``gate`` is None where it belongs to no single gate.

    ``uncertainty_m`` is how far the outline may be off, ``survey`` how it was made
    (``illustrative``: drawn from a described position, not measured).
    """

    id: str
    name: dict[str, str]
    role: Role
    gate: str | None
    polygon: shapely.Polygon | shapely.MultiPolygon
    uncertainty_m: float
    survey: str = "illustrative"
