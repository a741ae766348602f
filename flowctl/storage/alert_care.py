"""What people do about alerts: look into them, settle them, take them over, put them aside."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row

from flowctl.errors import ConflictError, FlowctlError, NotFoundError, Refusal
from flowctl.policy import Answer
from flowctl.site import Site
from flowctl.storage.alerts import State, punish
from flowctl.storage.penalties import lift_penalty, list_penalties

Connection = psycopg.Connection[Any]

SETTLED = frozenset({State.DISMISSED, State.CONFIRMED, State.CLOSED})
"""States in which nobody has anything to do about an alert any more."""

_CARERS = ("operator", "officer", "administrator")
"""The roles of accounts that may take care of alerts."""


@dataclass(frozen=True, slots=True)
class _Alert:
    """An alert as far as it is decided by, locked until the transaction ends."""

    id: int
    kind: str
    trip_id: int | None
    state: str
    penalty_id: int | None
    assigned_to: str | None
    snoozed_until: datetime | None
    decided_by: str | None
    decided_at: datetime | None


def _lock(conn: Connection, site: Site, alert_id: int) -> _Alert:
    # The lock first: what was decided while one waited for it is read by the second query.
    locked = conn.execute(
        "select from alerts where site = %s and id = %s for update", [site.id, alert_id]
    )
    with conn.cursor(row_factory=class_row(_Alert)) as cursor:
        found = cursor.execute(
            "select a.id, a.kind, a.trip_id, a.state, a.penalty_id, a.assigned_to,"
            " a.snoozed_until, d.by as decided_by, d.at as decided_at from alerts a"
            " left join lateral (select by, at from alert_decisions d where d.alert_id = a.id"
            "  and d.state = a.state order by d.id desc limit 1) d on true"
            " where a.site = %s and a.id = %s",
            [site.id, alert_id],
        ).fetchone()
    if locked.rowcount == 0 or found is None:
        raise NotFoundError(f"There is no alert {alert_id}.", kind="no_alert")
    return found


def decide_alert(
    conn: Connection, site: Site, alert_id: int, *, state: State, note: str, by: str, now: datetime
) -> str:
    """Enter what somebody makes of an alert, and what follows from it; return its former state.

    Confirmed, it costs the seniority that the site's policy says, unless it did already; dismissed,
    that is given back.

    Raises
    ------
    NotFoundError
        The site has no such alert.
    ConflictError
        It is in this state already, or settled and nobody needs to look into it: the sentence says
        by whom and when.
    FlowctlError
        It would be open again, or nothing says why it is confirmed or dismissed.
    """
    if state is State.OPEN:
        raise FlowctlError(
            "An alert cannot be opened again; acknowledge it instead.", kind="alert_not_reopened"
        )
    if state in (State.DISMISSED, State.CONFIRMED) and not note.strip():
        raise FlowctlError(
            "Say in note why the alert is confirmed or dismissed.", kind="alert_note_needed"
        )
    alert = _lock(conn, site, alert_id)
    if alert.state == state or (state is State.ACKNOWLEDGED and alert.state in SETTLED):
        raise ConflictError.of(_already(site, alert))
    conn.execute(
        "update alerts set state = %s, snoozed_until = null where id = %s", [state, alert_id]
    )
    _note(conn, alert_id, state, note, by, now)
    loses = site.policy.cheating.get(alert.kind) is Answer.LOSES_SENIORITY
    if state is State.CONFIRMED and loses and alert.trip_id is not None:
        if alert.penalty_id is None:
            punish(conn, site, alert_id, alert.trip_id, alert.kind, by=by, now=now)
    elif state is State.DISMISSED and alert.trip_id is not None and alert.penalty_id is not None:
        _give_back(conn, site, alert_id, alert.trip_id, alert.penalty_id, by=by, now=now)
    return alert.state


def _already(site: Site, alert: _Alert) -> Refusal:
    sentence = f"Alert {alert.id} is {alert.state} already"
    if alert.decided_by is None or alert.decided_at is None:
        return Refusal(f"{sentence}.", kind="alert_so", values={"alert_state": alert.state})
    local = alert.decided_at.astimezone(site.timezone)
    return Refusal(
        f"{sentence}: by {alert.decided_by} at {local:%H:%M on %d/%m}.",
        kind="alert_so_by",
        values={"alert_state": alert.state, "by": alert.decided_by, "at": alert.decided_at},
    )


def _note(conn: Connection, alert_id: int, what: str, note: str, by: str, now: datetime) -> None:
    conn.execute(
        "insert into alert_decisions (alert_id, state, note, by, at) values (%s, %s, %s, %s, %s)",
        [alert_id, what, note.strip(), by, now],
    )


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


def assign_alert(
    conn: Connection,
    site: Site,
    alert_id: int,
    *,
    to: str | None,
    instead_of: str | None,
    by: str,
    now: datetime,
) -> str | None:
    """Give an alert into somebody's care, or back to all; return who had it.

    ``instead_of`` is who has it as far as the caller knows: who did not see that another took it
    meanwhile is told so.

    Raises
    ------
    NotFoundError
        The site has no such alert.
    ConflictError
        Somebody else has it.
    FlowctlError
        There is no such account, or its role sees no alerts.
    """
    alert = _lock(conn, site, alert_id)
    if alert.assigned_to != instead_of:
        holder = alert.assigned_to
        if holder is None:
            raise ConflictError(
                f"Alert {alert_id} was given back to all meanwhile.", kind="alert_given_back"
            )
        raise ConflictError(
            f"Alert {alert_id} is in the care of {holder}{_since(conn, site, alert_id)}.",
            kind="alert_taken",
            values={"by": holder},
        )
    if to is not None:
        _refuse_stranger(conn, to)
    conn.execute("update alerts set assigned_to = %s where id = %s", [to, alert_id])
    _note(conn, alert_id, "given_back" if to is None else "assigned", to or "", by, now)
    return alert.assigned_to


def _since(conn: Connection, site: Site, alert_id: int) -> str:
    row = conn.execute(
        "select at from alert_decisions where alert_id = %s and state = 'assigned'"
        " order by id desc limit 1",
        [alert_id],
    ).fetchone()
    return "" if row is None else f" since {row[0].astimezone(site.timezone):%H:%M on %d/%m}"


def _refuse_stranger(conn: Connection, account: str) -> None:
    row = conn.execute("select role from accounts where name = %s", [account]).fetchone()
    if row is None:
        raise FlowctlError(
            f"There is no account {account[:40]!r}; give the name of one.",
            kind="no_account",
            values={"account": account[:40]},
        )
    if row[0] not in _CARERS:
        raise FlowctlError(
            f"The account {account} is a {row[0]}'s, who sees no alerts; give an operator, an"
            " officer or an administrator.",
            kind="no_carer",
            values={"account": account, "role": row[0]},
        )


def list_carers(conn: Connection) -> list[str]:
    """Return the accounts an alert may be given to."""
    rows = conn.execute(
        "select name from accounts where role = any(%s) order by name", [list(_CARERS)]
    ).fetchall()
    return [name for (name,) in rows]


def snooze_alert(
    conn: Connection,
    site: Site,
    alert_id: int,
    *,
    until: datetime | None,
    note: str,
    by: str,
    now: datetime,
) -> datetime | None:
    """Put an alert aside until a moment, or (None) take it up again; return the former moment.

    Raises
    ------
    NotFoundError
        The site has no such alert.
    ConflictError
        It is settled: the sentence says by whom and when.
    FlowctlError
        The moment is past, or further ahead than the site's policy lets.
    """
    alert = _lock(conn, site, alert_id)
    if alert.state in SETTLED:
        raise ConflictError.of(_already(site, alert))
    if until is not None:
        most_s = site.policy.alarms.snooze_most_s
        if until <= now:
            raise FlowctlError("until is past; give a moment to come.", kind="until_past")
        if until > now + timedelta(seconds=most_s):
            raise FlowctlError(
                f"until is further ahead than an alert may be put aside ({most_s / 3600:g} h);"
                " close it if nothing is to be done.",
                kind="snooze_too_long",
                values={"hours": most_s / 3600},
            )
    conn.execute("update alerts set snoozed_until = %s where id = %s", [until, alert_id])
    local = "" if until is None else f"{until.astimezone(site.timezone):%H:%M} "
    _note(conn, alert_id, "taken_up" if until is None else "snoozed", local + note, by, now)
    return alert.snoozed_until
