"""Alerts at rest: found once an episode, decided by people, and what the policy makes of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, LiteralString

import msgspec
import psycopg
from psycopg.rows import class_row, scalar_row

from flowctl.alarms.alerts import PROVED, Alert, Kind, Severity, Value
from flowctl.errors import ConflictError, FlowctlError, NotFoundError
from flowctl.policy import Answer
from flowctl.site import Site
from flowctl.storage.penalties import add_penalty, lift_penalty, list_penalties

Connection = psycopg.Connection[Any]

EPISODE = timedelta(hours=1)
"""What begins so long after the last look at the same is another episode."""

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


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """An alert as stored; ``points`` are [instant, lon, lat, what] each, degrees WGS 84.

    ``plate`` and ``other_plate`` are those of its trips, ``penalty_id`` what it costs, as long as
    that is not given back.
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
    at: datetime
    found_at: datetime
    last_seen_at: datetime
    proved: bool
    evidence: dict[str, Value]
    points: list[tuple[str, float, float, str]]
    state: str
    penalty_id: int | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody made of an alert."""

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
        conn.execute(_SAVE, {"site": site.id, "now": now, "gap": EPISODE, "found": _rows(found)})
    for alert_id, trip_id, kind in _list_due(conn, site, now):
        _punish(conn, site, alert_id, trip_id, kind, by="flowctl", now=now)


_SAVE: LiteralString = """
with given as (
    select * from jsonb_to_recordset(%(found)s::jsonb) as g (kind text, severity text, subject text,
        trip_id bigint, other_trip_id bigint, device text, haulier text, at timestamptz,
        proved boolean, evidence jsonb, points jsonb)
), known as (
    select a.id, a.state in ('dismissed', 'confirmed') as judged, g.*
    from given g cross join lateral (
        select id, state from alerts
        where site = %(site)s and kind = g.kind and subject = g.subject
          and g.at <= last_seen_at + %(gap)s order by last_seen_at desc limit 1) a
), seen as (
    update alerts a set last_seen_at = %(now)s,
        severity = case when k.judged then a.severity else k.severity end,
        proved = case when k.judged then a.proved else k.proved end,
        evidence = case when k.judged then a.evidence else k.evidence end,
        points = case when k.judged then a.points else k.points end
    from known k where a.id = k.id
)
insert into alerts (site, kind, severity, subject, trip_id, other_trip_id, device, haulier, at,
    found_at, last_seen_at, proved, evidence, points)
select %(site)s, kind, severity, subject, trip_id, other_trip_id, device, haulier, at, %(now)s,
    %(now)s, proved, evidence, points
from given g where not exists (
    select from known k where k.kind = g.kind and k.subject = g.subject)
