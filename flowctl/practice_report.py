"""What a practised shift came to, beside what really happened in those hours."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from statistics import fmean
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from rich.table import Table

from flowctl.local import SIMULATED
from flowctl.site import Site
from flowctl.storage.day_report import longest_queue
from flowctl.storage.recorded_day import RecordedDay, RecordedTrip


@dataclass(frozen=True, slots=True)
class ShiftFigures:
    """A stretch of a day. Waits are of trucks that began their screening in it, by GPS.

    ``overtaken`` counts pairs of trucks by reason, ``waiting`` the exports that had come and were
    not through at its end.
    """

    cleared_export: int
    cleared_import: int
    gate_wait_mean_s: float | None
    queue_max: int
    waiting: int
    overtaken: dict[str, int]


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did in the practice; ``moved`` and ``overtaken`` where its effect was shown."""

    at: datetime
    account: str
    act: str
    subject: str
    moved: int | None = None
    overtaken: int | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of a kind's alarms: those somebody dealt with, and those nobody did.

    ``first_answer_min`` is how long the middle one of those answered waited, in domain time;
    ``missed`` were over before anybody looked, the others stand unanswered.
    """

    kind: str
    raised: int
    answered: int
    missed: int
    first_answer_min: float | None


def shift_figures(
    day: RecordedDay, gates: Sequence[str], *, since: datetime, until: datetime
) -> ShiftFigures:
    """Return the figures of the stretch from ``since`` to ``until`` of a stored day."""
    trips = [one for trip in day.trips if (one := _within(trip, since, until)) is not None]
    waits = [
        (trip.lane_at - trip.queued_at).total_seconds()
        for trip in day.trips
        if trip.queued_at is not None and trip.lane_at is not None and since <= trip.lane_at < until
    ]
    overtaken: Counter[str] = Counter()
    for overtake in day.overtakes:
        if since <= overtake.at < until:
            overtaken[overtake.reason] += overtake.passed
    return ShiftFigures(
        cleared_export=sum(_is_in(trip.cleared_at, since, until) for trip in day.trips),
        cleared_import=sum(_is_in(one.cleared_at, since, until) for one in day.imports),
        gate_wait_mean_s=round(fmean(waits), 1) if waits else None,
        queue_max=max((longest_queue(trips, gate) for gate in gates), default=0),
        waiting=sum(
            trip.arrived_at is not None
            and trip.arrived_at < until
            and (trip.cleared_at is None or trip.cleared_at >= until)
            for trip in day.trips
        ),
        overtaken=dict(overtaken),
    )


def list_acts(conn: psycopg.Connection[Any], site: str) -> list[Act]:
    """Return what was done by people, in order; of acts on the order with the effect shown."""
    rows = conn.execute(
        "select a.at, a.account, a.act, a.subject,"
        " (e.effect->>'moved')::integer, (e.effect->>'overtaken')::integer"
        " from audit a left join acts e on e.site = a.site and e.entered_at = a.at"
        "  and e.id::text = a.after->>'act'"
        " where a.site = %s and a.account not like 'source:%%' and a.act not like 'session.%%'"
        " and not starts_with(a.account, %s) order by a.id",
        [site, SIMULATED],
    ).fetchall()
    return [Act(*row) for row in rows]


def list_answers(
    conn: psycopg.Connection[Any], site: str, *, since: datetime, until: datetime
) -> list[Answers]:
    """Return how people dealt with the alarms that were found in a stretch, by kind."""
    rows = conn.execute(
        "select a.kind, count(*), count(d.at), count(*) filter"
        "  (where d.at is null and a.over_at is not null),"
        " percentile_cont(0.5) within group"
        "  (order by extract(epoch from d.at - a.found_at)::float8 / 60)"
        " from alerts a left join lateral (select min(at) as at from alert_decisions"
        "  where alert_id = a.id) d on true"
        " where a.site = %s and a.found_at >= %s and a.found_at < %s"
        " group by a.kind order by a.kind",
        [site, since, until],
    ).fetchall()
    return [
        Answers(kind, raised, dealt, missed, None if waited is None else round(waited, 1))
        for kind, raised, dealt, missed, waited in rows
    ]


def answered(one: Answers) -> str:
    """Return what became of a kind's alarms as a line for a terminal."""
    after = "" if one.first_answer_min is None else f" after {one.first_answer_min:g} min"
    stand = one.raised - one.answered - one.missed
    return (
        f"alarms, {one.kind.replace('_', ' ')}: {one.raised} raised, {one.answered}"
        f" answered{after}, {one.missed} over unseen, {stand} unanswered"
    )


def as_json(
    practised: ShiftFigures,
    real: ShiftFigures,
    acts: Sequence[Act],
    alarms: Sequence[Answers],
    site: Site,
) -> dict[str, Any]:
    """Return the report as plain values."""
    return {
        "practised": asdict(practised),
        "real": asdict(real),
        "alarms": [asdict(one) for one in alarms],
        "acts": [
            {
                "at": act.at.astimezone(site.timezone).isoformat(timespec="seconds"),
                "account": act.account,
                "act": act.act,
                "subject": act.subject,
                "moved": act.moved,
                "overtaken": act.overtaken,
            }
            for act in acts
        ],
    }


def described(act: Act, site: Site) -> str:
    """Return an act as a line for a terminal."""
    local = act.at.astimezone(site.timezone)
    effect = "" if act.moved is None else f", {act.moved} moved, {act.overtaken} overtaken"
    return f"{local:%H:%M} {act.account}: {act.act} {act.subject}{effect}"


def comparison(
    practised: ShiftFigures,
    real: ShiftFigures,
    *,
    since: datetime,
    until: datetime,
    zone: ZoneInfo,
) -> Table:
    """Return both as a table for a terminal; ``zone`` is whose hours it names."""
    hours = f"{since.astimezone(zone):%H:%M} to {until.astimezone(zone):%H:%M}"
    table = Table(title=f"{hours}, practised and real", title_justify="left")
    table.add_column("")
    table.add_column("practised", justify="right")
    table.add_column("that day", justify="right")
    for name, mine, theirs in (
        ("exports through", practised.cleared_export, real.cleared_export),
        ("imports through", practised.cleared_import, real.cleared_import),
        (
            "mean wait at a gate, min",
            _minutes(practised.gate_wait_mean_s),
            _minutes(real.gate_wait_mean_s),
        ),
        ("longest queue, trucks", practised.queue_max, real.queue_max),
        ("exports waiting at the end", practised.waiting, real.waiting),
    ):
        table.add_row(name, str(mine), str(theirs))
    for reason in sorted(practised.overtaken.keys() | real.overtaken.keys()):
        table.add_row(
            f"overtaken: {reason or 'no reason'}",
            _count(practised.overtaken, reason),
            _count(real.overtaken, reason),
        )
    return table


def _within(trip: RecordedTrip, since: datetime, until: datetime) -> RecordedTrip | None:
    """Return a trip with its time in the queue cut to a stretch; None where it was not there."""
    queued_at, lane_at = trip.queued_at, trip.lane_at
    if queued_at is None or queued_at >= until or (lane_at is not None and lane_at <= since):
        return None
    left = None if lane_at is None or lane_at >= until else lane_at
    return replace(trip, queued_at=max(queued_at, since), lane_at=left)


def _is_in(moment: datetime | None, since: datetime, until: datetime) -> bool:
    return moment is not None and since <= moment < until


def _minutes(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds / 60:.1f}"


def _count(counts: Mapping[str, int], reason: str) -> str:
    return str(counts.get(reason, 0))
