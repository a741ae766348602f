"""What becomes known otherwise when zones are changed: since when, and where."""

from collections.abc import Iterator
from dataclasses import dataclass

from flowctl.visits.ground import Ground
from geo.zones import Zone

Box = tuple[float, float, float, float]
"""West, south, east and north, degrees."""

_MARGIN = 0.01
"""Degrees around a changed zone in which also the least accurate fix may lie that speaks of it."""


@dataclass(frozen=True, slots=True)
class Change:
    """From when on zones say otherwise than before, and where: west, south, east, north."""

    since_us: int
    boxes: list[Box]


def find_change(former: Ground, present: Ground) -> Change | None:
    """Find what differs between two states of the zones, or None where nothing does."""
    begun = {(zone.id, zone.valid_from_us): zone for zone in former.index.zones}
    moments, boxes = [], []
    for ground, other in ((former, present), (present, former)):
        others = {_term(zone): zone for zone in other.index.zones}
        for number, zone in enumerate(ground.index.zones):
            if others.get(_term(zone)) == zone:
                continue
            boxes.append(_around(ground, number))
            before = begun.get((zone.id, zone.valid_from_us))
            redrawn = before is None or before.polygon != zone.polygon
            moments.append(zone.valid_from_us if redrawn else zone.valid_until_us)
    known_moments = [at for at in moments if at is not None]
    return Change(min(known_moments), boxes) if known_moments else None


def list_redrawn(former: Ground, present: Ground) -> Iterator[Box]:
    """Yield where zones are that have another outline or role in the one than in the other."""
    for ground, other in ((former, present), (present, former)):
        others = {zone.id: zone for zone in other.index.zones}
        for number, zone in enumerate(ground.index.zones):
            known = others.get(zone.id)
            if known is None or known.polygon != zone.polygon or known.role is not zone.role:
                yield _around(ground, number)


def _around(ground: Ground, number: int) -> Box:
    west, south, east, north = ground.bounds[number].tolist()
    return west - _MARGIN, south - _MARGIN, east + _MARGIN, north + _MARGIN


def _term(zone: Zone) -> tuple[str, int | None, int | None]:
    return zone.id, zone.valid_from_us, zone.valid_until_us
