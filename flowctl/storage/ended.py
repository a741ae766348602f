"""What is forgotten of trips that ended: whom to call, who drove, what documents held; later all.

The ledger keeps every row: it knows trips by pseudonyms, which nothing leads back from once the
trip is gone.
"""

from datetime import datetime, timedelta
from typing import Any, LiteralString

import psycopg
from psycopg.rows import scalar_row

from flowctl.site import Site
from flowctl.storage.documents import erase_documents
from flowctl.storage.hooks import drop_heard_before

Connection = psycopg.Connection[Any]

_AT_ONCE = 1_000
_DOCUMENTS_AT_ONCE = 100  # of up to 10 MB each


def forget_ended(conn: Connection, site: Site, now: datetime) -> int:
    """Forget what the site no longer keeps of trips that ended; returns how many trips are gone.

    A trip stays while an offence of its truck counts by the site's policy, or bars its plate.

    Parameters
    ----------
    conn
        Outside a transaction: a thousand trips go in one of their own, so that nobody waits long.
    now
        The domain moment.
    """
    numbers_kept = timedelta(days=site.numbers_kept_days)
    while _forget_numbers(conn, now - numbers_kept) == _AT_ONCE:
        pass
    while _forget_names(conn, site.id, now - timedelta(days=site.persons_kept_days)) == _AT_ONCE:
        pass
    while _erase_documents(conn, site.id, now - timedelta(days=site.documents_kept_days)):
        pass
    with conn.transaction():
        for sql in _STRANGERS:
            conn.execute(sql, {"site": site.id, "before": now - numbers_kept})
        for days, sql in (
            (site.drafts_kept_days, _OLD_DRAFTS),
            (site.drafts_kept_days, _OLD_IMPORTS),
            (site.foreknown_kept_days, _OLD_FOREKNOWN),
            (site.crossings_kept_days, _OLD_CROSSINGS),
        ):
            conn.execute(sql, {"site": site.id, "before": now - timedelta(days=days)})
        drop_heard_before(conn, now, kept=timedelta(days=site.foreknown_kept_days))
    counted = max(site.policy.no_show.within_days, site.policy.cancellation.within_days)
    before = now - timedelta(days=max(site.trips_kept_days, counted))
    total = 0
    while gone := _drop_trips(conn, site.id, before, now):
        total += gone
    with conn.transaction():
        for sql in _BESIDE_TRIPS:
            conn.execute(sql, {"site": site.id, "before": before})
    return total


# Also who had a trip once may still hear that it goes by another number now.
_SILENT: LiteralString = """
select d.id from drivers d where d.phone_hash is not null
  and not exists (select from trips_of_drivers t where t.driver_id = d.id
      and (t.state = 'active' or t.ended_at is null or t.ended_at >= %(before)s))
order by d.id limit %(most)s for update of d skip locked
"""
# Asked again now that they are locked: one may have been registered anew in between.
_FORGET: LiteralString = """
with going as (
    select d.id, d.phone_hash from drivers d where d.id = any(%(drivers)s)
      and not exists (select from trips_of_drivers t where t.driver_id = d.id
          and (t.state = 'active' or t.ended_at is null
      or t.ended_at >= coalesce(%(before)s::timestamptz, 'infinity')))
), said as (
    delete from sms_answers a using going where a.phone_hash = going.phone_hash
), pushed as (
    delete from push_subscriptions p using going, trips t
    where t.driver_id = going.id and p.trip_id = t.id
)
update drivers d set phone_cipher = null, phone_hash = null, silent_since = null
from going where d.id = going.id
"""


def _forget_numbers(conn: Connection, before: datetime) -> int:
    """Forget the numbers of drivers whose trips all ended before a moment; returns how many.

    What was written from them is forgotten with them, and where their browsers were reached.
    """
    with conn.transaction(), conn.cursor(row_factory=scalar_row) as cursor:
        drivers = cursor.execute(_SILENT, {"before": before, "most": _AT_ONCE}).fetchall()
        cursor.execute(_FORGET, {"before": before, "drivers": drivers})
    return len(drivers)


def forget_number(conn: Connection, driver_id: int) -> None:
    """Forget a driver's number, whenever its trips ended, with what was written from it."""
    conn.execute(_FORGET, {"before": None, "drivers": [driver_id]})


_NAMED: LiteralString = """
select c.trip_id from declarations c join trips t on t.id = c.trip_id
where c.driver_cipher is not null and t.site = %(site)s and t.state <> 'active'
  and t.ended_at < %(before)s
order by c.trip_id limit %(most)s for update of c skip locked
"""
_UNNAME: LiteralString = """
update declarations set driver_cipher = null, licence_until = null where trip_id = any(%(trips)s)
"""
# A driver who came again since keeps his key: what it opened of before is gone by then.
_UNLOCK: LiteralString = """
update drivers d set data_key = null where d.data_key is not null
  and not exists (select from declarations c join trips t on t.id = c.trip_id
      where t.driver_id = d.id and c.driver_cipher is not null)
  and exists (select from trips t where t.driver_id = d.id and t.id = any(%(trips)s))
"""


