"""What a planner asks of the simulation: a row for another process to work off."""

import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from api.auth import Caller, caller
from api.errors import Problem
from api.record import record
from api.transaction import transaction
from flowctl.data_files import data_dir
from flowctl.errors import FlowctlError, NotFoundError
from flowctl.site import Site
from flowctl.storage.jobs import Job, count_unfinished, find_job, insert_job, list_jobs

router = APIRouter(tags=["simulations"])

_MOST_WAITING = 20
Factor = Annotated[float, Field(gt=0.0, le=5.0, allow_inf_nan=False, strict=True)]


class SimulationRequest(BaseModel):
    """A day to be simulated; ``places`` are a gate's inspection places where they shall differ."""

    model_config = ConfigDict(extra="forbid")

    scenario: Annotated[str, Field(min_length=1, max_length=80)]
    seed: Annotated[int, Field(ge=0, lt=2**63, strict=True)]
    demand_factor: Factor | None = None
    places: dict[str, Annotated[int, Field(ge=1, le=200, strict=True)]] | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A day that can be simulated."""

    id: str
    name: dict[str, str]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The simulation that will be run."""

    id: int


@dataclass(frozen=True, slots=True)
class Simulation:
    """How far a simulation is, and what came out."""

    id: int
    state: str
    progress: float
    error: str | None
    request: dict[str, Any]
    created_by: str
    created_at: datetime
    result: dict[str, Any] | None


@router.get("/v1/scenarios")
def list_scenarios(request: Request) -> list[Scenario]:
    """List the days that ship with flowctl for this site."""
    return [_scenario(path) for path in _scenario_files(request.app.state.site)]


@router.post("/v1/simulations", status_code=202)
def ask_simulation(
    request: Request, body: SimulationRequest, who: Annotated[Caller, Depends(caller)]
) -> Accepted:
    """Ask for a simulation with and without control; a simulate process runs it."""
    site: Site = request.app.state.site
    known = [path.stem for path in _scenario_files(site)]
    if body.scenario not in known:
        raise FlowctlError(
            f"There is no scenario {body.scenario!r}; there are {', '.join(known) or 'none'}.",
            kind="no_scenario",
            values={"scenario": body.scenario},
        )
    for gate in body.places or {}:
        if gate not in site.gate_by_id:
            named = " and ".join(site.gate_by_id)
            raise FlowctlError(
                f"There is no gate {gate[:40]!r}; {site.id} has {named}.",
                kind="no_gate",
                values={"gate": gate[:40]},
            )
    with transaction(request) as conn:
        if count_unfinished(conn, site=site.id) >= _MOST_WAITING:
            raise Problem(
                429,
                "Too many simulations",
                f"{_MOST_WAITING} simulations are waiting already; wait for one to end.",
                {"Retry-After": "60"},
                kind="simulations_many",
                values={"most": _MOST_WAITING},
            )
        job = insert_job(
            conn,
            site=site.id,
            request=body.model_dump(exclude_none=True),
            created_by=who.signature,
        )
        record(request, conn, "simulation.start", f"simulation:{job}")
    return Accepted(job)


@router.get("/v1/simulations")
def list_simulations(
    request: Request, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> list[Simulation]:
    """List the newest simulations, without their results."""
    with transaction(request) as conn:
        jobs = list_jobs(conn, site=request.app.state.site.id, limit=limit)
    return [_simulation(job) for job in jobs]


@router.get("/v1/simulations/{job_id}")
def get_simulation(request: Request, job_id: Annotated[int, Path(ge=1, lt=2**63)]) -> Simulation:
    """Return a simulation with its result."""
    with transaction(request) as conn:
        job = find_job(conn, job_id, site=request.app.state.site.id)
    if job is None:
        raise NotFoundError(f"There is no simulation {job_id}.", kind="no_simulation")
    return _simulation(job)


def _scenario_files(site: Site) -> list[FilePath]:
    """Return the files of this site's scenarios, in order of their names."""
    files = sorted((data_dir() / "scenarios").glob("*.toml"))
    return [path for path in files if _read(path).get("site") == site.id]


def _scenario(path: FilePath) -> Scenario:
    content = _read(path)
    return Scenario(id=path.stem, name=dict(content.get("name", {})))


def _read(path: FilePath) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _simulation(job: Job) -> Simulation:
    return Simulation(
        id=job.id,
        state=job.state,
        progress=job.progress,
        error=job.error,
        request=job.request,
        created_by=job.created_by,
        created_at=job.created_wall_at,
        result=job.result,
    )
