"""``flowctl bench logins``: do bad sign-ins slow positions down? Posts, with them and without.

Positions are posted at a steady rate by a process of its own, one fix a request, while sign-ins
with a wrong password are sent beside them: none, from one address, from a thousand addresses (as a
proxy on this machine names them), and, as the comparator, to a bare socket that refuses everything
at once: what that slows positions down by is the sender taking the same cores, not the API. The
four are measured in rounds, as a busy machine moves a p95 by more than sign-ins do.
"""

import asyncio
import itertools
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import msgspec
from rich.table import Table

from flowctl.bench.bodies import Format
from flowctl.bench.exchange import BrokenError, Connection, open_connection, request_head
from flowctl.bench.figures import Conditions
from flowctl.bench.load import LoadSpec
from flowctl.bench.load_process import LoadProcess, posting
from flowctl.bench.machine import SITE, Layout, Machine, running_machine
from flowctl.errors import FlowctlError

_TRUCKS = 10_000
_CONNECTIONS = 32
_MANY = 1_000
_NONE = "none"
_ONE_ADDRESS = "one address"
_MANY_ADDRESSES = "many addresses"
_ELSEWHERE = "to a bare socket"
_ADDRESSES = {_NONE: 0, _ONE_ADDRESS: 1, _MANY_ADDRESSES: _MANY, _ELSEWHERE: 1}

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LoginOptions:
    """Fixes and bad sign-ins a second, how long each phase of a round lasts, how many rounds."""

    rate: float
    logins: float
    seconds: float
    rounds: int
    seed: int


@dataclass(frozen=True, slots=True)
class Phase:
    """How fast fixes were acknowledged (ms), and what sign-ins were answered meanwhile."""

    round: int
    logins: str
    fixes: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    behind_s: float
    logins_per_s: float
    answers: dict[str, int]


@dataclass(frozen=True, slots=True)
class Slower:
    """A phase's p95 over that without sign-ins of the same round, less 1: over all rounds."""

    median: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class LoginFigures:
    """The phases of all rounds, and what sign-ins slowed positions down by."""

    phases: tuple[Phase, ...]
    slower_by_one_address: Slower
    slower_by_many: Slower
    slower_by_sender: Slower
    conditions: Conditions

    def as_json(self) -> dict[str, object]:
        """Return everything as JSON takes it."""
        return asdict(self)


def run_logins(options: LoginOptions, tell: Tell) -> LoginFigures:
    """Start everything, post through every phase, and compare.

    Raises
    ------
    FlowctlError
        A part does not come up or ends, or positions were refused.
    """
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="flowctl-bench-") as name:
        tell("starting PostgreSQL, Valkey and flowctl")
        with running_machine(Path(name), Layout(), trucks=_TRUCKS) as machine:
            _phase(options, machine, _NONE, seconds=min(options.seconds, 5.0))
            phases = []
            for number in range(options.rounds):
                for logins in _ADDRESSES:
                    tell(f"round {number + 1} of {options.rounds}, sign-ins: {logins}")
                    phases.append(_phase(options, machine, logins, options.seconds, number))
    return LoginFigures(
        tuple(phases),
        _slower(phases, _ONE_ADDRESS),
        _slower(phases, _MANY_ADDRESSES),
        _slower(phases, _ELSEWHERE),
        Conditions(len(os.sched_getaffinity(0)), round(before, 2), round(os.getloadavg()[0], 2)),
    )


def _slower(phases: list[Phase], logins: str) -> Slower:
    p95 = {(one.round, one.logins): one.p95_ms for one in phases}
    by = sorted(
        p95[number, kind] / p95[number, _NONE] - 1 for number, kind in p95 if kind == logins
    )
    return Slower(round(statistics.median(by), 3), round(by[0], 3), round(by[-1], 3))


