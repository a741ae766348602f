"""What days came to, counted from facts and kept: trips are forgotten, their numbers stay."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, partial
from math import isnan
from typing import Any, LiteralString

import psycopg
from psycopg.types.json import Jsonb

from flowctl.site import Site
from flowctl.statistics import Fact, Key, Measure, Tally, tally
from flowctl.storage.live import LiveRow, list_between
from flowctl.storage.snapshot import HISTORY, list_passages
from flowctl.storage.workflows import find_workflow, get_workflow
from flowctl.workflow.stages import Stage

Connection = psycopg.Connection[Any]

_SETTLED = timedelta(minutes=15)
"""So long after its end a day is counted first."""
_DAY = timedelta(days=1)


def settle_day(conn: Connection, site: Site, now: datetime) -> date | None:
    """Count and keep a day that is over, the newest that is due; None where none is.

    A day is counted once it is over, and once more when no fix of it can come any more: then its
    count stands. What was never counted goes back to the first trip that is known; one day a call,
    so that nobody waits for a year of them.
    """
    today = (now - _SETTLED).astimezone(site.timezone).date()
    final = timedelta(seconds=site.lateness_limit_s) + _SETTLED
    first = _first_day(conn, site)
    if first is None:
        return None
    counted = dict(
        conn.execute(
            "select day, counted_at from statistic_days where site = %s", [site.id]
        ).fetchall()
    )
    for n in range(1, (today - first).days + 1):
        day = today - n * _DAY
        ends_at, at = _bounds(site, day)[1], counted.get(day)
        if at is None or at < ends_at + final <= now:
            _keep(conn, site, day, count_day(conn, site, day), now)
            return day
    return None


def count_day(conn: Connection, site: Site, day: date) -> dict[Key, Tally]:
    """Return what a day comes to by the facts as they are now."""
    since, to = _bounds(site, day)
    rows = list_between(conn, site.id, since=since, until=to)
    facts = [
        *_declared(conn, site, since, to),
        *(fact for row in rows for fact in _way(row)),
        *_passages(conn, site, since, to, {(row.plate, row.direction) for row in rows}),
        *_returns(conn, site, since, to),
        *_stages(conn, site, since, to),
        *_payments(conn, site, since, to),
    ]
    return tally((fact for fact in facts if since <= fact.at < to), site.timezone)


def read_days(
    conn: Connection,
    site: Site,
    since: date,
    until: date,
    now: datetime,
    count: Callable[[Connection, Site, date], Mapping[Key, Tally]] = count_day,
) -> dict[Key, Tally]:
    """Return the counts of days, the last one included; ``count`` is asked for what is not kept."""
    found: dict[Key, Tally] = {}
    for hour, bins, n, total, *parts in conn.execute(
        "select hour, bins, n, total, day, gate, direction, cargo, measure, desk, of"
        " from statistics where site = %s and day between %s and %s",
        [site.id, since, until],
    ):
        day, gate, direction, cargo, measure, desk, of = parts
        key = Key(day, hour, gate, direction, cargo, Measure(measure), desk, of)
        found[key] = Tally(n, total, {int(number): count for number, count in bins.items()})
    kept = {
        day
        for (day,) in conn.execute(
            "select day from statistic_days where site = %s and day between %s and %s",
            [site.id, since, until],
        )
    }
    first = _first_day(conn, site)
    last = min(until, now.astimezone(site.timezone).date())
    if first is not None:
        begins = max(since, first)
        for n in range((last - begins).days + 1):
            if begins + n * _DAY not in kept:
                found.update(count(conn, site, begins + n * _DAY))
    return found


def list_names(conn: Connection, site: Site, now: datetime, language: str) -> dict[str, str]:
    """Return the names of gates and stages in a language, by id."""
    names = {gate.id: gate.name[language] for gate in site.gates}
    found = find_workflow(conn, site.id, now)
    if found is not None:
        for variant in found[1].variants:
            names |= {stage.id: stage.name[language] for stage in variant.stages}
    return names


def _bounds(site: Site, day: date) -> tuple[datetime, datetime]:
    return (
        datetime.combine(day, time(), site.timezone).astimezone(UTC),
        datetime.combine(day + _DAY, time(), site.timezone).astimezone(UTC),
    )


def _first_day(conn: Connection, site: Site) -> date | None:
    [(first,)] = conn.execute(
        "select least((select min(registered_at) from trips where site = %(site)s),"
        " (select min(at) from gate_events where site = %(site)s))",
        {"site": site.id},
    ).fetchall()
    return None if first is None else first.astimezone(site.timezone).date()


def _keep(
    conn: Connection, site: Site, day: date, counted: Mapping[Key, Tally], now: datetime
) -> None:
    with conn.transaction():
        conn.execute("delete from statistic_days where site = %s and day = %s", [site.id, day])
        conn.execute(
            "insert into statistic_days (site, day, counted_at) values (%s, %s, %s)",
            [site.id, day, now],
        )
        with conn.cursor() as cursor:
            cursor.executemany(
                "insert into statistics (site, day, hour, gate, direction, cargo, measure, desk,"
                " of, n, total, bins) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    [site.id, *key, one.n, one.total, Jsonb(one.bins)]
                    for key, one in counted.items()
                ],
            )


def _declared(conn: Connection, site: Site, since: datetime, to: datetime) -> Iterator[Fact]:
    """Tell of declarations, and of trips that were cancelled."""
    for gate, direction, cargo, at, cancelled_at in conn.execute(
        "select gates[1], direction, cargo, registered_at,"
        "  case when state = 'cancelled' then ended_at end from trips"
        " where site = %(site)s and (registered_at >= %(since)s and registered_at < %(to)s"
        "  or state = 'cancelled' and ended_at >= %(since)s and ended_at < %(to)s)",
        {"site": site.id, "since": since, "to": to},
    ):
        yield Fact(at, gate, direction, cargo, Measure.DECLARED)
        if cancelled_at is not None:
            yield Fact(cancelled_at, gate, direction, cargo, Measure.CANCELLED)


def _way(row: LiveRow) -> Iterator[Fact]:
    """Tell of one trip's way through yard and gate; each part counts when it was over."""
    gate = row.queued_gate or row.released_gate or row.told_gate or row.gates[0]

    def fact(measure: Measure, at: datetime, since: datetime | None = None) -> Fact:
        amount = None if since is None else (at - since).total_seconds()
        return Fact(at, gate, row.direction, row.cargo, measure, amount)

    arrived, called, at_gate = row.arrived_at, row.released_at, row.queued_at
    lane, crossed = row.lane_at, row.cleared_at
    if arrived is not None:
        yield fact(Measure.ARRIVED, arrived)
        yield fact(Measure.TO_YARD, arrived, row.registered_at)
    if called is not None:
        yield fact(Measure.CALLED, called)
        if arrived is not None:
            yield fact(Measure.IN_YARD, called, arrived)
    if at_gate is not None and called is not None:
        yield fact(Measure.TO_GATE, at_gate, called)
    if lane is not None and at_gate is not None:
        yield fact(Measure.IN_QUEUE, lane, at_gate)
    if crossed is not None:
        yield fact(Measure.CROSSED, crossed)
        if lane is not None:
            yield fact(Measure.IN_LANE, crossed, lane)
        if arrived is not None:
            yield fact(Measure.IN_ALL, crossed, arrived)


