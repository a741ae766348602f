"""What the ledger records: one entry for each change of the order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What happened to the order."""

    REGISTERED = "registered"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    ARRIVED = "arrived"
    REVISED = "revised"
    SLOT = "slot"
    SLOT_CHANGED = "slot_changed"
    MOVED = "moved"
    RELEASED = "released"
    RELEASE_EXPIRED = "release_expired"
    SWAPPED = "swapped"
    OVERTOOK = "overtook"
    PENALTY = "penalty"
    PASSED = "passed"
    CLOSED = "closed"
    REOPENED = "reopened"
    POLICY = "policy"
    PAPER = "paper"
    ADMITTED = "admitted"
    REFUSED = "refused"
    CAME_EARLY = "came_early"
    CAME_LATE = "came_late"
    # Acts of operators, and their ends
    HELD = "held"
    HOLD_ENDED = "hold_ended"
    PINNED = "pinned"
    UNPINNED = "unpinned"
    FORWARDED = "forwarded"
    FORWARD_ENDED = "forward_ended"
    CAPACITY = "capacity"
    CAPACITY_ENDED = "capacity_ended"
    OPENED = "opened"
    OPENED_ENDED = "opened_ended"
    HAND_ENTERED = "hand_entered"
    HAND_LEFT = "hand_left"
    HAND_SECONDED = "hand_seconded"
    HAND_UNDONE = "hand_undone"
    HAND_DENIED = "hand_denied"


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of the order, before it has its place in the chain.

    ``at`` is when it happened, in domain time. ``trip_id`` is written as the trip's pseudonym,
    never as the id. ``details`` hold whole numbers, codes and instants (ISO 8601) only: nothing
    that names a person, a plate or a telephone; further trips go by ``other_trip_ids``.
    ``actor`` is ``flowctl`` or the signature of an account.
    """

    kind: Kind
    at: datetime
    trip_id: int | None = None
    gate: str | None = None
    reason: str | None = None
    other_trip_ids: tuple[int, ...] = ()
    actor: str = "flowctl"
    details: Mapping[str, int | str] = field(default_factory=dict)
