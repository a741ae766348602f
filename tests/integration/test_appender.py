"""Grouped durable writes, against a real Valkey."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import redis
import redis.asyncio
from streams import fixes_on_disk

from flowctl.embedded import start_valkey
from flowctl.errors import UnavailableError
from flowctl.telemetry import store as store_client
from flowctl.telemetry import stream
from flowctl.telemetry.fixes import FixBatch, rows_of
from flowctl.telemetry.store import connect
from flowctl.telemetry.stream import Appender


def batch(device: str, moment_us: int = 0, count: int = 1) -> FixBatch:
    rows = rows_of(count)
    rows["fixed_at"] = moment_us
    return FixBatch((device,), rows)


def appending(url: str, work: Callable[[Appender], Awaitable[None]]) -> None:
    async def run() -> None:
        store = connect(url)
        appender = Appender(store)
        try:
            async with appender.running():
                await work(appender)
        finally:
            await store.aclose()

    asyncio.run(run())


def test_many_callers_fixes_are_on_the_streams_once_each_in_few_entries(valkey: str):
    wanted = [(f"T{i % 7}", i) for i in range(200)]

    async def work(appender: Appender) -> None:
        await asyncio.gather(*(appender.append(batch(*one)) for one in wanted))

    appending(valkey, work)
    assert sorted(fixes_on_disk(valkey)) == sorted(wanted)
    with redis.Redis.from_url(valkey) as store:
        assert sum(store.xlen(name) for name in store.keys("fixes:*")) <= 14


def test_one_devices_fixes_keep_the_order_of_their_coming(valkey: str):
    async def work(appender: Appender) -> None:
        await asyncio.gather(*(appender.append(batch("T", i)) for i in range(300)))

    appending(valkey, work)
    assert [moment for _, moment in fixes_on_disk(valkey)] == list(range(300))


def test_a_caller_that_goes_away_harms_no_other(valkey: str):
    async def work(appender: Appender) -> None:
        gone = asyncio.create_task(appender.append(batch("gone")))
        others = [asyncio.create_task(appender.append(batch("here", i))) for i in range(3)]
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(*others)
        assert gone.cancelled()

    appending(valkey, work)
    assert {("here", i) for i in range(3)} <= set(fixes_on_disk(valkey))


def test_what_was_taken_is_written_before_the_end(valkey: str):
    async def work(appender: Appender) -> None:
        left = asyncio.create_task(appender.append(batch("T")))
        await asyncio.sleep(0)
        assert not left.done()

    appending(valkey, work)
    assert fixes_on_disk(valkey) == [("T", 0)]


def test_nothing_is_taken_before_the_start_or_after_the_end(valkey: str):
    async def run() -> None:
        store = connect(valkey)
        appender = Appender(store)
        with pytest.raises(UnavailableError):
            await appender.append(batch("T"))
        async with appender.running():
            pass
        with pytest.raises(UnavailableError):
            await appender.append(batch("T"))
        await store.aclose()

    asyncio.run(run())
    assert fixes_on_disk(valkey) == []


def test_more_than_may_wait_is_refused_at_once_and_the_rest_is_written(valkey: str):
    async def work(appender: Appender) -> None:
        most = asyncio.create_task(appender.append(batch("A", count=stream.MOST_WAITING)))
        await asyncio.sleep(0)
        with pytest.raises(UnavailableError, match="wait for the disk"):
            await appender.append(batch("B"))
        await most
        await appender.append(batch("B"))

    appending(valkey, work)
    assert len(fixes_on_disk(valkey)) == stream.MOST_WAITING + 1


def test_a_full_store_is_a_no_and_works_again_when_it_has_room(valkey: str):
    async def work(appender: Appender) -> None:
        store = redis.asyncio.Redis.from_url(valkey)
        await store.config_set("maxmemory", "1mb")
        try:
            with pytest.raises(UnavailableError, match="takes nothing now"):
                await appender.append(batch("T", 1))
        finally:
            await store.config_set("maxmemory", "0")
            await store.aclose()
        await appender.append(batch("T", 2))

    appending(valkey, work)
    assert fixes_on_disk(valkey) == [("T", 2)]


def test_a_hung_store_is_a_no_within_seconds_to_all_who_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(store_client, "ANSWER_S", 1.0)

    async def work(appender: Appender) -> None:
        loop = asyncio.get_running_loop()
        await appender.append(batch("T", 1))
        os.kill(pid, signal.SIGSTOP)
        try:
            began = loop.time()
            first = asyncio.create_task(appender.append(batch("T", 2)))
            await asyncio.sleep(0.05)
            later = asyncio.create_task(appender.append(batch("T", 3)))
            outcomes = await asyncio.gather(first, later, return_exceptions=True)
            waited_s = loop.time() - began
        finally:
            os.kill(pid, signal.SIGCONT)
        assert [type(outcome) for outcome in outcomes] == [UnavailableError] * 2
        assert waited_s < 1.9
        await appender.append(batch("T", 4))

    with start_valkey(tmp_path) as running:
        url = running.url
        with redis.Redis.from_url(url) as store:
            pid = store.info("server")["process_id"]
        appending(url, work)
        assert {("T", 1), ("T", 4)} <= set(fixes_on_disk(url))
