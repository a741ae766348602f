"""Acts of operators: what people decide beside the plan, and what it would change. Pure values.

Every act has a reason of a list (`flowctl.policy.HandRules`), is entered by an account, and stands
until it is used, ended or over. The controller reads those that stand into its snapshot; what they
do to the order is in `flowctl.dispatch.hand`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from flowctl.errors import Refusal
from flowctl.policy import HandRules


class ActKind(StrEnum):
    """What an operator can do to the order."""

    HOLD_TRUCK = "hold_truck"
    """A truck is not called up until the hold ends."""
    HOLD_CLASS = "hold_class"
    """The same of all trucks of a cargo or a haulier, or of their way to one gate."""
    CAPACITY = "capacity"
    """What a gate takes for a time, by an operator's word."""
    OPEN_GATE = "open_gate"
    """A gate is open beyond its calendar."""
    CLOSE_GATE = "close_gate"
    """A closure; here for its effect only, it is entered as a closure."""
    PIN = "pin"
    """A truck has a slot, whatever the plan would say."""
    SWAP = "swap"
    """Two drivers exchange their slots."""
    FORWARD = "forward"
    """A truck goes before its seniors."""


HOLDS = (ActKind.HOLD_TRUCK, ActKind.HOLD_CLASS)


class ActState(StrEnum):
    """Where an act stands."""

    WAITING = "waiting"
    """Another account is to approve it."""
    STANDING = "standing"
    DONE = "done"
    """It was used, or its time is over."""
    ENDED = "ended"
    """Somebody ended it."""
    REFUSED = "refused"
    """Who should approve it refused."""
    LAPSED = "lapsed"
    """It came to nothing: not approved in time, its truck gone, or held longer than allowed."""


@dataclass(frozen=True, slots=True)
class Act:
    """An act as it is asked for or stands; ``id`` is 0 before it is entered.

    ``trip_id`` is the truck of a hold, pin, swap or forward, ``other_trip_id`` the swap's other.
    ``gate`` is the act's gate; of a hold of a class, and of a forward, None is any. ``cargo`` and
    ``haulier`` narrow a class. ``per_h`` are trucks of both directions in an open hour.
    ``starts_at`` is when it begins, of a pin the slot's begin; ``ends_at`` when it ends (None:
    nobody knows, or it has no end). ``places_left`` is a closure's. ``entered_by`` is an account's
    signature; ``changed_at`` is when it was entered, approved, or ended before its time.
    """

    kind: ActKind
    reason: str
    entered_by: str
    changed_at: datetime
    id: int = 0
    note: str = ""
    trip_id: int | None = None
    other_trip_id: int | None = None
    gate: str | None = None
    cargo: str | None = None
    haulier: str | None = None
    per_h: float | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    places_left: int = 0

    def lasts(self, now: datetime) -> bool:
        """Tell whether the act is in force at ``now``."""
        begun = self.starts_at is None or self.starts_at <= now
        return begun and not self.is_over(now)

    def is_over(self, now: datetime) -> bool:
        """Tell whether its time is over."""
        return self.ends_at is not None and self.ends_at <= now

    @property
    def trips(self) -> tuple[int, ...]:
        """The trips it names."""
        return tuple(one for one in (self.trip_id, self.other_trip_id) if one is not None)


def of_kind(acts: Iterable[Act], *kinds: ActKind) -> list[Act]:
    """Return the acts of these kinds, in the order in which they were entered."""
    return sorted((act for act in acts if act.kind in kinds), key=lambda act: act.id or 2**63)


class Place(NamedTuple):
    """A slot at a gate, as an effect shows it."""

    gate: str
    starts_at: datetime


class Word(StrEnum):
    """What a driver goes by: the last word he has in hand."""

    NOTHING = "nothing"
    """He was told nothing yet."""
    PLANNED = "planned"
    """The same, and the plan has a place for him."""
    SLOT = "slot"
    CALLED = "called"
    """He is called up to the gate."""
    HELD = "held"
    """Stay in the yard; no slot counts."""
    STAY = "stay"
    """Do not depart yet."""
    NO_SLOT = "no_slot"
    """There is no slot for him yet."""


