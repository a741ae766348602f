"""HTTP/1.1 as lean as a load needs it: kept-alive connections, one request at a time on each."""

import asyncio
from dataclasses import dataclass
from typing import cast

_END_OF_HEAD = b"\r\n\r\n"


class BrokenError(ConnectionError):
    """The connection ended before the whole answer had come: whether it counts is not known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, the body, and for how long the server asks to be spared (None: it does not)."""

    status: int
    body: bytes
    retry_after_s: float | None


class Connection(asyncio.Protocol):
    """One connection; made anew by `open_connection` when it broke."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._answer: asyncio.Future[Answer] | None = None
        self._whole: tuple[int, int] | None = None  # where the head ends, where the answer ends

    async def exchange(self, request: bytes) -> Answer:
        """Send a whole request and return its answer.

        Raises
        ------
        BrokenError
            The connection ended, or was closed, before the whole answer had come.
        """
        if self._transport is None or self._transport.is_closing():
            raise BrokenError("closed")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what to write to."""
        # It is one of a stream, though uvloop's is no subclass.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits for an answer that none comes."""
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(BrokenError(str(exc or "the server closed it")))

    def data_received(self, data: bytes) -> None:
        """Collect an answer until it is whole."""
        self._buffer += data
        if self._whole is None:
            head = self._buffer.find(_END_OF_HEAD)
            if head < 0:
                return
            self._whole = head, head + len(_END_OF_HEAD) + self._length(head)
        if len(self._buffer) >= self._whole[1]:
            self._finish(*self._whole)

    def _finish(self, head: int, end: int) -> None:
        answer = Answer(
            int(self._buffer[9:12]),
            bytes(self._buffer[head + len(_END_OF_HEAD) : end]),
            self._number(b"retry-after", head),
        )
        self._buffer.clear()
        self._whole = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def _length(self, head: int) -> int:
        length = self._number(b"content-length", head)
        return 0 if length is None else int(length)  # a 204 has no body and says no length

    def _number(self, name: bytes, head: int) -> float | None:
        start = self._buffer[:head].lower().find(b"\r\n" + name + b":")
        if start < 0:
            return None
        start += len(name) + 3
        end = self._buffer.find(b"\r\n", start)
        return float(self._buffer[start:end])


async def open_connection(host: str, port: int) -> Connection:
    """Connect to a server.

    Raises
    ------
    OSError
        Nobody listens there.
    """
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(Connection, host, port)
    return connection


def request_head(method: str, target: str, *, host: str, headers: dict[str, str]) -> bytes:
    """Return the head of a request without ``Content-Length`` and without its empty last line."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n").encode()
