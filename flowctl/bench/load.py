"""The process that posts: ``python -m flowctl.bench.load SPEC.json``, apart from what it measures.

It tells once a second on standard output what it has done (one JSON object a line), writes what
became of every post into a ledger, and ends after its time or at SIGTERM, once no post is open.
"""

import asyncio
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
import uvloop

from flowctl.bench.bodies import Format, body, osmand_queries
from flowctl.bench.disorder import Blocks, LoadPlan
from flowctl.bench.driving import Driving, routes_of
from flowctl.bench.exchange import Answer, BrokenError, Connection, open_connection, request_head
from flowctl.bench.ledger import ABANDONED, ACKNOWLEDGED, Entry, Ledger
from flowctl.site_files import load_site

_ANSWER_WAIT_S = 30.0
_LONGEST_PAUSE_S = 2.0
_PAUSE_S = 0.1
_TELL_EVERY_S = 1.0
_FLUSH_EVERY_S = 0.05
_LATENCIES_KEPT = 1_000_000


class LoadSpec(msgspec.Struct, frozen=True):
    """What to post, where to, how fast and for how long."""

    trucks: int
    period_s: float
    block: int
    seed: int
    start_ms: int
    site: str
    protocol: str  # fixes or osmand
    format: Format
    addresses: tuple[tuple[str, int], ...]
    token: str
    rate: float  # fixes a second; 0: the next as soon as one is acknowledged
    seconds: float
    connections: int
    ledger: str
    zone_trucks: int | None = None  # how many go through the zones; None: as `driving` says
    abandons: float = 0.0  # share of posts that are given up after a failure
    patience_s: float = 60.0  # how long a post may go without a yes once the time is over

    def plan(self) -> LoadPlan:
        """Return which fixes there are."""
        return LoadPlan(self.trucks, self.period_s, self.block, self.seed, self.start_ms)

    def blocks(self) -> Blocks:
        """Return what makes the fixes."""
        routes = routes_of(load_site(Path(self.site)))
        driving = Driving(self.trucks, routes, seed=self.seed, zone_trucks=self.zone_trucks)
        return Blocks(self.plan(), driving)


class LoadState(msgspec.Struct):
    """What the poster has done so far; moments are epoch seconds."""

    posts: int = 0
    fixes: int = 0
    refused: int = 0  # answers 429 and 503: told to come again
    broken: int = 0  # no answer: the connection failed or the answer did not come in time
    abandoned: int = 0
    rejected: dict[str, int] = {}
    first_post_at: float = 0.0
    last_yes_at: float = 0.0
    most_behind_s: float = 0.0  # behind the schedule of an open loop
    answer_s: tuple[float, ...] = ()  # p50, p95, p99 from the sending of a post to its yes
    stopped: str = ""  # why it ended before its time
    done: bool = False


@dataclass(frozen=True, slots=True)
class Post:
    """One request and which rows of which block it holds."""

    block: int
    first: int
    count: int
    request: bytes


def posts(spec: LoadSpec) -> Iterator[Post]:
    """Yield the requests of a load in the order of their sending, without end."""
    blocks = spec.blocks()
    host = "flowctl.bench"
    if spec.protocol == "osmand":
        for number in blocks.in_order_of_delivery():
            for row, query in enumerate(osmand_queries(blocks.block(number))):
                head = b"GET /v1/osmand/" + spec.token.encode() + b"?" + query
                request = head + b" HTTP/1.1\r\nHost: " + host.encode() + b"\r\n\r\n"
                yield Post(number, row, 1, request)
        return
    headers = {"Authorization": f"Bearer {spec.token}"}
    head = request_head("POST", "/v1/fixes", host=host, headers=headers)
    for number in blocks.in_order_of_delivery():
        rows = blocks.block(number)
        what = body(rows, spec.format)
        lines = f"Content-Type: {what.content_type}\r\nContent-Length: {len(what.content)}\r\n\r\n"
        yield Post(number, 0, len(rows), head + lines.encode() + what.content)


