"""The SMPP gateway against an SMSC over TCP, well and badly behaved."""

import asyncio
import ssl
import struct
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from certificates import make_certificate
from smsc import Kept, Reply, Smsc, bound_to, message, run, smsc_running, until

from flowctl.notify.gateways import (
    GatewayAway,
    GatewayBusy,
    MessageRefused,
    MessageUnsure,
)
from flowctl.notify.lanes import Lanes

WORDS = "Cửa khẩu Hữu Nghị: 09:00 友谊关 🚚 "


def test_a_text_is_handed_over_with_sender_receiver_validity_and_a_wish_for_a_receipt():
    async def scene() -> None:
        async with smsc_running(Smsc()) as smsc, bound_to(smsc.port) as gateway:
            one = message()
            one = replace(one, expires_at=one.at + timedelta(hours=1, seconds=5))
            assert await gateway.send(one) == ("m1",)
            [submit] = smsc.taken
            assert (submit.source_addr, submit.source_addr_ton) == ("FLOWCTL", 5)
            assert (submit.destination_addr, submit.dest_addr_ton) == ("84903123456", 1)
            assert submit.validity_period == "000000010005000R"
            assert submit.registered_delivery == 1
            assert (submit.data_coding, submit.short_message) == (0, b"Xe 29C-12345: di ngay")

    run(scene())


def test_letters_of_the_extension_table_travel_escaped_and_latin_1_where_the_operator_reads_that():
    async def scene() -> None:
        async with smsc_running(Smsc()) as smsc:
            async with bound_to(smsc.port) as gateway:
                await gateway.send(message(text="€[@]"))
            async with bound_to(smsc.port, latin1=True) as gateway:
                await gateway.send(message(text="[@] ä"))
                await gateway.send(message(text="€"))
            sent = [(one.data_coding, one.short_message) for one in smsc.taken]
            assert sent == [
                (0, b"\x1be\x1b<\x00\x1b>"),
                (0, b"[@] \xe4"),
                (8, "€".encode("utf-16-be")),
            ]

    run(scene())


def test_a_long_text_in_any_script_goes_in_numbered_parts_of_one_group():
    async def scene() -> None:
        async with smsc_running(Smsc()) as smsc, bound_to(smsc.port) as gateway:
            refs = await gateway.send(message(id=300, text=WORDS * 8))
            assert refs == tuple(f"m{n + 1}" for n in range(len(smsc.taken)))
            headers = [one.short_message[:6] for one in smsc.taken]
            total = len(headers)
            assert total > 3
            assert headers == [bytes([5, 0, 3, 44, total, n + 1]) for n in range(total)]
            assert all(one.esm_class == 0x40 and one.data_coding == 8 for one in smsc.taken)
            octets = b"".join(one.short_message[6:] for one in smsc.taken)
            assert octets.decode("utf-16-be") == WORDS * 8
            assert all(len(one.short_message) <= 140 for one in smsc.taken)

    run(scene())


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (0x58, GatewayBusy),
        (0x14, GatewayBusy),
        (0x0B, MessageRefused),
        (0x45B, MessageRefused),
        (0x45C, GatewayAway),
        (0x08, GatewayAway),
    ],
)
def test_each_refusal_says_what_becomes_of_the_message(status: int, error: type[Exception]):
    async def scene() -> None:
        smsc = Smsc([Reply(status)])
        async with (
            smsc_running(smsc),
            bound_to(smsc.port, refused_codes=frozenset({0x45B})) as gateway,
        ):
            with pytest.raises(error, match=f"0x{status:02X}"):
                await gateway.send(message())

    run(scene())


@pytest.mark.parametrize("bad", [Reply(drop=True), Reply(None)])
def test_a_message_without_an_answer_may_have_been_taken(bad: Reply):
    async def scene() -> None:
        smsc = Smsc([bad, Reply()])
        async with smsc_running(smsc), bound_to(smsc.port, response_s=0.2) as gateway:
            with pytest.raises(MessageUnsure):
                await gateway.send(message())
            while True:
                with suppress(GatewayAway):  # it connects anew
                    assert await gateway.send(message()) == (f"m{len(smsc.taken)}",)
                    break
                await asyncio.sleep(0.01)

    run(scene())


def test_an_answer_that_comes_too_late_keeps_a_message_from_being_given_again():
    async def scene() -> None:
        smsc = Smsc([Reply(delay_s=0.3)])
        async with smsc_running(smsc), bound_to(smsc.port, response_s=0.1) as gateway:
            with pytest.raises(MessageUnsure):
                await gateway.send(message())
            await until(lambda: smsc.answered)
            await asyncio.sleep(0.05)
            assert await gateway.send(message()) == ("m1",)
            assert len(smsc.taken) == 1

    run(scene())


def test_of_a_text_in_parts_none_is_given_twice_and_the_rest_goes_nowhere_else():
    async def scene() -> None:
        well, throttled, ill = Reply(), Reply(0x58), Reply(8)
        smsc = Smsc([well, throttled, throttled, ill, well])
        async with smsc_running(smsc), bound_to(smsc.port) as gateway:
            text = "x" * 400
            with pytest.raises(MessageUnsure, match="system error"):
                await gateway.send(message(text=text))
            assert await gateway.send(message(text=text)) == ("m1", "m2", "m3")
            assert [one.short_message[5] for one in smsc.taken] == [1, 2, 3]

    run(scene())