class InHand(NamedTuple):
    """A driver's last word, with the slot that counts by it, None where none does."""

    word: Word
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """A truck that an act touches, by what its driver has in hand.

    ``before`` is what he has now, ``after`` what he has after the next tick with the act, and
    ``otherwise`` after the same tick without it: the act changes the one into the other.
    ``held_until`` is when a hold ends by which he stays, None where nobody knows.
    """

    trip_id: int
    before: InHand
    otherwise: InHand
    after: InHand
    held_until: datetime | None = None

    @property
    def shift_s(self) -> float | None:
        """How much later the act puts the slot, seconds; None where there are not two of them."""
        if self.otherwise.place is None or self.after.place is None:
            return None
        return (self.after.place.starts_at - self.otherwise.place.starts_at).total_seconds()


@dataclass(frozen=True, slots=True)
class Effect:
    """What an act would change for drivers, by the next tick at ``at`` without and with it.

    ``refused`` says why it cannot be, ``warning`` what to look at twice.

    Drivers have ``moved`` who have something else in hand than they would have otherwise. Of them
    ``earlier`` and ``later`` have another slot, shifted by ``mean_shift_s`` on average and by
    ``worst_later_s`` at most; ``held`` are told to stay, ``freed`` no longer told so; ``called``
    are called up at once for it, ``uncalled`` are not although their turn was now. They wait for
    ``delay_cost_vnd`` more. ``overtaken`` trucks are passed by a junior that would not pass them
    otherwise. ``trips`` are the act's own trucks, moved or not, and those that move most, 20 in
    all.

    Nobody is told yet of the rest: ``others`` that were told nothing so far are planned otherwise,
    ``others_shift_s`` later on average; of the drivers who keep what they have, up to ``to_come``
    hear of a change in later ticks if the plan stays so. ``unserved`` is the change of trips that
    the days ahead have no place for, told or not. ``solve_s`` is how long it took, by who asked.
    """

    at: datetime
    solve_s: float = 0.0
    refused: Refusal | None = None
    warning: Refusal | None = None
    moved: int = 0
    earlier: int = 0
    later: int = 0
    mean_shift_s: float | None = None
    worst_later_s: int | None = None
    held: int = 0
    freed: int = 0
    called: int = 0
    uncalled: int = 0
    overtaken: int = 0
    delay_cost_vnd: int | None = None
    trips: tuple[Moved, ...] = ()
    others: int = 0
    others_shift_s: float | None = None
    to_come: int = 0
    unserved: int = 0


OTHER = "other"
"""The reason that says nothing by itself: a note goes with it."""
LONGEST_NOTE = 200
_REASONS: Mapping[ActKind, tuple[str, ...]] = {
    ActKind.CAPACITY: (
        "staff",
        "equipment",
        "extra_lane",
        "lane_work",
        "other_side",
        "weather",
        "system_down",
        OTHER,
    ),
    ActKind.OPEN_GATE: ("agreed_hours", "backlog", "perishables", "holiday", "emergency", OTHER),
    ActKind.CLOSE_GATE: (
        "other_side",
        "weather",
        "road_blocked",
        "system_down",
        "security",
        "holiday",
        OTHER,
    ),
    ActKind.PIN: ("appointment", "inspection", "official", "our_mistake", OTHER),
    ActKind.SWAP: ("drivers_agreed", "haulier_asks", "perishable", "our_mistake", OTHER),
}


def reasons_of(rules: HandRules) -> dict[ActKind, tuple[str, ...]]:
    """Return the reasons an act of each kind may have, by a site's rules."""
    held = dict.fromkeys(HOLDS, rules.hold_reasons)
    return {**held, **_REASONS, ActKind.FORWARD: rules.forward_reasons}
