"""A soak as it runs: every process, a border ten times as fast, those who read, and mishaps."""

import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from faults.supervisor import Supervisor
from soak import bounds
from soak.border import Border
from soak.gauges import Gauges, table_rows
from soak.mishaps import Mishaps, plan
from soak.phones import Phones
from soak.readers import Account, Readers
from soak.way import Way

from flowctl.bench.machine import Layout, Machine, running_machine
from flowctl.clock import ClockWriter, SharedClock
from flowctl.days import load_day
from flowctl.ledger_key import make_key
from flowctl.registry.accounts import Agency, Person, Role, set_account
from flowctl.registry.sources import add_source
from flowctl.storage.sources import Scope
from simulations.agencies import Officer

DAY = "2024-01-23"
SPEED = 10.0
"""Domain time runs so many times as fast as the wall: ten times the demo's load by the day."""
BEGINS = timedelta(hours=6, minutes=30)
"""Local hour of the first day at which the run begins: half an hour before the gates open."""
_AHEAD = timedelta(days=3650)
_TELL_S = 60.0
_READINGS = 180

_READING = (Role.OPERATOR, Role.OFFICER, Role.PLANNER, Role.ADMINISTRATOR)

Tell = Callable[[str], None]


@dataclass
class Soak:
    """What the parts of a soak work on."""

    machine: Machine
    supervisor: Supervisor
    border: Border
    phones: Phones
    readers: Readers
    gauges: Gauges
    mishaps: Mishaps
    seconds: float
    tell: Tell
    middle: dict[str, int] = field(default_factory=dict)
    """Rows by table, half-way."""
    middle_bytes: dict[str, int] = field(default_factory=dict)
    middle_units: dict[str, float] = field(default_factory=dict)


@contextmanager
def soaked(seconds: float, seed: int, tell: Tell) -> Iterator[Soak]:
    """Run a soak, and yield what is there at its end; everything it starts is ended again.

    Raises
    ------
    FlowctlError
        A store of somebody else's is named in the environment, or a part does not come up.
    """
    with _stage(seconds, seed, tell) as soak:
        _run(soak, seed)
        yield soak


@contextmanager
def _stage(seconds: float, seed: int, tell: Tell) -> Iterator[Soak]:
    scenario, _, site = load_day(DAY)
    begins = scenario.start + BEGINS
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="flowctl-soak-")))
        home.chmod(0o711)
        clock = ClockWriter(home / "clock", start=begins, speed=SPEED)
        phones = Phones()
        stack.enter_context(phones.reachable())
        who: dict[str, Any] = {}

        def prepared(machine: Machine) -> None:
            phones.database_url = machine.settings.database_url
            who.update(_settle(machine, home, phones))

        layout = Layout(apis=2, workers=2, clock_file=home / "clock", controllers=2, senders=2)
        machine = stack.enter_context(
            running_machine(home, layout, trucks=0, prepared=prepared, now=scenario.start)
        )
        ports = [machine.ports[name] for name in machine.apis]
        way = Way(ports)
        stack.callback(way.close)
        border = Border(
            scenario,
            site,
            SharedClock(home / "clock"),
            way,
            who["token"],
            who["officers"],
            phones,
            seed,
        )
        readers = Readers(ports, who["accounts"], [gate.id for gate in site.gates], phones)
        urls = machine.settings.database_url, machine.settings.valkey_url
        gauges = Gauges(*urls, machine.servers, max(1.0, seconds / _READINGS))
        supervisor = Supervisor(machine)
        stack.enter_context(supervisor.running())
        mishaps = Mishaps(machine, supervisor, phones, tell)
        border.begin()
        tell(f"the night before: {border.said.trips:,} trips, {len(border.said.keys):,} fixes")
        clock.set(at=begins, until=begins + _AHEAD)
        tell(f"{DAY} from {BEGINS}, {SPEED:g} times as fast as the wall")
        yield Soak(machine, supervisor, border, phones, readers, gauges, mishaps, seconds, tell)


