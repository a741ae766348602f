"""``flowctl bench alarms``: what the alarms cry on a plain day, and find on one with troubles.

Both days are played through every process, as in the demo. Comparator: the same conditions at the
same limits, looked at each minute on the same facts, without what keeps an alarm from crying twice
(a second limit for the end, a least duration, gathering many silent trucks into one line).
"""

import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from rich.table import Table

from flowctl.alarms.alerts import CONDITIONS, Kind
from flowctl.bench.own_stores import refuse_other_stores
from flowctl.bench.troubles import Trouble, TroubledWorld, WatchedWorld, plain_day, troubled_day
from flowctl.demo import HEADLESS_STEP, Cast, Stage, set_stage
from flowctl.embedded import start_postgres, start_valkey
from flowctl.errors import FlowctlError
from flowctl.scenarios.scenario import Scenario, scaled
from flowctl.server_process import free_port
from flowctl.site import Site
from flowctl.site_files import SiteSource
from flowctl.storage.alarm_facts import find_alarms
from simulations.player import Pace, play

Tell = Callable[[str], None]
Subject = tuple[str, str]

SHIFT_H = 12.0
_LATE = timedelta(minutes=30)
"""So long after a trouble is over an alarm about it is still about it."""
_NOBODY: Mapping[Kind, frozenset[str]] = {kind: frozenset() for kind in CONDITIONS}


@dataclass(frozen=True, slots=True)
class Raised:
    """An alarm: its kind, and the plate or the place it is about."""

    kind: str
    where: str
    found_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """What became of the troubles of one sort; delays from when they began (min)."""

    what: str
    happened: int
    found: int
    delay_p50_min: float | None
    delay_max_min: float | None


@dataclass(frozen=True, slots=True)
class Day:
    """A day's alarms by kind: all, those that nothing explains, and what the bare limits cry."""

    name: str
    hours: float
    raised: Mapping[str, int]
    unexplained: Mapping[str, int]
    bare: Mapping[str, int]
    found: Sequence[Found]
    cases: Sequence[Mapping[str, str]]
    """The first of what nothing explains."""


