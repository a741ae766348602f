"""The words of a new site's site.toml and of its first day: what is assumed stands as assumed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from flowctl.site_tables import LANGUAGES

PLACES = 2
SERVICE_MIN = 12.5
OPEN_H = 11.0
BUSY_SHARE = 0.7
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Assumed:
    """What was said of a yard or a lane where it was drawn; None is assumed."""

    capacity: object
    places: object


@dataclass(frozen=True, slots=True)
class GateText:
    """A gate and its inspection places, None where nobody said how many."""

    id: str
    places: object


@dataclass(frozen=True, slots=True)
class YardText:
    """A yard, its places as said and as there is room for, its gates and its corridors."""

    id: str
    capacity: object
    room: int
    gates: tuple[str, ...]
    corridors: tuple[str, ...]


def toml_text(
    site: str,
    name: str,
    timezone: str,
    epsg: int,
    gates: Sequence[GateText],
    yards: Sequence[YardText],
) -> str:
    """Return site.toml; what stands in it is checked when it is read."""
    parts = [_HEAD.format(site=site, name=_names(name), timezone=_text(timezone), epsg=epsg)]
    parts += [f'{day} = ["07:00-18:00"]' for day in _DAYS]
    parts += [
        _GATE.format(
            id=gate.id, names=_names(_spoken(gate.id)), places=_figure(gate.places, PLACES)
        )
        for gate in gates
    ]
    for yard in yards:
        parts.append(
            f'\n[[yards]]\nid = "{yard.id}"\ncapacity = {_figure(yard.capacity, yard.room)}'
        )
        parts += [
            _ACCESS.format(gate=gate, road=f"{yard.id}_to_{gate}"[:40]) for gate in yard.gates
        ]
    parts += [
        f'\n[[corridors]]\nid = "{way}"\nyard = "{yard.id}"\nroads = ["{way}"]'
        for yard in yards
        for way in yard.corridors
    ]
    return "\n".join(parts) + "\n"


def day_text(
    site: str, name: str, timezone: str, gates: Sequence[GateText], yards: Sequence[YardText]
) -> str:
    """Return an invented day whose trucks keep the gates busy, half of them each way."""
    parts = [_DAY.format(site=site, name=_text(f"{name}: an invented day"), zone=_text(timezone))]
    for gate in gates:
        yard = next(yard.id for yard in yards if gate.id in yard.gates)
        places = gate.places if isinstance(gate.places, int) else PLACES
        each_way = round(places * OPEN_H * 60 / SERVICE_MIN * BUSY_SHARE / 2)
        parts.append(
            f'\n[gates.{gate.id}]\nstanding = 0\narrivals = {each_way}\nyard = "{yard}"\n'
            f"imports = {each_way}"
        )
    return "\n".join(parts) + "\n"


def _figure(said: object, assumed: int) -> str:
    return f"{assumed}  # [assumed] count them" if said is None else json.dumps(said)


def _spoken(identifier: str) -> str:
    return identifier.replace("_", " ").title()


def _names(name: str) -> str:
    return ", ".join(f"{language} = {_text(name)}" for language in LANGUAGES)


def _text(text: str) -> str:
    """Return a TOML string: JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False)


_HEAD = """\
# Made of a drawing and of OpenStreetMap's roads. Everything marked [assumed] was said by nobody:
# put what is true there, with its source. Rules that are left out keep flowctl's defaults.

id = "{site}"
name = {{ {name} }}
timezone = {timezone}
epsg = {epsg}  # the UTM zone of the drawing, metres
lateness_limit_s = 604800  # [assumed] fixes older than 7 days are set aside
future_limit_s = 300  # [assumed] a tracker's clock may run 5 min fast

[calendars.goods.weekly]  # [assumed] local hours in which goods pass"""
_GATE = """
[[gates]]
id = "{id}"
name = {{ {names} }}
directions = ["export", "import"]
calendar = "goods"
lanes = 1  # [assumed]
inspection_places = {places}
mean_service_min = 12.5  # [assumed] one inspection
capacity_prior_weight_h = 2.0  # [assumed] two watched hours weigh as much as the two lines above
import_prior_per_h = 4.0  # [assumed] trucks from the other side"""
_ACCESS = """[[yards.access]]
gate = "{gate}"
roads = ["{road}"]
reaction_s = 300  # [assumed] from the message to the turning wheels
travel_cv = 0.25  # [assumed]"""
_DAY = """\
# An invented day, to see the site at work: nothing in it was counted.

id = "{site}-day"
site = "{site}"
day = 2026-01-21
timezone = {zone}
until_h = 20.0
name = {name}

[exports]
from_h = 0.0
until_h = 16.0

[imports]
from_h = 6.5
until_h = 16.5

[checks]
mean_min = 60.0
cv = 0.5"""
