"""The database from a backup, and as it was at a moment: the ledger whole, and no fix twice."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
import redis
from api_server import SetClock, served
from border import KEYS, MORNING, SECRET, Border, after, border
from command_line import run_command
from databases import dropped
from psycopg import sql
from two_roles import of_processes

from api.app import create_app
from flowctl.doctor.database import SERVER, Asked
from flowctl.doctor.findings import look
from flowctl.embedded import RunningStore, start_postgres
from flowctl.postgres_binaries import choose_postgres
from flowctl.registry.keys import link_code
from flowctl.registry.sources import add_source
from flowctl.settings import Settings
from flowctl.storage.measures import list_beat_ages
from flowctl.storage.migrate import migrate
from flowctl.storage.partitions import Capability, drop_fixes_before, tables_level
from flowctl.storage.roles import is_guarded
from flowctl.storage.schema import head_revision
from flowctl.storage.sites import get_site
from flowctl.telemetry.ingest import Ingest
from flowctl.worker import decide


def environment(database: str, owner: str) -> dict[str, str]:
    return {
        "FLOWCTL_SECRET": SECRET.get_secret_value(),
        "FLOWCTL_DATABASE_URL": database,
        "FLOWCTL_OWNER_URL": owner,
    }


def counts(url: str) -> dict[str, int]:
    """Return how many rows each table has."""
    with psycopg.connect(url) as conn:
        tables = conn.execute(
            "select relname from pg_class where relkind in ('r', 'p')"
            " and relnamespace = 'public'::regnamespace and relname <> 'heartbeats'"
        ).fetchall()
        return {
            name: conn.execute(
                sql.SQL("select count(*) from {}").format(sql.Identifier(name))
            ).fetchall()[0][0]
            for (name,) in tables
        }


@contextmanager
def client(database: str, valkey: str, token: str) -> Iterator[httpx.Client]:
    """Yield a client of an API of its own, with a source's token."""
    settings = Settings(
        database_url=database, valkey_url=valkey, public_url="https://gate.example", secret=SECRET
    )
    with (
        served(create_app(settings, SetClock(after(10)))) as url,
        httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60
        ) as made,
    ):
        yield made


def send(api: httpx.Client, minute: float) -> None:
    fix = {"device": "tracker-1", "fixed_at": after(minute).isoformat(), "lon": 106.7, "lat": 21.9}
    answer = api.post("/v1/fixes", json=[fix])
    assert answer.status_code == 200, answer.text
    assert answer.json()["accepted"] == 1


def take_in(database: str, valkey: str) -> None:
    """Let a new ingest worker take in what waits."""
    with border_of(database) as place, redis.Redis.from_url(valkey) as store:
        worker = Ingest.begin(place.conn, store, place.site)
        while worker.step(lambda: after(10), block_ms=1):
            pass
        worker.own.leave()


@contextmanager
def border_of(database: str) -> Iterator[Border]:
    """Yield a border that is there already."""
    with psycopg.connect(database, autocommit=True) as conn:
        yield Border(conn, get_site(conn, "lang_son"))


def stored(database: str) -> list[int]:
    """Return the minutes of the fixes that are stored, each as often as it is."""
    with psycopg.connect(database) as conn:
        rows = conn.execute("select fixed_at from fixes order by fixed_at").fetchall()
    return [round((at - MORNING) / timedelta(minutes=1)) for (at,) in rows]


def verified(env: dict[str, str]) -> str:
    """Return up to which row the ledger is whole."""
    said = run_command("ledger", "verify", env=env).stdout
    return said.partition("up to ")[2].partition(", checked")[0]


def prepare(place: Border) -> tuple[int, str]:
    """Let a truck be told its slot and decisions be made; returns its trip and a source's token."""
    trip = place.trip()
    place.tell(trip, after(60))
    decide(place.conn, place.site, after(1), plan_due=True)
    return trip, add_source(place.conn, name="trackers", enrols=True)


