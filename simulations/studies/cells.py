"""The cells of a study: a variant under a rule each, played once and kept in a file."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from flowctl.errors import FlowctlError
from flowctl.intervals import Interval, mean_interval, paired
from flowctl.scenarios.scenario import Scenario
from flowctl.scenarios.steering import Steering
from flowctl.site import Site
from simulations.engine import CancelledError
from simulations.metrics import UNITS
from simulations.studies.executors import Pool
from simulations.studies.run import no_measure, run
from simulations.studies.variants import Base, Settings
from simulations.studies.workers import Stopped

FILE = "cells.jsonl"
Tell = Callable[[str, float], object]
"""Called with what a cell is called and the share of it that is done."""


class StoppedError(Exception):
    """Nobody wants the rest of the study; its finished cells are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What came of one variant under one rule.

    ``each`` has a value per replication of every measure, None where there was none.
    """

    label: str
    settings: Settings
    steering: str
    each: Mapping[str, list[float | None]]
    digest: str
    notes: tuple[str, ...]

    def interval(self, measure: str) -> Interval:
        """Return a measure's mean over replications with its interval."""
        return mean_interval(self.values(measure))

    def change(self, measure: str, before: "Cell") -> Interval:
        """Return how much more of a measure there is than in another cell of the same seeds."""
        return paired(before.values(measure), self.values(measure))

    def values(self, measure: str) -> list[float | None]:
        """Return a measure's value in every replication."""
        if measure not in UNITS:
            raise no_measure(measure)
        return self.each[measure]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values, with the intervals of all measures."""
        return {
            "label": self.label,
            "settings": dict(self.settings),
            "steering": self.steering,
            "each": dict(self.each),
            "measures": {
                key: {"mean": found.mean, "low": found.low, "high": found.high}
                for key, found in ((key, self.interval(key)) for key in UNITS)
            },
            "digest": self.digest,
            "notes": list(self.notes),
        }


class Study:
    """Plays cells with the same seeds, and remembers them in a folder where one is given.

    Parameters
    ----------
    folder
        A line of JSON for each finished cell goes to its ``cells.jsonl``. A cell that is there, of
        the same version, scenario, site, seeds and rule, is not played again.
    executor
        Returns who plays a rule's cells; it is opened once for each kind.
    tell
        Hears how far a cell is.
    """

    def __init__(
        self,
        *,
        seed: int,
        replications: int,
        executor: Callable[[Steering], AbstractContextManager[Pool]],
        folder: Path | None = None,
        stopped: Stopped | None = None,
        tell: Tell | None = None,
    ) -> None:
        self.seed, self.replications = seed, replications
        self.played = 0
        self._pool_of, self._stopped, self._tell = executor, stopped, tell
        self._file = None if folder is None else folder / FILE
        self._known = {} if self._file is None else dict(_read(self._file))

    def play(
        self, base: Base, settings: Settings, steering: Steering, label: str | None = None
    ) -> Cell:
        """Return a cell, played or remembered.

        Raises
        ------
        StoppedError
            The study was stopped; what a cell had so far is not kept, as it is no whole cell.
        """
        scenario, site = base.variant(settings)
        named = (
            label or " ".join(f"{path}={value:g}" for path, value in settings.items()) or "as is"
        )
        key = self._key(base, settings, steering)
        if key not in self._known:
            cell = self._played(scenario, site, settings, steering, named)
            self._known[key] = cell
            self._keep(key, cell)
        elif self._tell is not None:
            self._tell(named, 1.0)
        return self._known[key]

    def _played(
        self, scenario: Scenario, site: Site, settings: Settings, steering: Steering, label: str
    ) -> Cell:
        def hear(share: float, _: int) -> None:
            if self._tell is not None:
                self._tell(label, share)

        try:
            with self._pool_of(steering) as pool:
                found = run(
                    scenario,
                    site,
                    steering=steering,
                    seed=self.seed,
                    replications=self.replications,
                    executor=pool,
                    progress=hear,
                    stopped=self._stopped,
                )
        except CancelledError:
            raise StoppedError from None
        if found.stopped_early:
            if self._stopped is not None and self._stopped():
                raise StoppedError
            raise FlowctlError(found.notes[-1].text)
        self.played += 1
        return Cell(
            label=label,
            settings=settings,
            steering=str(steering),
            each={key: found.each(key) for key in UNITS},
            digest=found.digest,
            notes=tuple(note.text for note in found.notes),
        )

    def _key(self, base: Base, settings: Settings, steering: Steering) -> str:
        asked: list[object] = [version("flowctl"), base.digest(), sorted(settings.items())]
        asked += [str(steering), *_policy_text(steering), self.seed, self.replications]
        return sha256(json.dumps(asked).encode()).hexdigest()

    def _keep(self, key: str, cell: Cell) -> None:
        """Add a finished cell to the file, on disk before the next is begun."""
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, **cell.as_json()}) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _policy_text(steering: Steering) -> Iterator[str]:
    """Yield what a policy file says, whose name alone does not tell that it was changed."""
    if steering.policy is not None:
        yield Path(steering.policy).read_text(encoding="utf-8")


def _read(file: Path) -> Iterator[tuple[str, Cell]]:
    """Yield the cells of a file; a line that was cut by a crash is played again."""
    if not file.exists():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        yield (
            row["key"],
            Cell(
                label=row["label"],
                settings=row["settings"],
                steering=row["steering"],
                each=row["each"],
                digest=row["digest"],
                notes=tuple(row["notes"]),
            ),
        )
