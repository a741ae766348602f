"""The demo: stores, processes and a real day, from one command; and what the day came to."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import redis
from rich.console import Console
from rich.live import Live
from rich.text import Text

from flowctl.clock import ClockWriter
from flowctl.data_files import data_dir
from flowctl.days import load_day
from flowctl.embedded import start_postgres, start_valkey
from flowctl.errors import FlowctlError
from flowctl.local import (
    SETTINGS_FILE,
    LocalSystem,
    Practised,
    describe_desks,
    fresh_database,
    in_database,
    list_accounts,
    local_system,
    refuse_taken_port,
)
from flowctl.policy_file import approved_at_speed
from flowctl.registry.accounts import Agency
from flowctl.scenarios.scenario import Scenario
from flowctl.site_files import SiteSource, read_source
from flowctl.storage.day_report import day_report
from flowctl.storage.heartbeats import find_beat
from flowctl.storage.leases import list_positions
from flowctl.storage.partitions import describe_level
from flowctl.storage.roles import describe_guard
from flowctl.telemetry import stream
from flowctl.telemetry.fixes import PARTITIONS
from simulations.agencies import Agencies
from simulations.demand import Demand
from simulations.engine import run
from simulations.metrics import measure
from simulations.player import Inbox, Pace, Player, play
from simulations.world import World

HEADLESS_STEP = timedelta(seconds=60)
SHOWN_STEP = timedelta(seconds=15)
SHOWN_FROM = timedelta(hours=6, minutes=30)
"""Local hour from which somebody who watches wants to see the day at its speed."""

DRAIN_WAIT_S = 60.0
_DATABASE = "flowctl_demo"
_POLL_S = 0.05
_STOPS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the demo is asked for; ``by_hand`` are the desks that are left to people."""

    day: str
    port: int
    speed: float
    headless: bool
    state_dir: Path
    seed: int
    by_hand: frozenset[Agency] = frozenset()


@dataclass(slots=True)
class Watch:
    """Sees whether the system keeps up, and what it has done so far."""

    conn: psycopg.Connection[Any]
    store: "redis.Redis"
    system: LocalSystem

    def keeps_up(self, moment: datetime) -> bool:
        """Tell whether positions are stored, decisions made and messages sent up to ``moment``."""
        self.system.check()
        for process in ("controller", "notify"):
            done = find_beat(self.conn, process)
            if done is None or done < moment - self._allowed(process):
                return False
        return self.is_drained()

    def _allowed(self, process: str) -> timedelta:
        """Return how far behind a process may be: a controller works at its own interval."""
        rules = self.system.site.dispatch
        return timedelta(seconds=rules.meter_interval_s if process == "controller" else 0)

    def is_drained(self) -> bool:
        """Tell whether every stream entry is stored."""
        return stream.is_drained(self.store, list_positions(self.conn))


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Yield a function that tells whether Ctrl-C or a stop signal has come."""
    asked: list[int] = []
    former = {s: signal.signal(s, lambda number, _: asked.append(number)) for s in _STOPS}
    try:
        yield lambda: bool(asked)
    finally:
        for sign, handler in former.items():
            signal.signal(sign, handler)


@dataclass(frozen=True, slots=True)
class Stage:
    """A system at the beginning of a scenario's day, and who will play it."""

    scenario: Scenario
    system: LocalSystem
    clock: ClockWriter
    player: Player
    watch: Watch


@dataclass(frozen=True, slots=True)
class Cast:
    """What a stage may be given in place of what a scenario of ours has.

    ``source`` are the site's texts, ``demand`` its trucks, ``people`` enters who may sign in,
    ``practice`` is what a practice copies, ``made`` is called with the new database's address,
    ``world`` moves the trucks. Nobody is played at the desks of ``by_hand``.
    """

    database: str = _DATABASE
    source: SiteSource | None = None
    demand: Demand | None = None
    people: Callable[[psycopg.Connection[Any]], None] | None = None
    practice: Practised | None = None
    made: Callable[[str], None] | None = None
    world: type[World] = World
    by_hand: frozenset[str] = frozenset()


