"""An SMSC whose manners a test sets; the PDUs are smpp34's, written and read by its own codec."""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import smpp34

from flowctl.notify.gateways import Heard, HeardPart, Inbound, Message, Receipt
from flowctl.notify.smpp import SmppAccount, SmppGateway, SmppParams
from flowctl.notify.smpp_pdu import Address, Bind
from flowctl.notify.smpp_session import Link

PASSWORD = "s3cret"
HEADER = struct.Struct(">IIII")
SUBMIT, DELIVER, ENQUIRE, UNBIND, BIND = 0x04, 0x05, 0x15, 0x06, 0x09


@dataclass(frozen=True)
class Reply:
    """What an SMSC does with a submit: ``status`` None is silence, ``drop`` hangs up instead."""

    status: int | None = 0
    delay_s: float = 0.0
    drop: bool = False
    receipt_first: bool = False


@dataclass
class Smsc:
    """Listens on a port of its own."""

    replies: list[Reply] = field(default_factory=lambda: [Reply()])
    """To each submit in turn; the last one for ever."""
    answers_enquiries: bool = True
    port: int = 0
    names: str = "m{}"
    taken: list[Any] = field(default_factory=list)
    binds: list[bytes] = field(default_factory=list)
    answered: int = 0
    enquiries: int = 0
    nacks: int = 0
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _asked: dict[int, asyncio.Future[int]] = field(default_factory=dict)
    _number: int = 0

    async def deliver(self, text: bytes, **fields: object) -> int:
        """Deliver to whoever bound last; returns the status it is answered with."""
        self._number += 1
        given: dict[str, Any] = {"source_addr": "84903123456", "source_addr_ton": 1, **fields}
        one = smpp34.DeliverSm(
            destination_addr="8888", short_message=text, sequence_number=self._number, **given
        )
        self._asked[self._number] = asyncio.get_running_loop().create_future()
        self.write(one.encode())
        return await asyncio.wait_for(self._asked[self._number], 5)

    def write(self, octets: bytes) -> None:
        """Write to whoever bound last."""
        self._writers[-1].write(octets)

    def hang_up(self) -> None:
        """End every connection."""
        for writer in self._writers:
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            while True:
                head = await reader.readexactly(HEADER.size)
                length, command, status, number = HEADER.unpack(head)
                body = await reader.readexactly(length - HEADER.size)
                await self._take(head + body, command, status, number, writer)
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    async def _take(
        self, pdu: bytes, command: int, status: int, number: int, writer: asyncio.StreamWriter
    ) -> None:
        if command == BIND:
            self.binds.append(pdu[16:])
            known = pdu[16:].split(b"\0")[:2] == [b"flowctl", PASSWORD.encode()]
            writer.write(answer(BIND, number, b"smsc\0", 0 if known else 0x0E))
            if known:
                self._writers.append(writer)
        elif command == SUBMIT:
            asyncio.get_running_loop().create_task(self._submitted(pdu, number, writer))
        elif command == ENQUIRE:
            self.enquiries += 1
            if self.answers_enquiries:
                writer.write(answer(ENQUIRE, number))
        elif command == 0x80000000:
            self.nacks += 1
        elif number in self._asked and not self._asked[number].done():
            self._asked[number].set_result(status)

    async def _submitted(self, pdu: bytes, number: int, writer: asyncio.StreamWriter) -> None:
        submit = smpp34.decode(pdu)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if reply.status == 0:
            self.taken.append(submit)
        ref = self.names.format(len(self.taken))
        if reply.receipt_first:
            await self.deliver(f"id:{ref} stat:DELIVRD err:000".encode(), esm_class=4)
        await asyncio.sleep(reply.delay_s)
        if reply.drop:
            writer.close()
        elif reply.status is not None:
            writer.write(answer(SUBMIT, number, ref.encode() + b"\0", reply.status))
            self.answered += 1


def answer(command: int, number: int, body: bytes = b"", status: int = 0) -> bytes:
    """Return a response."""
    return HEADER.pack(16 + len(body), command | 0x80000000, status, number) + body


@dataclass
class Kept:
    """An inbound that keeps in memory what comes, or refuses to."""

    receipts: list[Receipt] = field(default_factory=list)
    answers: list[Heard] = field(default_factory=list)
    parts: list[HeardPart] = field(default_factory=list)
    failing: Exception | None = None

    async def receipt(self, _gateway: str, receipt: Receipt) -> None:
        self._check()
        self.receipts.append(receipt)

    async def answer(self, _gateway: str, heard: Heard) -> None:
        self._check()
        self.answers.append(heard)

    async def part(self, _gateway: str, part: HeardPart) -> None:
        self._check()
        self.parts.append(part)

    def _check(self) -> None:
        if self.failing is not None:
            raise self.failing


async def until(condition: Callable[[], object]) -> None:
    """Return once a condition holds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - of anything
            await asyncio.sleep(0.005)


def run(scene: Coroutine[Any, Any, None]) -> None:
    """Play a scene to its end."""
    asyncio.run(asyncio.wait_for(scene, 20))


@asynccontextmanager
async def smsc_running(smsc: Smsc, tls: ssl.SSLContext | None = None) -> AsyncIterator[Smsc]:
    """Run an SMSC."""
    server = await asyncio.start_server(smsc.serve, "127.0.0.1", smsc.port, ssl=tls)
    smsc.port = server.sockets[0].getsockname()[1]
    try:
        yield smsc
    finally:
        server.close()
        smsc.hang_up()


def gateway_to(
    port: int, kept: Inbound | None = None, *, password: str = PASSWORD, **given: object
) -> SmppGateway:
    """Return a gateway in a hurry; ``given`` are fields of the link or of the account."""
    of: dict[str, Any] = given
    link: dict[str, Any] = {name: of.pop(name) for name in list(of) if name in Link.__slots__}
    account = SmppAccount(
        name="viettel",
        link=Link(**{"host": "127.0.0.1", "port": port, "response_s": 2.0, **link}),
        bind=Bind("flowctl", password),
        source=Address("FLOWCTL", ton=5, npi=0),
        rate_per_s=100.0,
        window=10,
        **of,
    )
    quick = SmppParams(first_wait_s=0.02, refused_wait_s=0.1, throttled_s=0.02, silent_most=2)
    return SmppGateway(account, kept or Kept(), quick)


@asynccontextmanager
async def bound_to(
    port: int, kept: Inbound | None = None, **given: object
) -> AsyncIterator[SmppGateway]:
    """Yield a gateway that keeps its connection."""
    fields: dict[str, Any] = given
    gateway = gateway_to(port, kept, **fields)
    running = asyncio.create_task(gateway.run())
    try:
        yield gateway
    finally:
        running.cancel()
        await asyncio.wait([running])


def message(**changes: object) -> Message:
    """Return a message to a driver."""
    fields: dict[str, Any] = {
        "id": 7,
        "at": datetime(2026, 3, 2, 1, tzinfo=UTC),
        "to": "+84903123456",
        "kind": "call_up",
        "language": "vi",
        "text": "Xe 29C-12345: di ngay",
        "trip": 1,
        "gate": None,
        "starts_at": None,
    }
    return Message(**(fields | changes))
