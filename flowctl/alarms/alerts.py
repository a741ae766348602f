"""What is found out about a truck, a haulier or a place, with the facts it rests on. Pure values.

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
    YARD_FULL = "yard_full"
    """A yard is nearly full, or full."""
    QUEUE_GROWING = "queue_growing"
    """The queue before a gate grows and goes on growing."""
    GATE_SLOW = "gate_slow"
    """A gate takes less than it usually does, or nothing."""
    NOT_FOLLOWED = "not_followed"
    """A truck was called up and did not set out, or did not come in time."""
    ABSENT = "absent"
    """A truck that was called up stayed in its yard until its place was given away."""
    SILENT = "silent"
    """A truck that matters now is not heard of."""
    OFF_ROUTE = "off_route"
    """A truck left the way to its gate or its yard."""
    OVERDUE_RETURN = "overdue_return"
    """A truck is longer on the other side than it may be."""
    HAND_CONTRADICTED = "hand_contradicted"
    """What was entered by hand of a truck is not what its tracker says."""
    POSITIONS_LATE = "positions_late"
    """Positions stopped coming: of all trucks, or of many at once."""
    PROCESS_LATE = "process_late"
    """A part of the system itself has not done its work for a while."""


PROVED = frozenset({Kind.UNRELEASED, Kind.PARTED})
"""Kinds whose evidence is a fact as such: a stay at a gate beside the list of releases, a second
word beside the tracker's. The others are conclusions, which an operator must draw."""


CONDITIONS = frozenset(
    {
        Kind.YARD_FULL,
        Kind.QUEUE_GROWING,
        Kind.GATE_SLOW,
        Kind.NOT_FOLLOWED,
        Kind.ABSENT,
        Kind.SILENT,
        Kind.OFF_ROUTE,
        Kind.OVERDUE_RETURN,
        Kind.POSITIONS_LATE,
    }
)
"""Kinds that stand for as long as they are found at each look, and are over by themselves."""


CHEATING = frozenset(Kind) - CONDITIONS - {Kind.HAND_CONTRADICTED, Kind.PROCESS_LATE}
"""Kinds that may cost a truck its seniority, where the site's policy says so."""


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
    ``proved`` tells that the evidence is a fact and not a conclusion. ``place`` is the gate or yard
    it is about, where it is about one.
    """

    kind: Kind
    severity: Severity
    subject: str
    at: datetime
    trip_id: int | None = None
    other_trip_id: int | None = None
    device: str | None = None
    haulier: str | None = None
    place: str | None = None
    evidence: Mapping[str, Value] = field(default_factory=dict)
    points: tuple[Point, ...] = ()
    proved: bool = False


def about_trip(trip_id: int) -> str:
    """Return the subject of a finding about a trip."""
    return f"trip {trip_id}"


def about_place(place: str) -> str:
    """Return the subject of a finding about a gate or a yard."""
    return f"place {place}"


def moment(at: datetime) -> str:
    """Return an instant as evidence holds it: ISO 8601, whole seconds."""
    return at.isoformat(timespec="seconds")
