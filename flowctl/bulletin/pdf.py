"""A bulletin on paper: A4, letters embedded (DejaVu Sans), its text can be marked and searched."""

import unicodedata
from datetime import UTC, datetime
from functools import lru_cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from fpdf import FPDF
from fpdf.fonts import FontFace

from flowctl.bulletin.document import Cell, Document, Table, cell_text
from flowctl.errors import FlowctlError

LANGUAGES = ("vi", "en")
"""DejaVu has no Chinese signs, and no package of ours brings letters that do."""

_FONT = "DejaVu"
_TITLE_PT, _HEAD_PT, _TEXT_PT = 15, 11, 8.5
_LINE_MM = 4.6
_GREY = (238, 242, 245)


@lru_cache(maxsize=1)
def _fonts() -> Path:
    """Return the folder of the fonts, which come with Matplotlib under their own licence."""
    found = find_spec("matplotlib")
    if found is None or not found.submodule_search_locations:
        raise FlowctlError("The fonts of the PDF are missing; install matplotlib.")
    return Path(found.submodule_search_locations[0]) / "mpl-data" / "fonts" / "ttf"


def write_pdf(document: Document, made_at: datetime, picture: bytes | None = None) -> bytes:
    """Return the bulletin as a PDF, with a PNG above its tables where one is given.

    Raises
    ------
    FlowctlError
        It is in a language that has no letters here.
    """
    if document.language not in LANGUAGES:
        raise FlowctlError("There is no PDF in Chinese; take HTML, CSV or XLSX.")
    pdf = FPDF(orientation="portrait", format="A4")
    pdf.set_creation_date(made_at.astimezone(UTC))
    language = document.language
    pdf.set_title(_printable(document.title))
    pdf.set_lang(document.language)
    pdf.add_font(_FONT, "", _fonts() / "DejaVuSans.ttf")
    pdf.add_font(_FONT, "B", _fonts() / "DejaVuSans-Bold.ttf")
    pdf.set_margin(12)
    pdf.add_page()
    _line(pdf, document.title, size=_TITLE_PT, style="B", height=8)
    for line in document.lines:
        _line(pdf, line)
    if document.summary.rows:
        pdf.ln(3)
        _table(pdf, _turned(document.summary, language), language)
    if picture is not None:
        pdf.ln(1)
        pdf.image(BytesIO(picture), w=pdf.epw)
    for table in document.tables:
        if table.rows:
            pdf.ln(4)
            _line(pdf, table.title, size=_HEAD_PT, style="B", height=6)
            _table(pdf, table, language)
    pdf.ln(3)
    for note in document.notes:
        _line(pdf, note)
    return bytes(pdf.output())


def _line(
    pdf: FPDF, text: str, *, size: float = _TEXT_PT, style: str = "", height: float = _LINE_MM
) -> None:
    pdf.set_font(_FONT, style, size)
    pdf.multi_cell(0, height, _printable(text), new_x="LMARGIN", new_y="NEXT")


def _turned(table: Table, language: str) -> Table:
    """Return the summary with a gate a column: there are few gates and many figures."""
    columns = list(zip(table.head, *table.rows, strict=True))
    return Table(
        table.key,
        table.title,
        table.sheet,
        tuple(_plain(one, language) for one in columns[0]),
        tuple(columns[1:]),
    )


def _table(pdf: FPDF, table: Table, language: str) -> None:
    pdf.set_font(_FONT, "", _TEXT_PT)
    with pdf.table(
        headings_style=FontFace(emphasis="BOLD", fill_color=_GREY),
        line_height=_LINE_MM + 0.6,
        text_align="LEFT",
        width=pdf.epw,
    ) as drawn:
        for cells in (table.head, *table.rows):
            row = drawn.row()
            for value in cells:
                row.cell(
                    _plain(value, language), align="LEFT" if isinstance(value, str) else "RIGHT"
                )


def _plain(value: Cell, language: str) -> str:
    return _printable(cell_text(value, language))


def _printable(text: str) -> str:
    """Return text in composed letters, for which the font has shapes; no signs that steer."""
    text = unicodedata.normalize("NFC", text)
    return "".join(sign if sign.isprintable() else " " for sign in text)
