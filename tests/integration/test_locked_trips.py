"""Trips whose stages keep them from a slot or a call: what the controller writes, what is sent."""

from collections.abc import Iterator

import pytest
from border import Border, after, border
from small_workflow import WORKFLOW

from flowctl.registry.seen_stages import confirm_seen
from flowctl.registry.stages import say
from flowctl.worker import Disruption, decide
from flowctl.workflow.stages import Act, Desk, Origin

YARD = "yard_bao_nguyen"


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database, workflow=WORKFLOW) as made:
        yield made


def step(
    place: Border, minute: float, before: Disruption | None = None, *, plan: bool = False
) -> Disruption:
    return decide(place.conn, place.site, after(minute), plan_due=plan, before=before)


def in_the_yard(place: Border, *, minute: float) -> int:
    trip = place.trip(at=after(-120))
    place.visit(trip, YARD, minute)
    confirm_seen(place.conn, place.site, now=after(minute + 1))
    return trip


def confirm(place: Border, trip: int, *, minute: float) -> None:
    """Let customs and the fees' desk confirm a truck for its call."""
    for stage, desk, settled in (
        ("customs_check", Desk.CUSTOMS, {"goods_class": "steel"}),
        ("fees_paid", Desk.TAX, {}),
    ):
        with place.conn.transaction():
            say(
                place.conn,
                place.site,
                trip,
                stage,
                Act.CONFIRMED,
                origin=Origin.HAND,
                by="minh",
                desk=desk,
                at=after(minute),
                now=after(minute),
                settled=settled,
            )


def withdraw(place: Border, trip: int, stage: str, desk: Desk, *, minute: float) -> None:
    with place.conn.transaction():
        say(
            place.conn,
            place.site,
            trip,
            stage,
            Act.WITHDRAWN,
            origin=Origin.HAND,
            by="minh",
            desk=desk,
            at=after(minute),
            now=after(minute),
        )


def called(place: Border) -> list[int]:
    rows = place.conn.execute("select trip_id from releases order by id").fetchall()
    return [trip for (trip,) in rows]


def test_the_junior_is_called_while_its_senior_waits_for_an_agency_and_the_ledger_says_so(
    place: Border,
):
    senior, junior = in_the_yard(place, minute=-90), in_the_yard(place, minute=-80)
    confirm(place, junior, minute=-70)
    before = step(place, 0, plan=True)
    assert called(place) == [junior]
    told = place.conn.execute("select trip_id from slots order by trip_id").fetchall()
    assert told == [(senior,), (junior,)]
    overtook = place.conn.execute("select reason from ledger where kind = 'overtook'").fetchall()
    assert overtook == [("unconfirmed",)]
    confirm(place, senior, minute=1)
    step(place, 2, before)
    assert called(place) == [junior, senior]


def test_who_was_called_and_still_stands_is_called_back_when_a_confirmation_is_withdrawn(
    place: Border,
):
    trip = in_the_yard(place, minute=-90)
    confirm(place, trip, minute=-80)
    before = step(place, 0, plan=True)
    assert called(place) == [trip]
    withdraw(place, trip, "fees_paid", Desk.TAX, minute=1)
    step(place, 1.5, before)
    assert place.conn.execute("select ended from releases").fetchall() == [("unconfirmed",)]
    [(said,)] = place.conn.execute(
        "select kind from outbox where created_at >= %s", [after(1)]
    ).fetchall()
    assert said == "call_over"


def test_a_slot_that_is_locked_is_void_at_once_and_told_anew_once_it_is_not(place: Border):
    trip = in_the_yard(place, minute=-90)
    before = step(place, 0, plan=True)
    # Nothing of this small workflow locks a slot again: what another file would do.
    place.conn.execute("update trips set locked = '{slot}' where id = %s", [trip])
    before = step(place, 1, before)
    assert place.conn.execute("select kind, reason from advice").fetchall() == [
        ("hold", "unconfirmed")
    ]
    step(place, 2, before, plan=True)
    holds = place.conn.execute("select count(*) from outbox where kind = 'hold'").fetchall()
    assert holds == [(1,)]
    place.conn.execute("update trips set locked = '{release}' where id = %s", [trip])
    step(place, 10, before, plan=True)
    assert place.conn.execute("select * from advice").fetchall() == []
    [(reason,)] = place.conn.execute(
        "select params->>'reason' from outbox where kind = 'slot_changed'"
    ).fetchall()
    assert reason == "confirmed"
