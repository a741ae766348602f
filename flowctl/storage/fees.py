"""Schedules of fees, what trips owe by them, and what was paid, at rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from flowctl.errors import SiteError
from flowctl.fees.file import FEES, parse_fees
from flowctl.fees.schedule import Dues, Line, Schedule, Why, Withheld
from flowctl.site import Site

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class ScheduleVersion:
    """One version as it was loaded; ``definition`` is the file's text."""

    id: int
    version: str
    valid_from: datetime
    definition: str
    loaded_by: str
    loaded_at: datetime


@dataclass(frozen=True, slots=True)
class DuesRecord:
    """What a trip owes by a schedule; its days in the yards count to ``settled_at``."""

    schedule_id: int
    dues: Dues
    paid_vnd: int
    settled_at: datetime | None
    computed_at: datetime

    @property
    def is_settled(self) -> bool:
        """Tell whether nothing is due, and nothing is withheld."""
        return not self.dues.withheld and self.dues.total_vnd <= self.paid_vnd


@dataclass(frozen=True, slots=True)
class PaymentValues:
    """What is taken for a trip, or, below 0, given back of ``of_payment``."""

    plate: str
    gate: str | None
    schedule_id: int
    amount_vnd: int
    services: Mapping[str, int]
    method: str
    paid_at: datetime
    recorded_by: str
    origin: str
    of_payment: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentRecord:
    """A payment; receipts are numbered by site and ``year``, without gaps."""

    id: int
    trip_id: int | None
    plate: str
    gate: str | None
    schedule_id: int
    amount_vnd: int
    services: dict[str, int]
    method: str
    reference: str
    receipt: int
    year: int
    paid_at: datetime
    recorded_by: str
    recorded_at: datetime
    origin: str
    of_payment: int | None
    reason: str | None
    refund_id: int | None

    @property
    def number(self) -> str:
        """Return the receipt's number as it is written."""
        return receipt_number(self.year, self.receipt)


def receipt_number(year: int, receipt: int) -> str:
    """Return a receipt's number as it is written.

    >>> receipt_number(2024, 17)
    '2024-000017'
    """
    return f"{year}-{receipt:06d}"


def add_schedule(
    conn: Connection, site: Site, definition: str, *, by: str, now: datetime
) -> ScheduleVersion:
    """Enter a version of a site's schedule; the same once more is no other.

    Raises
    ------
    SiteError
        The text is no schedule, the version was loaded before with another text, it is not the
        newest, or it would change what trips that were billed already owe.
    """
    schedule = parse_fees(definition, where=f"{FEES} of {site.id}")
    versions = list_schedules(conn, site.id)
    same = next((one for one in versions if one.version == schedule.version), None)
    newest = versions[-1] if versions else None
    if same is not None and same.definition != definition:
        raise SiteError(
            f"{FEES} of {site.id}: version {schedule.version} was loaded on"
            f" {_local(site, same.loaded_at)} with another text; what was paid by it must stay"
            " readable, so give the changed fees a new version and a later valid_from."
        )
    if same is not None:
        return same
    if newest is not None and schedule.valid_from <= newest.valid_from:
        raise SiteError(
            f"{FEES} of {site.id}: version {schedule.version} holds from"
            f" {_local(site, schedule.valid_from)}, but version {newest.version}, from"
            f" {_local(site, newest.valid_from)} on, was loaded already; give it a later"
            " valid_from."
        )
    if newest is not None and schedule.valid_from < now and _has_billed(conn, site.id):
        raise SiteError(
            f"{FEES} of {site.id}: version {schedule.version} holds from"
            f" {_local(site, schedule.valid_from)}, and it is {_local(site, now)} now; trips of the"
            " time between were billed by other fees, so give it a valid_from that lies ahead."
        )
    conn.execute(
        "insert into fee_schedules (site, version, valid_from, definition, loaded_by, loaded_at)"
        " values (%s, %s, %s, %s, %s, %s)",
        [site.id, schedule.version, schedule.valid_from, definition, by, now],
    )
    return list_schedules(conn, site.id)[-1]


def _has_billed(conn: Connection, site: str) -> bool:
    row = conn.execute(
        "select from dues d join fee_schedules f on f.id = d.schedule_id where f.site = %s limit 1",
        [site],
    ).fetchone()
    return row is not None


