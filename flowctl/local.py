"""Every process of a deployment on this machine, started together and stopped together."""

import os
import secrets
import shlex
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from datetime import time as clock_time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
from psycopg import sql
from pydantic import SecretStr

from flowctl.errors import FlowctlError
from flowctl.ledger_key import make_key
from flowctl.registry.accounts import Agency, Person, Role, set_account
from flowctl.registry.sources import add_source
from flowctl.server_process import DirectoryLock, ServerProcess
from flowctl.settings import Settings
from flowctl.site import Site
from flowctl.site_files import SiteSource
from flowctl.storage.migrate import migrate
from flowctl.storage.sites import save_site
from flowctl.storage.sources import Scope
from simulations.agencies import Officer

PROCESSES = ("api", "ingest", "controller", "notify", "simulator")
READY_WAIT_S = 60.0
_DEMO_PEOPLE = {
    "operator": (Role.OPERATOR, Person("Nguyễn Thị Lan", "Điều hành bãi")),
    # Who enters an act that needs four eyes cannot approve it.
    "operator2": (Role.OPERATOR, Person("Đinh Văn Thắng", "Trưởng ca cửa khẩu")),
    "officer": (
        Role.OFFICER,
        Person("Hoàng Văn Minh", "Hải quan cửa khẩu", Agency.CUSTOMS),
    ),
    "border_guard": (
        Role.OFFICER,
        Person("Vi Văn Tuấn", "Biên phòng cửa khẩu", Agency.BORDER_GUARD),
    ),
    "plant_quarantine": (
        Role.OFFICER,
        Person("Lương Thị Hoa", "Kiểm dịch thực vật", Agency.PLANT_QUARANTINE),
    ),
    "health_quarantine": (
        Role.OFFICER,
        Person("Nông Thị Thu", "Kiểm dịch y tế", Agency.HEALTH_QUARANTINE),
    ),
    "tax": (Role.OFFICER, Person("Bế Quang Huy", "Bộ phận thu phí cửa khẩu", Agency.TAX)),
    "planner": (Role.PLANNER, Person("Trần Quốc Bảo", "Trung tâm điều phối")),
    "haulier": (Role.HAULIER, Person("Phạm Thu Hà", "Điều vận")),
    "administrator": (Role.ADMINISTRATOR, Person("Lý Gia Hưng", "Quản trị hệ thống")),
}
SETTINGS_FILE = "environment"
SIMULATED = "simulated-"
"""What accounts of simulated officers begin with where people may sit at the same desks."""
_POLL_S = 0.05


class Practised(NamedTuple):
    """The day a practice copies, from which local hour people act, and how fast it runs at first.

    Pages say all three.
    """

    day: date
    begins: clock_time
    speed: float

    def settings(self) -> dict[str, Any]:
        """Return the settings that say so."""
        return {
            "practice": self.day,
            "practice_begins": self.begins,
            "practice_speed": self.speed,
        }


class DemoAccount(NamedTuple):
    """An account that was made up for a demo, with its password."""

    name: str
    password: str
    role: Role
    whose: Person


def _officers_of_their_own() -> list[DemoAccount]:
    """Return simulated officers, one an agency, where real people may sit at the same desks."""
    return [
        DemoAccount(
            f"{SIMULATED}{agency.replace('_', '-')}",
            secrets.token_urlsafe(9),
            Role.OFFICER,
            Person("simulated", "simulated", agency),
        )
        for agency in Agency
    ]


@dataclass(frozen=True, slots=True)
class LocalSystem:
    """A running deployment: where it is, and what opens it.

    ``officers`` are those of a played day, with their accounts, one an agency.
    """

    settings: Settings
    site: Site
    token: str
    accounts: Sequence[DemoAccount]
    officers: Sequence[Officer] = ()
    processes: Mapping[str, ServerProcess] = field(default_factory=dict)

    def check(self) -> None:
        """Raise a FlowctlError where a process has ended, with what it said last."""
        for name, process in self.processes.items():
            if process.has_ended():
                raise FlowctlError(f"The process {name} has ended. It said:\n{process.log_tail()}")


def list_accounts(system: LocalSystem) -> list[str]:
    """Return a line for each account that was made up, with its password and whose it is."""
    return [
        f"  account {one.name:17}  password {one.password}  {one.whose.person}, {one.whose.post}"
        for one in system.accounts
    ]


def describe_desks(accounts: Sequence[DemoAccount], by_hand: frozenset[Agency]) -> list[str]:
    """Return a line for each desk that is left to people, or one that says how to leave them one.

    >>> describe_desks((), frozenset())
    ['  flowctl demo --by-hand customs: that desk is not played, what waits there waits for you']
    """
    if not by_hand:
        said = "that desk is not played, what waits there waits for you"
        return [f"  flowctl demo --by-hand {Agency.CUSTOMS}: {said}"]
    return [
        f"  flowctl demo --by-hand {one.whose.agency}: sign in as {one.name} on /agency, where"
        " trucks wait for you"
        for one in accounts
        if one.whose.agency in by_hand
    ]


def in_database(url: str, name: str) -> str:
    """Return the address of another database of the same server, for the same role."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def fresh_database(owner_url: str, name: str) -> str:
    """Make an empty database on a server, in place of one of this name, and return its address."""
    with psycopg.connect(owner_url, autocommit=True) as conn:
        conn.execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
        )
        conn.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    return in_database(owner_url, name)


def refuse_taken_port(host: str, port: int) -> None:
    """Raise a FlowctlError where somebody listens at the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise FlowctlError(
                f"Port {port} of {host} is taken by another program; stop that one,"
                " or choose another port with --port."
            ) from error


