"""Why a slot was changed and why one truck went before another: one list for every room."""

from enum import StrEnum


class Reason(StrEnum):
    """A reason code as drivers, the ledger and the public count name it."""

    # Of a slot told
    FIRST = "first"
    EARLIER = "earlier"
    LATER = "later"
    CAPACITY = "capacity"
    ETA = "eta"
    CLOSURE = "closure"
    REOPENED = "reopened"
    SWAPPED = "swapped"
    EXTENSION = "extension"
    # Of an overtake: why the junior went while the senior stood by
    KEPT_PROMISE = "kept_promise"
    PRIORITY = "priority"
    SENIOR_NOT_READY = "senior_not_ready"
    SENIOR_LATE = "senior_late"
    SENIOR_TOLD_ELSEWHERE = "senior_told_elsewhere"
    STANDBY_FILL = "standby_fill"
    HAULIER_QUOTA = "haulier_quota"
    CONVOY = "convoy"
    NO_SHOW = "no_show"
    RELEASE_EXPIRED = "release_expired"
    PENALTY = "penalty"
    CARGO = "cargo"
    """The junior's cargo suffers more from waiting."""
    SENIOR_PREFERS_ELSEWHERE = "senior_prefers_elsewhere"
    """The senior was told nothing yet and waits for the gate it prefers."""
    SENIOR_OUTSIDE = "senior_outside"
    """The senior stood in an outside yard, and its way leads through the junior's."""
    # Of an arrival that counts from another moment than was known
    LATE_FIX = "late_fix"
    ZONE_CHANGED = "zone_changed"
    SECOND_WORD = "second_word"
    """A yard or another device of the truck bears it out."""
    OTHER_DEVICE = "other_device"
    """The trip goes by another device now."""
    LANE_CLASS = "lane_class"
    """The junior may use lanes of its class only, and the senior has a place in another."""
    PLACES_LOST = "places_lost"
    """The junior had lost as many places to higher priorities as it may."""
    PAPER = "paper"
    """By a printed order, while flowctl was not there."""
