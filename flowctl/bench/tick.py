"""``flowctl bench tick``: a whole step of the controller at a country's size, and a mass re-time.

The comparator writes the same re-time as a step did before: a statement for every row.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from rich.table import Table

from flowctl.bench.own_stores import refuse_other_stores
from flowctl.collector import uncollected
from flowctl.controller import Decision, tick
from flowctl.data_files import data_dir
from flowctl.embedded import start_postgres
from flowctl.site import Site
from flowctl.site_files import read_source
from flowctl.storage.migrate import migrate
from flowctl.storage.outbox import queue_message
from flowctl.storage.plans import commit_decision
from flowctl.storage.reading import read_snapshot
from flowctl.storage.sites import save_site

Connection = psycopg.Connection[Any]
Tell = Callable[[str], None]

_NOW = datetime(2024, 1, 23, 1, 0, tzinfo=UTC)
"""08:00 on the played day: both gates take goods."""
_YARDS = {"huu_nghi": "yard_xuan_cuong", "tan_thanh": "yard_bao_nguyen"}
_PER_GATE = 2_500
"""Live trips that one gate of the played day can take within the horizon: for more it grows."""
_AROUND_S = 9 * 3600.0
_STEP_S = 300.0


@dataclass(frozen=True, slots=True)
class TickFigures:
    """Seconds of each part of a step, the best of ``runs``; ``tick_s`` is their sum.

    ``tick_cpu_s`` and ``retime_cpu_s`` are this process's own time in a step, without the
    database's and without what other programs of the machine took.

    ``retime_s`` is how long a closure of one gate takes from its reading to the commit, with
    ``retimed`` slots moved, their messages and ledger entries; ``row_by_row_s`` how long the same
    slots, changes and messages take with a statement a row, without the ledger. ``ratio`` compares
    the two writings.
    """

    trips: int
    staged: int
    told: int
    unserved: int
    read_s: float
    decide_s: float
    commit_s: float
    tick_s: float
    tick_cpu_s: float
    meter_s: float
    retimed: int
    retime_s: float
    retime_cpu_s: float
    retime_commit_s: float
    row_by_row_s: float
    ratio: float
    runs: int

    def as_json(self) -> dict[str, Any]:
        """Return the figures as one JSON object."""
        return {
            key: round(value, 4) if isinstance(value, float) else value
            for key, value in asdict(self).items()
        }


def run_tick(trips: int, staged: int, seed: int, runs: int, tell: Tell) -> TickFigures:
    """Fill a database of its own with trips, and time the controller's steps on it.

    Raises
    ------
    FlowctlError
        A store of somebody else's is named in the environment, or none can be started.
    """
    refuse_other_stores()
    with tempfile.TemporaryDirectory(prefix="flowctl-bench-") as name:
        home = Path(name)
        home.chmod(0o711)  # the database server runs as another user and must get through
        tell("starting PostgreSQL")
        with start_postgres(home) as store:
            migrate(store.url, store.owner_url)
            with psycopg.connect(store.url, autocommit=True, options="-c timezone=UTC") as conn:
                where = data_dir() / "sites" / "lang_son"
                site = save_site(
                    conn, read_source(where), where=str(where), now=_NOW - timedelta(days=1)
                )
                tell(f"registering {trips:,} trips")
                _fill(conn, site, trips, staged, np.random.default_rng(seed))
                return _measure(conn, _grown(site, trips), staged, runs, tell)


def _grown(site: Site, trips: int) -> Site:
    """Return the site with as many places as that many trips need within the horizon."""
    factor = max(trips // (_PER_GATE * len(site.gates)), 1)
    return replace(
        site,
        gates=tuple(
            replace(
                gate,
                inspection_places=gate.inspection_places * factor,
                capacity_prior_per_h=gate.capacity_prior_per_h * factor,
            )
            for gate in site.gates
        ),
    )


@dataclass(frozen=True, slots=True)
class _Step:
    """One step with what its parts took, seconds."""

    decision: Decision
    read_s: float
    decide_s: float
    commit_s: float
    cpu_s: float

    @property
    def whole_s(self) -> float:
        return self.read_s + self.decide_s + self.commit_s


def _measure(conn: Connection, site: Site, staged: int, runs: int, tell: Tell) -> TickFigures:
    tell("telling every truck near the border its first slot")
    first = _step(conn, site, _NOW, plan_due=True)
    steps, meters = [], []
    for run in range(1, runs + 1):
        tell(f"step {run} of {runs}")
        now = _NOW + timedelta(seconds=_STEP_S * run)
        meters.append(_step(conn, site, now - timedelta(seconds=30), plan_due=False))
        steps.append(_step(conn, site, now, plan_due=True))
    best = min(steps, key=lambda step: step.whole_s)
    tell("closing both gates and moving every slot")
    now = _NOW + timedelta(seconds=_STEP_S * (runs + 1))
    _close(conn, site, now)
    retime = _step(conn, site, now, plan_due=True)
    tell("writing the same row by row")
    row_by_row_s = _row_by_row(conn, site, retime.decision, now)
    [(live,)] = conn.execute("select count(*) from trips where state = 'active'").fetchall()
    return TickFigures(
        trips=int(live),
        staged=staged,
        told=len(first.decision.tellings),
        unserved=len(first.decision.unserved),
        read_s=best.read_s,
        decide_s=best.decide_s,
        commit_s=best.commit_s,
        tick_s=best.whole_s,
        tick_cpu_s=min(step.cpu_s for step in steps),
        meter_s=min(step.whole_s for step in meters),
        retimed=len(retime.decision.tellings),
        retime_s=retime.whole_s,
        retime_cpu_s=retime.cpu_s,
        retime_commit_s=retime.commit_s,
        row_by_row_s=row_by_row_s,
        ratio=row_by_row_s / retime.commit_s,
        runs=runs,
    )


def _step(conn: Connection, site: Site, now: datetime, *, plan_due: bool) -> _Step:
    """Run one step as the controller does (`flowctl.worker.decide`), with a clock between."""
    began, cpu = time.perf_counter(), time.process_time()
    with uncollected(), conn.transaction():
        snapshot = read_snapshot(conn, site, now)
        read = time.perf_counter()
        decision = tick(snapshot, plan_due=plan_due)
        decided = time.perf_counter()
        commit_decision(conn, snapshot.site, decision, now=now, solve_s=decided - read)
    commit_s = time.perf_counter() - decided
    cpu_s = time.process_time() - cpu
    return _Step(decision, read - began, decided - read, commit_s, cpu_s)


def _close(conn: Connection, site: Site, now: datetime) -> None:
    """Enter closures of eight hours at both gates."""
    for gate in site.gates:
        conn.execute(
            "insert into closures (site, gate, starts_at, ends_at, reason, entered_by, changed_at)"
            " values (%s, %s, %s, %s, 'bench', 'bench', %s)",
            [site.id, gate.id, now, now + timedelta(hours=8), now],
        )


def _row_by_row(conn: Connection, site: Site, decision: Decision, now: datetime) -> float:
    """Write a decision's slots, changes and messages a row at a time; undo it; seconds."""
    [(plan,)] = conn.execute("select max(id) from plans").fetchall()
    began = time.perf_counter()
    with conn.transaction(force_rollback=True):
        for told in decision.tellings:
            values = [told.trip_id, told.slot.gate, told.slot.starts_at]
            conn.execute(
                "insert into slots (trip_id, gate, starts_at, plan_id, told_at)"
                " values (%s, %s, %s, %s, %s) on conflict (trip_id) do update set"
                " gate = excluded.gate, starts_at = excluded.starts_at,"
                " plan_id = excluded.plan_id, told_at = excluded.told_at",
                [*values, plan, now],
            )
            conn.execute(
                "insert into slot_changes (trip_id, gate, starts_at, reason, plan_id, at)"
                " values (%s, %s, %s, %s, %s, %s)",
                [*values, str(told.reason), plan, now],
            )
            queue_message(
                conn,
                site=site.id,
                trip_id=told.trip_id,
                kind="slot_changed",
                params={"gate": told.slot.gate, "starts_at": told.slot.starts_at.isoformat()},
                now=now,
                expires_at=told.slot.starts_at,
            )
        return time.perf_counter() - began


