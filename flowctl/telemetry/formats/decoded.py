"""What every format amounts to: fixes in columns, and the items that did not fit."""

from dataclasses import dataclass
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from flowctl.errors import FlowctlError

# No control characters: PostgreSQL stores no NUL, and no device is called by one. No lone
# surrogates either, which UTF-8 cannot write; and \Z, for $ would let a line's end through.
UID_PATTERN = r"^[^\x00-\x1f\x7f-\x9f\ud800-\udfff]+\Z"
LONGEST_UID = 64
Uid = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_UID, pattern=UID_PATTERN)]
MOST_SPEED_MPS = 1000.0
MOST_METRES = 1e6
KNOT_MPS = 1852 / 3600
KMH_MPS = 1 / 3.6


class MalformedError(FlowctlError):
    """The body as a whole cannot be read."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """An item that is no fix: its index in the body, whose it is, its bytes, and a sentence."""

    index: int
    device: str | None
    raw: bytes
    detail: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a body held: rows of dtype `FIX` (shape [n]), whose, and the items that did not fit.

    ``item`` gives each row's index in the body. The columns ``source_id`` and ``received_at`` are
    the edge's to fill. Items that are no positions by their format (a card, a waypoint) are in
    neither.
    """

    devices: tuple[str, ...]
    rows: NDArray[np.void]
    item: NDArray[np.int64]
    misfits: tuple[Misfit, ...] = ()


def within(value: float | None, least: float, most: float) -> float:
    """Return a value that can be, NaN for one that cannot: trackers send -1 for what they miss."""
    return value if value is not None and least <= value <= most else float("nan")
