"""Trips as they are asked for and answered."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, model_validator

from api.moments import Moment
from flowctl.registry.changes import TripChange
from flowctl.registry.papers import Load, Nationality
from flowctl.registry.phone_tracker import Tracker
from flowctl.registry.rules import Declaration
from flowctl.state import Cargo, Direction

Gates = Annotated[list[str], Field(max_length=20)]
Text = Annotated[str, Field(max_length=80)]
Weight = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Hours = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Degrees = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Line = Annotated[str, Field(max_length=200)]
_MAY_GO = ("device", "convoy", "needs", "returns_within_h", "declaration")
TripId = Annotated[int, Path(ge=1, lt=2**63)]


class PaperBody(BaseModel):
    """What a declaration says beside what the order rests on; see `flowctl.registry.rules`."""

    model_config = ConfigDict(extra="forbid")

    trailer: Text | None = None
    driver_name: Text | None = None
    licence: Text | None = None
    licence_until: date | None = None
    consent: StrictBool = False
    goods: Line | None = None
    goods_class: Text | None = None
    goods_code: Text | None = None
    weight_class: Text | None = None
    value_vnd: StrictInt | None = None
    keeps_h: Hours | None = None
    temperature_c: Degrees | None = None
    load: Load = Load.LADEN
    nationality: Nationality | None = None
    handover: Text | None = None
    pair_plate: Text | None = None
    customer: Text | None = None


class TripDeclaration(PaperBody):
    """The one declaration of a journey; ``draft`` is what it was written in."""

    plate: Text
    phone: Text
    language: Text
    direction: Direction
    cargo: Cargo
    gates: Gates
    ready_at: Moment
    device: Text | None = None
    haulier: Text | None = None
    weight_t: Weight | None = None
    convoy: Text | None = None
    needs: Text | None = None
    returns_within_h: Hours | None = None
    declaration: Text | None = None
    draft: UUID | None = None

    def declared(self, haulier: str | None) -> Declaration:
        """Return what is declared, as a haulier's."""
        said = self.model_dump() | {"gates": tuple(self.gates), "haulier": haulier}
        return Declaration(**said)


class TripPatch(PaperBody):
    """What is to change of a trip; what is absent stays.

    ``device: null`` takes its device away, ``convoy: null`` takes the truck out of its convoy,
    ``returns_within_h: null`` says that it does not come back, ``needs: null`` that any bay will
    do, ``declaration: null`` that no declaration names it; null takes away what papers say, too.
    ``plate`` binds the goods to another truck. ``evidence``, for what is only changed with it: the
    id of a document of the trip, or a reason where an operator or an administrator acts.
    """

    plate: Text | None = None
    ready_at: Moment | None = None
    gates: Gates | None = None
    cargo: Cargo | None = None
    phone: Text | None = None
    language: Text | None = None
    device: Text | None = None
    weight_t: Weight | None = None
    convoy: Text | None = None
    needs: Text | None = None
    returns_within_h: Hours | None = None
    declaration: Text | None = None
    evidence: Line | None = None

    @model_validator(mode="after")
    def refuse_nulls(self) -> "TripPatch":
        """Only some things may be taken away."""
        may_go = {*_MAY_GO, "evidence"} | PaperBody.model_fields.keys() - {"consent", "load"}
        for name in sorted(self.model_fields_set - may_go):
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null; leave it out to keep it")
        return self

    def wish(self, *, at_desk: bool) -> TripChange:
        """Return what is to change; ``at_desk``: by somebody of the gate's own."""
        named = self.model_fields_set
        return TripChange(
            plate=self.plate,
            ready_at=self.ready_at,
            gates=None if self.gates is None else tuple(self.gates),
            cargo=self.cargo,
            phone=self.phone,
            language=self.language,
            device=self.device,
            weight_t=self.weight_t,
            convoy=self.convoy,
            needs=self.needs,
            returns_within_h=self.returns_within_h,
            declaration=self.declaration,
            papers={name: getattr(self, name) for name in named & PaperBody.model_fields.keys()},
            evidence=self.evidence,
            at_desk=at_desk,
            drop_device="device" in named and self.device is None,
            drop_convoy="convoy" in named and self.convoy is None,
            drop_needs="needs" in named and self.needs is None,
            drop_return="returns_within_h" in named and self.returns_within_h is None,
            drop_declaration="declaration" in named and self.declaration is None,
        )


class StandbyWish(BaseModel):
    """Whether a truck's driver stands by to leave at once."""

    model_config = ConfigDict(extra="forbid")

    on: StrictBool


@dataclass(frozen=True, slots=True)
class PenaltyAnswer:
    """What an offence cost; ``banned_until`` where it was one too many."""

    id: int
    kind: str
    loses_s: float
    reason: str
    actor: str
    at: datetime
    banned_until: datetime | None
    lifted_at: datetime | None
    lifted_by: str | None


@dataclass(frozen=True, slots=True)
class SlotAnswer:
    """The slot a driver was told; who comes late but keeps it is there by ``late_until``."""

    gate: str
    starts_at: datetime
    ends_at: datetime
    accepted_at: datetime | None
    late_until: datetime | None


@dataclass(frozen=True, slots=True)
class EtaAnswer:
    """When a truck is expected at a yard or at a gate's inspection places."""

    target: Literal["yard", "gate"]
    place: str
    p10: datetime
    p50: datetime
    p90: datetime


@dataclass(frozen=True, slots=True)
class TripAnswer:
    """A trip; the phone never goes out.

    ``eta`` is that of a single trip asked for, null in lists and where nothing can be expected.
    A truck whose call lapsed while it stood in its yard is ``staged`` again, and not released.
    ``regains_at``, of a single trip too, is from when its place would count if an operator accepted
    the device that came in place of another. ``tracker`` is ``phone`` where the driver's phone
    stands in for one: it may be where the truck is not. ``by_hand``: it stands in its yard by an
    operator's word; ``device_faulty``: its device is not believed; ``has_number``: its driver can
    be written to.
    """

    id: int
    plate: str
    language: str
    direction: str
    cargo: str
    gates: list[str]
    ready_at: datetime
    registered_at: datetime
    state: str
    stage: str
    device: str | None
    tracker: Tracker | None
    slot: SlotAnswer | None
    released_at: datetime | None
    arrived_at: datetime | None
    yard: str | None
    haulier: str | None
    weight_t: float | None
    convoy: str | None
    standby: bool
    extended_until: datetime | None
    penalty_s: float
    needs: str | None
    returns_within_h: float | None = None
    eta: EtaAnswer | None = None
    regains_at: datetime | None = None
    by_hand: bool = False
    device_faulty: bool = False
    has_number: bool = True
    declaration: str | None = None


@dataclass(frozen=True, slots=True)
class ChangedTrip(TripAnswer):
    """A changed trip; ``lost_place_by`` are the fields that cost its truck its place."""

    lost_place_by: list[str] = field(default_factory=list)