def _settle(machine: Machine, home: Path, phones: Phones) -> dict[str, Any]:
    """Give the machine keys, a provider of messages and people; returns what opens it."""
    key = home / "ledger_key"
    make_key(key)
    machine.settings = machine.settings.model_copy(
        update={
            "ledger_key_file": key,
            "paper_dir": home / "paper",
            "gateways_file": phones.write_gateways(home),
            "demo": True,
        }
    )
    people: list[tuple[str, Role, Agency | None]] = [(str(role), role, None) for role in _READING]
    people += [(str(agency), Role.OFFICER, agency) for agency in Agency]
    accounts: list[Account] = []
    officers: list[Officer] = []
    with psycopg.connect(machine.settings.database_url) as conn:
        token = add_source(conn, name="soak", enrols=True, scopes=Scope)
        for name, role, agency in people:
            password = secrets.token_urlsafe(9)
            set_account(
                conn,
                name=name,
                role=role,
                password=password,
                wall_now=datetime.now(UTC),
                whose=Person(name, "soak", agency or (_of(role))),
            )
            if agency is None:
                accounts.append(Account(name, password, role))
            else:
                officers.append(Officer(str(agency), name, password))
    return {"token": token, "accounts": accounts, "officers": officers}


def _of(role: Role) -> Agency | None:
    return Agency.CUSTOMS if role == Role.OFFICER else None


def _run(soak: Soak, seed: int) -> None:
    began = time.monotonic()
    ends, told = began + soak.seconds, began

    def stopped(for_s: float) -> bool:
        """Wait, tell how it goes once a minute, and look at the tables half-way."""
        nonlocal told
        until = min(ends, time.monotonic() + for_s)
        while (now := time.monotonic()) < until:
            soak.border.check()
            if now - told >= _TELL_S:
                told = now
                soak.tell(_progress(soak, now - began))
            if not soak.middle and now - began >= soak.seconds / 2:
                _look_at_tables(soak)
            time.sleep(min(1.0, max(0.0, until - now)))
        return time.monotonic() >= ends

    with soak.gauges.reading(), soak.border.living(), soak.readers.reading():
        soak.mishaps.run(plan(soak.seconds, seed), began, stopped)
        stopped(soak.seconds)
        soak.readers.end()
        soak.border.end()


def _look_at_tables(soak: Soak) -> None:
    try:
        with psycopg.connect(soak.machine.settings.database_url, connect_timeout=5) as conn:
            soak.middle = table_rows(conn)
    except psycopg.OperationalError:  # the next look finds it
        return
    soak.middle_bytes = dict(soak.gauges.readings[-1].tables)
    soak.middle_units = units(soak)


def units(soak: Soak) -> dict[str, float]:
    """Return how much there has been of everything that tables may grow with."""
    domain = soak.border.clock.now() - soak.border.scenario.start
    return {
        bounds.FIX: len(soak.border.said.keys),
        bounds.TRIP: soak.border.said.trips,
        bounds.WORK: soak.border.said.work,
        bounds.MESSAGE: len(soak.phones.heard),
        bounds.MINUTE: domain / timedelta(minutes=1),
        bounds.REQUEST: sum(soak.readers.seen.answers.values()),
    }


def _progress(soak: Soak, seconds: float) -> str:
    last, said = soak.gauges.readings[-1], soak.border.said
    local = soak.border.clock.now().astimezone(soak.border.site.timezone)
    memory = " ".join(f"{name} {mb:.0f}" for name, mb in sorted(last.memory_mb.items()))
    return (
        f"{seconds / 60:.0f} min, {local:%d.%m. %H:%M}: {len(said.keys):,} fixes,"
        f" {said.trips:,} trips, {len(soak.phones.heard):,} messages,"
        f" {sum(soak.readers.seen.answers.values()):,} answers,"
        f" {soak.readers.seen.frames:,} frames,"
        f" {soak.mishaps.kills} kills; MB: {memory}"
    )
