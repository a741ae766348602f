"""The site's rules for places in the order, as data: versioned, and named by what was decided.

Durations are in seconds (``_s``), shares between 0 and 1. The defaults are assumed unless a source
is named. The file behind these values (policy.toml) is read by `flowctl.policy_file`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from flowctl.alarm_limits import AlarmParams
from flowctl.cheating_limits import CheatingParams


class Basis(StrEnum):
    """From which moment a truck's place in the order counts."""

    ARRIVAL = "arrival"
    """Its proved arrival at the first staging yard after registration."""
    BOOKING = "booking"
    """Its registration."""


class Answer(StrEnum):
    """What becomes of a truck about which something was found out."""

    ALERT = "alert"
    """An operator is told."""
    LOSES_SENIORITY = "loses_seniority"
    """An operator is told, and the truck counts as arrived at that moment."""


@dataclass(frozen=True, slots=True)
class SlotRules:
    """A truck is on time from ``early_s`` before its slot to ``late_s`` after the slot's end.

    A driver may ask for ``extension_s`` more, ``extensions_per_day`` times in a local day.
    """

    early_s: int = 900
    late_s: int = 1800
    extension_s: int = 3600
    extensions_per_day: int = 1


@dataclass(frozen=True, slots=True)
class Penalty:
    """What an offence costs: ``loses_s`` of seniority, and a ban of who repeats it.

    ``ban_after`` offences within ``within_days`` bar the plate from registering for ``ban_days``;
    0 of ``ban_after`` is never.
    """

    loses_s: int = 3600
    ban_after: int = 3
    within_days: int = 30
    ban_days: int = 7


@dataclass(frozen=True, slots=True)
class PriorityRules:
    """``classes`` gives cargo classes their priority (higher goes first, 0 is nobody's).

    A truck loses at most ``most_places_lost`` places to trucks of a higher class.
    """

    classes: Mapping[str, int] = field(default_factory=dict)
    most_places_lost: int = 20


@dataclass(frozen=True, slots=True)
class HaulierRules:
    """No haulier gets more than ``most_share`` of a gate's places in an hour.

    ``least_places`` an hour are free to each, however small the gate.
    """

    most_share: float = 0.10
    least_places: int = 2


@dataclass(frozen=True, slots=True)
class StandbyRules:
    """``share`` of an hour's places may be covered by trucks that stand by in the yards.

    ``no_show_s`` after its call-up a truck that still stands in its yard has not shown up. The
    verdict is given ``seen_s`` later, when one that left at the last moment is seen to be out: two
    fixes outside, 30 s apart on the move and with the authority within 2 min (Circular
    09/2015/TT-BGTVT).
    """

    share: float = 0.10
    no_show_s: int = 1200
    seen_s: int = 180

    @property
    def judged_s(self) -> int:
        """How long after its call-up a truck that stands there still is judged."""
        return self.no_show_s + self.seen_s


@dataclass(frozen=True, slots=True)
class ClosureRules:
    """``unknown_end_s``: how long a closure of unknown end is taken to last from any moment in it.

    A truck further than ``stay_away_s`` from its yard is asked not to depart yet.
    """

    unknown_end_s: int = 7200
    stay_away_s: int = 3600


@dataclass(frozen=True, slots=True)
class HandRules:
    """What operators may do to the order by hand, and for which reasons; all assumed.

    With ``four_eyes`` a truck is brought forward only once another account approved it, within
    ``approve_within_s``. A hold without an end lapses after ``longest_hold_s``. The reasons are
    codes; ``other`` asks for a note.

    One person's word that a truck came to a yard counts from ``backdate_s`` before it was said at
    the earliest (a yard's clock and gate are off by 15 minutes at most), and is taken back as a
    slip within ``undo_s``. Operators write ``texts_per_h`` messages of their own in an hour.
    """

    four_eyes: bool = True
    approve_within_s: int = 900
    longest_hold_s: int = 43_200
    backdate_s: int = 900
    undo_s: int = 600
    texts_per_h: int = 600
    hold_reasons: tuple[str, ...] = (
        "papers",
        "quarantine",
        "customs",
        "security",
        "unfit",
        "driver_away",
        "other_side",
        "yard_blocked",
        "other",
    )
    forward_reasons: tuple[str, ...] = (
        "medical",
        "humanitarian",
        "live_animals",
        "perishable_failing",
        "dangerous_goods",
        "official_escort",
        "rescue",
        "our_mistake",
    )