@dataclass(slots=True)
class Poster:
    """Posts a load over several connections and keeps account."""

    spec: LoadSpec
    ledger: Ledger
    state: LoadState = field(default_factory=LoadState)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    _scheduled: int = 0
    _latencies: list[float] = field(default_factory=list)
    _draws: np.random.Generator = field(default_factory=np.random.default_rng)

    async def run(self) -> None:
        """Post until the time is over or `stop` is set, and until no post is open."""
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sign, self.stop.set)
        loop.call_later(self.spec.seconds, self.stop.set)
        self._draws = np.random.default_rng([self.spec.seed, 9])
        source = posts(self.spec)
        self.state.first_post_at = time.time()
        telling = asyncio.create_task(self._tell())
        began = loop.time()
        async with asyncio.TaskGroup() as group:
            for number in range(self.spec.connections):
                address = self.spec.addresses[number % len(self.spec.addresses)]
                group.create_task(self._post_all(address, source, began))
        telling.cancel()
        self.ledger.close()
        self._finish()

    def _finish(self) -> None:
        self.state.done = True
        if self._latencies:
            self.state.answer_s = tuple(
                round(float(s), 6) for s in np.percentile(self._latencies, [50, 95, 99])
            )
        self._say()

    async def _post_all(
        self, address: tuple[str, int], source: Iterator[Post], began: float
    ) -> None:
        line = _Line(address)
        while not self.stop.is_set():
            post = next(source)
            if not await self._is_due(post, began):
                break
            await self._deliver(line, post)
        line.close()

    async def _is_due(self, post: Post, began: float) -> bool:
        """Wait for a post's turn; tells whether it still comes."""
        if self.spec.rate <= 0:
            return True
        due = began + self._scheduled / self.spec.rate
        self._scheduled += post.count
        wait = due - asyncio.get_running_loop().time()
        self.state.most_behind_s = max(self.state.most_behind_s, -wait)
        if wait > 0:
            try:
                async with asyncio.timeout(wait):
                    await self.stop.wait()
            except TimeoutError:
                return True
            return False
        return True

    async def _deliver(self, line: "_Line", post: Post) -> None:
        """Send a post until it is acknowledged, as a tracker does, or is given up."""
        loop = asyncio.get_running_loop()
        began, tries, over = loop.time(), 0, None
        while True:
            tries += 1
            answer = await line.send(post.request)
            if answer is not None and answer.status < 300:  # noqa: PLR2004 - any 2xx
                self._latencies.append(loop.time() - began)
                self._acknowledge(post, answer, tries)
                return
            pause_s = self._count_failure(answer)
            if self.stop.is_set():
                over = over or loop.time()
            impatient = over is not None and loop.time() - over > self.spec.patience_s
            if impatient or self.state.stopped or self._draws.random() < self.spec.abandons:
                self.state.abandoned += 1
                self.ledger.write(Entry(post.block, post.first, post.count, ABANDONED, tries))
                return
            await asyncio.sleep(pause_s)

    def _acknowledge(self, post: Post, answer: Answer, tries: int) -> None:
        state = self.state
        state.posts += 1
        state.fixes += post.count
        state.last_yes_at = time.time()
        if len(self._latencies) > _LATENCIES_KEPT:
            del self._latencies[::2]
        reasons = Counter(_reasons(answer.body))
        for reason, n in reasons.items():
            state.rejected[reason] = state.rejected.get(reason, 0) + n
        self.ledger.write(Entry(post.block, post.first, post.count, ACKNOWLEDGED, tries))

    def _count_failure(self, answer: Answer | None) -> float:
        """Count what was no yes; returns how long to wait before the next try, seconds."""
        if answer is None:
            self.state.broken += 1
            return _PAUSE_S
        if answer.status not in {429, 503}:
            self.state.stopped = f"{answer.status} {answer.body[:300].decode(errors='replace')}"
            self.stop.set()
            return 0.0
        self.state.refused += 1
        if answer.retry_after_s is None:
            self.state.stopped = f"An answer {answer.status} came without Retry-After."
            self.stop.set()
            return 0.0
        return min(answer.retry_after_s, _LONGEST_PAUSE_S)

    async def _tell(self) -> None:
        told = 0.0
        while True:
            await asyncio.sleep(_FLUSH_EVERY_S)
            self.ledger.flush()
            if time.monotonic() - told >= _TELL_EVERY_S:
                told = time.monotonic()
                self._say()

    def _say(self) -> None:
        sys.stdout.buffer.write(msgspec.json.encode(self.state) + b"\n")
        sys.stdout.buffer.flush()


def _reasons(answer: bytes) -> list[str]:
    """Return why items of a batch were rejected; most answers name none."""
    if b'"rejected":[]' in answer or b'"rejected"' not in answer:
        return []
    return [item["reason"] for item in msgspec.json.decode(answer)["rejected"]]


class _Line:
    """The way to one server, opened again when it broke."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._connection: Connection | None = None

    async def send(self, request: bytes) -> Answer | None:
        """Return the answer to a request, or None where none came."""
        try:
            async with asyncio.timeout(_ANSWER_WAIT_S):
                if self._connection is None:
                    self._connection = await open_connection(*self._address)
                return await self._connection.exchange(request)
        except (OSError, BrokenError, TimeoutError):
            self.close()
            return None

    def close(self) -> None:
        """End the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def main(path: str) -> None:
    """Post what the file at ``path`` says."""
    spec = msgspec.json.decode(Path(path).read_bytes(), type=LoadSpec)

    async def run() -> None:
        await Poster(spec, Ledger(Path(spec.ledger))).run()

    uvloop.run(run())


if __name__ == "__main__":
    main(sys.argv[1])
