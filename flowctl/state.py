"""What the controller knows at one moment: trips, gates and what was promised. Pure values.

Instants end in ``_at`` and are aware UTC. None means not known or not yet; it is never zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flowctl.closures import Closure
from flowctl.hand import Act
from flowctl.lanes import LaneUse
from flowctl.site import Site


class Direction(StrEnum):
    """Which way a truck crosses, seen from the site's own country."""

    EXPORT = "export"
    IMPORT = "import"


class Cargo(StrEnum):
    """How much an hour of waiting hurts."""

    NORMAL = "normal"
    REEFER = "reefer"
    PERISHABLE = "perishable"


class Stage(StrEnum):
    """Where an export trip stands."""

    REGISTERED = "registered"
    STAGED = "staged"
    RELEASED = "released"
    QUEUED = "queued"
    IN_LANE = "in_lane"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Slot:
    """A place at a gate: from ``starts_at`` for the site's slot length."""

    gate: str
    starts_at: datetime


class LiveTrip(NamedTuple):
    """One active metered trip as the controller sees it.

    A tuple, because twenty thousand are made every tick: a frozen dataclass of this width takes
    seven times as long. A changed one is made by ``_replace``.

    ``gates`` are the allowed ones, the preferred first. ``arrived_at`` is the moment the truck came
    to its first staging yard after registration; ``counted_at`` the one since when that is proved
    by fixes received in time or by a second word: its seniority. ``yard`` is the staging
    yard it stands in now (None on the road or at the gate); it came into a yard last at
    ``yarded_at``. ``eta_yard_at`` is the expected arrival of one that is not there yet.
    ``queued_gate`` is the gate at which it was seen since then. ``told`` is the slot its driver
    last heard of, at ``told_at``; it is ``swapped`` where it came by an exchange with another
    driver. A release that was not followed is over at ``release_expires_at``; ``release_ended`` is
    the reason once that was said. ``moving_to`` is the in-gate yard the truck was called to, None
    where it was called to the gate itself. ``seen_at`` is its tracker's newest fix,
    ``eta_yard_late_at`` the moment by which nine of ten such trucks have come.

    ``haulier`` names who sent the truck (None: not said), ``weight_t`` its declared weight in
    tonnes, ``convoy`` the trucks it must cross with, ``needs`` the kind of bay it must be screened
    in. ``priority`` is that of the site's policy, 0 for most; ``places_lost`` how many trucks of a
    higher one went before it by that right; ``penalty_s`` what it lost of its seniority.
    ``standby``: its driver stands by to leave at once. Its driver asked for a slot no earlier than
    ``extended_until``; ``ready_at`` is that moment then, if it is the later one. The truck must be
    back by the gate it crossed at ``returns_within_h`` hours after it crossed. ``locked`` is what
    its stages do not allow yet (`flowctl.workflow.stages.Lock`), mostly nothing.
    """

    id: int
    gates: tuple[str, ...]
    cargo: Cargo
    registered_at: datetime
    ready_at: datetime
    eta_yard_at: datetime | None = None
    eta_yard_late_at: datetime | None = None
    told: Slot | None = None
    priority: int = 0
    places_lost: int = 0
    seen_at: datetime | None = None
    locked: tuple[str, ...] = ()
    arrived_at: datetime | None = None
    counted_at: datetime | None = None
    yard: str | None = None
    told_at: datetime | None = None
    swapped: bool = False
    released_at: datetime | None = None
    released_gate: str | None = None
    release_expires_at: datetime | None = None
    release_ended: str | None = None
    moving_to: str | None = None
    queued_at: datetime | None = None
    queued_gate: str | None = None
    lane_at: datetime | None = None
    cleared_at: datetime | None = None
    haulier: str | None = None
    weight_t: float | None = None
    convoy: str | None = None
    needs: str | None = None
    penalty_s: float = 0.0
    standby: bool = False
    extended_until: datetime | None = None
    yarded_at: datetime | None = None
    returns_within_h: float | None = None

    @property
    def stage(self) -> Stage:
        """The furthest thing that was seen of this trip."""
        if self.cleared_at is not None:
            return Stage.CLEARED
        if self.lane_at is not None:
            return Stage.IN_LANE
        if self.queued_at is not None:
            return Stage.QUEUED
        moved = self.moving_to is not None and self.yard == self.moving_to
        if self.released_at is not None and not moved:
            return Stage.RELEASED
        if self.arrived_at is not None:
            return Stage.STAGED
        return Stage.REGISTERED


@dataclass(frozen=True, slots=True)
class GateHistory:
    """Trucks seen at one gate over the recent past, metered or not; arrays of shape [n].

    ``entered_at`` and ``cleared_at`` are epoch seconds (the entry of the gate's queue or area, the
    end of screening), NaN where not seen yet; ``is_import`` tells the outside flow. Positions and
    officers' words come late: what happened within the last ``lag_s`` may not be known yet.
    ``n_target`` is what release metering last aimed at, at ``n_target_at``.
    """

    gate: str
    entered_at: NDArray[np.float64]
    cleared_at: NDArray[np.float64]
    is_import: NDArray[np.bool_]
    lag_s: float = 0.0
    n_target: float | None = None
    n_target_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Crossed:
    """A truck on the other side that is still to come back by ``gate``, by ``back_by`` at most."""

    gate: str
    crossed_at: datetime
    back_by: datetime


class AdviceKind(StrEnum):
    """A word to a driver that is no slot and stands until he hears better."""

    HOLD = "hold"
    """Stay in the yard; the slot told is void, the next one follows."""
    STAY = "stay"
    """Do not depart yet."""
    NO_SLOT = "no_slot"
    """There is no slot yet; the place in the order is kept."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What a driver last heard where it was no slot, of which gate, when and why."""

    kind: AdviceKind
    gate: str
    at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything one tick decides from.

    ``site`` is as its ``closures`` leave it (`flowctl.closures.with_closures`); ``advice`` is what
    stands between a driver and his next slot, by trip; ``lanes`` what the plan before decided of
    lanes that change class; ``crossed`` are the trucks whose return is still to come. ``acts`` are
    those of operators that stand (`flowctl.dispatch.hand`); the extra hours among them are in
    ``site`` already.
    """

    site: Site
    now: datetime
    trips: tuple[LiveTrip, ...]
    gates: tuple[GateHistory, ...]
    closures: tuple[Closure, ...] = ()
    advice: Mapping[int, Advice] = field(default_factory=dict)
    lanes: tuple[LaneUse, ...] = ()
    crossed: tuple[Crossed, ...] = ()
    acts: tuple[Act, ...] = ()
