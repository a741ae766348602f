"""What was out of the ordinary at gates within a day: closures, acts, slow spells, our outages."""

from datetime import datetime, timedelta
from typing import Any

import psycopg

from flowctl.bulletin.figures import SETTLED, Incident

Connection = psycopg.Connection[Any]

_OUTAGE = timedelta(minutes=10)
_DISTURBED = timedelta(minutes=10)
"""Shorter spells of a slow gate are no incident."""


def list_incidents(
    conn: Connection, site: str, since: datetime, to: datetime
) -> tuple[Incident, ...]:
    """Return what was out of the ordinary after ``since`` and before ``to``, in order of begin."""
    found = [
        *_closures(conn, site, since, to),
        *_acts(conn, site, since, to),
        *_slow(conn, site, since, to),
        *_outages(conn, site, since, to),
    ]
    return tuple(sorted(found, key=lambda one: one.since))


def _closures(conn: Connection, site: str, since: datetime, to: datetime) -> list[Incident]:
    rows = conn.execute(
        "select gate, starts_at, ends_at, places_left, reason from closures"
        " where site = %s and starts_at < %s and coalesce(ends_at, 'infinity') > %s"
        " and starts_at < coalesce(ends_at, 'infinity') order by starts_at",
        [site, to, since],
    ).fetchall()
    return [
        Incident("lanes" if places else "closure", gate, starts, ends, reason, places or None)
        for gate, starts, ends, places, reason in rows
    ]


def _acts(conn: Connection, site: str, since: datetime, to: datetime) -> list[Incident]:
    """Return the acts on whole gates or classes of trucks that stood, however they came to an end.

    Neither notes nor hauliers: they are for colleagues, and the bulletin goes to many.
    """
    rows = conn.execute(
        "select * from (select kind, gate, greatest(starts_at, approved_at, entered_at) as begun,"
        "  least(ends_at, ended_at) as over, reason, per_h, cargo, haulier is not null from acts"
        "  where site = %s and kind in ('capacity', 'open_gate', 'hold_class')"
        "  and (state in ('standing', 'done', 'ended')"
        "   or (state = 'lapsed' and outcome = 'longest_hold'))) stood"
        " where begun < %s and coalesce(over, 'infinity') > greatest(begun, %s) order by begun",
        [site, to, since],
    ).fetchall()
    return [
        Incident(*(kind, gate, begun, over), code=reason, per_h=per_h, cargo=cargo, one_haulier=one)
        for kind, gate, begun, over, reason, per_h, cargo, one in rows
    ]


def _slow(conn: Connection, site: str, since: datetime, to: datetime) -> list[Incident]:
    """Return when gates were found to take less than usual, or nothing."""
    rows = conn.execute(
        "select gate, state, coalesce(state_since, min(at)), max(at) from gate_states"
        " where site = %s and at > %s and at <= %s and state in ('reduced', 'stopped')"
        " group by gate, state, state_since",
        [site, since, to],
    ).fetchall()
    return [
        Incident("slow" if state == "reduced" else "stopped", gate, begun, last)
        for gate, state, begun, last in rows
        if last - begun >= _DISTURBED
    ]


def _outages(conn: Connection, site: str, since: datetime, to: datetime) -> list[Incident]:
    """Return when the controller looked at no gate: it was away, or its stores were."""
    rows = conn.execute(
        "select before, at from ("
        "  select at, lag(at) over (order by at) as before from ("
        "   select distinct at from gate_states where site = %s and at > %s and at <= %s) looked"
        " ) spaced where at - before > %s and at > %s order by at",
        [site, since - timedelta(days=1), to + SETTLED, _OUTAGE, since],
    ).fetchall()
    return [Incident("outage", None, before, at) for before, at in rows if before < to]
