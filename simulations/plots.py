"""Pictures of a comparison: queue and waiting over the day, with and without control."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import DateFormatter, HourLocator, date2num
from matplotlib.figure import Figure

from flowctl.site import Site

_STYLES = {  # label, colour, dashes, width; the dashed line lies on the wider one
    "metering": ("with flowctl", "#1d4ed8", "solid", 2.6),
    "none": ("without control", "#c2410c", (0, (4, 2)), 1.6),
}
_ROWS = {
    "queue": "exports in the gate's queue",
    "waiting": "exports waiting: yard, road, queue",
}
_TEXT = "#1f2937"
_GRID = "#d1d5db"
_CLOSED = "#eef0f3"
_SIZE_IN = (12.0, 7.2)
_DPI = 150
_HEADROOM = 1.18  # above the highest line, for the word that says when the gate is closed


def save_comparison(result: Mapping[str, Any], path: Path, *, site: Site) -> None:
    """Draw the result of `simulations.engine.compare` as a PNG.

    One column per gate; above the trucks in its queue, below all that wait for it. Time is local
    to the site, closed hours are shaded.
    """
    gates = list(result["policies"]["none"]["queue"])
    figure = Figure(figsize=_SIZE_IN, dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = np.atleast_2d(figure.subplots(len(_ROWS), len(gates), sharex=True, squeeze=False))
    moments = [datetime.fromtimestamp(at, UTC) for at in result["minutes"]]
    times = [_number(at) for at in moments]
    for row, measure in enumerate(_ROWS):
        for column, gate in enumerate(gates):
            axis = axes[row, column]
            highest = 1
            for policy, (label, colour, dashes, width) in _STYLES.items():
                series = result["policies"][policy][measure][gate]
                axis.plot(times, series, c=colour, ls=dashes, lw=width, label=label)
                highest = max(highest, *series)
            _shade_closed(axis, site, gate, moments)
            _dress(axis, site)
            axis.set_ylim(0, _HEADROOM * highest)
            if row == 0:
                axis.set_title(site.gate_by_id[gate].name["en"], color=_TEXT, fontweight="bold")
            if column == 0:
                axis.set_ylabel(_ROWS[measure], color=_TEXT)
            axis.set_xlim(times[0], times[-1])
    for axis in axes[-1]:
        axis.set_xlabel(f"local time, {site.timezone.key}", color=_TEXT)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2, frameon=False)
    figure.suptitle(_headline(result), x=0.01, ha="left", color=_TEXT, fontsize=13)
    figure.savefig(path)


def _headline(result: Mapping[str, Any]) -> str:
    waits = [result["policies"][policy]["gate_wait_mean_s"] for policy in ("none", "metering")]
    headline = f"{result['scenario']}, random numbers {result['seed']}"
    if any(wait is None for wait in waits):
        return headline
    before, after = (wait / 60 for wait in waits)
    return f"{headline}: mean wait at the gate {before:.0f} → {after:.0f} min"


def _shade_closed(axis: Axes, site: Site, gate: str, moments: list[datetime]) -> None:
    begin = moments[0]
    for opens, closes in site.gate_by_id[gate].opening.between(moments[0], moments[-1]):
        _shade(axis, begin, opens)
        begin = closes
    _shade(axis, begin, moments[-1])


def _shade(axis: Axes, begin: datetime, end: datetime) -> None:
    if begin < end:
        axis.axvspan(_number(begin), _number(end), color=_CLOSED, zorder=0)
        middle = begin + (end - begin) / 2
        axis.text(
            _number(middle),
            0.97,
            "closed",
            transform=axis.get_xaxis_transform(),
            ha="center",
            va="top",
            color="#6b7280",
            fontsize=9,
        )


def _number(at: datetime) -> float:
    """Return a moment as matplotlib counts it, in days."""
    return float(date2num(at))  # type: ignore[no-untyped-call] # matplotlib types no dates


def _dress(axis: Axes, site: Site) -> None:
    hours = HourLocator(byhour=range(0, 24, 2), tz=site.timezone)  # type: ignore[no-untyped-call]
    labels = DateFormatter("%H:%M", tz=site.timezone)  # type: ignore[no-untyped-call]
    axis.xaxis.set_major_locator(hours)
    axis.xaxis.set_major_formatter(labels)
    axis.grid(axis="y", color=_GRID, linewidth=0.6)
    axis.tick_params(colors=_TEXT, labelbottom=True)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
