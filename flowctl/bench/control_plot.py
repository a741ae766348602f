"""A picture of ``flowctl bench control``: the gate's queue over the day under each rule."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from flowctl.bench.control import GRID_MIN, LABELS, Figures
from flowctl.bench.control_model import PRODUCTION, SCENARIOS
from flowctl.pictures import style

_TITLES = {
    "nominal": "a plain day",
    "surge": "30 % more trucks for three hours",
    "lane_loss": "5 of 14 places lost for two hours",
    "closure": "closed for two hours, unannounced",
}
_DRAWN = {  # rule: colour, dashes, width
    "none": (style.LINE_COLOURS[1], "solid", 1.8),
    "quota_100": (style.LINE_COLOURS[4], (0, (4, 2)), 1.4),
    "pi_alinea": (style.LINE_COLOURS[3], (0, (1, 1)), 1.4),
    "pi_transit": (style.LINE_COLOURS[2], (0, (4, 1, 1, 1)), 1.4),
    PRODUCTION: (style.LINE_COLOURS[0], "solid", 2.2),
}
_HOURS = 30.0
_LEAST, _HEADROOM = 1.0, 1.6


def save_queues(figures: Figures, path: Path) -> None:
    """Draw the mean queue at the gate, one panel a scenario, as a PNG.

    The number of trucks is on a logarithmic axis: the rules differ by factors.
    """
    figure = style.new_figure(11.0, 7.6)
    axes = figure.subplots(2, 2, sharex=True, sharey=True).ravel()
    highest = max(max(queue) for rules in figures.queues.values() for queue in rules.values())
    for axis, (name, rules) in zip(axes, figures.queues.items(), strict=True):
        _panel(axis, name, rules)
        axis.set_ylim(_LEAST, max(_HEADROOM * highest, 2.0 * _LEAST))
        found = figures.scenarios[name]
        axis.set_title(
            f"{_TITLES.get(name, name)}: wait at the gate {-found.gate_wait_cut:+.0%},"
            f" in all {found.total_delay_change:+.1%}",
            color=style.TEXT,
            fontsize=10,
        )
    for axis in axes[::2]:
        axis.set_ylabel("trucks in the gate's queue", color=style.TEXT)
    for axis in axes[2:]:
        axis.set_xlabel("hour of the day", color=style.TEXT)
    handles = [
        Line2D([], [], c=colour, ls=dashes, lw=width, label=LABELS[rule])
        for rule, (colour, dashes, width) in _DRAWN.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    style.title(figure, f"Queue at the gate, mean of {figures.replications} days")
    style.save(figure, path)


def _panel(axis: Axes, name: str, rules: dict[str, list[float]]) -> None:
    change = SCENARIOS[name]
    if change.until_h > change.from_h:
        axis.axvspan(change.from_h, change.until_h, color=style.CLOSED, zorder=0, lw=0)
    for rule, (colour, dashes, width) in _DRAWN.items():
        queue = rules[rule]
        hours = [number * GRID_MIN / 60.0 for number in range(len(queue))]
        drawn = [max(trucks, _LEAST) for trucks in queue]
        axis.plot(hours, drawn, c=colour, ls=dashes, lw=width)
    axis.set_yscale("log")
    axis.set_xlim(0.0, _HOURS)
    axis.set_xticks(range(0, int(_HOURS) + 1, 6))
    axis.grid(axis="both", color=style.GRID, linewidth=0.5)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