def list_schedules(conn: Connection, site: str) -> list[ScheduleVersion]:
    """Return every version that was loaded, in the order in which they come into force."""
    with conn.cursor(row_factory=class_row(ScheduleVersion)) as cursor:
        return cursor.execute(
            "select id, version, valid_from, definition, loaded_by, loaded_at from fee_schedules"
            " where site = %s order by valid_from",
            [site],
        ).fetchall()


def find_schedule(conn: Connection, site: str, at: datetime) -> tuple[int, Schedule] | None:
    """Return the schedule in force at a moment with its id; None where there is none."""
    row = conn.execute(
        "select id, definition, version from fee_schedules where site = %s and valid_from <= %s"
        " order by valid_from desc limit 1",
        [site, at],
    ).fetchone()
    return None if row is None else (row[0], _parsed(row[1], row[2]))


def get_schedule(conn: Connection, schedule_id: int) -> Schedule:
    """Return the schedule of an id that is known to be."""
    [(version, definition)] = conn.execute(
        "select version, definition from fee_schedules where id = %s", [schedule_id]
    ).fetchall()
    return _parsed(definition, version)


@lru_cache(maxsize=16)
def _parsed(definition: str, version: str) -> Schedule:
    return parse_fees(definition, where=f"{FEES}, version {version}")


def find_dues(conn: Connection, trip_id: int) -> DuesRecord | None:
    """Return what a trip owed when it was last worked out; None where it was never billed."""
    return find_standing(conn, trip_id)[0]


_STANDING: LiteralString = """
select coalesce((select sum(amount_vnd) from payments where trip_id = %(trip)s), 0)::bigint,
       array(select stage from trip_stages where trip_id = %(trip)s and state <> 'confirmed'),
       d.schedule_id, d.lines, d.withheld, d.paid_vnd, d.settled_at, d.computed_at
from (values (1)) as one left join dues d on d.trip_id = %(trip)s
"""


def find_standing(conn: Connection, trip_id: int) -> tuple[DuesRecord | None, int, list[str]]:
    """Return what a trip owed last, what was paid for it (VND), its stages not confirmed yet."""
    [(paid_vnd, waiting, *columns)] = conn.execute(_STANDING, {"trip": trip_id}).fetchall()
    return None if columns[0] is None else _dues(columns), int(paid_vnd), waiting


def _dues(columns: Sequence[Any]) -> DuesRecord:
    schedule_id, lines, withheld, paid_vnd, settled_at, computed_at = columns
    dues = Dues(
        tuple(
            Line(one["service"], one["amount_vnd"], Why(one["why"]), one["values"]) for one in lines
        ),
        tuple(Withheld(one["service"], one["stage"], one["fact"]) for one in withheld),
    )
    return DuesRecord(schedule_id, dues, paid_vnd, settled_at, computed_at)


def save_dues(conn: Connection, trip_id: int, record: DuesRecord) -> None:
    """Write what a trip owes."""
    lines = [
        {
            "service": line.service,
            "amount_vnd": line.amount_vnd,
            "why": str(line.why),
            "values": dict(line.values),
        }
        for line in record.dues.lines
    ]
    withheld = [
        {"service": one.service, "stage": one.stage, "fact": one.fact}
        for one in record.dues.withheld
    ]
    conn.execute(
        "insert into dues (trip_id, schedule_id, lines, withheld, total_vnd, paid_vnd, settled_at,"
        " computed_at) values (%s, %s, %s, %s, %s, %s, %s, %s)"
        " on conflict (trip_id) do update set (schedule_id, lines, withheld, total_vnd, paid_vnd,"
        " settled_at, computed_at) = (excluded.schedule_id, excluded.lines, excluded.withheld,"
        " excluded.total_vnd, excluded.paid_vnd, excluded.settled_at, excluded.computed_at)",
        [
            trip_id,
            record.schedule_id,
            Jsonb(lines),
            Jsonb(withheld),
            record.dues.total_vnd,
            record.paid_vnd,
            record.settled_at,
            record.computed_at,
        ],
    )


def end_days(conn: Connection, trip_id: int, *, at: datetime) -> None:
    """Let a trip's days in the yards count no further; the first such moment stands."""
    conn.execute(
        "update dues set settled_at = %s where trip_id = %s and settled_at is null", [at, trip_id]
    )


