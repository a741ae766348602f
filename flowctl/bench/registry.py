"""``flowctl bench registry``: declarations a second, work lists of 100,000 trips, a file of 500.

Two API processes on stores of their own, asked over HTTP. Beside them in the same run: the same
rows written bare, a transaction each; the same work list worked out from what was said, not kept;
the same trips declared one by one.
"""

import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from pydantic import SecretStr
from rich.table import Table

from flowctl.bench.console_system import wait_for
from flowctl.bench.own_stores import refuse_other_stores
from flowctl.bench.registry_world import fill, write_bare
from flowctl.csv_text import csv_text
from flowctl.data_files import data_dir
from flowctl.embedded import start_postgres, start_valkey
from flowctl.errors import FlowctlError
from flowctl.local import environment
from flowctl.registry.accounts import Agency, Person, Role, set_account
from flowctl.registry.sources import add_source
from flowctl.server_process import DirectoryLock, ServerProcess, free_port
from flowctl.settings import Settings
from flowctl.site import Site
from flowctl.site_files import read_source
from flowctl.storage.migrate import migrate
from flowctl.storage.sites import save_site
from flowctl.storage.sources import Scope

Tell = Callable[[str], None]

_CONNECTIONS = 8
_LOOKS = 200
_FILE_ROWS = 500
_PASSWORD = "of the bench only"  # noqa: S105 - on loopback, for stores that end with the run
_DESKS = {one: f"bench-{one}" for one in Agency}
_UNKEPT_LOOKS = 3


@dataclass(frozen=True, slots=True)
class RegistryOptions:
    """How long to declare, at how many trips work lists are looked at, by which random numbers."""

    seconds: float = 20.0
    trips: int = 100_000
    api: int = 2
    seed: int = 1


@dataclass(frozen=True, slots=True)
class RegistryFigures:
    """What was measured; times in seconds by the wall.

    ``declarations_per_s`` are those answered 201, each on disk by then; ``bare_per_s`` the same
    rows of trips, drivers, declarations and stages written by as many connections without an API,
    and ``ratio`` the first over the second. ``worklist_*`` are answers of GET /v1/work for each
    agency at ``trips`` active trips; ``unkept_s`` is one agency's first hundred worked out from
    what was said of all stages. ``one_by_one_s`` is what the file's trips take as single requests.
    """

    declarations_per_s: float
    declarations: int
    answer_p50_s: float
    answer_p95_s: float
    bare_per_s: float
    ratio: float
    worklist_p50_s: float
    worklist_p95_s: float
    unkept_s: float
    worklist_ratio: float
    trips: int
    csv_500_s: float
    one_by_one_s: float
    csv_ratio: float
    api: int
    cores: int
    load_before: float
    load_after: float

    def as_json(self) -> dict[str, Any]:
        """Return the figures as one JSON object."""
        return {
            key: round(value, 4) if isinstance(value, float) else value
            for key, value in asdict(self).items()
        }


@dataclass(frozen=True, slots=True)
class _System:
    port: int
    token: str
    database_url: str
    site: Site


def run_registry(options: RegistryOptions, tell: Tell) -> RegistryFigures:
    """Start stores and an API, and measure.

    Raises
    ------
    FlowctlError
        A store of somebody else's is named in the environment, a part does not come up, or the API
        refuses what it should take.
    """
    load_before = os.getloadavg()[0]
    numbers = count()
    with tempfile.TemporaryDirectory(prefix="flowctl-bench-") as name, ExitStack() as stack:
        tell("starting stores and the API")
        system = stack.enter_context(_running(Path(name), options.api))
        _declare_for(system, numbers, seconds=2.0)  # warm: compiled statements, pools, caches
        tell(f"declaring for {options.seconds:.0f} s")
        took, whole_s = _declare_for(system, numbers, seconds=options.seconds)
        tell("writing the same rows bare")
        bare_per_s = write_bare(
            system.database_url, system.site, connections=_CONNECTIONS, seconds=options.seconds / 2
        )
        tell(f"{_FILE_ROWS} trips as a file")
        csv_s = _import_file(system, [_declaration(next(numbers)) for _ in range(_FILE_ROWS)])
        tell(f"{_FILE_ROWS} trips one by one")
        one_by_one_s = _one_by_one(system, [_declaration(next(numbers)) for _ in range(_FILE_ROWS)])
        tell(f"filling up to {options.trips:,} trips")
        with psycopg.connect(system.database_url, autocommit=True) as conn:
            fill(conn, system.site, options.trips, np.random.default_rng(options.seed))
            tell("looking at work lists")
            looks = _look(system)
            tell("working the same list out from what was said")
            unkept_s = min(_unkept(conn, system.site) for _ in range(_UNKEPT_LOOKS))
            [(trips,)] = conn.execute(
                "select count(*) from trips where state = 'active'"
            ).fetchall()
    p50, p95 = np.quantile(took, [0.5, 0.95])
    look_p50, look_p95 = np.quantile(looks, [0.5, 0.95])
    return RegistryFigures(
        declarations_per_s=len(took) / whole_s,
        declarations=len(took),
        answer_p50_s=float(p50),
        answer_p95_s=float(p95),
        bare_per_s=bare_per_s,
        ratio=len(took) / whole_s / bare_per_s,
        worklist_p50_s=float(look_p50),
        worklist_p95_s=float(look_p95),
        unkept_s=unkept_s,
        worklist_ratio=unkept_s / float(look_p95),
        trips=int(trips),
        csv_500_s=csv_s,
        one_by_one_s=one_by_one_s,
        csv_ratio=one_by_one_s / csv_s,
        api=options.api,
        cores=os.cpu_count() or 1,
        load_before=load_before,
        load_after=os.getloadavg()[0],
    )


