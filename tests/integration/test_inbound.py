"""What gateways bring, in the database before they are told so."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from api_server import SetClock
from border import KEYS, Border, after, border
from sending import sending
from smsc import Reply, Smsc, bound_to, gateway_to, run, smsc_running, until

from flowctl.errors import UnavailableError
from flowctl.notify.gateways import HeardPart, Receipt
from flowctl.notify.inbound import StoredInbound
from flowctl.notify.sender import Sender
from flowctl.registry.keys import decrypt_answer
from flowctl.storage.retention import retain

PHONE = "+84903000001"
LATER = datetime(2024, 1, 23, 2, tzinfo=UTC)


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as found:
        yield found


@asynccontextmanager
async def inbound(
    place: Border, database: str, clock: SetClock | None = None
) -> AsyncIterator[StoredInbound]:
    made = StoredInbound(database, place.site, KEYS, clock or SetClock())
    try:
        yield made
    finally:
        made.close()


def rows(place: Border, question: str) -> list[tuple[Any, ...]]:
    return place.conn.execute(question.encode()).fetchall()


def said(place: Border) -> list[str]:
    ciphers = rows(place, "select cipher from sms_answers order by id")
    return [decrypt_answer(KEYS, cipher) for (cipher,) in ciphers]


def receipt(ref: str, state: str, error: str | None = None) -> Receipt:
    return Receipt(ref, state, error, LATER)


def test_receipts_given_at_once_are_kept_and_what_arrived_has_arrived(place: Border, database: str):
    async def scene() -> None:
        async with inbound(place, database) as made:
            many = [made.receipt("viettel", receipt(f"m{n}", "DELIVRD")) for n in range(200)]
            await asyncio.gather(*many, made.receipt("viettel", receipt("a\0b", "ACCEPTD")))
            for state in ("ACCEPTD", "UNDELIV", "EXPIRED", "DELIVRD", "UNDELIV", "ACCEPTD"):
                await made.receipt("mobi", receipt("x", state, "05B"))
            both = (receipt("y", "UNDELIV"), receipt("y", "DELIVRD"), receipt("y", "ACCEPTD"))
            await asyncio.gather(*(made.receipt("mobi", one) for one in both))

    run(scene())
    assert rows(place, "select count(*) from sms_receipts where state = 'DELIVRD'") == [(202,)]
    assert rows(place, "select ref, state, error from sms_receipts where gateway = 'mobi'") == [
        ("x", "DELIVRD", "05B"),
        ("y", "DELIVRD", None),
    ]
    assert rows(place, "select state from sms_receipts where ref = 'ab'") == [("ACCEPTD",)]


def test_a_first_final_word_stays_but_for_an_arrival(place: Border, database: str):
    async def scene() -> None:
        async with inbound(place, database) as made:
            for state in ("UNKNOWN", "EXPIRED", "UNDELIV", "ACCEPTD"):
                await made.receipt("mobi", receipt("x", state))

    run(scene())
    assert rows(place, "select state from sms_receipts") == [("EXPIRED",)]


def test_parts_of_a_text_are_joined_in_order_whichever_came_first(place: Border, database: str):
    trip = place.trip(phone=PHONE)

    async def scene() -> None:
        async with inbound(place, database) as made:
            for number in (3, 1, 1, 3, 2, 2):
                text = ("3 ", "45 ", "xe hỏng 🚚" * 60)[number - 1]
                await made.part("viettel", HeardPart(PHONE, 9, number, 3, text))
            await made.part("viettel", HeardPart("+84903999999", 9, 1, 3, "another's"))

    run(scene())
    [text] = said(place)
    assert text.startswith("3 45 xe hỏng 🚚")
    assert rows(place, "select trip_id, gateway from sms_answers") == [(trip, "viettel")]


def test_parts_that_come_at_once_by_two_connections_are_joined(place: Border, database: str):
    place.trip(phone=PHONE)

    async def scene() -> None:
        async with inbound(place, database) as one, inbound(place, database) as other:
            for group in range(8):
                parts = [HeardPart(PHONE, group, n, 2, f"{group}/{n} ") for n in (1, 2)]
                await asyncio.gather(one.part("a", parts[0]), other.part("a", parts[1]))

    run(scene())
    assert said(place) == [f"{group}/1 {group}/2 " for group in range(8)]


def test_what_came_of_a_text_counts_where_its_last_part_stays_out(place: Border, database: str):
    place.trip(phone=PHONE)
    clock = SetClock()

    async def scene() -> None:
        async with inbound(place, database, clock) as made:
            await made.part("viettel", HeardPart(PHONE, 1, 1, 2, "whole"))
            await made.part("viettel", HeardPart(PHONE, 1, 2, 2, ", too"))
            await made.part("viettel", HeardPart(PHONE, 9, 1, 2, "2"))
            await made.settle()
            assert said(place) == ["whole, too"]
            clock.at += timedelta(minutes=11)
            await made.settle()
            await made.settle()

    run(scene())
    assert said(place) == ["whole, too", "2"]
    assert rows(place, "select count(*) from sms_heard_parts") == [(0,)]


def test_where_the_database_is_away_nothing_is_said_to_be_kept(place: Border, database: str):
    async def scene() -> None:
        made = StoredInbound("postgresql://127.0.0.1:1/none", place.site, KEYS, SetClock())
        with pytest.raises(UnavailableError, match="cannot be kept"):
            await made.receipt("viettel", receipt("x", "DELIVRD"))
        made.database_url = database
        await made.receipt("viettel", receipt("x", "DELIVRD"))
        # The server ends our session, as at a restart; the next call has a new one.
        place.conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        with pytest.raises(UnavailableError):
            await made.receipt("viettel", receipt("y", "DELIVRD"))
        await made.receipt("viettel", receipt("y", "DELIVRD"))
        made.close()

    run(scene())
    assert rows(place, "select ref from sms_receipts order by ref") == [("x",), ("y",)]


def test_an_answer_from_a_phone_goes_all_the_way_by_smpp(place: Border, database: str):
    trip = place.trip(phone=PHONE)

    async def scene() -> None:
        async with (
            inbound(place, database) as made,
            smsc_running(Smsc()) as smsc,
            bound_to(smsc.port, made) as gateway,
        ):
            await until(lambda: smsc.binds and gateway.trouble is None)
            await asyncio.sleep(0.05)
            halves = ["không đi ".encode("utf-16-be"), "được".encode("utf-16-be")]
            for number in (2, 1):
                header = bytes([5, 0, 3, 7, 2, number])
                given = {"esm_class": 0x40, "data_coding": 8, "source_addr": PHONE[1:]}
                assert await smsc.deliver(header + halves[number - 1], **given) == 0
            assert await smsc.deliver(b"id:m1 stat:DELIVRD", esm_class=4) == 0

    run(scene())
    assert rows(place, "select trip_id, wish from sms_answers") == [(trip, "cannot_come")]
    assert rows(place, "select gateway, ref, state from sms_receipts") == [
        ("viettel", "m1", "DELIVRD")
    ]


def test_a_message_has_arrived_whether_its_receipt_or_its_reference_came_first(
    place: Border, database: str
):
    trips = [place.trip(), place.trip()]  # each driver is told that his trip is registered

    async def scene() -> None:
        smsc = Smsc([Reply(receipt_first=True), Reply()])
        async with inbound(place, database) as made, smsc_running(smsc):
            gateway = gateway_to(smsc.port, made)

            def over(sender: Sender) -> bool:
                if sender.quiet and len(smsc.taken) == len(trips) and not late:
                    late.append(
                        asyncio.create_task(smsc.deliver(b"id:m2 stat:UNDELIV", esm_class=4))
                    )
                return bool(late) and late[0].done()

            late: list[asyncio.Task[int]] = []
            await sending(database, place.site, gateway, now=after(0), until=over)

    run(scene())
    assert rows(place, "select delivery from message_delivery order by message_id") == [
        ("delivered",),
        ("failed",),
    ]


def test_receipts_and_parts_are_forgotten_with_the_trips(place: Border, database: str):
    async def scene() -> None:
        async with inbound(place, database) as made:
            await made.receipt("viettel", receipt("x", "DELIVRD"))
            await made.part("viettel", HeardPart(PHONE, 9, 1, 2, "2"))

    run(scene())
    retain(place.conn, place.site, after(0) + timedelta(days=1), wall_clock=False)
    assert rows(place, "select count(*) from sms_receipts") == [(1,)]
    retain(place.conn, place.site, after(0) + timedelta(days=3650), wall_clock=False)
    assert rows(place, "select count(*) from sms_receipts") == [(0,)]
    assert rows(place, "select count(*) from sms_heard_parts") == [(0,)]
