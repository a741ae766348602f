"""Trips found by what people have in hand: a part of a plate, a number, a paper, a code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, LiteralString

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]
Found = Literal["code", "phone", "plate", "declaration", "convoy", "device"]

_LEAST_PART = 3
"""The index of plates holds every three letters in a row; two are looked for among active ones."""
_LATELY = 5000
"""So many trips that ended last are read through before the index is asked: what is common is found
among them, so that the index is left to find what is rare."""
_DEVICES = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for, in the spelling each thing is stored in; None: it cannot be one of these.

    ``phone_hashes`` are those a whole number may stand under, ``trip_id`` that of a driver's code.
    """

    plate: str | None = None
    convoy: str | None = None
    reference: str | None = None
    device: str | None = None
    phone_hashes: Sequence[bytes] = ()
    trip_id: int | None = None


@dataclass(frozen=True, slots=True)
class FoundTrip:
    """A trip that was found ``by`` something; ``ended_at`` is None while it lasts."""

    id: int
    plate: str
    state: str
    direction: str
    gates: list[str]
    registered_at: datetime
    ended_at: datetime | None
    convoy: str | None
    declaration: str | None
    device: str | None
    by: str


def search_trips(conn: Connection, site: str, wanted: Wanted, *, limit: int) -> list[FoundTrip]:
    """Return the trips that match, those under way first, then the newest."""
    values = {
        "site": site,
        "limit": limit,
        "trip": wanted.trip_id,
        "phones": list(wanted.phone_hashes),
        "plate": wanted.plate,
        "convoy": wanted.convoy,
        "reference": wanted.reference,
        "reference_end": _after(wanted.reference),
        "device": wanted.device,
        "device_end": _after(wanted.device),
        "devices": _DEVICES,
        "lately": _LATELY,
    }
    found: dict[int, Found] = {}
    # Planned for these values each time: what is rare needs an index, what is common none.
    for by, query in _queries(wanted):
        for (trip,) in conn.execute(query, values, prepare=False).fetchall():
            found.setdefault(trip, by)
    missing = limit - sum(by == "plate" for by in found.values())
    if wanted.plate is not None and len(wanted.plate) >= _LEAST_PART and missing > 0:
        for (trip,) in conn.execute(_RARE_PLATES, values, prepare=False).fetchall():
            found.setdefault(trip, "plate")
    return _shown(conn, site, found, limit)


def _after(text: str | None) -> str | None:
    """Return a text that comes, by the order of its letters' numbers, after all it begins."""
    return None if text is None else f"{text}\U0010ffff"


def _queries(wanted: Wanted) -> list[tuple[Found, LiteralString]]:
    queries: list[tuple[Found, LiteralString]] = []
    if wanted.trip_id is not None:
        queries.append(("code", _CODE))
    if wanted.phone_hashes:
        queries.append(("phone", _PHONE))
    if wanted.plate is not None:
        queries += [("plate", _ACTIVE_PLATES), ("plate", _LATE_PLATES)]
    if wanted.reference is not None:
        queries.append(("declaration", _DECLARATION))
    if wanted.convoy is not None:
        queries.append(("convoy", _CONVOY))
    if wanted.device is not None:
        queries.append(("device", _DEVICE))
    return queries


_CODE: LiteralString = "select id from trips where site = %(site)s and id = %(trip)s"
_PHONE: LiteralString = """
select t.id from drivers d join trips t on t.driver_id = d.id
where d.phone_hash = any(%(phones)s) and t.site = %(site)s order by t.id desc limit %(limit)s
"""
_ACTIVE_PLATES: LiteralString = """
with active as materialized (  -- else the newest of all trips are read through, ended ones too
    select id, plate from trips where site = %(site)s and state = 'active')
select id from active where strpos(plate, %(plate)s) > 0 order by id desc limit %(limit)s
"""
_LATE_PLATES: LiteralString = """
select id from (
    select id, plate from trips where site = %(site)s and ended_at is not null
    order by ended_at desc limit %(lately)s) lately
where strpos(plate, %(plate)s) > 0 order by id desc limit %(limit)s
"""
_RARE_PLATES: LiteralString = """
with holding as materialized (
    select id, plate, site from trips where threes(plate) @> threes(%(plate)s::text))
select id from holding where site = %(site)s and strpos(plate, %(plate)s) > 0
order by id desc limit %(limit)s
"""
_DECLARATION: LiteralString = """
select id from trips where declaration ~>=~ %(reference)s and declaration ~<~ %(reference_end)s
  and site = %(site)s order by id desc limit %(limit)s
"""
_CONVOY: LiteralString = """
select id from trips where convoy = %(convoy)s and site = %(site)s
order by id desc limit %(limit)s
"""
_DEVICE: LiteralString = """
with named as materialized (
    select id from devices where upper(uid) ~>=~ %(device)s and upper(uid) ~<~ %(device_end)s
    order by upper(uid) using ~<~ limit %(devices)s)
select t.id from named join trips t on t.device_id = named.id
where t.site = %(site)s order by t.id desc limit %(limit)s
"""


def _shown(conn: Connection, site: str, found: Mapping[int, Found], limit: int) -> list[FoundTrip]:
    if not found:
        return []
    with conn.cursor(row_factory=class_row(FoundTrip)) as cursor:
        return cursor.execute(
            "select t.id, t.plate, t.state, t.direction, t.gates, t.registered_at, t.ended_at,"
            " t.convoy, t.declaration, d.uid as device, f.by"
            " from unnest(%s::bigint[], %s::text[]) as f (id, by) join trips t on t.id = f.id"
            " left join devices d on d.id = t.device_id where t.site = %s"
            " order by t.state <> 'active', t.id desc limit %s",
            [list(found), list(found.values()), site, limit],
        ).fetchall()
