"""Zones: named polygons with a role, each valid for a time."""

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
    (``illustrative``: drawn from a described position, not measured). The outline holds from
    ``valid_from_us`` until before ``valid_until_us``, microseconds since 1970 UTC; None: always
    before, always after. Versions of one zone have its id and follow each other in time.
    """

    id: str
    name: dict[str, str]
    role: Role
    gate: str | None
    polygon: shapely.Polygon | shapely.MultiPolygon
    uncertainty_m: float
    survey: str = "illustrative"
    valid_from_us: int | None = None
    valid_until_us: int | None = None

    def is_valid_at(self, at_us: int) -> bool:
        """Tell whether this version holds at a moment."""
        begun = self.valid_from_us is None or self.valid_from_us <= at_us
        return begun and (self.valid_until_us is None or at_us < self.valid_until_us)

    def is_valid_with(self, other: "Zone") -> bool:
        """Tell whether there is a moment at which both are valid."""
        begins = [at for at in (self.valid_from_us, other.valid_from_us) if at is not None]
        ends = [at for at in (self.valid_until_us, other.valid_until_us) if at is not None]
        return not begins or not ends or max(begins) < min(ends)
