"""Two roles of the database: what the processes' one can do, and what the server refuses it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import psycopg
import pytest
from border import MORNING, SITE, border
from psycopg import sql
from two_roles import ROLE, of_processes

from flowctl.errors import ConflictError
from flowctl.ledger.chain import genesis
from flowctl.ledger.entries import Entry, Kind
from flowctl.ledger.verify import find_fault
from flowctl.local import in_database
from flowctl.site_files import read_source
from flowctl.storage.ledger import append, find_head, list_rows
from flowctl.storage.migrate import migrate
from flowctl.storage.partitions import drop_fixes_before, ensure_fix_partitions
from flowctl.storage.retention import retain
from flowctl.storage.roles import GUARDED_TABLES, describe_guard, user_of
from flowctl.storage.sites import save_site

REFUSED = psycopg.errors.InsufficientPrivilege
DAY = timedelta(days=1)


@pytest.fixture
def app(database: str) -> Iterator[psycopg.Connection]:
    """Return a connection as the processes have it, with one row in the ledger."""
    with psycopg.connect(database, autocommit=True) as conn:
        with conn.transaction():
            append(conn, "here", "2024-01", [Entry(Kind.PAPER, MORNING)], now=MORNING)
        yield conn


@pytest.fixture
def plain_owner(postgres_url: str) -> Iterator[str]:
    """Return the url of an empty database that an ordinary role owns, who may make roles."""
    with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as conn:
        conn.execute("create role border_owner login createrole password 'secret'")
        conn.execute("create database plain owner border_owner")
        try:
            place = urlsplit(postgres_url).netloc.rpartition("@")[2]
            yield f"postgresql://border_owner:secret@{place}/plain"
        finally:
            conn.execute("drop database plain with (force)")
            conn.execute("drop role if exists border_app")
            conn.execute("drop role border_owner")


@pytest.mark.parametrize("table", GUARDED_TABLES)
@pytest.mark.parametrize(
    "attempt",
    [
        "update {} set site = 'there'",
        "delete from {}",
        "truncate {}",
        "truncate {}, trips cascade",
        "drop table {}",
        "drop table {} cascade",
        "alter table {} disable trigger all",
        "alter table {} rename to gone",
        "alter table {} owner to current_user",
        "alter table {} add column more int",
        "create trigger mine before insert on {} execute function refuse_ledger_change()",
        "create rule mine as on insert to {} do instead nothing",
        "create table mine () inherits ({})",
        "create policy mine on {}",
        "grant update on {} to public",
        "comment on table {} is 'mine'",
    ],
)
def test_the_server_refuses_the_processes_to_change_the_ledger(
    app: psycopg.Connection, attempt: str, table: str
) -> None:
    if attempt.startswith("grant"):
        # That one is only warned of, and grants nothing.
        app.execute(sql.SQL(attempt).format(sql.Identifier(table)))  # type: ignore[arg-type]
        [granted] = (
            app.execute("select has_table_privilege(%s, 'update')", [table]).fetchone() or ()
        )
        assert not granted
        return
    with pytest.raises(REFUSED, match=r"permission denied|must be owner"):
        app.execute(sql.SQL(attempt).format(sql.Identifier(table)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "attempt",
    [
        "set session_replication_role = replica",
        "drop trigger ledger_stands on ledger",
        "drop function refuse_ledger_change() cascade",
        "create or replace function refuse_ledger_change() returns trigger language sql as ''",
        "drop schema public cascade",
        "alter role current_user superuser",
        "set role flowctl",
        "update alembic_version set version_num = '0009'",
        "copy ledger to program 'true'",
        "update ledger_heads set site = 'there'",
    ],
)
def test_the_server_refuses_the_processes_to_take_its_guards_away(
    app: psycopg.Connection, attempt: str
) -> None:
    with pytest.raises(REFUSED, match=r"permission denied|must be owner|Only roles"):
        app.execute(attempt.encode())


def test_the_processes_add_to_the_ledger_and_own_all_else(app: psycopg.Connection) -> None:
    with app.transaction():
        head = append(app, "here", "2024-01", [Entry(Kind.PAPER, MORNING)] * 3, now=MORNING)
        assert find_fault("here", list_rows(app, "here"), head=head) is None
    others = app.execute(
        "select relname from pg_class where relnamespace = 'public'::regnamespace"
        " and relkind in ('r', 'p', 'v', 'm', 'S') and pg_get_userbyid(relowner) <> current_user"
        " order by 1"
    ).fetchall()
    assert {name for (name,) in others} == {*GUARDED_TABLES, "audit_id_seq", "alembic_version"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("update ledger_heads set seq = 9", "rows 2 to 9 were cut off"),
        (
            "update ledger_heads set hash = decode(repeat('00', 32), 'hex')",
            "The head does not bear the hash of row 1",
        ),
    ],
)
def test_a_head_the_processes_point_elsewhere_is_found(
    app: psycopg.Connection, change: str, sentence: str
) -> None:
    app.execute(change.encode())
    with app.transaction():
        fault = find_fault("here", list_rows(app, "here"), head=find_head(app, "here"))
    assert fault is not None
    assert sentence in fault.sentence


def test_a_row_the_processes_add_past_the_chain_is_found(app: psycopg.Connection) -> None:
    app.execute(
        "insert into ledger select site, 2, kind, at, recorded_at, subject, others, gate, reason,"
        " actor, policy, details, %s, hash from ledger",
        [genesis("here")],
    )
    with app.transaction():
        fault = find_fault("here", list_rows(app, "here"), head=find_head(app, "here"))
    assert fault is not None
    assert fault.sentence.startswith("Row 2")


def test_the_processes_make_and_drop_days_of_fixes_on_every_level(any_database: str) -> None:
    day = datetime(2024, 1, 23, tzinfo=UTC)
    with psycopg.connect(any_database) as conn:
        ensure_fix_partitions(conn, day.date(), (day + DAY).date())
        for days in range(2):
            conn.execute(
                "insert into fixes (device_id, source_id, fixed_at, received_at, lon, lat)"
                " values (1, 1, %(at)s, %(at)s, 106.7, 21.9)",
                {"at": day + days * DAY},
            )
        conn.commit()
        assert drop_fixes_before(conn, day + DAY) == 1
        assert conn.execute("select count(*) from fixes").fetchone() == (1,)


@pytest.mark.timescale
@pytest.mark.parametrize("empty_database", ["community_url"], indirect=True)
def test_the_processes_own_what_timescaledb_keeps_below_the_tables(empty_database: str) -> None:
    migrate(of_processes(empty_database), empty_database)
    with psycopg.connect(empty_database, autocommit=True) as conn:
        site = save_site(conn, read_source(SITE), where=str(SITE), now=MORNING)
        # This server takes everybody for its superuser, and lets only him copy.
        conn.execute(sql.SQL("set role {}").format(sql.Identifier(ROLE)))
        at = datetime(2024, 1, 23, 8, tzinfo=UTC)
        conn.execute(
            "insert into fixes (device_id, source_id, fixed_at, received_at, lon, lat)"
            " values (1, 1, %(at)s, %(at)s, 106.7, 21.9)",
            {"at": at},
        )
        for days, wall_clock in ((30, False), (30, True), (400, False)):
            retain(conn, site, at + days * DAY, wall_clock=wall_clock)
        assert conn.execute("select count(*) from fixes").fetchone() == (0,)
        with pytest.raises(REFUSED):
            conn.execute("delete from ledger")


def test_migrating_again_hands_nothing_over_and_locks_nobody_out(
    database: str, owner_url: str
) -> None:
    with psycopg.connect(database) as busy:
        busy.execute("select 1 from trips, ledger, fixes")  # and its transaction stays open
        impatient = f"{owner_url}?options=-c%20lock_timeout%3D2s"
        assert migrate(database, impatient) == migrate(database, impatient)


def test_a_table_of_a_later_revision_is_handed_over_too(database: str, owner_url: str) -> None:
    with psycopg.connect(owner_url) as conn:
        conn.execute("create table later (id int generated always as identity, at date)")
    migrate(database, owner_url)
    with psycopg.connect(database) as conn:
        conn.execute("insert into later (at) values (now())")
        conn.execute("drop table later")


def test_the_processes_cannot_migrate_and_are_told_who_can(database: str) -> None:
    with pytest.raises(ConflictError, match=r"belongs to the role flowctl.*FLOWCTL_OWNER_URL"):
        migrate(database)


def test_an_ordinary_role_may_migrate_and_its_next_revision_may_change_what_it_gave_away(
    plain_owner: str,
) -> None:
    place = plain_owner.rpartition("@")[2]
    app_url = f"postgresql://border_app:other@{place}"
    assert migrate(app_url, plain_owner) == migrate(app_url, plain_owner)
    with psycopg.connect(plain_owner) as conn:
        conn.execute("alter table trips add column later int")
        conn.execute("create table more (trip_id bigint references trips on delete cascade)")
    with border(app_url) as place_there:
        place_there.trip()
        assert describe_guard(place_there.conn).startswith("The ledger belongs to the role border_")
        with pytest.raises(REFUSED):
            place_there.conn.execute("drop table ledger")


def test_one_role_for_all_is_told_that_the_chain_guards_alone(empty_database: str) -> None:
    migrate(empty_database, empty_database)
    with psycopg.connect(empty_database) as conn:
        assert "guarded by its chain alone, not by the server" in describe_guard(conn)


def test_a_role_that_owns_the_database_is_told_that_the_chain_guards_alone(
    empty_database: str,
) -> None:
    app_url = of_processes(empty_database)
    with psycopg.connect(empty_database, autocommit=True) as conn:
        name = sql.Identifier(urlsplit(empty_database).path[1:])
        migrate(app_url, empty_database)
        with psycopg.connect(app_url) as app:
            assert "guarded by its chain alone" not in describe_guard(app)
        conn.execute(sql.SQL("alter database {} owner to {}").format(name, sql.Identifier(ROLE)))
    with psycopg.connect(app_url) as app:
        assert "guarded by its chain alone" in describe_guard(app)


def test_a_ledger_that_the_processes_owned_so_far_is_taken_from_them(empty_database: str) -> None:
    app_url = of_processes(empty_database)
    with psycopg.connect(empty_database) as conn:
        conn.execute(sql.SQL("grant create on schema public to {}").format(sql.Identifier(ROLE)))
    migrate(app_url)  # as a site that had one role
    migrate(app_url, empty_database)
    with psycopg.connect(app_url) as app:
        assert describe_guard(app).startswith("The ledger belongs to the role flowctl: the server")
        with pytest.raises(REFUSED):
            app.execute("alter table ledger disable trigger all")


def test_an_owner_who_may_not_make_roles_is_told_what_an_administrator_must_do(
    postgres_url: str, plain_owner: str
) -> None:
    with psycopg.connect(in_database(postgres_url, "postgres"), autocommit=True) as conn:
        conn.execute("alter role border_owner nocreaterole")
    with pytest.raises(ConflictError, match="create role border_app login password") as told:
        migrate(plain_owner.replace("border_owner:secret", "border_app:other"), plain_owner)
    assert "grant border_app to border_owner" in str(told.value)


def test_migrate_tells_who_guards_the_ledger(empty_database: str) -> None:
    def said(**settings: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "flowctl.cli", "migrate"],
            env={**os.environ, "FLOWCTL_SECRET": "s" * 32, **settings},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    app_url = of_processes(empty_database)
    both = said(FLOWCTL_DATABASE_URL=app_url, FLOWCTL_OWNER_URL=empty_database)
    assert both.endswith(f"the server lets {ROLE} add to it, no more.\n")
    assert "chain alone" in said(FLOWCTL_DATABASE_URL=empty_database)


def test_the_user_of_an_address_is_found_as_libpq_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGUSER", "of_the_environment")
    assert user_of("postgresql://me:secret@db.example/flow") == "me"
    assert user_of("host=db.example user=me") == "me"
    assert user_of("postgresql://db.example/flow") == "of_the_environment"
