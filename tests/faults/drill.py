"""A whole drill: real processes under load, kills, outages, and a count of all at the end."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from faults import outages
from faults.audit import Audit
from faults.calm import calm_visits, visits_of, write_difference
from faults.kills import kill_at_random
from faults.small_disk import lay_tables_on, obstacle, small_disk
from faults.supervisor import Supervisor

from flowctl.bench.bodies import Format
from flowctl.bench.load import LoadSpec
from flowctl.bench.load_process import LoadProcess, posting
from flowctl.bench.machine import SITE, Layout, Machine, running_machine
from flowctl.clock import ClockWriter
from flowctl.errors import FlowctlError

TRUCKS, ZONE_TRUCKS = 2_000, 500
_ENDLESS_S = 3_600.0
_ABANDONS = 0.02
_FAR = timedelta(days=365)


@dataclass(frozen=True)
class Plan:
    """How long and how hard a drill is; durations in seconds."""

    kills: int = 52
    rate: float = 800.0
    database_away_s: float = 300.0
    store_away_s: float = 10.0
    paused_s: float = 15.0
    disk_full_s: float = 15.0
    clock_back_s: float = 15.0
    move_s: float = 10.0
    """Within this time somebody else has a dead or paused worker's partitions."""
    seed: int = 1


SHORT = Plan(
    kills=8,
    rate=600.0,
    database_away_s=12.0,
    store_away_s=2.0,
    disk_full_s=3.0,
    clock_back_s=3.0,
    move_s=25.0,
)
"""Every kind of failure once or twice, for the tests, on a machine that may be busy with others."""


@dataclass
class Drill:
    """What the parts of a drill work on, and what they have found."""

    machine: Machine
    supervisor: Supervisor
    load: LoadProcess
    load_rate: float
    move_s: float
    audit: Audit
    clock: ClockWriter
    disk: Path | None
    tell: Callable[[str], None]
    kills: int = 0
    failures: list[str] = field(default_factory=list)

    def fail(self, sentence: str) -> None:
        """Note what should not have happened; the drill goes on."""
        self.failures.append(sentence)
        self.tell(f"FAILED: {sentence}")

    def count_after(self, what: str) -> None:
        """Count what was acknowledged by now."""
        acknowledged, lost, twice = self.audit.count(within_s=outages.SETTLE_S)
        self.tell(f"after {what}: of {acknowledged:,} fixes {lost} lost, {twice} twice")
        if lost or twice:
            self.fail(f"after {what} {lost} fixes are lost, {twice} stored twice")


@dataclass(frozen=True)
class Outcome:
    """What a drill came to; ``visits`` is how many both evaluations agree on."""

    kills: int
    lost: int
    duplicated: int
    visits: int
    failures: tuple[str, ...]

    @property
    def last_line(self) -> str:
        return f"kills {self.kills} lost {self.lost} duplicated {self.duplicated}"

    @property
    def passed(self) -> bool:
        return not (self.lost or self.duplicated or self.failures)


def run_drill(plan: Plan, tell: Callable[[str], None]) -> Outcome:
    """Run a drill; everything it starts is ended again."""
    with _stage(plan, tell) as drill:
        tell(f"{plan.rate:,.0f} fixes a second are posted to two API processes")
        kill_at_random(drill, plan.kills, seed=plan.seed)
        outages.worker_dead(drill)
        outages.worker_paused(drill, for_s=plan.paused_s)
        outages.valkey_away(drill, for_s=plan.store_away_s)
        outages.stream_full(drill, for_s=plan.store_away_s)
        outages.disk_full(drill, for_s=plan.disk_full_s)
        outages.clock_set_back(drill, for_s=plan.clock_back_s)
        outages.postgres_away(drill, for_s=plan.database_away_s)
        return _conclude(drill)


@contextmanager
def _stage(plan: Plan, tell: Callable[[str], None]) -> Iterator[Drill]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="flowctl-faults-")))
        home.chmod(0o711)
        disk = None if obstacle() else stack.enter_context(small_disk(home / "small"))

        def before(url: str) -> None:
            if disk is not None:
                lay_tables_on(disk, url)

        now = datetime.now(UTC)
        clock = ClockWriter(home / "clock", start=now, speed=1.0)
        clock.set(at=now, until=now + _FAR)
        layout = Layout(apis=2, workers=2, clock_file=home / "clock")
        machine = stack.enter_context(running_machine(home, layout, trucks=TRUCKS, before=before))
        spec = _spec(plan, machine)
        audit = Audit(spec.blocks(), Path(spec.ledger), machine.settings)
        load = stack.enter_context(posting(spec, home))
        supervisor = Supervisor(machine)
        stack.enter_context(supervisor.running())
        yield Drill(machine, supervisor, load, plan.rate, plan.move_s, audit, clock, disk, tell)


def _spec(plan: Plan, machine: Machine) -> LoadSpec:
    return LoadSpec(
        trucks=TRUCKS,
        period_s=TRUCKS / plan.rate,
        block=100,
        seed=plan.seed,
        start_ms=int(time.time() * 1e3),
        site=str(SITE),
        protocol="fixes",
        format=Format.JSON,
        addresses=machine.addresses,
        token=machine.token,
        rate=plan.rate,
        seconds=_ENDLESS_S,
        connections=16,
        ledger=str(machine.home / "ledger"),
        zone_trucks=ZONE_TRUCKS,
        abandons=_ABANDONS,
    )


def _conclude(drill: Drill) -> Outcome:
    """End the load and compare everything."""
    drill.load.stop()
    state = drill.load.wait(outages.SETTLE_S)
    drill.audit.settle(within_s=outages.SETTLE_S)
    found, overcounted = drill.audit.whole()
    drill.tell(
        f"{found.acknowledged:,} fixes acknowledged, {found.abandoned:,} given up unacknowledged,"
        f" {found.stored:,} stored; {state.refused:,} posts told to come again, {state.broken:,}"
        f" unanswered; ended by themselves: {dict(drill.supervisor.ended_by_themselves) or 'none'}"
    )
    if found.unknown:
        drill.fail(f"{found.unknown} fixes are stored that nobody sent")
    if drill.supervisor.failure is not None:
        drill.fail(f"a part could not be started again: {drill.supervisor.failure}")
    duplicated = found.twice + max(0, overcounted)
    agreed = _compare_visits(drill)
    return Outcome(drill.kills, found.lost, duplicated, agreed, tuple(drill.failures))


def _compare_visits(drill: Drill) -> int:
    """Return how many visits there are with and without the faults; a difference is a failure."""
    drill.tell("the same fixes once more, in order and undisturbed")
    drill.supervisor.stop()
    with psycopg.connect(drill.machine.settings.database_url) as conn:
        found = visits_of(conn)
    expected = calm_visits(drill.machine)
    drill.tell(f"{len(found):,} visits, {len(expected):,} undisturbed")
    if found != expected:
        path = Path(tempfile.gettempdir()) / "flowctl-faults-visits.txt"
        write_difference(found, expected, path)
        drill.fail(f"{len(found ^ expected)} visits differ from the undisturbed ones: see {path}")
    if not found:
        raise FlowctlError("No truck visited a zone, so that the drill shows nothing of visits.")
    return len(found & expected)