def _fill(conn: Connection, site: Site, trips: int, staged: int, rng: np.random.Generator) -> None:
    """Register trips, ``staged`` of them in the yards, the others at home or on the road.

    Every truck has a device, a newest fix and, where it stands in a yard, its visit. As many trucks
    passed the gates over the last hours as they can take.
    """
    gates = list(_YARDS)
    bound = rng.choice(len(gates), trips, p=[0.66, 0.34])
    ago_s = rng.uniform(600.0, _AROUND_S, trips)
    with conn.transaction():
        conn.execute(
            "insert into drivers (phone_cipher, phone_hash, language)"
            " select decode(md5(n::text), 'hex'), decode(md5(n::text), 'hex'), 'vi'"
            " from generate_series(1, %s) n",
            [trips],
        )
        conn.execute(
            "insert into devices (uid) select 'bench-' || n from generate_series(1, %s) n",
            [trips],
        )
        conn.execute(
            "insert into trips (site, plate, driver_id, device_id, direction, cargo, gates,"
            " ready_at, registered_at, registered_by)"
            " select %s, '12C' || lpad(n::text, 5, '0'), n, n, 'export',"
            "  case n %% 10 when 0 then 'perishable' when 1 then 'reefer' else 'normal' end,"
            "  array[gate], at + ahead, at, 'bench'"
            " from unnest(%s::int[], %s::text[], %s::timestamptz[], %s::interval[])"
            "  as one (n, gate, at, ahead)",
            [
                site.id,
                list(range(1, trips + 1)),
                [gates[one] for one in bound.tolist()],
                [_NOW - timedelta(seconds=12 * 3600 + one) for one in ago_s.tolist()],
                [
                    timedelta(hours=0 if n < staged else float(h))
                    for n, h in enumerate(rng.uniform(12, 72, trips))
                ],
            ],
        )
        _place(conn, site, staged, [gates[one] for one in bound.tolist()], ago_s)
    conn.execute("vacuum analyze")


