"""What must hold between the parts of a site: references, required zones, zones apart."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations

import shapely

from flowctl.site import Site
from flowctl.site_tables import nearest
from geo.crs import Projection
from geo.zones import Role, Zone

TOUCH_M2 = 1.0  # two hand-drawn neighbours may share an edge
NEEDED = frozenset({"gate", "yard"})
LEAST_M2 = 50.0
"""Assumed: what a lorry with its trailer stands on, some 17 m × 3 m."""
LEAST_M2_A_PLACE = 20.0
"""Fewer square metres a place are no yard for lorries but a slip of the pen."""
REQUIRED = (Role.QUEUE, Role.LANE)
OF_A_GATE = frozenset({Role.QUEUE, Role.LANE, Role.BEYOND})


def site_faults(site: Site, where: str) -> Iterator[str]:
    """Yield a sentence for everything wrong between the parts of a site in folder ``where``."""
    gates, yards = [gate.id for gate in site.gates], [yard.id for yard in site.yards]
    yield from _doubles("gate", gates, where)
    yield from _doubles("yard", yards, where)
    yield from _doubles("corridor", [corridor.id for corridor in site.corridors], where)
    yield from _gate_faults(site.zones, gates, where)
    yield from _yard_faults(site.zones, yards, where)
    yield from _sizes(site, Projection(site.epsg), where)
    yield from _kept_too_briefly(site, where)


def _doubles(what: str, ids: Sequence[str], where: str) -> Iterator[str]:
    if not ids and what in NEEDED:
        yield f'{where}/site.toml, field "{what}s": is missing; a site has at least one {what}'
    for identifier, times in Counter(ids).items():
        if times > 1:
            yield f'{where}/site.toml, {what} {identifier}, field "id": stands {times} times'


def _gate_faults(zones: Sequence[Zone], gates: Sequence[str], where: str) -> Iterator[str]:
    for zone in zones:
        if zone.gate is None:
            if zone.role in OF_A_GATE:
                yield without_gate(zone, f"{where}/zones.geojson")
        elif zone.gate not in gates:
            yield (
                f'{where}/zones.geojson, feature {zone.id}, field "gate": "{zone.gate}" is no gate'
                f" of site.toml{nearest(zone.gate, gates)}"
            )
    for gate in gates:
        for role in REQUIRED:
            if not any(zone.gate == gate and zone.role is role for zone in zones):
                yield (
                    f"{where}/zones.geojson: gate {gate} has no {role} zone; draw a feature "
                    f'with "role": "{role}", "gate": "{gate}"'
                )


def _yard_faults(zones: Sequence[Zone], yards: Sequence[str], where: str) -> Iterator[str]:
    drawn = [zone.id for zone in zones if zone.role is Role.YARD]
    for yard in yards:
        if yard not in drawn:
            yield (
                f'{where}/site.toml, yard {yard}, field "id": has no zone of that id and role yard '
                f"in zones.geojson{nearest(yard, set(drawn) - set(yards))}"
            )
    for zone in drawn:
        if zone not in yards:
            yield (
                f'{where}/zones.geojson, feature {zone}, field "role": is a yard, but '
                f"site.toml has no yard of that id{nearest(zone, set(yards) - set(drawn))}"
            )


def _sizes(site: Site, plane: Projection, where: str) -> Iterator[str]:
    """Yield every zone no truck fits into, and every yard that has no room for its places."""
    for zone in site.zones:
        area = plane.metres_of(zone.polygon).area
        feature = f"{where}/zones.geojson, feature {zone.id}, field"
        if zone.polygon.is_empty:
            continue  # its shape was refused
        if area < LEAST_M2:
            yield f'{feature} "geometry": covers {area:.1f} m², less than a truck; draw it larger'
            continue
        yard = site.yard_by_id.get(zone.id)
        if yard is not None and yard.capacity * LEAST_M2_A_PLACE > area:
            yield (
                f'{feature} "capacity": {yard.capacity:,} places in {area:,.0f} m² are'
                f" {area / yard.capacity:.1f} m² a truck, and one needs {LEAST_M2_A_PLACE:g};"
                " give fewer places or draw the yard larger"
            )


def without_gate(zone: Zone, where: str) -> str:
    """Return what is said of a zone of a gate that names none; ``where`` names what drew it."""
    return (
        f'{where}, feature {zone.id}, field "gate": is missing; a {zone.role} zone belongs to one'
        " gate"
    )


def overlaps(zones: Sequence[Zone], plane: Projection, where: str) -> Iterator[str]:
    """Yield every pair that shares ground; approach zones may lie over others.

    ``where`` names what drew them.
    """
    apart = [
        (zone, plane.metres_of(zone.polygon)) for zone in zones if zone.role is not Role.APPROACH
    ]
    for (one, here), (other, there) in combinations(apart, 2):
        shared = shapely.intersection(here, there).area
        if shared > TOUCH_M2 and one.id != other.id and one.is_valid_with(other):
            yield (
                f'{where}, feature {other.id}, field "geometry": the {other.role} '
                f"overlaps the {one.role} {one.id} by {shared:,.0f} m²; draw them apart"
            )


def _kept_too_briefly(site: Site, where: str) -> Iterator[str]:
    """Yield a sentence where a fix could still come for what is dropped."""
    taken_days = math.ceil(site.lateness_limit_s / 86_400) + 1
    kept = {
        "fixes_days": site.fixes_kept_days,
        "aside_days": site.aside_kept_days,
        "trips_days": site.trips_kept_days,
    }
    for key, days in kept.items():
        if days < taken_days:
            yield (
                f'{where}/site.toml, retention, field "{key}": {days} days are too few; with this '
                f"lateness_limit_s keep at least {taken_days}"
            )
