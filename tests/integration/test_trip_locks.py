"""The controller never waits for somebody who changes a trip, and who waits for it gets through."""

import psycopg
from border import after, border

from flowctl.storage.penalties import add_penalty
from flowctl.storage.plans import end_cleared_trips
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
