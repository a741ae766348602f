"""The ledger in PostgreSQL: one chain a site, only added to."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from border import MORNING, Border, after, border
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flowctl.ledger.chain import canonical, genesis, hash_of
from flowctl.ledger.entries import Entry, Kind
from flowctl.ledger.verify import find_fault
from flowctl.ledger_key import Signing
from flowctl.storage.ledger import append, find_head, list_rows, list_sealed
from flowctl.storage.ledger_heads import find_signed_head, list_signed_heads


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    """Return the border, and a ledger with what the test itself wrote only."""
    with border(database) as place:
        yield place


def add(conn: psycopg.Connection[Any], *entries: Entry, site: str = "here") -> None:
    with conn.transaction():
        append(conn, site, "2024-01", entries, now=MORNING)


def entry(n: int = 0, **changes: Any) -> Entry:  # noqa: ANN401
    return Entry(Kind.SLOT, after(n), gate="tan_thanh", reason="first", **changes)


def test_rows_are_read_back_as_they_were_hashed(place: Border) -> None:
    first, second = place.trip(), place.trip()
    add(
        place.conn,
        Entry(Kind.REGISTERED, datetime(2024, 1, 23, 8, 0, 1, 5, tzinfo=UTC), first),
        Entry(
            Kind.OVERTOOK,
            MORNING,
            second,
            "tan_thanh",
            "kept_promise",
            (first,),
            "Hải quan “A”",
            {"places": 3, "bis": "2024-01-23T08:00:00Z"},
        ),
    )
    with place.conn.transaction():
        rows = list(list_rows(place.conn, "here"))

    assert [kept.row.seq for kept in rows] == [1, 2]
    assert rows[0].row.previous == genesis("here").hex()
    assert rows[1].row.previous == rows[0].hash.hex()
    assert [hash_of(kept.row) for kept in rows] == [kept.hash for kept in rows]
    assert rows[1].row.others == [rows[0].row.subject]
    assert b'"details":{"bis":"2024-01-23T08:00:00Z","places":3}' in canonical(rows[1].row)
    assert find_head(place.conn, "here").hash == rows[-1].hash  # type: ignore[union-attr]


@pytest.mark.parametrize("moment", [0, 1, 500_000, 999_999])
@pytest.mark.parametrize(
    "text", ["plain", 'a "quote" \\ / a slash', "Hải quan “A” 友谊关 🚚 <&>'", "€%s"]
)
def test_the_server_writes_the_very_bytes_that_were_hashed(
    place: Border, text: str, moment: int
) -> None:
    at = datetime(2024, 1, 23, 8, 0, 1, moment, tzinfo=UTC)
    trips = [place.trip() for _ in range(3)]
    add(
        place.conn,
        Entry(Kind.REGISTERED, at),
        Entry(
            Kind.OVERTOOK, at, trips[0], text, "priority", (trips[1],), text, {"a": text, "b": -1}
        ),
        Entry(Kind.OVERTOOK, at, trips[0], None, None, (trips[1], trips[2]), text),
        site=text,
    )
    with place.conn.transaction():
        rows = list(list_rows(place.conn, text))
        sealed = list(list_sealed(place.conn, text))
        assert [one.row.seq for one in list_sealed(place.conn, text, after=1)] == [2, 3]
    assert [one.text for one in sealed] == [canonical(kept.row) for kept in rows]
    assert [(one.hash, one.row.at) for one in sealed] == [(k.hash, k.row.at) for k in rows]
    assert all(one.fits() for one in sealed)


def test_a_moment_nobody_can_name_is_found_as_a_changed_row(place: Border, owner_url: str) -> None:
    add(place.conn, entry(), entry(1), entry(2))
    with psycopg.connect(owner_url) as conn:
        conn.execute("set session_replication_role = replica")
        conn.execute("update ledger set at = 'infinity' where seq = 2")
    with place.conn.transaction():
        fault = find_fault("here", list_sealed(place.conn, "here"), head=None)
    assert fault is not None
    assert fault.seq == 2
    assert "does not fit its hash" in fault.sentence


def test_a_trip_goes_by_its_pseudonym_alone(place: Border) -> None:
    trip = place.trip()
    add(place.conn, entry(trip_id=trip))
    [(subject,)] = place.conn.execute("select subject::text from trips where id = %s", [trip])
    with place.conn.transaction():
        [kept] = list_rows(place.conn, "here")
    assert kept.row.subject == subject


def test_a_trip_that_is_not_there_cannot_be_named(place: Border) -> None:
    with pytest.raises(ValueError, match="Trip 4711 has no pseudonym"):
        add(place.conn, entry(trip_id=4711))


def test_nothing_to_add_leaves_no_head(place: Border) -> None:
    assert append(place.conn, "here", "2024-01", [], now=MORNING) is None
    assert find_head(place.conn, "here") is None


def test_two_who_append_at_once_leave_no_gap(database: str) -> None:
    def work() -> None:
        with psycopg.connect(database) as conn:
            for n in range(20):
                add(conn, entry(n), entry(n + 1))
                conn.commit()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with psycopg.connect(database) as conn:
        rows = list(list_rows(conn, "here"))
    assert [kept.row.seq for kept in rows] == list(range(1, 121))
    assert all(b.row.previous == a.hash.hex() for a, b in pairwise(rows))


def test_what_is_rolled_back_takes_no_number(place: Border) -> None:
    add(place.conn, entry())
    with place.conn.transaction(force_rollback=True):
        append(place.conn, "here", "2024-01", [entry(1)], now=MORNING)
    add(place.conn, entry(2))
    with place.conn.transaction():
        assert [kept.row.seq for kept in list_rows(place.conn, "here")] == [1, 2]


@pytest.mark.parametrize(
    "attempt",
    [
        "update ledger set reason = 'priority'",
        "delete from ledger",
        "truncate ledger",
        "delete from ledger_heads",
        "update ledger_heads set seq = 0",
        "truncate ledger_signatures",
    ],
)
def test_the_ledger_refuses_even_its_owner_to_change_it(
    place: Border, owner_url: str, attempt: str
) -> None:
    add(place.conn, entry())
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege, match="only added to")
    with psycopg.connect(owner_url) as conn, refused:
        conn.execute(attempt.encode())


def test_many_entries_at_once_cost_a_fraction_of_as_many_one_by_one(place: Border) -> None:
    trip = place.trip()
    entries = [entry(n, trip_id=trip, details={"plan": n}) for n in range(5000)]
    started = time.perf_counter()
    for one in entries[:100]:
        add(place.conn, one)
    singly_s = (time.perf_counter() - started) / 100
    started = time.perf_counter()
    add(place.conn, *entries)
    assert (time.perf_counter() - started) / len(entries) < singly_s / 4


def test_the_head_is_signed_every_hour_and_a_forged_ledger_never(
    place: Border, owner_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    signing = Signing(Ed25519PrivateKey.from_private_bytes(bytes(32)))
    signing.step(place.conn, "here", after(0))  # nothing to sign yet
    for minute in (60, 61, 90, 120, 180):
        add(place.conn, entry(minute))
        signing.step(place.conn, "here", after(minute))
    signed = list_signed_heads(place.conn, "here")
    assert [(head.at, head.seq) for head in signed] == [
        (after(60), 1),
        (after(120), 4),
        (after(180), 5),
    ]
    assert all(head.is_genuine() for head in signed)
    assert list_signed_heads(place.conn, "here", since=after(61), limit=1) == [signed[1]]
    add(place.conn, entry(200))
    with psycopg.connect(owner_url) as conn:
        conn.execute("set session_replication_role = replica")
        conn.execute("update ledger set reason = 'priority' where seq = 6")
    signing.step(place.conn, "here", after(240))
    assert "Row 6 (slot of" in capsys.readouterr().out
    assert find_signed_head(place.conn, "here") == signed[2]
