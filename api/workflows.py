"""What trucks must pass at the gates: by the version in force, and how versions are changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import acting
from api.record import record
from api.transaction import transaction
from flowctl.errors import SiteError
from flowctl.site import Site
from flowctl.storage import workflows as stored
from flowctl.storage.workflows import Connection, WorkflowVersion, gates_of
from flowctl.workflow.catalogue import Names, Workflow
from flowctl.workflow.file import WORKFLOW, check_workflow, parse_workflow
from flowctl.workflow.stages import Desk, Stage

router = APIRouter(tags=["stages"])

_LONGEST_TEXT = 200_000
Version = Annotated[str, Path(min_length=1, max_length=40)]


@dataclass(frozen=True, slots=True)
class Named:
    """Something of a catalogue with its names in vi, zh and en."""

    id: str
    name: Names


@dataclass(frozen=True, slots=True)
class ShownWeights:
    """Trucks of ``from_t`` tonnes up to, not including, ``below_t``; None: no end."""

    id: str
    name: Names
    from_t: float
    below_t: float | None


@dataclass(frozen=True, slots=True)
class StageOf:
    """A stage of a variant; see `flowctl.workflow.stages.Stage`."""

    id: str
    name: Names
    desk: Desk | None
    proofs: list[str]
    needs: list[str]
    applies: Mapping[str, tuple[str, ...]]
    unlocks: list[str]
    settles: list[str]
    expires_h: float | None


@dataclass(frozen=True, slots=True)
class VariantOf:
    """A way to hand trucks over at some gates in one direction, with its stages."""

    id: str
    name: Names
    direction: str
    gates: list[str]
    handover: str
    stages: list[StageOf]


@dataclass(frozen=True, slots=True)
class InForce:
    """By which variants a gate hands over now; ``default`` is taken where none is named."""

    gate: str
    direction: str
    variants: list[str]
    default: str | None


@dataclass(frozen=True, slots=True)
class ShownWorkflow:
    """The version by which trips begin now."""

    version: str
    valid_from: datetime
    variants: list[VariantOf]
    goods_classes: list[Named]
    weight_classes: list[ShownWeights]
    handovers: list[Named]
    in_force: list[InForce]


@router.get("/v1/workflow")
def get_workflow(request: Request) -> ShownWorkflow | None:
    """Return what trucks must pass by the version in force; null where the site has none."""
    site: Site = request.app.state.site
    now: datetime = request.app.state.clock.now()
    with transaction(request) as conn:
        found = stored.find_workflow(conn, site.id, now)
        if found is None:
            return None
        _, workflow = found
        in_force = _in_force(conn, site, workflow, now)
    return ShownWorkflow(
        version=workflow.version,
        valid_from=workflow.valid_from,
        variants=_variants(workflow),
        goods_classes=[Named(one.id, one.name) for one in workflow.goods_classes],
        weight_classes=[
            ShownWeights(one.id, one.name, one.from_t, one.below_t)
            for one in workflow.weight_classes
        ],
        handovers=[Named(one.id, one.name) for one in workflow.handovers],
        in_force=in_force,
    )


def _variants(workflow: Workflow) -> list[VariantOf]:
    return [
        VariantOf(
            one.id,
            one.name,
            one.direction,
            list(one.gates),
            one.handover,
            [_stage(stage, {other.id for other in one.stages}) for stage in one.stages],
        )
        for one in workflow.variants
    ]


def _stage(stage: Stage, there: set[str]) -> StageOf:
    return StageOf(
        id=stage.id,
        name=stage.name,
        desk=stage.desk,
        proofs=[str(one) for one in stage.proofs],
        needs=[one for one in stage.needs if one in there],
        applies=stage.applies,
        unlocks=[str(one) for one in stage.unlocks],
        settles=list(stage.settles),
        expires_h=stage.expires_h,
    )


def _in_force(conn: Connection, site: Site, workflow: Workflow, now: datetime) -> list[InForce]:
    """Return how each gate hands over at a moment: as switched by hand, or else by the file."""
    found = []
    for gate in site.gates:
        for direction in gate.directions:
            here = [one.id for one in workflow.variants_at(gate.id, direction)]
            switch = stored.find_switch(conn, site.id, gate.id, direction, now)
            if switch is not None and switch.variant in here:
                found.append(InForce(gate.id, direction, [switch.variant], switch.variant))
                continue
            default = workflow.default_at(gate.id, direction, now.astimezone(site.timezone))
            found.append(InForce(gate.id, direction, here, None if default is None else default.id))
    return found


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """A version as it was loaded; ``running`` counts the active trips that began with it."""

    version: str
    valid_from: datetime
    loaded_by: str
    loaded_at: datetime
    running: int


@dataclass(frozen=True, slots=True)
class VersionText(ShownVersion):
    """A version with its text."""

    text: str


class Text(BaseModel):
    """The text of a workflow.toml."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=_LONGEST_TEXT)]


