"""The controller never waits for somebody who changes a trip, and who waits for it gets through."""

import psycopg
from border import after, border

from flowctl.controller import Decision
from flowctl.dispatch.metering import Release
from flowctl.dispatch.overtakes import Overtake
from flowctl.dispatch.reasons import Reason
from flowctl.dispatch.standby import Expired, Swap
from flowctl.state import Slot
from flowctl.storage.penalties import add_penalty
from flowctl.storage.plans import commit_decision, end_cleared_trips
from flowctl.storage.trips import find_trip_locked


def test_a_trip_that_is_being_changed_is_ended_a_tick_later_and_the_others_at_once(database: str):
    with border(database) as place, psycopg.connect(database) as other:
        busy, free = place.trip(), place.trip()
        place.conn.execute("set lock_timeout = '2s'")
        passed = {busy: "tan_thanh", free: "tan_thanh"}
        # As a cancellation does before it waits for the ledger.
        assert find_trip_locked(other, busy, site=place.site.id) is not None
        end_cleared_trips(place.conn, place.site, passed, after(1))
        other.commit()
        states = dict(place.conn.execute("select id, state from trips").fetchall())
        assert states == {busy: "active", free: "cleared"}
        end_cleared_trips(place.conn, place.site, passed, after(2))
        [(state,)] = place.conn.execute("select state from trips where id = %s", [busy]).fetchall()
        assert state == "cleared"


def test_a_penalty_does_not_wait_for_the_change_of_its_trip(database: str):
    with border(database) as place, psycopg.connect(database) as other:
        trip = place.trip()
        place.conn.execute("set lock_timeout = '2s'")
        assert find_trip_locked(other, trip, site=place.site.id) is not None
        record = add_penalty(
            place.conn,
            place.site,
            trip,
            kind="no_show",
            loses_s=60,
            reason="It stood in its yard.",
            actor="flowctl",
            now=after(1),
        )
        assert record.loses_s == 60


def test_a_trip_that_ended_or_changes_since_it_was_read_is_told_nothing(database: str):
    with border(database) as place, psycopg.connect(database) as other:
        trips = [place.trip() for _ in range(6)]
        cancelled, busy, calm, giver, taker, passer = trips
        place.conn.execute("update trips set state = 'cancelled' where id = %s", [cancelled])
        place.conn.execute("set lock_timeout = '2s'")
        assert find_trip_locked(other, busy, site=place.site.id) is not None
        assert find_trip_locked(other, giver, site=place.site.id) is not None
        slot, later = Slot("tan_thanh", after(60)), Slot("tan_thanh", after(120))
        decided = Decision(
            plan=None,
            tellings=(),
            gates=(),
            releases=tuple(
                Release(trip, "tan_thanh", "yard_bao_nguyen", after(60))
                for trip in (cancelled, busy, calm, passer)
            ),
            overtakes=(
                Overtake(cancelled, "tan_thanh", Reason.CARGO, (calm,)),
                Overtake(passer, "tan_thanh", Reason.CARGO, (calm,)),
            ),
            expired=(Expired(busy, "tan_thanh", None, None, Reason.RELEASE_EXPIRED, after(0)),),
            swaps=(Swap(giver, taker, slot, later),),
        )
        with place.conn.transaction():
            commit_decision(place.conn, place.site, decided, now=after(1), solve_s=0.0)
        told = place.conn.execute(
            "select trip_id, kind from outbox where kind <> 'registered' order by id"
        ).fetchall()
        assert told == [(calm, "call_up"), (passer, "call_up")]
        kept = place.conn.execute(
            "select kind from ledger where kind not in ('registered', 'policy') order by seq"
        ).fetchall()
        assert kept == [("released",), ("released",), ("overtook",)]
