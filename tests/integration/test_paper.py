"""Orders on paper: made, entered afterwards at their real times, and the ledger whole after it."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from border import Border, after, border
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flowctl.errors import FlowctlError
from flowctl.ledger.verify import find_fault
from flowctl.paper.entered import Row
from flowctl.paper.order import SignedOrder
from flowctl.state import Stage
from flowctl.storage.ledger import find_head, list_rows
from flowctl.storage.paper import find_newest_order, make_orders
from flowctl.storage.paper_entries import Entered, enter
from flowctl.storage.snapshot import list_live_trips

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture
def lang_son(database: str) -> Iterator[Border]:
    with border(database) as place:
        yield place


def waiting(place: Border, n: int = 3) -> list[int]:
    """Let trucks stand in Bảo Nguyên, each told a slot a quarter of an hour after the other."""
    trips = [place.trip() for _ in range(n)]
    for count, trip in enumerate(trips):
        place.visit(trip, "yard_bao_nguyen", 1 + count)
        place.tell(trip, after(60 + 15 * count))
    return trips


def printed(place: Border, minute: float = 30) -> SignedOrder:
    [made] = make_orders(place.conn, place.site, ["tan_thanh"], KEY, now=after(minute))
    return made


def entered(place: Border, order: SignedOrder, rows: Sequence[str], minute: float = 240) -> Entered:
    """Enter rows ("number event time"), as an operator does some hours later."""
    typed = [
        Row(count, number, "", event, time, "Lan")
        for count, (number, event, time) in enumerate((row.split() for row in rows), 2)
    ]
    with place.conn.transaction():
        return enter(place.conn, place.site, order.code, typed, actor="operator", now=after(minute))


def ledger(place: Border, *kinds: str) -> list[tuple[Any, ...]]:
    rows = place.conn.execute(
        "select kind, at, reason, trips.id, array(select id from trips where subject = any(others)"
        " order by id) from ledger left join trips using (subject) where kind = any(%s)"
        " order by seq",
        [list(kinds)],
    )
    return rows.fetchall()


def assert_whole(place: Border) -> None:
    rows = list(list_rows_in_transaction(place))
    assert find_fault("lang_son", rows, head=find_head(place.conn, "lang_son")) is None


def list_rows_in_transaction(place: Border) -> list[Any]:
    with place.conn.transaction():
        return list(list_rows(place.conn, "lang_son"))


def test_an_order_is_kept_with_its_signature_and_named_in_the_ledger(lang_son: Border):
    trips = waiting(lang_son)
    made = printed(lang_son)
    assert [(line.number, line.trip) for line in made.order.lines] == list(enumerate(trips, 1))
    assert {line.yard for line in made.order.lines} == {"yard_bao_nguyen"}
    assert made.is_genuine()
    assert find_newest_order(lang_son.conn, lang_son.site, "tan_thanh") == made
    head = find_head(lang_son.conn, "lang_son")
    assert head is not None
    # The sheet names the head before its own entry.
    assert made.order.head_seq == head.seq - 1
    [details] = (
        lang_son.conn.execute("select details::jsonb from ledger where kind = 'paper'").fetchone()
        or ()
    )
    assert details["order"] == made.code
    assert details["digest"] == made.digest.hex()
    assert details["trucks"] == 3
    assert_whole(lang_son)


def test_orders_nobody_will_enter_any_more_are_dropped_with_their_plates(lang_son: Border):
    waiting(lang_son)
    old = printed(lang_son)
    month = 31 * 24 * 60
    new = printed(lang_son, 30 + month)
    kept = lang_son.conn.execute("select head_seq from paper_orders").fetchall()
    assert kept == [(new.order.head_seq,)]
    with pytest.raises(FlowctlError, match="There is no printed order"):
        entered(lang_son, old, ["1 released 08:40"], month)


def test_what_happened_is_entered_at_its_real_times_and_ends_trips(lang_son: Border):
    first, second, _ = waiting(lang_son)
    order = printed(lang_son)
    done = entered(
        lang_son,
        order,
        ["1 released 08:40", "1 entered 08:55", "1 cleared 09:20", "2 released 08:50"],
    )
    assert done == Entered(recorded=4, repeated=0, overtakes=0)
    assert ledger(lang_son, "released", "passed", "overtook") == [
        ("released", after(40), "paper", first, []),
        ("released", after(50), "paper", second, []),
        ("passed", after(80), "paper", first, []),
    ]
    recorded = lang_son.conn.execute(
        "select distinct recorded_at, actor from ledger where reason = 'paper'"
    ).fetchall()
    assert recorded == [(after(240), "operator")]
    ended = lang_son.conn.execute(
        "select id, state, ended_at from trips where state <> 'active'"
    ).fetchall()
    assert ended == [(first, "cleared", after(80))]
    assert lang_son.conn.execute(
        "select kind, at, recorded_at, recorded_by from gate_events order by at"
    ).fetchall() == [
        ("entered", after(55), after(240), "operator"),
        ("cleared", after(80), after(240), "operator"),
    ]
    trips = {trip.id: trip for trip in list_live_trips(lang_son.conn, lang_son.site, after(241))}
    assert trips[second].stage is Stage.RELEASED
    assert trips[second].released_at == after(50)
    assert_whole(lang_son)


def test_entering_the_same_again_changes_nothing(lang_son: Border):
    waiting(lang_son)
    order = printed(lang_son)
    rows = ["2 released 08:40", "1 released 08:50", "3 no_show 08:52"]
    assert entered(lang_son, order, rows).overtakes == 1
    before = find_head(lang_son.conn, "lang_son")
    assert entered(lang_son, order, rows) == Entered(recorded=0, repeated=3, overtakes=0)
    assert find_head(lang_son.conn, "lang_son") == before
    counts = lang_son.conn.execute(
        "select (select count(*) from releases), (select count(*) from penalties),"
        " (select count(*) from paper_entries)"
    ).fetchone()
    assert counts == (3, 1, 3)
    more = entered(lang_son, order, [*rows, "1 cleared 09:30"])
    assert more == Entered(recorded=1, repeated=3, overtakes=0)


def test_who_left_before_his_turn_passed_those_who_stood_there(lang_son: Border):
    first, second, third = waiting(lang_son)
    order = printed(lang_son)
    done = entered(lang_son, order, ["1 no_show 08:40", "3 released 08:45", "2 released 08:50"])
    assert done.overtakes == 3
    assert ledger(lang_son, "overtook", "release_expired") == [
        ("release_expired", after(40), "no_show", first, []),
        ("overtook", after(45), "no_show", third, [first]),
        ("overtook", after(45), "paper", third, [second]),
        ("overtook", after(50), "no_show", second, [first]),
    ]
    [trip] = [
        one for one in list_live_trips(lang_son.conn, lang_son.site, after(241)) if one.id == first
    ]
    assert (trip.release_ended, trip.penalty_s) == ("no_show", 3600.0)
    assert_whole(lang_son)


def test_a_truck_that_missed_its_turn_on_paper_and_left_later_is_on_its_way(lang_son: Border):
    first, *_ = waiting(lang_son)
    entered(lang_son, printed(lang_son), ["1 no_show 08:40", "1 released 09:00"])
    trips = {trip.id: trip for trip in list_live_trips(lang_son.conn, lang_son.site, after(241))}
    assert (trips[first].released_at, trips[first].release_ended) == (after(60), None)


def test_nobody_passed_a_truck_that_flowctl_called_or_that_was_cancelled(lang_son: Border):
    called, cancelled, third = waiting(lang_son)
    order = printed(lang_son)
    lang_son.release(called, 35, until=95)
    lang_son.conn.execute(
        "update trips set state = 'cancelled', ended_at = %s where id = %s",
        [after(36), cancelled],
    )
    assert entered(lang_son, order, ["3 released 08:45"]).overtakes == 0
    assert ledger(lang_son, "overtook") == []
    assert third in {row[3] for row in ledger(lang_son, "released")}


def test_a_call_that_was_flowctls_own_is_in_the_ledger_once(lang_son: Border):
    first, *_ = waiting(lang_son)
    lang_son.release(first, 25, until=85)
    order = printed(lang_son)
    assert order.order.lines[0].called_at == after(25)
    entered(lang_son, order, ["1 released 08:33", "1 cleared 09:10"])
    assert [row[0] for row in ledger(lang_son, "released", "passed")] == ["passed"]
    count = lang_son.conn.execute("select count(*) from releases").fetchone()
    assert count == (1,)


def test_a_trip_that_positions_ended_meanwhile_has_passed_once(lang_son: Border):
    first, *_ = waiting(lang_son)
    order = printed(lang_son)
    lang_son.conn.execute(
        "update trips set state = 'cleared', ended_at = %s where id = %s", [after(75), first]
    )
    entered(lang_son, order, ["1 released 08:40", "1 cleared 09:20"])
    assert [row[0] for row in ledger(lang_son, "released", "passed")] == ["released"]
    [(ended,)] = lang_son.conn.execute(
        "select ended_at from trips where id = %s", [first]
    ).fetchall()
    assert ended == after(75)


def test_one_row_that_cannot_be_enters_none_and_each_is_named(lang_son: Border):
    _, second, _ = waiting(lang_son)
    order = printed(lang_son)
    lang_son.conn.execute(
        "update trips set state = 'cancelled', ended_at = %s where id = %s", [after(31), second]
    )
    before = find_head(lang_son.conn, "lang_son")
    with pytest.raises(FlowctlError) as refused:
        entered(
            lang_son,
            order,
            ["1 released 08:40", "2 released 08:50", "7 released 08:50", "3 left 08:50"],
        )
    said = str(refused.value)
    for sentence in ("Row 3", "was cancelled at", "Row 4", "not in this order", "Row 5", "'left'"):
        assert sentence in said
    assert find_head(lang_son.conn, "lang_son") == before
    assert lang_son.conn.execute("select count(*) from releases").fetchone() == (0,)


def test_a_truck_that_came_later_is_called_from_where_positions_show_it(lang_son: Border):
    coming, unseen = lang_son.trip(), lang_son.trip()
    for trip in (coming, unseen):
        lang_son.tell(trip, after(90))
    order = printed(lang_son)
    assert {line.place for line in order.order.lines} == {"road"}
    lang_son.visit(coming, "yard_bao_nguyen", 50)
    entered(lang_son, order, ["1 released 09:10"])
    assert lang_son.conn.execute("select trip_id, yard from releases").fetchall() == [
        (coming, "yard_bao_nguyen")
    ]
    with pytest.raises(FlowctlError, match="no position shows it in one since"):
        entered(lang_son, order, ["2 released 09:10"])


def test_an_order_of_another_code_is_refused_with_what_to_do(lang_son: Border):
    waiting(lang_son)
    order = printed(lang_son)
    with pytest.raises(FlowctlError, match="no code of the ledger"):
        enter(lang_son.conn, lang_son.site, order.code[:-1] + "!", [], actor="x", now=after(60))