@dataclass(frozen=True, slots=True)
class AlarmFigures:
    """Both days, in one run."""

    plain: Day
    troubled: Day
    share: float
    seed: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Return the figures as one object; an absent one is null."""
        return asdict(self)


@dataclass(slots=True)
class Bare:
    """Looks at each minute by the limits alone, and counts what was not so the minute before."""

    conn: psycopg.Connection[Any]
    site: Site
    last: set[Subject] = field(default_factory=set)
    cried: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, conn: psycopg.Connection[Any], site: Site) -> "Bare":
        """Return the comparator of a site."""
        limits = site.policy.alarms
        bare = replace(
            limits,
            yard_clear_share=limits.yard_share,
            queue_clear_per_h=limits.queue_growth_per_h,
            silent_clear_share=1.0,
            silent_many=10**9,
            back_m=limits.off_way_m,
            off_s=0.0,
            off_fixes=1,
        )
        return cls(conn, replace(site, policy=replace(site.policy, alarms=bare)))

    def look(self, at: datetime) -> None:
        """Count what begins at a moment."""
        here = {
            (str(one.kind), one.subject)
            for one in find_alarms(self.conn, self.site, at, _NOBODY)
            if one.kind in CONDITIONS
        }
        self.cried.update(kind for kind, _ in here - self.last)
        self.last = here


def run_alarms(share: float, until_h: float, seed: int, tell: Tell) -> AlarmFigures:
    """Play both days and compare.

    Parameters
    ----------
    share
        Of the day's trucks.
    until_h
        Local hour at which each day ends.
    seed
        Random numbers of both.
    tell
        Called with what is being done.

    Raises
    ------
    FlowctlError
        A store of somebody else's is named in the environment, or a part does not come up.
    """
    refuse_other_stores()
    began = time.monotonic()
    plain = _play_day("plain", plain_day(), WatchedWorld, share, until_h, seed, tell)
    troubled = _play_day("troubled", troubled_day(share), TroubledWorld, share, until_h, seed, tell)
    return AlarmFigures(plain, troubled, share, seed, round(time.monotonic() - began, 1))


def _play_day(
    name: str,
    day: tuple[Scenario, SiteSource],
    world: type[WatchedWorld],
    share: float,
    until_h: float,
    seed: int,
    tell: Tell,
) -> Day:
    scenario, source = scaled(day[0], share), day[1]
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="flowctl-bench-")))
        home.chmod(0o711)  # the database server runs as another user and must get through
        postgres = stack.enter_context(start_postgres(home))
        valkey = stack.enter_context(start_valkey(home))
        stage = stack.enter_context(
            set_stage(
                home / "run",
                scenario,
                postgres_url=postgres.url,
                owner_url=postgres.owner_url,
                valkey_url=valkey.url,
                port=free_port(),
                speed=1.0,
                seed=seed,
                cast=Cast(source=source, world=world),
            )
        )
        bare = Bare.of(stage.watch.conn, stage.system.site)
        _play(
            stage, bare, scenario.start + timedelta(hours=until_h), lambda at: tell(f"{name}: {at}")
        )
        moved = stage.player.world
        if not isinstance(moved, WatchedWorld):
            raise FlowctlError("The world does not know what went wrong in it.")
        troubles = [*moved.troubles, *moved.drivers()]
        raised = list_raised(stage.watch.conn, stage.system.site.id)
    return judge(name, until_h, raised, troubles, bare.cried)


def _play(stage: Stage, bare: Bare, end: datetime, told: Callable[[str], None]) -> None:
    zone = stage.system.site.timezone

    def progress(at: datetime) -> None:
        bare.look(at)
        told(f"{at.astimezone(zone):%H:%M}")

    play(
        stage.player,
        stage.clock,
        start=stage.scenario.start,
        end=end,
        pace=Pace(HEADLESS_STEP, None),
        keeps_up=stage.watch.keeps_up,
        stopped=lambda: False,
        progress=progress,
    )


def list_raised(conn: psycopg.Connection[Any], site: str) -> list[Raised]:
    """Return every alarm that was raised, in order."""
    rows = conn.execute(
        "select a.kind, coalesce(t.plate, a.haulier, a.place, a.device, ''), a.found_at"
        " from alerts a left join trips t on t.id = a.trip_id where a.site = %s order by a.id",
        [site],
    ).fetchall()
    return [Raised(*row) for row in rows]


def judge(
    name: str,
    hours: float,
    raised: Sequence[Raised],
    troubles: Sequence[Trouble],
    bare: Mapping[str, int],
) -> Day:
    """Compare alarms with what really happened.

    An alarm is explained by a trouble of its kind, about the same plate or place, that had begun
    and was not long over. A trouble is found by the first alarm that it explains.
    """
    loose = [one for one in raised if not any(_explains(what, one) for what in troubles)]
    sorts = dict.fromkeys(one.what for one in troubles if one.expected)
    return Day(
        name,
        hours,
        dict(Counter(one.kind for one in raised)),
        dict(Counter(one.kind for one in loose)),
        dict(bare),
        [_found(sort, troubles, raised) for sort in sorts],
        [
            {"kind": one.kind, "where": one.where, "at": one.found_at.isoformat()}
            for one in loose[:40]
        ],
    )


def _explains(what: Trouble, one: Raised) -> bool:
    same = one.kind in what.kinds and one.where == what.where
    return same and what.since <= one.found_at <= what.until + _LATE


def _found(sort: str, troubles: Sequence[Trouble], raised: Sequence[Raised]) -> Found:
    mine = [one for one in troubles if one.what == sort and one.expected]
    delays = [
        (min(found) - what.since) / timedelta(minutes=1)
        for what in mine
        if (found := [one.found_at for one in raised if _explains(what, one)])
    ]
    return Found(
        sort,
        len(mine),
        len(delays),
        round(median(delays), 1) if delays else None,
        round(max(delays), 1) if delays else None,
    )


def table(figures: AlarmFigures) -> Table:
    """Return the figures for people."""
    shown = Table(
        "", "alarms", "unexplained", "a shift", "bare limits", title="flowctl bench alarms"
    )
    for day in (figures.plain, figures.troubled):
        shown.add_section()
        for kind in sorted({*day.raised, *day.bare}):
            loose = day.unexplained.get(kind, 0)
            shown.add_row(
                f"{day.name}: {kind}",
                str(day.raised.get(kind, 0)),
                str(loose),
                f"{loose * SHIFT_H / day.hours:.1f}",
                str(day.bare[kind]) if kind in day.bare else "-",
            )
    said = [
        f"{one.what}: {one.found} of {one.happened}, p50 {one.delay_p50_min} min"
        for day in (figures.plain, figures.troubled)
        for one in day.found
    ]
    shown.caption = "\n".join([*said, f"{figures.seconds:.0f} s on {os.cpu_count()} cores"])
    return shown
