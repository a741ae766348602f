"""Places as people read them, those too that were taken out of the site while trips name them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from flowctl.dispatch.turns import gate_of
from flowctl.notify.why import why_text
from flowctl.registry.rules import LANGUAGES
from flowctl.site import Site, Yard
from flowctl.state import LiveTrip


@dataclass(frozen=True, slots=True)
class Place:
    """A gate or a yard; one the site has no more goes by its id."""

    id: str
    name: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Gone:
    """A place a trip counts on that the site has no more, and the one in its stead.

    ``next`` is None where nobody knows one: people have to say what comes.
    """

    what: Literal["gate", "yard"]
    place: Place
    next: Place | None


def gate_place(site: Site, gate: str) -> Place:
    """Return a gate with its name, or with its id for a name."""
    known = site.gate_by_id.get(gate)
    return _unknown(gate) if known is None else Place(gate, known.name)


def yard_place(site: Site, yard: str) -> Place:
    """Return a yard with its name, or with its id for a name."""
    known = site.yard_by_id.get(yard)
    return _unknown(yard) if known is None else Place(yard, known.name)


def road_yard(site: Site, gate: str) -> Yard | None:
    """Return the first yard at the end of a corridor that has a way to ``gate``."""
    roads = (site.yard_by_id[corridor.yard] for corridor in site.corridors)
    return next((yard for yard in roads if yard.access_to(gate) is not None), None)


def list_gone(site: Site, trip: LiveTrip) -> list[Gone]:
    """Return the gate and the yard of an active trip that the site has no more."""
    gone = []
    bound = gate_of(trip)
    gate = next((each for each in trip.gates if each in site.gate_by_id), None)
    if bound is not None and bound not in site.gate_by_id:
        instead = None if gate is None else gate_place(site, gate)
        gone.append(Gone("gate", gate_place(site, bound), instead))
    if trip.yard is not None and trip.yard not in site.yard_by_id:
        to = bound if bound in site.gate_by_id else gate
        yard = None if to is None else road_yard(site, to)
        instead = None if yard is None else yard_place(site, yard.id)
        gone.append(Gone("yard", yard_place(site, trip.yard), instead))
    return gone


def gone_text(language: str, gone: Gone) -> str:
    """Return in words that a place is gone, and what comes next."""
    if gone.next is None:
        return why_text(language, f"{gone.what}_gone_for_good", place=gone.place.name[language])
    return why_text(
        language,
        f"{gone.what}_gone",
        place=gone.place.name[language],
        next=gone.next.name[language],
    )


def _unknown(identifier: str) -> Place:
    return Place(identifier, dict.fromkeys(LANGUAGES, identifier))
