"""Mails of bulletins at rest: who is still to get which, when it is tried, what went wrong."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import psycopg

Connection = psycopg.Connection[Any]

_WAITS_FOR_SETUP = timedelta(days=3)


def queue_mail(conn: Connection, site: str, day: date, version: int) -> None:
    """Have a bulletin sent by mail, where the process of messages knows to whom."""
    conn.execute(
        "insert into bulletin_mails (site, day, version) values (%s, %s, %s)", [site, day, version]
    )


@dataclass(frozen=True, slots=True)
class Mail:
    """A claimed mail; ``reached`` are the keyed hashes of who has it already."""

    id: int
    day: date
    version: int
    attempts: int
    reached: tuple[bytes, ...]


def claim_mail(
    conn: Connection, site: str, *, wall_now: datetime, until: datetime, attempts: int
) -> Mail | None:
    """Return the mail that has been due longest, which no other sender gets before ``until``.

    The try counts from here on; one whose last of ``attempts`` tries nobody ended is given up, and
    one that waited for days without any: nobody was named then, who would get them all at once now.
    """
    conn.execute(
        "update bulletin_mails set state = 'dead', trouble = 'mail was not set up then'"
        " where site = %s and state = 'waiting' and attempts = 0 and next_wall_at < %s",
        [site, wall_now - _WAITS_FOR_SETUP],
    )
    conn.execute(
        "update bulletin_mails set state = 'dead',"
        " trouble = coalesce(trouble, 'the last try was begun and never ended')"
        " where site = %s and state = 'waiting' and next_wall_at <= %s and attempts >= %s",
        [site, wall_now, attempts],
    )
    row = conn.execute(
        "update bulletin_mails set attempts = attempts + 1, next_wall_at = %s where id = ("
        "  select id from bulletin_mails where site = %s and state = 'waiting'"
        "  and next_wall_at <= %s order by next_wall_at, id limit 1 for update skip locked)"
        " returning id, day, version, attempts, reached",
        [until, site, wall_now],
    ).fetchone()
    if row is None:
        return None
    mail_id, day, version, tries, reached = row
    return Mail(mail_id, day, version, tries, tuple(reached))


def note_reached(conn: Connection, mail: Mail, whom: bytes) -> None:
    """Note that somebody has a mail, so that no further try reaches them again."""
    conn.execute(
        "update bulletin_mails set reached = array_append(reached, %s) where id = %s",
        [whom, mail.id],
    )


def close_mail(conn: Connection, mail: Mail, *, wall_now: datetime) -> None:
    """Note that everybody has a mail."""
    conn.execute(
        "update bulletin_mails set state = 'sent', sent_wall_at = %s, trouble = null where id = %s",
        [wall_now, mail.id],
    )


def postpone_mail(conn: Connection, mail: Mail, trouble: str, *, until: datetime | None) -> None:
    """Note a failed try; the next comes at ``until``, and None gives the mail up."""
    conn.execute(
        "update bulletin_mails set trouble = %s,"
        " state = case when %s::timestamptz is null then 'dead' else 'waiting' end,"
        " next_wall_at = coalesce(%s, next_wall_at) where id = %s and attempts = %s",
        [trouble, until, until, mail.id, mail.attempts],
    )


class MailState(NamedTuple):
    """What became of a mail: ``waiting`` (tried at ``wall_at``), ``sent`` (then) or ``dead``."""

    state: str
    wall_at: datetime
    attempts: int
    trouble: str | None


def list_mail_states(conn: Connection, site: str) -> dict[tuple[date, int], MailState]:
    """Return what became of each bulletin's last mail."""
    rows = conn.execute(
        "select distinct on (day, version) day, version, state,"
        " coalesce(sent_wall_at, next_wall_at), attempts, trouble from bulletin_mails"
        " where site = %s order by day, version, id desc",
        [site],
    ).fetchall()
    return {(day, version): MailState(*how) for day, version, *how in rows}
