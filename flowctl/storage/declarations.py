"""What a trip's one declaration says beside what places in the order rest on, at rest."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Papers:
    """What a declaration says of truck, goods and driver; see `flowctl.registry.rules`.

    ``driver_cipher`` is the driver's name and licence, sealed by the driver's own key.
    """

    handover: str | None = None
    trailer: str | None = None
    nationality: str = "VN"
    load: str = "laden"
    goods: str | None = None
    goods_class: str | None = None
    goods_code: str | None = None
    weight_class: str | None = None
    value_vnd: int | None = None
    keeps_h: float | None = None
    temperature_c: float | None = None
    pair_plate: str | None = None
    customer: str | None = None
    driver_cipher: bytes | None = None
    licence_until: date | None = None
    consent_at: datetime | None = None
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeclarationRow:
    """A declaration as it stands; ``origins`` and ``settled`` are by field.

    ``origins`` says from whom a field came that nobody typed, ``settled`` which stage said it
    since. ``revision`` grows with every change.
    """

    trip_id: int
    workflow_id: int | None
    variant: str | None
    handover: str | None
    trailer: str | None
    nationality: str
    load: str
    goods: str | None
    goods_class: str | None
    goods_code: str | None
    weight_class: str | None
    value_vnd: int | None
    keeps_h: float | None
    temperature_c: float | None
    pair_plate: str | None
    customer: str | None
    driver_cipher: bytes | None
    licence_until: date | None
    consent_at: datetime | None
    marks: list[str]
    origins: dict[str, str]
    settled: dict[str, str]
    customs_number: str | None
    changed_at: datetime
    revision: int

    @property
    def papers(self) -> Papers:
        """What of it is declared."""
        said = {one.name: getattr(self, one.name) for one in fields(Papers)}
        return Papers(**said | {"marks": tuple(self.marks)})


@dataclass(frozen=True, slots=True)
class Twin:
    """The other trip of a transshipment."""

    trip_id: int
    plate: str
    state: str


_INSERT: LiteralString = (
    "insert into declarations (trip_id, handover, trailer, nationality, load, goods, goods_class,"
    " goods_code, weight_class, value_vnd, keeps_h, temperature_c, pair_plate, customer,"
    " driver_cipher, licence_until, consent_at, marks, origins, changed_at, workflow_id, variant)"
    " values (%(trip)s, %(handover)s, %(trailer)s, %(nationality)s, %(load)s, %(goods)s,"
    " %(goods_class)s, %(goods_code)s, %(weight_class)s, %(value_vnd)s, %(keeps_h)s,"
    " %(temperature_c)s, %(pair_plate)s, %(customer)s, %(driver_cipher)s, %(licence_until)s,"
    " %(consent_at)s, %(marks)s, %(origins)s, %(now)s, %(workflow)s, %(variant)s)"
)


def insert_declaration(
    conn: Connection,
    trip_id: int,
    papers: Papers,
    *,
    origins: Mapping[str, str],
    workflow_id: int | None,
    variant: str | None,
    now: datetime,
) -> None:
    """Enter what a new trip's declaration says; ``origins`` by field, where it was not typed.

    It begins by this version of the workflow and this variant; None where the site has none.
    """
    said = _columns(papers) | {"trip": trip_id, "origins": Jsonb(dict(origins)), "now": now}
    said |= {"workflow": workflow_id, "variant": variant}
    conn.execute(_INSERT, said)


def update_declaration(
    conn: Connection,
    trip_id: int,
    papers: Papers,
    *,
    origins: Mapping[str, str],
    now: datetime,
) -> None:
    """Change what a declaration says; a trip of before has none, and gets one."""
    said = _columns(papers) | {"trip": trip_id, "origins": Jsonb(dict(origins)), "now": now}
    said |= {"workflow": None, "variant": None}
    conn.execute(
        _INSERT + " on conflict (trip_id) do update set handover = excluded.handover,"
        " trailer = excluded.trailer, nationality = excluded.nationality, load = excluded.load,"
        " goods = excluded.goods, goods_class = excluded.goods_class,"
        " goods_code = excluded.goods_code, weight_class = excluded.weight_class,"
        " value_vnd = excluded.value_vnd, keeps_h = excluded.keeps_h,"
        " temperature_c = excluded.temperature_c, pair_plate = excluded.pair_plate,"
        " customer = excluded.customer, driver_cipher = excluded.driver_cipher,"
        " licence_until = excluded.licence_until, consent_at = excluded.consent_at,"
        " marks = excluded.marks, origins = excluded.origins, changed_at = excluded.changed_at,"
        " revision = declarations.revision + 1",
        said,
    )


def mark_origins(conn: Connection, trip_id: int, fields: Collection[str], origin: str) -> None:
    """Mark fields of a declaration as come from somebody; those that are marked stay as they are.

    What is declared does not change with it, nor does the revision that somebody may have read.
    """
    conn.execute(
        "update declarations set origins = %s || origins where trip_id = %s",
        [Jsonb(dict.fromkeys(sorted(fields), origin)), trip_id],
    )


def find_declaration(conn: Connection, trip_id: int) -> DeclarationRow | None:
    """Return a trip's declaration; None for a trip of before declarations were kept."""
    with conn.cursor(row_factory=class_row(DeclarationRow)) as cursor:
        return cursor.execute("select * from declarations where trip_id = %s", [trip_id]).fetchone()


