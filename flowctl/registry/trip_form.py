"""The form of a table of trips, to be filled in elsewhere: CSV, or XLSX with its choices. Pure."""

import io
from collections.abc import Mapping

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from flowctl.csv_text import csv_text
from flowctl.registry.table_file import MOST_ROWS
from flowctl.registry.trip_rows import COLUMNS, NEEDED, Choices, Names

_AS_TEXT = frozenset(
    {"plate", "trailer", "phone", "licence", "goods_code", "declaration", "pair_plate", "device"}
)
"""Columns whose digits are no numbers: a spreadsheet would take their zeros away."""
_FORMATS = {"ready_at": "dd/mm/yyyy hh:mm", "licence_until": "dd/mm/yyyy"}
_SHEET, _LISTS = "flowctl", "choices"
_WIDTH = 18


def form_csv(labels: Mapping[str, Names], language: str) -> str:
    """Return the form as CSV: its heading, as spreadsheets open it."""
    return csv_text(_heading(labels, language), [], for_excel=True)


def form_xlsx(labels: Mapping[str, Names], choices: Choices, language: str) -> bytes:
    """Return the form as XLSX: choices are lists, digits that are no numbers stay text."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet, lists = book.add_worksheet(_SHEET), book.add_worksheet(_LISTS)
        bold = book.add_format({"bold": True})
        sheet.freeze_panes(1, 1)
        for column, text in enumerate(_heading(labels, language)):
            field = COLUMNS[column]
            shown = "@" if field in _AS_TEXT else _FORMATS.get(field, "General")
            sheet.set_column(column, column, _WIDTH, book.add_format({"num_format": shown}))
            sheet.write_string(0, column, text, bold)
        offered = [field for field in COLUMNS if choices.of.get(field)]
        for place, field in enumerate(offered):
            names = [names.get(language, code) for code, names in choices.of[field].items()]
            lists.write_column(0, place, names)
            letter = xl_col_to_name(place)
            column = COLUMNS.index(field)
            rule = {
                "validate": "list",
                "source": f"={_LISTS}!${letter}$1:${letter}${len(names)}",
                # Of gates there may be several, parted by semicolons.
                "error_type": "warning" if field == "gates" else "stop",
            }
            sheet.data_validation(1, column, MOST_ROWS, column, rule)
        lists.hide()
    return out.getvalue()


def _heading(labels: Mapping[str, Names], language: str) -> list[str]:
    return [labels[field][language] + ("*" if field in NEEDED else "") for field in COLUMNS]
