"""``flowctl bench notify``: how soon, how fast and how truly messages reach a gateway.

The notify process, PostgreSQL and an SMSC that is spoken to by SMPP over TCP each run by
themselves. Comparator of the mass re-time: the same number of submits by a bare loop of another
client, smpp34's, to the same SMSC with the same window, without database.
"""

import asyncio
import importlib.util
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psycopg
from rich.table import Table

from flowctl.bench.notify_drivers import SITE, Fleet, cancelled, make_fleet, slot
from flowctl.bench.smsc import Faults, SmscSpec, Taken, read_taken
from flowctl.bench.usage import use_of
from flowctl.data_files import data_dir
from flowctl.embedded import start_postgres
from flowctl.errors import FlowctlError
from flowctl.local import environment
from flowctl.registry.keys import derive_keys
from flowctl.server_process import DirectoryLock, ServerProcess, free_port
from flowctl.settings import Settings
from flowctl.site_files import read_source
from flowctl.storage.migrate import migrate
from flowctl.storage.outbox import Outgoing, queue_messages
from flowctl.storage.sites import save_site

Connection = psycopg.Connection[Any]
Tell = Callable[[str], None]

_WINDOW = 50
_RATE_PER_S = 10_000
_STEADY_EVERY_S = 0.5
_STEADY_AT_ONCE = 5
_LONGEST_S = 600.0
_POLL_S = 0.1
_ENDING = 0.1
"""The share of messages that are over within seconds."""
_LOOK_S = 1.0
"""A newer message that was committed this long before must have kept the older one back."""
_FAULTS = Faults(
    hangs_up=0.004,
    silent=0.003,
    throttles=0.02,
    late=0.2,
    receipts=True,
    receipts_twice=0.1,
    receipts_first=0.1,
)
_GATEWAY = """
[[gateway]]
name = "bench"
kind = "smpp"
host = "127.0.0.1"
port = {port}
system_id = "bench"
password_env = "BENCH_PASSWORD"
source = "FLOWCTL"
rate_per_s = {rate}
window = {window}
response_s = 2
deduplicates = true
currency = "VND"

[gateway.price_per_part]
"" = 350
"""


@dataclass(frozen=True, slots=True)
class NotifyFigures:
    """What the three phases came to.

    ``p50_s`` … are from a commit to the taking by the SMSC, of ``steady`` messages. ``per_s`` is
    the rate at which ``retimed`` messages of one commit were taken, counted from that commit;
    ``bare_per_s`` that of the bare loop, ``ratio`` their quotient; ``cpu_s`` what the notify
    process used. Of the ``messages`` given while the SMSC erred, ``lost`` never arrived though
    they should have, ``doubled`` arrived twice as what an SMSC that drops repeated ids takes for
    two, ``stale`` arrived when they were over, or later than a second after a newer one of their
    trip was committed; ``repeated`` submits it dropped, which another would have sent twice;
    ``delivered`` had their receipts matched.
    """

    steady: int
    p50_s: float
    p95_s: float
    p99_s: float
    retimed: int
    per_s: float
    bare_per_s: float
    ratio: float
    cpu_s: float
    messages: int
    lost: int
    doubled: int
    stale: int
    repeated: int
    superseded: int
    expired: int
    delivered: int
    faulty_s: float
    load_before: float

    def as_json(self) -> dict[str, Any]:
        """Return all figures."""
        return asdict(self)


@dataclass(slots=True)
class _Stage:
    """A database with its drivers, and who sends to them."""

    home: Path
    settings: Settings
    conn: Connection
    fleet: Fleet
    tell: Tell

    @contextmanager
    def sending(self, name: str, faults: Faults, seed: int) -> Iterator["_Line"]:
        """Run an SMSC and the notify process until the context ends."""
        home = self.home / name
        home.mkdir()
        port = free_port()
        took = home / "took.jsonl"
        spec = home / "smsc.json"
        spec.write_bytes(msgspec.json.encode(SmscSpec(port, str(took), seed, faults)))
        gateways = home / "gateways.toml"
        gateways.write_text(
            _GATEWAY.format(port=port, rate=_RATE_PER_S, window=_WINDOW), encoding="utf-8"
        )
        settings = self.settings.model_copy(update={"gateways_file": gateways})
        with ExitStack() as stack:
            smsc = _start(home / "smsc", ["-m", "flowctl.bench.smsc", str(spec)], {})
            stack.callback(smsc.stop)
            given = {**environment(settings), "BENCH_PASSWORD": "bench"}
            notify = _start(home / "notify", ["-m", "flowctl.cli", "notify"], given)
            stack.callback(notify.stop)
            line = _Line(self, port, took, notify, smsc)
            line.warm_up()
            yield line


