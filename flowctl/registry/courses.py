"""Trips on their way through stages: by which version and variant they go, and where they stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flowctl.errors import FlowctlError, NotFoundError
from flowctl.registry.rules import Declaration
from flowctl.site import Site
from flowctl.storage import stages as stored
from flowctl.storage.stages import Connection, StageRecord, TripFacts
from flowctl.storage.workflows import find_switch, get_workflow
from flowctl.workflow.catalogue import Workflow
from flowctl.workflow.stages import Progress, Variant, progress


@dataclass(frozen=True, slots=True)
class Course:
    """A trip on its way through the stages of the version and the variant it began with."""

    trip: TripFacts
    workflow: Workflow
    variant: Variant
    records: list[StageRecord]

    def progress(self, now: datetime) -> Progress:
        """Return where the trip stands."""
        facts = self.workflow.fill_in(self.trip.facts(), self.trip.weight_t)
        words = [record.word() for record in self.records]
        began = self.trip.registered_at
        return progress(self.variant, facts, words, began=began, now=now)


def choose_variant(
    conn: Connection, site: Site, workflow: Workflow, trip: TripFacts, *, now: datetime
) -> Variant:
    """Return by which variant a trip is handed over when it is ready.

    What was switched by hand holds for everybody; else what was declared, else the file's hours.

    Raises
    ------
    FlowctlError
        The gate does not hand over as declared, or not in this direction.
    """
    at = max(trip.ready_at, now)
    here = workflow.variants_at(trip.gate, trip.direction)
    switch = find_switch(conn, site.id, trip.gate, trip.direction, at)
    switched = None if switch is None else workflow.find_variant(switch.variant)
    if switched is not None:
        if trip.handover not in {None, switched.handover}:
            raise FlowctlError(
                f"{trip.gate} hands over by {switched.handover} only at"
                f" {at.isoformat(timespec='minutes')}: it was switched by hand.",
                kind="handover_switched",
                values={"gate": trip.gate, "handover": switched.handover},
            )
        return switched
    if trip.handover is not None:
        found = next((one for one in here if one.handover == trip.handover), None)
    else:
        local = at.astimezone(site.timezone)
        found = workflow.default_at(trip.gate, trip.direction, local)
    if found is None:
        raise FlowctlError(
            f"{trip.gate} has no handover {trip.handover or ''} for {trip.direction}; it has:"
            f" {', '.join(one.handover for one in here) or 'none'}.",
            kind="handover_unknown",
            values={"gate": trip.gate, "handovers": tuple(one.handover for one in here)},
        )
    return found


def declared_facts(declared: Declaration, *, driver_id: int, by: str, now: datetime) -> TripFacts:
    """Return the facts of a trip that is to be entered as it is declared; its number is 0 yet."""
    return TripFacts(
        id=0,
        plate=declared.plate,
        state="active",
        ended_at=None,
        registered_at=now,
        ready_at=declared.ready_at,
        driver_id=driver_id,
        haulier=declared.haulier,
        registered_by=by,
        direction=declared.direction,
        gate=declared.gates[0],
        cargo=declared.cargo,
        weight_t=declared.weight_t,
        workflow_id=None,
        variant=None,
        handover=declared.handover,
        nationality=declared.nationality or "other",
        load=declared.load,
        goods_class=declared.goods_class,
        weight_class=declared.weight_class,
        locked=[],
    )


def get_facts(conn: Connection, site: Site, trip_id: int, *, locked: bool = False) -> TripFacts:
    """Return a trip's facts; ``locked``: nobody else may change them before the end.

    Raises
    ------
    NotFoundError
        There is no such trip.
    """
    trip = stored.find_facts(conn, site.id, trip_id, locked=locked)
    if trip is None:
        raise NotFoundError(f"There is no trip {trip_id}.", kind="no_trip")
    return trip


def find_course(conn: Connection, trip: TripFacts) -> Course | None:
    """Return a trip's course; None where it began without workflow."""
    if trip.workflow_id is None or trip.variant is None:
        return None
    workflow = get_workflow(conn, trip.workflow_id)
    variant = _variant(workflow, trip.variant)
    return Course(trip, workflow, variant, stored.list_stage_records(conn, trip.id))


def list_courses(conn: Connection, site: Site, trips: Sequence[int]) -> list[Course]:
    """Return the courses of trips; those that began without workflow have none."""
    records: dict[int, list[StageRecord]] = {}
    for record in stored.list_stage_records(conn, *trips):
        records.setdefault(record.trip_id, []).append(record)
    courses = []
    workflows: dict[int, Workflow] = {}
    for trip in stored.list_facts(conn, site.id, trips):
        if trip.workflow_id is not None and trip.variant is not None:
            if trip.workflow_id not in workflows:
                workflows[trip.workflow_id] = get_workflow(conn, trip.workflow_id)
            workflow = workflows[trip.workflow_id]
            variant = _variant(workflow, trip.variant)
            courses.append(Course(trip, workflow, variant, records.get(trip.id, [])))
    return courses


def _variant(workflow: Workflow, variant: str) -> Variant:
    found = workflow.find_variant(variant)
    if found is None:
        raise ValueError(f"workflow {workflow.version} has no variant {variant}")
    return found