def table(figures: LoginFigures) -> Table:
    """Return the figures for people."""
    shown = Table("round", "sign-ins", "a second", "fixes", "p50 ms", "p95 ms", "p99 ms", "answers")
    for one in figures.phases:
        answers = ", ".join(f"{count:,} × {status}" for status, count in one.answers.items())
        times = (f"{ms:.1f}" for ms in (one.p50_ms, one.p95_ms, one.p99_ms))
        shown.add_row(
            str(one.round + 1),
            one.logins,
            f"{one.logins_per_s:,.0f}",
            f"{one.fixes:,}",
            *times,
            answers,
        )
    by_one, by_many, by_sender = (
        f"{by.median:+.0%} ({by.least:+.0%} to {by.most:+.0%})"
        for by in (figures.slower_by_one_address, figures.slower_by_many, figures.slower_by_sender)
    )
    shown.caption = (
        f"p95 slower by {by_one} from one address, {by_many} from {_MANY:,}, {by_sender} by the"
        f" sender alone, to a bare socket: medians and range; {figures.conditions.cores} cores"
    )
    return shown


def _phase(
    options: LoginOptions, machine: Machine, logins: str, seconds: float, number: int = 0
) -> Phase:
    spec = LoadSpec(
        trucks=_TRUCKS,
        period_s=_TRUCKS / options.rate,
        block=1_000,
        seed=options.seed,
        start_ms=int(time.time() * 1e3),
        site=str(SITE),
        protocol="osmand",
        format=Format.COLUMNAR,
        addresses=machine.addresses,
        token=machine.token,
        rate=options.rate,
        seconds=seconds,
        connections=_CONNECTIONS,
        ledger=str(machine.home / "ledger"),
    )
    with posting(spec, machine.home) as load:
        to = None if logins == _ELSEWHERE else machine.addresses[0]
        flood = _Flood(to, options.logins, _ADDRESSES[logins])
        asyncio.run(flood.run(load))
        state = load.wait()
    machine.check()
    if len(state.answer_s) != 3:  # noqa: PLR2004 - p50, p95, p99
        raise FlowctlError("No position was acknowledged; post longer, or at a higher rate.")
    p50, p95, p99 = (round(one * 1e3, 3) for one in state.answer_s)
    lasted = max(time.monotonic() - flood.began, 1e-3)
    return Phase(
        number,
        logins,
        state.fixes,
        p50,
        p95,
        p99,
        round(state.most_behind_s, 3),
        round(sum(flood.answers.values()) / lasted, 1),
        {str(status): count for status, count in sorted(flood.answers.items())},
    )


class _Flood:
    """Wrong sign-ins at a rate, of ever other accounts, over kept-alive connections.

    Without an address they go to a socket of its own, which refuses them at once.
    """

    def __init__(self, address: tuple[str, int] | None, rate: float, addresses: int) -> None:
        self.answers: Counter[int] = Counter()
        self.began = time.monotonic()
        self._address = address
        self._rate = rate
        self._requests = _requests(addresses)
        self._sent = 0
        self._idle = addresses == 0

    async def run(self, load: LoadProcess) -> None:
        """Send until the load has ended."""
        wall = await asyncio.get_running_loop().create_server(_Wall, "127.0.0.1", 0)
        address = self._address or wall.sockets[0].getsockname()
        self.began = time.monotonic()
        lines = [] if self._idle else [asyncio.create_task(self._send(address)) for _ in range(64)]
        await asyncio.to_thread(load.process.wait)
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)
        wall.close()

    async def _send(self, address: tuple[str, int]) -> None:
        line: Connection | None = None
        while True:
            due = self.began + self._sent / self._rate
            self._sent += 1
            await asyncio.sleep(max(due - time.monotonic(), 0.0))
            try:
                line = line or await open_connection(*address)
                answer = await line.exchange(next(self._requests))
                self.answers[answer.status] += 1
            except (OSError, BrokenError):
                self.answers[0] += 1
                line = None


class _Wall(asyncio.Protocol):
    """Refuses every request at once; each comes in one piece, as the flood writes it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._line = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:  # noqa: ARG002 - whatever was asked
        self._line.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")


def _requests(addresses: int) -> Iterator[bytes]:
    for number in itertools.count():
        body = msgspec.json.encode({"account": f"nobody-{number}", "password": "not-the-one"})
        place = number % max(addresses, 1)
        headers = {
            "Content-Type": "application/json",
            "X-Forwarded-For": f"198.18.{place // 256}.{place % 256}",
            "X-Forwarded-Proto": "https",
        }
        head = request_head("POST", "/v1/sessions", host="127.0.0.1", headers=headers)
        yield head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