"""


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


def _punish(
    conn: Connection, site: Site, alert_id: int, trip_id: int, kind: str, *, by: str, now: datetime
) -> None:
    penalty = add_penalty(
        conn, site, trip_id, kind=kind, loses_s=None, reason=kind, actor=by, now=now
    )
    conn.execute("update alerts set penalty_id = %s where id = %s", [penalty.id, alert_id])


def decide_alert(
    conn: Connection, site: Site, alert_id: int, *, state: State, note: str, by: str, now: datetime
) -> None:
    """Enter what somebody makes of an alert, and what follows from it.

    Confirmed, it costs the seniority that the site's policy says, unless it did already; dismissed,
    that is given back.

    Raises
    ------
    NotFoundError
        The site has no such alert.
    ConflictError
        It is in this state already.
    FlowctlError
        It would be open again, or nothing says why it is confirmed or dismissed.
    """
    if state is State.OPEN:
        raise FlowctlError("An alert cannot be opened again; acknowledge it instead.")
    if state is not State.ACKNOWLEDGED and not note.strip():
        raise FlowctlError("Say in note why the alert is confirmed or dismissed.")
    row = conn.execute(
        "select kind, trip_id, state, penalty_id from alerts where site = %s and id = %s"
        " for update",
        [site.id, alert_id],
    ).fetchone()
    if row is None:
        raise NotFoundError(f"There is no alert {alert_id}.")
    kind, trip_id, former, penalty_id = row
    if former == state:
        raise ConflictError(f"Alert {alert_id} is {former} already.")
    conn.execute("update alerts set state = %s where id = %s", [state, alert_id])
    conn.execute(
        "insert into alert_decisions (alert_id, state, note, by, at) values (%s, %s, %s, %s, %s)",
        [alert_id, state, note.strip(), by, now],
    )
    loses = site.policy.cheating.get(kind) is Answer.LOSES_SENIORITY
    if state is State.CONFIRMED and loses and trip_id is not None and penalty_id is None:
        _punish(conn, site, alert_id, trip_id, kind, by=by, now=now)
    if state is State.DISMISSED and penalty_id is not None:
        _give_back(conn, site, alert_id, trip_id, penalty_id, by=by, now=now)


def _give_back(
    conn: Connection,
    site: Site,
    alert_id: int,
    trip_id: int,
    penalty_id: int,
    *,
    by: str,
    now: datetime,
) -> None:
    standing = {one.id for one in list_penalties(conn, site.id, trip_id) if one.lifted_at is None}
    if penalty_id in standing:
        lift_penalty(conn, site, trip_id, penalty_id, actor=by, now=now)
    # Confirmed after all, it costs anew.
    conn.execute("update alerts set penalty_id = null where id = %s", [alert_id])


_ALERT: LiteralString = """
select a.id, a.kind, a.severity, a.trip_id, t.plate, a.other_trip_id, o.plate as other_plate,
       a.device, a.haulier, a.at, a.found_at, a.last_seen_at, a.proved, a.evidence, a.points,
       a.state, p.id as penalty_id
from alerts a left join trips t on t.id = a.trip_id left join trips o on o.id = a.other_trip_id
left join penalties p on p.id = a.penalty_id and p.lifted_at is null
where a.site = %(site)s
"""


def list_alerts(
    conn: Connection,
    site: str,
    *,
    state: State | None = None,
    kind: Kind | None = None,
    since: datetime | None = None,
    limit: int = 200,
) -> list[AlertRecord]:
    """Return the newest alerts, where given only those of a state, a kind, or seen ``since``."""
    with conn.cursor(row_factory=class_row(AlertRecord)) as cursor:
        return cursor.execute(
            _ALERT + " and (%(state)s::text is null or a.state = %(state)s)"
            " and (%(kind)s::text is null or a.kind = %(kind)s)"
            " and (%(since)s::timestamptz is null or a.last_seen_at >= %(since)s)"
            " order by a.id desc limit %(limit)s",
            {"site": site, "state": state, "kind": kind, "since": since, "limit": limit},
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
        raise NotFoundError(f"There is no alert {alert_id}.")
    return found


def list_decisions(conn: Connection, alert_id: int) -> list[Decision]:
    """Return what people made of an alert, the oldest first."""
    with conn.cursor(row_factory=class_row(Decision)) as cursor:
        return cursor.execute(
            "select state, note, by, at from alert_decisions where alert_id = %s order by id",
            [alert_id],
        ).fetchall()


def count_open(conn: Connection, site: str) -> int:
    """Return how many alerts wait for somebody to look at them."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        [n] = cursor.execute(
            "select count(*) from alerts where site = %s and state = 'open'", [site]
        ).fetchall()
    return int(n)


def mark(conn: Connection, site: str) -> str:
    """Return a word that is another one as soon as anything about the site's alerts changed."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        [word] = cursor.execute(
            """
            select concat_ws(
                '.', (select max(id) from alerts where site = %(site)s),
                (select max(d.id) from alert_decisions d join alerts a on a.id = d.alert_id
                 where a.site = %(site)s),
                (select count(*) from alerts where site = %(site)s and state = 'open'))
            """,
            {"site": site},
        ).fetchall()
    return str(word)


def alarmed_trips(conn: Connection, site: str) -> set[int]:
    """Return the trips that an alert nobody has judged is about."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return set(
            cursor.execute(
                "select trip_id from alerts where site = %s and state = 'open'"
                " and trip_id is not null",
                [site],
            ).fetchall()
        )