@dataclass(frozen=True, slots=True)
class ShownFault:
    """What is wrong with a text; ``line`` counts from 1, null where no line is to blame."""

    text: str
    line: int | None


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a text is fit for use; where it is, what it says."""

    ok: bool
    problems: list[ShownFault]
    version: str | None
    valid_from: datetime | None
    variants: list[VariantOf]


@router.get("/v1/workflows")
def get_versions(request: Request) -> list[ShownVersion]:
    """List every version, the newest first."""
    with transaction(request) as conn:
        return [_version(one) for one in stored.list_workflows(conn, request.app.state.site.id)]


@router.get("/v1/workflows/{version}")
def get_version(request: Request, version: Version) -> VersionText:
    """Return a version with its text."""
    site: Site = request.app.state.site
    with transaction(request) as conn:
        text = stored.get_definition(conn, site.id, version)
        known = {one.version: one for one in stored.list_workflows(conn, site.id)}
    return VersionText(**_told(known[version]), text=text)


@router.post("/v1/workflows/check")
def check(request: Request, body: Text) -> Checked:
    """Return what is wrong with a text, or what it says; nothing is written."""
    site: Site = request.app.state.site
    faults = check_workflow(body.text, where=WORKFLOW, gates=gates_of(site))
    if faults:
        return Checked(False, [ShownFault(one.text, one.line) for one in faults], None, None, [])
    workflow = parse_workflow(body.text, where=WORKFLOW, gates=gates_of(site))
    with transaction(request) as conn:
        try:
            stored.refuse_unmet_fees(conn, site, workflow)
        except SiteError as error:
            return Checked(False, [ShownFault(str(error), None)], None, None, [])
    return Checked(True, [], workflow.version, workflow.valid_from, _variants(workflow))


@router.post("/v1/workflows", status_code=201)
def add_version(request: Request, response: Response, body: Text) -> ShownVersion:
    """Enter a version that holds from its own moment on; trips under way finish as they began.

    A text that was entered before is shown as it is there (200).
    """
    state = request.app.state
    with transaction(request) as conn:
        workflow, is_new = stored.add_workflow(
            conn, state.site, body.text, by=acting(request).name, now=state.clock.now()
        )
        if is_new:
            stored.refuse_unmet_fees(conn, state.site, workflow)
            after = {"version": workflow.version, "since": workflow.valid_from.isoformat()}
            record(request, conn, "workflow.load", f"workflow:{workflow.version}", after=after)
        else:
            response.status_code = 200
        known = {one.version: one for one in stored.list_workflows(conn, state.site.id)}
    return _version(known[workflow.version])


def _version(found: WorkflowVersion) -> ShownVersion:
    return ShownVersion(**_told(found))


def _told(found: WorkflowVersion) -> dict[str, Any]:
    return {
        "version": found.version,
        "valid_from": found.valid_from,
        "loaded_by": found.loaded_by,
        "loaded_at": found.loaded_at,
        "running": found.running,
    }
