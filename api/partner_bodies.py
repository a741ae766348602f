"""What partners send and are sent: one schema each of declarations, stages and crossings."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt

from api.moments import Moment
from flowctl.registry.papers import Load, Nationality
from flowctl.registry.pushes import Word
from flowctl.storage.partners import CrossingShown, DeclarationShown, RecordShown
from flowctl.workflow.stages import Act

MOST_ITEMS = 500
Plate = Annotated[str, Field(max_length=20, examples=["12C-123.45"])]
Number = Annotated[str, Field(max_length=80, examples=["305123456789"])]
Key = Annotated[str, Field(min_length=1, max_length=80, examples=["c0a1-77"])]
Id = Annotated[int, Field(ge=1, lt=2**63, examples=[412])]
Code = Annotated[str, Field(max_length=80)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DeclarationPage(BaseModel):
    """Declarations as they stand; ``next`` is the cursor to come back with."""

    items: list[DeclarationShown]
    next: str | None = Field(examples=["ZGVjbGFyYXRpb246NDEy"])
    more: bool


class RecordPage(BaseModel):
    """What was said of stages, in the order of the feed."""

    items: list[RecordShown]
    next: str | None = Field(examples=["c3RhZ2U6OTAx"])
    more: bool


class CrossingPage(BaseModel):
    """Crossings; one that came back since stands there again."""

    items: list[CrossingShown]
    next: str | None = Field(examples=["Y3Jvc3Npbmc6MzM"])
    more: bool


class OfTrip(_Body):
    """Of which trip something is said: its number, or what an active one is known by."""

    trip: Id | None = None
    plate: Plate | None = None
    declaration: Number | None = None


class StageWord(OfTrip):
    """What the partner's desk says of a stage; ``key`` is the partner's own, said once for each.

    ``settled`` are the facts that the stage settles, ``at`` when it was decided: now, if absent.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "key": "c0a1-77",
                    "declaration": "305123456789",
                    "stage": "customs_in_yard",
                    "act": "confirmed",
                    "settled": {"goods_class": "fruit"},
                    "at": "2026-11-23T08:15:00+07:00",
                },
                {
                    "key": "c0a1-78",
                    "plate": "12C-123.45",
                    "stage": "customs_arrival",
                    "act": "asked",
                    "reason": "papers_missing",
                    "note": "The certificate of origin is not readable.",
                },
            ]
        },
    )

    key: Key
    stage: Code
    act: Act
    at: Moment | None = None
    reason: Code | None = None
    note: Annotated[str | None, Field(max_length=500)] = None
    settled: Annotated[dict[str, Code], Field(max_length=10)] = {}

    def word(self) -> Word:
        """Return it as it is said."""
        return Word(**{name: getattr(self, name) for name in type(self).model_fields})


class StageWords(_Body):
    """Words about stages."""

    items: Annotated[list[StageWord], Field(min_length=1, max_length=MOST_ITEMS)]


class CrossingSeen(_Body):
    """A truck that crossed at a gate, in a direction, at a moment.

    The same truck seen again, by whomever, is the same crossing until it can be back.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "plate": "12C-123.45",
                    "gate": "huu_nghi",
                    "direction": "export",
                    "at": "2026-11-23T10:41:00+07:00",
                }
            ]
        },
    )

    plate: Plate
    gate: Code
    direction: Code
    at: Moment


class CrossingsSeen(_Body):
    """Crossings."""

    items: Annotated[list[CrossingSeen], Field(min_length=1, max_length=MOST_ITEMS)]


Amount = Annotated[float, Field(allow_inf_nan=False, strict=True)]


class Facts(_Body):
    """What a partner knows of a journey's truck, goods and papers; what is absent is not said.

    Ids of classes are those of ``GET /v1/workflow``. Nothing of persons is taken.
    """

    trailer: Plate | None = None
    goods: Annotated[str | None, Field(max_length=200)] = None
    goods_class: Code | None = None
    goods_code: Code | None = None
    weight_class: Code | None = None
    weight_t: Amount | None = None
    value_vnd: StrictInt | None = None
    keeps_h: Amount | None = None
    temperature_c: Amount | None = None
    load: Load | None = None
    nationality: Nationality | None = None
    pair_plate: Plate | None = None
    customer: Annotated[str | None, Field(max_length=200)] = None
    declaration: Number | None = None


class FactsOfTrip(_Body):
    """What is known of a trip, which is named by its number, its plate or its customs number."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "plate": "12C-123.45",
                    "facts": {"goods_code": "0810.90", "weight_t": 21.5, "value_vnd": 640000000},
                }
            ]
        },
    )

    trip: Id | None = None
    plate: Plate | None = None
    declaration: Number | None = None
    facts: Facts


class FactsOfTrips(_Body):
    """What is known of trips."""

    items: Annotated[list[FactsOfTrip], Field(min_length=1, max_length=MOST_ITEMS)]


class Foreknown(_Body):
    """What is known of a journey that nobody declared yet, beside its truck's plate."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "plate": "12C-123.45",
                    "facts": {"goods": "thanh long", "goods_class": "fresh_fruit"},
                }
            ]
        },
    )

    plate: Plate | None = None
    facts: Facts


class FactsResult(BaseModel):
    """What became of the fields of one item: filled in, a conflict for a person, or said alike."""

    status: Literal["done", "refused"]
    trip: int | None = None
    filled: list[str] = []
    conflicts: list[str] = []
    same: list[str] = []
    detail: str | None = None
    kind: str | None = None
    values: dict[str, Any] = {}


class FactsResults(BaseModel):
    """One result for each item."""

    results: list[FactsResult]


class Result(BaseModel):
    """What became of one item, in the order they were sent.

    ``repeated``: it had come before, and counts once. What is refused changed nothing.
    """

    status: Literal["done", "repeated", "refused"]
    trip: int | None = None
    detail: str | None = None
    kind: str | None = None
    values: dict[str, Any] = {}


class Results(BaseModel):
    """One result for each item."""

    results: list[Result]
