"""Forecasts as they were made, what came of them, and how good they were day by day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row

from flowctl.site import Site
from flowctl.storage.eta import (
    get_calibration,
    list_gate_etas,
    list_yard_etas,
    save_calibration,
)
from flowctl.storage.live import list_active
from flowctl.traffic.eta import Eta, Expected, Target, learn

Connection = psycopg.Connection[Any]

FORECAST_EVERY = timedelta(minutes=10)
"""How often a trip's forecast is kept."""
_SETTLED_AFTER = timedelta(days=1)


def keep_forecasts(conn: Connection, site: Site, now: datetime) -> None:
    """Keep what is expected of every trip now, and let the arrivals since the last time teach."""
    rows = list_active(conn, site.id)
    exports = [row for row in rows if row.direction == "export"]
    _settle(conn, site, now)
    _save(conn, list_yard_etas(conn, site, exports, now).items(), now)
    _save(conn, list_gate_etas(conn, site, exports, now).items(), now)


def _save(conn: Connection, etas: Iterable[tuple[int, Eta]], now: datetime) -> None:
    """Write forecasts, but none of a trip and target of which one was kept just before."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into eta_forecasts (trip_id, target, place, at, since, low_s, mid_s, high_s,"
            " even_s, shown, horizon, p10, p50, p90)"
            " select %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s"
            " where not exists (select from eta_forecasts"
            "  where trip_id = %s and target = %s and at > %s and at <= %s)"
            " on conflict do nothing",
            [
                (
                    *(trip, eta.expected.target, eta.expected.place, now),
                    *(_instant(eta.expected.since), eta.expected.low, eta.expected.mid),
                    *(eta.expected.high, eta.expected.even_s, eta.expected.shown),
                    *(eta.expected.horizon(), *map(_instant, (eta.p10, eta.p50, eta.p90))),
                    *(trip, eta.expected.target, now - FORECAST_EVERY, now),
                )
                for trip, eta in etas
            ],
        )


def _settle(conn: Connection, site: Site, now: datetime) -> None:
    """Take in arrivals as visits say now, those revised by late fixes too; new ones teach.

    A truck that was first seen inside did not arrive then. Forecasts of the last day are looked at
    again; what an arrival that was revised has taught stays learned.
    """
    conn.execute(
        "update eta_forecasts f set arrived_at = seen.arrived_at from ("
        "  select g.trip_id, g.target, g.at, min(v.entered_at) as arrived_at"
        "  from eta_forecasts g join trips t on t.id = g.trip_id and t.site = %(site)s"
        "  left join visits v on v.device_id = t.device_id and not v.seen_inside"
        "   and v.entered_at >= t.registered_at"
        "   and v.entered_at <= coalesce(t.ended_at, 'infinity')"
        "   and case g.target when 'yard' then v.role = 'yard' and v.zone = g.place"
        "       else v.role = 'lane' and v.gate = g.place end"
        "  where g.at > %(since)s and g.at <= %(now)s group by g.trip_id, g.target, g.at"
        " ) seen where (f.trip_id, f.target, f.at) = (seen.trip_id, seen.target, seen.at)"
        " and f.arrived_at is distinct from seen.arrived_at",
        {
            "site": site.id,
            "since": now - _SETTLED_AFTER,
            "now": now,
        },
    )
    known = conn.execute(
        "update eta_forecasts f set learned = true from trips t"
        " where t.id = f.trip_id and t.site = %s and not f.learned and f.arrived_at <= %s"
        " returning f.target, f.place, f.since, f.low_s, f.mid_s, f.high_s, f.even_s, f.shown,"
        " f.at, f.p10, f.p50, f.p90, f.arrived_at",
        [site.id, now],
    ).fetchall()
    if not known:
        return
    calibration = get_calibration(conn, site.id)
    for row in sorted(known, key=lambda row: (row[12], row[8])):
        target, place, since, low, mid, high, even_s, shown, at, p10, p50, p90, arrived_at = row
        gate = site.gate_by_id.get(place) if target == Target.GATE else None
        expected = Expected(
            *(Target(target), place, since.timestamp(), low, mid, high, even_s, shown),
            opening=None if gate is None else gate.opening,
        )
        said = (moment.timestamp() for moment in (at, p10, p50, p90))
        calibration = learn(calibration, Eta(expected, *said), arrived_at.timestamp())
    save_calibration(conn, site.id, calibration, now)


@dataclass(frozen=True, slots=True)
class DayScore:
    """How good a local day's forecasts were, by the day they were made on.

    ``hit_rate`` is the share of arrivals between P10 and P90 and ``mae_s`` the mean absolute error
    of P50, both of the ``n`` forecasts whose truck has come; ``pending`` are the others.
    """

    day: date
    target: str
    n: int
    pending: int
    hit_rate: float | None
    mae_s: float | None


def list_scores(conn: Connection, site: Site, *, since: date, until: date) -> list[DayScore]:
    """Return the scores of local days, both ends included, as arrivals are known now."""
    with conn.cursor(row_factory=class_row(DayScore), binary=True) as cursor:
        return cursor.execute(
            "select (f.at at time zone %(zone)s)::date as day, f.target,"
            " count(arrived_at)::int as n, count(*) filter (where arrived_at is null)::int"
            "  as pending,"
            " avg((arrived_at between p10 and p90)::int)::float8 as hit_rate,"
            " avg(abs(extract(epoch from arrived_at - p50)))::float8 as mae_s"
            " from eta_forecasts f join trips t on t.id = f.trip_id and t.site = %(site)s"
            " where f.at >= %(since)s::date::timestamp at time zone %(zone)s"
            " and f.at < (%(until)s::date + 1)::timestamp at time zone %(zone)s"
            " group by 1, 2 order by 1, 2",
            {"zone": site.timezone.key, "site": site.id, "since": since, "until": until},
        ).fetchall()


def drop_before(conn: Connection, cutoff: datetime) -> None:
    """Forget the forecasts made before a moment."""
    conn.execute("delete from eta_forecasts where at < %s", [cutoff])


def _instant(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)
