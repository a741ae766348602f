"""``flowctl doctor`` on real stores, each set up wrongly in one way."""

import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from border import MORNING, Border, border
from border import SECRET as KEPT
from certificates import make_certificate
from command_line import run_command
from pydantic import SecretStr

from flowctl.doctor.database import SERVER, Asked
from flowctl.doctor.examine import examine
from flowctl.doctor.findings import look
from flowctl.doctor.outside import LOOKS, Outside
from flowctl.doctor.work import look_at_secret
from flowctl.embedded import start_postgres
from flowctl.registry.keys import derive_keys, encrypt_secret
from flowctl.server_process import free_port
from flowctl.settings import Settings
from flowctl.storage.heartbeats import BACKUP, beat
from flowctl.storage.schema import head_revision
from flowctl.storage.webhooks import add_webhook
from flowctl.telemetry import stream

SECRET = "of-this-test-and-0123456789-of-nobody-else"
Findings = dict[str, list[tuple[str, str]]]


def environment(database: str, valkey: str, **more: str) -> dict[str, str]:
    return {
        "FLOWCTL_SECRET": SECRET,
        "FLOWCTL_DATABASE_URL": database,
        "FLOWCTL_VALKEY_URL": valkey,
        **more,
    }


def found(env: dict[str, str], *, code: int = 1) -> Findings:
    """Return (state, what was said and the mend) by what was looked at."""
    said = run_command("doctor", "--json", env=env, code=code).stdout
    assert SECRET not in said
    told: Findings = {}
    for one in json.loads(said)["findings"]:
        line = (one["state"], f"{one['said']} | {one['mend']}")
        told.setdefault(one["looked_at"], []).append(line)
    return told


def examined(database: str, valkey: str, *, ahead_s: float) -> list[tuple[str, str]]:
    chosen = Settings(database_url=database, valkey_url=valkey, secret=SecretStr(SECRET))
    return [
        (one.state, one.said)
        for one in examine(chosen, lambda: time.time() + ahead_s)
        if one.looked_at == "clocks"
    ]


def only(told: Findings, name: str, state: str) -> str:
    """Return the one thing that was said in this state of what was looked at."""
    [said] = [said for how, said in told[name] if how == state]
    return said


def test_with_neither_store_up_it_says_which_are_away_and_no_secret():
    nowhere = f"127.0.0.1:{free_port()}"
    told = found(
        environment(f"postgresql://flowctl:{SECRET}@{nowhere}/f", f"redis://:{SECRET}@{nowhere}/0")
    )
    assert f"{nowhere} does not answer" in only(told, "position store", "wrong")
    assert f"{nowhere} does not let us in" in only(told, "database", "wrong")
    assert "scanner" in told, "the rest is looked at"


def test_a_refused_password_is_told_from_a_store_that_does_not_run(database: str, valkey: str):
    wrong = {
        "FLOWCTL_DATABASE_URL": re.sub(r":[^:@]+@", ":another@", database),
        "FLOWCTL_VALKEY_URL": re.sub(r":[^:@]*@", ":another@", valkey),
    }
    told = found(environment(database, valkey) | wrong)
    said = only(told, "database", "wrong")
    assert "runs and refuses our password" in said
    assert "(in compose secrets/flowctl_database_password)" in said
    assert "alter role flowctl_app password" in said
    assert "start it" not in said
    said = only(told, "position store", "wrong")
    assert "runs and refuses our password" in said
    assert "secrets/flowctl_valkey_password" in said
    of_store, of_database = (said for _, said in told["not looked at"])
    assert "Without the position store nothing is known of: position store, " in of_store
    for name in ("durability", "backup", "what the secret opens", "ingest lag"):
        assert name in of_database


def test_a_database_restored_under_another_secret_is_named_and_one_under_its_own_is_not(
    database: str, valkey: str
):
    another = SecretStr("drawn anew, and never what closed anything")
    with border(database) as place:
        assert "could not be tried" in opened(place, KEPT)[1]
        place.trip()
        state, said = opened(place, KEPT)
        assert (state, "It opens what is stored: numbers of drivers" in said) == ("good", True)
        assert opened(place, another, old=KEPT)[0] == "good", "as while it is changed"
        add_webhook(
            place.conn,
            "lang_son",
            url="https://a.example",
            secret_cipher=encrypt_secret(derive_keys(another), "whsec_x"),
            by="x",
            now=MORNING,
        )
        state, said = opened(place, KEPT)
        assert (state, "not the secret all of the database" in said) == ("wrong", True)
    env = environment(database, valkey, FLOWCTL_SECRET=KEPT.get_secret_value()[::-1])
    said = only(found(env), "what the secret opens", "wrong")
    assert "This is not the secret the database was written with" in said
    assert "opens numbers of drivers, " in said
    assert "| stop the processes" in said


