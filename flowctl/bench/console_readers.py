"""Many consoles that only read, and readers of the board: raw sockets, a process of their own."""

import asyncio
import os
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_HEAD = 400
_GZIP_BEGINS = 10  # bytes of the stream's own head, sent as a chunk of its own
_LIMIT = 1 << 22


@dataclass(frozen=True, slots=True)
class Heard:
    """How late frames came after their moment, seconds; how many a reader heard a second."""

    late_p50_s: float
    late_p95_s: float
    frames_per_s: float
    cpu_share: float
    mb_per_s: float


def listen(url: str, cookies: Sequence[str], *, consoles: int, seconds: float, api: int) -> Heard:
    """Let ``consoles`` hear the events of an API (its process is ``api``), all at the same time.

    Each is of one of the sessions that ``cookies`` are the headers of, in turn.

    ``cpu_share`` is the part of one core that the API's process used meanwhile.
    """
    with get_context("spawn").Pool(1) as pool:
        asked = pool.apply_async(_listen, [url, cookies, consoles, seconds])
        time.sleep(3.0)  # all are connected, and have their first whole picture
        began, used = time.monotonic(), _cpu_s(api)
        time.sleep(max(1.0, seconds - 4.0))
        share = (_cpu_s(api) - used) / (time.monotonic() - began)
        late, frames, size = asked.get(timeout=seconds + 60.0)
    return Heard(
        late_p50_s=float(np.quantile(late, 0.5)),
        late_p95_s=float(np.quantile(late, 0.95)),
        frames_per_s=frames / seconds / consoles,
        cpu_share=share,
        mb_per_s=size / seconds / 1e6,
    )


def _cpu_s(process: int) -> float:
    columns = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(columns[11]) + int(columns[12])) / _TICKS_A_SECOND


def _listen(
    url: str, cookies: Sequence[str], consoles: int, seconds: float
) -> tuple[list[float], int, int]:
    return asyncio.run(_all(url, cookies, consoles, seconds))


async def _all(
    url: str, cookies: Sequence[str], consoles: int, seconds: float
) -> tuple[list[float], int, int]:
    until = time.monotonic() + seconds
    each = (cookies[number % len(cookies)] for number in range(consoles))
    heard = await asyncio.gather(*(_one(url, cookie, until) for cookie in each))
    late = [moment for one, _ in heard for moment in one[1:]]  # the first is the whole picture
    return late, sum(len(one) for one, _ in heard), sum(size for _, size in heard)


async def _one(url: str, cookie: str, until: float) -> tuple[list[float], int]:
    """Read one stream: each event comes as one chunk of the answer (RFC 9112, 7.1)."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=_LIMIT)
    writer.write(
        f"GET /v1/events HTTP/1.1\r\nHost: bench\r\nCookie: {cookie}\r\n"
        "Accept-Encoding: gzip\r\n\r\n".encode()
    )
    late: list[float] = []
    size = 0
    try:
        async with asyncio.timeout(max(0.1, until - time.monotonic())):
            await reader.readuntil(b"\r\n\r\n")
            while True:
                length = int(await reader.readuntil(b"\r\n"), 16)
                chunk = await reader.readexactly(length + 2)
                size += length
                if length > _GZIP_BEGINS:
                    late.append(time.time() - _moment(chunk))
    except TimeoutError:
        pass
    finally:
        writer.close()
    return late, size


def _moment(chunk: bytes) -> float:
    """Return the moment of a frame: its first bytes say it."""
    text = zlib.decompressobj(-zlib.MAX_WBITS).decompress(chunk, _HEAD).decode()
    at = text.partition('"at":"')[2].partition('"')[0]
    return datetime.fromisoformat(at).astimezone(UTC).timestamp()


def ask_often(url: str, path: str, *, connections: int, seconds: float) -> float:
    """Return how many answers a second come to readers that each keep their connection."""
    with get_context("spawn").Pool(1) as pool:
        return float(pool.apply(_ask_often, [url, path, connections, seconds]))


def _ask_often(url: str, path: str, connections: int, seconds: float) -> float:
    return asyncio.run(_ask_all(url, path, connections, seconds))


async def _ask_all(url: str, path: str, connections: int, seconds: float) -> float:
    until = time.monotonic() + seconds
    counts = await asyncio.gather(*(_ask(url, path, until) for _ in range(connections)))
    return sum(counts) / seconds


async def _ask(url: str, path: str, until: float) -> int:
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=_LIMIT)
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: gzip\r\n\r\n".encode()
    answers = 0
    try:
        while time.monotonic() < until:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if not head.startswith(b"http/1.1 200"):
                raise RuntimeError(f"{path} was answered by {head[:40]!r}")
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            answers += 1
    finally:
        writer.close()
    return answers
