"""A simulated run drawn: queues of each gate and trucks in yards over the day, with their bands."""

import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from threading import Lock
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from flowctl.errors import FlowctlError
from flowctl.pictures import style
from flowctl.pictures.style import Span
from flowctl.site import Site

Result = Mapping[str, Any]
Band = Mapping[str, Sequence[float]]
Words = Mapping[str, Any]

_alone = Lock()  # Matplotlib's settings, and what Python warns of, are the whole process's
_DASHES = ("-", "--", "-.", ":")
_FAINT = 0.18
_ROW_IN, _WIDTH_IN = 2.9, 11.0
_COLUMNS = 3
_MOST_TICKS = 6
_HEADROOM = 1.05  # above the highest curve
_LEGEND_COLUMNS = 2
_LEGEND_ROW_PT = 13.0


def write_svg(
    result: Result, site: Site, words: Words, language: str, *, headed: bool = True
) -> bytes:
    """Return the curves as SVG: its letters are text, shown by what letters its reader has."""
    with (
        _alone,
        mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "flowctl"}),
        warnings.catch_warnings(),
    ):
        # What DejaVu, by which the text is measured, has no sign for, others have.
        warnings.filterwarnings("ignore", "Glyph .* missing")
        drawn = draw(result, site, words, language, headed=headed)
        return _written(drawn, "svg", {"Date": None})


def write_png(
    result: Result, site: Site, words: Words, language: str, *, headed: bool = True
) -> bytes:
    """Return the curves as PNG.

    Raises
    ------
    FlowctlError
        They are asked for in Chinese, for which no letters ship.
    """
    refuse_chinese(language)
    with _alone:
        return _written(draw(result, site, words, language, headed=headed), "png", {})


def refuse_chinese(language: str) -> None:
    """Refuse to draw letters that no package of ours brings.

    Raises
    ------
    FlowctlError
        The language is Chinese.
    """
    if language == "zh":
        raise FlowctlError(
            "There is neither PNG nor PDF in Chinese; take HTML or SVG.", kind="no_chinese_letters"
        )


def draw(result: Result, site: Site, words: Words, language: str, *, headed: bool) -> Figure:
    """Return the figure: an axis for each gate, then one for all yards.

    Parameters
    ----------
    result
        As runs are kept: bands of ``gates`` and ``yards`` on ``grid``.
    words
        The catalogue's words of pages.
    headed
        Whether the figure says itself which day it is of, and what steered it how often.
    """
    gates, yards = result["gates"], result["yards"]
    panels = len(gates) + bool(yards)
    columns = min(_COLUMNS, panels)
    rows = -(-panels // columns)
    figure = style.new_figure(_WIDTH_IN, _ROW_IN * rows + (0.9 if headed else 0.4))
    if headed:
        style.title(figure, f"{result['name'][language]}\n{asked(result, words)}")
    axes = np.atleast_1d(figure.subplots(rows, columns, squeeze=False).ravel())
    grid = np.array([style.number(at) for at in result["grid"]])
    span = Span(*(datetime.fromtimestamp(result["grid"][k], UTC) for k in (0, -1)))
    said = words["planner"]
    for axis, (gate, row) in zip(axes, gates.items(), strict=False):
        name = gate_name(site, gate, language)
        _curve(axis, grid, row["waiting"], 1, words["run_report"]["waiting"])
        _curve(axis, grid, row["queue"], 0, words["run_report"]["queued"])
        _finish(axis, site, span, name)
        if gate in site.gate_by_id:
            style.shade_closed(axis, site, (gate,), span)
    if yards:
        axis = axes[len(gates)]
        for number, (yard, row) in enumerate(yards.items()):
            _curve(axis, grid, row["occupancy"], number, yard_name(site, yard, language))
        _finish(axis, site, span, words["run_report"]["yards"])
    for axis in axes[panels:]:
        axis.remove()
    style.caption(figure, f"{said['band_hint']} {words['run_report']['local_time']}")
    return figure


def asked(result: Result, words: Words) -> str:
    """Return the sentence of what steered a run, how often it was played and with which seed."""
    values = {
        "steering": steering_name(result["steering"], words),
        "n": result["replications"],
        "seed": result["seed"],
    }
    return str(words["run_report"]["asked"]).format(**values)


def steering_name(text: str, words: Words) -> str:
    """Return what steered a run, as planners call it: ``quota:0.95`` as "Even rate 95 %"."""
    rule, _, setting = text.partition(":")
    name: str = words["planner"][f"rule_{rule}"]
    return f"{name} {100 * float(setting):g} %" if rule == "quota" and setting else name


def gate_name(site: Site, gate: str, language: str) -> str:
    """Return what a gate is called; its id where the site has it no more."""
    known = site.gate_by_id.get(gate)
    return gate if known is None else known.name[language]


def yard_name(site: Site, yard: str, language: str) -> str:
    """Return what a yard is called; its id where the site has it no more."""
    known = site.yard_by_id.get(yard)
    return yard if known is None else known.name[language]


def _curve(axis: Axes, grid: Any, band: Band, number: int, label: str) -> None:  # noqa: ANN401 - a column of dates
    colour = style.LINE_COLOURS[number % len(style.LINE_COLOURS)]
    dash = _DASHES[number % len(_DASHES)]
    axis.fill_between(grid, band["low"], band["high"], color=colour, alpha=_FAINT, lw=0)
    axis.plot(grid, band["mean"], color=colour, ls=dash, lw=1.4, label=label)


def _finish(axis: Axes, site: Site, span: Span, name: str) -> None:
    style.time_axis(axis, site, span, labelled=False, most_ticks=_MOST_TICKS)
    axis.set_ylim(0.0, max(axis.dataLim.y1, 1.0) * _HEADROOM)
    # Above the axis and below its name: over curves a legend hides some of them.
    axis.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=_LEGEND_COLUMNS,
        frameon=False,
        fontsize=8,
        borderaxespad=0.1,
        borderpad=0.1,
    )
    rows = -(-len(axis.get_lines()) // _LEGEND_COLUMNS)
    pad = _LEGEND_ROW_PT * rows + 4.0
    axis.set_title(name, loc="left", color=style.TEXT, fontsize=11, pad=pad)


def _written(figure: Figure, form: str, metadata: Mapping[str, Any]) -> bytes:
    out = BytesIO()
    figure.savefig(out, format=form, metadata=dict(metadata))
    return out.getvalue()
