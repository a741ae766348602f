"""The space-time diagram of a way: distance to its end over time, one line a truck."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from flowctl.pictures import style
from flowctl.pictures.style import Span
from flowctl.site import Site
from flowctl.traffic.roads import Stretches
from flowctl.traffic.spacetime import TruckLine, end_m, gates_of, speeds_mps

_KM = 1_000.0
_CROWD = 150  # lines beyond which each is drawn thinner


@dataclass(frozen=True, slots=True)
class Spacetime:
    """What is drawn: a way with the trucks on it."""

    site: Site
    way: Stretches
    day: date
    span: Span
    lines: Sequence[TruckLine]


def save_spacetime(picture: Spacetime, path: Path) -> None:
    """Draw the diagram as a PNG: closed hours of the way's gates shaded, colour by speed."""
    figure = style.new_figure(12.0, 7.2)
    axis = figure.subplots()
    site, way, span = picture.site, picture.way, picture.span
    zero_m = end_m(way)
    gates = gates_of(site, way)
    shaded = style.shade_closed(axis, site, gates, span)
    lines = _segments(picture.lines, zero_m)
    collection = LineCollection(
        list(lines[0]),
        cmap=style.SPEED_COLOURS,
        linewidths=0.7 if len(picture.lines) > _CROWD else 1.2,
    )
    collection.set_array(lines[1])
    collection.set_clim(0.0, _fastest(way))
    axis.add_collection(collection)
    reach_m = [zero_m - float(line.along_m.min()) for line in picture.lines]
    beyond_m = [zero_m - float(line.along_m.max()) for line in picture.lines]
    axis.set_ylim(min(0.0, *beyond_m) / _KM, max(reach_m) / _KM * 1.03)
    style.time_axis(axis, site, span)
    axis.set_ylabel(f"distance to {_end_name(site, way)} (km)", color=style.TEXT)
    bar = figure.colorbar(collection, ax=axis, pad=0.01, extend="max")
    bar.set_label("speed between two points (km/h)", color=style.TEXT)
    handles: list[Line2D | Patch] = [Line2D([], [], color="#21918c", label="one line a truck")]
    if shaded:
        handles.append(Patch(color=style.CLOSED, label="gate closed"))
    figure.legend(handles=handles, loc="outside upper right", ncols=2, frameon=False)
    trucks = len({line.device for line in picture.lines})
    style.title(figure, f"{way_name(site, way)}, {picture.day:%d %B %Y}: {trucks} trucks")
    style.save(figure, path)


def way_name(site: Site, way: Stretches) -> str:
    """Return a way's name in words."""
    yard = site.yard_by_id[way.yard].name["en"]
    if way.gate is None:
        return f"Road to {yard} ({way.way})"
    return f"{yard} → {site.gate_by_id[way.gate].name['en']} ({way.way})"


def _end_name(site: Site, way: Stretches) -> str:
    if way.gate is None:
        return site.yard_by_id[way.yard].name["en"]
    return f"the stop line of {site.gate_by_id[way.gate].name['en']}"


def _fastest(way: Stretches) -> float:
    """Return where the scale of speed ends (km/h): the way's own fastest stretch, rounded up."""
    return float(min(style.MOST_KMH, np.ceil(way.nominal_mps.max() * 3.6 / 10) * 10))


def _segments(
    lines: Sequence[TruckLine], zero_m: float
) -> tuple[
    np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    np.ndarray[tuple[int, ...], np.dtype[np.float64]],
]:
    """Return the pieces of lines, shape [p, 2, 2], and their speeds in km/h, shape [p]."""
    pieces, speeds = [], []
    for line in lines:
        days = style.number(line.at[0]) + (line.at - line.at[0]) / 86_400.0
        points = np.c_[days, (zero_m - line.along_m) / _KM]
        pieces.append(np.stack([points[:-1], points[1:]], axis=1))
        speeds.append(np.abs(speeds_mps(line)) * 3.6)
    return np.concatenate(pieces), np.concatenate(speeds)
