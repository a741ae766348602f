"""A bulletin for spreadsheets: one CSV, or a workbook with a sheet a gate."""

import io
import re
from datetime import UTC, datetime

import xlsxwriter

from flowctl.bulletin.document import Document, Table
from flowctl.csv_text import csv_text, defused

_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")
_LONGEST_NAME = 31
"""What Excel takes for the name of a sheet."""
_WIDEST = 46


def write_csv(document: Document) -> str:
    """Return the summary, with a byte order mark: Excel shows Vietnamese letters only with it."""
    return csv_text(document.summary.head, document.summary.rows, for_excel=True)


def write_xlsx(document: Document, made_at: datetime) -> bytes:
    """Return a workbook: the summary, what happened, and a sheet of each gate.

    Numbers are numbers; no text is a formula.
    """
    out = io.BytesIO()
    safe = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(out, safe)
    # The same bulletin is the same file whenever it is asked for.
    book.set_properties({"title": document.title, "created": made_at.astimezone(UTC)})
    names: set[str] = set()
    said = [document.title, *document.lines, *document.notes]
    add_sheet(book, names, said, document.summary)
    for table in (*document.gates.values(), *document.tables):
        add_sheet(book, names, [], table)
    book.close()
    return out.getvalue()


def add_sheet(
    book: xlsxwriter.Workbook,
    names: set[str],
    lines: list[str],
    table: Table,
) -> None:
    """Add a sheet with lines of text and a table; ``names`` are the sheets' names so far."""
    sheet = book.add_worksheet(_named(table.sheet, names))
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "border": 1})
    row = 0
    for line in lines:
        sheet.write_string(row, 0, defused(line))
        row += 1
    row += bool(lines)
    widths = [len(head) / 2 for head in table.head]
    for column, head in enumerate(table.head):
        sheet.write_string(row, column, defused(head), bold)
    for cells in table.rows:
        row += 1
        for column, value in enumerate(cells):
            if value is None:
                continue
            if isinstance(value, str):
                sheet.write_string(row, column, defused(value))
            else:
                sheet.write_number(row, column, value)
            widths[column] = max(widths[column], len(str(value)))
    for column, width in enumerate(widths):
        sheet.set_column(column, column, min(max(width + 2, 9), _WIDEST))


def _named(name: str, taken: set[str]) -> str:
    """Return a name that Excel takes, and that no other sheet has."""
    plain = _FORBIDDEN.sub(" ", defused(name)).strip("' ")[:_LONGEST_NAME] or "–"
    found, number = plain, 1
    while found.casefold() in taken:
        number += 1
        found = f"{plain[: _LONGEST_NAME - 4]} {number}"
    taken.add(found.casefold())
    return found
