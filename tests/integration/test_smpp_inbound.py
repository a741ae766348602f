"""Receipts and answers that come by SMPP, in every form operators give them."""

import asyncio
import socket

import pytest
import smpp34
from smsc import Kept, Reply, Smsc, bound_to, message, run, smsc_running, until

from flowctl.errors import UnavailableError
from flowctl.notify.gateways import Heard, HeardPart


@pytest.mark.parametrize(
    ("text", "tlvs", "found"),
    [
        (("id:m1 sub:001 dlvrd:001 submit date:2601020304 done date:260102030405 stat:DELIVRD"
         " err:000 Text:Xe 29C"), [], ("m1", "DELIVRD", None)),
        ("id:00A1 STAT:UNDELIV ERR:05B", [], ("00A1", "UNDELIV", "05B")),
        ("", [(0x1E, b"m9\0"), (0x427, b"\3"), (0x423, b"\3\0\x1f")], ("m9", "EXPIRED", "31")),
        ("id:m3 stat:ENROUTE", [], ("m3", "ACCEPTD", None)),
    ],
)  # fmt: skip
def test_a_receipt_is_read_in_every_form_operators_give_it(
    text: str, tlvs: list[tuple[int, bytes]], found: tuple[str, str, str | None]
):
    async def scene() -> None:
        kept = Kept()
        async with smsc_running(Smsc()) as smsc, bound_to(smsc.port, kept) as gateway:
            await gateway.send(message())
            given = [smpp34.Tlv(tag, value) for tag, value in tlvs]
            assert await smsc.deliver(text.encode(), esm_class=4, tlvs=given) == 0
            assert await smsc.deliver(b"no receipt at all", esm_class=4) == 0
            [one] = kept.receipts
            assert (one.ref, one.state, one.error) == found

    run(scene())


def test_a_receipt_may_come_before_the_answer_to_its_submit():
    async def scene() -> None:
        kept = Kept()
        smsc = Smsc([Reply(receipt_first=True)])
        async with smsc_running(smsc), bound_to(smsc.port, kept) as gateway:
            assert await gateway.send(message()) == ("m1",)
            assert [one.ref for one in kept.receipts] == ["m1"]

    run(scene())


def test_what_a_driver_wrote_is_acknowledged_only_once_it_is_kept():
    async def scene() -> None:
        kept = Kept(failing=UnavailableError("The database is away."))
        async with smsc_running(Smsc()) as smsc, bound_to(smsc.port, kept) as gateway:
            await gateway.send(message())
            assert await smsc.deliver(b"1") == 0x64
            kept.failing = ZeroDivisionError("a defect")
            assert await smsc.deliver(b"1") == 0x64
            kept.failing = None
            assert await smsc.deliver(b"1") == 0
            assert kept.answers == [Heard("+84903123456", "1", None)]
            assert len(smsc.binds) == 1

    run(scene())


def test_answers_are_read_in_every_alphabet_and_from_a_payload():
    async def scene() -> None:
        kept = Kept()
        ucs2 = "muộn 30 🚚".encode("utf-16-be")
        async with smsc_running(Smsc()) as smsc, bound_to(smsc.port, kept) as gateway:
            await gateway.send(message())
            await smsc.deliver(ucs2, data_coding=8)
            await smsc.deliver(ucs2, data_coding=0x18)
            await smsc.deliver(b"tr\xe9", data_coding=3)
            await smsc.deliver(b"\x1be\x00", source_addr_ton=0, source_addr="0903123456")
            payload = smpp34.Tlv(smpp34.TLV_MESSAGE_PAYLOAD, b"x" * 2000)
            await smsc.deliver(b"", tlvs=[payload])
            await smsc.deliver(b"")
        assert [(one.phone, one.text) for one in kept.answers] == [
            ("+84903123456", "muộn 30 🚚"),
            ("+84903123456", "muộn 30 🚚"),
            ("+84903123456", "tré"),
            ("0903123456", "€@"),
            ("+84903123456", "x" * 2000),
            ("+84903123456", ""),
        ]

    run(scene())


def test_parts_are_told_apart_by_user_data_header_of_either_size_and_by_parameters():
    async def scene() -> None:
        kept = Kept()
        async with smsc_running(Smsc()) as smsc, bound_to(smsc.port, kept) as gateway:
            await gateway.send(message())
            await smsc.deliver(bytes([5, 0, 3, 9, 2, 2]) + b"b", esm_class=0x40)
            await smsc.deliver(bytes([10, 5, 2, 0, 0, 8, 4, 1, 0, 3, 1]) + b"a", esm_class=0x40)
            sar = [(0x020C, b"\0\7"), (0x020E, b"\2"), (0x020F, b"\1")]
            await smsc.deliver(b"c", tlvs=[smpp34.Tlv(*one) for one in sar])
            await smsc.deliver(bytes([5, 0, 3, 9, 1, 1]) + b"alone", esm_class=0x40)
            await smsc.deliver(bytes([99, 0, 3]), esm_class=0x40)
        assert kept.parts == [
            HeardPart("+84903123456", 9, 2, 2, "b"),
            HeardPart("+84903123456", 256, 1, 3, "a"),
            HeardPart("+84903123456", 7, 1, 2, "c"),
        ]
        assert [one.text for one in kept.answers] == ["alone", ""]

    run(scene())


def test_it_speaks_with_an_smsc_of_another_hand():
    async def smsc_of(server: smpp34.Server) -> None:
        while True:
            event = await server.next()
            if isinstance(event, smpp34.Esme):
                esme = event
            elif isinstance(event, smpp34.SubmitSmEvent):
                event.accept("abc")
                to = event.source_addr
                await esme.deliver_sm(to, b"id:abc stat:DELIVRD", esm_class=4)
                await esme.deliver_sm(to, b"2", source_addr="84903123456", source_addr_ton=1)

    async def scene() -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = smpp34.Server("127.0.0.1", port, system_id="smsc")
        await server.start()
        serving = asyncio.create_task(smsc_of(server))
        kept = Kept()
        async with bound_to(port, kept) as gateway:
            assert await gateway.send(message()) == ("abc",)
            await until(lambda: kept.answers)
        assert [one.state for one in kept.receipts] == ["DELIVRD"]
        assert kept.answers == [Heard("+84903123456", "2", None)]
        serving.cancel()
        await server.stop()

    run(scene())
