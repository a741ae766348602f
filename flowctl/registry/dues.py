"""What a trip owes by its site's schedule, and the stage that payment confirms.

Whoever works a trip's dues out holds its row until the transaction ends. Dues follow its facts, its
stages and its days in the yards. Days end when the stage of fees is confirmed: who waits from then
on waits for the gate, and not for papers or money.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flowctl.errors import NotFoundError
from flowctl.fees.schedule import Dues, Facts, Per, Schedule, Stay, due
from flowctl.site import Site
from flowctl.storage import fees as stored
from flowctl.storage import stages
from flowctl.storage.fees import Connection, DuesRecord
from flowctl.storage.live import find_live
from flowctl.storage.stages import StageRecord, TripFacts
from flowctl.storage.workflows import get_workflow
from flowctl.workflow.stages import Act, Origin, Proof, Standing, State

_BY = "flowctl"


@dataclass(frozen=True, slots=True)
class Bill:
    """What a trip owes now, by a schedule; ``was_settled`` is what was written of it before."""

    trip: TripFacts
    schedule: Schedule
    record: DuesRecord
    was_settled: bool

    @property
    def due_vnd(self) -> int:
        """Return what is still to be paid; below 0: to be given back."""
        return self.record.dues.total_vnd - self.record.paid_vnd

    @property
    def is_settled(self) -> bool:
        """Tell whether nothing is due, and nothing will be by what is still withheld."""
        return self.record.is_settled


def find_bill(conn: Connection, site: Site, trip_id: int, *, now: datetime) -> Bill | None:
    """Return what a trip owes at this moment, its days counted; None: there is no schedule.

    Raises
    ------
    NotFoundError
        There is no such trip.
    """
    trip = stages.find_facts(conn, site.id, trip_id)
    if trip is None:
        raise NotFoundError(f"There is no trip {trip_id}.", kind="no_trip")
    return _bill_of(conn, site, trip, now=now)


def rework(conn: Connection, site: Site, trip_id: int, *, now: datetime) -> Bill | None:
    """Work out what a trip owes and write it down; None: there is no schedule.

    Raises
    ------
    NotFoundError
        There is no such trip.
    """
    trip = stages.find_facts(conn, site.id, trip_id, locked=True)
    if trip is None:
        raise NotFoundError(f"There is no trip {trip_id}.", kind="no_trip")
    return _save(conn, _bill_of(conn, site, trip, now=now))


def work_new(
    conn: Connection, site: Site, trip: TripFacts, waiting: Sequence[str], *, now: datetime
) -> Bill | None:
    """Do the same for a trip that this transaction entered; ``waiting`` are its open stages."""
    return _save(conn, _worked_out(conn, site, trip, (None, 0, waiting), now=now))


def _save(conn: Connection, bill: Bill | None) -> Bill | None:
    if bill is not None:
        stored.save_dues(conn, bill.trip.id, bill.record)
    return bill


def follow_dues(
    conn: Connection,
    site: Site,
    trip: TripFacts,
    standings: Sequence[Standing],
    records: Sequence[StageRecord],
    *,
    now: datetime,
) -> list[StageRecord]:
    """Rework a trip's dues and say what follows for the stages that payment confirms.

    Such a stage is confirmed where nothing is due, and what was confirmed so is taken back where
    something is due again. What the tax desk confirmed by hand stands.

    Returns
    -------
    list[StageRecord]
        The words that were written down, by which the trip's stages are to be worked out once more.
    """
    bill = rework(conn, site, trip.id, now=now)
    said = {one.id: one for one in records}
    new: list[StageRecord | None] = []
    paid = [one for one in standings if Proof.PAID in one.stage.proofs]
    for standing in paid:
        if bill is None:
            break
        if bill.is_settled and standing.state is not State.WAITING:
            stored.end_days(conn, trip.id, at=now)
        word = None if standing.record is None else said[standing.record]
        if bill.is_settled and standing.state in {State.READY, State.EXPIRED}:
            act, origin = Act.CONFIRMED, Origin.PAYMENT if bill.record.paid_vnd else Origin.SYSTEM
        elif not bill.is_settled and word is not None and _is_ours(word):
            act, origin = Act.WITHDRAWN, Origin.SYSTEM
        else:
            continue
        evidence = {"due_vnd": bill.due_vnd, "paid_vnd": bill.record.paid_vnd}
        new.append(
            stages.insert_stage_record(
                conn,
                trip.id,
                standing.stage.id,
                act,
                origin=origin,
                by=_BY,
                desk=None,
                at=now,
                now=now,
                evidence=evidence,
            )
        )
    return [one for one in new if one is not None]


def _is_ours(word: StageRecord) -> bool:
    return word.said_by == _BY and word.act == Act.CONFIRMED


def _bill_of(conn: Connection, site: Site, trip: TripFacts, *, now: datetime) -> Bill | None:
    return _worked_out(conn, site, trip, stored.find_standing(conn, trip.id), now=now)


def _worked_out(
    conn: Connection,
    site: Site,
    trip: TripFacts,
    standing: tuple[DuesRecord | None, int, Sequence[str]],
    *,
    now: datetime,
) -> Bill | None:
    known, paid_vnd, waiting = standing
    if known is None:
        found = stored.find_schedule(conn, site.id, now)
        if found is None:
            return None
        schedule_id, schedule = found
    else:
        schedule_id, schedule = known.schedule_id, stored.get_schedule(conn, known.schedule_id)
    facts = _facts(conn, trip, schedule)
    stays = _stays(conn, site, trip, schedule, now)
    settled_at = None if known is None else known.settled_at
    dues = due(schedule, facts, stays, waiting, until=settled_at or now)
    record = DuesRecord(schedule_id, dues, paid_vnd, settled_at, now)
    if settled_at is not None and not record.is_settled:
        dues = due(schedule, facts, stays, waiting, until=now)
        record = DuesRecord(schedule_id, dues, paid_vnd, None, now)
    return Bill(trip, schedule, record, known is not None and known.is_settled)


def _facts(conn: Connection, trip: TripFacts, schedule: Schedule) -> Facts:
    """Return what is known of a trip, with what follows from it where the schedule asks for it."""
    facts = trip.facts()
    if trip.workflow_id is None or schedule.asked <= facts.keys():
        return facts
    return get_workflow(conn, trip.workflow_id).fill_in(facts, trip.weight_t)


def _stays(
    conn: Connection, site: Site, trip: TripFacts, schedule: Schedule, now: datetime
) -> tuple[Stay, ...]:
    """Return a trip's time in the yards: from its first arrival until it went to the gate."""
    if now <= trip.registered_at or all(one.per is not Per.DAY for one in schedule.services):
        return ()
    live = find_live(conn, trip.id, site=site.id)
    if live is None or live.arrived_at is None:
        return ()
    ends = (live.queued_at, live.lane_at, live.cleared_at, trip.ended_at)
    return (Stay(live.arrived_at, min((at for at in ends if at is not None), default=None)),)


def quote(schedule: Schedule, facts: Facts, *, now: datetime) -> Dues:
    """Return what a trip of such facts would owe with every stage confirmed, before any day."""
    return due(schedule, facts, (), (), until=now)
