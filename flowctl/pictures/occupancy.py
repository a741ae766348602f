"""How many trucks stood in each yard over a day, with the yard's places as a line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from flowctl.pictures import style
from flowctl.pictures.style import Span
from flowctl.site import Site
from flowctl.storage.pictures import Stay
from geo.zones import Role, Zone

Column = NDArray[np.float64]
COUNTED = (
    "Counted: trucks with GPS. “Found there” are those inside at the start of the day, or when they"
    " were first seen, counted from then on."
)
_COLUMNS = 2
_HEADROOM = 1.15


@dataclass(frozen=True, slots=True, eq=False)
class Occupancy:
    """A zone's trucks over time: ``inside`` from each moment of ``at`` (epoch s) to the next.

    ``found`` + ``entered`` - ``left`` are there at the end: ``found`` stood there at the start of
    the span, or were inside when they were first seen.
    """

    at: Column
    inside: Column
    found: int
    entered: int
    left: int


@dataclass(frozen=True, slots=True)
class ZonesDay:
    """What is drawn: the zones of a site on a day, up to ``span.until``."""

    site: Site
    day: date
    span: Span
    zones: Mapping[str, Occupancy]


def occupancy_of(stays: Sequence[Stay], span: Span) -> Occupancy:
    """Return how many devices were in a zone from moment to moment of a span.

    ``stays`` are the zone's visits that reach into the span. A device that was first seen inside
    counts from then on, but as found there: it is no arrival.
    """
    since, until = span.since.timestamp(), span.until.timestamp()
    came = np.array([max(stay.entered_at.timestamp(), since) for stay in stays])
    went = np.array(
        [s.left_at.timestamp() for s in stays if s.left_at is not None and s.left_at < span.until]
    )
    moments = np.concatenate([[since], came, went, [until]])
    steps = np.concatenate([[0.0], np.ones(len(came)), -np.ones(len(went)), [0.0]])
    order = np.argsort(moments, kind="stable")
    arrived = sum(not s.seen_inside and s.entered_at >= span.since for s in stays)
    found = len(stays) - arrived
    return Occupancy(moments[order], np.cumsum(steps[order]), found, arrived, len(went))


def save_occupancy(picture: ZonesDay, path: Path) -> None:
    """Draw one panel a zone as a PNG; closed hours shaded, the yard's places as a dashed line."""
    zones = [zone for zone in picture.site.zones if zone.id in picture.zones]
    rows = -(-len(zones) // _COLUMNS)
    columns = min(_COLUMNS, len(zones))
    figure = style.new_figure(6.2 * columns, 0.9 + 2.6 * rows)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    shaded = False
    for axis, zone in zip(axes, zones, strict=False):
        shaded |= _panel(axis, picture, zone)
    for axis in axes[len(zones) :]:
        axis.set_visible(False)
    for number in range(len(zones)):
        below = number + columns >= len(zones)
        style.time_axis(axes[number], picture.site, picture.span, labelled=below)
        axes[number].tick_params(labelbottom=below)
    handles: list[Line2D | Patch] = [
        Patch(color=style.LINE_COLOURS[0], alpha=0.35, label="trucks inside")
    ]
    if any(axis.lines[1:] for axis in axes):
        line = Line2D([], [], color=style.LINE_COLOURS[1], ls="--", label="places of the yard")
        handles.append(line)
    if shaded:
        handles.append(Patch(color=style.CLOSED, label="gates closed"))
    figure.legend(handles=handles, loc="outside upper right", ncols=3, frameon=False)
    style.title(figure, f"{picture.site.name['en']}, {picture.day:%d %B %Y}: trucks in zones")
    style.caption(figure, COUNTED)
    style.save(figure, path)


def _panel(axis: Axes, picture: ZonesDay, zone: Zone) -> bool:
    site, occupancy = picture.site, picture.zones[zone.id]
    yard = site.yard_by_id.get(zone.id)
    gates = [way.gate for way in yard.access] if yard is not None else []
    gates = gates or ([zone.gate] if zone.gate is not None else list(site.gate_by_id))
    shaded = style.shade_closed(axis, site, gates, picture.span)
    days = [style.number(at) for at in occupancy.at.tolist()]
    axis.fill_between(days, occupancy.inside, step="post", color=style.LINE_COLOURS[0], alpha=0.35)
    axis.step(days, occupancy.inside, where="post", color=style.LINE_COLOURS[0], lw=1.6)
    highest = max(1.0, float(occupancy.inside.max()))
    counts = f"{occupancy.found} found there, {occupancy.entered} arrived, {occupancy.left} left"
    words = f"{zone.name['en']}: {counts}"
    if yard is not None:
        _capacity(axis, yard.capacity, highest)
        highest = max(highest, yard.capacity) if highest > yard.capacity / 4 else highest
    axis.set_ylim(0, _HEADROOM * highest)
    axis.set_title(words, loc="left", color=style.TEXT, fontsize=10)
    axis.set_ylabel("trucks", color=style.TEXT)
    return shaded


def _capacity(axis: Axes, places: int, highest: float) -> None:
    """Draw a yard's places; where they lie far above what stood there, say so instead."""
    if highest > places / 4:
        axis.axhline(places, color=style.LINE_COLOURS[1], ls="--", lw=1.4)
        return
    axis.text(
        0.995,
        0.96,
        f"places: {places} (above this panel)",
        transform=axis.transAxes,
        ha="right",
        va="top",
        color=style.LINE_COLOURS[1],
        fontsize=9,
    )


def shown_zones(site: Site, names: Sequence[str]) -> list[Zone]:
    """Return the zones of these ids; of none given, the yards and the gates' queues."""
    if names:
        return [site.zone_by_id[name] for name in names]
    return [zone for zone in site.zones if zone.role in (Role.YARD, Role.QUEUE)]