def _passages(
    conn: Connection,
    site: Site,
    since: datetime,
    to: datetime,
    known: set[tuple[str, str]],
) -> Iterator[Fact]:
    """Tell of trucks without a trip, which officers alone saw pass; ``known`` have one."""
    for one in list_passages(conn, site.id, since=since - HISTORY, until=to):
        direction = "import" if one.is_import else "export"
        if isnan(one.cleared_at) or (one.truck, direction) in known:
            continue
        at = datetime.fromtimestamp(one.cleared_at, UTC)
        yield Fact(at, one.gate, direction, "", Measure.CROSSED)
        if not isnan(one.entered_at):
            lasted = one.cleared_at - one.entered_at
            yield Fact(at, one.gate, direction, "", Measure.IN_ALL, lasted)


def _returns(conn: Connection, site: Site, since: datetime, to: datetime) -> Iterator[Fact]:
    """Tell of exported trucks that came back."""
    for gate, cargo, at in conn.execute(
        "select c.gate, t.cargo, c.returned_at from crossings c left join trips t"
        " on t.id = c.trip_id where c.site = %s and c.returned_at >= %s and c.returned_at < %s",
        [site.id, since, to],
    ):
        yield Fact(at, gate, "export", cargo or "", Measure.RETURNED)


_STAGES: LiteralString = """
select s.trip_id, t.cargo, t.registered_at, d.workflow_id, d.variant,
       s.gate, s.direction, s.stage, s.desk, s.state, s.since
from trip_stages s join trips t on t.id = s.trip_id left join declarations d on d.trip_id = t.id
where s.trip_id in (select trip_id from trip_stages where site = %(site)s
    and state in ('confirmed', 'refused') and since >= %(since)s and since < %(to)s)
    and s.state in ('confirmed', 'refused')
order by s.trip_id
"""


def _stages(conn: Connection, site: Site, since: datetime, to: datetime) -> list[Fact]:
    """Tell of stages decided, each with how long its desk could have decided before it did."""
    trips: dict[int, list[Any]] = defaultdict(list)
    for row in conn.execute(_STAGES, {"site": site.id, "since": since, "to": to}):
        trips[row[0]].append(row)
    facts = []
    # A day's trips have few workflows among them, and each is asked for once.
    stages_of = cache(partial(_stages_of, conn))
    for rows in trips.values():
        _, cargo, registered_at, workflow_id, variant, gate, direction, *_ = rows[0]
        confirmed = {stage: at for *_, stage, _, state, at in rows if state == "confirmed"}
        stages = stages_of(workflow_id, variant)
        for *_, stage, desk, state, at in rows:
            if desk is None:
                continue
            before = stages[stage].needs if stage in stages else ()
            free_at = max((confirmed[one] for one in before if one in confirmed),
                          default=registered_at)  # fmt: skip
            measure = Measure.STAGE if state == "confirmed" else Measure.REFUSED
            lasted = (at - free_at).total_seconds() if state == "confirmed" else None
            facts.append(Fact(at, gate, direction, cargo, measure, lasted, desk, stage))
    return facts


def _stages_of(
    conn: Connection, workflow_id: int | None, variant: str | None
) -> Mapping[str, Stage]:
    if workflow_id is None or variant is None:
        return {}
    workflow = get_workflow(conn, workflow_id)
    found = next((one for one in workflow.variants if one.id == variant), None)
    return {} if found is None else {stage.id: stage for stage in found.stages}


def _payments(conn: Connection, site: Site, since: datetime, to: datetime) -> Sequence[Fact]:
    return [
        Fact(at, gate or "", direction or "", cargo or "", Measure.PAID, float(amount), of=method)
        for at, gate, direction, cargo, amount, method in conn.execute(
            "select p.recorded_at, p.gate, t.direction, t.cargo, p.amount_vnd, p.method"
            " from payments p left join trips t on t.id = p.trip_id"
            " where p.site = %s and p.recorded_at >= %s and p.recorded_at < %s",
            [site.id, since, to],
        )
    ]
