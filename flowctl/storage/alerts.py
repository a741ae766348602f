"""Alerts at rest: found once an episode, decided by people, and what the policy makes of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, LiteralString

import msgspec
import psycopg
from psycopg.rows import class_row, scalar_row

from flowctl.alarms.alerts import CONDITIONS, PROVED, Alert, Kind, Severity, Value
from flowctl.errors import NotFoundError
from flowctl.policy import Answer
from flowctl.site import Site
from flowctl.storage.penalties import add_penalty

Connection = psycopg.Connection[Any]

EPISODE = timedelta(hours=1)
"""What begins so long after the last look at the same is another episode."""
CONDITION_EPISODE = timedelta(minutes=30)
"""A condition that was over for so long is another one when it comes back."""

_WEIGHT = {severity: weight for weight, severity in enumerate(Severity)}


class State(StrEnum):
    """What became of an alert."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    """Somebody looks into it."""
    DISMISSED = "dismissed"
    """It was nothing."""
    CONFIRMED = "confirmed"
    """It was what it says."""
    CLOSED = "closed"
    """It was true, and is taken care of."""


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """An alert as stored; ``points`` are [instant, lon, lat, what] each, degrees WGS 84.

    ``plate`` and ``other_plate`` are those of its trips, ``penalty_id`` what it costs, as long as
    that is not given back. What it says holds no more since ``over_at``. ``acknowledged_by`` looked
    into it first; ``assigned_to`` is the account that takes care of it.
    """

    id: int
    kind: str
    severity: str
    trip_id: int | None
    plate: str | None
    other_trip_id: int | None
    other_plate: str | None
    device: str | None
    haulier: str | None
    place: str | None
    at: datetime
    found_at: datetime
    last_seen_at: datetime
    proved: bool
    evidence: dict[str, Value]
    points: list[tuple[str, float, float, str]]
    state: str
    penalty_id: int | None
    over_at: datetime | None
    assigned_to: str | None
    snoozed_until: datetime | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody made of an alert, or did about it."""

    state: str
    note: str
    by: str
    at: datetime


def save_alerts(conn: Connection, site: Site, alerts: Sequence[Alert], now: datetime) -> None:
    """Enter findings, once an episode; act on what the site's policy punishes at once.

    What is found again is only seen again: its evidence is brought up to date until somebody has
    judged by it.
    """
    found = _distinct(alerts)
    if found:
        conn.execute(
            _SAVE,
            {
                "site": site.id,
                "now": now,
                "gap": EPISODE,
                "short_gap": CONDITION_EPISODE,
                "weights": [str(severity) for severity in Severity],
                "conditions": [str(kind) for kind in CONDITIONS],
                "found": _rows(found),
            },
        )
    for alert_id, trip_id, kind in _list_due(conn, site, now):
        punish(conn, site, alert_id, trip_id, kind, by="flowctl", now=now)


_SAVE: LiteralString = """
with given as (
    select * from jsonb_to_recordset(%(found)s::jsonb) as g (kind text, severity text, subject text,
        trip_id bigint, other_trip_id bigint, device text, haulier text, place text, at timestamptz,
        proved boolean, evidence jsonb, points jsonb)
), known as (
    select a.id, a.state in ('dismissed', 'confirmed', 'closed') as judged,
           g.kind = any(%(conditions)s) as is_condition,
           array_position(%(weights)s, g.severity) > array_position(%(weights)s, a.severity)
               as is_worse, g.*
    from given g cross join lateral (
        select id, state, severity from alerts
        where site = %(site)s and kind = g.kind and subject = g.subject
          and case when g.kind = any(%(conditions)s) then %(now)s <= last_seen_at + %(short_gap)s
                   else g.at <= last_seen_at + %(gap)s end
        order by last_seen_at desc limit 1) a
), seen as (
    -- A condition never weighs less than it did, and one that got worse is news.
    update alerts a set last_seen_at = %(now)s, over_at = null,
        severity = case when k.judged or k.is_condition and not k.is_worse then a.severity
                        else k.severity end,
        state = case when k.is_condition and k.is_worse and a.state = 'acknowledged' then 'open'
                     else a.state end,
        snoozed_until = case when k.is_condition and k.is_worse then null else a.snoozed_until end,
        proved = case when k.judged then a.proved else k.proved end,
        evidence = case when k.judged then a.evidence else k.evidence end,
        points = case when k.judged then a.points else k.points end
    from known k where a.id = k.id
)
insert into alerts (site, kind, severity, subject, trip_id, other_trip_id, device, haulier, place,
    at, found_at, last_seen_at, proved, evidence, points)
select %(site)s, kind, severity, subject, trip_id, other_trip_id, device, haulier, place, at,
    %(now)s, %(now)s, proved, evidence, points
from given g where not exists (
    select from known k where k.kind = g.kind and k.subject = g.subject)
"""


