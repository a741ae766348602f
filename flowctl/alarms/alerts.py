"""What is found out about a truck or a haulier, with the facts it rests on. Pure values.

Instants end in ``_at`` and are aware UTC; positions are degrees, WGS 84; None is not known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

Value = str | int | float
"""A fact of the evidence: a code, a count, a measure with its unit in the name, an ISO instant."""


class Kind(StrEnum):
    """What was found out; the names are those of the site's policy."""

    UNRELEASED = "unreleased"
    """At a gate without having been called there."""
    GHOST_BOOKING = "ghost_booking"
    """Booked, and nowhere from where it could come in time."""
    PARTED = "parted"
    """The plate was seen where its device was not."""
    TWO_PLATES = "two_plates"
    """One device is said to be on two trucks."""
    IMPOSSIBLE_SPEED = "impossible_speed"
    """One device is at several places at once."""
    SWAPPED = "swapped"
    """Another truck stands where the one that waited stood."""
    HOARDING = "hoarding"
    """One haulier holds or drops more bookings than its trucks explain."""


PROVED = frozenset({Kind.UNRELEASED, Kind.PARTED})
"""Kinds whose evidence is a fact as such: a stay at a gate beside the list of releases, a second
word beside the tracker's. The others are conclusions, which an operator must draw."""


class Severity(StrEnum):
    """How sure the finding is, and how soon somebody should look."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Point(NamedTuple):
    """Where something was at a moment; ``what`` is a device's fix, or the place it was seen at."""

    at: datetime
    lon: float
    lat: float
    what: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One finding.

    ``subject`` names what it is about in one spelling: a finding of the same kind about the same
    subject that began no later than the last look is the same episode. ``at`` is when it began,
    ``proved`` tells that the evidence is a fact and not a conclusion.
    """

    kind: Kind
    severity: Severity
    subject: str
    at: datetime
    trip_id: int | None = None
    other_trip_id: int | None = None
    device: str | None = None
    haulier: str | None = None
    evidence: Mapping[str, Value] = field(default_factory=dict)
    points: tuple[Point, ...] = ()
    proved: bool = False


def about_trip(trip_id: int) -> str:
    """Return the subject of a finding about a trip."""
    return f"trip {trip_id}"


def moment(at: datetime) -> str:
    """Return an instant as evidence holds it: ISO 8601, whole seconds."""
    return at.isoformat(timespec="seconds")
