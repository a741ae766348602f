"""What a scenario says of its gates: closures, surges, rosters, failures, the other side."""

from dataclasses import dataclass
from math import inf

from flowctl.errors import Refusal
from flowctl.scenarios.rows import bounded, span_fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Disruption:
    """A gate that is closed, or short of places, between two hours of the day.

    ``places_left`` of its places work meanwhile, 0: none. At ``announced_h`` an officer enters it,
    with its end where ``end_known``; left out, nobody does, and it is only seen in the trucks. It
    may end after the day does; nothing of it is played then.
    """

    gate: str
    from_h: float = bounded(most=168.0)
    until_h: float = bounded(most=168.0)
    places_left: int = bounded(default=0)
    announced_h: float = bounded(default=inf)
    end_known: bool = True

    def fault(self) -> Refusal | None:
        """Return what contradicts itself."""
        return span_fault("from_h and until_h", self.from_h, self.until_h)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surge:
    """More exports for a gate between two hours, as a share of those that come then anyway."""

    gate: str
    from_h: float = bounded(most=24.0)
    until_h: float = bounded(most=24.0)
    more: float = bounded(most=10.0)

    def fault(self) -> Refusal | None:
        """Return what contradicts itself."""
        return span_fault("from_h and until_h", self.from_h, self.until_h)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """The roster of a gate: so many of its inspection places are staffed in these hours.

    Everybody knows it from the day's start. More than the gate has are none: give it more by
    ``places`` of ``[gates.X]`` and roster the hours with fewer.
    """

    gate: str
    from_h: float = bounded(most=168.0)
    until_h: float = bounded(most=168.0)
    places: int = bounded(least=1)

    def fault(self) -> Refusal | None:
        """Return what contradicts itself."""
        return span_fault("from_h and until_h", self.from_h, self.until_h)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdowns:
    """Machines of a gate that fail by themselves; nobody enters it, it is only seen in the trucks.

    ``places`` of its inspection places fail together after an exponential time of working with the
    mean ``mean_between_h``, for an exponential time with the mean ``mean_repair_min``. A screening
    under way is finished. They are fewer of what is staffed then, never fewer than none.
    """

    gate: str
    places: int = bounded(least=1, default=1)
    mean_between_h: float = bounded(least=0.05)
    mean_repair_min: float = bounded(least=0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherSide:
    """The other side takes at most ``most_per_h`` exports an hour from a gate in these hours.

    The rule: while it is in force an export's screening does not begin sooner than
    3600 / ``most_per_h`` s after that of the export before it at this gate (whenever that was); 0:
    none begins. Imports are not held up, and take the places that stay free. Nobody announces it.
    Where several are in force the least holds.
    """

    gate: str
    from_h: float = bounded(most=168.0)
    until_h: float = bounded(most=168.0)
    most_per_h: float = bounded(most=10_000.0)

    def fault(self) -> Refusal | None:
        """Return what contradicts itself."""
        return span_fault("from_h and until_h", self.from_h, self.until_h)
