"""What of a gate serves some trucks only: lanes by cargo and weight, bays by equipment."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class LaneClass:
    """Lanes of a gate that take some trucks only.

    ``places`` of the gate's inspection places are theirs. They take the ``cargo`` classes named
    (none named: all) of more than ``above_t`` and up to ``upto_t`` tonnes (None: any weight). A
    truck whose weight is not known counts as the heaviest there is. Classes that are ``switchable``
    lend each other places for some hours, if the plan gains by it.
    """

    id: str
    places: int
    cargo: tuple[str, ...] = ()
    above_t: float = 0.0
    upto_t: float | None = None
    switchable: bool = False

    def takes(self, cargo: str, weight_t: float | None) -> bool:
        """Tell whether a truck may use these lanes."""
        if self.cargo and cargo not in self.cargo:
            return False
        if weight_t is None:
            return self.upto_t is None
        return self.above_t < weight_t and (self.upto_t is None or weight_t <= self.upto_t)


@dataclass(frozen=True, slots=True)
class LaneUse:
    """From ``starts_at`` on so many places of a gate are those of a lane class."""

    gate: str
    lane_class: str
    starts_at: datetime
    places: int


class SlotPrice(NamedTuple):
    """What one more place in a slot would save, in the plan's unit of cost."""

    gate: str
    lane_class: str | None
    """None where the gate's lanes are for every truck."""
    starts_at: datetime
    price: int


@dataclass(frozen=True, slots=True)
class Bay:
    """Equipment that trucks declared to need it are screened at, named by its ``kind``.

    There are ``places`` of it at the gate, beside the inspection place each truck takes anyway; a
    truck blocks one from its slot on for ``slots`` slots.
    """

    kind: str
    places: int
    slots: int
