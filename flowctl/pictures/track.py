"""A truck's day: its track over zones and roads, and below the zones it was in, hour by hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from flowctl.pictures import style
from flowctl.pictures.style import Span
from flowctl.site import Site
from flowctl.storage.pictures import Stay
from geo.crs import Column, Projection
from geo.zones import Role

_KM = 1_000.0
_SILENCE_S = 1_200.0
"""A gap longer than this is drawn dotted: 20 min, since a parked tracker reports every 15."""
_LEAST_M = 1_500.0  # a parked truck's map still shows its surroundings
_ROW_IN = 0.24
_ZOOM = 3.0  # a second map is drawn where it shows things this much larger
_EDGE = 0.15  # of a map's width: names nearer to its edge are written towards its middle
_NAMED_SHARE = 0.06  # of a map's width: smaller zones carry no name

Colours = Literal["time", "speed"]


@dataclass(frozen=True, slots=True, eq=False)
class TrackDay:
    """What is drawn: one device's fixes (rows of `TRACK_FIX`) and visits of a day."""

    site: Site
    plate: str
    day: date
    span: Span
    fixes: NDArray[np.void]
    stays: Sequence[Stay]


def save_track(picture: TrackDay, path: Path, *, colours: Colours) -> None:
    """Draw a truck's day as a PNG; a long way has a second map of its end at the gates."""
    zones = list(dict.fromkeys(stay.zone for stay in picture.stays))
    strip_in = 1.0 + _ROW_IN * max(1, len(zones))
    frames = _frames(picture)
    figure = style.new_figure(11.0 if len(frames) == 1 else 15.0, 7.4 + strip_in)
    grid = figure.add_gridspec(2, len(frames), height_ratios=[7.4, strip_in])
    maps = [figure.add_subplot(grid[0, k]) for k in range(len(frames))]
    values, name, label, (least, most) = _values(picture, colours)
    scale = ScalarMappable(Normalize(least, most), name)
    shown: set[str] = set()
    for axis, frame in zip(maps, frames, strict=True):
        shown |= _map(axis, picture, frame, scale.to_rgba(values))
    bar = figure.colorbar(
        scale, ax=maps, pad=0.01, extend="max" if colours == "speed" else "neither"
    )
    bar.set_label(label, color=style.TEXT)
    if colours == "time":
        _local_times(bar.ax, picture)
    _strip(figure.add_subplot(grid[1, :]), picture, zones)
    handles: list[Line2D | Patch] = [
        Patch(facecolor=style.ROLE_COLOURS[role], alpha=0.45, label=f"{role} zone")
        for role in style.ROLE_COLOURS
        if role in shown
    ]
    handles += [
        Line2D([], [], color="#9ca3af", lw=3, alpha=0.6, label="road"),
        Line2D([], [], color=style.QUIET, ls=":", label="no fix for 20 min or more"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=8, frameon=False, fontsize=9)
    words = f"{picture.plate}, {picture.day:%d %B %Y}: {len(picture.fixes)} fixes"
    style.title(figure, f"{words}, {driven_m(picture.fixes, picture.site.epsg) / _KM:.1f} km")
    style.save(figure, path)


def _frames(picture: TrackDay) -> list[shapely.Polygon]:
    """Return what the maps show, in metres: all of the track, and of a long one the gates' end."""
    plane = Projection(picture.site.epsg)
    x, y = plane.to_metres(picture.fixes["lon"], picture.fixes["lat"])
    whole = _frame((x.min(), y.min(), x.max(), y.max()))
    seen = {stay.zone for stay in picture.stays}
    near = [
        plane.metres_of(zone.polygon)
        for zone in picture.site.zones
        if zone.id in seen and zone.role is not Role.APPROACH
    ]
    if not near:
        return [whole]
    detail = _frame(shapely.union_all(near).bounds)
    return [whole, detail] if detail.area * _ZOOM**2 < whole.area else [whole]


def _frame(bounds: tuple[float, float, float, float]) -> shapely.Polygon:
    west, south, east, north = bounds
    x, y = (west + east) / 2, (south + north) / 2
    half = max(east - west, north - south, _LEAST_M) * 0.58
    return shapely.box(x - half, y - half, x + half, y + half)


def driven_m(fixes: NDArray[np.void], epsg: int) -> float:
    """Return the length of the line through the fixes, metres; noise of standing included."""
    x, y = Projection(epsg).to_metres(fixes["lon"], fixes["lat"])
    return float(np.hypot(np.diff(x), np.diff(y)).sum())


def _map(
    axis: Axes,
    picture: TrackDay,
    frame: shapely.Polygon,
    colours: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> set[str]:
    """Draw the track over zones and roads, in kilometres east and north; return roles in sight.

    ``colours`` has one of each fix, shape [n, 4].
    """
    plane = Projection(picture.site.epsg)
    x, y = plane.to_metres(picture.fixes["lon"], picture.fixes["lat"])
    middle = (frame.centroid.x, frame.centroid.y)
    shown = _ground(axis, picture.site, plane, frame, middle)
    x, y = (x - middle[0]) / _KM, (y - middle[1]) / _KM
    points = np.c_[x, y]
    pieces = np.stack([points[:-1], points[1:]], axis=1)
    silent = np.diff(picture.fixes["at"]) > _SILENCE_S
    axis.add_collection(LineCollection(list(pieces[silent]), colors=style.QUIET, ls=":", lw=1.2))
    axis.add_collection(
        LineCollection(
            list(pieces[~silent]), colors=colours[1:][~silent], linewidths=2.0, capstyle="round"
        )
    )
    axis.scatter(x, y, c=colours, s=9, zorder=3)
    _ends(axis, picture, x, y)
    return shown


def _values(picture: TrackDay, colours: Colours) -> tuple[Column, str, str, tuple[float, float]]:
    """Return what colours the fixes, the scale's name and label, and its ends."""
    at = picture.fixes["at"]
    if colours == "speed":
        x, y = Projection(picture.site.epsg).to_metres(picture.fixes["lon"], picture.fixes["lat"])
        between = np.hypot(np.diff(x), np.diff(y)) / np.maximum(np.diff(at), 1.0)
        said = picture.fixes["speed_mps"]
        speed = np.where(np.isnan(said), np.r_[0.0, between], said) * 3.6
        return speed, style.SPEED_COLOURS, "speed (km/h)", (0.0, style.MOST_KMH)
    days = np.array([style.number(moment) for moment in at.tolist()])
    ends = (float(days.min()), float(days.max()))
    return days, style.TIME_COLOURS, "local time of the fix", ends


def _local_times(axis: Axes, picture: TrackDay) -> None:
    """Label a bar of colours with local hours."""
    at = picture.fixes["at"]
    ticks = np.linspace(float(at[0]), float(at[-1]), 6).tolist()
    zone = picture.site.timezone
    axis.set_yticks(
        [style.number(at) for at in ticks],
        [f"{datetime.fromtimestamp(at, zone):%H:%M}" for at in ticks],
    )


def _ground(
    axis: Axes, site: Site, plane: Projection, frame: shapely.Polygon, middle: tuple[float, float]
) -> set[str]:
    """Draw roads and zones within a frame (metres) around its middle; return the zones' roles."""
    west, south, east, north = frame.bounds
    roads = []
    for _, line in site.roads:
        inside = shapely.intersection(plane.metres_of(line), frame)
        roads += [shapely.get_coordinates(part) for part in shapely.get_parts(inside)]
    lines = [(line - middle) / _KM for line in roads if len(line) > 1]
    axis.add_collection(LineCollection(lines, colors="#9ca3af", linewidths=3, alpha=0.6))
    shown = set()
    for zone in site.zones:
        inside = shapely.intersection(plane.metres_of(zone.polygon), frame)
        outlines = [
            (shapely.get_coordinates(part.exterior) - middle) / _KM
            for part in shapely.get_parts(inside)
            if part.geom_type == "Polygon" and not part.is_empty
        ]
        if not outlines:
            continue
        shown.add(str(zone.role))
        colour = style.ROLE_COLOURS[zone.role]
        axis.add_collection(
            PolyCollection(outlines, facecolor=colour, alpha=0.18, edgecolor=colour, lw=1.0)
        )
        if np.ptp(np.concatenate(outlines)[:, 0]) * _KM < _NAMED_SHARE * (east - west):
            continue  # too small for its name; the strip below has it
        x, y = max(outlines, key=len).mean(axis=0).tolist()
        share = (x * _KM + middle[0] - west) / (east - west)
        towards = "left" if share < _EDGE else "right" if share > 1 - _EDGE else "center"
        axis.text(x, y, zone.name["en"], fontsize=7, color=style.TEXT, ha=towards, clip_on=True)
    axis.set_xlim((west - middle[0]) / _KM, (east - middle[0]) / _KM)
    axis.set_ylim((south - middle[1]) / _KM, (north - middle[1]) / _KM)
    axis.set_aspect("equal")
    axis.set_xlabel("kilometres east of the middle", color=style.TEXT)
    axis.set_ylabel("kilometres north", color=style.TEXT)
    return shown


def _ends(axis: Axes, picture: TrackDay, x: Column, y: Column) -> None:
    """Mark where the track begins and ends, with the local time."""
    for which, mark, word in ((0, "o", "first"), (-1, "s", "last")):
        moment = datetime.fromtimestamp(float(picture.fixes["at"][which]), picture.site.timezone)
        axis.plot(x[which], y[which], mark, ms=9, mfc="white", mec="black", zorder=4)
        axis.annotate(
            f"{word} {moment:%H:%M}",
            (x[which], y[which]),
            xytext=(8, 8 if which == 0 else -14),
            textcoords="offset points",
            fontsize=9,
            zorder=5,
            bbox={"boxstyle": "round,pad=0.2", "fc": "white", "ec": "none", "alpha": 0.8},
        )


def _strip(axis: Axes, picture: TrackDay, zones: Sequence[str]) -> None:
    """Draw when the truck was in which zone; hatched where it was first seen inside."""
    site, span = picture.site, picture.span
    rows = {zone: row for row, zone in enumerate(zones)}
    for stay in picture.stays:
        begin = style.number(max(stay.entered_at, span.since))
        end = style.number(min(stay.left_at or span.until, span.until))
        zone = site.zone_by_id.get(stay.zone)
        axis.barh(
            rows[stay.zone],
            end - begin,
            left=begin,
            height=0.7,
            color=style.QUIET if zone is None else style.ROLE_COLOURS[zone.role],
            hatch="///" if stay.seen_inside else None,
            edgecolor="white",
        )
    moments = [style.number(at) for at in picture.fixes["at"].tolist()]
    axis.plot(moments, [len(zones)] * len(moments), "|", color=style.TEXT, ms=6, lw=0)
    names = [site.zone_by_id[z].name["en"] if z in site.zone_by_id else z for z in zones]
    axis.set_yticks(range(len(zones) + 1), [*names, "fixes"])
    axis.set_ylim(len(zones) + 0.6, -0.6)
    style.time_axis(axis, site, span)
