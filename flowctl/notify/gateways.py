"""What a gateway for messages is, and the file gateway, which writes one JSON line a message."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from flowctl.errors import FlowctlError

_REMEMBERED = 4096
_TAIL_BYTES = 4_000_000


class GatewayError(FlowctlError):
    """The gateway took none of the messages it was given; they may be tried again."""


@dataclass(frozen=True, slots=True)
class Message:
    """One text to one number; ``id`` is its identity, by which a repeated one is recognised."""

    id: int
    at: datetime
    to: str
    kind: str
    language: str
    text: str
    trip: int
    gate: str | None
    starts_at: str | None
    expires_at: datetime | None = None
    """From this moment of the same clock as ``at`` on it is worth nothing to its reader."""


class GatewayAway(GatewayError):  # noqa: N818 - a state of the gateway
    """The gateway surely took nothing; another one may be asked."""


class GatewayBusy(GatewayError):  # noqa: N818 - a state of the gateway
    """The gateway is asked too much of and took nothing; ``retry_after_s`` says when it may."""

    def __init__(self, sentence: str, retry_after_s: float) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s


class MessageRefused(GatewayError):  # noqa: N818 - what became of the message
    """The gateway will never take this message."""


class MessageUnsure(GatewayError):  # noqa: N818 - what became of the message
    """The message may have been taken: only this gateway may be asked again, by the same id."""


class Gateway(Protocol):
    """A way to drivers' phones; its connection is its own affair while the sender runs."""

    @property
    def name(self) -> str:
        """Return what the site calls it."""

    @property
    def rate_per_s(self) -> float:
        """Return how many parts a second it may be given at most."""

    @property
    def window(self) -> int:
        """Return how many messages may be on their way to it at once."""

    async def send(self, message: Message) -> tuple[str, ...]:
        """Hand a message over; returns the gateway's references of its parts, if it has any.

        Raises
        ------
        GatewayAway, GatewayBusy, MessageRefused, MessageUnsure
            What became of it instead.
        """

    async def run(self) -> None:
        """Keep the connection, and take in what comes by it, until cancelled."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a gateway says of a part it took, maybe before it named the part's ``ref`` to us.

    ``state`` is one of SMPP 3.4's message states (appendix B): DELIVRD, EXPIRED, DELETED, UNDELIV,
    ACCEPTD, UNKNOWN or REJECTD.
    """

    ref: str
    state: str
    error: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Heard:
    """A text that came from a phone; ``ref`` is the gateway's, by which a repeated one is known."""

    phone: str
    text: str
    ref: str | None


@dataclass(frozen=True, slots=True)
class HeardPart:
    """Part ``number`` (from 1) of ``total`` of a text whose parts bear the phone's ``group``."""

    phone: str
    group: int
    number: int
    total: int
    text: str


class Inbound(Protocol):
    """Takes in what gateways bring; it is on disk when these return, and only then acknowledged."""

    async def receipt(self, gateway: str, receipt: Receipt) -> None:
        """Keep a receipt, whether or not its message is known yet."""

    async def answer(self, gateway: str, heard: Heard) -> None:
        """Act on what a driver wrote."""

    async def part(self, gateway: str, part: HeardPart) -> None:
        """Keep a part of a longer text, and act on the text once the last part is there."""


@dataclass(slots=True)
class FileGateway:
    """Appends messages to a file; returns once they are on disk.

    A message whose id stands in the file's tail (its last 4,096 lines) is not written twice: that
    is what happens after a crash between the writing here and the commit there.
    """

    path: Path
    _written: dict[int, None] = field(default_factory=dict, init=False)
    _seen_bytes: int = field(default=-1, init=False)

    def send(self, messages: Sequence[Message]) -> None:
        """Write messages that were not written yet.

        Raises
        ------
        GatewayError
            The file cannot be written; a line cut short is completed by nobody and read by nobody.
        """
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                self._append(descriptor, messages)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise GatewayError(
                f"The messages file {self.path} cannot be written: {error}"
            ) from error

    def _append(self, descriptor: int, messages: Sequence[Message]) -> None:
        size = os.fstat(descriptor).st_size
        if size != self._seen_bytes:  # another process, or a former life of this one, wrote here
            self._read_tail(descriptor, size)
        fresh = {m.id: m for m in messages if m.id not in self._written}
        if not fresh:
            return
        text = "".join(json.dumps(_line(m), ensure_ascii=False) + "\n" for m in fresh.values())
        data = text.encode()
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            data = b"\n" + data  # a former life was cut off within a line
        self._seen_bytes = -1
        _write_whole(descriptor, data)
        os.fsync(descriptor)
        self._seen_bytes = size + len(data)
        self._written.update(dict.fromkeys(fresh))
        for forgotten in list(self._written)[:-_REMEMBERED]:
            del self._written[forgotten]

    def _read_tail(self, descriptor: int, size: int) -> None:
        start = max(0, size - _TAIL_BYTES)
        lines = os.pread(descriptor, size - start, start).split(b"\n")
        whole = lines[1 if start else 0 : -1]  # the last piece is empty or was cut off
        ids = [line_id for line in whole[-_REMEMBERED:] if (line_id := _id_of(line)) is not None]
        self._written = dict.fromkeys(ids)


def _line(message: Message) -> Mapping[str, Any]:
    return {
        "id": message.id,
        "at": message.at.isoformat(),
        "to": message.to,
        "kind": message.kind,
        "language": message.language,
        "text": message.text,
        "trip": message.trip,
        "gate": message.gate,
        "starts_at": message.starts_at,
    }


def _id_of(line: bytes) -> int | None:
    """Return the id of a written line; None for one that was cut off in its middle."""
    try:
        return int(json.loads(line)["id"])
    except (ValueError, KeyError, TypeError):
        return None


def _write_whole(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
