"""The file gateway: writes one JSON line a message, for the demo and for who tries flowctl out."""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowctl.notify.gateways import GatewayAway, Message, Tariff

_REMEMBERED = 4096
_TAIL_BYTES = 4_000_000


@dataclass(slots=True)
class FileGateway:
    """Appends messages to a file; returns once they are on disk.

    A message whose id stands in the file's tail (its last 4,096 lines) is not written twice: that
    is what happens after a crash between the writing here and the commit there.
    """

    path: Path
    name: str = "file"
    rate_per_s: float = 10_000.0
    window: int = 1_000
    tariff: Tariff | None = None
    trouble: str | None = None
    _waiting: list[Message] = field(default_factory=list, init=False)
    _writer: asyncio.Task[None] | None = field(default=None, init=False)
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _written: dict[int, None] = field(default_factory=dict, init=False)
    _seen_bytes: int = field(default=-1, init=False)

    async def send(self, message: Message) -> tuple[str, ...]:
        """Write a message that was not written yet; those given at once reach the disk at once.

        Raises
        ------
        GatewayAway
            The file cannot be written; a line cut short is completed by nobody and read by nobody.
        """
        self._waiting.append(message)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_waiting())
        await asyncio.shield(self._writer)
        return (str(message.id),)

    async def run(self) -> None:
        """Do nothing: a file needs no connection, and nothing comes from it."""

    async def _write_waiting(self) -> None:
        async with self._writing:
            given, self._waiting, self._writer = self._waiting, [], None
            try:
                await asyncio.to_thread(self._write, given)
            except OSError as error:
                raise GatewayAway(
                    f"The messages file {self.path} cannot be written: {error}"
                ) from error

    def _write(self, messages: Sequence[Message]) -> None:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._append(descriptor, messages)
        finally:
            os.close(descriptor)

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
