"""The database in a file, and from a file into an empty database: PostgreSQL's own pg_dump."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from flowctl.errors import ConflictError, FlowctlError, NotFoundError
from flowctl.postgres_binaries import find_bundled_postgres, list_system_postgres
from flowctl.storage.heartbeats import BACKUP, beat
from flowctl.storage.migrate import migrate

_NAME = "flowctl-%Y%m%dT%H%M%SZ.dump"
_LOCK_WAIT = "60s"
_AS_OWNER = (
    "give FLOWCTL_OWNER_URL, the address by which flowctl migrate connects as the database's owner."
)
_TIMESCALE = " EXTENSION - timescaledb "


@dataclass(frozen=True, slots=True)
class Backup:
    """A file that pg_restore reads, and its size."""

    file: Path
    size_bytes: int


def make_backup(url: str, folder: Path, *, wall_now: datetime) -> Backup:
    """Write all of a database, as of one moment, to a new file of a folder, and note that.

    The file is whole or not there at all, and only its owner may read it: it holds all there is.

    Parameters
    ----------
    url
        The database, for who owns its tables.
    folder
        Made if missing.
    wall_now
        Gives the file its name.

    Raises
    ------
    FlowctlError
        The role may not read all there is, no pg_dump here is new enough, or it failed: with its
        own words.
    psycopg.OperationalError
        The database does not answer.
    """
    with psycopg.connect(url, autocommit=True) as conn:
        _refuse_reading_a_part(conn)
        program = _find_program("pg_dump", conn.info.server_version // 10000)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / wall_now.strftime(_NAME)
    begun = file.with_suffix(".begun")
    begun.unlink(missing_ok=True)
    begun.touch(mode=0o600)
    try:
        _run(
            [program, "--format=custom", f"--lock-wait-timeout={_LOCK_WAIT}", f"--file={begun}"],
            url,
        )
        _list_content(program.with_name("pg_restore"), begun)
        _keep(begun, file)
    finally:
        begun.unlink(missing_ok=True)
    with psycopg.connect(url, autocommit=True) as conn:
        beat(conn, BACKUP, wall_now)
    return Backup(file, file.stat().st_size)


def restore_backup(file: Path, database_url: str, owner_url: str | None) -> str:
    """Fill an empty database from a backup, whole or not at all; returns the schema's revision.

    What belongs to whom is as ``flowctl migrate`` gives it, whatever the roles were called where
    the backup was made; an older schema is brought to the newest revision.

    Parameters
    ----------
    file
        What `make_backup` wrote.
    database_url, owner_url
        As of `flowctl.storage.migrate.migrate`.

    Raises
    ------
    NotFoundError
        There is no such file.
    ConflictError
        The database holds tables already.
    FlowctlError
        The role may make no tables, the file is no backup, or pg_restore failed: with its own
        words, and nothing was changed.
    """
    if not file.is_file():
        raise NotFoundError(f"There is no file {file}; flowctl backup DIR names what it writes.")
    url = owner_url or database_url
    with psycopg.connect(url, autocommit=True) as conn:
        _refuse_full(conn)
        _refuse_making_nothing(conn)
        program = _find_program("pg_restore", conn.info.server_version // 10000)
        timescale = _TIMESCALE in _list_content(program, file)
        if timescale:
            conn.execute("create extension if not exists timescaledb")
            conn.execute("select timescaledb_pre_restore()")
    try:
        _run([program, "--single-transaction", "--no-owner", "--no-privileges", file], url)
    finally:
        if timescale:  # a further session, as the first one knew nothing of restoring
            with psycopg.connect(url, autocommit=True) as conn:
                conn.execute("select timescaledb_post_restore()")
    revision = migrate(database_url, owner_url)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("analyze")
    return revision


def _refuse_full(conn: psycopg.Connection[Any]) -> None:
    row = conn.execute(
        "select count(*) from pg_class c where relnamespace = current_schema()::regnamespace"
        " and relkind in ('r', 'p') and not exists (select from pg_depend"
        "  where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')"
    ).fetchone()
    if row != (0,):
        name = conn.info.dbname
        raise ConflictError(
            f"The database {name} holds tables already, and nothing is written over: rename it"
            f" (alter database {name} rename to …), make an empty one (create database {name}),"
            " and restore again."
        )


def _refuse_reading_a_part(conn: psycopg.Connection[Any]) -> None:
    row = conn.execute(
        "select relname from pg_class where relnamespace = current_schema()::regnamespace"
        " and case relkind when 'S' then not has_sequence_privilege(oid, 'select')"
        "  when 'r' then not has_table_privilege(oid, 'select')"
        "  when 'p' then not has_table_privilege(oid, 'select') else false end"
        " order by relname limit 1"
    ).fetchone()
    if row is not None:
        raise FlowctlError(
            f"The role {conn.info.user} may not read {row[0]}, so the backup would lack it;"
            f" {_AS_OWNER}"
        )


def _refuse_making_nothing(conn: psycopg.Connection[Any]) -> None:
    row = conn.execute("select has_schema_privilege(current_schema(), 'create')").fetchone()
    if row != (True,):
        raise FlowctlError(
            f"The role {conn.info.user} may make no tables in the database {conn.info.dbname};"
            f" {_AS_OWNER}"
        )


def _find_program(name: str, server_major: int) -> Path:
    """Return a program of the server's own version, or else of a newer one."""
    bundled = find_bundled_postgres()
    there = [*([] if bundled is None else [bundled]), *list_system_postgres()]
    fit = sorted(
        (one.major, one.folder / name)
        for one in there
        if one.major >= server_major and (one.folder / name).is_file()
    )
    if fit:
        return fit[0][1]
    on_path = shutil.which(name)
    if on_path is None:
        raise FlowctlError(
            f"No {name} of PostgreSQL {server_major} or newer is on this machine; install"
            f" postgresql-client-{server_major}."
        )
    return Path(on_path)  # it refuses a server that is newer than itself


def _list_content(program: Path, file: Path) -> str:
    return _run([program, "--list", file], None)


def _run(command: Sequence[str | Path], url: str | None) -> str:
    """Run a program against a database; its password stands on no command line."""
    surroundings = dict(os.environ)
    line = list(command)
    if url is not None:
        parts = conninfo_to_dict(url)
        password = parts.pop("password", None)
        if password is not None:
            surroundings["PGPASSWORD"] = str(password)
        line[1:1] = ["--no-password", f"--dbname={make_conninfo('', **parts)}"]
    done = subprocess.run(  # noqa: S603 - a program we found, no shell
        line, env=surroundings, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["nothing"]
        raise FlowctlError(f"{Path(line[0]).name} failed, and nothing was changed: {said[0]}")
    return done.stdout


def _keep(begun: Path, file: Path) -> None:
    """Give a file its name once it is on disk."""
    for path in (begun, begun.parent):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        if path is begun:
            begun.rename(file)
