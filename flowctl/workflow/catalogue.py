"""A workflow as it is read: variants, what facts may be, and which variant a trip begins by. Pure.

Stages stand once in the file. A variant, one way to hand trucks over at some gates in a direction,
has those whose conditions its trips can meet: what differs between variants is a condition.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from flowctl.workflow.stages import Facts, Proof, Stage, Variant

Names = Mapping[str, str]
"""A name in vi, zh and en."""

SETTLED = ("goods_class", "load", "weight_class")
"""The facts a stage may settle; each is one word out of a list."""
NATIONALITIES = ("VN", "CN", "other")
LOADS = ("laden", "empty")


@dataclass(frozen=True, slots=True)
class GoodsClass:
    """A class of goods; its marks are facts of their own, ``yes`` or ``no``."""

    id: str
    name: Names
    plants: bool = False
    animals: bool = False


@dataclass(frozen=True, slots=True)
class WeightClass:
    """Trucks of ``from_t`` tonnes up to, not including, ``below_t``; None: no end."""

    id: str
    name: Names
    from_t: float
    below_t: float | None

    def holds(self, weight_t: float) -> bool:
        """Tell whether a weight is of this class."""
        return self.from_t <= weight_t and (self.below_t is None or weight_t < self.below_t)


@dataclass(frozen=True, slots=True)
class Handover:
    """A way to hand a truck over to the other side."""

    id: str
    name: Names


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera by its id; a plate it read in ``place`` proves ``proof``, from ``confidence`` on."""

    id: str
    place: str
    proof: Proof
    confidence: float


@dataclass(frozen=True, slots=True)
class Hours:
    """By which variant a gate hands over for who names none; without hours: at any other time.

    ``starts`` and ``ends`` are times of the site's day; hours may pass midnight.
    """

    gate: str
    direction: str
    variant: str
    starts: time | None = None
    ends: time | None = None

    def hold(self, local: time) -> bool:
        """Tell whether a time of the site's day lies within."""
        if self.starts is None or self.ends is None:
            return True
        if self.starts < self.ends:
            return self.starts <= local < self.ends
        return local >= self.starts or local < self.ends


@dataclass(frozen=True, slots=True)
class Workflow:
    """One version of a site's workflow file."""

    version: str
    valid_from: datetime
    stages: tuple[Stage, ...]
    variants: tuple[Variant, ...]
    hours: tuple[Hours, ...]
    goods_classes: tuple[GoodsClass, ...] = ()
    weight_classes: tuple[WeightClass, ...] = ()
    handovers: tuple[Handover, ...] = ()
    cameras: tuple[Camera, ...] = ()

    def find_variant(self, variant: str) -> Variant | None:
        """Return a variant by its id."""
        return next((one for one in self.variants if one.id == variant), None)

    def variants_at(self, gate: str, direction: str) -> list[Variant]:
        """Return by which variants a gate may hand over in a direction, in the file's order."""
        return [one for one in self.variants if one.direction == direction and gate in one.gates]

    def default_at(self, gate: str, direction: str, local: datetime) -> Variant | None:
        """Return by which variant a gate hands over at a moment; None where it has none.

        ``local`` is a moment in the site's zone. Hours come before what holds at any other time.
        """
        here = [one for one in self.hours if (one.gate, one.direction) == (gate, direction)]
        here.sort(key=lambda one: one.starts is None)
        found = next((one.variant for one in here if one.hold(local.time())), None)
        return None if found is None else self.find_variant(found)

    def known_values(self) -> dict[str, tuple[str, ...]]:
        """Return what each fact may be, but ``gate``, which the site says."""
        return {
            "direction": ("export", "import"),
            "cargo": ("normal", "reefer", "perishable"),
            "nationality": NATIONALITIES,
            "load": LOADS,
            "goods_class": tuple(one.id for one in self.goods_classes),
            "weight_class": tuple(one.id for one in self.weight_classes),
            "handover": tuple(one.id for one in self.handovers),
            "plants": ("yes", "no"),
            "animals": ("yes", "no"),
        }

    def fill_in(self, facts: Facts, weight_t: float | None) -> dict[str, str]:
        """Return facts with those that follow from them: the class of a weight, marks of goods."""
        full = dict(facts)
        if "weight_class" not in full and weight_t is not None:
            found = [one.id for one in self.weight_classes if one.holds(weight_t)]
            if found:
                full["weight_class"] = found[0]
        for goods in self.goods_classes:
            if goods.id == full.get("goods_class"):
                full["plants"] = "yes" if goods.plants else "no"
                full["animals"] = "yes" if goods.animals else "no"
        return full


def stages_of(
    stages: Sequence[Stage], *, direction: str, gates: Sequence[str], handover: str
) -> tuple[Stage, ...]:
    """Return the stages whose conditions trips of such a variant can meet, in the file's order."""
    possible = {"direction": {direction}, "gate": set(gates), "handover": {handover}}
    return tuple(
        stage
        for stage in stages
        if all(
            known & set(stage.applies[name])
            for name, known in possible.items()
            if name in stage.applies
        )
    )


def beyond_crossing(stages: Sequence[Stage]) -> frozenset[str]:
    """Return the stages that come after the one that the crossing proves, however far."""
    found = {stage.id for stage in stages if Proof.GATE_OUT in stage.proofs}
    crossing = frozenset(found)
    for _ in stages:
        found |= {stage.id for stage in stages if found & set(stage.needs)}
    return frozenset(found - crossing)