def test_where_nobody_is_or_the_password_is_wrong_that_is_said_and_the_waits_grow():
    async def scene() -> None:
        smsc = Smsc()
        async with smsc_running(smsc):
            async with bound_to(smsc.port, password="wrong") as gateway:
                with pytest.raises(GatewayAway, match=r"invalid password.*check system_id"):
                    await gateway.send(message())
                began = asyncio.get_running_loop().time()
                await until(lambda: len(smsc.binds) == 3)
                assert asyncio.get_running_loop().time() - began > 0.2  # 0.1 s and twice that
            nobody = smsc.port
        async with bound_to(nobody) as gateway:
            with pytest.raises(GatewayAway, match=f"no connection to 127.0.0.1:{nobody}"):
                await gateway.send(message())

    run(scene())


def test_that_a_gateway_does_not_let_us_in_shows_before_a_message_has_tried_it():
    async def scene() -> None:
        async with smsc_running(Smsc()) as smsc, bound_to(smsc.port, password="wrong") as gateway:
            lanes = Lanes([gateway])
            await until(lambda: gateway.trouble)
            [state] = lanes.states(0.0)
            assert state.state == "away"
            assert "invalid password" in str(state.trouble)

    run(scene())


def test_over_tls_only_an_smsc_with_a_certificate_of_its_name_is_spoken_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def scene() -> None:
        async with smsc_running(Smsc(), server) as smsc:
            async with bound_to(smsc.port, host="localhost", tls=True) as gateway:
                assert await gateway.send(message()) == ("m1",)
            async with bound_to(smsc.port, tls=True) as gateway:  # by its address
                with pytest.raises(GatewayAway, match="certificate verify failed"):
                    await gateway.send(message())

    certificate, key = make_certificate(tmp_path)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    run(scene())


def test_an_smsc_that_accepts_connections_and_says_nothing_is_away():
    async def scene() -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with bound_to(port, connect_s=0.2) as gateway:
            with pytest.raises(GatewayAway, match="does not answer the bind"):
                await gateway.send(message())
        server.close()

    run(scene())


def test_a_process_that_ends_while_it_binds_leaves_no_connection_open():
    async def scene() -> None:
        came, gone = asyncio.Event(), asyncio.Event()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            came.set()
            await reader.read()
            gone.set()
            writer.close()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with bound_to(port):
            await asyncio.wait_for(came.wait(), 10)
        await asyncio.wait_for(gone.wait(), 10)
        server.close()

    run(scene())


def test_submits_that_stay_unanswered_end_a_connection_that_looks_alive():
    async def scene() -> None:
        smsc = Smsc([Reply(None)])
        async with smsc_running(smsc), bound_to(smsc.port, response_s=0.05) as gateway:
            for number in range(2):
                with pytest.raises(MessageUnsure):
                    await gateway.send(message(id=number))
            await until(lambda: len(smsc.binds) == 2)

    run(scene())


def test_a_dead_link_is_noticed_by_an_enquiry_without_an_answer():
    async def scene() -> None:
        smsc = Smsc(answers_enquiries=False)
        async with (
            smsc_running(smsc),
            bound_to(smsc.port, enquire_link_s=0.05, response_s=0.3),
        ):
            await until(lambda: len(smsc.binds) == 2)
            smsc.answers_enquiries = True
            seen = smsc.enquiries
            await until(lambda: smsc.enquiries > seen + 2)
            assert len(smsc.binds) <= 3

    run(scene())


@pytest.mark.parametrize(
    "rubbish",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        struct.pack(">IIII", 3, 4, 0, 1),
        b"\0\0\0\x10\0\0\0\6" + bytes(8),
    ],
    ids=["no SMPP", "no length", "unbind"],
)
def test_after_rubbish_or_an_unbind_it_connects_anew_and_goes_on(rubbish: bytes):
    async def scene() -> None:
        async with smsc_running(Smsc()) as smsc, bound_to(smsc.port) as gateway:
            await gateway.send(message())
            smsc.write(rubbish)
            await until(lambda: len(smsc.binds) == 2)
            await until(lambda: gateway.trouble is None)
            assert await gateway.send(message(id=8)) == ("m2",)

    run(scene())


def test_unknown_requests_and_unreadable_deliveries_are_refused_and_the_connection_stays():
    async def scene() -> None:
        kept = Kept()
        async with smsc_running(Smsc()) as smsc, bound_to(smsc.port, kept) as gateway:
            await gateway.send(message())
            smsc.write(struct.pack(">IIII", 16, 0x103, 0, 5))
            smsc.write(struct.pack(">IIII", 20, 5, 0, 6) + b"\1\1\1\1")
            await until(lambda: smsc.nacks == 1)
            assert await smsc.deliver(b"1") == 0
            assert len(smsc.binds) == 1

    run(scene())


def test_names_given_in_hexadecimal_are_those_of_receipts_in_decimal():
    async def scene() -> None:
        smsc = Smsc(names="{:X}")
        async with smsc_running(smsc), bound_to(smsc.port, hex_ids=True) as gateway:
            smsc.taken.extend([None] * 25)
            assert await gateway.send(message()) == ("26",)
            smsc.names = "no number {}"
            assert await gateway.send(message(id=8)) == ("no number 27",)

    run(scene())


def test_a_message_bears_its_id_where_the_operator_recognises_a_repeated_one_by_it():
    async def scene() -> None:
        async with (
            smsc_running(Smsc()) as smsc,
            bound_to(smsc.port, deduplicates=True) as gateway,
        ):
            await gateway.send(message(id=70_000))
            [submit] = smsc.taken
            [tlv] = submit.tlvs
            assert (tlv.tag, tlv.as_int()) == (0x0204, 70_000 & 0xFFFF)

    run(scene())
