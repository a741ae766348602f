"""What planners ask of the simulation: runs that another process works off, kept to be compared."""

import gzip
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from api.asked import NO_BODY
from api.auth import Caller, caller
from api.errors import Problem
from api.once import MaybeKey, act_once
from api.record import Connection, record
from api.scenario_texts import MOST_LETTERS, read_text
from api.scenarios import scenario_text
from api.simulation_results import RunResult, RunTrucks
from api.transaction import transaction
from flowctl.errors import ConflictError, FlowctlError, NotFoundError
from flowctl.scenarios.steering import Steering, parse_steering
from flowctl.site import Site
from flowctl.storage.audit import By
from flowctl.storage.jobs import (
    Job,
    cancel_job,
    count_unfinished,
    find_job,
    find_trucks,
    insert_job,
    list_jobs,
    open_job,
)

router = APIRouter(tags=["simulations"])

MOST_REPLICATIONS = 1000
_MOST_WAITING = 20
_MOST_SEED = 2**53  # what JSON carries between every two programs

Who = Annotated[Caller, Depends(caller)]
JobId = Annotated[int, Path(ge=1, lt=2**63)]


class Until(BaseModel):
    """Replications go on until a measure's interval is at most this share of its mean wide."""

    model_config = ConfigDict(extra="forbid")

    measure: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
    share: Annotated[float, Field(gt=0.0, le=1.0, allow_inf_nan=False)]


class SimulationRequest(BaseModel):
    """A day to be simulated: a ``scenario`` that ships or was saved, or the ``text`` of one."""

    model_config = ConfigDict(extra="forbid")

    scenario: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    text: Annotated[str, Field(min_length=1, max_length=MOST_LETTERS)] | None = None
    steering: Annotated[str, Field(min_length=1, max_length=80)] = "n_control"
    seed: Annotated[int, Field(ge=0, lt=_MOST_SEED, strict=True)] = 1
    replications: Annotated[int, Field(ge=1, le=MOST_REPLICATIONS, strict=True)] = 1
    until_width: Until | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The simulation that will be run."""

    id: int


@dataclass(frozen=True, slots=True)
class RunLine:
    """How far a run is; ``summary`` has a few of its measures once it is over.

    ``version`` is flowctl's, ``site_version`` and ``policy`` are the site's as it was played.
    """

    id: int
    scenario: str
    name: Mapping[str, str]
    steering: str
    seed: int
    replications: int
    state: str
    progress: float
    done: int
    error: str | None
    error_kind: str | None
    created_by: str
    created_at: datetime
    over_at: datetime | None
    version: str | None
    site_version: int | None
    policy: str | None
    digest: str | None
    seconds: float | None
    summary: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What is kept of a request: everything that makes its result again."""

    scenario: str
    name: Mapping[str, str]
    text: str
    steering: str
    seed: int
    replications: int
    until_width: Until | None


@dataclass(frozen=True, slots=True)
class Run(RunLine):
    """A run with what was asked and what came out."""

    request: RunRequest
    result: RunResult | None


_RUN = TypeAdapter(Run)


@router.post("/v1/simulations", status_code=202)
def ask_simulation(
    request: Request, response: Response, body: SimulationRequest, key: MaybeKey = None
) -> Accepted:
    """Ask for a simulation; a simulator runs it. A repeated key asks once."""
    site: Site = request.app.state.site
    steering = _steering(body.steering)

    def do(conn: Connection, by: By, _now: datetime) -> int:
        asked = _asked(conn, site, body)
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
            conn, site=site.id, request=asked, planned=steering.plans, created_by=by.name
        )
        named = {name: asked[name] for name in ("scenario", "steering", "seed", "replications")}
        record(request, conn, "simulation.start", f"simulation:{job}", after=named, by=by)
        return job

    def show(_conn: Connection, job: int) -> Accepted:
        return Accepted(job)

    return act_once(request, response, key, body, do=do, show=show)


@router.get("/v1/simulations")
def list_simulations(
    request: Request,
    who: Who,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    mine: bool = False,
) -> list[RunLine]:
    """List the newest runs, one's own or all, without their results."""
    with transaction(request) as conn:
        jobs = list_jobs(
            conn,
            site=request.app.state.site.id,
            limit=limit,
            created_by=who.signature if mine else None,
        )
    return [run_line(job) for job in jobs]