def test_a_dropped_database_comes_back_with_its_ledger_links_and_what_the_stream_still_holds(
    database: str, owner_url: str, postgres_url: str, valkey: str, tmp_path: Path
):
    env = environment(database, owner_url)
    with border(database) as place:
        trip, token = prepare(place)
    path = f"/v1/driver/{link_code(KEYS, trip, 0)}"
    with client(database, valkey, token) as api:
        send(api, 2)
        take_in(database, valkey)
        before = api.get(path)
        assert before.status_code == 200
        file = Path(run_command("backup", str(tmp_path / "kept"), env=env).stdout.split()[0])
        send(api, 3)
    whole, rows = verified(env), counts(owner_url)
    assert file.stat().st_mode & 0o077 == 0

    name = urlsplit(database).path[1:]
    dropped(postgres_url, name)
    with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as conn:
        conn.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    said = run_command("restore", str(file), env=env).stdout
    assert f"at revision {head_revision()}" in said
    run_command("migrate", env=env)
    assert verified(env) == whole
    assert counts(owner_url) == rows

    with client(database, valkey, token) as api:
        assert api.get(path).json() == before.json()
        take_in(database, valkey)
        assert stored(database) == [2, 3], "each fix once, also what came after the backup"
    refused = run_command("restore", str(file), env=env, code=1).stderr
    assert "holds tables already" in refused
    with psycopg.connect(database) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("update ledger set seq = seq")


def test_a_backup_is_known_by_its_age_and_a_failed_one_leaves_nothing(
    database: str, owner_url: str, tmp_path: Path
):
    env = environment(database, owner_url)
    refused = run_command("backup", str(tmp_path), env={**env, "PGOPTIONS": "-c no=1"}, code=1)
    assert "failed" in refused.stderr or "does not answer" in refused.stderr
    assert list(tmp_path.iterdir()) == []
    with psycopg.connect(database) as conn:
        assert list_beat_ages(conn) == {}
    run_command("backup", str(tmp_path), env=env)
    with psycopg.connect(database) as conn:
        assert list_beat_ages(conn)["backup"] < 600


@pytest.mark.parametrize("empty_database", ["postgres_url"], indirect=True)
def test_a_role_that_cannot_back_up_or_restore_is_told_to_come_as_the_owner(
    database: str, empty_database: str, tmp_path: Path
):
    kept, file = tmp_path / "kept", tmp_path / "any.dump"
    said = run_command("backup", str(kept), env=environment(database, ""), code=1).stderr
    assert "The role flowctl_app may not read a" in said
    assert "give FLOWCTL_OWNER_URL" in said
    assert not kept.exists()
    file.write_text("any")
    env = environment(of_processes(empty_database), "")
    said = run_command("restore", str(file), env=env, code=1).stderr
    assert "The role flowctl_app may make no tables in the database" in said
    assert "give FLOWCTL_OWNER_URL" in said


@pytest.mark.timescale
@pytest.mark.parametrize("empty_database", ["timescale_url"], indirect=True)
def test_a_hypertable_comes_back_as_one(
    timescale_database: str, timescale_url: str, empty_database: str, tmp_path: Path
):
    made_by = f"{timescale_url}/{urlsplit(timescale_database).path[1:]}"
    with psycopg.connect(made_by) as conn:
        for minute in (0, 1, 60 * 48):
            conn.execute(
                "insert into fixes (device_id, source_id, fixed_at, received_at, lon, lat)"
                " values (1, 1, %s, %s, 106.7, 21.9)",
                [after(minute), after(minute)],
            )
    env = environment(timescale_database, made_by)
    file = run_command("backup", str(tmp_path), env=env).stdout.split()[0]
    again = environment(of_processes(empty_database), empty_database)
    run_command("restore", file, env=again)
    assert counts(empty_database) == counts(made_by)
    with psycopg.connect(of_processes(empty_database)) as conn:
        assert tables_level(conn) is Capability.TIMESCALEDB_APACHE
        assert conn.execute("select count(*) from show_chunks('fixes')").fetchone() == (2,)
        assert is_guarded(conn)
        assert drop_fixes_before(conn, after(60 * 24 * 20)) == 2, "it belongs to the processes"


@pytest.mark.parametrize("empty_database", ["postgres_url"], indirect=True)
def test_what_is_no_backup_changes_nothing(empty_database: str, tmp_path: Path):
    env = environment(of_processes(empty_database), empty_database)
    file = tmp_path / "text.dump"
    assert "There is no file" in run_command("restore", str(file), env=env, code=1).stderr
    file.write_text("no backup")
    said = run_command("restore", str(file), env=env, code=1).stderr
    assert "pg_restore failed, and nothing was changed" in said
    assert counts(empty_database) == {}


