"""Numpy columns to PostgreSQL's binary COPY stream, missing values included.

Layout by the PostgreSQL manual, "COPY, Binary Format": an 11-byte signature, two 4-byte zeroes,
then per row a 2-byte field count and per field a 4-byte length (-1 for NULL) and its bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
POSTGRES_EPOCH_US = 946_684_800_000_000
"""2000-01-01 UTC in microseconds since 1970, where PostgreSQL counts its instants from."""


@dataclass(frozen=True, slots=True)
class Column:
    """Values of one column (shape [n]) and its big-endian type; ``null`` is True where absent."""

    values: NDArray[Any]
    type: str
    null: NDArray[np.bool_] | None = None


def instants(microseconds: NDArray[np.int64]) -> Column:
    """Return ``timestamptz`` values from microseconds since 1970."""
    return Column(microseconds - POSTGRES_EPOCH_US, ">i8")


def real(values: NDArray[np.float32]) -> Column:
    """Return ``real`` values, NULL where NaN."""
    return Column(values, ">f4", np.isnan(values))


def binary_copy(columns: Sequence[Column]) -> bytes:
    """Return the COPY stream of columns of one length.

    A column that is NULL in every row takes no room in the layout, so that only one that is NULL
    here and there makes rows of different widths.
    """
    absent = [column.null is not None and bool(column.null.all()) for column in columns]
    layout = np.dtype(
        [("fields", ">i2")]
        + [
            part
            for i, column in enumerate(columns)
            for part in ((f"length{i}", ">i4"), (f"value{i}", column.type))
            if not (absent[i] and part[0] == f"value{i}")
        ]
    )
    rows = np.empty(len(columns[0].values), dtype=layout)
    rows["fields"] = len(columns)
    for i, column in enumerate(columns):
        rows[f"length{i}"] = -1 if absent[i] else np.dtype(column.type).itemsize
        if not absent[i]:
            rows[f"value{i}"] = column.values
    mixed = {
        i: column.null
        for i, column in enumerate(columns)
        if column.null is not None and not absent[i] and column.null.any()
    }
    return _HEADER + _without_nulls(rows, mixed) + _TRAILER


def _without_nulls(rows: NDArray[np.void], nulls: Mapping[int, NDArray[np.bool_]]) -> bytes:
    """Return the rows' bytes with the value of every NULL cut out and its length set to -1."""
    if not nulls:
        return rows.tobytes()
    keep = np.ones((len(rows), rows.dtype.itemsize), dtype=bool)
    for i, null in nulls.items():
        rows[f"length{i}"][null] = -1
        value, start = rows.dtype.fields[f"value{i}"][:2]  # type: ignore[index]
        keep[np.ix_(null, np.arange(start, start + value.itemsize))] = False
    return rows.view(np.uint8).reshape(keep.shape)[keep].tobytes()