def table(figures: RegistryFigures) -> Table:
    """Return the figures for people."""
    f = figures
    rows = Table(title="flowctl bench registry", show_header=False, box=None, pad_edge=False)
    rows.add_column(style="bold")
    rows.add_column()
    declared = f"{f.declarations_per_s:,.0f}/s over {f.api} API processes, {f.cores} cores"
    answered = f"p50 {f.answer_p50_s * 1e3:.0f} ms, p95 {f.answer_p95_s * 1e3:.0f} ms"
    rows.add_row("declarations", f"{declared}; answered {answered}")
    rows.add_row("the same rows bare", f"{f.bare_per_s:,.0f}/s; ratio {f.ratio:.2f}")
    looked = f"p50 {f.worklist_p50_s * 1e3:.0f} ms, p95 {f.worklist_p95_s * 1e3:.0f} ms"
    rows.add_row("work lists", f"{looked} at {f.trips:,} trips")
    rows.add_row("not kept", f"{f.unkept_s * 1e3:,.0f} ms; ratio {f.worklist_ratio:,.0f}")
    rows.add_row("a file of 500", f"{f.csv_500_s:.2f} s; one by one {f.one_by_one_s:.2f} s")
    rows.add_row("load", f"{f.load_before:.1f} before, {f.load_after:.1f} after")
    return rows


@contextmanager
def _running(home: Path, api: int) -> Iterator[_System]:
    refuse_other_stores()
    home.chmod(0o711)  # the database server runs as another user and must get through
    with ExitStack() as stack:
        postgres = stack.enter_context(start_postgres(home))
        valkey = stack.enter_context(start_valkey(home))
        migrate(postgres.url, postgres.owner_url)
        where, now = data_dir() / "sites" / "lang_son", datetime.now(UTC)
        with psycopg.connect(postgres.url) as conn:
            site = save_site(conn, read_source(where), where=str(where), now=now)
            token = add_source(conn, name="bench", scopes=(Scope.TRIPS_READ, Scope.TRIPS_WRITE))
            for agency, name in _DESKS.items():
                whose = Person("Bench", "bench", agency)
                set_account(
                    conn,
                    name=name,
                    role=Role.OFFICER,
                    password=_PASSWORD,
                    wall_now=now,
                    whose=whose,
                )
        settings = Settings(
            database_url=postgres.url,
            valkey_url=valkey.url,
            site=site.id,
            secret=SecretStr(os.urandom(32).hex()),
            port=free_port(),
        )
        lock = DirectoryLock(home)
        server = ServerProcess(
            [sys.executable, "-m", "flowctl.cli", "api", "--workers", str(api)],
            lock=lock,
            log=home / "api.log",
            user=None,
            env={**os.environ, **environment(settings)},
        )
        lock.close()
        stack.callback(server.stop)
        wait_for(f"http://127.0.0.1:{settings.port}/v1/health", server)
        yield _System(settings.port, token, postgres.url, site)


def _declaration(number: int) -> dict[str, Any]:
    """Return a declaration that no other is like: what a returning customer sends."""
    ready = (datetime.now(UTC) + timedelta(days=1)).replace(hour=2, minute=0, second=0)
    return {
        "plate": f"{29 + number // 100_000}H{number % 100_000:05d}",
        "phone": f"09{number % 100_000_000:08d}",
        "language": "vi",
        "direction": "export",
        "cargo": "perishable" if number % 3 else "normal",
        "goods": "Thanh long",
        "weight_t": 22.5,
        "gates": ["tan_thanh" if number % 2 else "huu_nghi"],
        "ready_at": ready.isoformat(timespec="seconds"),
        "haulier": f"Bench {number % 5_000}",
        "declaration": f"3071{number:08d}",
        "driver_name": "Nguyễn Văn An",
        "licence": f"{number:012d}",
        "licence_until": "2031-01-01",
        "consent": True,
    }


