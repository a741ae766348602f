"""Tables of studies, for a terminal."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from simulations.report import change_text, scale_of, value_text
from simulations.studies.cells import Cell
from simulations.studies.search import Found, Search, Swing


def cells_table(cells: Sequence[Sequence[Cell]], measure: str) -> Table:
    """Return a sweep: a row for each variant, a column for each rule and its change to the first.

    ``cells`` are by rule, then by variant.
    """
    scale, unit = scale_of(measure)
    first = cells[0]
    table = Table(title=f"{measure}{unit}, {_days(first[0])}")
    table.add_column("variant")
    for number, of_rule in enumerate(cells):
        table.add_column(escape(of_rule[0].steering), justify="right")
        if number:
            table.add_column("change", justify="right")
    for row, cell in enumerate(first):
        texts = [value_text(cell.interval(measure), scale)]
        for of_rule in cells[1:]:
            texts.append(value_text(of_rule[row].interval(measure), scale))
            texts.append(
                change_text(of_rule[row].change(measure, cell), scale, cell.values(measure))
            )
        table.add_row(escape(cell.label), *texts)
    return table


def library_table(rows: Sequence[tuple[str, Sequence[Cell]]], measure: str, gate: str) -> Table:
    """Return what each disruption does to each rule; the first row is the day without any."""
    scale, unit = scale_of(measure)
    usual = rows[0][1]
    table = Table(title=f"{measure}{unit}, {_days(usual[0])}; disruptions at {gate}")
    table.add_column("disruption")
    for cell in usual:
        table.add_column(escape(cell.steering), justify="right")
        table.add_column("change", justify="right")
    for text, cells in rows:
        texts = []
        for cell, before in zip(cells, usual, strict=True):
            texts.append(value_text(cell.interval(measure), scale))
            same = cell is before
            change = change_text(cell.change(measure, before), scale, before.values(measure))
            texts.append("" if same else change)
        table.add_row(text, *texts)
    return table


def tornado_table(swings: Sequence[Swing], measure: str, share: float, steering: str) -> Table:
    """Return a sensitivity, the widest swing first."""
    scale, unit = scale_of(measure)
    table = Table(title=f"change of {measure}{unit} under {escape(steering)}")
    for heading in ("number", f"-{share:.0%}", "change", f"+{share:.0%}", "change"):
        table.add_column(heading, justify="left" if heading == "number" else "right")
    for swing in swings:
        table.add_row(
            escape(swing.path),
            f"{swing.low:g}",
            change_text(swing.lowered, scale, ()),
            f"{swing.high:g}",
            change_text(swing.raised, scale, ()),
        )
    return table


def search_table(wanted: Search, found: Found, steering: str) -> Table:
    """Return every value a search tried, with the one it found marked."""
    scale, unit = scale_of(wanted.measure)
    limit = "" if wanted.most is None else f" <= {wanted.most / scale:g}"
    table = Table(title=f"{wanted.measure}{unit}{limit} under {escape(steering)}")
    table.add_column(escape(wanted.path), justify="right")
    table.add_column(wanted.measure, justify="right")
    table.add_column("")
    for value, cell in found.tried:
        mark = "found" if value == found.value else ""
        table.add_row(f"{value:g}", value_text(cell.interval(wanted.measure), scale), mark)
    return table


def _days(cell: Cell) -> str:
    count = len(next(iter(cell.each.values())))
    return f"{count} replications" if count > 1 else "one replication"
