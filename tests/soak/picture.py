"""A soak as a picture: memory, what waits, and the largest tables over its time."""

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

from matplotlib.axes import Axes
from soak.gauges import Reading
from soak.mishaps import Mishaps

from flowctl.pictures import style

_TABLES = 6
_MB = 1024**2


def draw(readings: Sequence[Reading], mishaps: Mishaps, path: Path) -> None:
    """Draw what was read, with the spans in which something was wrong shaded."""
    figure = style.new_figure(11.0, 9.0)
    memory, behind, tables = figure.subplots(3, 1, sharex=True)
    began = readings[0].at
    full = [one for one in readings if one.tables]
    _lines(
        memory,
        readings,
        {
            name: [one.memory_mb.get(name, float("nan")) for one in readings]
            for name in sorted(readings[-1].memory_mb)
        },
        began,
    )
    memory.set_ylabel("memory, MB", color=style.TEXT)
    _lines(
        behind,
        full,
        {
            "messages that wait": [one.messages or 0 for one in full],
            "entries in the streams": [one.stream_entries or 0 for one in full],
            "partitions behind": [one.partitions or 0 for one in full],
            "connections": [sum(one.connections.values()) for one in full],
        },
        began,
    )
    behind.set_ylabel("how many", color=style.TEXT)
    behind.set_yscale("symlog")
    largest = sorted(full[-1].tables.items(), key=lambda one: -one[1])[:_TABLES]
    _lines(
        tables,
        full,
        {name: [one.tables.get(name, 0) / _MB for one in full] for name, _ in largest},
        began,
    )
    tables.set_ylabel("tables with indexes, MB", color=style.TEXT)
    tables.set_xlabel("minutes", color=style.TEXT)
    for axis in (memory, behind, tables):
        for since, until, _ in mishaps.spans:
            axis.axvspan(
                (since - began) / 60, (until - began) / 60, color=style.CLOSED, zorder=0, lw=0
            )
        axis.grid(axis="both", color=style.GRID, linewidth=0.5)
        axis.legend(loc="upper left", fontsize=7, frameon=False, ncols=3)
    style.title(figure, "A soak: shaded is where something was made to go wrong")
    style.save(figure, path)


def _lines(
    axis: Axes, readings: Sequence[Reading], of: dict[str, list[float]], began: float
) -> None:
    minutes = [(one.at - began) / 60 for one in readings]
    looks = cycle((colour, dashes) for dashes in ("-", "--") for colour in style.LINE_COLOURS)
    for (name, values), (colour, dashes) in zip(of.items(), looks, strict=False):
        axis.plot(minutes, values, color=colour, linestyle=dashes, linewidth=1.2, label=name)