def _post(http: HTTPConnection, system: _System, path: str, body: bytes, kind: str) -> bytes:
    http.request(
        "POST",
        path,
        body,
        {"Authorization": f"Bearer {system.token}", "Content-Type": kind},
    )
    answer = http.getresponse()
    said = answer.read()
    if answer.status >= 300:  # noqa: PLR2004 - what is not a success
        raise FlowctlError(f"{path} answered {answer.status}: {said.decode()[:300]}")
    return said


def _declare_for(
    system: _System, numbers: "count[int]", *, seconds: float
) -> tuple[list[float], float]:
    """Declare over several connections for a while; returns how long each took, and all."""
    took: list[float] = []
    faults: list[Exception] = []
    began = time.perf_counter()

    def declare() -> None:
        http = HTTPConnection("127.0.0.1", system.port, timeout=60)
        try:
            while time.perf_counter() - began < seconds and not faults:
                body = json.dumps(_declaration(next(numbers))).encode()
                sent = time.perf_counter()
                _post(http, system, "/v1/trips", body, "application/json")
                took.append(time.perf_counter() - sent)
        except (FlowctlError, OSError) as error:
            faults.append(error)
        finally:
            http.close()

    threads = [threading.Thread(target=declare) for _ in range(_CONNECTIONS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    if faults:
        raise FlowctlError(f"The API did not take a declaration: {faults[0]}")
    return took, time.perf_counter() - began


def _import_file(system: _System, rows: list[dict[str, Any]]) -> float:
    """Send declarations as one CSV; returns how long it took, seconds."""
    heads = list(rows[0])
    cells = [["+".join(v) if isinstance(v, list) else v for v in row.values()] for row in rows]
    body = csv_text(heads, cells).encode()
    http = HTTPConnection("127.0.0.1", system.port, timeout=300)
    began = time.perf_counter()
    said = json.loads(_post(http, system, "/v1/imports?dry=false", body, "text/csv"))
    took = time.perf_counter() - began
    http.close()
    if said["made"] != len(rows):
        raise FlowctlError(f"Of {len(rows)} rows {said['made']} were made: {said['faults'][:3]}")
    return took


def _one_by_one(system: _System, rows: list[dict[str, Any]]) -> float:
    """Declare trips one after the other; returns how long it took, seconds."""
    http = HTTPConnection("127.0.0.1", system.port, timeout=60)
    began = time.perf_counter()
    for row in rows:
        _post(http, system, "/v1/trips", json.dumps(row).encode(), "application/json")
    took = time.perf_counter() - began
    http.close()
    return took


def _look(system: _System) -> list[float]:
    """Ask for every agency's work list in turn; returns how long each answer took, seconds."""
    took = []
    http = HTTPConnection("127.0.0.1", system.port, timeout=60)
    cookies = {}
    for agency, name in _DESKS.items():
        body = json.dumps({"account": name, "password": _PASSWORD}).encode()
        kind = {"Content-Type": "application/json", "X-Flowctl": "1"}
        http.request("POST", "/v1/sessions", body, kind)
        answer = http.getresponse()
        said = answer.read()
        cookie = answer.headers["Set-Cookie"]
        if cookie is None:
            raise FlowctlError(f"The bench could not sign in as {name}: {said.decode()[:300]}")
        cookies[agency] = cookie.partition(";")[0]
    ways = ("", "&gate=tan_thanh", "&state=ready", "&q=29H00")
    for n in range(_LOOKS):
        agency = list(_DESKS)[n % len(_DESKS)]
        way = ways[n // len(_DESKS) % len(ways)]
        began = time.perf_counter()
        http.request("GET", f"/v1/work?desk={agency}{way}", headers={"Cookie": cookies[agency]})
        answer = http.getresponse()
        said = answer.read()
        took.append(time.perf_counter() - began)
        if answer.status != 200:  # noqa: PLR2004 - nothing else is a list
            raise FlowctlError(f"/v1/work answered {answer.status}: {said.decode()[:300]}")
    http.close()
    return took


def _unkept(conn: "psycopg.Connection[Any]", site: Site) -> float:
    """Work customs' first hundred out from what was said of every stage; seconds."""
    began = time.perf_counter()
    conn.execute(
        """
        with last as (
            select distinct on (trip_id, stage) trip_id, stage, act, at
            from stage_records order by trip_id, stage, at desc, id desc
        )
        select t.id, s.stage, t.registered_at
        from trips t join trip_stages s on s.trip_id = t.id and s.desk = 'customs'
        left join last l on l.trip_id = t.id and l.stage = s.stage
        where t.site = %s and t.state = 'active' and l.act is distinct from 'confirmed'
        order by t.registered_at, t.id limit 100
        """,
        [site.id],
    ).fetchall()
    return time.perf_counter() - began
