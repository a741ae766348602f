"""CSV that a spreadsheet opens as what it says: text stays text, numbers stay numbers."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, TypeAlias

Cell: TypeAlias = str | int | float | bool | datetime | None

# What makes a spreadsheet read a cell as a formula: OWASP's list for CSV injection, with the line
# feed and the full-width forms that spreadsheets set to Chinese or Japanese take for the same.
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Excel reads a CSV file as UTF-8 only with this mark; without it Vietnamese letters fall apart.
EXCEL_MARK: Final = "\ufeff"


def defused(text: str) -> str:
    """Text that no spreadsheet takes for a formula: a leading apostrophe where it would.

    >>> defused("=HYPERLINK(A1)"), defused("12C-345.67")
    ("'=HYPERLINK(A1)", '12C-345.67')
    """
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def csv_text(
    header: Sequence[str], rows: Iterable[Sequence[Cell]], *, for_excel: bool = False
) -> str:
    r"""One table as CSV (RFC 4180: commas, CRLF, quotes doubled).

    Parameters
    ----------
    header
        Names of the columns.
    rows
        The cells. Texts are defused; numbers stay as they are, also negative ones; moments are
        written in ISO 8601, truths as ``true`` and ``false``; None is an empty cell.
    for_excel
        Begin with the byte order mark without which Excel does not read UTF-8. Not for programs.

    >>> csv_text(["gate", "waiting"], [["=1+1", -3], ["Cốc Nam", None]])
    "gate,waiting\r\n'=1+1,-3\r\nCốc Nam,\r\n"
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_written(name) for name in header])
    for row in rows:
        writer.writerow([_written(cell) for cell in row])
    return (EXCEL_MARK if for_excel else "") + out.getvalue()


def _written(cell: Cell) -> str | int | float | None:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return cell.isoformat()
    return defused(cell) if isinstance(cell, str) else cell
