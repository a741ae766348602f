"""Where replications are played: work in threads, processes and a cluster; killed and cancelled."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster
from simulated_day import small_day, tiny_site
from work_items import killed_at_first, refused, squared, until_stopped

from flowctl.errors import FlowctlError
from flowctl.scenarios.steering import parse_steering
from flowctl.site import Site
from simulations.studies import executors
from simulations.studies.executors import WorkerLostError, dask, processes, threads
from simulations.studies.result import Run
from simulations.studies.run import run


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return tiny_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    with LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as running:
        yield running.scheduler_address


@pytest.mark.parametrize("make", [threads, processes])
def test_every_item_has_its_result_and_says_how_far_it_is(make: object):
    shares: dict[int, float] = {}
    with make(2) as pool:
        found = dict(pool.results(squared, list(range(30)), tell=shares.__setitem__))
    assert found == {number: number * number for number in range(30)}
    assert set(shares.values()) <= {0.0, 0.5}


@pytest.mark.parametrize("make", [threads, processes])
def test_a_refusal_in_a_worker_arrives_with_its_kind(make: object):
    with make(1) as pool, pytest.raises(FlowctlError, match="There is no 3") as caught:
        list(pool.results(refused, [3]))
    assert caught.value.refusal.kind == "no_number"


@pytest.mark.parametrize("make", [threads, processes])
def test_who_wants_no_more_waits_no_longer_than_it_takes_to_say(make: object):
    told: dict[int, float] = {}
    begun = time.monotonic()
    with make(1) as pool:
        found = list(
            pool.results(
                until_stopped,
                list(range(9)),
                tell=told.__setitem__,
                stopped=lambda: 0.25 in told.values(),
            )
        )
    assert (0, "stopped") in found
    assert {result for _, result in found} == {"stopped"}
    assert len(found) < 9
    assert time.monotonic() - begun < 20


def test_what_a_killed_worker_had_is_done_again(tmp_path: Path):
    for name in ("a", "c"):
        (tmp_path / name).touch()
    with processes(2) as pool:
        found = dict(pool.results(killed_at_first, [tmp_path / name for name in "abc"]))
    assert found == {0: "a", 1: "b", 2: "c"}


def test_work_that_kills_its_worker_again_is_given_up_in_words_and_the_rest_is_kept(tmp_path: Path):
    (tmp_path / "a").touch()
    found: dict[int, str] = {}
    with processes(1) as pool:
        results = pool.results(killed_at_first, [tmp_path / "a", tmp_path / "always"])
        with pytest.raises(WorkerLostError, match="killed twice over part 2 of 2"):
            found.update(results)
    assert found == {0: "a"}


def played(site: Site, pool: executors.Pool, **changes: object) -> Run:
    asked = {"steering": parse_steering("none"), "seed": 1, "replications": 20} | changes
    return run(small_day(), site, executor=pool, **asked)


def test_a_run_loses_no_replication_to_a_killed_worker(site: Site):
    with threads(1) as pool:
        expected = played(site, pool)
    killed = []

    def kill_one(_: float, done: int) -> None:
        if done and not killed:
            [worker, *_] = multiprocessing.active_children()
            os.kill(worker.pid, signal.SIGKILL)
            killed.append(worker.pid)

    with processes(2) as pool:
        found = played(site, pool, progress=kill_one)
    assert killed
    assert found.digest == expected.digest
    assert sorted(found.numbers) == list(range(20))


def test_a_cluster_plays_the_same_days(site: Site, cluster: str):
    with dask(cluster) as pool:
        assert pool.count == 2
        found = played(site, pool)
    with threads(1) as pool:
        assert found.digest == played(site, pool).digest


def test_a_cluster_can_be_left_in_the_middle(site: Site, cluster: str):
    done: list[int] = []
    with dask(cluster) as pool:
        found = played(
            site,
            pool,
            replications=2000,
            progress=lambda _, finished: done.append(finished),
            stopped=lambda: bool(done) and done[-1] > 0,
        )
    assert found.stopped_early
    assert 0 < len(found.numbers) < 2000


def test_a_cluster_that_does_not_answer_is_refused_in_words(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("simulations.studies.workers.CONNECT_S", 1)
    with pytest.raises(FlowctlError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:1"):
        dask("tcp://127.0.0.1:1")