_PAYMENTS: LiteralString = """
select p.id, p.trip_id, p.plate, p.gate, p.schedule_id, p.amount_vnd, p.services, p.method,
       p.reference, p.receipt, p.year, p.paid_at, p.recorded_by, p.recorded_at, p.origin,
       p.of_payment, p.reason, r.id as refund_id
from payments p left join payments r on r.of_payment = p.id
"""


def list_payments(conn: Connection, trip_id: int) -> list[PaymentRecord]:
    """Return what was paid for a trip and given back, the oldest first."""
    return _read(conn, _PAYMENTS + "where p.trip_id = %s order by p.id", [trip_id])


def find_payment(conn: Connection, site: str, payment_id: int) -> PaymentRecord | None:
    """Return one payment."""
    found = _read(conn, _PAYMENTS + "where p.site = %s and p.id = %s", [site, payment_id])
    return found[0] if found else None


def find_payment_by_reference(
    conn: Connection, site: str, method: str, reference: str
) -> PaymentRecord | None:
    """Return the payment that a reference of a method names."""
    found = _read(
        conn,
        _PAYMENTS + "where p.site = %s and p.method = %s and p.reference = %s",
        [site, method, reference],
    )
    return found[0] if found else None


def list_payments_recorded(
    conn: Connection, site: str, since: datetime, until: datetime
) -> list[PaymentRecord]:
    """Return what was entered in a span of time, in the order of the receipts."""
    return _read(
        conn,
        _PAYMENTS + "where p.site = %s and p.recorded_at >= %s and p.recorded_at < %s"
        " order by p.year, p.receipt",
        [site, since, until],
    )


def _read(conn: Connection, query: LiteralString, values: Sequence[object]) -> list[PaymentRecord]:
    with conn.cursor(row_factory=class_row(PaymentRecord)) as cursor:
        return cursor.execute(query, values).fetchall()


def list_service_names(
    conn: Connection, payments: Sequence[PaymentRecord]
) -> dict[str, Mapping[str, str]]:
    """Return what services are called, by language, by the schedules payments were made by."""
    return {
        one.id: one.name
        for schedule in sorted({payment.schedule_id for payment in payments})
        for one in get_schedule(conn, schedule).services
    }


def hold_receipts(conn: Connection, site: str) -> None:
    """Let nobody else enter a payment until the transaction ends: receipts have no gaps."""
    conn.execute("select pg_advisory_xact_lock(hashtextextended('receipts ' || %s, 0))", [site])


def insert_payment(
    conn: Connection,
    site: Site,
    trip_id: int | None,
    values: PaymentValues,
    reference: str | None,
    *,
    now: datetime,
) -> tuple[int, str]:
    """Enter a payment with the year's next receipt; returns its id and the receipt's number.

    Where no reference is given the receipt's number is one.
    """
    hold_receipts(conn, site.id)
    year = now.astimezone(site.timezone).year
    [(receipt,)] = conn.execute(
        "select coalesce(max(receipt), 0) + 1 from payments where site = %s and year = %s",
        [site.id, year],
    ).fetchall()
    number = receipt_number(year, receipt)
    [(payment,)] = conn.execute(
        "insert into payments (site, trip_id, plate, gate, schedule_id, amount_vnd, services,"
        " method, reference, receipt, year, paid_at, recorded_by, recorded_at, origin, of_payment,"
        " reason) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " returning id",
        [
            site.id,
            trip_id,
            values.plate,
            values.gate,
            values.schedule_id,
            values.amount_vnd,
            Jsonb(dict(values.services)),
            values.method,
            number if reference is None else reference,
            receipt,
            year,
            values.paid_at,
            values.recorded_by,
            now,
            values.origin,
            values.of_payment,
            values.reason,
        ],
    ).fetchall()
    return int(payment), number


def day_bounds(site: Site, day: date) -> tuple[datetime, datetime]:
    """Return when a local day of a site begins and when the next one does."""
    begins = datetime(day.year, day.month, day.day, tzinfo=site.timezone)
    after = day + timedelta(days=1)
    return begins, datetime(after.year, after.month, after.day, tzinfo=site.timezone)


def _local(site: Site, moment: datetime) -> str:
    return moment.astimezone(site.timezone).isoformat(sep=" ", timespec="minutes")