def _forget_names(conn: Connection, site: str, before: datetime) -> int:
    """Forget who drove the trips that ended before a moment; returns how many trips those are."""
    with conn.transaction(), conn.cursor(row_factory=scalar_row) as cursor:
        trips = cursor.execute(
            _NAMED, {"site": site, "before": before, "most": _AT_ONCE}
        ).fetchall()
        for sql in (_UNNAME, _UNLOCK) if trips else ():
            cursor.execute(sql, {"trips": trips})
    return len(trips)


_HELD: LiteralString = """
select d.id from documents d join trips t on t.id = d.trip_id
where d.data_key is not null and d.site = %(site)s and t.state <> 'active'
  and t.ended_at < %(before)s
order by d.added_at limit %(most)s for update of d skip locked
"""


def _erase_documents(conn: Connection, site: str, before: datetime) -> int:
    """Erase what documents of trips that ended before a moment hold; returns how many those are."""
    with conn.transaction(), conn.cursor(row_factory=scalar_row) as cursor:
        held = cursor.execute(
            _HELD, {"site": site, "before": before, "most": _DOCUMENTS_AT_ONCE}
        ).fetchall()
        erase_documents(conn, held)
    return len(held)


_STRANGERS: tuple[LiteralString, ...] = (
    """delete from sms_answers a where a.site = %(site)s and a.at < %(before)s
       and not exists (select from drivers d where d.phone_hash = a.phone_hash)""",
    "delete from sms_heard_parts where site = %(site)s and at < %(before)s",
)
"""What came from numbers that were never registered, or are no more, and parts of no text."""


_OLD_DRAFTS: LiteralString = "delete from drafts where site = %(site)s and changed_at < %(before)s"
_OLD_IMPORTS: LiteralString = "delete from imports where site = %(site)s and made_at < %(before)s"
_OLD_FOREKNOWN: LiteralString = "delete from foreknown where site = %(site)s and at < %(before)s"
# One that is not back yet is still waited for.
_OLD_CROSSINGS: LiteralString = """
delete from crossings where site = %(site)s and at < %(before)s
  and (due_at is null or returned_at is not null)
"""

_GOING: LiteralString = """
select t.id from trips t
where t.site = %(site)s and t.ended_at < %(before)s and t.state <> 'active'
  and not exists (select from penalties p where p.trip_id = t.id
      and (p.at >= %(before)s or (p.lifted_at is null and p.banned_until > %(now)s)))
  and not exists (select from alerts a where a.trip_id = t.id and a.last_seen_at >= %(before)s)
order by t.id limit %(most)s for update skip locked
"""

_OF_TRIPS: tuple[LiteralString, ...] = (
    """delete from alert_decisions d using alerts a
       where a.id = d.alert_id and a.trip_id = any(%(trips)s)""",
    "delete from alerts where trip_id = any(%(trips)s)",
    "update alerts set other_trip_id = null where other_trip_id = any(%(trips)s)",
    "delete from penalties where trip_id = any(%(trips)s)",
    "delete from extensions where trip_id = any(%(trips)s)",
    "delete from releases where trip_id = any(%(trips)s)",
    "delete from slots where trip_id = any(%(trips)s)",
    "delete from slot_changes where trip_id = any(%(trips)s)",
    "delete from advice where trip_id = any(%(trips)s)",
    "delete from outbox where trip_id = any(%(trips)s)",
    "delete from eta_forecasts where trip_id = any(%(trips)s)",
    "delete from trips where id = any(%(trips)s)",
)
"""What hangs on trips, in the order in which it may go; the database itself sees to the rest."""

_BESIDE_TRIPS: tuple[LiteralString, ...] = (
    """delete from alert_decisions d using alerts a where a.id = d.alert_id
       and a.site = %(site)s and a.trip_id is null and a.last_seen_at < %(before)s""",
    "delete from alerts where site = %(site)s and trip_id is null and last_seen_at < %(before)s",
    "delete from gate_events where site = %(site)s and at < %(before)s",
    "delete from desk_texts where site = %(site)s and written_at < %(before)s",
    "delete from hand_keys where site = %(site)s and at < %(before)s",
    """delete from appeals where site = %(site)s and state <> 'open' and made_at < %(before)s""",
    "delete from yard_events where site = %(site)s and at < %(before)s",
    "delete from gate_decisions where site = %(site)s and trip_id is null and at < %(before)s",
    """delete from source_tokens k using devices v where v.is_phone and k.device_uid = v.uid
       and k.expires_wall_at < clock_timestamp() - interval '7 days'""",
    """delete from drivers d where phone_hash is null
       and not exists (select from trips t where t.driver_id = d.id)""",
    """delete from sms_receipts r where r.at < %(before)s
       and not exists (select from sms_parts p where p.gateway = r.gateway and p.ref = r.ref)""",
)
"""Alerts of hauliers, their appeals that were decided, plates seen at gates and yards, texts and
keys of operators, phones' tokens, drivers of whom nothing is left, receipts of messages that are
gone."""


def _drop_trips(conn: Connection, site: str, before: datetime, now: datetime) -> int:
    with conn.transaction(), conn.cursor(row_factory=scalar_row) as cursor:
        trips = cursor.execute(
            _GOING, {"site": site, "before": before, "now": now, "most": _AT_ONCE}
        ).fetchall()
        for sql in _OF_TRIPS if trips else ():
            cursor.execute(sql, {"trips": trips})
    return len(trips)
