"""Receipts, and a day's settlement, as papers: HTML, PDF, CSV, a workbook. Pure."""

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import xlsxwriter

from flowctl.bulletin.document import Cell, Document, Table
from flowctl.bulletin.html import write_html
from flowctl.bulletin.pdf import write_pdf
from flowctl.bulletin.sheets import add_sheet
from flowctl.csv_text import csv_text
from flowctl.site import Site
from flowctl.storage.fees import PaymentRecord

Names = Mapping[str, Mapping[str, str]]
"""The names of services, by id and language."""
Words = Mapping[str, Any]
"""The ``page`` part of a language's catalogue."""
RECEIPT_FORMS: Mapping[str, str] = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
}
SETTLEMENT_FORMS: Mapping[str, str] = {
    **RECEIPT_FORMS,
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class Sum:
    """What one cashier took at a gate by a method: how many payments and refunds, and how much."""

    gate: str | None
    method: str
    by: str
    n: int
    amount_vnd: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """What was entered on a local day; ``is_over``: nothing will be added to it any more.

    ``services`` is how much of it is for which service. A refund counts on the day it was given.
    """

    day: date
    is_over: bool
    payments: Sequence[PaymentRecord]
    rows: Sequence[Sum]
    services: Mapping[str, int]

    @property
    def total_vnd(self) -> int:
        """Return what was taken less what was given back."""
        return sum(one.amount_vnd for one in self.payments)


def settle(
    day: date, payments: Sequence[PaymentRecord], *, ends_at: datetime, now: datetime
) -> Settlement:
    """Sum a day's payments up by gate, method and cashier, and by service."""
    taken: dict[tuple[str, str, str], list[int]] = {}
    services: Counter[str] = Counter()
    for one in payments:
        taken.setdefault((one.gate or "", one.method, one.recorded_by), []).append(one.amount_vnd)
        services.update(one.services)
    rows = [
        Sum(gate or None, method, by, len(sums), sum(sums))
        for (gate, method, by), sums in sorted(taken.items())
    ]
    return Settlement(day, ends_at <= now, payments, rows, dict(sorted(services.items())))


def write_receipt(
    payment: PaymentRecord,
    form: str,
    *,
    site: Site,
    names: Names,
    words: Words,
    language: str,
    of: str | None,
) -> bytes:
    """Return a receipt in one of `RECEIPT_FORMS`; ``of`` is the receipt that a refund gives back.

    Raises
    ------
    FlowctlError
        There are no letters for a PDF in this language.
    """
    document = _receipt(payment, site, names, words, language, of)
    if form == "pdf":
        return write_pdf(document, payment.recorded_at)
    return write_html(document).encode()


def write_settlement(
    settlement: Settlement,
    form: str,
    *,
    site: Site,
    names: Names,
    words: Words,
    language: str,
    now: datetime,
) -> bytes:
    """Return a day's settlement in one of `SETTLEMENT_FORMS`; CSV has a line a payment.

    Raises
    ------
    FlowctlError
        There are no letters for a PDF in this language.
    """
    document = _settlement(settlement, site, names, words, language)
    if form == "pdf":
        return write_pdf(_on_paper(document), now)
    if form == "html":
        return write_html(document).encode()
    listed = document.tables[-1]
    if form == "csv":
        return csv_text(listed.head, listed.rows, for_excel=True).encode()
    out = io.BytesIO()
    safe = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(out, safe)
    book.set_properties({"title": document.title, "created": now.astimezone(UTC)})
    taken: set[str] = set()
    said = [document.title, *document.lines, *document.notes]
    for table in document.tables:
        add_sheet(book, taken, said, table)
        said = []
    book.close()
    return out.getvalue()


def _receipt(
    payment: PaymentRecord,
    site: Site,
    names: Names,
    words: Words,
    language: str,
    of: str | None,
) -> Document:
    said = words["fees"]
    title = said["receipt" if of is None else "refund_receipt"]
    rows = [
        (_service(names, service, language), amount) for service, amount in payment.services.items()
    ]
    given = () if of is None else ((said["of_receipt"], of), (said["reason"], payment.reason or ""))
    about = (
        (said["plate"], payment.plate),
        (said["gate"], _gate(site, payment.gate, language, said)),
        (said["paid_at"], _local(site, payment.paid_at)),
        (said["method"], _method(words, payment.method)),
        (said["reference"], _reference(payment)),
        (said["taken_by"], payment.recorded_by),
        *given,
    )
    head = (said["service"], said["amount"])
    lines = (*rows, (said["total"], payment.amount_vnd))
    return Document(
        title=f"{title} {payment.number}",
        lines=(site.name[language], *(f"{name}: {value}" for name, value in about)),
        summary=Table("summary", "", "", (), ()),
        tables=(Table("lines", said["services"], said["services"], head, lines),),
        notes=(said["receipt_note"].replace("{at}", _local(site, payment.recorded_at)),),
        gates={},
        language=language,
    )


def _settlement(
    settlement: Settlement, site: Site, names: Names, words: Words, language: str
) -> Document:
    said = words["fees"]
    sums = tuple(
        (
            _gate(site, one.gate, language, said),
            _method(words, one.method),
            one.by,
            one.n,
            one.amount_vnd,
        )
        for one in settlement.rows
    )
    total = ("", "", said["total"], len(settlement.payments), settlement.total_vnd)
    by_service = tuple(
        (_service(names, service, language), amount)
        for service, amount in settlement.services.items()
    )
    listed = tuple(
        (
            one.number,
            _local(site, one.recorded_at),
            one.plate,
            _gate(site, one.gate, language, said),
            _method(words, one.method),
            _reference(one),
            one.recorded_by,
            one.amount_vnd,
            one.reason or "",
        )
        for one in settlement.payments
    )
    of_sums = (said["gate"], said["method"], said["taken_by"], said["count"], said["amount"])
    of_list = (
        *(said["number"], said["recorded_at"], said["plate"], said["gate"], said["method"]),
        *(said["reference"], said["taken_by"], said["amount"], said["reason"]),
    )
    services, taken = said["services"], said["payments"]
    return Document(
        title=said["settlement"].replace("{day}", settlement.day.isoformat()),
        lines=(site.name[language],),
        summary=Table("summary", "", "", (), ()),
        tables=(
            Table("sums", said["sums"], said["sums"], of_sums, (*sums, total)),
            Table("services", services, services, (said["service"], said["amount"]), by_service),
            Table("payments", taken, taken, of_list, listed),
        ),
        notes=() if settlement.is_over else (said["not_over"],),
        gates={},
        language=language,
    )


def _reference(payment: PaymentRecord) -> str:
    """Return a payment's reference; a refund's is that of what it gives back."""
    return payment.reference.removeprefix("refund:")


def _on_paper(document: Document) -> Document:
    """Return a settlement without the columns for which a sheet of A4 has no room."""
    *before, listed = document.tables
    rows = tuple(_brief(cells) for cells in (listed.head, *listed.rows))
    head = tuple(map(str, rows[0]))
    return replace(document, tables=(*before, listed._replace(head=head, rows=rows[1:])))


def _brief(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    number, recorded_at, plate, _gate, method, _reference, taken_by, amount, _reason = cells
    return (number, recorded_at, plate, method, taken_by, amount)


def _service(names: Names, service: str, language: str) -> str:
    return names[service][language] if service in names else service


def _gate(site: Site, gate: str | None, language: str, said: Mapping[str, str]) -> str:
    known = site.gate_by_id.get(gate or "")
    return known.name[language] if known is not None else gate or said["no_gate"]


def _method(words: Words, method: str) -> str:
    named: str = words["declare_method"].get(method, method)
    return named


def _local(site: Site, moment: datetime) -> str:
    return moment.astimezone(site.timezone).strftime("%Y-%m-%d %H:%M")
