"""What operators may ask for, by kind; each body says all its act needs and nothing else."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.moments import Moment
from flowctl.hand import LONGEST_NOTE, Act, ActKind
from flowctl.state import Cargo

TripId = Annotated[int, Field(ge=1, lt=2**63, strict=True)]
GateId = Annotated[str, Field(min_length=1, max_length=80)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=1, max_length=40)]
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""


class HoldTruck(_Body):
    """A truck is not called up until ``until``, or until the hold is ended."""

    kind: Literal["hold_truck"]
    trip_id: TripId
    until: Moment | None = None

    def act(self, by: str, now: datetime) -> Act:
        """Return it as an act."""
        return Act(
            ActKind.HOLD_TRUCK,
            self.reason,
            by,
            now,
            note=self.note,
            trip_id=self.trip_id,
            ends_at=self.until,
        )


class HoldClass(_Body):
    """The same of all trucks that the fields given describe; ``gate``: of their way there."""

    kind: Literal["hold_class"]
    gate: GateId | None = None
    cargo: Cargo | None = None
    haulier: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    direction: Literal["export"] = "export"
    until: Moment | None = None

    def act(self, by: str, now: datetime) -> Act:
        """Return it as an act."""
        return Act(
            ActKind.HOLD_CLASS,
            self.reason,
            by,
            now,
            note=self.note,
            gate=self.gate,
            cargo=None if self.cargo is None else str(self.cargo),
            haulier=self.haulier,
            ends_at=self.until,
        )


class Capacity(_Body):
    """A gate takes ``per_h`` trucks of both directions in an open hour, from now or later on."""

    kind: Literal["capacity"]
    gate: GateId
    per_h: Annotated[float, Field(ge=1, le=1000)]
    starts_at: Moment | None = None
    ends_at: Moment

    def act(self, by: str, now: datetime) -> Act:
        """Return it as an act."""
        return Act(
            ActKind.CAPACITY,
            self.reason,
            by,
            now,
            note=self.note,
            gate=self.gate,
            per_h=self.per_h,
            starts_at=self.starts_at or now,
            ends_at=self.ends_at,
        )


class OpenGate(_Body):
    """A gate is open beyond its calendar, from now or later on."""

    kind: Literal["open_gate"]
    gate: GateId
    starts_at: Moment | None = None
    ends_at: Moment

    def act(self, by: str, now: datetime) -> Act:
        """Return it as an act."""
        return Act(
            ActKind.OPEN_GATE,
            self.reason,
            by,
            now,
            note=self.note,
            gate=self.gate,
            starts_at=self.starts_at or now,
            ends_at=self.ends_at,
        )


class CloseGate(BaseModel):
    """A closure or a loss of lanes, for its effect only: it is entered as a closure."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["close_gate"]
    gate: GateId
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    places_left: Annotated[int, Field(ge=0, le=1000, strict=True)] = 0
    reason: Annotated[str, Field(max_length=200)] = ""
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""

    def act(self, by: str, now: datetime) -> Act:
        """Return it as an act."""
        return Act(
            ActKind.CLOSE_GATE,
            self.reason,
            by,
            now,
            note=self.note,
            gate=self.gate,
            starts_at=self.starts_at or now,
            ends_at=self.ends_at,
            places_left=self.places_left,
        )


class Pin(_Body):
    """A truck has the slot that begins at ``starts_at``."""

    kind: Literal["pin"]
    trip_id: TripId
    gate: GateId
    starts_at: Moment

    def act(self, by: str, now: datetime) -> Act:
        """Return it as an act."""
        return Act(
            ActKind.PIN,
            self.reason,
            by,
            now,
            note=self.note,
            trip_id=self.trip_id,
            gate=self.gate,
            starts_at=self.starts_at,
        )


class Exchange(_Body):
    """Two trucks exchange the slots they were told."""

    kind: Literal["swap"]
    trip_id: TripId
    other_trip_id: TripId

    def act(self, by: str, now: datetime) -> Act:
        """Return it as an act."""
        return Act(
            ActKind.SWAP,
            self.reason,
            by,
            now,
            note=self.note,
            trip_id=self.trip_id,
            other_trip_id=self.other_trip_id,
        )


class Forward(_Body):
    """A truck goes before its seniors, to ``gate`` where given."""

    kind: Literal["forward"]
    trip_id: TripId
    gate: GateId | None = None

    def act(self, by: str, now: datetime) -> Act:
        """Return it as an act."""
        return Act(
            ActKind.FORWARD,
            self.reason,
            by,
            now,
            note=self.note,
            trip_id=self.trip_id,
            gate=self.gate,
        )


NewAct = Annotated[
    HoldTruck | HoldClass | Capacity | OpenGate | Pin | Exchange | Forward,
    Field(discriminator="kind"),
]
"""What may be entered."""
AskedAct = Annotated[
    HoldTruck | HoldClass | Capacity | OpenGate | CloseGate | Pin | Exchange | Forward,
    Field(discriminator="kind"),
]
"""What may be looked at before it is entered."""


class Note(BaseModel):
    """Why an act is ended or refused."""

    model_config = ConfigDict(extra="forbid")

    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""
