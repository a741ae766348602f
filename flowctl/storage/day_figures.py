"""A day's figures as facts say now: journeys, officers' counts and the ledger of a gate."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import psycopg

from flowctl.bulletin.figures import Figures, Journey, Seen, bounds, count_gate
from flowctl.site import Site
from flowctl.storage.incidents import list_incidents
from flowctl.storage.ledger_counts import count_overtakes
from flowctl.storage.live import found_standing, list_between

Connection = psycopg.Connection[Any]


def count_day(
    conn: Connection, site: Site, day: date, *, before: Mapping[str, int] | None, now: datetime
) -> Figures:
    """Return a day's figures as facts say now; of a day that is not over, those until ``now``.

    ``before`` is who waited at each gate at the day's beginning, by the bulletin of the day before;
    None where there is none, so that it is counted, unless records begin within the day.
    """
    since, end = bounds(day, site.timezone)
    to = min(end, now)
    journeys = _journeys(conn, site, since, to)
    seen = _seen(conn, site, since, to)
    began_at = _first_seen_after(conn, site, since) if before is None else None
    known = before or {}
    return Figures(
        site=site.id,
        name=site.name,
        timezone=site.timezone.key,
        day=day,
        until=day,
        since=since,
        to=to,
        gates=tuple(
            count_gate(
                gate.id,
                gate.name,
                [one for one in journeys if one.gate == gate.id],
                seen[gate.id],
                since=since,
                to=to,
                waiting_before=known.get(gate.id),
                from_nothing=began_at is not None,
            )
            for gate in site.gates
        ),
        incidents=list_incidents(conn, site.id, since, to),
        began_at=began_at,
    )


def _first_seen_after(conn: Connection, site: Site, since: datetime) -> datetime | None:
    """Return when the first truck was seen in a yard: before, nobody counted who waits.

    None where one was seen by ``since``: the first one found says so, and no other is looked at.
    """
    yards = [one.id for one in site.yards]
    [(found,)] = conn.execute(
        "select min(entered_at) from visits where zone = any(%s) and not exists"
        " (select from visits where zone = any(%s) and entered_at <= %s)",
        [yards, yards, since],
    ).fetchall()
    first: datetime | None = found
    return first


def _journeys(conn: Connection, site: Site, since: datetime, to: datetime) -> list[Journey]:
    rows = [
        row
        for row in list_between(conn, site.id, since=since, until=to)
        if row.direction == "export" and row.gates
    ]
    came = [(row.id, row.arrived_at) for row in rows if row.arrived_at is not None]
    found = found_standing(conn, [(trip, at) for trip, at in came if at > since])
    return [
        Journey(
            gate=row.queued_gate or row.released_gate or row.told_gate or row.gates[0],
            arrived_at=row.arrived_at,
            found=row.id in found,
            cleared_at=row.cleared_at,
            left_at=row.ended_at if row.state != "active" and row.cleared_at is None else None,
        )
        for row in rows
    ]


def _seen(conn: Connection, site: Site, since: datetime, to: datetime) -> Mapping[str, Seen]:
    passed = {
        (gate, direction): n
        for gate, direction, n in conn.execute(
            "select gate, direction, count(*)::int from gate_events"
            " where site = %s and kind = 'cleared' and at > %s and at <= %s group by 1, 2",
            [site.id, since, to],
        )
    }
    no_shows = dict(
        conn.execute(
            "select gate, count(*)::int from ledger where site = %s and kind = 'release_expired'"
            " and reason = 'no_show' and at > %s and at <= %s and gate is not null group by gate",
            [site.id, since, to],
        ).fetchall()
    )
    overtakes = count_overtakes(conn, site.id, since=since, until=to)
    return {
        gate.id: Seen(
            imports=passed.get((gate.id, "import"), 0),
            unseen=passed.get((gate.id, "export"), 0),
            no_shows=no_shows.get(gate.id, 0),
            overtakes=overtakes.get(gate.id, {}),
        )
        for gate in site.gates
    }