@dataclass(slots=True)
class _Line:
    """An SMSC, and the notify process that is bound to it."""

    stage: _Stage
    port: int
    took: Path
    notify: ServerProcess
    smsc: ServerProcess

    def warm_up(self) -> None:
        """Return once a first message has gone the whole way."""
        self.commit([slot(self.stage.fleet.take(1)[0], datetime.now(UTC))])
        self.wait_until_settled(1)

    def commit(self, messages: Sequence[Outgoing]) -> float:
        """Write messages in one transaction; returns when it was committed, epoch seconds."""
        with self.stage.conn.transaction():
            queue_messages(self.stage.conn, messages, site=SITE, now=datetime.now(UTC))
        return time.time()

    def wait_until_settled(self, least: int = 0) -> None:
        """Return once nothing waits and the SMSC took at least so many."""
        deadline = time.monotonic() + _LONGEST_S
        while time.monotonic() < deadline:
            for process in (self.notify, self.smsc):
                if process.has_ended():
                    raise FlowctlError(f"A process has ended. It said:\n{process.log_tail()}")
            [(waiting,)] = self.stage.conn.execute(
                "select count(*) from outbox where state = 'waiting'"
            ).fetchall()
            if not waiting and len(read_taken(self.took)) >= least:
                return
            time.sleep(_POLL_S)
        raise FlowctlError(f"Messages still waited after {_LONGEST_S:.0f} s.")


def run_notify_bench(*, messages: int, seconds: float, seed: int, tell: Tell) -> NotifyFigures:
    """Run the three phases.

    Raises
    ------
    FlowctlError
        The SMSC's library is not installed, or a process does not come up or ends.
    """
    if importlib.util.find_spec("smpp34") is None:
        raise FlowctlError(
            "The SMSC of this bench needs smpp34, which only developers have: install"
            " requirements-dev.txt."
        )
    load_before = os.getloadavg()[0]
    steady = max(2, round(seconds / _STEADY_EVERY_S)) * _STEADY_AT_ONCE
    with tempfile.TemporaryDirectory(prefix="flowctl-bench-") as name, ExitStack() as stack:
        home = Path(name)
        home.chmod(0o711)
        tell("starting PostgreSQL")
        store = stack.enter_context(start_postgres(home))
        settings = Settings(database_url=store.url, demo=True)
        migrate(store.url, store.owner_url)
        conn = stack.enter_context(psycopg.connect(store.url, autocommit=True))
        where = data_dir() / "sites" / SITE
        save_site(conn, read_source(where), where=str(where), now=datetime.now(UTC))
        fleet = make_fleet(
            conn, derive_keys(settings.secret, settings.old_secrets), steady + 2 * messages + 3
        )
        stage = _Stage(home, settings, conn, fleet, tell)
        waits = _steady(stage, steady)
        per_s, cpu_s, bare = _retime(stage, messages)
        faulty = _faulty(stage, messages, seed)
    p50, p95, p99 = (round(float(s), 4) for s in np.percentile(waits, [50, 95, 99]))
    return NotifyFigures(
        steady=len(waits),
        p50_s=p50,
        p95_s=p95,
        p99_s=p99,
        retimed=messages,
        per_s=round(per_s, 1),
        bare_per_s=round(bare, 1),
        ratio=round(per_s / bare, 3),
        cpu_s=round(cpu_s, 2),
        load_before=round(load_before, 2),
        **faulty,
    )


