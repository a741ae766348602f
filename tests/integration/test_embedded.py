"""The stores of a demo: durable, private, stopped with us, and startable after any death."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from flowctl.embedded import RunningStore, start_postgres, start_valkey
from flowctl.errors import FlowctlError
from flowctl.postgres_binaries import (
    PostgresBinaries,
    choose_postgres,
    find_bundled_postgres,
    runnable_by_others,
)
from flowctl.server_process import DirectoryLock, ServerProcess, start_on_free_port

START_AND_WAIT = """
import sys, time
from pathlib import Path
from flowctl.embedded import start_postgres, start_valkey
with start_postgres(Path(sys.argv[1])), start_valkey(Path(sys.argv[1])):
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """Return a directory that an unprivileged user may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="flowctl-embedded-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


def servers(state_dir: Path) -> list[int]:
    return [int(lock.read_text()) for lock in sorted(state_dir.glob("*/server.lock"))]


def runs(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def remember(store: RunningStore) -> None:
    with psycopg.connect(store.owner_url) as conn:
        conn.execute("create table remembered as select 42 as answer")


def recall(store: RunningStore) -> int:
    with psycopg.connect(store.owner_url) as conn:
        row = conn.execute("select answer from remembered").fetchone()
    assert row is not None
    return int(row[0])


def test_a_second_run_finds_what_the_first_one_stored(open_dir: Path):
    with start_postgres(open_dir) as store:
        remember(store)
    with start_postgres(open_dir) as store:
        assert recall(store) == 42


def test_what_valkey_acknowledged_survives_kill_9(open_dir: Path):
    with start_valkey(open_dir) as store, redis.Redis.from_url(store.url) as client:
        client.xadd("fixes:0", {"batch": "1"})
        os.kill(servers(open_dir)[0], signal.SIGKILL)
    with start_valkey(open_dir) as store, redis.Redis.from_url(store.url) as client:
        assert client.xlen("fixes:0") == 1


def test_postgresql_starts_again_after_kill_9(open_dir: Path):
    with start_postgres(open_dir) as store:
        remember(store)
        os.kill(servers(open_dir)[0], signal.SIGKILL)
    with start_postgres(open_dir) as store:
        assert recall(store) == 42


def test_a_pid_file_left_by_a_crash_does_not_hinder_though_its_number_lives_again(open_dir: Path):
    with start_postgres(open_dir):
        pass
    data = next(open_dir.glob("postgres-*/data"))
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n0\n5432\n\n127.0.0.1\n0 0\n")
    with start_postgres(open_dir):
        pass


def test_the_servers_of_a_killed_run_end_and_the_next_run_starts(open_dir: Path):
    with subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT, str(open_dir)], stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"
        left = servers(open_dir)
        run.kill()
    assert len(left) == 2
    with start_postgres(open_dir), start_valkey(open_dir):
        assert not any(runs(pid) for pid in left)


def test_nothing_runs_after_the_with_block(open_dir: Path):
    with start_postgres(open_dir), start_valkey(open_dir):
        started = servers(open_dir)
        assert all(runs(pid) for pid in started)
    assert not any(runs(pid) for pid in started)


def test_a_second_run_on_the_same_directory_is_refused_by_name(open_dir: Path):
    home = open_dir / "valkey"
    refused = pytest.raises(FlowctlError, match=f"{home} is in use by a running server")
    with start_valkey(open_dir), refused:
        DirectoryLock(home, wait_s=0)


def test_a_half_made_data_directory_is_made_anew(open_dir: Path):
    name = choose_postgres().cluster_name
    (open_dir / name / "data.begun" / "base").mkdir(parents=True)
    with start_postgres(open_dir) as store:
        remember(store)


def test_both_stores_write_to_disk_before_they_answer(open_dir: Path):
    with start_postgres(open_dir) as store, psycopg.connect(store.owner_url) as conn:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert conn.execute(f"show {setting}").fetchone() == ("on",)
    with start_valkey(open_dir) as store, redis.Redis.from_url(store.url) as client:
        assert client.config_get("append*")["appendfsync"] == "always"
        assert client.config_get("append*")["appendonly"] == "yes"


def test_the_database_of_the_tests_waits_for_no_disk(postgres_url: str):
    with psycopg.connect(f"{postgres_url}/postgres") as conn:
        assert conn.execute("show fsync").fetchone() == ("off",)


def test_the_database_has_room_to_write_between_checkpoints(open_dir: Path):
    with start_postgres(open_dir) as store, psycopg.connect(store.owner_url) as conn:
        assert conn.execute("show max_wal_size").fetchone() == ("4GB",)
        assert conn.execute("show shared_buffers").fetchone() == ("512MB",)


def test_other_people_of_this_machine_cannot_read_the_stores(open_dir: Path):
    with start_postgres(open_dir) as store, psycopg.connect(store.owner_url) as conn:
        assert conn.execute("show listen_addresses").fetchone() == ("127.0.0.1",)
        host = store.owner_url.rpartition("@")[2]
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"postgresql://flowctl:guessed@{host}")
    with start_valkey(open_dir) as store:
        host = store.url.rpartition("@")[2]
        guess = redis.Redis.from_url(f"redis://{host}")
        with guess, pytest.raises(redis.AuthenticationError):
            guess.ping()
    for secret in open_dir.glob("*/*password"):
        assert secret.stat().st_mode & 0o077 == 0


def test_given_stores_are_used_and_nothing_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FLOWCTL_DATABASE_URL", "postgresql://me:secret@db.example:5432/flow")
    monkeypatch.setenv("FLOWCTL_VALKEY_URL", "redis://cache.example:6379/0")
    with start_postgres(tmp_path) as database, start_valkey(tmp_path) as cache:
        assert database.url == "postgresql://me:secret@db.example:5432/flow"
        assert cache.url == "redis://cache.example:6379/0"
        assert database.describe == "PostgreSQL at db.example:5432, as given"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root must hand PostgreSQL to another user")
def test_root_may_run_it_below_a_home_that_others_cannot_enter(tmp_path: Path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with start_postgres(closed) as store:
        remember(store)
    link = next(closed.glob("postgres-*"))
    home = link.resolve()
    try:
        with start_postgres(closed) as store:
            assert recall(store) == 42
        link.unlink()  # as `rm -rf .state` does: the next run begins anew
        with start_postgres(closed) as store, psycopg.connect(store.owner_url) as conn:
            assert conn.execute("select to_regclass('remembered')").fetchone() == (None,)
    finally:
        shutil.rmtree(home)


def fake_postgres(folder: Path, version: str, *, timescale: bool) -> None:
    share = folder / "share"
    (share / "extension").mkdir(parents=True)
    if timescale:
        (share / "extension/timescaledb.control").touch()
    for name, says in {
        "postgres": f"postgres (PostgreSQL) {version} (Debian)",
        "initdb": "",
        "pg_config": str(share),
    }.items():
        program = folder / name
        program.write_text(f"#!/bin/sh\necho '{says}'\n")
        program.chmod(0o755)


@pytest.mark.parametrize(
    ("version", "timescale", "chosen"),
    [("99.2", True, True), ("99.2", False, False), ("14.9", True, False)],
    ids=["new with TimescaleDB", "new without", "too old"],
)
def test_a_system_postgresql_is_taken_before_the_wheel_only_with_timescaledb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, *, timescale: bool, chosen: bool
):
    fake_postgres(tmp_path, version, timescale=timescale)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    best = choose_postgres()
    assert (best.folder == tmp_path) is chosen
    if chosen:
        assert best.cluster_name == "postgres-99-timescaledb"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root must hand PostgreSQL to another user")
def test_programs_below_a_closed_home_are_copied_to_where_the_other_user_can_run_them(
    tmp_path: Path, open_dir: Path
):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    fake_postgres(closed / "bin", "17.1", timescale=False)
    hidden = PostgresBinaries(closed / "bin", "17.1", timescale=False, origin="of this test")
    for _ in range(2):  # the second run finds the copy of the first
        copied = runnable_by_others(hidden, open_dir)
        said = subprocess.check_output([copied.folder / "postgres"], user="nobody", text=True)
        assert "17.1" in said
    assert copied.folder.is_relative_to(open_dir)
    assert runnable_by_others(copied, open_dir) == copied


def test_the_wheel_brings_a_postgresql_that_runs_here():
    bundled = find_bundled_postgres()
    assert bundled is not None
    assert bundled.major >= 17


def test_a_server_that_cannot_start_is_reported_with_its_own_words(tmp_path: Path):
    lock = DirectoryLock(tmp_path)

    def start(port: int) -> ServerProcess:
        says = f"echo 'no such luck at {port}'; exit 3"
        return ServerProcess(["sh", "-c", says], lock=lock, log=tmp_path / "log", user=None)

    with pytest.raises(FlowctlError, match="no such luck at"):
        start_on_free_port(start, lambda _port: False)
    lock.close()


def test_a_server_that_ignores_a_stop_is_ended_by_force(tmp_path: Path):
    lock = DirectoryLock(tmp_path)
    stubborn = "trap '' INT QUIT; echo up; while :; do sleep 0.05; done"
    log = tmp_path / "log"
    server = ServerProcess(["sh", "-c", stubborn], lock=lock, log=log, user=None)
    lock.close()
    while "up" not in log.read_text():
        time.sleep(0.01)
    server.stop(wait_s=0.2)
    assert server.has_ended()


def test_a_server_whose_start_script_had_to_be_killed_ends_too(tmp_path: Path):
    child = tmp_path / "child"
    lock = DirectoryLock(tmp_path)
    # Of a shell that is interrupted, what it runs in the background goes on.
    server = ServerProcess(
        ["/bin/sh", "-c", f"sleep 600 & echo $! > {child}; wait"],
        lock=lock,
        log=tmp_path / "log",
        user=None,
    )
    lock.close()
    while not child.is_file() or not child.read_text().strip():
        time.sleep(0.01)
    server.stop(wait_s=0.5)
    stat = Path("/proc") / child.read_text().strip() / "stat"
    deadline = time.monotonic() + 10
    while stat.exists() and stat.read_text().split()[2] != "Z":
        assert time.monotonic() < deadline, "the server outlived its start script"
        time.sleep(0.01)
