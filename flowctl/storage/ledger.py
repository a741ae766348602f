"""The ledger at rest: appended to under the lock of its head, never changed."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any, LiteralString

import msgspec
import psycopg

from flowctl.ledger.chain import Head, Kept, Row, Sealed, genesis, link, seal
from flowctl.ledger.entries import Entry

Connection = psycopg.Connection[Any]

_BATCH = 5000
"""Rows read at once: enough that the way to the server no longer counts."""


def append(
    conn: Connection, site_id: str, policy: str, entries: Sequence[Entry], *, now: datetime
) -> Head | None:
    """Add entries to a site's ledger in the caller's transaction, and return its new head.

    Who appends at the same moment waits for this transaction's end, so that the numbers have no
    gaps. Returns None where there is nothing to add.

    Raises
    ------
    ValueError
        An entry holds what has no canonical form, or names a trip that is not there.
    """
    if not entries:
        return None
    subjects = _subjects(conn, entries)  # before the lock, which is to be held shortly
    head = lock_head(conn, site_id, now)
    rows = link(head, entries, policy=policy, subjects=subjects, now=now)
    newest = replace(head, seq=rows[-1].row.seq, hash=rows[-1].hash, at=now)
    moved = [newest.seq, newest.hash, newest.at, site_id]
    if len(rows) == 1:
        # A copy takes three ways to the server, and moving the head a fourth: here it is one.
        conn.execute(_INSERT_ONE + _MOVE_HEAD, [*_written(rows[0]), *moved])
        return newest
    _copy(conn, rows)
    conn.execute(_MOVE_HEAD, moved)
    return newest


def lock_head(conn: Connection, site: str, now: datetime) -> Head:
    """Return a site's head; nobody else appends until this transaction ends."""
    # An update that changes nothing, so that the first row and every later one lock alike.
    [(seq, digest, at)] = conn.execute(
        "insert into ledger_heads (site, seq, hash, at) values (%s, 0, %s, %s)"
        " on conflict (site) do update set seq = ledger_heads.seq returning seq, hash, at",
        [site, genesis(site), now],
    ).fetchall()
    return Head(site, seq, bytes(digest), at)


def _subjects(conn: Connection, entries: Sequence[Entry]) -> dict[int, str]:
    ids = {entry.trip_id for entry in entries if entry.trip_id is not None}
    ids.update(other for entry in entries for other in entry.other_trip_ids)
    return list_subjects(conn, sorted(ids)) if ids else {}


def list_subjects(conn: Connection, trip_ids: Sequence[int]) -> dict[int, str]:
    """Return the pseudonyms by which trips go in the ledger."""
    return dict(
        conn.execute(
            "select id, subject::text from trips where id = any(%s)", [list(trip_ids)]
        ).fetchall()
    )


_COLUMNS: LiteralString = (
    "(site, seq, kind, at, recorded_at, subject, others, gate, reason, actor, policy, details,"
    " previous, hash)"
)
_INSERT_ONE: LiteralString = (
    "with kept as (insert into ledger " + _COLUMNS + " values"
    " (%s, %s, %s, %s, %s, %s::uuid, %s::uuid[], %s, %s, %s, %s, %s::json, %s::bytea, %s)) "
)
_MOVE_HEAD: LiteralString = "update ledger_heads set seq = %s, hash = %s, at = %s where site = %s"


def _copy(conn: Connection, rows: Sequence[Kept]) -> None:
    with conn.cursor() as cursor, cursor.copy("copy ledger " + _COLUMNS + " from stdin") as copy:
        for kept in rows:
            copy.write_row(_written(kept))


def _written(kept: Kept) -> tuple[object, ...]:
    row = kept.row
    return (
        row.site,
        row.seq,
        row.kind,
        row.at,
        row.recorded_at,
        row.subject,
        "{" + ",".join(row.others) + "}",
        row.gate,
        row.reason,
        row.actor,
        row.policy,
        bytes(row.details).decode(),
        "\\x" + row.previous,
        kept.hash,
    )


def find_head(conn: Connection, site: str) -> Head | None:
    """Return the head of a site's ledger, or None where nothing was ever recorded."""
    row = conn.execute("select seq, hash, at from ledger_heads where site = %s", [site]).fetchone()
    return None if row is None else Head(site, row[0], bytes(row[1]), row[2])


