"""Why am I number 37: a trip's place in the order, who goes before by which rule, its history."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool

from api.auth import Caller, caller
from api.feed import Feed
from api.gone import Gone, gate_place, gone_text, list_gone
from api.links import link_of, open_link
from api.missing import Missing, list_missing, locked_text
from api.transaction import transaction
from api.trips import get_visible
from flowctl.dispatch.seniority import seniority
from flowctl.dispatch.turns import gate_of, list_ahead, shown_stage
from flowctl.ledger.chain import Kept, Row
from flowctl.ledger.codes import code_of
from flowctl.ledger.entries import Kind
from flowctl.notify.why import history_sentence, reason_text, why_text
from flowctl.policy import Policy
from flowctl.site import Site
from flowctl.state import LiveTrip, Stage
from flowctl.storage.clearances import Clearance, list_clearances
from flowctl.storage.ledger import list_rows_of, list_subjects
from flowctl.storage.live import LiveRow
from flowctl.storage.snapshot import live_trip

router = APIRouter(tags=["why"])

Language = Literal["vi", "zh", "en"]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many trucks, by which rule, and that in words."""

    reason: str
    n: int
    text: str


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the trip's history: its number in the ledger, its code, and what it says."""

    seq: int
    code: str
    at: datetime
    kind: str
    reason: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Why:
    """Where a trip stands and why.

    ``place`` counts from 1 at ``gate``; None where its turn is not known. ``ahead`` are those
    before it now, ``passed_by`` those that went before it although it was senior; ``missing`` what
    an agency can confirm now and that stands in its way.
    """

    language: str
    gate: str | None
    place: int | None
    text: str
    ahead: list[Counted]
    passed_by: list[Counted]
    missing: list[Missing]
    history: list[Event]


@router.get("/v1/trips/{trip_id}/why")
async def get_why(
    request: Request,
    trip_id: int,
    who: Annotated[Caller, Depends(caller)],
    language: Language | None = None,
) -> Why:
    """Return why a trip stands where it stands, in the driver's language where none is named."""

    def find() -> LiveRow:
        with transaction(request) as conn:
            return get_visible(conn, request.app.state.site, trip_id, who)

    return await _why(request, await run_in_threadpool(find), language)


@router.get("/v1/driver/{code}/why")
async def get_driver_why(request: Request, code: str, language: Language | None = None) -> Why:
    """Return the same to the driver, by the code of the link, for as long as the page is shown."""
    link, state = link_of(request, code), request.app.state

    def find() -> LiveRow:
        with transaction(request) as conn:
            return open_link(conn, state.site, link, state.clock.now())

    return await _why(request, await run_in_threadpool(find), language)


async def _why(request: Request, row: LiveRow, language: Language | None) -> Why:
    state = request.app.state
    feed: Feed = state.feed
    trips = (await feed.current()).picture.trips
    mine = live_trip(row)  # as on the driver's page: one truck, one number
    now: datetime = state.clock.now()
    active = row.state == "active"
    gone = list_gone(state.site, mine) if active else []
    counts = active and gate_of(mine) in state.site.gate_by_id
    ahead = list_ahead(trips, mine, state.site.policy, now) if counts else None

    def read() -> tuple[list[Kept], Mapping[int, str], list[Clearance]]:
        with transaction(request) as conn:
            ids = [mine.id, *(trip.id for trip in ahead or ())]
            waits = list_clearances(conn, [row.id]) if active else {}
            kept = list_rows_of(conn, state.site.id, row.id)
            return kept, list_subjects(conn, ids), waits.get(row.id, [])

    rows, subjects, waits = await run_in_threadpool(read)
    spoken = language or row.language
    return _answer(state.site, mine, spoken, row.state, gone, ahead, rows, subjects, waits, now)


def _answer(
    site: Site,
    mine: LiveTrip,
    language: str,
    state: str,
    gone: Sequence[Gone],
    ahead: Sequence[LiveTrip] | None,
    rows: Sequence[Kept],
    subjects: Mapping[int, str],
    waits: Sequence[Clearance],
    now: datetime,
) -> Why:
    subject, gate = subjects[mine.id], gate_of(mine)
    overtaken = [k.row for k in rows if k.row.kind == Kind.OVERTOOK and k.row.subject != subject]
    texts = [gone_text(language, each) for each in gone]
    if ahead is not None and gate is not None:
        name = gate_place(site, gate).name[language]
        texts.insert(0, why_text(language, "place", n=str(len(ahead) + 1), gate=name))
    elif not any(each.what == "gate" for each in gone):
        texts.insert(0, _no_place(site, mine, language, state))
    locked = locked_text(language, mine, waits)
    if locked is not None:
        texts.append(locked)
    reasons = _reasons_ahead(ahead or (), mine, site.policy, overtaken, subjects, now)
    return Why(
        language=language,
        gate=gate,
        place=None if ahead is None else len(ahead) + 1,
        text=" ".join(texts),
        ahead=_counted(language, "ahead", reasons),
        passed_by=_counted(language, "passed_by", (row.reason or "other" for row in overtaken)),
        missing=list_missing(site, language, waits),
        history=[
            Event(
                kept.row.seq, code_of(kept.hash), kept.row.at, kept.row.kind, kept.row.reason, said
            )
            for kept in rows
            if (said := history_sentence(site, language, kept.row, subject=subject)) is not None
        ],
    )


def _no_place(site: Site, mine: LiveTrip, language: str, state: str) -> str:
    """Return why a trip has no place in the order: it is over, being inspected, or has no slot."""
    if state == "cancelled":
        return why_text(language, "cancelled")
    if state == "cleared" or mine.stage is Stage.CLEARED:
        key = "passed"
    else:
        key = "inspected" if mine.stage is Stage.IN_LANE else "no_place"
    gate = mine.queued_gate or gate_of(mine)
    names = {} if gate is None else {"gate": gate_place(site, gate).name[language]}
    return why_text(language, key, **names)


def _reasons_ahead(
    ahead: Iterable[LiveTrip],
    mine: LiveTrip,
    policy: Policy,
    overtaken: Sequence[Row],
    subjects: Mapping[int, str],
    now: datetime,
) -> list[str]:
    """Return by which rule each truck ahead is before ``mine``; the ledger's word first."""
    by_ledger = {row.subject: row.reason for row in overtaken}
    senior = seniority(mine, policy)
    reasons = []
    for trip in ahead:
        said = by_ledger.get(subjects.get(trip.id))
        if said is not None:
            reasons.append(said)
        elif seniority(trip, policy) < senior:
            reasons.append(f"senior_{policy.basis}")
        elif trip.priority > mine.priority:
            reasons.append("priority")
        elif shown_stage(trip, now) in (Stage.RELEASED, Stage.QUEUED):
            reasons.append("called")
        else:
            reasons.append("earlier_slot")
    return reasons


def _counted(language: str, key: str, reasons: Iterable[str]) -> list[Counted]:
    return [
        Counted(reason, n, why_text(language, key, n=str(n), reason=reason_text(language, reason)))
        for reason, n in Counter(reasons).most_common()
    ]