def end_alerts(
    conn: Connection,
    site: str,
    now: datetime,
    *,
    kinds: Collection[Kind] = CONDITIONS,
    subjects: Sequence[str] | None = None,
) -> None:
    """Say of the standing alerts of these kinds that were not found at ``now`` that they are over.

    Of all, or of those about certain ``subjects``: who looked after these alone. What was put aside
    until now comes back.
    """
    conn.execute(
        "update alerts set over_at = %(now)s where site = %(site)s and kind = any(%(kinds)s)"
        " and over_at is null and last_seen_at < %(now)s"
        " and (%(subjects)s::text[] is null or subject = any(%(subjects)s))",
        {
            "site": site,
            "now": now,
            "kinds": [str(kind) for kind in kinds],
            "subjects": None if subjects is None else list(subjects),
        },
    )
    conn.execute(
        "update alerts set snoozed_until = null where site = %s and snoozed_until <= %s",
        [site, now],
    )


def list_standing(conn: Connection, site: str, kinds: Collection[Kind]) -> dict[Kind, set[str]]:
    """Return the subjects of the conditions that are not over, by kind."""
    rows = conn.execute(
        "select kind, subject from alerts where site = %s and kind = any(%s) and over_at is null",
        [site, [str(kind) for kind in kinds]],
    ).fetchall()
    standing: dict[Kind, set[str]] = {kind: set() for kind in kinds}
    for kind, subject in rows:
        standing[Kind(kind)].add(subject)
    return standing


def _distinct(alerts: Sequence[Alert]) -> list[Alert]:
    """Return one finding of each kind and subject: what weighs most, then what began first."""
    best: dict[tuple[Kind, str], Alert] = {}
    for alert in sorted(alerts, key=lambda one: (-_WEIGHT[one.severity], one.at)):
        best.setdefault((alert.kind, alert.subject), alert)
    return list(best.values())


def _rows(alerts: Sequence[Alert]) -> str:
    return msgspec.json.encode(alerts).decode()


def _list_due(conn: Connection, site: Site, now: datetime) -> list[tuple[int, int, str]]:
    """Return the open alerts (id, trip, kind) seen now that cost seniority without anybody's word.

    A stay at a gate beside the list of releases, and a plate that an officer saw, are facts; every
    other finding is a conclusion, which may be wrong, and waits for an operator's. What was over
    before the rules in force said so costs nothing. Nobody decides the alerts until the transaction
    ends.
    """
    kinds = [kind for kind in PROVED if site.policy.cheating.get(kind) is Answer.LOSES_SENIORITY]
    if not kinds:
        return []
    return conn.execute(
        "select id, trip_id, kind from alerts where site = %s and state = 'open'"
        " and kind = any(%s) and proved and trip_id is not null and penalty_id is null"
        " and last_seen_at = %s order by id for update",
        [site.id, [str(kind) for kind in kinds], now],
    ).fetchall()


def punish(
    conn: Connection, site: Site, alert_id: int, trip_id: int, kind: str, *, by: str, now: datetime
) -> None:
    """Let an alert cost its trip the seniority that the site's policy says."""
    penalty = add_penalty(
        conn, site, trip_id, kind=kind, loses_s=None, reason=kind, actor=by, now=now
    )
    conn.execute("update alerts set penalty_id = %s where id = %s", [penalty.id, alert_id])


