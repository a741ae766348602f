"""The SMSC of ``flowctl bench notify``: ``python -m flowctl.bench.smsc SPEC``.

It takes submits by SMPP 3.4, read by smpp34, writes down what it took, and can be as unreliable as
it is asked to be. What it is given again under one user_message_reference to one number it takes
once, as an operator that drops repeated ones does.
"""

import asyncio
import struct
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import BinaryIO

import msgspec
import smpp34

_HEADER = struct.Struct(">IIII")
_BIND, _SUBMIT, _DELIVER, _ENQUIRE, _UNBIND = 0x09, 0x04, 0x05, 0x15, 0x06
_RESPONSE = 0x80000000
_REFERENCE = 0x0204
_THROTTLED = 0x58
_RECEIPT = 4


class Faults(msgspec.Struct, frozen=True):
    """How often an SMSC errs, as shares of submits; all 0 is one that never does.

    It hangs up before or after taking a message, takes it and never answers, is asked too much of,
    answers up to ``late_s`` late, and sends receipts twice, some of them before the response.
    """

    hangs_up: float = 0.0
    silent: float = 0.0
    throttles: float = 0.0
    late: float = 0.0
    late_s: float = 0.5
    receipts_twice: float = 0.0
    receipts_first: float = 0.0
    receipts: bool = False


class SmscSpec(msgspec.Struct, frozen=True):
    """Where it listens, what it does wrong, and where it writes what it took."""

    port: int
    took: str
    seed: int = 1
    faults: Faults = Faults()


class Taken(msgspec.Struct, frozen=True):
    """A submit that was taken at a moment (epoch seconds); ``again``: dropped as repeated."""

    at: float
    reference: int
    to: str
    text: str
    again: bool


@dataclass(slots=True)
class Smsc:
    """Serves whoever connects."""

    spec: SmscSpec
    out: BinaryIO
    draws: Random
    _known: dict[tuple[int, str], str] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends."""
        try:
            while True:
                head = await reader.readexactly(_HEADER.size)
                length, command, _, number = _HEADER.unpack(head)
                body = await reader.readexactly(length - _HEADER.size)
                if command in (_BIND, _ENQUIRE, _UNBIND):
                    name = b"bench\0" if command == _BIND else b""
                    _write(writer, command | _RESPONSE, number, name)
                elif command == _SUBMIT:
                    self._start(head + body, number, writer)
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    def _start(self, pdu: bytes, number: int, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._take(pdu, number, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, pdu: bytes, number: int, writer: asyncio.StreamWriter) -> None:
        faults, draw = self.spec.faults, self.draws.random
        if draw() < faults.hangs_up / 2:
            writer.close()
            return
        if draw() < faults.throttles:
            _write(writer, _SUBMIT | _RESPONSE, number, status=_THROTTLED)
            return
        ref = self._keep(pdu)
        if draw() < faults.hangs_up / 2:
            writer.close()
            return
        if draw() < faults.silent:
            return
        if faults.receipts and draw() < faults.receipts_first:
            self._receipt(writer, ref)
        if draw() < faults.late:
            await asyncio.sleep(draw() * faults.late_s)
        _write(writer, _SUBMIT | _RESPONSE, number, ref.encode() + b"\0")
        if faults.receipts:
            self._receipt(writer, ref)
            if draw() < faults.receipts_twice:
                self._receipt(writer, ref)

    def _keep(self, pdu: bytes) -> str:
        """Write a submit down; returns what it is called."""
        submit = smpp34.decode(pdu)
        if not isinstance(submit, smpp34.SubmitSm):
            raise TypeError("A submit_sm was expected.")
        tags = {tlv.tag: tlv.as_int() for tlv in submit.tlvs}
        key = (tags.get(_REFERENCE) or 0, submit.destination_addr)
        again = key in self._known
        ref = self._known.setdefault(key, f"b{len(self._known)}")
        text = submit.short_message.decode("latin-1")
        taken = Taken(time.time(), *key, text, again)
        self.out.write(msgspec.json.encode(taken) + b"\n")
        return ref

    def _receipt(self, writer: asyncio.StreamWriter, ref: str) -> None:
        receipt = smpp34.DeliverSm(
            source_addr="84903123456",
            destination_addr="FLOWCTL",
            short_message=f"id:{ref} sub:001 dlvrd:001 stat:DELIVRD err:000 text:".encode(),
            esm_class=_RECEIPT,
            sequence_number=self.draws.randrange(1, 1 << 30),
        )
        if not writer.is_closing():
            writer.write(receipt.encode())


def _write(
    writer: asyncio.StreamWriter, command: int, number: int, body: bytes = b"", status: int = 0
) -> None:
    if not writer.is_closing():
        writer.write(_HEADER.pack(_HEADER.size + len(body), command, status, number) + body)


async def _serve(smsc: Smsc) -> None:
    server = await asyncio.start_server(smsc.serve, "127.0.0.1", smsc.spec.port)
    async with server:
        await server.serve_forever()


def run(spec: SmscSpec) -> None:
    """Serve until killed."""
    with Path(spec.took).open("ab", buffering=0) as out:
        asyncio.run(_serve(Smsc(spec, out, Random(spec.seed))))  # noqa: S311 - a bench's draws


def read_taken(path: Path) -> list[Taken]:
    """Return what an SMSC has written down so far, but for a line it is at."""
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [msgspec.json.decode(line, type=Taken) for line in lines]


if __name__ == "__main__":
    run(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=SmscSpec))
