"""What ``flowctl bench registry`` fills a database with, and the bare writing beside it."""

import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, LiteralString

import numpy as np
import psycopg

from flowctl.errors import FlowctlError
from flowctl.site import Site
from flowctl.storage.workflows import find_workflow
from flowctl.workflow.stages import Lock, Stage

Connection = psycopg.Connection[Any]

_AT_ONCE = 20_000
_OPEN_STAGES = 3
"""So many stages of a filled trip are open at a time: checks come in any order."""


def _stages(conn: Connection, site: Site) -> tuple[int, str, tuple[Stage, ...]]:
    found = find_workflow(conn, site.id, datetime.now(UTC))
    if found is None:
        raise FlowctlError(f"{site.id} has no workflow, so there is no work list to look at.")
    number, workflow = found
    variant = next(one for one in workflow.variants if one.direction == "export")
    return number, variant.id, variant.stages


_TRIPS: LiteralString = """
with made as (
    insert into trips (site, plate, driver_id, direction, cargo, gates, ready_at, registered_at,
                       registered_by, haulier, locked)
    select %(site)s, (51 + n / 100000)::text || 'F' || lpad((n %% 100000)::text, 5, '0'),
           %(driver)s, 'export', case n %% 3 when 0 then 'normal' else 'perishable' end,
           array[case n %% 2 when 0 then 'huu_nghi' else 'tan_thanh' end],
           %(now)s, %(now)s - n * interval '1 second', 'bench', 'Filled ' || n %% 3000, %(locked)s
    from generate_series(%(first)s::int, %(last)s::int) n
    returning id
)
insert into declarations (trip_id, workflow_id, variant, changed_at, goods)
select id, %(workflow)s, %(variant)s, %(now)s, 'Thanh long' from made returning trip_id
"""
_STANDING: LiteralString = """
insert into trip_stages (trip_id, stage, site, gate, direction, desk, position, state, since)
select t.id, s.stage, t.site, t.gates[1], t.direction, s.desk, s.position,
       case when s.position < t.done then 'confirmed'
            when s.position < t.done + %(open)s then 'ready' else 'waiting' end,
       t.registered_at + s.position * interval '7 minutes'
from (select trips.*, (random() * %(most)s)::int as done from trips where id = any(%(trips)s)) t,
     unnest(%(stages)s::text[], %(desks)s::text[], %(positions)s::int[])
         as s (stage, desk, position)
"""
_SAID: LiteralString = """
insert into stage_records (trip_id, stage, act, origin, said_by, desk, at, recorded_at)
select trip_id, stage, 'confirmed', 'hand', 'bench', desk, since, since from trip_stages
where trip_id = any(%(trips)s) and state = 'confirmed'
"""


def fill(conn: Connection, site: Site, trips: int, rng: np.random.Generator) -> None:
    """Enter active trips until there are so many, each somewhere on its way through its stages."""
    workflow, variant, stages = _stages(conn, site)
    [(there,)] = conn.execute("select count(*) from trips where state = 'active'").fetchall()
    [(driver,)] = conn.execute("select min(id) from drivers").fetchall()
    values = {
        "site": site.id,
        "driver": driver,
        "now": datetime.now(UTC) - timedelta(hours=1),
        "locked": [str(Lock.RELEASE), str(Lock.GATE)],
        "workflow": workflow,
        "variant": variant,
        "open": _OPEN_STAGES,
        "most": len(stages),
        "stages": [one.id for one in stages],
        "desks": [None if one.desk is None else str(one.desk) for one in stages],
        "positions": list(range(len(stages))),
    }
    conn.execute("select setseed(%s)", [float(rng.uniform())])
    for first in range(int(there), trips, _AT_ONCE):
        span = {"first": first, "last": min(first + _AT_ONCE, trips) - 1}
        with conn.transaction():
            made = [trip for (trip,) in conn.execute(_TRIPS, values | span)]
            conn.execute(_STANDING, values | {"trips": made})
            conn.execute(_SAID, {"trips": made})
    conn.execute("vacuum analyze")


def write_bare(database_url: str, site: Site, *, connections: int, seconds: float) -> float:
    """Write rows as declarations make them, a transaction each and nothing else; rows a second.

    Driver, trip, declaration, and a row of each stage: what must be on disk before an answer.
    """
    with psycopg.connect(database_url) as conn:
        workflow, variant, stages = _stages(conn, site)
    numbers, written = count(), count()
    began = time.perf_counter()
    faults: list[Exception] = []

    def write() -> None:
        try:
            with psycopg.connect(database_url, autocommit=True) as conn:
                while time.perf_counter() - began < seconds and not faults:
                    _write_one(conn, site, next(numbers), workflow, variant, stages)
                    next(written)
        except psycopg.Error as error:
            faults.append(error)

    threads = [threading.Thread(target=write) for _ in range(connections)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    if faults:
        raise FlowctlError(f"The rows could not be written bare: {faults[0]}")
    return next(written) / (time.perf_counter() - began)


def _write_one(
    conn: Connection,
    site: Site,
    number: int,
    workflow: int,
    variant: str,
    stages: tuple[Stage, ...],
) -> None:
    now = datetime.now(UTC)
    proof = f"bare {number}".encode()
    with conn.transaction():
        [(driver,)] = conn.execute(
            "insert into drivers (phone_cipher, phone_hash, language) values (%s, %s, 'vi')"
            " returning id",
            [proof, proof],
        ).fetchall()
        [(trip,)] = conn.execute(
            "insert into trips (site, plate, driver_id, direction, cargo, gates, ready_at,"
            " registered_at, registered_by) values (%s, %s, %s, 'export', 'normal', %s, %s, %s,"
            " 'bench') returning id",
            [site.id, f"99B{number:06d}", driver, [site.gates[0].id], now, now],
        ).fetchall()
        conn.execute(
            "insert into declarations (trip_id, workflow_id, variant, changed_at)"
            " values (%s, %s, %s, %s)",
            [trip, workflow, variant, now],
        )
        conn.execute(
            "insert into trip_stages (trip_id, stage, site, gate, direction, desk, position,"
            " state, since) select %s, stage, %s, %s, 'export', desk, position, 'waiting', %s"
            " from unnest(%s::text[], %s::text[], %s::int[]) as s (stage, desk, position)",
            [
                *(trip, site.id, site.gates[0].id, now),
                [one.id for one in stages],
                [None if one.desk is None else str(one.desk) for one in stages],
                list(range(len(stages))),
            ],
        )
