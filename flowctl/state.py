"""What the controller knows at one moment: trips, gates and what was promised. Pure values.

Instants end in ``_at`` and are aware UTC. None means not known or not yet; it is never zero.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

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


@dataclass(frozen=True, slots=True)
class LiveTrip:
    """One active metered trip as the controller sees it.

    ``gates`` are the allowed ones, the preferred first. ``arrived_at`` is the moment the truck came
    to its first staging yard after registration; ``counted_at`` the one since when that is proved
    by fixes received in time or by a second word: its seniority. ``yard`` is the staging
    yard it stands in now (None on the road or at the gate); ``eta_yard_at`` is the expected arrival
    of one that is not there yet. ``told`` is the slot its driver last heard of, at ``told_at``.
    A release that was not followed is over at ``release_expires_at``.

    ``haulier`` names who sent the truck (None: not said), ``weight_t`` its declared weight in
    tonnes, ``convoy`` the trucks it must cross with. ``priority`` is that of the site's policy, 0
    for most; ``penalty_s`` what it lost of its seniority. ``standby``: its driver stands by to
    leave at once. Its driver asked for a slot no earlier than ``extended_until``; ``ready_at`` is
    that moment then, if it is the later one.
    """

    id: int
    gates: tuple[str, ...]
    cargo: Cargo
    registered_at: datetime
    ready_at: datetime
    arrived_at: datetime | None = None
    yard: str | None = None
    eta_yard_at: datetime | None = None
    told: Slot | None = None
    told_at: datetime | None = None
    released_at: datetime | None = None
    released_gate: str | None = None
    release_expires_at: datetime | None = None
    queued_at: datetime | None = None
    lane_at: datetime | None = None
    cleared_at: datetime | None = None
    counted_at: datetime | None = None
    haulier: str | None = None
    weight_t: float | None = None
    convoy: str | None = None
    priority: int = 0
    penalty_s: float = 0.0
    standby: bool = False
    extended_until: datetime | None = None

    @property
    def stage(self) -> Stage:
        """The furthest thing that was seen of this trip."""
        if self.cleared_at is not None:
            return Stage.CLEARED
        if self.lane_at is not None:
            return Stage.IN_LANE
        if self.queued_at is not None:
            return Stage.QUEUED
        if self.released_at is not None:
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
    """

    gate: str
    entered_at: NDArray[np.float64]
    cleared_at: NDArray[np.float64]
    is_import: NDArray[np.bool_]
    lag_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything one tick decides from."""

    site: Site
    now: datetime
    trips: tuple[LiveTrip, ...]
    gates: tuple[GateHistory, ...]
