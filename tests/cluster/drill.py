"""The drill: each host is lost once under load, and everything that was told is counted."""

import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psycopg
from border import SITE, Border

from cluster.load import Load
from cluster.net import Host
from cluster.stage import (
    Stage,
    controller_of,
    count_controllers,
    is_well,
    set_stage,
    trip,
    wait_until,
)
from flowctl.site_files import load_site

_CALM_S = 8.0
_CUT_OFF_S = 15.0
_BACK_S = 60.0
_TRIPS_EVERY_S = 0.5


@dataclass(slots=True)
class Outcome:
    """What a drill came to."""

    lost: int = 0
    doubled: int = 0
    failover_s: float = 0.0
    """The longest from a controller's loss to the next one's decision."""
    promotion_s: float = 0.0
    """From the loss of the database's host, promotion included, to the next decision."""
    acknowledged: int = 0
    trips: int = 0
    trips_lost: int = 0
    messages: int = 0
    messages_lost: int = 0
    messages_doubled: int = 0
    slots_issued_twice: int = 0
    epochs: int = 0
    longest_wait_s: float = 0.0
    refused: int = 0
    unanswered: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not any(
            (self.lost, self.doubled, self.trips_lost, self.messages_lost, self.messages_doubled,
             self.slots_issued_twice, self.failures)
        )  # fmt: skip

    @property
    def last_line(self) -> str:
        return json.dumps(asdict(self))


class Registering(threading.Thread):
    """Registers trucks, and remembers those whose commit was acknowledged."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(daemon=True)
        self.trips: set[int] = set()
        self._stage = stage
        self._over = threading.Event()
        self._number = 0

    def run(self) -> None:
        site = load_site(SITE)
        while not self._over.is_set():
            try:
                with self._stage.database() as conn:
                    place = Border(conn, site)
                    place._trips = self._number  # noqa: SLF001 - goes on where the last ended
                    while not self._over.wait(_TRIPS_EVERY_S):
                        self._number += 1
                        self.trips.add(trip(place))
            except psycopg.OperationalError:
                self._over.wait(_TRIPS_EVERY_S)

    def stop(self) -> None:
        self._over.set()
        self.join(30)


def run_drill(hosts: list[Host], home: Path, tell: Callable[[str], None]) -> Outcome:
    """Run a drill on three hosts."""
    tell("stores and processes are started on three hosts")
    stage = set_stage(home, hosts)
    outcome = Outcome()
    registering = Registering(stage)
    load = Load([stage.host(1).address, stage.host(2).address], stage.token)
    load.start()
    registering.start()
    time.sleep(_CALM_S)
    try:
        _lose_a_controllers_host(stage, outcome, tell)
        _cut_off_a_controllers_host(stage, outcome, tell)
        _lose_the_databases_host(stage, outcome, tell)
    except TimeoutError as error:
        outcome.failures.append(str(error))
    if not load.stop(_BACK_S):
        outcome.failures.append("Some posts were not acknowledged in the end.")
    registering.stop()
    _count(stage, load, registering.trips, outcome, tell)
    return outcome


def _number_of(stage: Stage) -> tuple[int, int]:
    """Return the active controller's epoch, and the number of its host."""
    found: list[tuple[int, str]] = []

    def holds() -> bool:
        now = controller_of(stage)
        if now is not None:
            found.append(now)
        return now is not None

    wait_until(holds, _BACK_S, "a controller is active")
    wait_until(lambda: count_controllers(stage) > 1, _BACK_S, "another controller waits")
    time.sleep(_CALM_S)  # it rehearses first
    epoch, address = found[-1]
    return epoch, next(host.number for host in stage.hosts if host.address == address)


def _wait_for_the_next(stage: Stage, epoch: int) -> float:
    def holds() -> bool:
        now = controller_of(stage)
        return now is not None and now[0] > epoch

    return wait_until(holds, _BACK_S, f"somebody decides after epoch {epoch}")


def _lose_a_controllers_host(stage: Stage, outcome: Outcome, tell: Callable[[str], None]) -> None:
    epoch, number = _number_of(stage)
    tell(f"host {number}, with the controller and a primary of the position store, is killed")
    stage.host(number).kill()
    took = _wait_for_the_next(stage, epoch)
    outcome.failover_s = max(outcome.failover_s, took)
    tell(f"the other controller has decided after {took:.1f} s")
    stage.revive(number)
    wait_until(stage.store.is_whole, _BACK_S, "the position store is whole again")
    time.sleep(_CALM_S)


