"""One scenario under one rule, played again and again until its figures are sure enough."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from itertools import count
from math import ceil
from threading import Lock

import numpy as np

from flowctl.errors import FlowctlError
from flowctl.intervals import mean_interval
from flowctl.scenarios.scenario import Scenario
from flowctl.scenarios.steering import Steering
from flowctl.site import Site
from flowctl.site_tables import nearest
from simulations.engine import CancelledError, Prepared, prepare
from simulations.metrics import UNITS, Measures, measure
from simulations.records import Records
from simulations.studies import notes
from simulations.studies.executors import Pool, WorkerLostError
from simulations.studies.result import Run
from simulations.studies.workers import Stopped, Tell

Progress = Callable[[float, int], object]
"""Called with the share of a run that is done, 0 to 1, and the replications finished."""
Keep = Callable[[int, Records], object]
"""Called with the number and the records of each replication, in the order they are done."""

GRID_S = 300.0
_HOUR_S = 3600.0
_FIRST_LOOK = 10  # replications before their spread says anything of how many it takes
_AT_ONCE = 5  # replications of a rule handed to a worker together


@dataclass(frozen=True, slots=True)
class Width:
    """How narrow an interval shall be: ``share`` of the measure's mean to either side."""

    measure: str
    share: float

    def reached(self, values: Sequence[float | None]) -> float | None:
        """Return the share reached so far; None where there is no interval, or no mean."""
        found = mean_interval(values)
        if found.half_width == 0:
            return 0.0
        if not found.mean or found.half_width is None:
            return None
        return found.half_width / abs(found.mean)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some replications of a run, for one worker; ``run`` tells runs apart."""

    run: tuple[float, int]
    scenario: Scenario
    site: Site
    steering: Steering
    seed: int
    numbers: range
    keep: bool


@dataclass(frozen=True, slots=True)
class Played:
    """A replication: its measures, what its records amount to, and these where they are kept."""

    number: int
    measures: Measures
    digest: bytes
    records: Records | None


def run(
    scenario: Scenario,
    site: Site,
    *,
    steering: Steering,
    seed: int,
    replications: int,
    executor: Pool,
    until_width: Width | None = None,
    progress: Progress | None = None,
    stopped: Stopped | None = None,
    keep: Keep | None = None,
) -> Run:
    """Play replications of a scenario with the seeds ``seed``, ``seed`` + 1 and so on.

    A run of 200 contains the run of 100, and runs of other rules with the same seeds have the same
    trucks, so that they are compared in pairs.

    Parameters
    ----------
    replications
        How many; with ``until_width`` at most so many.
    executor
        Who plays them; to be opened and closed by the caller.
    until_width
        More replications until an interval is so narrow (Law, Simulation Modeling and Analysis,
        2015, section 9.4.1): looked at after ten, then after as many as the spread found so far
        asks for.
    stopped
        Asked ten times a second whether the run is no longer wanted. What was finished by then is
        returned as ``stopped_early``.
    keep
        Given the records of every replication; without it only those of the first are kept.

    Raises
    ------
    CancelledError
        The run was ended before its first replication was.
    FlowctlError
        The scenario does not fit the site, there are no replications to be played, no measure of
        the name, or no such width.
    """
    _check(replications, until_width)
    begun = time.perf_counter()
    found = Run(scenario=scenario, site=site, steering=steering, seed=seed)
    found.notes += notes.notes_before(scenario, steering)
    name = (time.time(), next(_names))
    target = min(replications, _FIRST_LOOK) if until_width else replications
    while len(found.numbers) < target:
        chunks = [
            Chunk(
                run=name,
                scenario=scenario,
                site=site,
                steering=steering,
                seed=seed,
                numbers=numbers,
                keep=keep is not None,
            )
            for numbers in _cut(len(found.numbers), target, 1 if steering.plans else _AT_ONCE)
        ]
        try:
            _play_round(found, chunks, replications, executor, progress, stopped, keep)
        except WorkerLostError as error:
            if not found.numbers:
                raise
            found.ends_early(notes.worker_lost(len(found.numbers), replications, str(error)))
            break
        if len(found.numbers) < target:
            if not found.numbers:
                raise CancelledError
            found.ends_early(notes.cancelled(len(found.numbers), replications))
            break
        if until_width is not None:
            target = _next_target(found, until_width, replications)
    found.seconds = time.perf_counter() - begun
    if progress is not None and not found.stopped_early:
        progress(1.0, len(found.numbers))
    return found


def _check(replications: int, until_width: Width | None) -> None:
    """Refuse what no run can be asked for."""
    if replications < 1:
        raise FlowctlError(f"A run needs at least one replication, not {replications}.")
    if until_width is not None and until_width.measure not in UNITS:
        raise no_measure(until_width.measure)
    if until_width is not None and until_width.share <= 0:
        raise FlowctlError(
            f"No number of replications makes the interval of {until_width.measure} as narrow as"
            f" {until_width.share:.0%} of its mean; ask for more than 0%, such as 5%."
        )


def no_measure(name: str) -> FlowctlError:
    """Return the refusal of a measure that there is not."""
    hint = nearest(name, list(UNITS)) or f"; there are {', '.join(UNITS)}."
    return FlowctlError(f"There is no measure '{name}'{hint}")


_names = count()


def _play_round(
    found: Run,
    chunks: Sequence[Chunk],
    most: int,
    executor: Pool,
    progress: Progress | None,
    stopped: Stopped | None,
    keep: Keep | None,
) -> None:
    """Have chunks played and gather what comes of them."""
    shares = dict.fromkeys(range(len(chunks)), 0.0)

    def report() -> None:
        if progress is not None:
            parts = sum(
                share * len(chunk.numbers)
                for share, chunk in zip(shares.values(), chunks, strict=True)
            )
            progress(min((before + parts) / most, 1.0), len(found.numbers))

    def hear(number: int, share: float) -> None:
        shares[number] = share

    def tick() -> bool:
        report()
        return stopped is not None and stopped()

    before = len(found.numbers)
    for number, played in executor.results(play_chunk, chunks, stopped=tick, tell=hear):
        shares[number] = 1.0
        for one in played:
            if keep is not None and one.records is not None:
                keep(one.number, one.records)
            found.add(one.number, one.measures, one.digest, one.records)


def _next_target(found: Run, width: Width, most: int) -> int:
    """Return how many replications there shall be; as many as there are if they are enough."""
    done = len(found.numbers)
    reached = width.reached(found.each(width.measure))
    if reached is not None and reached <= width.share:
        return done
    if done >= most or reached is None:
        found.notes.append(notes.width_not_reached(width.measure, width.share, reached, done))
        return done
    asked = ceil(done * (reached / width.share) ** 2)
    return min(most, max(done + _FIRST_LOOK, min(asked, 4 * done)))


def _cut(first: int, last: int, size: int) -> Iterator[range]:
    for begin in range(first, last, size):
        yield range(begin, min(begin + size, last))


def play_chunk(chunk: Chunk, tell: Tell, stopped: Stopped) -> list[Played]:
    """Play a chunk's replications; those finished when it is stopped."""
    prepared = _prepared(chunk)
    warm_up_s = chunk.scenario.run.warm_up_h * _HOUR_S
    done: list[Played] = []

    def report(share: float) -> None:
        tell((len(done) + share) / len(chunk.numbers))

    for number in chunk.numbers:
        try:
            records = prepared.play(chunk.seed + number, progress=report, stopped=stopped)
        except CancelledError:
            break
        measures = measure(
            records,
            grid_s=GRID_S,
            warm_up_s=warm_up_s,
            reefer_day_vnd=chunk.site.dispatch.reefer_day_vnd,
        )
        kept = records if chunk.keep or number == 0 else None
        done.append(Played(number, measures, digest_of(records), kept))
    return done


_PREPARED_MOST = 4
_held: dict[tuple[float, int], Prepared] = {}
_lock = Lock()


def _prepared(chunk: Chunk) -> Prepared:
    """Return what the chunks of a run share, made once in a process."""
    with _lock:
        if chunk.run not in _held:
            while len(_held) >= _PREPARED_MOST:
                del _held[next(iter(_held))]
            _held[chunk.run] = prepare(chunk.scenario, chunk.site, steering=chunk.steering)
        return _held[chunk.run]


def digest_of(records: Records) -> bytes:
    """Return what a replication's records amount to, bit for bit."""
    digest = sha256()
    for column in fields(Records):
        value = getattr(records, column.name)
        digest.update(column.name.encode())
        is_column = isinstance(value, np.ndarray)
        digest.update(np.ascontiguousarray(value).data if is_column else repr(value).encode())
    return digest.digest()
