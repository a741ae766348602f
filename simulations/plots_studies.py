"""Pictures of studies: curves over a range with their intervals, and the tornado."""

from collections.abc import Sequence
from pathlib import Path

from flowctl.pictures import style
from simulations.report import scale_of
from simulations.studies.cells import Cell
from simulations.studies.search import Swing

_DASHES = ("-", "--", "-.", ":")
_MARKS = ("o", "s", "^", "D")
_MOST_BARS = 15


def save_curves(cells: Sequence[Sequence[Cell]], path: str, measure: str, file: Path) -> None:
    """Draw a measure over the values of one number, a curve with 95 % intervals for each rule."""
    scale, unit = scale_of(measure)
    figure = style.new_figure(8.0, 4.8)
    axis = figure.subplots()
    for number, of_rule in enumerate(cells):
        points = [
            (cell.settings[path], cell.interval(measure))
            for cell in of_rule
            if cell.interval(measure).mean is not None
        ]
        axis.errorbar(
            [at for at, _ in points],
            [(found.mean or 0.0) / scale for _, found in points],
            yerr=[(found.half_width or 0.0) / scale for _, found in points],
            color=style.LINE_COLOURS[number % len(style.LINE_COLOURS)],
            ls=_DASHES[number % len(_DASHES)],
            marker=_MARKS[number % len(_MARKS)],
            ms=4,
            capsize=3,
            label=of_rule[0].steering,
        )
    axis.set_xlabel(path, color=style.TEXT)
    axis.set_ylabel(measure + unit, color=style.TEXT)
    axis.set_ylim(bottom=0)
    axis.grid(color=style.GRID, linewidth=0.5)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    axis.legend(frameon=False)
    style.title(figure, f"{measure}{unit}, mean and 95 % interval")
    style.save(figure, file)


def save_tornado(swings: Sequence[Swing], measure: str, share: float, file: Path) -> None:
    """Draw how a measure changes with each number lowered and raised, the widest on top."""
    scale, unit = scale_of(measure)
    shown = [swing for swing in swings if swing.width > 0][:_MOST_BARS][::-1]
    figure = style.new_figure(9.0, 1.6 + 0.36 * max(len(shown), 1))
    axis = figure.subplots()
    for name, colour, height in (
        ("lowered", style.LINE_COLOURS[0], 0.2),
        ("raised", style.LINE_COLOURS[1], -0.2),
    ):
        found = [getattr(swing, name) for swing in shown]
        axis.barh(
            [k + height for k in range(len(shown))],
            [(each.mean or 0.0) / scale for each in found],
            xerr=[(each.half_width or 0.0) / scale for each in found],
            height=0.38,
            color=colour,
            hatch="" if name == "lowered" else "//",
            edgecolor="white",
            error_kw={"ecolor": style.TEXT, "capsize": 2, "lw": 1},
            label=f"{name} by {share:.0%}",
        )
    axis.set_yticks(range(len(shown)), [swing.path for swing in shown])
    axis.axvline(0, color=style.TEXT, lw=0.8)
    axis.set_xlabel(f"change of {measure}{unit}", color=style.TEXT)
    axis.grid(axis="x", color=style.GRID, linewidth=0.5)
    axis.set_axisbelow(True)
    axis.margins(y=0.01)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
    figure.legend(loc="outside lower right", ncols=2, frameon=False)
    style.title(figure, f"What moves {measure}: each number alone, 95 % intervals")
    style.save(figure, file)
