"""The texts a site was loaded with, each with who stored it, why, and from when it holds.

They follow each other in the order they were stored, which is also that of their beginnings: only
the newest may be yet to begin. One that began when it was stored holds from then on even where the
clock was set back since.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from flowctl.errors import ConflictError, NotFoundError
from flowctl.site_files import SiteSource

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class SiteVersion:
    """One text of a site's files; ``made_by`` is empty where nobody was named."""

    id: int
    starts_at: datetime
    made_at: datetime
    made_by: str
    why: str

    def is_ahead(self, now: datetime) -> bool:
        """Tell whether it is yet to begin."""
        return self.starts_at > self.made_at and self.starts_at > now


def add_version(
    conn: Connection,
    site: str,
    source: SiteSource,
    *,
    starts_at: datetime,
    now: datetime,
    by: str,
    why: str,
) -> None:
    """Keep the text a site is loaded with; the newest once more is no version of its own.

    Raises
    ------
    ConflictError
        A version that is yet to begin stands in the way.
    """
    newest = find_newest(conn, site)
    if newest is not None and newest.is_ahead(now) and starts_at <= newest.starts_at:
        raise ConflictError(
            f"{newest.made_by or 'Somebody'} has published zones of {site} that are to hold from"
            f" {newest.starts_at.isoformat(timespec='minutes')} on. What is to hold before that"
            " would undo them: take that version back first, or let yours begin after it.",
            kind="version_ahead",
            values={"by": newest.made_by, "at": newest.starts_at},
        )
    if newest is not None and starts_at <= now and get_source(conn, newest.id) == source:
        return
    conn.execute(
        "insert into site_versions (site, starts_at, made_at, made_by, why, definition)"
        " values (%s, %s, %s, %s, %s, %s)",
        [site, starts_at, now, by, why, Jsonb(asdict(source))],
    )


def find_newest(conn: Connection, site: str) -> SiteVersion | None:
    """Return the version that was stored last, which may be yet to begin."""
    versions = list_versions(conn, site, most=1)
    return versions[0] if versions else None


def list_versions(conn: Connection, site: str, *, most: int) -> list[SiteVersion]:
    """Return the newest versions of a site, the newest first."""
    with conn.cursor(row_factory=class_row(SiteVersion)) as cursor:
        return cursor.execute(
            "select id, starts_at, made_at, made_by, why from site_versions where site = %s"
            " order by id desc limit %s",
            [site, most],
        ).fetchall()


def get_version(conn: Connection, site: str, version: int) -> SiteVersion:
    """Return one version of a site.

    Raises
    ------
    NotFoundError
        It has none of this number.
    """
    with conn.cursor(row_factory=class_row(SiteVersion)) as cursor:
        found = cursor.execute(
            "select id, starts_at, made_at, made_by, why from site_versions"
            " where site = %s and id = %s",
            [site, version],
        ).fetchone()
    if found is None:
        raise NotFoundError(
            f"There is no version {version} of the zones of {site}.", kind="no_version"
        )
    return found


def get_source(conn: Connection, version: int) -> SiteSource:
    """Return the texts of a version that is known to be."""
    [(definition,)] = conn.execute(
        "select definition from site_versions where id = %s", [version]
    ).fetchall()
    return SiteSource(**definition)


def find_source(conn: Connection, site: str, now: datetime | None) -> SiteSource | None:
    """Return the texts that hold at ``now``, or those stored last; None where there are none."""
    row = conn.execute(
        "select definition from site_versions where site = %(site)s"
        " and (%(now)s::timestamptz is null or starts_at <= greatest(made_at, %(now)s))"
        " order by id desc limit 1",
        {"site": site, "now": now},
    ).fetchone()
    return None if row is None else SiteSource(**row[0])


def take_back(conn: Connection, site: str, version: int, now: datetime) -> SiteVersion:
    """Undo a version that has not begun: the one before it goes on.

    Raises
    ------
    NotFoundError
        There is none of this number.
    ConflictError
        It has begun, or is not the newest.
    """
    conn.execute("select from sites where id = %s for update", [site])
    known = get_version(conn, site, version)
    newest = find_newest(conn, site)
    if newest != known or not known.is_ahead(now):
        raise ConflictError(
            f"Version {version} began at {known.starts_at.isoformat(timespec='minutes')}, so it"
            " cannot be taken back any more; bring the former version back instead.",
            kind="version_begun",
            values={"at": known.starts_at},
        )
    conn.execute(
        "delete from zone_versions where site = %s and valid_from >= %s", [site, known.starts_at]
    )
    conn.execute(
        "update zone_versions set valid_until = null where site = %s and valid_until = %s",
        [site, known.starts_at],
    )
    conn.execute("delete from site_versions where id = %s", [version])
    conn.execute("update sites set loaded_at = %s where id = %s", [now, site])
    return known
