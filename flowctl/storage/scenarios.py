"""Scenarios that planners saved: each belongs to who saved it, and all of a site's may read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from flowctl.errors import ConflictError, NotFoundError

Connection = psycopg.Connection[Any]

MOST = 500
"""How many a site keeps."""


@dataclass(frozen=True, slots=True)
class SavedScenario:
    """A scenario's TOML text with its names by language."""

    id: str
    name: Mapping[str, str]
    text: str
    owner: str
    changed_wall_at: datetime


def list_saved(conn: Connection, site: str) -> list[SavedScenario]:
    """Return a site's saved scenarios without their texts, the one changed last first."""
    with conn.cursor(row_factory=class_row(SavedScenario)) as cursor:
        return cursor.execute(
            "select id, name, '' as text, owner, changed_wall_at from scenarios where site = %s"
            " order by changed_wall_at desc, id",
            [site],
        ).fetchall()


def find_saved(conn: Connection, site: str, scenario: str) -> SavedScenario | None:
    """Return a saved scenario, or None where there is none of this name."""
    with conn.cursor(row_factory=class_row(SavedScenario)) as cursor:
        return cursor.execute(
            "select id, name, text, owner, changed_wall_at from scenarios"
            " where site = %s and id = %s",
            [site, scenario],
        ).fetchone()


def save_scenario(conn: Connection, site: str, scenario: SavedScenario) -> None:
    """Keep a scenario under its id, in the place of its owner's former one.

    Raises
    ------
    ConflictError
        Somebody else saved one under this id, or the site keeps as many as it may.
    """
    conn.execute("select from sites where id = %s for update", [site])
    known = find_saved(conn, site, scenario.id)
    if known is not None and known.owner != scenario.owner:
        raise _others(known)
    if known is None and _count(conn, site) >= MOST:
        raise ConflictError(
            f"{MOST} scenarios are saved already; delete some that nobody needs.",
            kind="scenarios_many",
            values={"most": MOST},
        )
    conn.execute(
        "insert into scenarios (site, id, name, text, owner, changed_wall_at)"
        " values (%s, %s, %s, %s, %s, %s) on conflict (site, id) do update"
        " set name = excluded.name, text = excluded.text,"
        " changed_wall_at = excluded.changed_wall_at",
        [
            site,
            scenario.id,
            Jsonb(dict(scenario.name)),
            scenario.text,
            scenario.owner,
            scenario.changed_wall_at,
        ],
    )


def delete_saved(conn: Connection, site: str, scenario: str, *, owner: str | None) -> None:
    """Delete a scenario of ``owner``, or anybody's where that is None.

    Raises
    ------
    NotFoundError
        There is none of this name.
    ConflictError
        It is somebody else's.
    """
    known = find_saved(conn, site, scenario)
    if known is None:
        raise NotFoundError(
            f"There is no scenario {scenario!r}.", kind="no_scenario", values={"scenario": scenario}
        )
    if owner is not None and known.owner != owner:
        raise _others(known)
    conn.execute("delete from scenarios where site = %s and id = %s", [site, scenario])


def _count(conn: Connection, site: str) -> int:
    [(n,)] = conn.execute("select count(*) from scenarios where site = %s", [site]).fetchall()
    return int(n)


def _others(known: SavedScenario) -> ConflictError:
    return ConflictError(
        f"The scenario {known.id} is {known.owner}'s to change; save yours under another name.",
        kind="scenario_not_yours",
        values={"scenario": known.id, "by": known.owner},
    )