def set_up(state: Path, **settings: str) -> None:
    """Let a server of this state directory be set otherwise from its next start on."""
    with start_postgres(state, own=True, durable=False) as server:
        for name, value in settings.items():
            owner(server, f"alter system set {name} = '{value}'")


def owner(server: RunningStore, statement: str) -> list[Any]:
    """Run a statement as the server's owner, outside a transaction."""
    with psycopg.connect(server.owner_url, autocommit=True) as conn:
        done = conn.execute(statement)  # type: ignore[arg-type]
        return done.fetchall() if done.description else []


def test_a_database_goes_back_to_the_moment_before_a_harmful_statement(
    state_dir: Path, valkey: str, tmp_path: Path
):
    state, archive = state_dir / "harmed", state_dir / "archive"
    archive.mkdir()
    archive.chmod(0o777)
    set_up(state, archive_mode="on", archive_command=f"cp %p {archive}/%f")
    with start_postgres(state, own=True, durable=False) as server:
        env = environment(server.url, server.owner_url)
        migrate(server.url, server.owner_url)
        with border(server.url) as place:
            trip, token = prepare(place)
        base = tmp_path / "base"
        folder = choose_postgres().folder
        options = ["-D", base, "-c", "fast", "--no-sync"]
        subprocess.run(
            [folder / "pg_basebackup", "-d", server.owner_url, *options],
            check=True,
            capture_output=True,
        )
        with border_of(server.url) as place:
            decide(place.conn, place.site, after(20), plan_due=True)
        with client(server.url, valkey, token) as api:
            send(api, 2)
            take_in(server.url, valkey)
            whole, before = verified(env), counts(server.url)
            [(moment,)] = owner(server, "select clock_timestamp()")
            time.sleep(0.05)
            owner(server, "delete from slots")
            send(api, 3)  # acknowledged after that moment, and never taken in by this server
        owner(server, "select pg_switch_wal()")
        wait_for_archive(server)
        with psycopg.connect(server.owner_url, autocommit=True) as conn:
            asked = Asked(conn, Settings(secret=SECRET), time.time)
            said = {one.looked_at: one for one in look(asked, SERVER)}["archive of the log"]
        assert said.state == "good", said

    again = state_dir / "again"
    shutil.copytree(state, again, ignore=shutil.ignore_patterns("data", "server.lock"))
    home = next(again.glob("postgres-*"))
    shutil.copytree(base, home / "data", symlinks=True)
    with (home / "data/postgresql.auto.conf").open("a") as settings:
        settings.write(
            f"archive_mode = off\nrestore_command = 'cp {archive}/%f %p'\n"
            f"recovery_target_time = '{moment.isoformat()}'\n"
            "recovery_target_action = 'promote'\n"
        )
    (home / "data/recovery.signal").touch()
    give_to_owner_of(next(state.glob("postgres-*")), home)
    with start_postgres(again, own=True, durable=False) as server:
        until = time.monotonic() + 60
        while owner(server, "select pg_is_in_recovery()") != [(False,)]:
            assert time.monotonic() < until, "the server never came out of its recovery"
            time.sleep(0.1)
        env = environment(server.url, server.owner_url)
        assert verified(env) == whole
        assert counts(server.url) == before
        take_in(server.url, valkey)
        assert stored(server.url) == [2, 3], "what the stream still held is there, and once"
        with client(server.url, valkey, token) as api:
            assert api.get(f"/v1/driver/{link_code(KEYS, trip, 0)}").status_code == 200


def wait_for_archive(server: RunningStore) -> None:
    until = time.monotonic() + 60
    left = "select name from pg_ls_archive_statusdir() where name like '%.ready'"
    while owner(server, left):
        assert time.monotonic() < until, "the log was never archived"
        time.sleep(0.1)


def give_to_owner_of(pattern: Path, home: Path) -> None:
    """Give a folder and all below it to who owns another, as PostgreSQL wants its data."""
    about = pattern.stat()
    for path in (home, *home.rglob("*")):
        shutil.chown(path, about.st_uid, about.st_gid)
    (home / "data").chmod(0o700)