_ALERT: LiteralString = """
select a.id, a.kind, a.severity, a.trip_id, t.plate, a.other_trip_id, o.plate as other_plate,
       a.device, a.haulier, a.place, a.at, a.found_at, a.last_seen_at, a.proved, a.evidence,
       a.points,
       a.state, p.id as penalty_id, a.over_at, a.assigned_to, a.snoozed_until,
       k.by as acknowledged_by, k.at as acknowledged_at
from alerts a left join trips t on t.id = a.trip_id left join trips o on o.id = a.other_trip_id
left join penalties p on p.id = a.penalty_id and p.lifted_at is null
left join lateral (
    select by, at from alert_decisions d where d.alert_id = a.id and d.state = 'acknowledged'
    order by d.id desc limit 1) k on true
where a.site = %(site)s
"""


def list_alerts(
    conn: Connection,
    site: str,
    *,
    state: State | None = None,
    kind: Kind | None = None,
    since: datetime | None = None,
    unsettled_since: datetime | None = None,
    limit: int = 200,
) -> list[AlertRecord]:
    """Return the newest alerts, where given only those of a state, a kind, or seen ``since``.

    ``unsettled_since`` leaves those nobody has settled, and which stand or were over no earlier.
    """
    with conn.cursor(row_factory=class_row(AlertRecord)) as cursor:
        return cursor.execute(
            _ALERT + " and (%(state)s::text is null or a.state = %(state)s)"
            " and (%(kind)s::text is null or a.kind = %(kind)s)"
            " and (%(since)s::timestamptz is null or a.last_seen_at >= %(since)s)"
            " and (%(unsettled)s::timestamptz is null or a.state in ('open', 'acknowledged')"
            "  and coalesce(a.over_at, 'infinity') >= %(unsettled)s)"
            " order by a.id desc limit %(limit)s",
            {
                "site": site,
                "state": state,
                "kind": kind,
                "since": since,
                "unsettled": unsettled_since,
                "limit": limit,
            },
        ).fetchall()


def get_alert(conn: Connection, site: str, alert_id: int) -> AlertRecord:
    """Return one alert.

    Raises
    ------
    NotFoundError
        The site has no such alert.
    """
    with conn.cursor(row_factory=class_row(AlertRecord)) as cursor:
        found = cursor.execute(
            _ALERT + " and a.id = %(id)s", {"site": site, "id": alert_id}
        ).fetchone()
    if found is None:
        raise NotFoundError(f"There is no alert {alert_id}.", kind="no_alert")
    return found


def list_decisions(conn: Connection, alert_id: int) -> list[Decision]:
    """Return what people made of an alert, the oldest first."""
    with conn.cursor(row_factory=class_row(Decision)) as cursor:
        return cursor.execute(
            "select state, note, by, at from alert_decisions where alert_id = %s order by id",
            [alert_id],
        ).fetchall()


def count_open(conn: Connection, site: str) -> int:
    """Return how many alerts that hold wait for somebody to look at them."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        [n] = cursor.execute(
            "select count(*) from alerts where site = %s and state = 'open' and over_at is null"
            " and snoozed_until is null",
            [site],
        ).fetchall()
    return int(n)


def mark(conn: Connection, site: str) -> str:
    """Return a word that is another one as soon as anything about the site's alerts changed."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        [word] = cursor.execute(
            """
            select concat_ws(
                '.', (select max(id) from alerts where site = %(site)s),
                (select max(id) from alert_decisions),
                (select concat_ws('.', count(*), count(*) filter (where state = 'open'),
                                  count(snoozed_until), count(*) filter (where severity = 'high'))
                 from alerts where site = %(site)s and over_at is null
                   and state in ('open', 'acknowledged')))
            """,
            {"site": site},
        ).fetchall()
    return str(word)


def alarmed_trips(conn: Connection, site: str) -> set[int]:
    """Return the trips that an alert is about which holds and nobody has settled."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return set(
            cursor.execute(
                "select trip_id from alerts where site = %s and over_at is null"
                " and state in ('open', 'acknowledged') and trip_id is not null",
                [site],
            ).fetchall()
        )
