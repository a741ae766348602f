"""Sites at rest: the texts of their files as loaded, so that every process reads the same."""

from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from flowctl.errors import NotFoundError
from flowctl.site import Site
from flowctl.site_files import SiteSource, parse_site

Connection = psycopg.Connection[Any]


def save_site(conn: Connection, source: SiteSource, *, where: str, now: datetime) -> Site:
    """Check a site's texts and store them under the site's id.

    Raises
    ------
    SiteError
        The site is not fit for use; nothing is stored.
    """
    site = parse_site(source, where=where)
    definition = {"toml": source.toml, "zones": source.zones, "roads": source.roads}
    conn.execute(
        "insert into sites (id, loaded_at, definition) values (%s, %s, %s)"
        " on conflict (id) do update set loaded_at = excluded.loaded_at,"
        " definition = excluded.definition",
        [site.id, now, Jsonb(definition)],
    )
    return site


def get_site(conn: Connection, site: str) -> Site:
    """Return a stored site.

    Raises
    ------
    NotFoundError
        No site of this id was loaded.
    """
    row = conn.execute("select definition from sites where id = %s", [site]).fetchone()
    if row is None:
        raise NotFoundError(
            f"The database holds no site {site}; load it with: flowctl site load data/sites/{site}"
        )
    return parse_site(SiteSource(**row[0]), where=f"site {site} in the database")
