"""When a truck's own device contradicts what an operator said of it by hand. Pure.

A hand's word counts from its moment. It holds against silence and against single fixes, for one
fix may lie; it gives way to `K_FIXES` fixes in a row that show the truck elsewhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

K_FIXES = 3
"""How many fixes in a row are believed; one or two may lie (a reflected or a delayed signal)."""
FAR_M = 300.0
"""Metres beyond a yard's edge that are no jitter of a parked tracker."""
FASTEST_MPS = 25.0
"""90 km/h, the most a heavy truck may drive on any road of Vietnam (Circular 38/2024/TT-BGTVT)."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A fix after the word: how far outside the yard it lies, metres; 0 and less is inside."""

    at: datetime
    outside_m: float


@dataclass(frozen=True, slots=True)
class Contradiction:
    """From when on the device shows otherwise; ``is_false``: the word cannot have been true."""

    over_at: datetime
    is_false: bool


def contradicts(
    what: Literal["entered", "left"], at: datetime, seen: Sequence[Sighting]
) -> Contradiction | None:
    """Return what a device's fixes after ``at``, in their order, say against a word.

    A truck that was said to have come in and is seen elsewhere has driven off since; where nobody
    drives so far in so short a time, it was never there. One that was said to have left and is
    seen inside has not left.
    """
    against = (one.outside_m > FAR_M if what == "entered" else one.outside_m <= 0 for one in seen)
    first = _first_run(seen, against)
    if first is None:
        return None
    if what == "left":
        return Contradiction(first.at, is_false=True)
    was_inside = any(one.outside_m <= 0 and one.at < first.at for one in seen)
    drove_s = (first.at - at).total_seconds()
    return Contradiction(
        first.at, is_false=not was_inside and first.outside_m > FAR_M + FASTEST_MPS * drove_s
    )


def _first_run(seen: Sequence[Sighting], against: Iterable[bool]) -> Sighting | None:
    """Return the first of the first `K_FIXES` in a row that speak against a word."""
    run: list[Sighting] = []
    for one, speaks_against in zip(seen, against, strict=True):
        run = [*run, one] if speaks_against else []
        if len(run) == K_FIXES:
            return run[0]
    return None
