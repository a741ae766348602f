"""Several workers: each partition has one owner, and who lost it commits nothing."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import psycopg
import pytest
import redis

from flowctl.data_files import data_dir
from flowctl.registry.sources import add_source
from flowctl.site import Site
from flowctl.site_files import read_source
from flowctl.storage.leases import APPLICATION
from flowctl.storage.outcomes import total_outcomes
from flowctl.storage.sites import save_site
from flowctl.telemetry import stream
from flowctl.telemetry.fixes import (
    PARTITIONS,
    FixBatch,
    batch_from_bytes,
    microseconds,
    rows_of,
)
from flowctl.telemetry.ingest import Ingest
from flowctl.telemetry.ownership import KEEP_S, LEASE_S, LostPartitionError

T0 = datetime(2024, 1, 23, 1, tzinfo=UTC)


class Crew:
    """Workers on one database and one store, each with a connection of its own."""

    def __init__(self, database: str, valkey: str, stack: ExitStack) -> None:
        self.database = database
        self.stack = stack
        self.conn = stack.enter_context(psycopg.connect(database, autocommit=True))
        self.store = stack.enter_context(redis.Redis.from_url(valkey))
        with self.conn.transaction():
            source = read_source(data_dir() / "sites/lang_son")
            self.site: Site = save_site(self.conn, source, where="test", now=T0)
            add_source(self.conn, name="test", enrols=True)

    def hire(self, name: str) -> Ingest:
        conn = self.stack.enter_context(
            psycopg.connect(self.database, autocommit=True, application_name=f"{APPLICATION}{name}")
        )
        return Ingest.begin(conn, self.store, self.site, name=name)

    def post(self) -> None:
        rows = rows_of(1)
        rows["source_id"], rows["received_at"] = 1, microseconds(T0)
        rows["fixed_at"], rows["lon"], rows["lat"] = microseconds(T0), 106.3, 21.4
        for partition, part in FixBatch(("A",), rows).partitions().items():
            self.store.xadd(stream.key(partition), {b"b": part.to_bytes()})

    def let_leases_run_out(self) -> None:
        """Make it so late that no lease holds, without the wait."""
        self.conn.execute(
            "update stream_positions set lease_until_wall_at = clock_timestamp() - interval '1 s'"
            " where owner is not null"
        )
        self.conn.execute(
            "update ingest_workers set beat_wall_at = clock_timestamp() - interval '1 min'"
        )

    def stored(self) -> int:
        return total_outcomes(self.conn).stored


# The server the Community edition is tested on has one session for all: no two workers there.
@pytest.fixture(
    params=["database", pytest.param("timescale_database", marks=pytest.mark.timescale)]
)
def crew(request: pytest.FixtureRequest, valkey: str) -> Iterator[Crew]:
    with ExitStack() as stack:
        yield Crew(request.getfixturevalue(request.param), valkey, stack)


def step(worker: Ingest) -> int:
    return worker.step(lambda: T0, block_ms=1)


def test_one_worker_has_all_partitions_and_shares_them_with_a_second(crew: Crew):
    first = crew.hire("first")
    assert len(first.own.leases) == 16
    second = crew.hire("second")
    assert second.own.leases == {}
    first.keep()
    second.keep()
    assert len(first.own.leases) == len(second.own.leases) == 8
    assert not set(first.own.leases) & set(second.own.leases)


def test_what_a_worker_leaves_in_good_order_is_taken_at_once(crew: Crew):
    first, second = crew.hire("first"), crew.hire("second")
    first.own.leave()
    second.keep()
    assert len(second.own.leases) == 16


def test_a_dead_workers_partitions_move_once_its_lease_has_run_out_and_not_before(crew: Crew):
    crew.hire("dead")
    other = crew.hire("other")
    other.keep()
    assert other.own.leases == {}
    crew.let_leases_run_out()
    other.keep()
    assert len(other.own.leases) == 16
    assert LEASE_S + KEEP_S < 10  # the longest a dead worker is missed


def read(crew: Crew, worker: Ingest) -> dict[int, list[tuple[str, bytes]]]:
    """Return what a worker has read when it is paused."""
    positions = {p: lease.last_id for p, lease in worker.own.leases.items()}
    return stream.read(crew.store, positions, count=9, block_ms=1)


def test_a_worker_that_was_paused_and_replaced_commits_nothing(crew: Crew):
    paused = crew.hire("paused")
    crew.post()
    entries = read(crew, paused)
    paused.conn.execute("set application_name = 'out of reach'")  # nobody can end its session
    crew.let_leases_run_out()
    heir = crew.hire("heir")
    assert step(heir) == 1
    crew.conn.execute("delete from fixes")  # so that only the lease stands in its way
    with pytest.raises(LostPartitionError):
        paused._take(entries, lambda: T0)  # noqa: SLF001 - it goes on where it was paused
    assert crew.conn.execute("select count(*) from fixes").fetchone() == (0,)
    assert crew.stored() == 1


def test_a_worker_paused_inside_its_transaction_holds_nobody_up(crew: Crew):
    paused = crew.hire("paused")
    crew.post()
    [(partition, [(last_id, body)])] = read(crew, paused).items()
    paused.conn.execute("begin")
    newest = paused.recorder.record(batch_from_bytes(body))
    crew.let_leases_run_out()
    paused.own.advance({partition: last_id}, newest)  # its locks are held from here on
    heir = crew.hire("heir")
    heir.keep()
    assert len(heir.own.leases) == 16
    assert step(heir) == 1
    with pytest.raises(psycopg.OperationalError):
        paused.conn.execute("commit")
    assert crew.stored() == 1


def test_a_step_that_takes_longer_than_a_lease_keeps_its_partitions(crew: Crew):
    busy = crew.hire("busy")
    before = dict(busy.own.leases)
    with busy.own.prolonged(crew.database):
        time.sleep(LEASE_S + 2 * KEEP_S)
        assert not crew.hire("idle").own.leases
        busy.keep()
    assert len(busy.own.leases) == PARTITIONS // 2, "now that it is asked, it shares"
    assert busy.own.leases.items() <= before.items()


def test_a_worker_that_hangs_in_a_step_is_replaced(crew: Crew):
    hanging = crew.hire("hanging")
    with hanging.own.prolonged(crew.database, longest_step_s=2 * KEEP_S):
        time.sleep(LEASE_S + 4 * KEEP_S)
        assert len(crew.hire("heir").own.leases) == PARTITIONS


def test_a_worker_that_lost_a_partition_goes_on_with_what_it_can_get(crew: Crew):
    first = crew.hire("first")
    crew.post()
    crew.conn.execute("update stream_positions set epoch = epoch + 1, owner = 'x'")
    assert step(first) == 0
    crew.let_leases_run_out()
    first.keep()
    assert step(first) == 1
    assert crew.stored() == 1


def test_a_stream_begun_anew_by_a_store_that_lost_its_data_is_read_from_its_beginning(crew: Crew):
    first = crew.hire("first")
    crew.post()
    assert step(first) == 1
    first.own.leave()
    crew.conn.execute("update stream_positions set last_id = '99999999999999-0'")
    crew.store.flushall()
    crew.conn.execute("delete from fixes")
    crew.post()
    second = crew.hire("second")
    assert step(second) == 1
    crew.post()
    assert step(second) == 1  # the double moves the position, and is counted
    assert crew.stored() == 2
