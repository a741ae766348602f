"""What came of a run, and the JSON that says it."""

from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from flowctl.intervals import Interval, mean_interval
from flowctl.scenarios.scenario import Scenario
from flowctl.scenarios.steering import Steering
from flowctl.site import Site
from flowctl.site_files import load_policy
from simulations.metrics import UNITS, Measures
from simulations.records import Records
from simulations.streams import Column
from simulations.studies.bands import Gathered
from simulations.studies.notes import Note, notes_on

Values = list[float | None]
_Key = tuple[str, str, str]
"""What a figure is of (day, class, gate), its name, and the measure."""

_TIMES = (
    *("yard_at", "ready_at", "released_at", "left_at", "gate_at"),
    *("start_at", "clear_at", "turned_at", "slot_at"),
)


@dataclass(slots=True, kw_only=True)
class Run:
    """The finished replications of a run: one value each of every measure, and what they share.

    Attributes
    ----------
    numbers
        Replications in the order they were finished; their seeds are ``seed`` + number.
    first
        The records of replication 0; None where it was not finished.
    seconds
        Wall time.
    """

    scenario: Scenario
    site: Site
    steering: Steering
    seed: int
    numbers: list[int] = field(default_factory=list)
    first: Records | None = None
    seconds: float = 0.0
    stopped_early: bool = False
    notes: list[Note] = field(default_factory=list)
    _values: dict[_Key, Values] = field(default_factory=dict)
    _digests: dict[int, bytes] = field(default_factory=dict)
    _gathered: Gathered | None = None

    def add(self, number: int, measures: Measures, digest: bytes, records: Records | None) -> None:
        """Take in a replication."""
        self.numbers.append(number)
        self._digests[number] = digest
        for key, value in _figures(measures).items():
            self._values.setdefault(key, []).append(value)
        if self._gathered is None:
            self._gathered = Gathered(measures)
        self._gathered.add(measures)
        if number == 0 and records is not None:
            self.first = records
            self.notes += notes_on(records)

    def ends_early(self, why: Note) -> None:
        """Note that replications are missing."""
        self.stopped_early = True
        self.notes.append(why)

    def each(self, measure: str) -> Values:
        """Return a measure's value in every replication by its number; None where there is none."""
        return self._in_order(("day", "", measure))

    def interval(self, measure: str) -> Interval:
        """Return a measure's mean over replications with its 95 % interval."""
        return mean_interval(self.each(measure))

    @property
    def digest(self) -> str:
        """What all replications' records amount to: the same run again gives it bit for bit."""
        whole = sha256()
        for number in sorted(self._digests):
            whole.update(number.to_bytes(8, "big") + self._digests[number])
        return whole.hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values; ``trucks`` are those of replication 0."""
        gathered = self._gathered
        assert gathered is not None, "a run has a replication"  # noqa: S101 - run() sees to it
        return {
            "scenario": self.scenario.id,
            "name": dict(self.scenario.name),
            "steering": str(self.steering),
            "seed": self.seed,
            "replications": len(self.numbers),
            "version": version("flowctl"),
            "policy": _policy(self.site, self.steering),
            "site": self.site.id,
            "timezone": self.site.timezone.key,
            "digest": self.digest,
            "seconds": round(self.seconds, 3),
            "stopped_early": self.stopped_early,
            "notes": [
                {"kind": note.kind, "values": dict(note.values), "text": note.text}
                for note in self.notes
            ],
            "grid": gathered.grid.tolist(),
            "measures": {
                key: _said(self.interval(key)) | {"unit": unit} for key, unit in UNITS.items()
            },
            "each": {key: self.each(key) for key in UNITS},
            "classes": self._groups("class"),
            "gates": {
                gate: {
                    "queue": gathered.queue[gate].as_json(),
                    "waiting": gathered.waiting[gate].as_json(),
                    **figures,
                }
                for gate, figures in self._groups("gate").items()
            },
            "yards": {
                yard: {"occupancy": band.as_json(), "places": self._places(yard)}
                for yard, band in gathered.occupancy.items()
            },
            "waits": gathered.waits(),
            "slots": None if self.first is None else slots_of(self.first, self.site),
            "trucks": None if self.first is None else trucks_of(self.first),
        }

    def _groups(self, of: str) -> dict[str, dict[str, dict[str, float | None]]]:
        groups: dict[str, dict[str, dict[str, float | None]]] = {}
        for kind, name, measure in self._values:
            if kind == of:
                values = self._in_order((kind, name, measure))
                groups.setdefault(name, {})[measure] = _said(mean_interval(values))
        return groups

    def _in_order(self, key: _Key) -> Values:
        found: Values = [None] * (max(self.numbers, default=-1) + 1)
        for number, value in zip(self.numbers, self._values.get(key, ()), strict=True):
            found[number] = value
        return found

    def _places(self, yard: str) -> int | None:
        changed = self.scenario.yards.get(yard)
        if changed is not None and changed.places is not None:
            return changed.places
        known = self.site.yard_by_id.get(yard)
        return None if known is None else known.capacity


def _figures(measures: Measures) -> dict[_Key, float | None]:
    """Return every figure of a replication by what it is of."""
    found: dict[_Key, float | None] = {("day", "", key): v for key, v in measures.scalars.items()}
    for cargo, waits in measures.classes.items():
        found |= {("class", cargo, key): value for key, value in waits.items()}
    for gate, counts in measures.gates.items():
        found |= {("gate", gate, key): value for key, value in counts.items()}
        found["gate", gate, "utilisation"] = measures.utilisation[gate]
    return found


def _said(interval: Interval) -> dict[str, float | None]:
    return {"mean": interval.mean, "low": interval.low, "high": interval.high}


def _policy(site: Site, steering: Steering) -> str:
    """Return the version of the policy in force."""
    if steering.policy is None:
        return site.policy.version
    return load_policy(Path(steering.policy), site.dispatch).version


def slots_of(records: Records, site: Site) -> dict[str, Any] | None:
    """Return by gate how many trucks were told each slot, and how many of all came in it.

    None where nobody was told one.
    """
    told = ~np.isnan(records.slot_at)
    if not told.any():
        return None
    slots = {}
    for number, gate in enumerate(records.gates):
        here = records.gate == number
        starts, planned = np.unique(records.slot_at[here & told], return_counts=True)
        came_at = np.sort(records.gate_at[here & told])
        until = np.searchsorted(came_at, starts + site.dispatch.slot_s)
        slots[gate] = {
            "starts": starts.tolist(),
            "planned": planned.tolist(),
            "came": (until - np.searchsorted(came_at, starts)).tolist(),
        }
    return slots


def trucks_of(records: Records) -> dict[str, Any]:
    """Return the records as plain columns, times to a tenth of a second."""
    return {
        "gates": list(records.gates),
        "yards": list(records.yards),
        "cargoes": list(records.cargoes),
        "gate": records.gate.tolist(),
        "import": records.is_import.astype(int).tolist(),
        "yard": records.yard.tolist(),
        "cargo": records.cargo.tolist(),
        **{name: _times(getattr(records, name)) for name in _TIMES},
    }


def _times(column: Column) -> list[float | None]:
    return [None if at != at else at for at in np.round(column, 1).tolist()]  # noqa: PLR0124 - only NaN differs from itself
