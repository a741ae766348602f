"""What happened by a printed order, entered afterwards: at its real times, in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from flowctl.dispatch.reasons import Reason
from flowctl.ledger.codes import mark_of
from flowctl.ledger.entries import Entry, Kind
from flowctl.paper.deviations import Deviation, deviations
from flowctl.paper.entered import Event, Happened, Known, Row, check_rows
from flowctl.paper.order import Order, Place, SignedOrder
from flowctl.site import Site
from flowctl.storage import ledger
from flowctl.storage.gate_events import GateEvent, insert_gate_events
from flowctl.storage.outbox import Outgoing, queue_messages
from flowctl.storage.paper import get_order_locked, list_departures
from flowctl.storage.penalties import NO_SHOW, add_penalty

Connection = psycopg.Connection[Any]

_FAREWELL_OF_USE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Entered:
    """How many rows were new, how many known before, and how many pairs passed each other."""

    recorded: int
    repeated: int
    overtakes: int


def enter(
    conn: Connection, site: Site, code: str, rows: Sequence[Row], *, actor: str, now: datetime
) -> Entered:
    """Enter what the sheets of an order say, all rows or none; what is known already stays.

    Raises
    ------
    FlowctlError
        There is no such order, or rows cannot be: each is named with what is wrong.
    """
    signed = get_order_locked(conn, site.id, code)
    order = signed.order
    former = _list_former(conn, signed)
    known = _known(conn, order, former)
    new = {(one.line.trip, one.event): one for one in check_rows(order, rows, known, now=now)}
    fresh = [one for key, one in new.items() if key not in known.entered]
    if not fresh:
        return Entered(0, len(rows), 0)
    gone = list_departures(conn, [line.trip for line in order.lines], since=order.made_at)
    passed = deviations(
        order, [*former, *fresh], gone=gone, known=_list_passed(conn, signed, order.made_at)
    )
    writing = _Writing(conn, site, signed, fresh, known, actor, now)
    writing.write(passed)
    pairs = sum(len(one.seniors) for one in passed)
    return Entered(len(fresh), len(rows) - len(fresh), pairs)


def _list_former(conn: Connection, signed: SignedOrder) -> list[Happened]:
    """Return what was entered by this order before."""
    lines = {line.trip: line for line in signed.order.lines}
    rows = conn.execute(
        "select trip_id, event, at, who from paper_entries where site = %s and mark = %s",
        [signed.order.site, mark_of(signed.digest)],
    ).fetchall()
    return [Happened(lines[trip], Event(event), at, who) for trip, event, at, who in rows]


def _known(conn: Connection, order: Order, former: Iterable[Happened]) -> Known:
    """Return what is known of an order's trips, which nobody ends until this transaction does."""
    ids = [line.trip for line in order.lines]
    rows = conn.execute(
        "select id, state, ended_at from trips where id = any(%s) order by id for no key update",
        [ids],
    ).fetchall()
    seen = conn.execute(
        "select distinct on (t.id) t.id, v.zone from trips t join visits v using (device_id)"
        " where t.id = any(%s) and v.role = 'yard' and v.zone = any(%s) and v.entered_at >= %s"
        " order by t.id, v.entered_at desc",
        [
            [line.trip for line in order.lines if line.place is Place.ROAD],
            list(order.yards),
            order.made_at,
        ],
    ).fetchall()
    return Known(
        entered={(one.line.trip, one.event): one.at for one in former},
        over={trip: (state, ended_at) for trip, state, ended_at in rows if ended_at is not None},
        erased=frozenset(ids) - {trip for trip, _, _ in rows},
        yards=dict(seen),
    )


def _list_passed(conn: Connection, signed: SignedOrder, since: datetime) -> list[tuple[int, int]]:
    """Return the pairs (passed, passing) that the ledger has of this order already."""
    return conn.execute(
        "select senior.id, junior.id from ledger l"
        " join trips junior on junior.subject = l.subject"
        " join trips senior on senior.subject = any(l.others)"
        " where l.site = %s and l.kind = 'overtook' and l.at >= %s and l.details->>'order' = %s",
        [signed.order.site, since, signed.code],
    ).fetchall()


