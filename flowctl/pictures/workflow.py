"""A variant's stages as boxes in columns, each right of all it needs; a colour for each desk."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch

from flowctl.pictures import style
from flowctl.pictures.simulation_curves import refuse_chinese
from flowctl.workflow.stages import Desk, Stage, Variant

DESK_COLOURS: Mapping[Desk | None, str] = {
    Desk.CUSTOMS: "#0072b2",
    Desk.BORDER_GUARD: "#009e73",
    Desk.PLANT_QUARANTINE: "#e69f00",
    Desk.HEALTH_QUARANTINE: "#cc79a7",
    Desk.TAX: "#d55e00",
    Desk.YARD: "#56b4e9",
    Desk.HAULIER: "#f0e442",
    None: style.GRID,
}
"""Of Okabe and Ito's palette, see `flowctl.pictures.style`; grey is confirmed by no desk."""
_WIDE, _HIGH = 2.1, 0.8  # inches of a box …
_ACROSS, _DOWN = 2.6, 1.1  # … and from one to the next
_LETTERS = 20
_MARGIN_IN = 1.2


def save_workflow(
    variant: Variant, path: Path, *, heading: str, language: str, words: Mapping[str, str]
) -> None:
    """Write a variant's stages as SVG or PNG, by what the path ends in.

    ``words`` names the desks, and ``nobody``: what happens by itself.

    Raises
    ------
    FlowctlError
        The language is Chinese, or the file cannot be written.
    """
    refuse_chinese(language)
    places = place_stages(variant.stages)
    columns = max(column for column, _ in places.values()) + 1
    columns_of = [column for column, _ in places.values()]
    rows = max(columns_of.count(column) for column in columns_of)
    figure = style.new_figure(columns * _ACROSS + _MARGIN_IN, rows * _DOWN + _MARGIN_IN)
    axis = figure.subplots()
    axis.set_xlim(-_ACROSS / 2, (columns - 0.5) * _ACROSS)
    axis.set_ylim(-(rows - 0.5) * _DOWN, _DOWN / 2)
    axis.set_axis_off()
    for stage in variant.stages:
        _arrows(axis, stage, places, variant.stages)
    for stage in variant.stages:
        _box(axis, stage, places[stage.id], language)
    there = [desk for desk in DESK_COLOURS if any(one.desk is desk for one in variant.stages)]
    figure.legend(
        handles=[
            Patch(color=DESK_COLOURS[desk], label=words["nobody" if desk is None else desk])
            for desk in there
        ],
        loc="outside lower left",
        ncols=len(there),
        frameon=False,
        labelcolor=style.TEXT,
    )
    style.title(figure, heading)
    style.save(figure, path)


def place_stages(stages: Sequence[Stage]) -> dict[str, tuple[int, float]]:
    """Return each stage's column and row, by id: a column right of all it needs, in file order.

    The rows of every column lie around the same middle.
    """
    there = {stage.id for stage in stages}
    columns: dict[str, int] = {}
    while len(columns) < len(stages):
        for stage in stages:
            needs = [need for need in stage.needs if need in there]
            if stage.id not in columns and all(need in columns for need in needs):
                columns[stage.id] = max((columns[need] + 1 for need in needs), default=0)
    rows: dict[int, int] = {}
    places = {}
    for stage in stages:
        column = columns[stage.id]
        places[stage.id] = (column, rows.get(column, 0))
        rows[column] = rows.get(column, 0) + 1
    most = max(rows.values(), default=0)
    return {id_: (x, y + (most - rows[x]) / 2) for id_, (x, y) in places.items()}


def direct_needs(stage: Stage, stages: Sequence[Stage]) -> list[str]:
    """Return the needs that no other need of the stage needs already: the arrows that say all."""
    by_id = {one.id: one for one in stages}
    mine = [need for need in stage.needs if need in by_id]
    behind: set[str] = set()
    todo = list(mine)
    while todo:
        further = [need for need in by_id[todo.pop()].needs if need in by_id]
        todo += [need for need in further if need not in behind]
        behind.update(further)
    return [need for need in mine if need not in behind]


def _arrows(
    axis: Axes, stage: Stage, places: Mapping[str, tuple[int, float]], stages: Sequence[Stage]
) -> None:
    column, row = places[stage.id]
    for need in direct_needs(stage, stages):
        from_column, from_row = places[need]
        begin = (from_column * _ACROSS + _WIDE / 2, -from_row * _DOWN)
        end = (column * _ACROSS - _WIDE / 2, -row * _DOWN)
        axis.add_patch(
            FancyArrowPatch(
                begin,
                end,
                connectionstyle="arc3,rad=0",
                arrowstyle="-|>",
                mutation_scale=11,
                color=style.QUIET,
                linewidth=0.9,
                shrinkA=0,
                shrinkB=0,
                zorder=1,
            )
        )


def _box(axis: Axes, stage: Stage, place: tuple[int, float], language: str) -> None:
    x, y = place[0] * _ACROSS, -place[1] * _DOWN
    colour = DESK_COLOURS[stage.desk]
    axis.add_patch(
        FancyBboxPatch(
            (x - _WIDE / 2, y - _HIGH / 2),
            _WIDE,
            _HIGH,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor="white",
            edgecolor=colour,
            linewidth=2.5,
            linestyle="--" if stage.applies.keys() - {"direction", "handover"} else "-",
            zorder=2,
        )
    )
    marks = " ".join(f"→ {lock}" for lock in stage.unlocks)
    name = fill(stage.name[language], _LETTERS)
    axis.text(x, y + (0.1 if marks else 0), name, ha="center", va="center", fontsize=11,
              color=style.TEXT, zorder=3)  # fmt: skip
    if marks:
        axis.text(x, y - 0.28, marks, ha="center", va="center", fontsize=9, color=style.QUIET,
                  zorder=3)  # fmt: skip
