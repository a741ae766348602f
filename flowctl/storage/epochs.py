"""Who controls a site: one holder at a time, by a lease on the database's own clock.

Every change of hands begins a new epoch. Who controls locks the epoch's row in each transaction
that decides something, so that nobody takes the site before that transaction has ended, and one
that was paused and replaced meanwhile finds another epoch and decides nothing.
"""

from dataclasses import dataclass
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]

APPLICATION = "flowctl controller "
"""What a controller's sessions are called, followed by its name, so that they can be ended."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """The newest epoch of a site, and who holds it, None where nobody does."""

    number: int
    holder: str | None


def end_expired_sessions(conn: Connection, site: str) -> None:
    """End the sessions of a holder whose lease has run out.

    One that was paused or cut off inside a transaction would hold its locks until it is heard of.
    """
    conn.execute(
        "select pg_terminate_backend(a.pid) from controller_epochs e"
        " join pg_stat_activity a on a.application_name = %s || e.holder"
        " where e.site = %s and e.lease_until_wall_at < clock_timestamp()"
        " and a.pid <> pg_backend_pid()",
        [APPLICATION, site],
    )


def take_epoch(conn: Connection, site: str, holder: str, *, ttl_s: float) -> int | None:
    """Begin a new epoch where nobody holds the site, or its lease has run out; returns its number.

    None where somebody else holds it, or has a transaction of it open.
    """
    conn.execute(
        "insert into controller_epochs (site, epoch, taken_wall_at)"
        " values (%s, 0, clock_timestamp()) on conflict do nothing",
        [site],
    )
    row = conn.execute(
        "with free as (select site from controller_epochs where site = %(site)s"
        "  and (holder is null or holder = %(holder)s"
        "   or lease_until_wall_at < clock_timestamp()) for update skip locked)"
        " update controller_epochs e set epoch = e.epoch + 1, holder = %(holder)s,"
        "  taken_wall_at = clock_timestamp(),"
        "  lease_until_wall_at = clock_timestamp() + make_interval(secs => %(ttl)s)"
        " from free where e.site = free.site returning e.epoch",
        {"site": site, "holder": holder, "ttl": ttl_s},
    ).fetchone()
    return None if row is None else int(row[0])


def find_epoch(conn: Connection, site: str) -> Epoch | None:
    """Return the newest epoch of a site, None where nobody has ever controlled it."""
    row = conn.execute(
        "select epoch, holder from controller_epochs where site = %s", [site]
    ).fetchone()
    return None if row is None else Epoch(*row)


def prolong_epoch(conn: Connection, site: str, epoch: int, *, ttl_s: float) -> bool:
    """Prolong the lease of an epoch; tells whether it is still the site's."""
    prolonged = conn.execute(
        "update controller_epochs"
        " set lease_until_wall_at = clock_timestamp() + make_interval(secs => %s)"
        " where site = %s and epoch = %s and holder is not null",
        [ttl_s, site, epoch],
    )
    return prolonged.rowcount == 1


def lock_epoch(conn: Connection, site: str, epoch: int) -> bool:
    """Keep an epoch the site's until the running transaction ends; tells whether it is.

    The lock lets the lease be prolonged meanwhile, but nobody begin another epoch.
    """
    row = conn.execute(
        "select from controller_epochs where site = %s and epoch = %s and holder is not null"
        " for key share",
        [site, epoch],
    ).fetchone()
    return row is not None


def leave_epoch(conn: Connection, site: str, epoch: int) -> None:
    """End an epoch in good order: another controller may take the site at once."""
    conn.execute(
        "update controller_epochs set holder = null, lease_until_wall_at = null"
        " where site = %s and epoch = %s",
        [site, epoch],
    )
