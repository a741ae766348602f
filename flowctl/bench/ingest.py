"""``flowctl bench ingest``: a country's trucks against this machine, and raw COPY beside it."""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

from flowctl.bench.bodies import Format
from flowctl.bench.copy_rate import CopyRate, measure_copy
from flowctl.bench.counting import Tally, rows_a_transaction, tally
from flowctl.bench.figures import Conditions, Disk, Figures, megabytes
from flowctl.bench.ledger import read_ledger
from flowctl.bench.load import LoadSpec, LoadState
from flowctl.bench.load_process import LoadProcess, posting
from flowctl.bench.machine import POSTGRES, SITE, VALKEY, Layout, Machine, running_machine
from flowctl.bench.usage import Sampler, Usage, use_of
from flowctl.bench.watching import VisitWatch, drain
from flowctl.errors import FlowctlError
from flowctl.storage.outcomes import StoreCount, total_outcomes

LEGAL_PERIOD_S = 10.0
"""A moving truck reports this often at most by QCVN 31:2014/BGTVT, the rule for its tracker."""
DRAIN_WAIT_S = 900.0
_MOST_RATE = 300_000.0
"""No closed loop is thought to be faster: decides how far back its trucks' time begins."""
_LONGEST_BACK_S = 5 * 86_400.0  # within the lateness limit
_POLL_S = 0.2
_POSTER = "load generator"

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """What is asked for; ``rate`` 0 is as fast as posts are acknowledged."""

    rate: float
    seconds: float
    batch: int
    trucks: int
    format: Format
    protocol: str
    workers: int
    apis: int
    connections: int
    seed: int


def run_bench(options: BenchOptions, tell: Tell) -> Figures:
    """Start everything, post, drain, count, copy; returns the figures.

    Raises
    ------
    FlowctlError
        A part does not come up or ends, a post is refused, or the backlog does not drain.
    """
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="flowctl-bench-") as name:
        home = Path(name)
        tell("starting PostgreSQL, Valkey and flowctl")
        layout = Layout(options.apis, options.workers)
        with running_machine(home, layout, trucks=options.trucks) as machine:
            run = _run(options, machine, tell)
            tell("counting what is stored")
            count = _count(run, machine)
            for process in (*machine.apis, *machine.workers):
                machine.stop(process)
            load_after = os.getloadavg()[0]
            url = machine.settings.database_url
            batch = _batch(url)
            disk = _disk(machine, url)
            raw = measure_copy(
                machine.stores[POSTGRES].owner_url,
                batch=batch,
                cpu_s=lambda: _cpu_s(machine),
                progress=lambda n: tell(f"raw COPY: {n:,} rows copied"),
            )
    cores = len(os.sched_getaffinity(0))
    conditions = Conditions(cores, round(load_before, 2), round(load_after, 2))
    return _figures(options, run, count, raw, batch, disk, conditions)


@dataclass(frozen=True, slots=True)
class _Run:
    """What was posted and seen until everything was stored."""

    spec: LoadSpec
    state: LoadState
    visits: VisitWatch
    usage: dict[str, Usage]
    stored_at: float


def _run(options: BenchOptions, machine: Machine, tell: Tell) -> _Run:
    spec = _spec(options, machine)
    settings = machine.settings
    visits = VisitWatch(settings.database_url)
    with posting(spec, machine.home) as load:

        def roots() -> dict[str, int]:
            pids = {name: server.pid for name, server in machine.servers().items()}
            return {**pids, _POSTER: load.process.pid}

        sampler = Sampler(roots)
        with visits.running(), sampler.running():
            state = _follow(load, machine, tell)
            tell("draining")
            stored_at = drain(settings.database_url, settings.valkey_url, within_s=DRAIN_WAIT_S)
    return _Run(spec, state, visits, sampler.usage(), stored_at)


def _follow(load: LoadProcess, machine: Machine, tell: Tell) -> LoadState:
    """Wait for the end of the load, and see to it that everything else goes on."""
    while load.process.poll() is None:
        machine.check()
        state = load.state
        seconds = max(time.time() - state.first_post_at, 1e-3)
        if state.posts:
            tell(f"posting: {state.fixes:,} acknowledged, {state.fixes / seconds:,.0f} a second")
        time.sleep(_POLL_S)
    return load.wait()


