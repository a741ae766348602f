"""A gate closes and opens again: what the controller writes, and what drivers are sent."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from border import MORNING, Border, after, border

from flowctl.errors import FlowctlError, NotFoundError
from flowctl.storage.closures import (
    add_closure,
    change_closure,
    delete_closure,
    end_closure,
    list_advice,
    list_closures,
)
from flowctl.storage.plans import drop_prices_before, find_latest_plan
from flowctl.worker import Disruption, decide

TRUCKS = 12


@pytest.fixture
def lang_son(database: str) -> Iterator[Border]:
    with border(database) as place:
        yield place


def yard_full(place: Border, trucks: int = TRUCKS) -> list[int]:
    """Let trucks stand in the yard of Tân Thanh since before it opened."""
    trips = [place.trip(at=after(-120)) for _ in range(trucks)]
    for number, trip in enumerate(trips):
        place.visit(trip, "yard_bao_nguyen", -90 + number)
    return trips


def close(
    place: Border, at: datetime, starts: datetime, ends: datetime | None, places_left: int = 0
) -> int:
    with place.conn.transaction():
        closure = add_closure(
            place.conn,
            place.site,
            gate="tan_thanh",
            starts_at=starts,
            ends_at=ends,
            places_left=places_left,
            reason="power cut",
            actor="operator:an",
            now=at,
        )
    return closure.id


def step(
    place: Border, minute: float, before: Disruption | None, *, plan: bool = False
) -> Disruption:
    return decide(place.conn, place.site, after(minute), plan_due=plan, before=before)


def messages(place: Border, since: float) -> list[tuple[str, str | None]]:
    """Return (kind, reason) of the messages written from minute ``since`` on."""
    return place.conn.execute(
        "select kind, params->>'reason' from outbox where created_at >= %s order by id",
        [after(since)],
    ).fetchall()


def ledger(place: Border) -> list[tuple[str, str | None, str]]:
    return place.conn.execute("select kind, reason, actor from ledger order by seq").fetchall()


def test_a_closure_moves_every_slot_in_it_at_once_and_tells_why(lang_son: Border):
    trips = yard_full(lang_son, 40)
    # Before the gate opens, so that nobody is called up yet.
    before = step(lang_son, -75, None, plan=True)
    told = dict(lang_son.conn.execute("select trip_id, starts_at from slots").fetchall())
    assert set(told) == set(trips)
    close(lang_son, after(-74), after(-60), after(120))
    step(lang_son, -74, before)
    moved = dict(lang_son.conn.execute("select trip_id, starts_at from slots").fetchall())
    assert min(moved.values()) >= after(120)
    assert messages(lang_son, -74) == [("slot_changed", "closure")] * 40
    assert ledger(lang_son)[-40:] == [("slot_changed", "closure", "flowctl")] * 40
    # In the order they stood in.
    assert sorted(trips, key=lambda trip: (moved[trip], trip)) == trips


def test_at_a_gate_closed_for_unknown_time_drivers_are_held_once_and_told_again_in_order(
    lang_son: Border,
):
    trips = yard_full(lang_son)
    before = step(lang_son, -75, None, plan=True)
    identity = close(lang_son, after(-70), after(-70), None)
    before = step(lang_son, -70, before)
    assert messages(lang_son, -70) == [("hold", "closure")] * TRUCKS
    assert {one.kind for one in list_advice(lang_son.conn, "lang_son").values()} == {"hold"}
    for minute in range(-65, 60, 5):
        before = step(lang_son, minute, before, plan=True)
    assert messages(lang_son, -65) == []
    assert lang_son.conn.execute("select count(*) from releases").fetchone() == (0,)
    end_closure(lang_son.conn, lang_son.site, identity, actor="officer:binh", now=after(60))
    step(lang_son, 60, before)
    heard = messages(lang_son, 60)
    assert heard[:TRUCKS] == [("slot_changed", "reopened")] * TRUCKS
    moved = dict(lang_son.conn.execute("select trip_id, starts_at from slots").fetchall())
    assert sorted(trips, key=lambda trip: (moved[trip], trip)) == trips
    assert list_advice(lang_son.conn, "lang_son") == {}
    kinds = [row for row in ledger(lang_son) if row[0] in ("closed", "reopened")]
    assert kinds == [
        ("closed", "closure", "operator:an"),
        ("reopened", "reopened", "officer:binh"),
    ]


def test_a_driver_far_away_is_asked_to_stay_once_and_told_when_he_may_depart(lang_son: Border):
    lang_son.trip(at=after(-60))
    before = step(lang_son, 0, None, plan=True)
    identity = close(lang_son, after(5), after(5), None)
    before = step(lang_son, 5, before)
    before = step(lang_son, 10, before, plan=True)
    assert [kind for kind, _ in messages(lang_son, 0) if kind == "stay"] == ["stay"]
    end_closure(lang_son.conn, lang_son.site, identity, actor="an", now=after(20))
    step(lang_son, 20, before)
    assert messages(lang_son, 20)[0] == ("depart", None)
    assert list_advice(lang_son.conn, "lang_son") == {}


def test_slot_messages_hold_the_code_of_the_ledgers_head(lang_son: Border):
    yard_full(lang_son, 2)
    step(lang_son, -75, None, plan=True)
    rows = lang_son.conn.execute("select params->>'code' from outbox where kind = 'slot'")
    codes = {code for (code,) in rows.fetchall()}
    assert len(codes) == 1
    assert len(codes.pop()) == 8


def test_a_plan_names_its_policy_and_keeps_its_prices(lang_son: Border):
    yard_full(lang_son, 120)
    step(lang_son, -75, None, plan=True)
    [(policy, prices, least)] = lang_son.conn.execute(
        "select policy, count(price), min(price) from plans left join slot_prices"
        " on plan_id = plans.id group by plans.id"
    ).fetchall()
    assert policy == lang_son.site.policy.version
    assert prices > 0
    assert least > 0
    drop_prices_before(lang_son.conn, after(-74))
    newest = find_latest_plan(lang_son.conn, "lang_son")
    assert newest is not None
    assert newest.prices == ()


def test_closures_are_entered_changed_ended_and_taken_back_with_what_contradicts_refused(
    lang_son: Border,
):
    conn, site = lang_son.conn, lang_son.site
    first = close(lang_son, MORNING, after(30), after(60))
    with pytest.raises(FlowctlError, match=f"Closure {first} of tan_thanh stands"):
        close(lang_son, MORNING, after(45), None)
    with pytest.raises(FlowctlError, match="has not begun; delete it"):
        end_closure(conn, site, first, actor="an", now=MORNING)
    with conn.transaction():
        changed = change_closure(conn, site, first, ends_at=after(90), actor="an", now=after(31))
    assert changed.ends_at == after(90)
    with pytest.raises(FlowctlError, match="has begun; end it"):
        delete_closure(conn, site, first, actor="an", now=after(31))
    end_closure(conn, site, first, actor="an", now=after(40))
    with pytest.raises(FlowctlError, match="is over since"):
        end_closure(conn, site, first, actor="an", now=after(41))
    later = close(lang_son, after(41), after(100), None, places_left=3)
    delete_closure(conn, site, later, actor="an", now=after(42))
    with pytest.raises(NotFoundError, match="There is no closure"):
        delete_closure(conn, site, later, actor="an", now=after(42))
    [left] = list_closures(conn, site.id, since=MORNING)
    assert (left.id, left.ends_at) == (first, after(40))


def test_a_clock_that_jumps_back_or_far_ahead_tells_nobody_anything_false(lang_son: Border):
    yard_full(lang_son)
    before = step(lang_son, -75, None, plan=True)
    slots = lang_son.conn.execute("select trip_id, starts_at from slots order by 1").fetchall()
    before = step(lang_son, -75 - 180, before, plan=True)
    now = lang_son.conn.execute("select trip_id, starts_at from slots order by 1").fetchall()
    assert now == slots
    before = step(lang_son, 60 * 24 * 2, before, plan=True)
    rows = lang_son.conn.execute("select starts_at from slots").fetchall()
    assert min(start for (start,) in rows) >= after(60 * 24 * 2) - timedelta(minutes=75)
