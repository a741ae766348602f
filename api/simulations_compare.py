"""Runs held against the first of them: the same measures side by side, and how sure they differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from api.simulations import get_job, unfinished
from api.transaction import transaction
from flowctl.errors import FlowctlError
from flowctl.intervals import Interval, paired, welch

router = APIRouter(tags=["simulations"])

_LEAST, _MOST = 2, 4

Result = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """A run of a comparison; ``label`` is what sets it apart: its scenario and steering."""

    id: int
    label: str
    scenario: str
    steering: str
    seed: int
    replications: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A run's mean less the first one's; ``paired`` where both had the same random numbers."""

    mean: float | None
    low: float | None
    high: float | None
    paired: bool


@dataclass(frozen=True, slots=True)
class ComparedMeasure:
    """One measure of each run, None where a run has it not; of the first no difference."""

    key: str
    unit: str
    values: list[Interval | None]
    differences: list[Difference | None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two to four runs."""

    runs: list[ComparedRun]
    measures: list[ComparedMeasure]


@router.get("/v1/simulations/compare")
def compare_simulations(
    request: Request,
    run: Annotated[list[Annotated[int, Query(ge=1, lt=2**63)]], Query()],
) -> Comparison:
    """Compare two to four runs that are over with the first of them.

    Replications of one seed have the same trucks under every rule, so their differences are
    paired; else the interval is Welch's.
    """
    if not _LEAST <= len(run) <= _MOST or len(set(run)) < len(run):
        raise FlowctlError(
            f"Compare {_LEAST} to {_MOST} different runs, as in ?run=1&run=2.",
            kind="compare_count",
            values={"least": _LEAST, "most": _MOST},
        )
    with transaction(request) as conn:
        jobs = [get_job(conn, request, one) for one in run]
    results: list[Result] = []
    for job in jobs:
        if job.result is None:
            raise unfinished(job.id)
        results.append(job.result)
    runs = [
        ComparedRun(
            job.id,
            f"{job.request['scenario']} · {job.request['steering']}",
            job.request["scenario"],
            job.request["steering"],
            result["seed"],
            result["replications"],
        )
        for job, result in zip(jobs, results, strict=True)
    ]
    return Comparison(runs, list(_measures(results)))


def _measures(results: Sequence[Result]) -> Iterator[ComparedMeasure]:
    """Yield every measure that a run has, in the order of the first that has it."""
    keys = {key: one["measures"][key]["unit"] for one in results for key in one["measures"]}
    first, *others = results
    for key, unit in keys.items():
        values = [_interval(one["measures"].get(key)) for one in results]
        differences = [difference(first, other, key) for other in others]
        yield ComparedMeasure(key, unit, values, [None, *differences])


def _interval(said: Mapping[str, Any] | None) -> Interval | None:
    return None if said is None else Interval(said["mean"], said["low"], said["high"])


def difference(first: Result, other: Result, key: str) -> Difference | None:
    """Return by how much a measure of another run differs; None where one of them has it not.

    A run of more replications has those of one with fewer in it, so as many are paired.
    """
    before, after = first["each"].get(key), other["each"].get(key)
    if before is None or after is None:
        return None
    same = first["seed"] == other["seed"] and first["site"] == other["site"]
    if same:
        n = min(len(before), len(after))
        found = paired(before[:n], after[:n])
    else:
        found = welch(before, after)
    return Difference(found.mean, found.low, found.high, same)
