"""Acts of operators through the controller's steps: what they do, and how each comes to its end."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from threading import Barrier, Thread
from typing import Any

import psycopg
import pytest
from border import Border, after, border

from flowctl.controller import tick
from flowctl.errors import ConflictError, FlowctlError, NotFoundError
from flowctl.hand import Act, ActKind
from flowctl.in_hand import changes, in_hand
from flowctl.preview import preview
from flowctl.registry import acts
from flowctl.registry.requests import RefusedError, extend
from flowctl.storage.acts import held_trips, list_acts, mark
from flowctl.storage.audit import By
from flowctl.storage.closures import add_closure, list_advice
from flowctl.storage.reading import read_snapshot
from flowctl.worker import Disruption, decide

LAN, MINH = By("lan", "operator", "10.0.0.7"), By("minh", "operator", None)
REASONS = {
    ActKind.PIN: "appointment",
    ActKind.SWAP: "drivers_agreed",
    ActKind.FORWARD: "medical",
    ActKind.CAPACITY: "staff",
    ActKind.OPEN_GATE: "backlog",
}


@pytest.fixture
def lang_son(database: str) -> Iterator[Border]:
    with border(database) as place:
        yield place


def begin(place: Border, kind: ActKind, minute: float, *, by: By = LAN, **fields: Any) -> int:  # noqa: ANN401
    now = after(minute)
    asked = Act(kind, REASONS.get(kind, "papers"), by.name, now, **fields)
    with place.conn.transaction():
        return acts.begin(place.conn, place.site, asked, effect=None, by=by, now=now)


def end(place: Border, act: int, minute: float, by: By = LAN) -> None:
    with place.conn.transaction():
        acts.end(place.conn, place.site, act, note="", by=by, now=after(minute))


def approve(place: Border, act: int, minute: float, by: By) -> None:
    with place.conn.transaction():
        acts.approve(place.conn, place.site, act, by=by, now=after(minute))


def step(
    place: Border, minute: float, before: Disruption | None = None, *, plan: bool = False
) -> Disruption:
    return decide(place.conn, place.site, after(minute), plan_due=plan, before=before)


def staged(place: Border, minute: float, **changes: Any) -> int:  # noqa: ANN401
    trip = place.trip(at=after(minute), **changes)
    place.visit(trip, "yard_bao_nguyen", minute)
    return trip


def released(place: Border) -> list[int]:
    rows = place.conn.execute("select trip_id from releases order by id").fetchall()
    return [trip for (trip,) in rows]


def ledger(place: Border, *kinds: str) -> list[tuple[str, str | None, str]]:
    return place.conn.execute(
        "select kind, reason, actor from ledger where kind = any(%s) order by seq", [list(kinds)]
    ).fetchall()


def state(place: Border, act: int) -> tuple[str, str | None, str | None]:
    found = acts.get_act(place.conn, place.site, act)
    return found.state, found.outcome, found.ended_by


def slots(place: Border) -> dict[int, tuple[str, datetime]]:
    rows = place.conn.execute("select trip_id, gate, starts_at from slots").fetchall()
    return {trip: (gate, starts_at) for trip, gate, starts_at in rows}


def told(place: Border, trip: int) -> list[tuple[str, str | None]]:
    return place.conn.execute(
        "select kind, params->>'reason' from outbox where trip_id = %s and kind <> 'registered'"
        " order by id",
        [trip],
    ).fetchall()


def test_a_held_truck_is_not_called_while_places_are_free_and_is_once_the_hold_ends(
    lang_son: Border,
):
    first, second = staged(lang_son, 1), staged(lang_son, 2)
    hold = begin(lang_son, ActKind.HOLD_TRUCK, 5, trip_id=first)
    assert held_trips(lang_son.conn, "lang_son", after(5)) == {first}
    before = step(lang_son, 6, Disruption(), plan=True)
    assert released(lang_son) == [second]
    assert told(lang_son, first) == [("hold", "held")]
    assert ledger(lang_son, "held", "overtook") == [
        ("held", "papers", "lan"),
        ("overtook", "held", "flowctl"),
    ]
    before = step(lang_son, 10, before, plan=True)
    assert (released(lang_son), told(lang_son, first)) == ([second], [("hold", "held")])
    end(lang_son, hold, 12, MINH)
    step(lang_son, 12, before)
    assert released(lang_son) == [second, first]
    assert told(lang_son, first)[1:] == [("slot", "first"), ("call_up", None)]
    assert ledger(lang_son, "hold_ended") == [("hold_ended", "ended", "minh")]
    assert list_advice(lang_son.conn, "lang_son") == {}


def test_who_was_called_and_did_not_leave_is_called_back_and_hears_why(lang_son: Border):
    trip = staged(lang_son, 1)
    before = step(lang_son, 5, plan=True)
    assert released(lang_son) == [trip]
    begin(lang_son, ActKind.HOLD_TRUCK, 6, trip_id=trip)
    step(lang_son, 6.5, before)
    assert [kind for kind, _ in told(lang_son, trip)][-2:] == ["hold", "call_over"]
    assert ledger(lang_son, "release_expired") == [("release_expired", "held", "flowctl")]


def test_a_truck_on_its_way_is_not_held_and_the_sentence_says_where_it_is(lang_son: Border):
    trip = lang_son.trip(at=after(1))
    lang_son.visit(trip, "yard_bao_nguyen", 1, 20)
    lang_son.release(trip, 15, until=75)
    with pytest.raises(ConflictError, match="is on its way to tan_thanh"):
        begin(lang_son, ActKind.HOLD_TRUCK, 25, trip_id=trip)
    lang_son.visit(trip, "queue_tan_thanh", 30)
    with pytest.raises(ConflictError, match="is at tan_thanh since 08:30"):
        begin(lang_son, ActKind.HOLD_TRUCK, 35, trip_id=trip)
    assert list_acts(lang_son.conn, "lang_son", states=None, limit=9) == []


def test_a_hold_of_a_class_takes_in_who_registers_later(lang_son: Border):
    begin(lang_son, ActKind.HOLD_CLASS, 0, cargo="reefer", gate="tan_thanh")
    cold, steel = staged(lang_son, 1, cargo="reefer"), staged(lang_son, 2)
    both = staged(lang_son, 3, cargo="reefer", gates=("tan_thanh", "huu_nghi"))
    assert held_trips(lang_son.conn, "lang_son", after(5)) == {cold}
    step(lang_son, 6, plan=True)
    gates = lang_son.conn.execute("select trip_id, gate from releases").fetchall()
    assert (steel, "tan_thanh") in gates
    assert not {(cold, "tan_thanh"), (both, "tan_thanh")} & set(gates)


def test_holds_come_to_their_end_by_the_clock(lang_son: Border):
    one, other = staged(lang_son, 1), staged(lang_son, 2)
    short = begin(lang_son, ActKind.HOLD_TRUCK, 5, trip_id=one, ends_at=after(15))
    endless = begin(lang_son, ActKind.HOLD_TRUCK, 5, trip_id=other)
    before = step(lang_son, 6, plan=True)
    before = step(lang_son, 15, before)
    assert state(lang_son, short) == ("done", "time_over", "flowctl")
    assert released(lang_son) == [one]
    longest = lang_son.site.policy.hand.longest_hold_s / 60
    step(lang_son, 5 + longest - 1, before)
    assert state(lang_son, endless)[0] == "standing"
    step(lang_son, 5 + longest, before)
    assert state(lang_son, endless) == ("lapsed", "longest_hold", "flowctl")
    assert ledger(lang_son, "hold_ended")[-1] == ("hold_ended", "longest_hold", "flowctl")


def test_a_truck_goes_forward_only_once_another_account_has_approved(lang_son: Border):
    trips = [staged(lang_son, minute / 2) for minute in range(1, 61)]
    last = trips[-1]
    act = begin(lang_son, ActKind.FORWARD, 42, trip_id=last)
    assert state(lang_son, act)[0] == "waiting"
    with pytest.raises(ConflictError, match="another account"):
        approve(lang_son, act, 43, LAN)
    assert read_snapshot(lang_son.conn, lang_son.site, after(43)).acts == ()
    approve(lang_son, act, 44, MINH)
    with pytest.raises(ConflictError, match="was approved by minh at 2024-01-23 08:44 already"):
        approve(lang_son, act, 45, By("tuan", "operator", None))
    step(lang_son, 45, Disruption())
    assert last in released(lang_son)
    assert len(released(lang_son)) < len(trips)
    assert state(lang_son, act) == ("done", "used", "flowctl")
    [(details, others)] = lang_son.conn.execute(
        "select details, cardinality(others) from ledger where kind = 'overtook'"
        " and reason = 'forwarded'"
    ).fetchall()
    assert details == {"code": "medical", "act": act}
    assert others > 0
    assert ledger(lang_son, "forwarded") == [("forwarded", "medical", "minh")]


def test_what_nobody_approves_in_time_lapses(lang_son: Border):
    trip = staged(lang_son, 1)
    act = begin(lang_son, ActKind.FORWARD, 2, trip_id=trip)
    within = lang_son.site.policy.hand.approve_within_s / 60
    with pytest.raises(ConflictError, match="was to be approved until"):
        approve(lang_son, act, 3 + within, MINH)
    step(lang_son, 3 + within)
    assert state(lang_son, act) == ("lapsed", "not_approved", "flowctl")


def test_without_four_eyes_a_truck_goes_forward_at_once(lang_son: Border):
    trip = staged(lang_son, 1)
    rules = replace(lang_son.site.policy.hand, four_eyes=False)
    lang_son.site = replace(lang_son.site, policy=replace(lang_son.site.policy, hand=rules))
    assert state(lang_son, begin(lang_son, ActKind.FORWARD, 2, trip_id=trip))[0] == "standing"


def test_a_word_about_a_gate_changes_the_plan_at_once_and_is_over_with_its_time(lang_son: Border):
    for minute in range(60):
        staged(lang_son, minute - 120)
    before = step(lang_son, -30, plan=True)
    planned = slots(lang_son)
    word = begin(
        lang_son,
        ActKind.CAPACITY,
        -20,
        gate="tan_thanh",
        per_h=4.0,
        starts_at=after(0),
        ends_at=after(240),
    )
    before = step(lang_son, -20, before)
    moved = slots(lang_son)
    latest = max(starts_at for _, starts_at in moved.values())
    assert latest > max(starts_at for _, starts_at in planned.values())
    assert ledger(lang_son, "capacity") == [("capacity", "staff", "lan")]
    step(lang_son, 240, before)
    assert state(lang_son, word) == ("done", "time_over", "flowctl")


def test_a_pin_survives_plans_and_ends_when_its_truck_is_called(lang_son: Border):
    trips = [staged(lang_son, minute - 120) for minute in range(8)]
    before = step(lang_son, -95, plan=True)
    trip = trips[3]
    pin = begin(lang_son, ActKind.PIN, -94, trip_id=trip, gate="tan_thanh", starts_at=after(120))
    before = step(lang_son, -94, before)
    assert slots(lang_son)[trip] == ("tan_thanh", after(120))
    assert told(lang_son, trip)[-1] == ("slot_changed", "pinned")
    for minute in range(-90, -80, 5):
        before = step(lang_son, minute, before, plan=True)
    assert slots(lang_son)[trip] == ("tan_thanh", after(120))
    assert state(lang_son, pin)[0] == "standing"
    for minute in range(-75, -45, 5):
        before = step(lang_son, minute, before)
    assert released(lang_son)[-1] == trip
    assert state(lang_son, pin) == ("done", "used", "flowctl")


def test_two_drivers_exchange_slots_by_an_operators_word_and_both_are_told(lang_son: Border):
    one, other = staged(lang_son, -60), staged(lang_son, -59)
    lang_son.tell(one, after(60))
    lang_son.tell(other, after(120))
    act = begin(lang_son, ActKind.SWAP, -30, trip_id=one, other_trip_id=other)
    step(lang_son, -29.5, Disruption())
    assert slots(lang_son) == {one: ("tan_thanh", after(120)), other: ("tan_thanh", after(60))}
    for trip in (one, other):
        assert told(lang_son, trip)[0] == ("slot_changed", "swapped")
    assert ledger(lang_son, "swapped") == [("swapped", "swapped", "lan")]
    assert state(lang_son, act) == ("done", "used", "flowctl")


def test_a_gate_opened_longer_is_open_for_everybody_who_asks(lang_son: Border):
    gate = lang_son.site.gate_by_id["tan_thanh"]
    _, closes = next(gate.opening.between(after(0), after(24 * 60)))
    minute = (closes - after(0)).total_seconds() / 60
    begin(
        lang_son,
        ActKind.OPEN_GATE,
        5,
        gate="tan_thanh",
        starts_at=closes,
        ends_at=after(minute + 120),
    )
    site = read_snapshot(lang_son.conn, lang_son.site, after(6)).site
    assert site.gate_by_id["tan_thanh"].opening.is_open(after(minute + 60))
    assert not lang_son.site.gate_by_id["tan_thanh"].opening.is_open(after(minute + 60))
    with pytest.raises(ConflictError, match="lan opened tan_thanh beyond its hours"):
        begin(
            lang_son,
            ActKind.OPEN_GATE,
            6,
            by=MINH,
            gate="tan_thanh",
            starts_at=after(minute + 30),
            ends_at=after(minute + 150),
        )


def test_an_act_on_a_trip_that_is_over_says_what_became_of_it(lang_son: Border):
    trip = staged(lang_son, 1)
    hold = begin(lang_son, ActKind.HOLD_TRUCK, 2, trip_id=trip)
    lang_son.conn.execute(
        "update trips set state = 'cancelled', ended_at = %s where id = %s", [after(10), trip]
    )
    step(lang_son, 11)
    assert state(lang_son, hold) == ("lapsed", "trip_over", "flowctl")
    with pytest.raises(ConflictError, match=r"12C00001\) was cancelled at 2024-01-23 08:10"):
        begin(lang_son, ActKind.HOLD_TRUCK, 12, trip_id=trip)
    with pytest.raises(NotFoundError):
        begin(lang_son, ActKind.HOLD_TRUCK, 12, trip_id=trip + 99)


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        (ActKind.HOLD_TRUCK, {"reason": "whim"}, "'whim' is no reason for hold_truck"),
        (ActKind.HOLD_TRUCK, {"reason": "other"}, "write in a note"),
        (ActKind.HOLD_TRUCK, {"ends_at": after(-5)}, "over before it begins"),
        (ActKind.HOLD_TRUCK, {"ends_at": after(60 * 24 * 3)}, r"may last \(12 h\)"),
        (ActKind.HOLD_CLASS, {"trip_id": None}, "by a gate, a cargo or a haulier"),
        (ActKind.CAPACITY, {"starts_at": after(-30), "ends_at": after(30)}, "is past"),
        (ActKind.OPEN_GATE, {"ends_at": after(60 * 24 * 99)}, "the site's calendar"),
        (ActKind.OPEN_GATE, {"gate": "nowhere", "ends_at": after(30)}, "There is no gate"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(
    lang_son: Border, kind: ActKind, fields: dict[str, Any], words: str
):
    trip = staged(lang_son, 1)
    reason = fields.get("reason", REASONS.get(kind, "papers"))
    given = {"trip_id": trip, **fields, "reason": reason}
    asked = Act(kind, entered_by="lan", changed_at=after(5), **given)
    with pytest.raises(FlowctlError, match=words):
        acts.begin(lang_son.conn, lang_son.site, asked, effect=None, by=LAN, now=after(5))


def test_of_two_who_end_one_hold_one_is_told_that_the_other_did(lang_son: Border, database: str):
    trip = staged(lang_son, 1)
    hold = begin(lang_son, ActKind.HOLD_TRUCK, 2, trip_id=trip)
    told_so: list[str] = []
    start = Barrier(2)

    def ending(by: By) -> None:
        with psycopg.connect(database) as conn:
            start.wait()
            try:
                acts.end(conn, lang_son.site, hold, note="", by=by, now=after(5))
            except ConflictError as error:
                told_so.append(str(error))

    threads = [Thread(target=ending, args=[by]) for by in (LAN, MINH)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    winner = state(lang_son, hold)[2]
    assert len(told_so) == 1
    assert f"was ended by {winner} at 2024-01-23 08:05 already" in told_so[0]
    assert len(ledger(lang_son, "hold_ended")) == 1


def test_the_mark_changes_with_every_change_and_only_then(lang_son: Border):
    trip = staged(lang_son, 1)
    marks = [mark(lang_son.conn, "lang_son")]
    act = begin(lang_son, ActKind.FORWARD, 2, trip_id=trip)
    marks.append(mark(lang_son.conn, "lang_son"))
    assert mark(lang_son.conn, "lang_son") == marks[-1]
    approve(lang_son, act, 3, MINH)
    marks.append(mark(lang_son.conn, "lang_son"))
    end(lang_son, act, 4)
    marks.append(mark(lang_son.conn, "lang_son"))
    assert len(set(marks)) == 4


def test_every_act_is_in_the_log_with_who_and_from_where(lang_son: Border):
    trip = staged(lang_son, 1)
    act = begin(lang_son, ActKind.FORWARD, 2, trip_id=trip)
    approve(lang_son, act, 3, MINH)
    with suppress(ConflictError):
        approve(lang_son, act, 3, MINH)
    end(lang_son, act, 4)
    rows = lang_son.conn.execute(
        "select act, subject, account, host(address) from audit"
        " where act like 'forward.%' order by id"
    ).fetchall()
    assert rows == [
        ("forward.ask", f"trip:{trip}", "lan", "10.0.0.7"),
        ("forward.approve", f"trip:{trip}", "minh", None),
        ("forward.end", f"trip:{trip}", "lan", "10.0.0.7"),
    ]


EFFECTS: list[tuple[ActKind, dict[str, Any]]] = [
    (
        ActKind.CAPACITY,
        {"gate": "tan_thanh", "per_h": 2.0, "starts_at": after(0), "ends_at": after(240)},
    ),
    (ActKind.HOLD_CLASS, {"haulier": "anh_duong", "ends_at": after(90)}),
    (ActKind.HOLD_TRUCK, {"trip_id": 20}),
    (ActKind.FORWARD, {"trip_id": 30}),
    (ActKind.SWAP, {"trip_id": 17, "other_trip_id": 24}),
    (ActKind.CLOSE_GATE, {"gate": "tan_thanh", "starts_at": after(-20), "ends_at": after(120)}),
    (ActKind.CLOSE_GATE, {"gate": "tan_thanh", "starts_at": after(-20)}),
]


@pytest.mark.parametrize(("kind", "fields"), EFFECTS)
def test_the_effect_shown_is_what_the_next_tick_tells_beside_what_it_would_anyway(
    lang_son: Border, kind: ActKind, fields: dict[str, Any]
):
    now = after(-20)
    for minute in range(24):
        staged(lang_son, minute - 120, haulier="anh_duong" if minute % 4 == 0 else None)
    before = step(lang_son, -30, plan=True)
    # All that were told are to stand for a while, but for six who hear of their slots only now.
    lang_son.conn.execute("update slots set told_at = %s", [after(-110)])
    late = [staged(lang_son, minute - 28) for minute in range(6)]
    snapshot = read_snapshot(lang_son.conn, lang_son.site, now)
    asked = Act(kind, REASONS.get(kind, "papers"), "lan", now, **fields)
    effect = preview(lang_son.site, snapshot, asked)
    assert effect.refused is None
    assert effect.moved == sum(one.otherwise != one.after for one in effect.trips) > 0
    without = changes(
        snapshot, tick(snapshot, plan_due=True), {trip.id: trip for trip in snapshot.trips}
    )
    otherwise = {trip.id: without.get(trip.id, in_hand(snapshot, trip)) for trip in snapshot.trips}
    if kind is ActKind.CLOSE_GATE:
        shut = {"ends_at": None, **fields, "places_left": 0, "reason": "flood"}
        with lang_son.conn.transaction():
            add_closure(lang_son.conn, lang_son.site, **shut, actor="lan", now=now)
    else:
        begin(lang_son, kind, -20, **fields)
        lang_son.conn.execute("update acts set state = 'standing' where state = 'waiting'")
    step(lang_son, -20, before, plan=True)
    then = read_snapshot(lang_son.conn, lang_son.site, now)
    has = {trip.id: in_hand(then, trip) for trip in then.trips}
    shown = {one.trip_id: one.after for one in effect.trips}
    assert {trip: has[trip] for trip in shown} == shown
    rest = otherwise.keys() - shown.keys() - set(late)
    assert {trip: has[trip] for trip in rest} == {trip: otherwise[trip] for trip in rest}


def test_a_held_driver_cannot_move_a_slot_that_does_not_count(lang_son: Border):
    trip = staged(lang_son, 1)
    lang_son.tell(trip, after(60))
    begin(lang_son, ActKind.HOLD_TRUCK, 2, trip_id=trip)
    step(lang_son, 3, plan=True)
    with pytest.raises(RefusedError, match="is held by the control room"):
        extend(lang_son.conn, lang_son.site, trip, by="driver", now=after(4))


def test_of_two_who_say_what_a_gate_takes_one_hears_of_the_other(lang_son: Border, database: str):
    told_so: list[str] = []
    start = Barrier(2)

    def saying(by: By) -> None:
        word = Act(
            ActKind.CAPACITY,
            "staff",
            by.name,
            after(0),
            gate="tan_thanh",
            per_h=9.0,
            starts_at=after(0),
            ends_at=after(60),
        )
        with psycopg.connect(database) as conn:
            start.wait()
            try:
                acts.begin(conn, lang_son.site, word, effect=None, by=by, now=after(0))
            except ConflictError as error:
                told_so.append(str(error))

    threads = [Thread(target=saying, args=[by]) for by in (LAN, MINH)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    [standing] = list_acts(lang_son.conn, "lang_son", states=None, limit=9)
    assert len(told_so) == 1
    assert f"{standing.entered_by} said what tan_thanh takes" in told_so[0]