_ROWS: LiteralString = (
    "select actor, at, details::text, gate, kind, array_to_string(others, ','), policy,"
    " encode(previous, 'hex'), reason, recorded_at, seq, site, subject::text, hash from ledger"
)


def list_rows(conn: Connection, site: str, *, after: int = 0) -> Iterator[Kept]:
    """Yield a site's rows from the one behind ``after`` on, in order, without holding them all."""
    with conn.cursor(name="ledger_rows", binary=True) as cursor:
        cursor.itersize = _BATCH
        cursor.execute(_ROWS + " where site = %s and seq > %s order by seq", [site, after])
        yield from map(_kept, cursor)


_CANONICAL: LiteralString = """
select coalesce(convert_to('{{"actor":' || to_json(actor)
    || ',"at":"' || {at} || '","details":' || details
    || ',"gate":' || coalesce(to_json(gate)::text, 'null') || ',"kind":' || to_json(kind)
    || ',"others":' || case when others = '{{}}' then '[]'
        else '["' || array_to_string(others, '","') || '"]' end
    || ',"policy":' || to_json(policy) || ',"previous":"' || encode(previous, 'hex')
    || '","reason":' || coalesce(to_json(reason)::text, 'null') || ',"recorded_at":"'
    || {recorded_at} || '","seq":' || seq || ',"site":' || to_json(site) || ',"subject":'
    || coalesce('"' || subject || '"', 'null') || '}}', 'UTF8'), ''), hash, seq
from ledger where site = %s and seq > %s order by seq
"""
_MOMENT: LiteralString = (
    "to_char({0} at time zone 'UTC', case when date_trunc('second', {0}) = {0}"
    """ then 'YYYY-MM-DD"T"HH24:MI:SS"Z"' else 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"' end)"""
)
_SEALED: LiteralString = _CANONICAL.format(
    at=_MOMENT.format("at"), recorded_at=_MOMENT.format("recorded_at")
)


def list_sealed(conn: Connection, site: str, *, after: int = 0) -> Iterator[Sealed]:
    """Yield a site's rows as bytes, from the one behind ``after`` on, in order.

    The server writes the bytes, so that here they only need to be hashed; and while some are, the
    next are fetched. What it writes falsely does not fit its hash.
    """
    with (
        conn.cursor(name="sealed_rows", binary=True) as cursor,
        ThreadPoolExecutor(1, thread_name_prefix="ledger") as reader,
    ):
        cursor.execute(_SEALED, [site, after])
        coming = reader.submit(cursor.fetchmany, _BATCH)
        while rows := coming.result():
            coming = reader.submit(cursor.fetchmany, _BATCH)
            for text, digest, seq in rows:
                yield seal(site, seq, text, digest)


def list_rows_of(conn: Connection, site: str, trip_id: int) -> list[Kept]:
    """Return the rows of a trip in order: its own, and where it was passed or gave its place."""
    found = conn.execute("select subject from trips where id = %s", [trip_id]).fetchone()
    if found is None:
        return []
    with conn.cursor(binary=True) as cursor:
        cursor.execute(
            _ROWS + " where site = %s and (subject = %s or others @> array[%s]) order by seq",
            [site, found[0], found[0]],
        )
        return [_kept(values) for values in cursor]


def list_rows_since(conn: Connection, site: str, since: datetime, *, limit: int) -> list[Kept]:
    """Return the newest rows recorded at ``since`` or later, at most ``limit``, in order."""
    with conn.cursor(binary=True) as cursor:
        cursor.execute(
            _ROWS + " where site = %s and recorded_at >= %s"
            " order by recorded_at desc, seq desc limit %s",
            [site, since, limit],
        )
        return [_kept(values) for values in cursor][::-1]


def _kept(values: tuple[Any, ...]) -> Kept:
    actor, at, details, gate, kind, others, policy, previous, reason, recorded, *rest = values
    seq, site, subject, digest = rest
    row = Row(
        actor=actor,
        at=at,
        details=msgspec.Raw(details.encode()),
        gate=gate,
        kind=kind,
        others=others.split(",") if others else [],
        policy=policy,
        previous=previous,
        reason=reason,
        recorded_at=recorded,
        seq=seq,
        site=site,
        subject=subject,
    )
    return Kept(row, digest)
