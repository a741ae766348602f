"""The same fixes once more, in order and undisturbed: they must make the same visits."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import redis
from numpy.typing import NDArray

from flowctl.bench.bodies import uid_of
from flowctl.bench.machine import POSTGRES, Machine
from flowctl.bench.watching import drain
from flowctl.local import in_database
from flowctl.settings import Settings
from flowctl.telemetry import stream
from flowctl.telemetry.fixes import FIX, FixBatch

Connection = psycopg.Connection[Any]
VisitRow = tuple[str, str, float, float | None]

_CALM = "flowctl_calm"
_AT_ONCE = 20_000
_DRAIN_WAIT_S = 300.0


def visits_of(conn: Connection) -> set[VisitRow]:
    """Return device, zone, entry and exit of every visit."""
    rows = conn.execute(
        "select uid, zone, extract(epoch from entered_at)::float8,"
        " extract(epoch from left_at)::float8"
        " from visits join devices on devices.id = device_id"
    ).fetchall()
    return set(rows)


def calm_visits(machine: Machine) -> set[VisitRow]:
    """Return the visits that the stored fixes make when they come in order and nothing fails.

    The machine's own processes are ended first; its stores are used again.
    """
    for name in (*machine.apis, *machine.workers):
        machine.stop(name)
    url = machine.settings.database_url
    calm = in_database(url, _CALM)
    server = in_database(machine.stores[POSTGRES].owner_url, "postgres")
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(f"create database {_CALM} template flowctl")
    with psycopg.connect(calm) as conn:
        conn.execute(
            "truncate fixes, fixes_aside, visits, tracks, stream_positions, ingest_counts,"
            " ingest_workers, heartbeats"
        )
    with redis.Redis.from_url(machine.settings.valkey_url) as store:
        store.flushall()
        with psycopg.connect(url) as source:
            for batch in _in_order(source):
                for partition, part in batch.partitions().items():
                    store.xadd(stream.key(partition), {"b": part.to_bytes()})
    settings = machine.settings.model_copy(update={"database_url": calm})
    return _evaluated(Machine(machine.home, machine.layout, settings, "", machine.ports))


def _evaluated(machine: Machine) -> set[VisitRow]:
    settings: Settings = machine.settings
    try:
        for name in machine.workers:
            machine.start(name)
        drain(settings.database_url, settings.valkey_url, within_s=_DRAIN_WAIT_S)
    finally:
        for name in machine.workers:
            if name in machine.processes:
                machine.stop(name)
    with psycopg.connect(settings.database_url) as conn:
        return visits_of(conn)


def _in_order(conn: Connection) -> Iterator[FixBatch]:
    """Yield the stored fixes by their moments."""
    with conn.cursor(name="fixes") as cursor:
        cursor.itersize = _AT_ONCE
        cursor.execute(
            "select substr(uid, 7)::int, f.source_id,"
            " (extract(epoch from received_at) * 1000000)::bigint,"
            " (extract(epoch from fixed_at) * 1000000)::bigint, lon, lat,"
            " coalesce(speed_mps, 'NaN'), coalesce(heading_deg, 'NaN'),"
            " coalesce(altitude_m, 'NaN'), coalesce(accuracy_m, 'NaN'),"
            " coalesce(ignition::int, -1), 0"
            " from fixes f join devices d on d.id = f.device_id order by fixed_at, uid"
        )
        while rows := cursor.fetchmany(_AT_ONCE):
            yield _batch(np.array(rows, dtype=FIX))


def _batch(rows: NDArray[np.void]) -> FixBatch:
    trucks, index = np.unique(rows["device"], return_inverse=True)
    rows["device"] = index
    return FixBatch(tuple(uid_of(int(truck)) for truck in trucks), rows)


def write_difference(found: set[VisitRow], expected: set[VisitRow], path: Path) -> None:
    """Write the visits that only one of two evaluations has, sorted, for who looks into it."""
    lines = [f"disturbed only: {row}" for row in sorted(found - expected, key=str)]
    lines += [f"undisturbed only: {row}" for row in sorted(expected - found, key=str)]
    path.write_text("\n".join(sorted(lines, key=lambda line: line.split(": ")[1])), "utf-8")
