"""The space-time diagram of a way: distance to its end over time, one line a truck."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from flowctl.pictures import style
from flowctl.pictures.style import Span
from flowctl.site import Site
from flowctl.traffic.roads import Stretches
from flowctl.traffic.spacetime import TruckLine, end_m, gates_of, speeds_mps

_KM = 1_000.0
_LINE = "#21918c"  # the middle of the scale of speed
_CROWD = 150  # lines beyond which each is drawn thinner
_FAINT = 0.3  # how much of its colour the line of a truck keeps that is bound elsewhere


@dataclass(frozen=True, slots=True)
class Spacetime:
    """What is drawn: a way with all trucks on it, faint those in ``elsewhere`` (devices)."""

    site: Site
    way: Stretches
    day: date
    span: Span
    lines: Sequence[TruckLine]
    elsewhere: frozenset[int]


def save_spacetime(picture: Spacetime, path: Path) -> None:
    """Draw the diagram as a PNG: closed hours of the way's gates shaded, colour by speed."""
    figure = style.new_figure(12.0, 7.2)
    axis = figure.subplots()
    site, way, span = picture.site, picture.way, picture.span
    zero_m = end_m(way)
    gates = gates_of(site, way)
    shaded = style.shade_closed(axis, site, gates, span)
    scale = ScalarMappable(Normalize(0.0, _fastest(way)), style.SPEED_COLOURS)
    pieces, speeds, faint = _segments(picture, zero_m)
    colours = scale.to_rgba(speeds)
    colours[faint, 3] = _FAINT
    width = 0.7 if len(picture.lines) > _CROWD else 1.2
    axis.add_collection(LineCollection(list(pieces), colors=colours, linewidths=width))
    reach_m = [zero_m - float(line.along_m.min()) for line in picture.lines]
    beyond_m = [zero_m - float(line.along_m.max()) for line in picture.lines]
    axis.set_ylim(min(0.0, *beyond_m) / _KM, max(reach_m) / _KM * 1.03)
    style.time_axis(axis, site, span)
    axis.set_ylabel(f"distance to {_end_name(site, way)} (km)", color=style.TEXT)
    bar = figure.colorbar(scale, ax=axis, pad=0.01, extend="max")
    bar.set_label("speed between two points (km/h)", color=style.TEXT)
    handles: list[Line2D | Patch] = [Line2D([], [], color=_LINE, label="one line a truck")]
    if picture.elsewhere:
        handles.append(Line2D([], [], color=_LINE, alpha=_FAINT, label="bound elsewhere"))
    if shaded:
        handles.append(Patch(color=style.CLOSED, label="gate closed"))
    figure.legend(handles=handles, loc="outside upper right", ncols=3, frameon=False)
    style.title(figure, f"{way_name(site, way)}, {picture.day:%d %B %Y}")
    style.caption(figure, drawn_in_words(picture))
    style.save(figure, path)


def drawn_in_words(picture: Spacetime) -> str:
    """Return how many trucks are drawn, and how many of them are bound elsewhere."""
    trucks = len({line.device for line in picture.lines})
    return (
        f"Drawn: all trucks with GPS on this road, {trucks};"
        f" {len(picture.elsewhere)} of them have a trip to other gates."
    )


def way_name(site: Site, way: Stretches) -> str:
    """Return a way's name in words."""
    yard = site.yard_by_id[way.yard].name["en"]
    if way.gate is None:
        return f"Road to {yard}"
    return f"{yard} → {site.gate_by_id[way.gate].name['en']}"


def _end_name(site: Site, way: Stretches) -> str:
    if way.gate is None:
        return site.yard_by_id[way.yard].name["en"]
    return f"the stop line of {site.gate_by_id[way.gate].name['en']}"


def _fastest(way: Stretches) -> float:
    """Return where the scale of speed ends (km/h): the way's own fastest stretch, rounded up."""
    return float(min(style.MOST_KMH, np.ceil(way.nominal_mps.max() * 3.6 / 10) * 10))


def _segments(
    picture: Spacetime, zero_m: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return the pieces of lines, shape [p, 2, 2], their speeds in km/h and which are faint, [p].

    Faint ones come first, so that the others lie above them.
    """
    pieces, speeds, faint = [], [], []
    for line in sorted(picture.lines, key=lambda one: one.device not in picture.elsewhere):
        days = style.number(line.at[0]) + (line.at - line.at[0]) / 86_400.0
        points = np.c_[days, (zero_m - line.along_m) / _KM]
        pieces.append(np.stack([points[:-1], points[1:]], axis=1))
        speeds.append(np.abs(speeds_mps(line)) * 3.6)
        faint.append(np.full(len(points) - 1, line.device in picture.elsewhere))
    return np.concatenate(pieces), np.concatenate(speeds), np.concatenate(faint)
