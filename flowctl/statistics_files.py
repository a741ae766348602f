"""Reports as files: CSV and a workbook in a reader's words, Parquet with codes for programs."""

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import xlsxwriter

from flowctl.bulletin.document import Cell, Table
from flowctl.bulletin.sheets import add_sheet
from flowctl.csv_text import csv_text
from flowctl.statistics import Measure, Row

Words = Mapping[str, Mapping[str, Any]]
"""The ``page`` part of a language's catalogue."""
FORMS: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
_COLUMNS = (
    *("period", "measure", "gate", "direction", "cargo", "desk", "of"),
    *("n", "mean", "p50", "p90", "sum"),
)


def write_report(
    rows: Sequence[Row], form: str, page: Words, names: Mapping[str, str], made_at: datetime
) -> bytes:
    """Return a report as a file of one of `FORMS`.

    Parameters
    ----------
    rows
        Its lines.
    form
        Which.
    page
        The words of the reader's language.
    names
        Of gates and stages in that language, by id; what is not in it is named by its id.
    made_at
        When it was counted.
    """
    if form == "parquet":
        return _parquet(rows)
    said = page["reports"]
    table = Table("report", said["title"], said["title"], _head(said), _cells(rows, page, names))
    if form == "csv":
        return csv_text(table.head, table.rows, for_excel=True).encode()
    out = io.BytesIO()
    safe = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(out, safe)
    book.set_properties({"title": said["title"], "created": made_at.astimezone(UTC)})
    taken: set[str] = set()
    add_sheet(book, taken, [], table)
    add_sheet(book, taken, [], dictionary(page))
    book.close()
    return out.getvalue()


def dictionary(page: Words) -> Table:
    """Return the data dictionary: what each measure and each column means, with its code."""
    said = page["reports"]
    columns = [(name, said[name], said[f"c_{name}"]) for name in _COLUMNS if f"c_{name}" in said]
    measures = [(str(one), said[f"m_{one}"], said[f"d_{one}"]) for one in Measure]
    head = (said["column"], said["measure"], said["meaning"])
    title = said["dictionary"]
    return Table("dictionary", title, title, head, (*measures, *columns))


def _head(said: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(said[name] for name in _COLUMNS)


def _cells(
    rows: Sequence[Row], page: Words, names: Mapping[str, str]
) -> tuple[tuple[Cell, ...], ...]:
    said, cargo, account = page["reports"], page["cargo"], page["account"]
    return tuple(
        (
            one.period,
            said[f"m_{one.measure}"],
            names.get(one.gate, one.gate),
            said.get(one.direction, one.direction),
            cargo.get(one.cargo, one.cargo),
            account.get(f"agency_{one.desk}", one.desk),
            names.get(one.of, one.of),
            one.n,
            *(_minutes(value) for value in (one.mean_s, one.p50_s, one.p90_s)),
            one.sum_vnd,
        )
        for one in rows
    )


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 60, 1)


def _parquet(rows: Sequence[Row]) -> bytes:
    import pyarrow as pa  # noqa: PLC0415 - large, and seldom wanted
    from pyarrow import parquet  # noqa: PLC0415

    texts = ("period", "measure", "gate", "direction", "cargo", "desk", "of")
    columns = {name: pa.array([getattr(one, name) for one in rows], pa.string()) for name in texts}
    for name, kind in (("n", pa.int64()), ("sum_vnd", pa.int64())):
        columns[name] = pa.array([getattr(one, name) for one in rows], kind)
    for name in ("mean_s", "p50_s", "p90_s"):
        columns[name] = pa.array([getattr(one, name) for one in rows], pa.float64())
    out = io.BytesIO()
    parquet.write_table(pa.table(columns), out)
    return out.getvalue()
