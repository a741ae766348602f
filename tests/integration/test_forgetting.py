"""What is forgotten of trips that ended: numbers first, then all of them but the ledger."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from border import Border, after, border
from psycopg import sql
from sending import send_all

from flowctl.alarms.alerts import Alert, Kind, Severity
from flowctl.notify.file import FileGateway
from flowctl.registry.requests import extend
from flowctl.registry.trips import cancel
from flowctl.storage.alerts import save_alerts
from flowctl.storage.closures import save_advice
from flowctl.storage.ended import forget_ended
from flowctl.storage.ledger import list_rows
from flowctl.storage.penalties import add_penalty

DAY = timedelta(days=1)
LEFT = (
    "trips",
    "drivers",
    "penalties",
    "alerts",
    "advice",
    "extensions",
    "releases",
    "slots",
    "outbox",
)


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as place:
        place.site = replace(place.site, trips_kept_days=90, numbers_kept_days=30)
        yield place


def count(place: Border, table: str) -> int:
    rows = place.conn.execute(sql.SQL("select from {}").format(sql.Identifier(table))).fetchall()
    return len(rows)


def numbers(place: Border) -> list[bool]:
    return [
        known
        for (known,) in place.conn.execute(
            "select phone_cipher is not null from drivers order by id"
        ).fetchall()
    ]


def offend(place: Border, trip: int, at: datetime, kind: str = "no_show") -> None:
    add_penalty(
        place.conn, place.site, trip, kind=kind, loses_s=60, reason="x", actor="flowctl", now=at
    )


def suspect(place: Border, trip: int | None, other: int | None, at: datetime) -> None:
    alert = Alert(
        Kind.HOARDING if trip is None else Kind.SWAPPED,
        Severity.LOW,
        f"trip {trip}",
        at,
        trip_id=trip,
        other_trip_id=other,
        evidence={},
        points=(),
    )
    with place.conn.transaction():
        save_alerts(place.conn, place.site, [alert], at)


def busy(place: Border) -> int:
    """Return a trip of which every room keeps something, and that is cancelled at minute 60."""
    trip = place.trip()
    place.visit(trip, "yard_bao_nguyen", 1)
    place.tell(trip, after(60))
    save_advice(place.conn, [(trip, "hold", "tan_thanh")], after(2))
    with place.conn.transaction():
        extend(place.conn, place.site, trip, by="driver", now=after(3))
    place.release(trip, 10, until=20)
    offend(place, trip, after(30))
    suspect(place, trip, None, after(40))
    suspect(place, None, None, after(40))
    with place.conn.transaction():
        cancel(place.conn, place.site, trip, by="the test", now=after(60))
    return trip


def test_a_number_goes_a_month_after_its_drivers_last_trip_and_no_message_after_it(
    place: Border, database: str, tmp_path: Path
):
    trip, staying = place.trip(), place.trip()
    cancel(place.conn, place.site, trip, by="the test", now=after(60))
    assert forget_ended(place.conn, place.site, after(60) + 30 * DAY) == 0
    assert numbers(place) == [True, True]
    assert forget_ended(place.conn, place.site, after(61) + 30 * DAY) == 0
    assert numbers(place) == [False, True], f"trip {staying} goes on"
    send_all(database, place.site, FileGateway(tmp_path / "sms.jsonl"), now=after(62))
    states = dict(place.conn.execute("select trip_id, state from outbox order by id").fetchall())
    assert states == {trip: "expired", staying: "sent"}


def test_a_number_that_was_registered_again_is_known_again(place: Border):
    trip = place.trip(phone="0903 123 456")
    cancel(place.conn, place.site, trip, by="the test", now=after(60))
    forget_ended(place.conn, place.site, after(61) + 30 * DAY)
    place.trip(phone="0903 123 456")
    assert numbers(place) == [False, True]


def test_a_trip_goes_with_all_it_left_and_the_ledger_stays_whole(place: Border):
    busy(place)
    assert [table for table in LEFT if not count(place, table)] == []
    with place.conn.transaction():
        before = [kept.hash for kept in list_rows(place.conn, place.site.id)]
    ended = after(60)
    assert forget_ended(place.conn, place.site, ended + 90 * DAY) == 0
    assert forget_ended(place.conn, place.site, ended + 90 * DAY + DAY) == 1
    assert [table for table in LEFT if count(place, table)] == []
    with place.conn.transaction():
        assert [kept.hash for kept in list_rows(place.conn, place.site.id)] == before


def test_what_still_counts_stays(place: Border):
    barred, seen, active, long_ago = (place.trip() for _ in range(4))
    for trip in (barred, seen, long_ago):
        cancel(place.conn, place.site, trip, by="the test", now=after(60))
    offend(place, barred, after(60))
    place.conn.execute("update penalties set banned_until = %s", [after(0) + 400 * DAY])
    suspect(place, active, long_ago, after(30))
    suspect(place, seen, None, after(60) + 80 * DAY)
    assert forget_ended(place.conn, place.site, after(61) + 90 * DAY) == 1
    trips = place.conn.execute("select id from trips order by id").fetchall()
    assert trips == [(barred,), (seen,), (active,)]
    assert place.conn.execute(
        "select other_trip_id from alerts where trip_id = %s", [active]
    ).fetchall() == [(None,)]
    assert forget_ended(place.conn, place.site, after(0) + 401 * DAY) == 2


def test_offences_are_kept_for_as_long_as_the_policy_counts_them(place: Border):
    rules = replace(place.site.policy, no_show=replace(place.site.policy.no_show, within_days=200))
    place.site = replace(place.site, policy=rules)
    trip = place.trip()
    offend(place, trip, after(1))
    cancel(place.conn, place.site, trip, by="the test", now=after(60))
    assert forget_ended(place.conn, place.site, after(61) + 199 * DAY) == 0
    assert forget_ended(place.conn, place.site, after(61) + 200 * DAY) == 1