@dataclass(frozen=True, slots=True)
class _Writing:
    """Writes what is new of one order."""

    conn: Connection
    site: Site
    signed: SignedOrder
    fresh: Sequence[Happened]
    known: Known
    actor: str
    now: datetime

    def write(self, passed: Sequence[Deviation]) -> None:
        """Write rows, what follows from them, and the ledger's entries in order of real time."""
        self._keep()
        self._release()
        self._miss()
        self._see()
        cleared = self._pass()
        ledger.append(
            self.conn,
            self.site.id,
            self.site.policy.version,
            list(self._entries(passed, cleared)),
            now=self.now,
        )
        self._punish()

    def _of(self, event: Event) -> list[Happened]:
        return [one for one in self.fresh if one.event is event]

    def _yard(self, one: Happened) -> str:
        """Return the yard that a truck left: the rows were checked, so that it is known."""
        return one.line.yard or self.known.yards[one.line.trip]

    @property
    def _expires_at(self) -> datetime:
        """Until when a truck that was called may come to its gate.

        Its call may be hours ago, and flowctl begins to look for it only now.
        """
        return self.now + timedelta(seconds=self.site.dispatch.release_expiry_s)

    def _keep(self) -> None:
        mark = mark_of(self.signed.digest)
        with self.conn.cursor() as cursor:
            cursor.executemany(
                "insert into paper_entries (site, mark, trip_id, event, at, who, entered_by,"
                " entered_at) values (%s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    (
                        self.site.id,
                        mark,
                        one.line.trip,
                        one.event,
                        one.at,
                        one.who,
                        self.actor,
                        self.now,
                    )
                    for one in self.fresh
                ],
            )

    def _called(self) -> list[Happened]:
        """Return who was called on paper; who had been called before is in the ledger already."""
        return [one for one in self._of(Event.RELEASED) if one.line.called_at is None]

    def _release(self) -> None:
        with self.conn.cursor() as cursor:
            cursor.executemany(
                "insert into releases (trip_id, gate, yard, released_at, expires_at)"
                " values (%s, %s, %s, %s, %s)",
                [
                    (
                        one.line.trip,
                        self.signed.order.gate,
                        self._yard(one),
                        one.at,
                        self._expires_at,
                    )
                    for one in self._called()
                ],
            )

    def _miss(self) -> None:
        """Note that a call was not followed: flowctl's own, or the one on paper.

        The newest release is a truck's call: one on paper that was followed later stays that.
        """
        for one in self._of(Event.NO_SHOW):
            if one.line.called_at is not None:
                self.conn.execute(
                    "update releases set ended = %s, expires_at = least(expires_at, %s)"
                    " where id = (select max(id) from releases where trip_id = %s)",
                    [Reason.NO_SHOW, one.at, one.line.trip],
                )
            else:
                self.conn.execute(
                    "insert into releases (trip_id, gate, yard, released_at, expires_at, ended)"
                    " select %(trip)s, %(gate)s, %(yard)s, %(at)s, %(at)s, %(ended)s"
                    " where not exists (select from releases"
                    "  where trip_id = %(trip)s and released_at > %(at)s)",
                    {
                        "trip": one.line.trip,
                        "gate": self.signed.order.gate,
                        "yard": self._yard(one),
                        "at": one.at,
                        "ended": Reason.NO_SHOW,
                    },
                )

    def _see(self) -> None:
        """Enter what was seen at the gate as what it is: officers' word."""
        seen = [
            GateEvent("export", str(one.event), one.line.plate, one.at)
            for one in self.fresh
            if one.event in (Event.ENTERED, Event.CLEARED)
        ]
        insert_gate_events(
            self.conn,
            site=self.site.id,
            gate=self.signed.order.gate,
            events=seen,
            recorded_by=self.actor,
            now=self.now,
        )

    def _pass(self) -> set[int]:
        """End the trips that were seen to leave the gate; returns those not ended before."""
        through = {one.line.trip: one.at for one in self._of(Event.CLEARED)}
        rows = self.conn.execute(
            "update trips set state = 'cleared', ended_at = one.at"
            " from unnest(%s::bigint[], %s::timestamptz[]) as one (trip_id, at)"
            " where trips.id = one.trip_id and state = 'active' returning trips.id",
            [list(through), list(through.values())],
        ).fetchall()
        ended = {trip for (trip,) in rows}
        params = {"gate": self.signed.order.gate}
        queue_messages(
            self.conn,
            [
                Outgoing(trip, "passed", params, through[trip] + _FAREWELL_OF_USE)
                for trip in sorted(ended)
            ],
            site=self.site.id,
            now=self.now,
        )
        return ended

    def _entries(self, passed: Sequence[Deviation], cleared: set[int]) -> list[Entry]:
        entries = [
            *(self._entry(Kind.RELEASED, one, Reason.PAPER) for one in self._called()),
            *(self._overtook(one) for one in passed),
            *(
                self._entry(Kind.RELEASE_EXPIRED, one, Reason.NO_SHOW)
                for one in self._of(Event.NO_SHOW)
            ),
            *(
                self._entry(Kind.PASSED, one, Reason.PAPER)
                for one in self._of(Event.CLEARED)
                if one.line.trip in cleared
            ),
        ]
        return sorted(entries, key=lambda entry: entry.at)

    def _entry(self, kind: Kind, one: Happened, reason: Reason) -> Entry:
        details: dict[str, int | str] = {"order": self.signed.code}
        if kind is not Kind.PASSED and one.line.called_at is None:
            details["yard"] = self._yard(one)
        if kind is Kind.RELEASED:
            details["expires_at"] = self._expires_at.isoformat()
        return Entry(
            kind,
            one.at,
            trip_id=one.line.trip,
            gate=self.signed.order.gate,
            reason=reason,
            actor=self.actor,
            details=details,
        )

    def _overtook(self, one: Deviation) -> Entry:
        return Entry(
            Kind.OVERTOOK,
            one.at,
            trip_id=one.trip_id,
            gate=self.signed.order.gate,
            reason=one.reason,
            other_trip_ids=one.seniors,
            actor=self.actor,
            details={"order": self.signed.code},
        )

    def _punish(self) -> None:
        """Let who did not leave when called on paper lose what any other no-show loses."""
        for one in self._of(Event.NO_SHOW):
            if one.line.trip not in self.known.over:
                add_penalty(
                    self.conn,
                    self.site,
                    one.line.trip,
                    kind=NO_SHOW,
                    loses_s=self.site.policy.no_show.loses_s,
                    reason=f"did not leave when called by the printed order {self.signed.code}",
                    actor=self.actor,
                    now=self.now,
                )
