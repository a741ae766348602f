"""What the judging of visits remembers and says. Every moment is microseconds since 1970 UTC.

Whole numbers, because a moment that was written to the database and read again must still be equal.
"""

from enum import StrEnum
from typing import NamedTuple

import msgspec

from flowctl.site import VisitParams

SECOND = 1_000_000
"""Microseconds."""


class Sighting(msgspec.Struct, frozen=True, array_like=True):
    """One fix of one device, and where it lies as far as its accuracy lets one say.

    ``moving`` tells whether the truck was on its way, ``timely`` whether the fix was received soon
    enough to prove its own moment. ``inner`` are the zones it is inside of, ``outer`` those within
    whose outer boundary it lies (all of ``inner`` too), ``unsure`` those of which it decides
    nothing. Degrees, WGS 84.
    """

    at: int
    received_at: int
    source: int
    lon: float
    lat: float
    moving: bool
    timely: bool
    inner: frozenset[str] = frozenset()
    outer: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()


class Mark(NamedTuple):
    """A fix as evidence: its moment and its source."""

    at: int
    source: int


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """The fixes a visit rests on; those of its end are None while it lasts."""

    before: Mark | None = None
    """The last one that was not inside; None for a device that was never seen before."""
    first: Mark | None = None
    """The first inside; None where the truck was never seen inside, see `Visit.crossed`."""
    confirming: Mark | None = None
    within: Mark | None = None
    """The last within the outer boundary."""
    outside: Mark | None = None
    """The first outside it."""


class Visit(msgspec.Struct, frozen=True):
    """One stay of a device in a zone; ``left_at`` is None while it lasts.

    ``received_at`` is when the fix that confirmed it reached us. ``counted_at`` is the moment it
    is proved for by fixes that were received in time: never before ``entered_at``.
    ``seen_inside`` marks a stay whose beginning nobody saw, which is no arrival; ``crossed`` one
    seen only from the line between two fixes outside. ``silent_us`` is its longest silence beyond
    what is tolerated, ``exit_gap_us`` the time between the last fix within and the first outside.
    """

    zone: str
    entered_at: int
    confirmed_at: int
    received_at: int
    counted_at: int
    seen_inside: bool = False
    crossed: bool = False
    left_at: int | None = None
    silent_us: int = 0
    exit_gap_us: int | None = None
    evidence: Evidence = Evidence()


class Leaving(msgspec.Struct, frozen=True, array_like=True):
    """The first of the fixes outside, how many there were, and when the truck left by them."""

    first: Mark
    n: int
    left_at: int
    gap_us: int


class Presence(msgspec.Struct, frozen=True, array_like=True):
    """Where one zone stands for one device: a candidate until confirmed, then in, then leaving.

    ``within`` is the last fix within the outer boundary; ``votes`` what the last fixes said of a
    candidate: 1 inside, -1 outside, 0 between. ``is_proved`` tells that the fixes of the entry were
    timely, ``counted_at`` is None until a timely fix has shown the truck inside.
    """

    entered_at: int
    first: Mark
    before: Mark | None
    within: Sighting
    seen_inside: bool
    is_proved: bool
    votes: tuple[int, ...] = ()
    crossed: bool = False
    confirming: Mark | None = None
    received_at: int = 0
    counted_at: int | None = None
    silent_us: int = 0
    leaving: Leaving | None = None


class TrackState(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that must be remembered of a device.

    ``last`` is its newest accepted fix; ``suspect`` a newer one that cannot be reached from there,
    of which the next fix decides; ``outliers`` counts those decided against since the track was
    last judged anew.
    """

    last: Sighting | None = None
    suspect: Sighting | None = None
    zones: dict[str, Presence] = {}
    outliers: int = 0

    @property
    def at(self) -> int | None:
        """The moment of the newest fix that was looked at."""
        newest = self.suspect or self.last
        return None if newest is None else newest.at


class Standing(StrEnum):
    """What is known of a stay at some moment."""

    IN = "in"
    UNKNOWN = "unknown"
    LEFT = "left"


def standing(
    *, left: bool, last_at: int | None, moving: bool, now: int, params: VisitParams
) -> Standing:
    """Tell what is known at ``now`` of a stay whose device was last heard of at ``last_at``."""
    if left:
        return Standing.LEFT
    if last_at is None or now - last_at > patience(moving, params):
        return Standing.UNKNOWN
    return Standing.IN


def is_moving(speed_mps: float | None, ignition: bool | None, params: VisitParams) -> bool:
    """Tell whether a fix is one of a truck on its way; of what says neither, that it is not."""
    return bool(ignition) if speed_mps is None else speed_mps > params.moving_mps


def patience(moving: bool, params: VisitParams) -> int:
    """Return for how long after a fix silence says nothing, in microseconds."""
    return round((params.moving_silence_s if moving else params.parked_silence_s) * SECOND)
