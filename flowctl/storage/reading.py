"""All that one tick decides from, read at once: to decide, or to see what an act would do."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import psycopg

from flowctl.closures import with_closures
from flowctl.site import Site
from flowctl.state import Snapshot
from flowctl.storage.acts import list_extra_hours, list_standing
from flowctl.storage.closures import HISTORY, find_advice, list_advice, list_closures, open_site
from flowctl.storage.eta import list_yard_etas
from flowctl.storage.live import find_live
from flowctl.storage.plans import list_lanes
from flowctl.storage.snapshot import gate_histories, list_crossed, list_live_trips, live_trip

Connection = psycopg.Connection[Any]


def read_snapshot(conn: Connection, site: Site, now: datetime) -> Snapshot:
    """Return all that one tick decides from.

    Parameters
    ----------
    conn
        In a transaction.
    site
        As loaded; its closures and extra hours are read here.
    now
        The domain moment.
    """
    since = now - HISTORY
    closures = list_closures(conn, site.id, since=since)
    extra = list_extra_hours(conn, site.id, since=since)
    left = with_closures(site, closures, now, extra)
    news = timedelta(seconds=site.dispatch.freeze_s)
    return Snapshot(
        left,
        now,
        list_live_trips(conn, left, now),
        gate_histories(conn, left, now),
        closures=tuple(closures),
        advice=list_advice(conn, site.id),
        lanes=list_lanes(conn, site.id),
        crossed=list_crossed(conn, site.id, now),
        acts=tuple(list_standing(conn, site.id, now, news=news)),
    )


def read_trips(conn: Connection, site: Site, trips: Iterable[int], now: datetime) -> Snapshot:
    """Return the same of a few trips alone, with the site and the acts that stand.

    Enough to see what speaks against an act on them (`flowctl.dispatch.hand_checks.refusal`).
    """
    left = open_site(conn, site, now)
    rows = [row for trip in trips if (row := find_live(conn, trip, site=site.id)) is not None]
    exports = [row for row in rows if row.direction == "export"]
    etas = list_yard_etas(conn, left, exports, now)
    advice = ((row.id, find_advice(conn, row.id)) for row in exports)
    return Snapshot(
        left,
        now,
        tuple(live_trip(row, etas.get(row.id)) for row in exports),
        (),
        advice={trip: one for trip, one in advice if one is not None},
        acts=tuple(list_standing(conn, site.id, now, news=timedelta(0))),
    )
