"""Pictures of a comparison: queue and waiting over the day, with and without control."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from flowctl.pictures import style
from flowctl.site import Site

_POLICIES = {  # label, colour, dashes, width; the dashed line lies on the wider one
    "metering": ("with flowctl", style.LINE_COLOURS[0], "solid", 2.6),
    "none": ("without control", style.LINE_COLOURS[1], (0, (4, 2)), 1.6),
}
_ROWS = {
    "queue": "exports in the gate's queue",
    "waiting": "exports waiting: yard, road, queue",
}
_HEADROOM = 1.08


def save_comparison(result: Mapping[str, Any], path: Path, *, site: Site) -> None:
    """Draw the result of `simulations.engine.compare` as a PNG.

    One column per gate; above the trucks in its queue, below all that wait for it. Time is local
    to the site, closed hours are shaded.
    """
    gates = list(result["policies"]["none"]["queue"])
    figure = style.new_figure(12.0, 7.2)
    axes = figure.subplots(len(_ROWS), len(gates), sharex=True, squeeze=False)
    moments = [datetime.fromtimestamp(at, UTC) for at in result["minutes"]]
    span = style.Span(moments[0], moments[-1])
    times = [style.number(at) for at in moments]
    shaded = False
    for row, measure in enumerate(_ROWS):
        for column, gate in enumerate(gates):
            axis = axes[row, column]
            highest = 1
            for policy, (_, colour, dashes, width) in _POLICIES.items():
                series = result["policies"][policy][measure][gate]
                axis.plot(times, series, c=colour, ls=dashes, lw=width)
                highest = max(highest, *series)
            shaded |= style.shade_closed(axis, site, [gate], span)
            style.time_axis(axis, site, span, labelled=row == len(_ROWS) - 1)
            axis.set_ylim(0, _HEADROOM * highest)
            if row == 0:
                name = site.gate_by_id[gate].name["en"]
                axis.set_title(name, color=style.TEXT, fontweight="bold")
            if column == 0:
                axis.set_ylabel(_ROWS[measure], color=style.TEXT)
    handles: list[Line2D | Patch] = [
        Line2D([], [], c=colour, ls=dashes, lw=width, label=label)
        for label, colour, dashes, width in _POLICIES.values()
    ]
    if shaded:
        handles.append(Patch(color=style.CLOSED, label="gate closed"))
    figure.legend(handles=handles, loc="outside upper right", ncols=3, frameon=False)
    style.title(figure, _headline(result))
    style.save(figure, path)


def _headline(result: Mapping[str, Any]) -> str:
    waits = [result["policies"][policy]["gate_wait_mean_s"] for policy in ("none", "metering")]
    headline = f"{result['scenario']}, random numbers {result['seed']}"
    if any(wait is None for wait in waits):
        return headline
    before, after = (wait / 60 for wait in waits)
    return f"{headline}: mean wait at the gate {before:.0f} → {after:.0f} min"
