"""``flowctl bench logins``: do bad sign-ins slow positions down? Posts, with them and without.

Positions are posted at a steady rate by a process of its own, one fix a request, while sign-ins
with a wrong password are sent beside them: none, from one address, none again, and from a thousand
addresses (as a proxy on this machine names them). Loopback only: the load takes the same cores.
"""

import asyncio
import itertools
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

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
_PHASES = (("none", 0), ("one address", 1), ("none again", 0), ("many addresses", _MANY))

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LoginOptions:
    """Fixes and bad sign-ins a second, for how long each phase lasts."""

    rate: float
    logins: float
    seconds: float
    seed: int


@dataclass(frozen=True, slots=True)
class Phase:
    """How fast fixes were acknowledged (ms), and what sign-ins were answered meanwhile."""

    logins_from: str
    fixes: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    behind_s: float
    logins_per_s: float
    answers: dict[str, int]


@dataclass(frozen=True, slots=True)
class LoginFigures:
    """The phases; slower is the p95 of a phase over the mean of those without sign-ins, less 1."""

    phases: tuple[Phase, ...]
    slower_by_one_address: float
    slower_by_many: float
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
            _phase(options, machine, "warming up", 0, seconds=min(options.seconds, 5.0))
            phases = []
            for label, addresses in _PHASES:
                tell(f"posting, sign-ins: {label}")
                phases.append(_phase(options, machine, label, addresses, seconds=options.seconds))
    cores = len(os.sched_getaffinity(0))
    quiet = (phases[0].p95_ms + phases[2].p95_ms) / 2
    return LoginFigures(
        tuple(phases),
        round(phases[1].p95_ms / quiet - 1, 3),
        round(phases[3].p95_ms / quiet - 1, 3),
        Conditions(cores, round(before, 2), round(os.getloadavg()[0], 2)),
    )


def table(figures: LoginFigures) -> Table:
    """Return the figures for people."""
    shown = Table("sign-ins from", "a second", "fixes", "p50 ms", "p95 ms", "p99 ms", "answers")
    for one in figures.phases:
        answers = ", ".join(f"{count:,} × {status}" for status, count in one.answers.items())
        times = (f"{ms:.1f}" for ms in (one.p50_ms, one.p95_ms, one.p99_ms))
        shown.add_row(
            one.logins_from, f"{one.logins_per_s:,.0f}", f"{one.fixes:,}", *times, answers
        )
    shown.caption = (
        f"p95 slower by {figures.slower_by_one_address:+.0%} from one address,"
        f" {figures.slower_by_many:+.0%} from {_MANY:,}; {figures.conditions.cores} cores"
    )
    return shown


def _phase(
    options: LoginOptions, machine: Machine, label: str, addresses: int, *, seconds: float
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
        flood = _Flood(machine.addresses[0], options.logins, addresses)
        asyncio.run(flood.run(load))
        state = load.wait()
    machine.check()
    if len(state.answer_s) != 3:  # noqa: PLR2004 - p50, p95, p99
        raise FlowctlError("No position was acknowledged; post longer, or at a higher rate.")
    p50, p95, p99 = (round(one * 1e3, 3) for one in state.answer_s)
    lasted = max(time.monotonic() - flood.began, 1e-3)
    return Phase(
        label,
        state.fixes,
        p50,
        p95,
        p99,
        round(state.most_behind_s, 3),
        round(sum(flood.answers.values()) / lasted, 1),
        {str(status): count for status, count in sorted(flood.answers.items())},
    )


class _Flood:
    """Wrong sign-ins at a rate, of ever other accounts, over kept-alive connections."""

    def __init__(self, address: tuple[str, int], rate: float, addresses: int) -> None:
        self.answers: Counter[int] = Counter()
        self.began = time.monotonic()
        self._address = address
        self._rate = rate
        self._requests = _requests(addresses)
        self._sent = 0
        self._idle = addresses == 0

    async def run(self, load: LoadProcess) -> None:
        """Send until the load has ended."""
        self.began = time.monotonic()
        lines = [] if self._idle else [asyncio.create_task(self._send()) for _ in range(64)]
        await asyncio.to_thread(load.process.wait)
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)

    async def _send(self) -> None:
        line: Connection | None = None
        while True:
            due = self.began + self._sent / self._rate
            self._sent += 1
            await asyncio.sleep(max(due - time.monotonic(), 0.0))
            try:
                line = line or await open_connection(*self._address)
                answer = await line.exchange(next(self._requests))
                self.answers[answer.status] += 1
            except (OSError, BrokenError):
                self.answers[0] += 1
                line = None


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
