"""Appeals of hauliers at rest: what each is about, who decided it, when and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Appeal:
    """An appeal: ``about`` is ``penalty:12``, ``ban:PLATE`` or ``quota``.

    ``state`` is ``open``, ``granted`` or ``refused``; who decided gives an ``answer``.
    """

    id: int
    haulier: str
    about: str
    trip: int | None
    plate: str | None
    words: str
    made_at: datetime
    state: str
    decided_by: str | None
    decided_at: datetime | None
    answer: str | None


def insert_appeal(
    conn: Connection,
    site: str,
    *,
    haulier: str,
    about: str,
    trip_id: int | None,
    words: str,
    now: datetime,
) -> int | None:
    """Enter an appeal and return its id; None where one about the same is open already."""
    row = conn.execute(
        "insert into appeals (site, haulier, about, trip_id, words, made_at)"
        " values (%s, %s, %s, %s, %s, %s)"
        " on conflict (site, haulier, about) where state = 'open' do nothing returning id",
        [site, haulier, about, trip_id, words, now],
    ).fetchone()
    return None if row is None else int(row[0])


def decide_appeal(
    conn: Connection, appeal_id: int, *, granted: bool, answer: str, by: str, now: datetime
) -> None:
    """Write down how an appeal was decided."""
    conn.execute(
        "update appeals set state = %s, decided_by = %s, decided_at = %s, answer = %s"
        " where id = %s",
        ["granted" if granted else "refused", by, now, answer, appeal_id],
    )


def find_appeal(
    conn: Connection, site: str, appeal_id: int, *, locked: bool = False
) -> Appeal | None:
    """Return an appeal; ``locked``: nobody else may decide it until the transaction ends."""
    if locked:
        conn.execute(
            "select from appeals where site = %s and id = %s for update", [site, appeal_id]
        )
    with conn.cursor(row_factory=class_row(Appeal)) as cursor:
        return cursor.execute(
            "select a.id, a.haulier, a.about, a.trip_id as trip, t.plate, a.words, a.made_at,"
            " a.state, a.decided_by, a.decided_at, a.answer"
            " from appeals a left join trips t on t.id = a.trip_id"
            " where a.site = %s and a.id = %s",
            [site, appeal_id],
        ).fetchone()


def list_appeals(
    conn: Connection, site: str, *, state: str | None, haulier: str | None, limit: int
) -> list[Appeal]:
    """Return appeals, the open ones first, the newest of each first; of one haulier, or of all."""
    with conn.cursor(row_factory=class_row(Appeal)) as cursor:
        return cursor.execute(
            "select a.id, a.haulier, a.about, a.trip_id as trip, t.plate, a.words, a.made_at,"
            " a.state, a.decided_by, a.decided_at, a.answer"
            " from appeals a left join trips t on t.id = a.trip_id"
            " where a.site = %(site)s and (%(state)s::text is null or a.state = %(state)s)"
            " and (%(haulier)s::text is null or a.haulier = %(haulier)s)"
            " order by a.state <> 'open', a.made_at desc, a.id desc limit %(limit)s",
            {"site": site, "state": state, "haulier": haulier, "limit": limit},
        ).fetchall()
