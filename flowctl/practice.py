"""A practice: a copy of a real day on the real programs, where nothing anybody does is real.

The day's own trucks come at their own times; from there on simulated drivers follow the call-ups
they get, so that trainees' acts have their effect. Database and position store are the practice's
own, accounts are copied so that everybody signs in as always, messages go to a file.
"""

import secrets
import shutil
import time as wall
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console
from rich.live import Live
from rich.text import Text

from flowctl import practice_copy
from flowctl.clock import clock
from flowctl.closures import Closure
from flowctl.data_files import data_dir
from flowctl.demo import HEADLESS_STEP, SHOWN_STEP, Cast, Stage, interruptible, set_stage
from flowctl.embedded import remove_stores, start_postgres, start_valkey
from flowctl.errors import FlowctlError
from flowctl.local import Practised, in_database, list_accounts, refuse_taken_port
from flowctl.practice_copy import Copy, read_copy
from flowctl.practice_keys import Tempo, keys_of_terminal, pressed
from flowctl.practice_report import (
    answered,
    as_json,
    comparison,
    described,
    list_acts,
    list_answers,
    shift_figures,
)
from flowctl.settings import Settings
from flowctl.storage.account_copies import insert_account_copies
from flowctl.storage.closures import add_closure, open_site
from flowctl.storage.recorded_day import read_day
from simulations.player import Pace, play
from simulations.recorded import RecordedScenario, recorded_scenario

_STEP_WALL_S = 1.5
"""So long at most nobody is heard: a key, Ctrl-C, or an act that closes a gate."""

_POLL_S = 0.1
_YESTERDAY = "practice"  # who enters what was closed that day: no account has this signature


@dataclass(frozen=True, slots=True)
class PracticeOptions:
    """What a practice is asked for; ``day`` None is yesterday, ``begins`` a local hour of it.

    ``beside``: its database lies on the deployment's own server, not on one that it starts.
    ``keep``: the servers it started leave their empty data behind, for a quicker next start.
    """

    day: date | None
    begins: time
    speed: float
    port: int
    state_dir: Path
    beside: bool = False
    keep: bool = False


@dataclass(slots=True)
class _Run:
    """A stage, what is still to be entered there, and how fast it is played."""

    stage: Stage
    conn: psycopg.Connection[Any]
    tempo: Tempo
    stopped: Callable[[], bool]
    closures: list[Closure]
    said: list[str] = field(default_factory=list)
    at: datetime = field(init=False)

    def __post_init__(self) -> None:
        """Begin where the day begins."""
        self.at = self.stage.scenario.start

    def play_until(self, end: datetime, pace: Pace, progress: Callable[[datetime], None]) -> None:
        """Play on to ``end``, with what was closed that day and what anybody closes now."""
        self._enter_closures()
        site = open_site(self.conn, self.stage.system.site, self.at)
        world = self.stage.player.world
        if site.gates != world.true_site.gates:
            world.set_site(site)
        play(
            self.stage.player,
            self.stage.clock,
            start=self.at,
            end=end,
            pace=pace,
            keeps_up=self.stage.watch.keeps_up,
            stopped=self.stopped,
            progress=progress,
        )
        self.at = end

    def _enter_closures(self) -> None:
        while self.closures and _entered_at(self.closures[0]) <= self.at:
            one = self.closures.pop(0)
            if one.ends_at is not None and one.ends_at <= self.at:
                continue
            try:
                with self.conn.transaction():
                    add_closure(
                        self.conn,
                        self.stage.system.site,
                        gate=one.gate,
                        starts_at=max(one.starts_at, self.at),
                        ends_at=one.ends_at,
                        places_left=one.places_left,
                        reason=one.reason,
                        actor=_YESTERDAY,
                        now=self.at,
                    )
            except FlowctlError as error:  # a trainee has closed there already
                self.said.append(f"A closure of that day was not entered: {error}")