@contextmanager
def set_stage(
    run_dir: Path,
    scenario: Scenario,
    *,
    postgres_url: str,
    owner_url: str,
    valkey_url: str,
    port: int,
    speed: float,
    seed: int,
    cast: Cast = Cast(),
) -> Iterator[Stage]:
    """Run every process on an empty database, with domain time at the scenario's beginning.

    The streams of the store are emptied: a day is played into nothing that was there before.
    ``owner_url`` connects to the same server as ``postgres_url``, as who may make databases.
    """
    run_dir.mkdir(parents=True, exist_ok=True)
    clock_file = run_dir / "clock"
    clock = ClockWriter(clock_file, start=scenario.start, speed=speed)
    with ExitStack() as stack:
        store = stack.enter_context(redis.Redis.from_url(valkey_url))
        for partition in range(PARTITIONS):
            store.delete(stream.key(partition))
        source = cast.source or read_source(data_dir() / "sites" / scenario.site)
        made_url = fresh_database(owner_url, cast.database)
        if cast.made is not None:
            cast.made(made_url)
        system = stack.enter_context(
            local_system(
                run_dir,
                database_url=in_database(postgres_url, cast.database),
                owner_url=made_url,
                valkey_url=valkey_url,
                source=replace(source, policy=approved_at_speed(source.policy, speed)),
                port=port,
                clock_file=clock_file,
                now=scenario.start,
                people=cast.people,
                practice=cast.practice,
            )
        )
        conn = stack.enter_context(psycopg.connect(system.settings.database_url, autocommit=True))
        client = stack.enter_context(httpx.Client(base_url=system.settings.public_url, timeout=60))
        world = cast.world(scenario, system.site, seed=seed, controlled=True, demand=cast.demand)
        agencies = Agencies(system.settings.public_url, system.officers, seed, cast.by_hand)
        stack.callback(agencies.close)
        player = Player(client, system.token, Inbox(run_dir / "sms.jsonl"), world, agencies)
        yield Stage(scenario, system, clock, player, Watch(conn, store, system))


def run_demo(options: DemoOptions, console: Console) -> dict[str, Any] | None:
    """Play a day; returns what it came to, or None where it was stopped before its end.

    Raises
    ------
    FlowctlError
        The day is not there, the port is taken, a process has ended, or desks are left to people
        on a day that nobody watches.
    """
    began = time.monotonic()
    if options.headless and options.by_hand:
        raise FlowctlError(
            "A day that runs as fast as it can leaves nobody the time to sit at a desk; leave out"
            " --headless, or --by-hand."
        )
    scenario, source, _ = load_day(options.day)
    refuse_taken_port("127.0.0.1", options.port)
    if os.environ.get("FLOWCTL_VALKEY_URL"):
        raise FlowctlError(
            "FLOWCTL_VALKEY_URL names a store that may hold real positions, and the demo empties"
            " its streams; unset it, and the demo starts a store of its own."
        )
    if os.environ.get("FLOWCTL_GATEWAYS_FILE"):
        raise FlowctlError(
            "FLOWCTL_GATEWAYS_FILE names gateways to real telephones, and the demo's drivers have"
            " invented numbers; unset it, and the demo writes its messages to a file."
        )
    with ExitStack() as stack:
        stopped = stack.enter_context(interruptible())
        postgres = stack.enter_context(start_postgres(options.state_dir))
        valkey = stack.enter_context(start_valkey(options.state_dir))
        for store in (postgres, valkey):
            console.print(store.describe, style="dim", highlight=False, soft_wrap=True)
        stage = stack.enter_context(
            set_stage(
                options.state_dir / "demo",
                scenario,
                postgres_url=postgres.url,
                owner_url=postgres.owner_url,
                valkey_url=valkey.url,
                port=options.port,
                speed=options.speed,
                seed=options.seed,
                cast=Cast(source=source, by_hand=options.by_hand),
            )
        )
        for said in (describe_level(stage.watch.conn), describe_guard(stage.watch.conn)):
            console.print(said, style="dim", soft_wrap=True)
        _greet(console, stage.system, options, time.monotonic() - began)
        end = scenario.start + timedelta(days=1)
        _play(options, stage, console, end, stopped)
        if stopped():
            console.print("Stopping what was started.")
            return None
        _drain(stage.watch)
        result = _result(options, stage, end, time.monotonic() - began)
        if not options.headless:
            _stay(console, stage, end, stopped)
        return result


_PAGES = (
    ("operators", "/"),
    ("public board", "/board"),
    ("planners", "/planner"),
    ("drivers", "/d"),
    ("gate officers", "/gate"),
    ("hauliers", "/declare"),
    ("agencies", "/agency"),
    ("bulletin", "/bulletin"),
    ("people", "/people"),
)


def _greet(console: Console, system: LocalSystem, options: DemoOptions, seconds: float) -> None:
    url = system.settings.public_url
    console.print(f"Ready in {seconds:.1f} s.")
    for page, path in _PAGES:
        console.print(f"  {page:13} {url}{path}", highlight=False)
    for line in list_accounts(system):
        console.print(line, highlight=False, soft_wrap=True)
    for line in describe_desks(system.accounts, options.by_hand):
        console.print(line, highlight=False, soft_wrap=True)
    console.print(f"  export TOKEN={system.token}", highlight=False, soft_wrap=True)
    beside = system.settings.sms_file
    if beside is not None:
        said = f"  flowctl's commands beside it: . {beside.parent / SETTINGS_FILE}"
        console.print(said, highlight=False, soft_wrap=True)
    messages = f"  messages to drivers: {system.settings.sms_file}"
    console.print(messages, highlight=False, soft_wrap=True)


