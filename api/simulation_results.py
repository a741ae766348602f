"""What comes of a simulated run, as it is kept and answered; `simulations.studies.result` makes it.

Every field stands in results that were kept before: one that comes new needs a default.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from flowctl.intervals import Interval

Epoch = list[float]
"""Epoch seconds."""


@dataclass(frozen=True, slots=True)
class RunNote:
    """What has to be said beside the figures: in English, and its kind and values for others."""

    kind: str
    values: Mapping[str, str | int | float | None]
    text: str


@dataclass(frozen=True, slots=True)
class RunMeasure:
    """A measure's mean over replications with its 95 % interval."""

    mean: float | None
    low: float | None
    high: float | None
    unit: str


@dataclass(frozen=True, slots=True)
class RunBand:
    """A series on the result's grid: the mean of the replications, and 5 and 95 % of them."""

    mean: list[float]
    low: list[float]
    high: list[float]


@dataclass(frozen=True, slots=True)
class RunGate:
    """A gate's queue, all who wait for it, and its own measures."""

    queue: RunBand
    waiting: RunBand
    queue_max: Interval
    cleared_export: Interval
    cleared_import: Interval
    waiting_at_end: Interval
    starved_place_min: Interval
    utilisation: Interval


@dataclass(frozen=True, slots=True)
class RunYard:
    """How full a yard is; ``places`` None: nobody knows how many it has."""

    occupancy: RunBand
    places: int | None


@dataclass(frozen=True, slots=True)
class RunWaits:
    """Shares of the trucks by how long they waited, between ``edges_min``."""

    edges_min: list[float]
    gate: list[float]
    total: list[float]


@dataclass(frozen=True, slots=True)
class RunSlots:
    """How many trucks were told each slot of a gate, and how many of all came in it."""

    starts: Epoch
    planned: list[int]
    came: list[int]


@dataclass(frozen=True, slots=True)
class RunResult:
    """What came of a run; ``seconds`` are the wall's.

    ``each`` has a value per replication of every measure, None where there was none. ``gates``,
    ``yards`` and ``slots`` go by id, ``classes`` by class and measure; ``slots`` is None where
    nobody was told one.
    """

    scenario: str
    name: Mapping[str, str]
    steering: str
    seed: int
    replications: int
    version: str
    policy: str
    site: str
    timezone: str
    digest: str
    seconds: float
    stopped_early: bool
    notes: list[RunNote]
    grid: Epoch
    measures: dict[str, RunMeasure]
    each: dict[str, list[float | None]]
    classes: dict[str, dict[str, Interval]]
    gates: dict[str, RunGate]
    yards: dict[str, RunYard]
    waits: RunWaits
    slots: dict[str, RunSlots] | None


Times = list[float | None]
"""Epoch seconds, None where that never came."""


@dataclass(frozen=True, slots=True)
class RunTrucks:
    """A run's trucks, a column a fact and a truck a row.

    ``gate``, ``yard`` and ``cargo`` count in ``gates``, ``yards`` and ``cargoes``.
    """

    gates: list[str]
    yards: list[str]
    cargoes: list[str]
    gate: list[int]
    is_import: Annotated[list[int], Field(alias="import")]
    yard: list[int]
    cargo: list[int]
    yard_at: Times
    ready_at: Times
    released_at: Times
    left_at: Times
    gate_at: Times
    start_at: Times
    clear_at: Times
    turned_at: Times
    slot_at: Times