def _spec(options: BenchOptions, machine: Machine) -> LoadSpec:
    period_s, back_s = LEGAL_PERIOD_S, 0.0
    if options.rate > 0:
        period_s = options.trucks / options.rate
    else:
        # The faster the posts are acknowledged, the faster the trucks' time runs.
        laps = _MOST_RATE * options.seconds / options.trucks
        period_s = min(period_s, _LONGEST_BACK_S / laps)
        back_s = laps * period_s
    return LoadSpec(
        trucks=options.trucks,
        period_s=period_s,
        block=options.batch if options.protocol == "fixes" else 1_000,
        seed=options.seed,
        start_ms=int((time.time() - back_s) * 1e3),
        site=str(SITE),
        protocol=options.protocol,
        format=options.format,
        addresses=machine.addresses,
        token=machine.token,
        rate=options.rate,
        seconds=options.seconds,
        connections=options.connections,
        ledger=str(machine.home / "ledger"),
    )


def _count(run: _Run, machine: Machine) -> tuple[Tally, StoreCount]:
    entries, _ = read_ledger(Path(run.spec.ledger))
    with psycopg.connect(machine.settings.database_url) as conn:
        return tally(conn, run.spec.blocks(), entries), total_outcomes(conn)


def _cpu_s(machine: Machine) -> float:
    """Return the processor time of the database and of this process so far."""
    pids = {POSTGRES: machine.servers()[POSTGRES].pid}
    return use_of(pids)[POSTGRES].cpu_s + time.process_time()


def _batch(database_url: str) -> int:
    with psycopg.connect(database_url) as conn:
        return rows_a_transaction(conn)


def _disk(machine: Machine, database_url: str) -> Disk:
    with psycopg.connect(database_url) as conn:
        row = conn.execute("select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint").fetchone()
    if row is None:
        raise FlowctlError("The database does not say how much log it has written.")
    log = next(path for path in machine.home.glob("*/data/pg_wal"))
    return Disk(
        megabytes(log.parent.resolve()),
        round(int(row[0]) / 1e6, 1),
        megabytes(machine.home / VALKEY),
    )


def _figures(
    options: BenchOptions,
    run: _Run,
    count: tuple[Tally, StoreCount],
    raw: CopyRate | None,
    batch: int,
    disk: Disk,
    conditions: Conditions,
) -> Figures:
    state, (kept, counters) = run.state, count
    seconds = run.stored_at - state.first_post_at
    posting_s = max(state.last_yes_at - state.first_post_at, 1e-3)
    p50, p95, p99 = run.visits.percentiles()
    answers = state.answer_s or (0.0, 0.0, 0.0)
    rate = kept.stored / seconds
    return Figures(
        fixes_per_s=round(rate, 1),
        raw_copy_per_s=None if raw is None else round(raw.per_s, 1),
        ratio=None if raw is None else round(rate / raw.per_s, 4),
        fixes_per_cpu_s=round(kept.stored / sum(use.cpu_s for use in run.usage.values()), 1),
        raw_copy_per_cpu_s=None if raw is None else round(raw.per_cpu_s, 1),
        lost=kept.lost,
        duplicated=kept.twice + max(0, counters.stored - kept.stored),
        # Only a post without an answer, tried again, may count its fixes as doubles once more.
        miscounted=counters.stored + counters.duplicate + counters.set_aside - state.fixes,
        p50_s=p50,
        p95_s=p95,
        p99_s=p99,
        sight_gap_s=round(run.visits.gap_s, 3),
        visits=len(run.visits.delays_s),
        fixes=kept.stored,
        posts=state.posts,
        acknowledged_per_s=round(state.fixes / posting_s, 1),
        requests_per_s=round(state.posts / posting_s, 1),
        answer_p50_s=answers[0],
        answer_p95_s=answers[1],
        answer_p99_s=answers[2],
        refused=state.refused,
        broken=state.broken,
        seconds=round(seconds, 2),
        drain_s=round(run.stored_at - state.last_yes_at, 2),
        most_behind_s=round(state.most_behind_s, 3),
        rows_a_transaction=batch,
        processes=run.usage,
        disk=disk,
        machine=conditions,
        options=asdict(options),
    )