def _play(
    options: DemoOptions,
    stage: Stage,
    console: Console,
    end: datetime,
    stopped: Callable[[], bool],
) -> None:
    start = stage.scenario.start
    shown_at = end if options.headless else start + SHOWN_FROM
    parts = [(start, shown_at, Pace(HEADLESS_STEP, None))]
    if shown_at < end:
        parts.append((shown_at, end, Pace(SHOWN_STEP, options.speed)))
    began = time.monotonic()
    with Live(console=console, refresh_per_second=4, transient=True) as live:

        def progress(at: datetime) -> None:
            local = at.astimezone(stage.system.site.timezone)
            speed = (at - start).total_seconds() / max(time.monotonic() - began, 1e-3)
            gates = [_gate_line(gate, n) for gate, n in stage.player.truth.items()]
            head = f"{local:%Y-%m-%d %H:%M} · {speed:.0f}× · {stage.player.fixes_posted:,} fixes"
            live.update(Text("\n".join([head, *gates])))

        for begins, ends, pace in parts:
            play(
                stage.player,
                stage.clock,
                start=begins,
                end=ends,
                pace=pace,
                keeps_up=stage.watch.keeps_up,
                stopped=stopped,
                progress=progress,
            )


def _gate_line(gate: str, counts: Mapping[str, int]) -> str:
    return (
        f"{gate}: {counts['in_yard']} in yard, {counts['in_transit']} on the way,"
        f" {counts['queued']} queued, {counts['cleared_export']}/{counts['cleared_import']} cleared"
    )


def _drain(watch: Watch) -> None:
    """Wait until nothing that was posted is still on its way."""
    deadline = time.monotonic() + DRAIN_WAIT_S
    while not watch.is_drained():
        watch.system.check()
        if time.monotonic() > deadline:
            raise FlowctlError(
                f"Positions were still not stored {DRAIN_WAIT_S:.0f} s after the day."
            )
        time.sleep(_POLL_S)


def _stay(console: Console, stage: Stage, end: datetime, stopped: Callable[[], bool]) -> None:
    """Keep the pages up behind the end of the day until somebody stops the demo."""
    console.print("The day has been played; the pages stay up until Ctrl-C.")
    local = end.astimezone(stage.system.site.timezone)
    console.print(f"The clock stands at {local:%Y-%m-%d %H:%M}; nothing is decided any more.")
    stage.clock.set(at=end, until=end)
    while not stopped():
        stage.watch.system.check()
        time.sleep(_POLL_S * 10)
    console.print("Stopping what was started.")


def _result(options: DemoOptions, stage: Stage, end: datetime, seconds: float) -> dict[str, Any]:
    scenario, system, player = stage.scenario, stage.system, stage.player
    report = day_report(
        stage.watch.conn, system.site, start=scenario.start, end=end, at_20=scenario.closes
    )
    without = measure(run(scenario, system.site, policy="none", seed=options.seed))
    true = measure(player.world.records())
    wait_s, without_s = report.gate_wait_mean_s, without.gate_wait_mean_s
    # Where nobody sat at a desk that was left to people no truck may have come as far as the gate.
    if without_s is None or (wait_s is None and not options.by_hand):
        raise FlowctlError("No truck was seen to pass a gate, so there is no wait to report.")
    stored = {"fixes_stored": report.fixes_stored, "fixes_set_aside": report.fixes_set_aside}
    return {
        "day": options.day,
        "fixes_posted": player.fixes_posted,
        **stored,
        "fixes_lost": player.fixes_posted - sum(stored.values()),
        **{
            name: value
            for name, value in asdict(report).items()
            if name not in {"fixes_stored", "fixes_set_aside"}
        },
        "without_control": {
            "gate_wait_mean_s": round(without_s, 1),
            "queue_max": without.queue_max,
        },
        "truth": {
            "gate_wait_mean_s": None
            if true.gate_wait_mean_s is None
            else round(true.gate_wait_mean_s, 1),
            "queue_max": true.queue_max,
            "cleared": true.cleared,
        },
        # A day of so few trucks that nobody waits has nothing to cut.
        "gate_wait_cut": None
        if wait_s is None or without_s == 0
        else round(1 - wait_s / without_s, 4),
        "seconds": round(seconds, 1),
    }