def run_practice(settings: Settings, options: PracticeOptions, console: Console) -> dict[str, Any]:
    """Run a practice until the day or the patience is over; returns what the shift came to.

    Raises
    ------
    FlowctlError
        Nothing is stored of the day, the databases are one, the port is taken, a process has ended.
    """
    refuse_taken_port("127.0.0.1", options.port)
    copy = read_copy(settings, options.day, now=clock(settings.clock_file).now())
    seed = secrets.randbits(63)  # who knew it could tell the true plates
    recorded = recorded_scenario(copy.day, copy.site, data_dir() / "practice.toml", seed=seed)
    day = recorded.scenario.day
    begins = datetime.combine(day, options.begins, copy.site.timezone).astimezone(UTC)
    with ExitStack() as stack:
        stack.callback(_leave, options, console)
        stopped = stack.enter_context(interruptible())
        stage = stack.enter_context(_stage(settings, options, copy, recorded, seed=seed))
        conn = stack.enter_context(
            psycopg.connect(stage.system.settings.database_url, autocommit=True)
        )
        _greet(console, stage, copy, recorded, options)
        run = _Run(
            stage,
            conn,
            Tempo(options.speed),
            stopped,
            closures=sorted(copy.day.closures, key=_entered_at),
        )
        _play(run, console, begins)
        return _report(run, copy, begins, console)


@contextmanager
def _stage(
    settings: Settings,
    options: PracticeOptions,
    copy: Copy,
    recorded: RecordedScenario,
    *,
    seed: int,
) -> Iterator[Stage]:
    """Set the stage on a database of its own, and remove all that was stored there at the end."""
    run_dir = options.state_dir / "run"
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, run_dir, ignore_errors=True)
        if options.beside:
            url, owner_url = settings.database_url, settings.owner_url or settings.database_url
        else:
            postgres = stack.enter_context(start_postgres(options.state_dir, own=True))
            url, owner_url = postgres.url, postgres.owner_url
        valkey = stack.enter_context(start_valkey(options.state_dir, own=True))
        practice_copy.refuse_foreign_database(owner_url)
        stack.callback(practice_copy.drop_database, owner_url)
        cast = Cast(
            database=practice_copy.DATABASE,
            source=copy.source,
            demand=recorded.demand,
            people=partial(insert_account_copies, copies=copy.accounts) if copy.accounts else None,
            practice=Practised(recorded.scenario.day, options.begins, options.speed),
            made=practice_copy.mark_database,
        )
        yield stack.enter_context(
            set_stage(
                run_dir,
                recorded.scenario,
                postgres_url=url,
                owner_url=in_database(owner_url, "postgres"),
                valkey_url=valkey.url,
                port=options.port,
                speed=options.speed,
                seed=seed,
                cast=cast,
            )
        )


def _entered_at(closure: Closure) -> datetime:
    """Return when a closure was known, as far as its row tells: it keeps the last change only."""
    return min(closure.starts_at, closure.changed_at)


def _play(run: _Run, console: Console, begins: datetime) -> None:
    """Play the day: to ``begins`` as fast as it goes, then as its trainers say."""
    end = run.stage.scenario.start + timedelta(days=1)
    with keys_of_terminal() as keys, Live(console=console, transient=True) as live:

        def show(at: datetime) -> None:
            local = at.astimezone(run.stage.system.site.timezone)
            how = "stands" if run.tempo.paused else f"{run.tempo.speed:g}×"
            head = f"{local:%Y-%m-%d %H:%M:%S} · {how}"
            hint = "space: stop and go on · + and -: speed · Ctrl-C: end" if keys else ""
            live.update(Text("\n".join([head, hint, *run.said[-3:]])))

        while run.at < begins and not run.stopped():
            run.play_until(min(run.at + HEADLESS_STEP, begins), Pace(HEADLESS_STEP, None), show)
        while run.at < end and not run.stopped():
            _take_keys(run.tempo, keys)
            if run.tempo.paused:
                run.stage.clock.set(at=run.at, until=run.at)
                show(run.at)
                wall.sleep(_POLL_S)
                continue
            speed = run.tempo.speed
            step = min(SHOWN_STEP, timedelta(seconds=_STEP_WALL_S * speed))
            run.stage.clock.run_at(speed)
            run.play_until(min(run.at + step, end), Pace(step, speed), show)
        while not run.stopped():
            run.stage.clock.set(at=end, until=end)
            run.stage.system.check()
            wall.sleep(_POLL_S)


