"""What is forgotten of trips that ended: numbers first, then all of them but the ledger."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from border import KEYS, Border, after, border
from psycopg import sql
from sending import send_all

from flowctl.alarms.alerts import Alert, Kind, Severity
from flowctl.notify.file import FileGateway
from flowctl.registry.documents import Paper, keep_document
from flowctl.registry.persons import unseal
from flowctl.registry.requests import extend
from flowctl.registry.sealed import Sealing
from flowctl.registry.sources import add_source
from flowctl.registry.trips import cancel
from flowctl.storage.alerts import save_alerts
from flowctl.storage.closures import save_advice
from flowctl.storage.documents import Owner, find_document, list_parts
from flowctl.storage.ended import forget_ended
from flowctl.storage.ledger import list_rows
from flowctl.storage.penalties import add_penalty
from flowctl.storage.retention import retain

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


def named(place: Border, phone: str) -> int:
    """Return a trip whose driver is known by name and licence."""
    return place.trip(phone=phone, driver_name="Trần Thị Bé", licence="B2-123456", consent=True)


def driver_of(place: Border, trip: int) -> tuple[int, bytes | None]:
    [row] = place.conn.execute(
        "select t.driver_id, c.driver_cipher from trips t join declarations c on c.trip_id = t.id"
        " where t.id = %s",
        [trip],
    ).fetchall()
    return row[0], row[1]


def test_who_drove_is_forgotten_by_the_sites_days_and_the_key_with_the_last_such_trip(
    place: Border,
):
    place.site = replace(place.site, persons_kept_days=60)
    first, again, other = (named(place, f"09031234{n}") for n in (50, 50, 51))
    driver, cipher = driver_of(place, first)
    assert cipher is not None
    assert "Trần Thị Bé" in (unseal(place.conn, KEYS, driver, cipher) or "")
    cancel(place.conn, place.site, first, by="the test", now=after(60))
    forget_ended(place.conn, place.site, after(60) + 60 * DAY)
    assert driver_of(place, first)[1] is not None, "to the day"
    forget_ended(place.conn, place.site, after(61) + 60 * DAY)
    assert driver_of(place, first)[1] is None
    kept = driver_of(place, again)[1]
    assert kept is not None, "he came again"
    assert "B2-123456" in (unseal(place.conn, KEYS, driver, kept) or "")
    cancel(place.conn, place.site, again, by="the test", now=after(0) + 70 * DAY)
    forget_ended(place.conn, place.site, after(1) + 130 * DAY)
    assert unseal(place.conn, KEYS, driver, cipher) is None, "what a copy of the tables held"
    assert driver_of(place, other)[1] is not None


def with_document(place: Border, owner: Owner) -> UUID:
    sealing = Sealing(KEYS, uuid4())
    sealing.add(b"%PDF-1.7 an invoice")
    kept, _ = keep_document(
        place.conn,
        KEYS,
        place.site.id,
        owner,
        sealing.finish(),
        kind=Paper.INVOICE,
        name="a.pdf",
        said_type="",
        by="viettrans",
        now=after(0),
    )
    return kept


def test_what_documents_hold_is_erased_by_the_sites_days_and_that_there_was_one_is_not(
    place: Border,
):
    place.site = replace(place.site, documents_kept_days=40)
    over, active = place.trip(), place.trip()
    old, new = (with_document(place, Owner(trip_id=trip)) for trip in (over, active))
    cancel(place.conn, place.site, over, by="the test", now=after(60))
    forget_ended(place.conn, place.site, after(60) + 40 * DAY)
    assert len(list_parts(place.conn, old)) == 1
    forget_ended(place.conn, place.site, after(61) + 40 * DAY)
    assert list_parts(place.conn, old) == []
    erased, kept = (find_document(place.conn, place.site.id, one) for one in (old, new))
    assert erased is not None
    assert (erased.state, erased.data_key, erased.name_cipher) == ("erased", None, None)
    assert kept is not None
    assert (kept.state, len(list_parts(place.conn, new))) == ("unscanned", 1)


def test_drafts_that_nobody_touches_go_with_their_documents(place: Border):
    place.site = replace(place.site, drafts_kept_days=20)
    left, touched = uuid4(), uuid4()
    for draft, day in ((left, 0), (touched, 15)):
        place.conn.execute(
            "insert into drafts (id, site, account, cipher, revision, changed_at)"
            " values (%s, 'lang_son', 'viettrans', '', 1, %s)",
            [draft, after(0) + day * DAY],
        )
    gone = with_document(place, Owner(draft_id=left))
    kept = with_document(place, Owner(draft_id=touched))
    forget_ended(place.conn, place.site, after(1) + 20 * DAY)
    assert count(place, "drafts") == 1
    assert find_document(place.conn, place.site.id, gone) is None
    assert find_document(place.conn, place.site.id, kept) is not None


def test_what_partners_machines_reported_goes_by_the_same_days(place: Border):
    place.site = replace(place.site, foreknown_kept_days=20)
    add_source(place.conn, name="cameras")
    place.conn.execute(
        "insert into heard_hooks (source_id, message, digest, answer, at) select id, m, '', '{}', a"
        " from sources, (values ('old', %s::timestamptz), ('new', %s)) heard (m, a)"
        " where name = 'cameras'",
        [after(0), after(60)],
    )
    forget_ended(place.conn, place.site, after(30) + 20 * DAY)
    assert place.conn.execute("select message from heard_hooks").fetchall() == [("new",)]


def test_what_partners_foreknew_and_who_crossed_go_by_their_days_but_not_who_is_still_away(
    place: Border,
):
    place.site = replace(place.site, foreknown_kept_days=20, crossings_kept_days=200)
    place.conn.execute(
        "insert into foreknown (site, source, reference, facts, at)"
        " values ('lang_son', 'customs', 'a', '{}', %s)",
        [after(0)],
    )
    for plate, due, back in (
        ("12C00001", None, None),
        ("12C00002", after(60), after(30)),
        ("12C00003", after(60), None),
    ):
        place.conn.execute(
            "insert into crossings (site, plate, gate, direction, at, due_at, returned_at,"
            " recorded_at, recorded_by)"
            " values ('lang_son', %s, 'tan_thanh', 'export', %s, %s, %s, %s, 'the test')",
            [plate, after(0), due, back, after(0)],
        )
    forget_ended(place.conn, place.site, after(1) + 20 * DAY)
    assert (count(place, "foreknown"), count(place, "crossings")) == (0, 3)
    forget_ended(place.conn, place.site, after(1) + 200 * DAY)
    left = place.conn.execute("select plate from crossings").fetchall()
    assert left == [("12C00003",)]


def test_where_a_truck_was_is_forgotten_once_neither_its_fixes_nor_its_trip_are_kept(
    place: Border,
):
    place.site = replace(place.site, fixes_kept_days=30, trips_kept_days=90)
    old, later = place.trip(), place.trip()
    place.visit(old, "yard_bao_nguyen", 0, 20)
    place.visit(later, "yard_bao_nguyen", 0, 2 * 24 * 60)
    place.visit(later, "queue_tan_thanh", 3 * 24 * 60)
    retain(place.conn, place.site, after(20) + 90 * DAY, wall_clock=False)
    assert count(place, "visits") == 3
    retain(place.conn, place.site, after(21) + 90 * DAY, wall_clock=False)
    assert place.conn.execute("select device_id, zone from visits order by zone").fetchall() == [
        (place.device_of(later), "queue_tan_thanh"),
        (place.device_of(later), "yard_bao_nguyen"),
    ]


def test_a_truck_that_never_left_is_forgotten_once_nothing_was_heard_of_it_for_so_long(
    place: Border,
):
    place.site = replace(place.site, fixes_kept_days=30, trips_kept_days=90)
    silent, heard = place.trip(), place.trip()
    for trip, last in ((silent, 10.0), (heard, 60.0)):
        place.visit(trip, "yard_bao_nguyen", 0)
        place.conn.execute("delete from tracks where device_id = %s", [place.device_of(trip)])
        place.conn.execute(
            "insert into tracks (device_id, fixed_at, received_at, lon, lat, visit_state)"
            " values (%s, %s, %s, 106.7, 21.9, 'null')",
            [place.device_of(trip), after(last), after(last)],
        )
    retain(place.conn, place.site, after(9) + 90 * DAY, wall_clock=False)
    assert (count(place, "visits"), count(place, "tracks")) == (2, 2)
    retain(place.conn, place.site, after(59) + 90 * DAY, wall_clock=False)
    still = [(place.device_of(heard),)]
    assert place.conn.execute("select device_id from visits").fetchall() == still
    assert place.conn.execute("select device_id from tracks").fetchall() == still


def test_what_was_said_of_forgotten_visits_goes_with_them(place: Border):
    place.site = replace(place.site, fixes_kept_days=30, trips_kept_days=90)
    place.visit(place.trip(), "yard_bao_nguyen", 0, 20)
    say = (
        "insert into visit_revisions (visit_id, device_id, known_at, why, withdrawn, said)"
        " select id, device_id, %s, 'late_fix', false, '{}' from visits"
    )
    place.conn.execute(say, [after(30)])
    retain(place.conn, place.site, after(0) + 90 * DAY, wall_clock=False)
    assert count(place, "visit_revisions") == 1
    retain(place.conn, place.site, after(60) + 90 * DAY, wall_clock=False)
    assert count(place, "visit_revisions") == 0


def test_which_truck_carried_a_device_is_forgotten_and_who_carries_it_is_not(place: Border):
    place.site = replace(place.site, fixes_kept_days=30, trips_kept_days=90)
    device = place.device_of(place.trip())
    place.conn.execute("delete from device_trucks")
    place.conn.execute(
        "insert into device_trucks (device_id, plate, since, until, assigned_by)"
        " values (%(d)s, '12C-1', %(a)s, %(b)s, 'x'), (%(d)s, '12C-2', %(b)s, null, 'x')",
        {"d": device, "a": after(0), "b": after(10)},
    )
    retain(place.conn, place.site, after(20) + 90 * DAY, wall_clock=False)
    assert place.conn.execute("select plate from device_trucks").fetchall() == [("12C-2",)]


def test_plans_go_with_the_fixes_unless_somebody_still_has_a_slot_of_theirs(place: Border):
    place.site = replace(place.site, fixes_kept_days=30)
    place.tell(place.trip(), after(60))  # by a plan of its own
    place.conn.execute(
        "insert into plans (site, planned_at, policy, status, trips, unserved, cost, bound,"
        " inversions, solve_s) select site, planned_at, policy, status, 0, 0, 0, 0, 0, 0 from plans"
    )
    assert count(place, "plans") == 2
    retain(place.conn, place.site, after(0) + 60 * DAY, wall_clock=False)
    assert count(place, "plans") == 1
    assert count(place, "slots") == 1
