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
    """What every act says; its other fields are those of `Act`, ``until`` its ``ends_at``."""

    model_config = ConfigDict(extra="forbid", use_enum_values=True)

    kind: str
    reason: Annotated[str, Field(min_length=1, max_length=40)]
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""

    def act(self, by: str, now: datetime) -> Act:
        """Return it as an act; one that may begin later and says no moment begins now."""
        said = dict(self)
        said.pop("direction", None)  # the one there is
        if "until" in said:
            said["ends_at"] = said.pop("until")
        if "starts_at" in said:
            said["starts_at"] = said["starts_at"] or now
        return Act(ActKind(said.pop("kind")), said.pop("reason"), by, now, **said)


class HoldTruck(_Body):
    """A truck is not called up until ``until``, or until the hold is ended."""

    kind: Literal["hold_truck"]
    trip_id: TripId
    until: Moment | None = None


class HoldClass(_Body):
    """The same of all trucks that the fields given describe; ``gate``: of their way there."""

    kind: Literal["hold_class"]
    gate: GateId | None = None
    cargo: Cargo | None = None
    haulier: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    direction: Literal["export"] = "export"
    until: Moment | None = None


class Capacity(_Body):
    """A gate takes ``per_h`` trucks of both directions in an open hour, from now or later on."""

    kind: Literal["capacity"]
    gate: GateId
    per_h: Annotated[float, Field(ge=1, le=1000)]
    starts_at: Moment | None = None
    ends_at: Moment


class OpenGate(_Body):
    """A gate is open beyond its calendar, from now or later on."""

    kind: Literal["open_gate"]
    gate: GateId
    starts_at: Moment | None = None
    ends_at: Moment


class CloseGate(_Body):
    """A closure or a loss of lanes, for its effect only: it is entered as a closure."""

    kind: Literal["close_gate"]
    gate: GateId
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    places_left: Annotated[int, Field(ge=0, le=1000, strict=True)] = 0
    reason: Annotated[str, Field(max_length=200)] = ""


class Pin(_Body):
    """A truck has the slot that begins at ``starts_at``."""

    kind: Literal["pin"]
    trip_id: TripId
    gate: GateId
    starts_at: Moment


class Exchange(_Body):
    """Two trucks exchange the slots they were told."""

    kind: Literal["swap"]
    trip_id: TripId
    other_trip_id: TripId


class Forward(_Body):
    """A truck goes before its seniors, to ``gate`` where given."""

    kind: Literal["forward"]
    trip_id: TripId
    gate: GateId | None = None


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