def _take_keys(tempo: Tempo, keys: bool) -> None:
    for key in pressed() if keys else "":
        tempo.press(key)


def _leave(options: PracticeOptions, console: Console) -> None:
    """Remove the stores' data, or say where they stay."""
    state = options.state_dir
    if options.keep:
        console.print(
            f"Kept for a quicker start of the next: the servers' data, emptied, in {state}.",
            highlight=False,
            soft_wrap=True,
        )
        return
    remove_stores(state)
    if state.is_dir() and not any(state.iterdir()):
        state.rmdir()


def _greet(
    console: Console,
    stage: Stage,
    copy: Copy,
    recorded: RecordedScenario,
    options: PracticeOptions,
) -> None:
    url = stage.system.settings.public_url
    day = recorded.scenario.day
    exports = int((~recorded.demand.is_import).sum())
    console.print(f"PRACTICE on a copy of {day}: {url} - nothing here is real.", soft_wrap=True)
    console.print(
        f"  People begin at {options.begins:%H:%M} and the day ends at 24:00, by the gates' clocks;"
        f" the hours before are played as fast as they go, then {options.speed:g} times as fast as"
        " a clock. Ctrl-C ends it at any time and tells what was done.",
        highlight=False,
        soft_wrap=True,
    )
    console.print(
        f"  {exports} exports and {len(recorded.demand) - exports} imports of that day, at their"
        " own times and with their own time in the lane; plates and phones are invented, drivers"
        " are simulated and follow the call-ups they get.",
        soft_wrap=True,
    )
    if recorded.left_out:
        console.print(f"  {recorded.left_out} trucks are left out: no road leads to their gate.")
    if copy.accounts:
        console.print(f"  Sign in as always: {len(copy.accounts)} accounts are copied.")
    for line in list_accounts(stage.system):
        console.print(line, highlight=False, soft_wrap=True)
    console.print(
        f"  messages to drivers: {stage.system.settings.sms_file}, and nowhere else",
        highlight=False,
        soft_wrap=True,
    )


def _report(run: _Run, copy: Copy, begins: datetime, console: Console) -> dict[str, Any]:
    """Say what was practised beside what really happened in those hours.

    Where it ended before people should begin, the hours since midnight are those.
    """
    site, gates = copy.site, list(copy.site.gate_by_id)
    since, until = begins if run.at > begins else run.stage.scenario.start, run.at
    if run.at <= begins:
        console.print(
            f"Ended before {begins.astimezone(site.timezone):%H:%M}, when people begin; these are"
            " the hours since midnight.",
            highlight=False,
            soft_wrap=True,
        )
    mine = read_day(run.conn, site.id, since=copy.day.since, until=copy.day.until)
    practised = shift_figures(mine, gates, since=since, until=until)
    real = shift_figures(copy.day, gates, since=since, until=until)
    acts = list_acts(run.conn, site.id)
    alarms = list_answers(run.conn, site.id, since=since, until=until)
    console.print(comparison(practised, real, since=since, until=until, zone=site.timezone))
    for line in [*map(answered, alarms), *(described(act, site) for act in acts)]:
        console.print(f"  {line}", highlight=False, soft_wrap=True)
    return {
        "day": str(run.stage.scenario.day),
        "from": since.isoformat(),
        "until": until.isoformat(),
        **as_json(practised, real, acts, alarms, site),
    }
