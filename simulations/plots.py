"""Pictures of runs side by side: queue and waiting over the day, with what nine in ten days see."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from flowctl.pictures import style
from flowctl.site import Site

Result = Mapping[str, Any]
"""A run as `Run.as_json` says it."""

_DASHES = ("solid", (0, (4, 2)), (0, (6, 2, 1, 2)), (0, (1, 1.5)))
_WIDTHS = (1.6, 2.6, 2.0, 1.8)
_COLOURS = (style.LINE_COLOURS[1], style.LINE_COLOURS[0], *style.LINE_COLOURS[2:])
_ROWS = {
    "queue": "exports in the gate's queue",
    "waiting": "exports waiting: yard, road, queue",
}
_NAMES = {"none": "without control", "n_control": "with flowctl's metering"}
_HEADROOM = 1.08
_FAINT = 0.2


def save_comparison(results: Sequence[Result], path: Path, *, site: Site) -> None:
    """Draw runs of one scenario as a PNG.

    One column per gate; above the trucks in its queue, below all that wait for it: the mean over
    replications in the band that nine in ten lie in. Time is local to the site, closed hours are
    shaded.
    """
    first = results[0]
    gates = list(first["gates"])
    figure = style.new_figure(6.0 * max(len(gates), 2), 7.2)
    axes = figure.subplots(len(_ROWS), len(gates), sharex=True, squeeze=False)
    moments = [datetime.fromtimestamp(at, UTC) for at in first["grid"]]
    span = style.Span(moments[0], moments[-1])
    times = [style.number(at) for at in moments]
    shaded = False
    for row, measure in enumerate(_ROWS):
        for column, gate in enumerate(gates):
            axis = axes[row, column]
            highest = max(
                _draw(axis, times, result["gates"][gate][measure], number)
                for number, result in enumerate(results)
            )
            shaded |= style.shade_closed(axis, site, [gate], span)
            style.time_axis(axis, site, span, labelled=row == len(_ROWS) - 1)
            axis.set_ylim(0, _HEADROOM * max(highest, 1.0))
            if row == 0:
                name = site.gate_by_id[gate].name["en"]
                axis.set_title(name, color=style.TEXT, fontweight="bold")
            if column == 0:
                axis.set_ylabel(_ROWS[measure], color=style.TEXT)
    handles: list[Line2D | Patch] = [
        Line2D([], [], c=_COLOURS[k], ls=_DASHES[k], lw=_WIDTHS[k], label=policy_name(result))
        for k, result in enumerate(results)
    ]
    if first["replications"] > 1:
        handles.append(Patch(color=_COLOURS[0], alpha=2 * _FAINT, label="9 of 10 replications"))
    if shaded:
        handles.append(Patch(color=style.CLOSED, label="gate closed"))
    figure.legend(handles=handles, loc="outside lower right", ncols=len(handles), frameon=False)
    style.title(figure, _headline(results))
    style.save(figure, path)


def policy_name(result: Result) -> str:
    """Return what steered a run, in words where it is one of the two usual."""
    return _NAMES.get(result["steering"], str(result["steering"]))


def _draw(axis: Axes, times: Sequence[float], band: Mapping[str, Any], number: int) -> float:
    """Draw a band with its mean; returns the highest of it."""
    colour = _COLOURS[number]
    axis.fill_between(times, band["low"], band["high"], color=colour, alpha=_FAINT, lw=0)
    axis.plot(times, band["mean"], c=colour, ls=_DASHES[number], lw=_WIDTHS[number])
    return float(max(*band["mean"], *band["high"]))


def _headline(results: Sequence[Result]) -> str:
    first = results[0]
    many = first["replications"] > 1
    said = f"{first['replications']} replications from seed" if many else "random numbers"
    headline = f"{first['scenario']}, {said} {first['seed']}"
    waits = [result["measures"]["gate_wait_mean_s"]["mean"] for result in results]
    if any(wait is None for wait in waits):
        return headline
    return f"{headline}: mean wait at the gate {' → '.join(f'{w / 60:.0f}' for w in waits)} min"
