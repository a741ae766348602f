"""Call-ups, those not followed, moves and swaps, as they are written and read again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from border import MORNING, Border, after, border

from flowctl.controller import Decision
from flowctl.dispatch.legs import Move
from flowctl.dispatch.metering import Release
from flowctl.dispatch.overtakes import Overtake, Unexplained
from flowctl.dispatch.reasons import Reason
from flowctl.dispatch.standby import Expired, Swap
from flowctl.state import LiveTrip, Slot, Stage
from flowctl.storage.ledger_counts import count_overtakes
from flowctl.storage.releases import commit_releases
from flowctl.storage.snapshot import list_live_trips
from flowctl.worker import decide

NOTHING = Decision(plan=None, tellings=(), releases=(), gates=())


@pytest.fixture
def lang_son(database: str) -> Iterator[Border]:
    with border(database) as place:
        yield place


def commit(place: Border, minute: float, **decided: Any) -> None:  # noqa: ANN401
    with place.conn.transaction():
        commit_releases(place.conn, place.site, replace(NOTHING, **decided), now=after(minute))


def live(place: Border, minute: float) -> list[LiveTrip]:
    return list(list_live_trips(place.conn, place.site, after(minute)))


def messages(place: Border) -> list[tuple[int, str, dict[str, str]]]:
    rows = place.conn.execute(
        "select trip_id, kind, params from outbox where kind <> 'registered' order by id"
    )
    return [(trip, kind, params) for trip, kind, params in rows.fetchall()]


def kinds(place: Border) -> list[tuple[str, str | None]]:
    return place.conn.execute(
        "select kind, reason from ledger where kind not in ('registered', 'policy') order by seq"
    ).fetchall()


def expired(trip: int, reason: Reason, at: datetime = MORNING) -> Expired:
    yard = "yard_bao_nguyen" if reason is Reason.NO_SHOW else None
    return Expired(trip, "tan_thanh", yard, None, reason, at)


def test_a_call_up_is_written_with_its_entry_its_overtakes_and_its_message(lang_son: Border):
    junior, senior = lang_son.trip(), lang_son.trip()
    lang_son.visit(junior, "yard_bao_nguyen", 1)
    commit(
        lang_son,
        30,
        releases=(Release(junior, "tan_thanh", "yard_bao_nguyen", after(90)),),
        overtakes=(Overtake(junior, "tan_thanh", Reason.SENIOR_NOT_READY, (senior,)),),
    )
    trip = live(lang_son, 31)[0]
    assert (trip.stage, trip.released_at, trip.moving_to) == (Stage.RELEASED, after(30), None)
    assert trip.release_expires_at == after(90)
    assert kinds(lang_son) == [("released", None), ("overtook", "senior_not_ready")]
    assert messages(lang_son) == [
        (junior, "call_up", {"gate": "tan_thanh", "yard": "yard_bao_nguyen"})
    ]


def test_an_overtake_that_no_rule_explains_is_kept_as_one_without_a_reason(lang_son: Border):
    junior, senior = lang_son.trip(), lang_son.trip()
    commit(
        lang_son,
        30,
        releases=(Release(junior, "tan_thanh", "yard_bao_nguyen", after(90)),),
        unexplained=(Unexplained(junior, "tan_thanh", (senior,)),),
    )
    assert kinds(lang_son) == [("released", None), ("overtook", None)]
    day = {"since": after(0), "until": after(60)}
    assert count_overtakes(lang_son.conn, "lang_son", **day) == {"tan_thanh": {"": 1}}


def test_a_move_names_the_yard_it_leads_to(lang_son: Border):
    trip = lang_son.trip(gates=("huu_nghi",))
    lang_son.visit(trip, "yard_viettel", 1)
    commit(
        lang_son,
        30,
        moves=(Move(trip, "yard_viettel", "yard_xuan_cuong", "huu_nghi", after(90)),),
    )
    [moved] = live(lang_son, 31)
    assert (moved.stage, moved.moving_to) == (Stage.RELEASED, "yard_xuan_cuong")
    assert kinds(lang_son) == [("moved", None)]
    assert messages(lang_son) == [
        (trip, "move_up", {"gate": "huu_nghi", "yard": "yard_xuan_cuong"})
    ]


def test_a_no_show_loses_seniority_and_hears_that_its_place_is_gone(lang_son: Border):
    trip = lang_son.trip()
    lang_son.visit(trip, "yard_bao_nguyen", 1)
    lang_son.release(trip, 30, until=90)
    commit(lang_son, 50, expired=(expired(trip, Reason.NO_SHOW, after(30)),))
    [missed] = live(lang_son, 51)
    assert missed.release_ended == "no_show"
    assert missed.release_expires_at == after(50)
    assert missed.penalty_s == lang_son.site.policy.no_show.loses_s > 0
    assert kinds(lang_son) == [("release_expired", "no_show"), ("penalty", "no_show")]
    assert messages(lang_son) == [
        (trip, "no_show", {"gate": "tan_thanh"}),
        (trip, "penalty", {"offence": "no_show", "minutes": "60"}),
    ]


def test_a_call_up_that_ran_out_costs_nothing_and_only_the_newest_is_over(lang_son: Border):
    trip = lang_son.trip()
    lang_son.visit(trip, "yard_bao_nguyen", 1)
    lang_son.release(trip, 10, until=20)
    lang_son.release(trip, 30, until=90)
    commit(lang_son, 91, expired=(expired(trip, Reason.RELEASE_EXPIRED),))
    [over] = live(lang_son, 92)
    assert (over.release_ended, over.release_expires_at) == ("release_expired", after(90))
    assert over.penalty_s == 0
    ended = lang_son.conn.execute("select ended from releases order by id").fetchall()
    assert ended == [(None,), ("release_expired",)]
    assert kinds(lang_son) == [("release_expired", "release_expired")]
    assert [kind for _, kind, _ in messages(lang_son)] == ["call_over"]


def test_two_drivers_exchange_their_slots_and_both_are_told(lang_son: Border):
    late, ready = lang_son.trip(), lang_son.trip()
    lang_son.tell(late, after(60))
    lang_son.tell(ready, after(120))
    swap = Swap(late, ready, Slot("tan_thanh", after(60)), Slot("tan_thanh", after(120)))
    commit(lang_son, 40, swaps=(swap,))
    told = {trip.id: (trip.told, trip.told_at) for trip in live(lang_son, 41)}
    assert told == {
        late: (Slot("tan_thanh", after(120)), after(40)),
        ready: (Slot("tan_thanh", after(60)), after(40)),
    }
    assert all(trip.swapped for trip in live(lang_son, 41))
    assert kinds(lang_son) == [("swapped", "swapped")]
    said = {trip: (kind, params) for trip, kind, params in messages(lang_son)}
    assert {kind for kind, _ in said.values()} == {"slot_changed"}
    assert said[ready][1]["starts_at"] == after(60).isoformat()
    assert said[late][1]["ends_at"] == (after(120) + timedelta(minutes=15)).isoformat()
    assert all(params["reason"] == "swapped" and params["code"] for _, params in said.values())
    changes = lang_son.conn.execute("select trip_id, reason from slot_changes order by trip_id")
    assert changes.fetchall() == [(late, "swapped"), (ready, "swapped")]


def test_a_decision_that_calls_nobody_writes_nothing(lang_son: Border):
    lang_son.trip()
    commit(lang_son, 30)
    assert kinds(lang_son) == []
    assert messages(lang_son) == []


def test_the_controller_gives_a_no_shows_place_to_another_and_says_so_once(lang_son: Border):
    asleep, ready = lang_son.trip(), lang_son.trip()
    for trip in (asleep, ready):
        lang_son.visit(trip, "yard_bao_nguyen", 1)
    lang_son.release(asleep, 30, until=90)
    lang_son.position(asleep, 106.681, 22.0, 49, speed=0.0)
    for minute in (53, 54):
        decide(lang_son.conn, lang_son.site, after(minute), plan_due=False)
    assert [entry for entry in kinds(lang_son) if entry[0] != "arrived"] == [
        ("release_expired", "no_show"),
        ("released", None),
        ("overtook", "no_show"),
        ("penalty", "no_show"),
    ]
    told = [(trip, kind) for trip, kind, _ in messages(lang_son)]
    assert sorted(told) == [(asleep, "no_show"), (asleep, "penalty"), (ready, "call_up")]
    [first, second] = live(lang_son, 55)
    assert (first.release_ended, first.penalty_s) == ("no_show", 3600)
    assert second.released_at == after(53)


def test_the_controller_blames_no_truck_that_came_to_the_gate_and_was_sent_back(lang_son: Border):
    trip = lang_son.trip()
    lang_son.visit(trip, "yard_bao_nguyen", 1, 32)
    lang_son.release(trip, 30, until=90)
    lang_son.visit(trip, "queue_tan_thanh", 40, 48)
    lang_son.visit(trip, "yard_bao_nguyen", 55)
    lang_son.position(trip, 106.681, 22.0, 56, speed=0.0)
    decide(lang_son.conn, lang_son.site, after(57), plan_due=False)
    [back] = live(lang_son, 58)
    assert (back.yard, back.yarded_at) == ("yard_bao_nguyen", after(55))
    assert (back.release_ended, back.penalty_s) == (None, 0.0)


def test_a_truck_has_passed_the_gate_it_was_seen_at_not_the_one_it_would_rather(lang_son: Border):
    trip = lang_son.trip(gates=("tan_thanh", "huu_nghi"))
    lang_son.visit(trip, "queue_huu_nghi", 1, 10)
    lang_son.visit(trip, "lane_huu_nghi", 10, 25)
    decide(lang_son.conn, lang_son.site, after(60), plan_due=False)
    rows = lang_son.conn.execute("select gate from ledger where kind = 'passed'").fetchall()
    assert rows == [("huu_nghi",)]
    assert messages(lang_son)[-1] == (trip, "passed", {"gate": "huu_nghi"})
