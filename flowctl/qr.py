"""A QR code as one path that a page draws without any library."""

from typing import NamedTuple

import segno


class QrPath(NamedTuple):
    """A code: the path of its dark modules, to be filled black on white, ``size`` a side."""

    path: str
    size: int


def draw_qr(text: str) -> QrPath:
    """Return the QR code of a text, error correction M: 15 % of it may be soiled.

    One module is one unit; leave four white ones all around (ISO/IEC 18004, 5.3.8).
    """
    code = segno.make_qr(text, error="m", boost_error=False)
    rows = [bytes(row) for row in code.matrix]
    runs = [
        f"M{start} {y}h{end - start}v1H{start}z"
        for y, row in enumerate(rows)
        for start, end in _dark_runs(row)
    ]
    return QrPath("".join(runs), len(rows))


def _dark_runs(row: bytes) -> list[tuple[int, int]]:
    edges = [
        x
        for x in range(len(row) + 1)
        if (row[x] if x < len(row) else 0) != (row[x - 1] if x else 0)
    ]
    return list(zip(edges[::2], edges[1::2], strict=True))