def _place(conn: Connection, site: Site, staged: int, bound: list[str], ago_s: np.ndarray) -> None:
    """Put trucks into yards, the others on the map an hour's drive and more away."""
    yards = [_YARDS[gate] for gate in bound[:staged]]
    came = [_NOW - timedelta(seconds=one) for one in ago_s[:staged].tolist()]
    conn.execute(
        "insert into visits (id, device_id, zone, role, gate, entered_at, confirmed_at,"
        " seen_inside, received_at)"
        " select gen_random_uuid(), n, zone, 'yard', null, at, at, false, at"
        " from unnest(%s::int[], %s::text[], %s::timestamptz[]) as one (n, zone, at)",
        [list(range(1, staged + 1)), yards, came],
    )
    centers = {yard: site.zone_by_id[yard].polygon.centroid for yard in _YARDS.values()}
    line = site.corridors[0].line
    places = [centers[yard] for yard in yards]
    road = np.linspace(0.05, 0.6, max(len(bound) - staged, 1))
    places += [line.interpolate(one, normalized=True) for one in road[: len(bound) - staged]]
    conn.execute(
        "insert into tracks (device_id, fixed_at, received_at, lon, lat, speed_mps,"
        " heading_deg, visit_state) select n, %s, %s, lon, lat, 12, 0, '{}'"
        " from unnest(%s::int[], %s::float8[], %s::float8[]) as one (n, lon, lat)",
        [
            _NOW - timedelta(seconds=30),
            _NOW,
            list(range(1, len(bound) + 1)),
            [place.x for place in places],
            [place.y for place in places],
        ],
    )


def table(figures: TickFigures) -> Table:
    """Return the figures as a table."""
    shown = Table(title=f"A step of the controller at {figures.trips:,} live trips")
    shown.add_column("")
    shown.add_column("seconds", justify="right")
    for name, seconds in (
        ("read", figures.read_s),
        ("decide", figures.decide_s),
        ("commit", figures.commit_s),
        ("the whole step with a plan", figures.tick_s),
        ("a step that only meters", figures.meter_s),
        (f"{figures.retimed:,} slots moved by a closure, the whole step", figures.retime_s),
        ("  of it the commit, ledger and messages included", figures.retime_commit_s),
        ("  the same slots and messages row by row", figures.row_by_row_s),
    ):
        shown.add_row(name, f"{seconds:.3f}")
    shown.caption = (
        f"{figures.staged:,} trucks in yards; best of {figures.runs} steps;"
        f" row by row takes {figures.ratio:.1f} times as long"
    )
    return shown
