"""A table that somebody made in a spreadsheet: CSV or XLSX into rows of cells, with limits. Pure.

Nothing is evaluated: a formula comes out as `Formula`, for its reader to refuse. An XLSX file is
looked at before it is unpacked, so that a small one cannot become a large one.
"""

import codecs
import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from typing import Any, TypeAlias

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from flowctl.errors import FlowctlError

MOST_ROWS = 2000
MOST_COLUMNS = 64
MOST_BYTES = 5_000_000
_MOST_UNPACKED = 40_000_000
_MOST_PARTS = 300
_LONGEST_CELL = 2000
_ZIP = b"PK\x03\x04"
_OTHERS = (
    (b"%PDF", "PDF"),
    (b"\xd0\xcf\x11\xe0", "XLS"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"{\\rtf", "RTF"),
    (b"<", "HTML"),
)
"""How files begin that people take for a table; a page is what some systems call an XLS file."""
_BOOK = "xl/workbook.xml"
_OTHER_BOOKS = (
    ("xl/workbook.bin", "XLSB"),
    ("word/document.xml", "DOCX"),
    ("ppt/presentation.xml", "PPTX"),
    ("content.xml", "ODS"),
)
_REPLACED = "\ufffd"
"""What stands where a program could not read a letter, which is lost then."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Formula:
    """A cell that would have to be worked out."""

    text: str


Cell: TypeAlias = str | int | float | bool | datetime | date | time | Formula | None


@dataclass(frozen=True, slots=True)
class Row:
    """A row as the spreadsheet numbers it, from 1, without empty cells behind the last full one."""

    number: int
    cells: tuple[Cell, ...]


def read_table(content: bytes) -> list[Row]:
    """Return the rows of a file that are not empty, the heading first; of XLSX, the first sheet.

    CSV is UTF-8, or UTF-16 with its mark; commas, semicolons or tabs part its cells.

    Raises
    ------
    FlowctlError
        It is empty, too large, in another form or another encoding, or damaged.
    """
    if len(content) > MOST_BYTES:
        raise FlowctlError(
            f"The file is larger than {MOST_BYTES // 1_000_000} MB; send it in parts.",
            kind="table_large",
            values={"most_mb": MOST_BYTES // 1_000_000},
        )
    rows = [row for row in _rows(content) if row.cells]
    if not rows:
        raise FlowctlError("The file is empty.", kind="table_empty")
    if len(rows) > MOST_ROWS + 1:
        raise FlowctlError(
            f"The file has more than {MOST_ROWS} rows; send it in parts.",
            kind="table_rows",
            values={"most": MOST_ROWS},
        )
    return rows


def _rows(content: bytes) -> list[Row]:
    for begins, form in _OTHERS:
        if content[:64].lstrip().startswith(begins):
            raise _other_form(form)
    read = _xlsx_rows(content) if content.startswith(_ZIP) else _csv_rows(content)
    # One more than there may be, the heading, and as many that are empty.
    return list(islice(read, 2 * MOST_ROWS + 2))


def _csv_rows(content: bytes) -> Iterator[Row]:
    text = _decoded(content)
    first = text.partition("\n")[0]
    separator, number = max(_SEPARATORS, key=first.count), 1
    if first.strip().lower().startswith("sep=") and len(first.strip()) == len("sep=") + 1:
        separator = first.strip()[-1]
        text, number = text.partition("\n")[2], 2
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for row, cells in enumerate(reader, start=number):
            yield Row(row, _trimmed([_csv_cell(cell) for cell in cells]))
    except csv.Error as error:
        raise FlowctlError(
            f"Line {reader.line_num} of the file is no CSV: {error}.",
            kind="table_line",
            values={"row": reader.line_num},
        ) from error


def _decoded(content: bytes) -> str:
    """Return a CSV file as text.

    Excel writes UTF-8 with its mark and UTF-16; what has neither and is no UTF-8 could be anything.
    """
    encoding = "utf-8"
    for mark, named in _MARKS:
        if content.startswith(mark):
            content, encoding = content[len(mark) :], named
            break
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        if b"\x00" in content:
            raise _unreadable() from error
        raise FlowctlError(
            "The CSV is not in UTF-8, so its letters cannot be told; save it as 'CSV UTF-8', or as"
            " XLSX.",
            kind="table_encoding",
        ) from error
    if "\x00" in text:
        raise _unreadable()
    before, lost, _ = text.partition(_REPLACED)
    if lost:
        row = before.count("\n") + 1
        raise FlowctlError(
            f"Letters are lost in line {row} of the CSV ({_REPLACED}): it was saved in another"
            " encoding once; save the first file anew as 'CSV UTF-8', or as XLSX.",
            kind="table_letters",
            values={"row": row},
        )
    return text


def _csv_cell(text: str) -> Cell:
    cell = text.strip()
    if cell.startswith(("=", "＝")):
        return Formula(cell[:_LONGEST_CELL])
    # What we and others write so that no spreadsheet takes it for a formula.
    return cell[1:] if cell.startswith(("'=", "'+", "'-", "'@")) else cell


def _xlsx_rows(content: bytes) -> Iterator[Row]:
    _look_inside(content)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        rows = sheet.iter_rows(max_col=MOST_COLUMNS + 1)
        for number, cells in enumerate(rows, start=1):
            yield Row(number, _trimmed([_xlsx_cell(cell) for cell in cells]))
    except (
        *(InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, IndexError),
        *(TypeError, AttributeError, SyntaxError, EOFError),
    ) as error:
        # What openpyxl raises for a book that is damaged is whatever it stumbles over.
        raise _unreadable() from error


def _look_inside(content: bytes) -> None:
    """Refuse a book that would unpack to too much, or declares entities of XML."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            parts = book.infolist()
            unpacked = sum(part.file_size for part in parts)
            if len(parts) > _MOST_PARTS or unpacked > _MOST_UNPACKED:
                raise FlowctlError(
                    f"The file would unpack to more than {_MOST_UNPACKED // 1_000_000} MB; save the"
                    " table alone in a new one.",
                    kind="table_unpacked",
                    values={"most_mb": _MOST_UNPACKED // 1_000_000},
                )
            named = {part.filename for part in parts}
            if named and _BOOK not in named:
                raise _other_form(next((form for one, form in _OTHER_BOOKS if one in named), "ZIP"))
            # A reader stops at the size a part states, and its checksum fails where that is false.
            for part in parts:
                plain = book.read(part).replace(b"\x00", b"")
                if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
                    raise _unreadable()
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
        raise _unreadable() from error


def _xlsx_cell(cell: Any) -> Cell:  # noqa: ANN401 - openpyxl has no types
    value = cell.value
    if getattr(cell, "data_type", None) == "f":
        return Formula(str(value)[:_LONGEST_CELL])
    if isinstance(value, str):
        return _csv_cell(value)
    known: Cell = value if isinstance(value, int | float | datetime | date | time) else None
    return known


def _trimmed(cells: list[Cell]) -> tuple[Cell, ...]:
    while cells and cells[-1] in {None, ""}:
        cells.pop()
    if len(cells) > MOST_COLUMNS:
        raise FlowctlError(
            f"The file has more than {MOST_COLUMNS} columns.",
            kind="table_columns",
            values={"most": MOST_COLUMNS},
        )
    return tuple(cells)


def _other_form(form: str) -> FlowctlError:
    return FlowctlError(
        f"This is a file of the kind {form}, not a table; save the table as XLSX, or as CSV in"
        " UTF-8.",
        kind="table_form",
        values={"form": form},
    )


def _unreadable() -> FlowctlError:
    return FlowctlError(
        "The file cannot be read: save it as XLSX, or as CSV in UTF-8.", kind="table_unreadable"
    )