def find_trip_of_declaration(conn: Connection, site: str, number: str) -> int | None:
    """Return the active trip that names a customs declaration."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select id from trips where site = %s and declaration = %s and state = 'active'",
            [site, number],
        ).fetchone()


def find_twin(conn: Connection, site: str, trip_id: int, *, mutual: bool) -> Twin | None:
    """Return the other trip of a transshipment: whom this one names, or who names this one.

    ``mutual``: only where both name each other, so that nobody is shown a stranger's trip by naming
    its plate. Who names the other too comes first, then who is under way.
    """
    with conn.cursor(row_factory=class_row(Twin)) as cursor:
        return cursor.execute(
            "select o.id as trip_id, o.plate, o.state from trips t"
            " left join declarations d on d.trip_id = t.id join lateral ("
            "  select named.*, e.pair_plate = t.plate as is_mutual from trips named"
            "   left join declarations e on e.trip_id = named.id where named.plate = d.pair_plate"
            "  union all select naming.*, false from declarations e join trips naming"
            "   on naming.id = e.trip_id where e.pair_plate = t.plate"
            "   and naming.plate is distinct from d.pair_plate) o"
            " on o.site = t.site and o.id <> t.id"
            " and coalesce(o.ended_at, 'infinity') > t.registered_at"
            " and coalesce(t.ended_at, 'infinity') > o.registered_at"
            " where t.site = %s and t.id = %s and (o.is_mutual is true or not %s)"
            " order by o.is_mutual is true desc, o.state = 'active' desc,"
            " o.plate = d.pair_plate desc, o.id desc limit 1",
            [site, trip_id, mutual],
        ).fetchone()


def find_person(conn: Connection, trip_id: int) -> tuple[int, bytes | None] | None:
    """Return a trip's driver and the driver's encrypted number."""
    return conn.execute(
        "select d.id, d.phone_cipher from trips t join drivers d on d.id = t.driver_id"
        " where t.id = %s",
        [trip_id],
    ).fetchone()


def adopt_draft(conn: Connection, site: str, draft: UUID, trip_id: int, *, account: str) -> bool:
    """Make a trip of an account's draft: its documents become the trip's, its words are gone.

    Returns False where the account has no such draft, or it became a trip before.
    """
    adopted = conn.execute(
        "update drafts set trip_id = %s, cipher = ''::bytea where id = %s and site = %s"
        " and account = %s and trip_id is null",
        [trip_id, draft, site, account],
    )
    if adopted.rowcount == 0:
        return False
    conn.execute(
        "update documents set trip_id = %s, draft_id = null where draft_id = %s", [trip_id, draft]
    )
    return True


def is_document_of(conn: Connection, trip_id: int, document: UUID) -> bool:
    """Tell whether a document was added to a trip, and is fit to be looked at."""
    row = conn.execute(
        "select from documents where id = %s and trip_id = %s and state in ('unscanned', 'clean')",
        [document, trip_id],
    ).fetchone()
    return row is not None


def _columns(papers: Papers) -> dict[str, Any]:
    said: dict[str, Any] = {one.name: getattr(papers, one.name) for one in fields(papers)}
    return said | {"marks": list(papers.marks)}