@dataclass(frozen=True, slots=True)
class NotifyRules:
    """How often a driver is written to.

    Of what is not urgent at most ``most_per_day`` messages a trip in a local day (0: no limit);
    changes within ``gather_s`` of the last one told are gathered into one; a text nobody understood
    is answered with a line of help at most every ``help_every_s``.
    """

    most_per_day: int = 8
    gather_s: int = 120
    help_every_s: int = 3600


class Edit(StrEnum):
    """What a change of a declaration costs."""

    KEEPS = "keeps"
    """The truck keeps its place."""
    EVIDENCE = "evidence"
    """It keeps its place, and the change is only taken with evidence."""
    LOSES = "loses"
    """The truck counts as arrived at that moment."""


@dataclass(frozen=True, slots=True)
class EditRules:
    """What changes of a declaration cost, part by part; all assumed.

    ``truck`` is its plate: goods bound late to another truck. That what a stage settled, and the
    gates of a truck that was called, cannot be changed is no rule of the file.
    """

    driver: Edit = Edit.KEEPS
    truck: Edit = Edit.EVIDENCE
    trailer: Edit = Edit.KEEPS
    cargo: Edit = Edit.LOSES
    goods_class: Edit = Edit.LOSES
    goods: Edit = Edit.KEEPS
    load: Edit = Edit.LOSES
    weight: Edit = Edit.KEEPS
    gates: Edit = Edit.KEEPS
    ready_at: Edit = Edit.KEEPS
    pair: Edit = Edit.KEEPS
    declaration: Edit = Edit.KEEPS


@dataclass(frozen=True, slots=True)
class FairUseRules:
    """A haulier has at most ``active_per_haulier`` trips under way at once; 0: as many as it likes.

    That a plate, a device and a customs declaration have one each is no rule of the file.
    """

    active_per_haulier: int = 0


@dataclass(frozen=True, slots=True)
class AwayRules:
    """How long a truck may be on the other side; a limit of 0 is none.

    ``two_way_h`` holds for trucks that bring a load back, ``one_way_h`` for all others. From
    ``many`` trucks that are overdue at one gate there is one alarm instead of one a truck; one that
    did not come back ``forgotten_h`` after its limit is no alarm any more.
    """

    two_way_h: float = 0.0
    one_way_h: float = 0.0
    many: int = 5
    forgotten_h: float = 168.0


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a site's rules, in force from ``valid_from`` on."""

    version: str = "default"
    valid_from: datetime = datetime(2020, 1, 1, tzinfo=UTC)
    basis: Basis = Basis.ARRIVAL
    slot: SlotRules = SlotRules()
    no_show: Penalty = Penalty()
    cancellation: Penalty = Penalty(loses_s=0)
    free_cancellation_s: int = 7200
    """A cancellation longer than this before the slot costs nothing."""
    priority: PriorityRules = field(default_factory=PriorityRules)
    haulier: HaulierRules = HaulierRules()
    standby: StandbyRules = StandbyRules()
    closure: ClosureRules = ClosureRules()
    notify: NotifyRules = NotifyRules()
    hand: HandRules = HandRules()
    edits: EditRules = EditRules()
    fair_use: FairUseRules = FairUseRules()
    cheating: Mapping[str, Answer] = field(default_factory=dict)
    """By kind of alert; what is not named is an alert only."""
    cheating_limits: CheatingParams = field(default_factory=CheatingParams)
    alarms: AlarmParams = field(default_factory=AlarmParams)
    away: AwayRules = AwayRules()
