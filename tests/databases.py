"""Empty databases for the tests: copies of a migrated template, lent again once they are wiped.

A copy takes longer than most tests that want one. Wiped is only what a test has filled with a few
rows; where it changed a table, a function or a right, or wrote much, the database is dropped.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import psycopg
from psycopg import sql

TEMPLATE = "flowctl_template"
_numbers = count(1)

# What a change of the schema changes: every one writes a row of these anew, with its own xmin.
_SHAPE = """
select array_agg(rows order by name) from (
    select 'class' as name, format('%s %s', count(*), max(xmin::text::bigint)) as rows from pg_class
    union all select 'attribute', format('%s %s', count(*), max(xmin::text::bigint))
        from pg_attribute
    union all select 'constraint', format('%s %s', count(*), max(xmin::text::bigint))
        from pg_constraint
    union all select 'index', format('%s %s', count(*), max(xmin::text::bigint)) from pg_index
    union all select 'namespace', format('%s %s', count(*), max(xmin::text::bigint))
        from pg_namespace
    union all select 'proc', format('%s %s', count(*), max(xmin::text::bigint)) from pg_proc
    union all select 'rewrite', format('%s %s', count(*), max(xmin::text::bigint)) from pg_rewrite
    union all select 'trigger', format('%s %s', count(*), max(xmin::text::bigint)) from pg_trigger
    union all select 'type', format('%s %s', count(*), max(xmin::text::bigint)) from pg_type
    union all select 'setting', format('%s', count(*)) from pg_db_role_setting
        where setdatabase = (select oid from pg_database where datname = current_database())
    union all select 'comment', format('%s', count(*)) from pg_shdescription
        where objoid = (select oid from pg_database where datname = current_database())
) shape
"""
_FILLED = """
select c.oid::regclass::text, pg_relation_size(c.oid) from pg_class c
where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
    and c.relname <> 'alembic_version' and pg_relation_size(c.oid) > 0
"""
_MUCH = 64 * 1024  # bytes of a table: deleted rows stay in it, and would slow down a later test
_USED_NUMBERS = """
select setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
from pg_sequences where last_value is not null
"""


class Lender:
    """The empty databases of one server."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._shape = _shape_of(f"{server}/{TEMPLATE}")
        self._wiped: list[str] = []

    @contextmanager
    def lent(self) -> Iterator[str]:
        """Yield the url of a migrated, empty database, as the server's owner."""
        name = self._wiped.pop() if self._wiped else copied(self._server)
        try:
            yield f"{self._server}/{name}"
        finally:
            if self._wipe(name):
                self._wiped.append(name)
            else:
                dropped(self._server, name)

    def _wipe(self, name: str) -> bool:
        """Empty a database; False: it is another one than it was."""
        with psycopg.connect(f"{self._server}/postgres", autocommit=True) as conn:
            conn.execute(
                "select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = %s",
                [name],
            )
        url = f"{self._server}/{name}"
        try:
            conn = psycopg.connect(url)
        except psycopg.OperationalError:  # a test that dropped it, or lets nobody in
            return False
        with conn:
            # Neither refusals to change the ledger nor foreign keys: all goes.
            conn.execute("set session_replication_role = replica")
            if _shape(conn) != self._shape:
                return False
            filled = conn.execute(_FILLED).fetchall()
            if any(size > _MUCH for _, size in filled):
                return False
            for table, _ in filled:
                conn.execute(sql.SQL("delete from {}").format(sql.SQL(table)))
            conn.execute(_USED_NUMBERS)
        return True


def copied(server: str, template: str = TEMPLATE) -> str:
    """Make a copy of a template, to which nobody may be connected; returns its name."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as conn:
        conn.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    return name


def dropped(server: str, name: str) -> None:
    """Drop a database, whoever is connected to it."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as conn:
        conn.execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
        )


def _shape_of(url: str) -> list[str]:
    with psycopg.connect(url) as conn:
        return _shape(conn)


def _shape(conn: psycopg.Connection[Any]) -> list[str]:
    [(shape,)] = conn.execute(_SHAPE).fetchall()
    return list(shape)
