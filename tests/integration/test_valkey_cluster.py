"""The position store as a cluster: what was acknowledged outlives any one of its servers."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from contextlib import aclosing
from datetime import UTC, datetime

import psycopg
import pytest
import redis
from border import border
from valkey_cluster import Cluster, Member, valkey_cluster, wait_for

from api.attempts import Lock, count_attempt, count_try, forgive
from api.errors import Problem
from flowctl.errors import FlowctlError, UnavailableError
from flowctl.registry.sources import add_source
from flowctl.server_process import free_port
from flowctl.telemetry import stream
from flowctl.telemetry.backlog import list_waiting
from flowctl.telemetry.fixes import PARTITIONS, FixBatch, microseconds, rows_of
from flowctl.telemetry.ingest import Ingest
from flowctl.telemetry.store import Store, connect, connect_worker

T0 = datetime(2024, 1, 23, 1, tzinfo=UTC)


def start(member: Member, command: list[str]) -> "subprocess.Popen[bytes]":
    with (member.home / "server.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    root = tmp_path_factory.mktemp("cluster")
    members = [
        Member("127.0.0.1", free_port(), free_port(), root / str(number)) for number in range(6)
    ]
    with valkey_cluster(members, start) as made:
        yield made


@pytest.fixture
def empty(cluster: Cluster) -> Cluster:
    wait_for(cluster.is_whole, 60)
    with connect_worker(cluster.url) as store:
        store.flushall(target_nodes=redis.RedisCluster.PRIMARIES)
    return cluster


async def said(url: str, entries: dict[int, bytes], *, replicas: int = 1) -> None:
    async with aclosing(connect(url)) as store:
        await stream.append(store, entries, replicas=replicas)


def stored(cluster: Cluster) -> dict[int, list[bytes]]:
    everything = dict.fromkeys(range(PARTITIONS), "0-0")
    with connect_worker(cluster.url) as store:
        found = stream.read(store, everything, count=100, block_ms=0)
    return {partition: [body for _, body in entries] for partition, entries in found.items()}


def test_an_append_reaches_each_partitions_node_and_is_read_from_there(empty: Cluster):
    entries = {partition: b"%d" % partition for partition in range(PARTITIONS)}
    asyncio.run(said(empty.url, entries))
    assert stored(empty) == {partition: [entry] for partition, entry in entries.items()}
    nodes = {empty.primary_of(stream.key(partition)) for partition in range(PARTITIONS)}
    assert nodes == set(empty.members[:3])


def test_what_is_committed_is_trimmed_on_every_node_and_what_waits_is_counted(empty: Cluster):
    for entry in (b"one", b"two"):
        asyncio.run(said(empty.url, dict.fromkeys(range(PARTITIONS), entry)))
    with connect_worker(empty.url) as store:
        first = stream.read(store, dict.fromkeys(range(PARTITIONS), "0-0"), count=1, block_ms=0)
        committed = {partition: entries[-1][0] for partition, entries in first.items()}
        stream.trim(store, {**committed, 0: stream.newest_ids(store, [0])[0]})
        assert not stream.is_drained(store, committed)

    async def ask() -> list[int]:
        async with connect(empty.url) as store:
            return [one.entries for one in (await list_waiting(store, committed)).values()]

    assert asyncio.run(ask()) == [1] * PARTITIONS
    assert stored(empty)[0] == [b"two"]


def test_more_replicas_than_there_are_is_a_refusal_though_the_entry_was_written(empty: Cluster):
    with pytest.raises(UnavailableError, match="too few replicas"):
        asyncio.run(said(empty.url, {0: b"x"}, replicas=2))


def test_attempts_are_counted_and_locked_in_a_cluster(empty: Cluster):
    limit = Lock(2, first=T0 - T0.replace(hour=0), longest=T0 - T0.replace(hour=0))

    async def try_out(store: Store) -> None:
        for _ in range(2):
            await count_try(store, "login:1", limit, what="Too many")
        with pytest.raises(Problem):
            await count_try(store, "login:1", limit, what="Too many")
        await forgive(store, "login:1")
        await count_try(store, "login:1", limit, what="Too many")
        await count_attempt(store, "other", most=1, within=limit.first, what="Too many")

    async def run() -> None:
        async with connect(empty.url) as store:
            await try_out(store)

    asyncio.run(run())


def test_a_killed_primary_loses_nothing_that_was_acknowledged_and_appends_come_back(
    empty: Cluster,
):
    lost = empty.primary_of(stream.key(0))

    async def load() -> tuple[list[bytes], int]:
        told, refused, number = [], 0, 0
        store = connect(empty.url)
        until = time.monotonic() + 40
        killed = False
        after = 0
        while after < 20:
            assert time.monotonic() < until, "appends did not come back"
            entry = b"%d" % number
            number += 1
            try:
                await stream.append(store, {0: entry}, replicas=1 if not killed else 0)
            except UnavailableError:
                refused += 1
                await asyncio.sleep(0.2)
            else:
                told.append(entry)
                after += killed
            if len(told) == 50 and not killed:
                empty.kill(lost)
                killed = True
        await store.aclose()
        return told, refused

    told, refused = asyncio.run(load())
    try:
        assert refused >= 1
        assert set(told) <= set(stored(empty)[0])
        assert empty.primary_of(stream.key(0)) != lost
    finally:
        empty.revive(lost)
        wait_for(empty.is_whole, 60)


def post(url: str, device: str) -> None:
    rows = rows_of(1)
    rows["source_id"], rows["received_at"] = 1, microseconds(T0)
    rows["fixed_at"], rows["lon"], rows["lat"] = microseconds(T0), 106.3, 21.4
    parts = FixBatch((device,), rows).partitions()
    asyncio.run(said(url, {partition: part.to_bytes() for partition, part in parts.items()}))


def test_a_worker_ahead_of_a_new_primary_reads_what_that_one_took_meanwhile(
    empty: Cluster, database: str
):
    with border(database) as place, psycopg.connect(database, autocommit=True) as conn:
        with conn.transaction():
            add_source(conn, name="test", enrols=True)
        with connect_worker(empty.url) as store:
            before = Ingest.begin(conn, store, place.site, name="before")
            post(empty.url, "A")
            assert before.step(lambda: T0, block_ms=500) == 1
            before.own.leave()
        post(empty.url, "B")
        # As it is after a failover: another keeps the streams, and our position is beyond
        # entries that this one took while we still read from the former.
        with connect_worker(empty.url) as store:
            newest = stream.newest_ids(store, range(PARTITIONS))
        conn.execute(
            "update stream_positions set read_from = 'the former', last_id = s.newest"
            " from unnest(%s::smallint[], %s::text[]) as s(number, newest)"
            " where partition = s.number",
            [list(newest), list(newest.values())],
        )
        with connect_worker(empty.url) as store:
            after = Ingest.begin(conn, store, place.site, name="after")
            after.step(lambda: T0, block_ms=500)
        row = conn.execute("select count(*) from fixes").fetchone()
    assert row == (2,)


@pytest.mark.parametrize("places", ["", "one", "one:6379/0", "one:6379,"])
def test_an_address_of_a_cluster_that_names_no_nodes_is_refused_as_a_sentence(places: str):
    with pytest.raises(FlowctlError, match=r"host:port is expected.*redis\+cluster://one:6379,two"):
        connect(f"redis+cluster://{places}")


def test_a_cluster_of_which_nobody_answers_is_a_store_that_is_away():
    with pytest.raises(UnavailableError, match="does not answer"):
        asyncio.run(said(f"redis+cluster://127.0.0.1:{free_port()}", {0: b"x"}))
