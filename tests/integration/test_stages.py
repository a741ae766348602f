"""Stages of trips with a real database behind them: said at once, proved early, run out."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from border import MORNING, Border, after, border
from small_workflow import WORKFLOW

from flowctl.errors import ConflictError, FlowctlError
from flowctl.registry import stages
from flowctl.storage.stages import list_trip_stages
from flowctl.workflow.stages import Act, Desk, Origin, Proof


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database, workflow=WORKFLOW) as place:
        yield place


def say(
    place: Border,
    trip: int,
    stage: str,
    act: Act,
    desk: Desk,
    minute: float,
    **said: Any,  # noqa: ANN401
) -> bool:
    conn = said.pop("conn", place.conn)
    with conn.transaction():
        return stages.say(
            conn,
            place.site,
            trip,
            stage,
            act,
            origin=Origin.HAND,
            by=said.pop("by", str(desk)),
            desk=desk,
            at=said.pop("at", after(minute)),
            now=after(minute),
            **said,
        )


def prove(place: Border, trip: int, proof: Proof, minute: float, key: str) -> list[str]:
    with place.conn.transaction():
        return stages.prove(
            place.conn,
            place.site,
            trip,
            proof,
            origin=Origin.VISIT,
            by="flowctl",
            at=after(minute),
            now=after(minute),
            evidence={"zone": "yard_viettel"},
            key=key,
        )


def states(place: Border, trip: int) -> dict[str, str]:
    return {one.stage: one.state for one in list_trip_stages(place.conn, [trip])}


def locked(place: Border, trip: int) -> list[str]:
    [(found,)] = place.conn.execute("select locked from trips where id = %s", [trip]).fetchall()
    return list(found)


def test_of_two_agencies_at_once_about_one_stage_one_wins_and_the_other_hears_who(
    place: Border, database: str
):
    trip = place.trip(goods_class="steel")
    prove(place, trip, Proof.YARD_IN, 1, "visit")
    with psycopg.connect(database) as first, psycopg.connect(database) as second:
        acts = ((first, "an", Act.CONFIRMED), (second, "binh", Act.REFUSED))

        def speak(said: tuple[psycopg.Connection[Any], str, Act]) -> str | None:
            conn, name, act = said
            try:
                reason = "seal" if act is Act.REFUSED else None
                say(
                    place, trip, "customs_check", act, Desk.CUSTOMS, 2,
                    by=name, conn=conn, reason=reason,
                )  # fmt: skip
            except ConflictError as error:
                return str(error.refusal.values["by"])
            return None

        with ThreadPoolExecutor(2) as pool:
            heard = list(pool.map(speak, acts))
    assert heard in (["binh", None], [None, "an"])
    [(count,)] = place.conn.execute(
        "select count(*) from stage_records where stage = 'customs_check'"
    ).fetchall()
    assert count == 1


def test_of_two_agencies_at_once_about_two_stages_both_words_hold(place: Border, database: str):
    trip = place.trip(goods_class="fruit")
    prove(place, trip, Proof.YARD_IN, 1, "visit")
    with psycopg.connect(database) as first, psycopg.connect(database) as second:
        acts = (
            (first, "customs_check", Desk.CUSTOMS),
            (second, "plant_check", Desk.PLANT_QUARANTINE),
        )
        with ThreadPoolExecutor(2) as pool:
            done = list(
                pool.map(
                    lambda one: say(place, trip, one[1], Act.CONFIRMED, one[2], 2, conn=one[0]),
                    acts,
                )
            )
    assert done == [True, True]
    found = states(place, trip)
    assert (found["customs_check"], found["plant_check"]) == ("confirmed", "confirmed")
    assert found["fees_paid"] != "waiting"


def test_a_word_that_is_reported_again_counts_once(place: Border):
    trip = place.trip(goods_class="steel")
    assert prove(place, trip, Proof.YARD_IN, 1, "visit-7") == ["yard_in"]
    assert prove(place, trip, Proof.YARD_IN, 1, "visit-7") == []
    assert say(place, trip, "customs_check", Act.CONFIRMED, Desk.CUSTOMS, 2, key="a message")
    assert not say(place, trip, "customs_check", Act.CONFIRMED, Desk.CUSTOMS, 3, key="a message")


def test_a_truck_seen_before_its_papers_are_done_need_not_be_seen_again(place: Border):
    late = WORKFLOW.replace(
        'desk = "yard"\nproofs = ["yard_in"]',
        'desk = "yard"\nneeds = ["border_guard"]\nproofs = ["yard_in"]',
    ).replace('version = "small-1"', 'version = "small-2"')
    place.conn.execute("update workflows set definition = %s, version = 'small-2'", [late])
    trip = place.trip(goods_class="steel")
    assert prove(place, trip, Proof.YARD_IN, 1, "visit") == ["yard_in"]
    assert states(place, trip)["yard_in"] == "waiting"
    say(place, trip, "border_guard", Act.CONFIRMED, Desk.BORDER_GUARD, 5)
    assert states(place, trip)["yard_in"] == "confirmed"
    [since] = [
        one.since for one in list_trip_stages(place.conn, [trip]) if one.stage == "customs_check"
    ]
    assert since == after(5)


def test_a_confirmation_that_runs_out_locks_again_and_may_be_given_once_more(place: Border):
    trip = place.trip(goods_class="fruit")
    prove(place, trip, Proof.YARD_IN, 1, "visit")
    say(place, trip, "customs_check", Act.CONFIRMED, Desk.CUSTOMS, 2)
    say(place, trip, "plant_check", Act.CONFIRMED, Desk.PLANT_QUARANTINE, 3)
    say(place, trip, "fees_paid", Act.CONFIRMED, Desk.TAX, 4)
    assert "release" not in locked(place, trip)
    ran_out = after(3) + timedelta(hours=12)
    assert stages.renew_due(place.conn, place.site, now=ran_out - timedelta(seconds=1)) == 0
    assert stages.renew_due(place.conn, place.site, now=ran_out) == 1
    assert states(place, trip)["plant_check"] == "expired"
    assert "release" in locked(place, trip)
    assert stages.renew_due(place.conn, place.site, now=ran_out) == 0
    say(place, trip, "plant_check", Act.CONFIRMED, Desk.PLANT_QUARANTINE, 12 * 60 + 5)
    assert "release" not in locked(place, trip)


def test_a_word_taken_back_is_as_if_it_was_never_said(place: Border):
    trip = place.trip()
    prove(place, trip, Proof.YARD_IN, 1, "visit")
    before = states(place, trip)
    settled = {"goods_class": "steel"}
    say(place, trip, "customs_check", Act.CONFIRMED, Desk.CUSTOMS, 2, settled=settled)
    row = "select goods_class, settled from declarations where trip_id = %s"
    assert place.conn.execute(row, [trip]).fetchone() == (
        "steel",
        {"goods_class": "customs_check"},
    )
    say(place, trip, "customs_check", Act.WITHDRAWN, Desk.CUSTOMS, 3)
    assert states(place, trip) == before
    # What customs saw stays in the form, for the haulier to change again.
    assert place.conn.execute(row, [trip]).fetchone() == ("steel", {})
    with pytest.raises(ConflictError, match="Nothing was said"):
        say(place, trip, "customs_check", Act.WITHDRAWN, Desk.CUSTOMS, 4)


def test_what_was_declared_otherwise_than_customs_settled_stays_in_the_record(place: Border):
    trip = place.trip(goods_class="fruit")
    prove(place, trip, Proof.YARD_IN, 1, "visit")
    settled = {"goods_class": "steel"}
    say(place, trip, "customs_check", Act.CONFIRMED, Desk.CUSTOMS, 2, settled=settled)
    assert "plant_check" not in states(place, trip)
    [(said, evidence)] = place.conn.execute(
        "select settled, evidence from stage_records where stage = 'customs_check'"
    ).fetchall()
    assert (said, evidence) == (settled, {"declared": {"goods_class": "fruit"}})


@pytest.mark.parametrize(("minute", "kind"), [(90, "stage_ahead"), (-9999, "stage_long_ago")])
def test_nobody_says_what_is_to_come_or_was_long_ago(place: Border, minute: float, kind: str):
    trip = place.trip(goods_class="steel")
    prove(place, trip, Proof.YARD_IN, 1, "visit")
    with pytest.raises(FlowctlError) as refused:
        say(place, trip, "customs_check", Act.CONFIRMED, Desk.CUSTOMS, 5, at=after(minute))
    assert refused.value.refusal.kind == kind


def test_a_refused_stage_is_not_confirmed_by_a_camera(place: Border):
    trip = place.trip(goods_class="steel")
    say(place, trip, "yard_in", Act.REFUSED, Desk.YARD, 1, reason="vehicle")
    assert prove(place, trip, Proof.YARD_IN, 2, "camera-1") == []
    assert states(place, trip)["yard_in"] == "refused"


def test_a_cancelled_trip_leaves_the_work_lists_and_takes_no_word(place: Border):
    trip = place.trip(goods_class="steel")
    place.conn.execute(
        "update trips set state = 'cancelled', ended_at = %s where id = %s", [after(1), trip]
    )
    still = place.conn.execute("select count(*) from trip_stages where open").fetchone()
    assert still == (0,)
    assert prove(place, trip, Proof.YARD_IN, 2, "visit") == []
    with pytest.raises(ConflictError, match="is cancelled"):
        say(place, trip, "yard_in", Act.CONFIRMED, Desk.YARD, 2)


def test_what_comes_after_the_crossing_stays_in_the_lists_when_it_ended_the_trip(place: Border):
    beyond = WORKFLOW.replace('version = "small-1"', 'version = "small-2"').replace(
        'needs = ["declared"]', 'needs = ["out"]'
    )
    place.conn.execute("update workflows set definition = %s, version = 'small-2'", [beyond])
    trip = place.trip(goods_class="steel")
    place.conn.execute(
        "update trips set state = 'cleared', ended_at = %s where id = %s", [MORNING, trip]
    )
    left = place.conn.execute("select stage from trip_stages where open order by 1").fetchall()
    assert left == [("border_guard",), ("gate_cleared",)]
    prove(place, trip, Proof.GATE_OUT, 1, "crossing")
    assert say(place, trip, "border_guard", Act.CONFIRMED, Desk.BORDER_GUARD, 2)


def test_the_driver_hears_that_an_agency_asks_back_or_refuses(place: Border):
    trip = place.trip(goods_class="steel")
    prove(place, trip, Proof.YARD_IN, 1, "visit")
    say(place, trip, "customs_check", Act.ASKED, Desk.CUSTOMS, 2, reason="papers_missing")
    say(place, trip, "customs_check", Act.ANSWERED, Desk.HAULIER, 3)
    say(place, trip, "customs_check", Act.REFUSED, Desk.CUSTOMS, 4, reason="goods_barred")
    kinds = place.conn.execute("select kind from outbox where trip_id = %s order by id", [trip])
    assert [kind for (kind,) in kinds.fetchall()] == [
        "registered",
        "papers_asked",
        "papers_refused",
    ]
