"""The sender on a real outbox: order, failover, claims that end, and what is written down."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from border import MORNING, Border, after, border
from sending import KeptGateway, StillClock, count_by_state, send_all, sending

from flowctl.notify.gateways import (
    GatewayAway,
    GatewayBusy,
    Message,
    MessageRefused,
    MessageUnsure,
    Tariff,
)
from flowctl.notify.outcomes import SendParams
from flowctl.storage.gateway_states import list_states
from flowctl.storage.heartbeats import find_beat
from flowctl.storage.outbox import queue_message

SLOT = {
    "gate": "tan_thanh",
    "starts_at": after(60).isoformat(),
    "ends_at": after(75).isoformat(),
    "reason": "first",
}
CALL = {"gate": "tan_thanh", "yard": "yard_bao_nguyen"}
QUICK = SendParams(first_retry_s=0.01, unsure_s=0.2)


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as place:
        yield place


def put(place: Border, trip: int, kind: str, at: datetime = MORNING, **more: Any) -> int:  # noqa: ANN401
    return queue_message(
        place.conn,
        site="lang_son",
        trip_id=trip,
        kind=kind,
        params=SLOT if kind.startswith("slot") else CALL,
        now=at,
        **{"expires_at": None, **more},
    )


def states(place: Border) -> dict[str, int]:
    return count_by_state(place.conn, "lang_son")


def row(place: Border, message: int, columns: str) -> tuple[Any, ...]:
    query = f"select {columns} from outbox where id = %s"  # noqa: S608 - a test's own words
    [found] = place.conn.execute(query.encode(), [message]).fetchall()
    return tuple(found)


def kinds(gateway: KeptGateway) -> list[str]:
    return [message.kind for message in gateway.took]


def test_what_was_sent_is_kept_with_gateway_references_parts_and_price(
    place: Border, database: str
):
    trip = place.trip(language="zh")
    message = put(place, trip, "slot", expires_at=after(75))
    tariff = Tariff("VND", {"+84": Decimal("700.5")})
    gateway = KeptGateway("viettel", tariff=tariff, answer=lambda m: [f"{m.id}a", f"{m.id}b"])
    send_all(database, place.site, gateway, now=after(1))
    [parts, cost] = row(place, message, "parts, cost")
    assert parts == 2
    assert cost == Decimal("1401.0")
    assert row(place, message, "state, sent_at, gateway, currency, claimed_until_wall_at") == (
        *("sent", after(1), "viettel", "VND"),
        None,
    )
    assert gateway.took[-1].expires_at == after(75)
    kept = "select ref, part from sms_parts where message_id = %s order by part"
    assert place.conn.execute(kept, [message]).fetchall() == [
        (f"{message}a", 1),
        (f"{message}b", 2),
    ]
    assert find_beat(place.conn, "notify") == after(1)


def test_a_message_is_delivered_when_all_its_parts_are_and_failed_when_one_is(
    place: Border, database: str
):
    place.trip()
    gateway = KeptGateway("g", answer=lambda _: ["a", "b"])
    # The first receipt comes before we know whose it is.
    receipt = "insert into sms_receipts (gateway, ref, state, at) values ('g', %s, %s, %s)"
    place.conn.execute(receipt, ["a", "DELIVRD", MORNING])
    send_all(database, place.site, gateway)
    asked = "select delivery from message_delivery"
    assert place.conn.execute(asked).fetchall() == [(None,)]
    place.conn.execute(receipt, ["b", "DELIVRD", MORNING])
    assert place.conn.execute(asked).fetchall() == [("delivered",)]
    place.conn.execute("update sms_receipts set state = 'UNDELIV' where ref = 'a'")
    assert place.conn.execute(asked).fetchall() == [("failed",)]


def test_urgent_messages_go_first_and_others_in_their_order(place: Border, database: str):
    first, second, third = place.trip(), place.trip(), place.trip()
    put(place, third, "call_up")
    gateway = KeptGateway(window=1)
    send_all(database, place.site, gateway)
    told = [(message.kind, message.trip) for message in gateway.took]
    order = [("registered", trip) for trip in (first, second, third)]
    assert told == [("call_up", third), *order]


def test_where_one_gateway_is_away_the_next_is_asked_at_once(place: Border, database: str):
    for _ in range(20):
        place.trip()
    away = KeptGateway("a", answer=lambda _: GatewayAway("Nobody listens at a."))
    other = KeptGateway("b")
    send_all(database, place.site, away, other, params=SendParams(ahead_s=0.0001))
    assert len(other.took) == 20
    assert len(away.asked) < 20, "it is left alone"
    found = [(one.gateway, one.state, one.trouble) for one in list_states(place.conn, "lang_son")]
    assert found == [("a", "away", "Nobody listens at a."), ("b", "open", None)]
    assert states(place) == {"sent": 20}


def test_what_may_have_been_taken_goes_to_no_other_gateway_but_the_urgent_after_a_while(
    place: Border, database: str
):
    trip = place.trip()
    urgent = put(place, trip, "call_up")
    calls = iter([MessageUnsure("silence"), MessageUnsure("silence")])
    first = KeptGateway("a", answer=lambda _: next(calls, GatewayAway("gone")))
    other = KeptGateway("b")
    send_all(
        *(database, place.site, first, other),
        params=QUICK,
        until=lambda sender: len(other.took) == 1 and sender.quiet,
    )
    assert [message.id for message in other.took] == [urgent]
    assert {message.id for message in first.asked} >= {urgent, urgent - 1}
    assert row(place, urgent - 1, "state, gateway") == ("waiting", "a")
    back = KeptGateway("a")
    send_all(
        *(database, place.site, back, other),
        params=QUICK,
        until=lambda sender: bool(back.took) and sender.quiet,
    )
    assert [message.id for message in back.took] == [urgent - 1]
    assert len(other.took) == 1


def test_a_busy_gateway_gets_everything_later_and_a_refused_message_is_dead(
    place: Border, database: str
):
    trips = [place.trip() for _ in range(6)]

    def answer(message: Message) -> list[str] | Exception:
        if message.trip == trips[2]:
            return MessageRefused("No such number.")
        if len(gateway.asked) < 4:
            return GatewayBusy("throttled", 0.02)
        return [str(message.id)]

    gateway = KeptGateway(window=3, answer=answer)
    send_all(database, place.site, gateway)
    assert states(place) == {"sent": 5, "dead": 1}
    [dead] = place.conn.execute("select trouble from outbox where state = 'dead'").fetchall()
    assert dead == ("No such number.",)


def test_a_message_waits_for_the_earlier_one_of_its_trip_that_is_tried_again(
    place: Border, database: str
):
    trip = place.trip()
    put(place, trip, "slot")
    answers = iter([MessageUnsure("silence")])
    gateway = KeptGateway(answer=lambda _: next(answers, ["ref"]))
    done = lambda sender: len(gateway.took) == 2 and sender.quiet  # noqa: E731
    send_all(database, place.site, gateway, params=QUICK, until=done)
    assert kinds(gateway) == ["registered", "slot"]


def test_changes_within_two_minutes_are_told_twice_at_most_the_last_time_truly(
    place: Border, database: str
):
    trip, gateway = place.trip(), KeptGateway()
    for second in range(0, 100, 20):
        at = MORNING + timedelta(seconds=second)
        put(place, trip, "slot_changed" if second else "slot", at)
        send_all(database, place.site, gateway, now=at)
    last = put(place, trip, "slot_changed", after(1.9))
    put(place, trip, "stay", after(1.9))
    send_all(database, place.site, gateway, now=after(1.9))
    assert kinds(gateway) == ["registered", "slot", "stay"], "what is urgent waits for nothing"
    send_all(database, place.site, gateway, now=after(2))
    assert (kinds(gateway)[3:], gateway.took[-1].id) == (["slot_changed"], last)
    assert states(place) == {"sent": 4, "superseded": 4}


def test_what_is_not_urgent_is_limited_by_the_local_day(place: Border, database: str):
    trip, gateway = place.trip(), KeptGateway()
    for hour in range(9):
        put(place, trip, "registered", after(60 * hour))
        put(place, trip, "reply_help", after(60 * hour))
    send_all(database, place.site, gateway, now=after(9 * 60))
    assert kinds(gateway).count("registered") == 8
    assert states(place)["limited"] == 2
    put(place, trip, "registered", after(16 * 60))
    send_all(database, place.site, gateway, now=after(16 * 60))
    assert kinds(gateway).count("registered") == 9, "a new day has begun at the gates"


def test_a_number_that_asked_for_silence_gets_what_it_asks_for_alone(place: Border, database: str):
    trip, gateway = place.trip(), KeptGateway()
    place.conn.execute("update drivers set silent_since = %s", [MORNING])
    put(place, trip, "call_up")
    send_all(database, place.site, gateway)
    assert states(place) == {"limited": 2}
    assert gateway.asked == []


def test_a_message_that_expires_while_it_waits_for_room_is_not_sent(place: Border, database: str):
    place.trip()
    late = place.trip()
    place.conn.execute("update outbox set expires_at = %s where trip_id = %s", [after(5), late])
    clock = StillClock(after(4))

    def let_time_pass(message: Message) -> list[str]:
        clock.moment = after(5)
        return [str(message.id)]

    gateway = KeptGateway(window=1, answer=let_time_pass)
    send_all(database, place.site, gateway, now=clock)
    assert len(gateway.asked) == 1
    assert states(place) == {"sent": 1, "expired": 1}


def test_a_message_that_would_be_there_too_late_is_not_sent(place: Border, database: str):
    trip, gateway = place.trip(), KeptGateway()
    for seconds in (0.9, 1.1):
        put(place, trip, "reply_help", expires_at=MORNING + timedelta(seconds=seconds))
    send_all(database, place.site, gateway)
    assert sorted(kinds(gateway)) == ["registered", "reply_help"]
    assert states(place) == {"sent": 2, "expired": 1}


def test_a_message_that_is_superseded_while_it_waits_for_room_is_not_sent(
    place: Border, database: str
):
    place.trip()
    trip = place.trip()
    put(place, trip, "call_up")

    def supersede(message: Message) -> list[str]:
        if message.trip != trip:
            put(place, trip, "cancelled")
        return [str(message.id)]

    place.conn.execute("update outbox set urgent = true where id = 1")
    # The bucket holds one, and half a second goes by before the next may go.
    gateway = KeptGateway(rate_per_s=2.0, answer=supersede)
    send_all(database, place.site, gateway)
    assert kinds(gateway) == ["registered", "cancelled"]
    assert states(place) == {"sent": 2, "superseded": 2}


def test_two_senders_share_the_work_and_send_nothing_twice(place: Border, database: str):
    for _ in range(60):
        place.trip()
    one, other = KeptGateway("a", window=4, wait_s=0.005), KeptGateway("b", window=4, wait_s=0.005)

    async def both() -> None:
        params = SendParams(batch=5)
        await asyncio.gather(
            sending(database, place.site, one, params=params),
            sending(database, place.site, other, params=params),
        )

    asyncio.run(both())
    ids = [message.id for message in one.asked + other.asked]
    assert (len(ids), len(set(ids))) == (60, 60)
    assert one.took
    assert other.took
    assert states(place) == {"sent": 60}


def test_what_a_killed_sender_had_in_hand_goes_out_by_the_same_id_once_its_claim_ends(
    place: Border, database: str
):
    place.trip()
    ends = "update outbox set claimed_until_wall_at = clock_timestamp() + %s::interval"
    place.conn.execute(ends, ["50 s"])
    gateway = KeptGateway()
    send_all(database, place.site, gateway)
    assert (gateway.asked, states(place)) == ([], {"waiting": 1})
    place.conn.execute(ends, ["-1 s"])
    send_all(database, place.site, gateway)
    assert [message.id for message in gateway.took] == [1]
    place.trip()
    place.conn.execute(ends, ["3 days"])  # a clock that was put back since
    send_all(database, place.site, gateway)
    assert states(place) == {"sent": 2}


def test_who_stops_puts_back_what_it_had_in_hand_and_notes_what_may_have_been_taken(
    place: Border, database: str
):
    for _ in range(3):
        place.trip()
    gateway = KeptGateway(window=1, wait_s=5.0)
    send_all(
        *(database, place.site, gateway),
        params=SendParams(grace_s=0.05),
        until=lambda _: bool(gateway.asked),
    )
    found = place.conn.execute(
        "select gateway, claimed_until_wall_at is null, attempts from outbox order by id"
    ).fetchall()
    assert found == [("kept", True, 1), (None, True, 0), (None, True, 0)]


def test_a_database_that_breaks_off_costs_no_message_and_doubles_none(place: Border, database: str):
    for _ in range(10):
        place.trip()

    def break_off(message: Message) -> list[str]:
        if message.trip == 1:
            place.conn.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        return [str(message.id)]

    gateway = KeptGateway(answer=break_off)
    send_all(database, place.site, gateway)
    assert len(gateway.asked) == 10
    assert states(place) == {"sent": 10}


def test_a_cancelled_trip_hears_of_nothing_that_a_gateway_has_held_up(place: Border, database: str):
    trip = place.trip()
    gateway = KeptGateway(answer=lambda _: MessageUnsure("silence"))
    send_all(database, place.site, gateway, until=lambda _: bool(gateway.asked))
    put(place, trip, "call_up")
    put(place, trip, "cancelled")
    working = KeptGateway("other")
    send_all(database, place.site, working)
    assert kinds(working) == ["cancelled"]
    assert states(place) == {"superseded": 2, "sent": 1}


def test_a_message_that_cannot_be_written_is_dead_with_the_reason(place: Border, database: str):
    trip, gateway = place.trip(), KeptGateway()
    message = put(place, trip, "no_such_kind")
    send_all(database, place.site, gateway)
    [state, trouble] = row(place, message, "state, trouble")
    assert state == "dead"
    assert "no_such_kind" in trouble


def test_while_the_only_gateway_is_away_nothing_counts_as_done(place: Border, database: str):
    place.trip()
    gateway = KeptGateway(answer=lambda _: GatewayAway("gone"))
    send_all(
        *(database, place.site, gateway),
        params=QUICK,
        until=lambda _: len(gateway.asked) == 2,
    )
    assert find_beat(place.conn, "notify") == datetime(1970, 1, 1, tzinfo=UTC)
    assert states(place) == {"waiting": 1}
