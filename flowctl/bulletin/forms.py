"""A bulletin in the form and language somebody asks for."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from flowctl.bulletin.document import LANGUAGES, Document, write_document
from flowctl.bulletin.html import write_html
from flowctl.bulletin.pdf import write_pdf
from flowctl.bulletin.sheets import write_csv, write_xlsx
from flowctl.errors import FlowctlError
from flowctl.notify.texts import catalogue
from flowctl.storage.bulletins import Bulletin

FORMS: Mapping[str, str] = {
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "json": "application/json",
}
"""The forms there are, with the type each is sent as."""


class File(NamedTuple):
    """A bulletin as a file."""

    name: str
    content_type: str
    content: bytes


def write_bulletin(bulletin: Bulletin, form: str, language: str) -> File:
    """Return a bulletin as a file.

    Raises
    ------
    FlowctlError
        There is no such form or language, or not both together.
    """
    if form not in FORMS:
        raise FlowctlError(f"There is no bulletin as {form[:20]!r}; there are {', '.join(FORMS)}.")
    if language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise FlowctlError(f"There is no bulletin in {language[:20]!r}; there are {known}.")
    days = bulletin.figures.day.isoformat()
    if bulletin.figures.until != bulletin.figures.day:
        days += f"_{bulletin.figures.until.isoformat()}"
    if bulletin.figures.unfinished:
        days += "_unfinished"
    name = f"{bulletin.figures.site}_{days}_{language}.{form}"
    return File(name, FORMS[form], _content(bulletin, form, language))


def _content(bulletin: Bulletin, form: str, language: str) -> bytes:
    if form == "json":
        return msgspec.json.encode(bulletin)
    document = document_of(bulletin, language)
    if form == "pdf":
        return write_pdf(document, bulletin.made_at)
    if form == "xlsx":
        return write_xlsx(document, bulletin.made_at)
    return (write_html(document) if form == "html" else write_csv(document)).encode()


def document_of(bulletin: Bulletin, language: str) -> Document:
    """Return a bulletin in words."""
    return write_document(
        bulletin.figures,
        catalogue(language)["page"],
        language,
        version=bulletin.version,
        made_at=bulletin.made_at,
        changed=bulletin.changed,
    )
