"""What a scenario changes of its site all day long: places of gates, places of yards, ways."""

from dataclasses import replace

from flowctl.scenarios.laws import YardChange
from flowctl.scenarios.scenario import Scenario
from flowctl.site import Access, FreightRoad, Gate, Site, Yard


def as_played(scenario: Scenario, site: Site) -> Site:
    """Return the site as a scenario plays it, which everybody knows; the same where it is as it is.

    What a gate with other places can take is believed in proportion to them. ``travel_factor``
    makes the freight roads from a yard slower, and what is expected of them, not the reaction.
    Apply it once: the factor would count twice.
    """
    gates = tuple(_gate(scenario, gate) for gate in site.gates)
    ways = {yard: row.travel_factor for yard, row in scenario.yards.items()}
    if gates == site.gates and not scenario.yards:
        return site
    return replace(
        site,
        gates=gates,
        yards=tuple(_yard(scenario.yards.get(yard.id), yard, site) for yard in site.yards),
        freight_roads=tuple(_road(road, ways.get(road.yard, 1.0)) for road in site.freight_roads),
    )


def _gate(scenario: Scenario, gate: Gate) -> Gate:
    row = scenario.gates.get(gate.id)
    if row is None or row.places is None or row.places == gate.inspection_places:
        return gate
    factor = row.places / gate.inspection_places
    return replace(
        gate,
        inspection_places=row.places,
        capacity_prior_per_h=gate.capacity_prior_per_h * factor,
    )


def _yard(change: YardChange | None, yard: Yard, site: Site) -> Yard:
    if change is None:
        return yard
    ways = tuple(
        _way(way, site.find_freight_road(yard.id, way.gate), change) for way in yard.access
    )
    return replace(yard, capacity=change.places or yard.capacity, access=ways)


def _way(way: Access, road: FreightRoad | None, change: YardChange) -> Access:
    drive_s = way.travel_s if road is None else road.queue_m[0] / road.speed_mps
    return replace(way, travel_s=way.travel_s + (change.travel_factor - 1.0) * drive_s)


def _road(road: FreightRoad, factor: float) -> FreightRoad:
    if factor == 1.0:
        return road
    pieces = tuple(replace(piece, speed_mps=piece.speed_mps / factor) for piece in road.pieces)
    return replace(road, speed_mps=road.speed_mps / factor, pieces=pieces)