def _steady(stage: _Stage, count: int) -> list[float]:
    """Commit a few messages twice a second; returns how long each took to be taken, seconds."""
    stage.tell(f"steady traffic: {count} messages")
    committed: dict[str, float] = {}
    with stage.sending("steady", Faults(), 1) as line:
        for _ in range(count // _STEADY_AT_ONCE):
            trips = stage.fleet.take(_STEADY_AT_ONCE)
            at = line.commit([slot(trip, datetime.now(UTC)) for trip in trips])
            committed |= {stage.fleet.phones[trip]: at for trip in trips}
            time.sleep(_STEADY_EVERY_S)
        line.wait_until_settled(count + 1)
        return [
            # What was taken before the commit returned waited for no time.
            max(0.0, taken.at - committed[taken.to])
            for taken in read_taken(line.took)
            if taken.to in committed
        ]


def _retime(stage: _Stage, count: int) -> tuple[float, float, float]:
    """Commit all at once; returns messages a second, CPU seconds, and the bare loop's rate."""
    stage.tell(f"mass re-time: {count} messages")
    with stage.sending("retime", Faults(), 1) as line:
        trips = stage.fleet.take(count)
        before = use_of({"notify": line.notify.pid})["notify"].cpu_s
        at = line.commit([slot(trip, datetime.now(UTC), kind="slot_changed") for trip in trips])
        line.wait_until_settled(count + 1)
        cpu_s = use_of({"notify": line.notify.pid})["notify"].cpu_s - before
        took = read_taken(line.took)
        per_s = count / (max(taken.at for taken in took) - at)
        stage.tell("the same by a bare loop")
        bare = asyncio.run(_bare_loop(line.port, took[-count:]))
    return per_s, cpu_s, bare


async def _bare_loop(port: int, took: Sequence[Taken]) -> float:
    """Submit the same texts by smpp34's client; returns how many were taken a second."""
    import smpp34  # noqa: PLC0415 - a developer's, and looked for before

    client = smpp34.Client("127.0.0.1", port, "bench", "bench", window_size=_WINDOW)
    session = await client.connect()
    texts = iter(took)

    async def submit() -> None:
        for one in texts:
            answer = await session.submit_sm(
                one.to, one.text.encode("latin-1"), source_addr="FLOWCTL", registered_delivery=1
            )
            if not answer.is_success:
                raise FlowctlError(f"The bare loop was refused: {answer.command_status}.")

    began = time.perf_counter()
    await asyncio.gather(*(submit() for _ in range(_WINDOW)))
    passed = time.perf_counter() - began
    await client.stop()
    return len(took) / passed


def _faulty(stage: _Stage, count: int, seed: int) -> dict[str, Any]:
    """Send through an SMSC that errs; some messages expire on their way, some are overtaken."""
    stage.tell(f"an SMSC that errs: {count} messages")
    draws = np.random.default_rng([seed, 4])
    with stage.sending("faulty", _FAULTS, seed) as line:
        warm = stage.conn.execute("select coalesce(max(id), 0) from outbox").fetchall()[0][0]
        trips = stage.fleet.take(count)
        began, now = time.monotonic(), datetime.now(UTC)
        ends = np.where(draws.random(count) < _ENDING, draws.uniform(0.5, 3.0, count), 7200.0)
        line.commit(
            [
                slot(trip, now, until=now + timedelta(seconds=float(s)))
                for trip, s in zip(trips, ends, strict=True)
            ]
        )
        taken_back: dict[str, float] = {}
        for some in np.array_split(draws.permutation(trips)[: count // 10], 5):
            time.sleep(0.4)
            at = line.commit([cancelled(int(trip)) for trip in some])
            taken_back |= {stage.fleet.phones[int(trip)]: at for trip in some}
        line.wait_until_settled()
        passed = time.monotonic() - began
        time.sleep(_LOOK_S)  # the last receipts
        took = [one for one in read_taken(line.took) if one.reference > warm]
        return {**_judge(stage, took, warm, taken_back), "faulty_s": round(passed, 1)}


def _judge(
    stage: _Stage, took: Sequence[Taken], warm: int, taken_back: dict[str, float]
) -> dict[str, int]:
    """Compare what the SMSC took with what the outbox says."""
    rows = stage.conn.execute(
        "select o.id, o.trip_id, o.kind, o.state, extract(epoch from o.expires_at)::float8,"
        " d.delivery from outbox o"
        " left join lateral (select delivery from message_delivery where message_id = o.id) d"
        " on true where o.id > %s",
        [warm],
    ).fetchall()
    first = {one.reference: one for one in reversed(took) if not one.again}
    fresh = Counter((one.to, one.text) for one in took if not one.again)
    stale = lost = 0
    for message, trip, kind, state, expires_at, _ in rows:
        arrived = first.get(message)
        if arrived is None:
            lost += state in ("sent", "waiting", "dead")
            continue
        ends = [] if expires_at is None else [expires_at]
        if kind != "cancelled" and stage.fleet.phones[trip] in taken_back:
            ends.append(taken_back[stage.fleet.phones[trip]] + _LOOK_S)
        if ends and arrived.at >= min(ends):
            stale += 1
            stage.tell(f"message {message} arrived {arrived.at - min(ends):.3f} s after its end")
    states = Counter(row[3] for row in rows)
    return {
        "messages": len(rows),
        "lost": lost,
        "doubled": sum(n - 1 for n in fresh.values()),
        "stale": stale,
        "repeated": sum(one.again for one in took),
        "superseded": states["superseded"],
        "expired": states["expired"],
        "delivered": sum(row[5] == "delivered" for row in rows),
    }


def _start(home: Path, arguments: Sequence[str], given: dict[str, str]) -> ServerProcess:
    home.mkdir()
    lock = DirectoryLock(home)
    try:
        return ServerProcess(
            [sys.executable, *arguments],
            lock=lock,
            log=home / "log",
            user=None,
            env={**os.environ, **given},
        )
    finally:
        lock.close()


def table(figures: NotifyFigures) -> Table:
    """Return the figures for people."""
    shown = Table("Messages to drivers", "", title="flowctl bench notify")
    for name, value in figures.as_json().items():
        shown.add_row(name, f"{value:,}")
    return shown
