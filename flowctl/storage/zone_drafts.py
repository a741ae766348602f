"""Drafts of zones at rest, and where trucks stand that a draft would concern."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from flowctl.errors import ConflictError, NotFoundError
from flowctl.site import Site
from flowctl.zone_checks import Trucks
from flowctl.zone_drafts import Feature
from geo.zones import Role

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody draws, on ``base``, the version it began from.

    ``former`` is the version it brings back, None where it brings back none; ``revision`` counts
    what was saved.
    """

    id: int
    base: int
    former: int | None
    made_by: str
    made_at: datetime
    changed_at: datetime
    revision: int
    features: list[Feature]


def list_drafts(conn: Connection, site: str) -> list[Draft]:
    """Return the drafts of a site without what they hold, the one changed last first."""
    with conn.cursor(row_factory=class_row(Draft)) as cursor:
        return cursor.execute(
            "select id, base, former, made_by, made_at, changed_at, revision,"
            " '[]'::jsonb as features from zone_drafts where site = %s order by changed_at desc",
            [site],
        ).fetchall()


def get_draft(conn: Connection, site: str, draft: int) -> Draft:
    """Return a draft, locked until the transaction ends.

    Raises
    ------
    NotFoundError
        There is none of this number.
    """
    with conn.cursor(row_factory=class_row(Draft)) as cursor:
        found = cursor.execute(
            "select id, base, former, made_by, made_at, changed_at, revision, features"
            " from zone_drafts where site = %s and id = %s for update",
            [site, draft],
        ).fetchone()
    if found is None:
        raise NotFoundError(
            f"There is no draft {draft} of the zones of {site}; it was published or thrown away.",
            kind="no_draft",
        )
    return found


def add_draft(
    conn: Connection,
    site: str,
    features: list[Feature],
    *,
    base: int,
    former: int | None,
    by: str,
    now: datetime,
) -> int:
    """Begin a draft; returns its number.

    Raises
    ------
    ConflictError
        The account has one already.
    """
    row = conn.execute(
        "insert into zone_drafts (site, base, former, made_by, made_at, changed_at, features)"
        " values (%s, %s, %s, %s, %s, %s, %s) on conflict do nothing returning id",
        [site, base, former, by, now, now, Jsonb(features)],
    ).fetchone()
    if row is None:
        raise ConflictError(
            f"{by} has a draft of the zones of {site} already; go on with it or throw it away.",
            kind="has_draft",
            values={"by": by},
        )
    return int(row[0])


def save_draft(
    conn: Connection,
    draft: Draft,
    features: list[Feature],
    now: datetime,
    *,
    base: int | None = None,
) -> None:
    """Put other zones into a draft, or put it upon another version."""
    conn.execute(
        "update zone_drafts set features = %s, changed_at = %s, revision = revision + 1, base = %s"
        " where id = %s",
        [Jsonb(features), now, base or draft.base, draft.id],
    )


def delete_draft(conn: Connection, draft: int) -> None:
    """Throw a draft away."""
    conn.execute("delete from zone_drafts where id = %s", [draft])


def mark(conn: Connection, site: str, now: datetime | None = None) -> str:
    """Return a text that changes when zones or the list of drafts do.

    With ``now`` also when a version begins that was stored before.
    """
    [(newest, begun, drafts)] = conn.execute(
        "select max(id), max(id) filter (where starts_at <= %(now)s),"
        " (select string_agg(id::text, ' ' order by id) from zone_drafts where site = %(site)s)"
        " from site_versions where site = %(site)s",
        {"site": site, "now": now},
    ).fetchall()
    return f"{newest}/{begun}/{drafts or ''}"


def list_trucks(conn: Connection, site: Site, now: datetime) -> Trucks:
    """Return where trucks are now: those heard of lately, and those in each yard."""
    heard_since = now - timedelta(seconds=site.visit.forget_s)
    heard = conn.execute(
        "select lon, lat from tracks where fixed_at > %s", [heard_since]
    ).fetchall()
    rows = conn.execute(
        "select distinct on (v.zone, v.device_id) v.zone, t.lon, t.lat from visits v"
        " join tracks t using (device_id) where v.left_at is null and v.role = %s",
        [Role.YARD],
    ).fetchall()
    standing = defaultdict(list)
    for zone, lon, lat in rows:
        standing[zone].append((lon, lat))
    lon, lat = np.array(heard, dtype=np.float64).reshape(-1, 2).T
    return Trucks(lon, lat, {zone: np.array(at) for zone, at in standing.items()})