def opened(place: Border, secret: SecretStr, old: SecretStr | None = None) -> tuple[str, str]:
    """Return how it stands with what a secret opens, and what is said of it."""
    chosen = Settings(secret=secret, old_secrets=old or SecretStr(""))
    [one] = look_at_secret(Asked(place.conn, chosen, time.time), chosen)
    return one.state, one.said


def test_settings_that_are_not_fit_are_the_finding():
    told = found({"FLOWCTL_SECRET": "short"})
    assert "at least 32 characters" in only(told, "settings", "wrong")


@pytest.fixture
def at_work(database: str, valkey: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Yield the settings of a deployment whose processes work, on a server that loses nothing."""
    sms = tmp_path / "sms.jsonl"
    with border(database) as place:
        now = datetime.now(UTC)
        for process in ("ingest", "controller", "notify"):
            beat(place.conn, process, now)
        beat(place.conn, BACKUP, now - timedelta(hours=1))
        place.conn.execute(
            "insert into stream_positions (partition, last_id, owner, epoch, lease_until_wall_at)"
            " values (3, '0-0', 'worker', 1, now() + interval '1 hour')"
        )
        key = tmp_path / "key"
        run_command("ledger", "key", str(key), env=environment(database, valkey))
        yield environment(
            database, valkey, FLOWCTL_SMS_FILE=str(sms), FLOWCTL_LEDGER_KEY_FILE=str(key)
        )


def test_of_a_deployment_at_work_only_what_the_test_server_spares_is_wrong(
    at_work: dict[str, str],
):
    told = found(at_work)
    wrong = {name: said for name, lines in told.items() for how, said in lines if how == "wrong"}
    assert set(wrong) <= {"fsync", "full_page_writes", "disk"}
    assert "a power cut may destroy the database" in wrong["fsync"]
    assert "alter system set fsync = 'on'" in wrong["fsync"]
    assert "is loaded" in only(told, "site", "good")
    assert "add to it, no more" in only(told, "roles", "good")
    assert "None is kept" in only(told, "archive of the log", "warning")
    assert "Nobody" not in only(told, "partitions", "good")
    assert "hours old" in only(told, "backup", "good")
    assert "0 entries wait" in only(told, "ingest lag", "good")


@contextmanager
def set_to(valkey: str, **settings: str) -> Iterator[None]:
    """Set a Valkey otherwise for a while."""
    with redis.Redis.from_url(valkey) as client:
        names = {name.replace("_", "-"): value for name, value in settings.items()}
        before: Any = {name: client.config_get(name)[name] for name in names}
        for name, value in names.items():
            client.config_set(name, value)
        try:
            yield
        finally:
            for name, value in before.items():
                client.config_set(name, value)


@pytest.mark.parametrize(
    ("setting", "value", "why"),
    [
        ("appendonly", "no", "lost with its process"),
        ("appendfsync", "everysec", "lost by a power cut"),
        ("maxmemory_policy", "allkeys-lru", "it drops fixes"),
        ("maxmemory", "1mb", "of the memory it may have; then it refuses fixes"),
    ],
)
def test_a_store_that_may_lose_what_it_acknowledged_is_named(
    at_work: dict[str, str], setting: str, value: str, why: str
):
    with set_to(at_work["FLOWCTL_VALKEY_URL"], **{setting: value}):
        told = found(at_work)
    assert why in only(told, "position store", "wrong")


def test_an_older_schema_is_mended_by_migrating_and_a_contracting_newer_one_by_the_new_version(
    at_work: dict[str, str], owner_url: str
):
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("update alembic_version set version_num = '0032'")
        assert "| flowctl migrate" in only(found(at_work), "schema", "wrong")
        owner.execute("update alembic_version set version_num = '9999'")
        assert "fit for both" in only(found(at_work), "schema", "warning")
        owner.execute("comment on table alembic_version is 'For those that know revision 9998.'")
        said = only(found(at_work), "schema", "wrong")
        assert f"that know 9998; this one knows {head_revision()}" in said


def test_a_process_without_beats_a_partition_without_worker_and_a_lag_are_named(
    at_work: dict[str, str],
):
    with psycopg.connect(at_work["FLOWCTL_DATABASE_URL"]) as conn:
        conn.execute("update heartbeats set wall_at = now() - interval '5 minutes'")
        conn.execute("delete from heartbeats where process = 'notify'")
        conn.execute("update stream_positions set lease_until_wall_at = now() - interval '1 s'")
    with redis.Redis.from_url(at_work["FLOWCTL_VALKEY_URL"]) as client:
        minute_ago = int((time.time() - 60) * 1000)
        client.xadd(stream.key(3), {"b": "fixes"}, id=f"{minute_ago}-0")
    told = found(at_work)
    assert "5 minutes ago" in only(told, "controller", "wrong")
    assert "| start it: flowctl notify" in only(told, "notify", "wrong")
    assert "what 1 of 1 partitions hold" in only(told, "partitions", "wrong")
    assert "1 entries wait" in only(told, "ingest lag", "wrong")


def test_clocks_that_part_are_named_and_those_that_agree_are_not(database: str, valkey: str):
    with border(database):
        near, apart = (examined(database, valkey, ahead_s=ahead) for ahead in (0.0, 5.0))
    assert [state for state, _ in near] == ["good", "good"]
    assert [state for state, _ in apart] == ["wrong", "wrong"]
    assert all("behind this machine's" in said for _, said in apart)


def test_an_owner_among_the_processes_and_an_unloaded_site_are_named(
    at_work: dict[str, str], owner_url: str
):
    told = found({**at_work, "FLOWCTL_DATABASE_URL": owner_url, "FLOWCTL_SITE": "elsewhere"})
    assert "by its chain alone" in only(told, "roles", "warning")
    assert "flowctl site load data/sites/elsewhere" in only(told, "site", "wrong")


def test_a_secret_file_that_others_read_and_a_key_that_is_none_are_named(
    at_work: dict[str, str], tmp_path: Path
):
    key = Path(at_work["FLOWCTL_LEDGER_KEY_FILE"])
    key.chmod(0o644)
    assert "chmod 0600" in only(found(at_work), "FLOWCTL_LEDGER_KEY_FILE", "wrong")
    key.chmod(0o600)
    key.write_text("no key\n")
    assert "holds no key" in only(found(at_work), "files of secrets", "wrong")
    told = found({**at_work, "FLOWCTL_GATEWAYS_FILE": str(tmp_path / "none.toml")})
    assert "cannot be read" in only(told, "gateways file", "wrong")


def test_a_server_whose_commits_wait_for_nobody_and_whose_archive_fails_is_named(state_dir: Path):
    state = state_dir / "misled"
    with (
        start_postgres(state, own=True, durable=False) as server,
        psycopg.connect(server.owner_url, autocommit=True) as conn,
    ):
        conn.execute("alter system set archive_mode = 'on'")  # from the next start on
        conn.execute("alter system set archive_command = 'false'")
    with (
        start_postgres(state, own=True) as server,
        psycopg.connect(server.owner_url, autocommit=True) as conn,
    ):
        conn.execute("create table anything as select 1")
        conn.execute("select pg_switch_wal()")
        until = time.monotonic() + 60
        failed = "select failed_count > 0 from pg_stat_archiver"
        while conn.execute(failed).fetchone() != (True,):
            assert time.monotonic() < until, "the archive never failed"
            time.sleep(0.1)
        conn.execute("alter system set synchronous_standby_names = 'far'")
        conn.execute("select pg_reload_conf()")
        while conn.execute("show synchronous_standby_names").fetchone() != ("far",):
            time.sleep(0.05)
        asked = Asked(conn, Settings(secret=SecretStr(SECRET)), time.time)
        told = {one.looked_at: one for one in look(asked, SERVER)}
    assert told["fsync"].state == "good", told["fsync"]
    assert told["standbys"].state == "wrong", told["standbys"]
    assert "(far), and none is there" in told["standbys"].said
    assert told["archive of the log"].state == "wrong", told["archive of the log"]
    assert "the disk is full" in told["archive of the log"].said
    assert "at revision none" in told["schema"].said
    assert told["schema"].mend == "flowctl migrate"


@contextmanager
def https(folder: Path, calls: int) -> Iterator[tuple[str, Path]]:
    """Serve a certificate that ends within a day, for so many calls; yields address and file."""
    certificate, key = make_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("localhost", 0)) as server:

        def greet() -> None:
            for _ in range(calls):
                line, _ = server.accept()
                with suppress(OSError), context.wrap_socket(line, server_side=True):
                    pass

        thread = threading.Thread(target=greet)
        thread.start()
        yield f"https://localhost:{server.getsockname()[1]}", certificate
        thread.join(timeout=20)


def test_a_certificate_near_its_end_and_one_nobody_trusts_are_named(tmp_path: Path):
    def said(trusted: ssl.SSLContext, wall_s: float) -> str:
        chosen = Settings(public_url=address, secret=SecretStr(SECRET))
        told = look(Outside(chosen, lambda: wall_s, trusted), LOOKS[:1])
        return " ".join(f"{one.state}: {one.said}" for one in told)

    now = time.time()
    with https(tmp_path, calls=3) as (address, certificate):
        trusted = ssl.create_default_context(cafile=certificate)
        assert said(trusted, now).startswith("warning: That of localhost ends in 1 days")
        assert said(trusted, now - 40 * 86400).startswith("good: ")
        assert said(ssl.create_default_context(), now).startswith("wrong: Browsers warn")
