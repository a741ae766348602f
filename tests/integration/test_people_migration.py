"""What becomes of accounts and tokens of before: nobody loses what they need, or gains a right."""

from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

import flowctl.storage

MIGRATIONS = Path(flowctl.storage.__file__).parent / "migrations"
BEFORE, AFTER = "0022", "0023"

THERE = """
insert into accounts (name, role, password_hash) values ('lan', 'officer', 'x');
insert into sessions (token_hash, account, created_wall_at, expires_wall_at)
    values ('\\x01', 'lan', now(), now() + interval '1 h');
insert into sources (name, witnesses) values ('gps', false), ('gates', true), ('vnaccs', false);
insert into source_tokens (token_hash, source_id) select sha256(name::bytea), id from sources;
insert into sites (id, loaded_at, definition) values ('here', now(), '{}');
insert into drivers (phone_hash, phone_cipher, language) values ('\\x01', '\\x01', 'vi');
insert into trips (site, plate, driver_id, direction, cargo, gates, ready_at, registered_at,
                   registered_by)
    select 'here', 'x', id, 'export', 'normal', array['g'], now(), now(), 'source:vnaccs'
    from drivers;
"""


def go_to(url: str, revision: str, *, down: bool = False) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool
    )
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if down else command.upgrade)(config, revision)


@pytest.fixture
def before(empty_database: str) -> str:
    go_to(empty_database, BEFORE)
    with psycopg.connect(empty_database) as conn:
        conn.execute(THERE.encode())
    return empty_database


def test_sources_keep_what_they_did_and_only_registrars_write_trips(before: str):
    go_to(before, AFTER)
    with psycopg.connect(before) as conn:
        may = dict(conn.execute("select name, scopes from sources").fetchall())
        kept = conn.execute("select count(*) from source_tokens where scopes is null").fetchone()
    assert {name: sorted(scopes) for name, scopes in may.items()} == {
        "gps": ["metrics", "positions", "site"],
        "gates": ["metrics", "positions", "site", "witness"],
        "vnaccs": ["metrics", "positions", "site", "trips:read", "trips:write"],
    }
    assert kept == (3,)


def test_an_account_of_before_stays_open_and_says_that_nobody_named_its_person(before: str):
    go_to(before, AFTER)
    with psycopg.connect(before) as conn:
        assert conn.execute("select person, agency, disabled_wall_at from accounts").fetchone() == (
            None,
            None,
            None,
        )
        assert conn.execute(
            "select ended_wall_at is null, seen_wall_at is not null from sessions"
        ).fetchone() == (True, True)


def test_the_revision_goes_back_and_forth_without_losing_who_may_come_in(before: str):
    go_to(before, AFTER)
    go_to(before, BEFORE, down=True)
    with psycopg.connect(before) as conn:
        assert conn.execute("select name from sources where witnesses").fetchall() == [("gates",)]
        assert conn.execute("select count(*) from sessions").fetchone() == (1,)
    go_to(before, AFTER)