def _cut_off_a_controllers_host(
    stage: Stage, outcome: Outcome, tell: Callable[[str], None]
) -> None:
    epoch, number = _number_of(stage)
    tell(f"host {number}, with the controller, is cut off; everything on it goes on")
    stage.host(number).cut_off()
    took = _wait_for_the_next(stage, epoch)
    outcome.failover_s = max(outcome.failover_s, took)
    tell(f"the other controller has decided after {took:.1f} s")
    time.sleep(_CUT_OFF_S)
    stage.host(number).reconnect()
    wait_until(stage.store.is_whole, _BACK_S, "the position store is whole again")
    stage.run(number, "controller")  # the one that lost the site ends, and is started again
    time.sleep(_CALM_S)


def _lose_the_databases_host(stage: Stage, outcome: Outcome, tell: Callable[[str], None]) -> None:
    epoch, _ = _number_of(stage)
    lost = stage.databases.primary
    tell(f"host {lost.number}, with the database that takes writes, is killed")
    began = time.monotonic()
    lost.kill()
    chosen = stage.databases.promote(lost)
    tell(f"the standby of host {chosen.number} is promoted")
    with stage.database() as conn:
        row = conn.execute("select max(wall_at) from heartbeats").fetchone()

    def decided() -> bool:
        try:
            with stage.database() as conn:
                found = conn.execute(
                    "select 1 from heartbeats where process = 'controller' and wall_at > %s", row
                ).fetchone()
        except psycopg.OperationalError:
            return False
        return found is not None

    wait_until(decided, _BACK_S, f"a controller decides on the new primary (epoch {epoch})")
    outcome.promotion_s = time.monotonic() - began
    tell(f"a controller has decided there after {outcome.promotion_s:.1f} s in all")
    stage.revive(lost.number, database=False)
    wait_until(stage.store.is_whole, _BACK_S, "the position store is whole again")
    wait_until(lambda: is_well(stage.host(lost.number)), _BACK_S, "its API answers again")
    time.sleep(_CALM_S)


def _count(
    stage: Stage, load: Load, trips: set[int], outcome: Outcome, tell: Callable[[str], None]
) -> None:
    def stored() -> Counter[tuple[str, int]]:
        with stage.database() as conn:
            return Counter(
                (uid, int(at))
                for uid, at in conn.execute(
                    "select d.uid, round(extract(epoch from f.fixed_at) * 1000)::bigint"
                    " from fixes f join devices d on d.id = f.device_id"
                )
            )

    outcome.acknowledged = len(load.acknowledged)
    outcome.refused, outcome.unanswered = load.refused, load.unanswered
    outcome.longest_wait_s = load.longest_s
    try:
        wait_until(lambda: load.acknowledged <= stored().keys(), _BACK_S, "all fixes are stored")
    except TimeoutError as error:
        outcome.failures.append(str(error))
    found = stored()
    outcome.lost = len(load.acknowledged - found.keys())
    outcome.doubled = sum(count - 1 for count in found.values())
    with stage.database() as conn:
        kept = {row[0] for row in conn.execute("select id from trips")}
        sent = {row[0] for row in conn.execute("select id from outbox where sent_at is not null")}
        again = conn.execute(
            "select coalesce(sum(n - 1), 0) from (select count(*) as n from outbox"
            " group by trip_id, kind, params, created_at having count(*) > 1) twice"
        ).fetchone()
        outcome.slots_issued_twice = 0 if again is None else int(again[0])
        epoch = conn.execute("select epoch from controller_epochs").fetchone()
        outcome.epochs = 0 if epoch is None else int(epoch[0])
    broken = stage.verify_ledger()
    if broken is not None:
        outcome.failures.append(broken)
    outcome.trips, outcome.trips_lost = len(trips), len(trips - kept)
    lines = [
        json.loads(line)
        for path in stage.home.glob("sms-*.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    written = Counter(line["id"] for line in lines)
    outcome.messages = len(written)
    outcome.messages_lost = len(sent - written.keys())
    outcome.messages_doubled = sum(count - 1 for count in written.values())
    tell(f"{outcome.acknowledged:,} fixes acknowledged, {len(found):,} stored")


def temporary_home() -> "tempfile.TemporaryDirectory[str]":
    """Return a directory for the run, gone when it is over."""
    return tempfile.TemporaryDirectory(prefix="flowctl-cluster-")