@router.get("/v1/simulations/{job_id}")
def get_simulation(request: Request, job_id: JobId) -> Run:
    """Return a run with its result."""
    with transaction(request) as conn:
        job = get_job(conn, request, job_id)
        open_job(conn, job.id, wall_now=datetime.now(UTC))
    return _run(job)


@router.get("/v1/simulations/{job_id}/trucks", response_model=RunTrucks)
def get_trucks(request: Request, job_id: JobId) -> Response:
    """Return the trucks of a run's first replication, a column a fact."""
    packed = trucks_of(request, job_id)
    headers = {"Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(packed, headers=headers, media_type="application/json")
    return Response(gzip.decompress(packed), headers=headers, media_type="application/json")


@router.post("/v1/simulations/{job_id}/cancel", dependencies=[NO_BODY])
def cancel_simulation(request: Request, job_id: JobId, who: Who) -> RunLine:
    """Want a run no longer: one's own, or as an administrator anybody's.

    What it had finished by then is kept. One that is over stays as it is.
    """
    with transaction(request) as conn:
        job = get_job(conn, request, job_id)
        if who.role != "administrator" and job.created_by != who.signature:
            raise Problem(
                403,
                "Forbidden",
                f"Run {job.id} is {job.created_by}'s to cancel.",
                kind="simulation_not_yours",
                values={"by": job.created_by},
            )
        if cancel_job(conn, job.id, wall_now=datetime.now(UTC)):
            record(request, conn, "simulation.cancel", f"simulation:{job.id}")
        return run_line(get_job(conn, request, job_id))


def get_job(conn: Connection, request: Request, job_id: int) -> Job:
    """Return a run of this site.

    Raises
    ------
    NotFoundError
        There is none of this number.
    """
    job = find_job(conn, job_id, site=request.app.state.site.id)
    if job is None:
        raise NotFoundError(f"There is no simulation {job_id}.", kind="no_simulation")
    return job


def trucks_of(request: Request, job_id: int) -> bytes:
    """Return the trucks of a run's first replication as gzipped JSON.

    Raises
    ------
    NotFoundError
        There is no such run.
    ConflictError
        It has no trucks yet, or none at all.
    """
    with transaction(request) as conn:
        get_job(conn, request, job_id)
        packed = find_trucks(conn, job_id, site=request.app.state.site.id)
    if packed is None:
        raise unfinished(job_id)
    return packed


def unfinished(job_id: int) -> ConflictError:
    """Return the refusal of what a run has only once it is over."""
    return ConflictError(
        f"Run {job_id} has no result: it is not over, was cancelled before, or failed.",
        kind="simulation_no_result",
        values={"run": job_id},
    )


def run_line(job: Job) -> RunLine:
    """Return a run without its result."""
    asked = job.request
    return RunLine(
        id=job.id,
        scenario=asked["scenario"],
        name=asked["name"],
        steering=asked["steering"],
        seed=asked["seed"],
        replications=asked["replications"],
        state=job.state,
        progress=job.progress,
        done=job.done,
        error=job.error,
        error_kind=job.error_kind,
        created_by=job.created_by,
        created_at=job.created_wall_at,
        over_at=job.over_wall_at,
        version=job.version,
        site_version=job.site_version,
        policy=job.policy,
        digest=job.digest,
        seconds=job.seconds,
        summary=job.summary,
    )


def _run(job: Job) -> Run:
    kept = {"request": job.request, "result": job.result}
    return _RUN.validate_python(asdict(run_line(job)) | kept)


def _asked(conn: Connection, site: Site, body: SimulationRequest) -> dict[str, Any]:
    """Return what is kept of a request: everything that makes its result again."""
    if (body.text is None) == (body.scenario is None):
        raise FlowctlError(
            "Name a scenario or send the text of one, not both.", kind="scenario_or_text"
        )
    text = body.text or scenario_text(conn, site, body.scenario or "").text
    scenario = read_text(text, site)
    return {
        "scenario": scenario.id,
        "name": dict(scenario.name),
        "text": text,
        **body.model_dump(include={"steering", "seed", "replications", "until_width"}),
    }


def _steering(text: str) -> Steering:
    """Read what steers a run; a file of rules stands on no machine of ours.

    Raises
    ------
    FlowctlError
        There is no such rule, or it names a file.
    """
    steering = parse_steering(text)
    if steering.policy is not None:
        raise FlowctlError(
            f"The policy '{text}': runs of this page go by the site's rules; files of rules are for"
            " the command line.",
            kind="steering_file",
        )
    return steering