@contextmanager
def local_system(
    run_dir: Path,
    *,
    database_url: str,
    owner_url: str,
    valkey_url: str,
    source: SiteSource,
    port: int,
    clock_file: Path | None = None,
    now: datetime | None = None,
    people: Callable[[psycopg.Connection[Any]], None] | None = None,
    practice: Practised | None = None,
) -> Iterator[LocalSystem]:
    """Prepare an empty database and run every process against it.

    Parameters
    ----------
    run_dir
        Holds the processes' logs and the messages file; made if missing.
    database_url, owner_url
        Addresses of an empty database: for the processes, and for the role that migrates it.
    valkey_url
        Address of a store whose streams may be used.
    source
        The site's texts.
    clock_file
        The shared clock, already written, where domain time is not real time.
    now
        The domain moment of the site's loading; the present one where it is None.
    people
        Enters who may sign in; where it is None people are made up, one at least of each role.
    practice
        What is practised on, where nothing is real.

    Raises
    ------
    FlowctlError
        The port is taken, the site is not fit, or a process does not come up.
    """
    refuse_taken_port("127.0.0.1", port)
    run_dir.mkdir(parents=True, exist_ok=True)
    sms_file = run_dir / "sms.jsonl"
    sms_file.unlink(missing_ok=True)
    ledger_key = run_dir / "ledger_key"
    if not ledger_key.exists():
        make_key(ledger_key)
    migrate(database_url, owner_url)
    accounts = [
        DemoAccount(name, secrets.token_urlsafe(9), role, whose)
        for name, (role, whose) in _DEMO_PEOPLE.items()
        if people is None
    ]
    officers = [one for one in accounts if one.whose.agency is not None]
    added: list[DemoAccount] = []
    if people is not None or practice is not None:
        officers = added = _officers_of_their_own()
    with psycopg.connect(database_url) as conn:
        site = save_site(conn, source, where="the site's files", now=now or datetime.now(UTC))
        token = add_source(conn, name="demo", enrols=True, scopes=Scope)
        for one in (*accounts, *added):
            set_account(
                conn,
                name=one.name,
                role=one.role,
                password=one.password,
                wall_now=datetime.now(UTC),
                whose=one.whose,
            )
        if people is not None:
            people(conn)
    settings = Settings(
        **_defaults(  # whatever the environment names: nobody real is written to
            database_url=database_url,
            owner_url=owner_url,
            valkey_url=valkey_url,
            public_url=f"http://127.0.0.1:{port}",
            port=port,
            site=site.id,
            secret=SecretStr(secrets.token_hex(32)),
            ledger_key_file=ledger_key,
            paper_dir=run_dir / "paper",
            sms_file=sms_file,
            clock_file=clock_file,
            demo=True,
            **({} if practice is None else practice.settings()),
        )
    )
    with ExitStack() as stack:
        processes = {name: _start(stack, name, run_dir, settings) for name in PROCESSES}
        at_work = [Officer(str(one.whose.agency), one.name, one.password) for one in officers]
        system = LocalSystem(settings, site, token, accounts, at_work, processes)
        stack.callback(_offer_settings(run_dir, settings).unlink)
        _wait_until_ready(system)
        yield system


def _defaults(**chosen: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of any type
    """Return every setting: what is chosen, else its default and never the environment's."""
    fields = Settings.model_fields.items()
    return {name: one.get_default(call_default_factory=True) for name, one in fields} | chosen


def _start(stack: ExitStack, name: str, run_dir: Path, settings: Settings) -> ServerProcess:
    home = run_dir / name
    home.mkdir(exist_ok=True)
    lock = DirectoryLock(home)
    process = ServerProcess(
        [sys.executable, "-m", "flowctl.cli", name],
        lock=lock,
        log=home / "log",
        user=None,
        env={**_surroundings(), **environment(settings)},
    )
    lock.close()
    stack.callback(process.stop)
    return process


def _surroundings() -> dict[str, str]:
    """Return the environment without what another deployment of this machine is set to."""
    return {name: value for name, value in os.environ.items() if not name.startswith("FLOWCTL_")}


def _offer_settings(run_dir: Path, settings: Settings) -> Path:
    """Write the settings for a shell, so that flowctl's commands can be used beside the system."""
    path = run_dir / SETTINGS_FILE
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)  # it holds the stores' passwords
    lines = [f"export {k}={shlex.quote(v)}\n" for k, v in environment(settings).items()]
    path.write_text("".join(lines))
    return path


def environment(settings: Settings) -> dict[str, str]:
    """Return the settings as the environment variables they are read from.

    Without the address of who owns the ledger: no process shall hold that. What is not set is
    empty, so that nothing of a surrounding environment comes in.
    """
    values = settings.model_dump(exclude={"owner_url"})
    return {
        f"FLOWCTL_{name.upper()}": "" if value is None else _plain(value)
        for name, value in values.items()
    }


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _wait_until_ready(system: LocalSystem) -> None:
    deadline = time.monotonic() + READY_WAIT_S
    while time.monotonic() < deadline:
        system.check()
        try:
            answer = httpx.get(f"{system.settings.public_url}/v1/ready", timeout=2)
        except httpx.TransportError:
            time.sleep(_POLL_S)
            continue
        if answer.status_code == httpx.codes.OK and _all_beat(system):
            return
        time.sleep(_POLL_S)
    raise FlowctlError(
        f"The processes were not ready within {READY_WAIT_S:.0f} s; their logs say why."
    )


def _all_beat(system: LocalSystem) -> bool:
    """Tell whether the loops have all worked once."""
    with psycopg.connect(system.settings.database_url) as conn:
        rows = conn.execute("select process from heartbeats").fetchall()
    return {"ingest", "controller", "notify"} <= {name for (name,) in rows}
