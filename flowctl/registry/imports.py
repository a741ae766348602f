"""A table of trips: its good rows are declared, of the bad ones it is said what is wrong and where.

All in the caller's transaction, each row in a savepoint of its own: what is refused leaves nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flowctl.data_files import catalogue
from flowctl.errors import FlowctlError
from flowctl.ledger.entries import Entry
from flowctl.registry.facts import meet_foreknown
from flowctl.registry.keys import Keys, decrypt_own, encrypt_own
from flowctl.registry.rules import LANGUAGES, Declaration
from flowctl.registry.table_file import read_table
from flowctl.registry.trip_rows import (
    COLUMNS,
    Choices,
    Fault,
    Names,
    fault_of,
    read_heading,
    read_row,
)
from flowctl.registry.trips import enter, settle
from flowctl.site import Site
from flowctl.state import Cargo, Direction
from flowctl.storage import imports as stored
from flowctl.storage.imports import Connection
from flowctl.storage.workflows import find_workflow
from flowctl.workflow.catalogue import LOADS, NATIONALITIES, Workflow


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a table: rows read, trips made (none of a trial), and every fault."""

    rows: int
    trips: list[int]
    faults: list[Fault]


def import_trips(
    conn: Connection,
    site: Site,
    keys: Keys,
    content: bytes,
    *,
    own: str | None,
    by: str,
    now: datetime,
) -> Imported:
    """Declare the good rows of a table.

    Parameters
    ----------
    content
        A file as `flowctl.registry.table_file` reads it.
    own
        The haulier whose account this is: rows are its trucks'. None: rows say whose.

    Raises
    ------
    FlowctlError
        The file cannot be read, or its heading is not the form's; nothing is declared.
    """
    heading, *rows = read_table(content)
    fields = read_heading(heading, labels())
    choices = choices_of(site, _workflow(conn, site, now))
    entries: list[Entry] = []
    faults: list[Fault] = []
    for row in rows:
        read = read_row(row, fields, choices, site.timezone)
        if not isinstance(read, Declaration):
            faults += read
            continue
        try:
            declaration = _owned(read, own)
            with conn.transaction():
                entries.append(enter(conn, site, keys, declaration, by=by, now=now, origins={}))
        except FlowctlError as error:
            faults.append(fault_of(row.number, error))
    settle(conn, site, entries, now=now)
    trips = [entry.trip_id for entry in entries if entry.trip_id is not None]
    for trip in trips:
        meet_foreknown(conn, site, keys, trip, now=now)
    return Imported(len(rows), trips, faults)


def keep(
    conn: Connection,
    site: Site,
    keys: Keys,
    shown: Mapping[str, Any],
    *,
    account: str,
    now: datetime,
) -> int:
    """Keep what was answered to a table, for whoever asks again with its key; returns its id."""
    text = json.dumps(shown, ensure_ascii=False).encode()
    cipher = encrypt_own(keys.form_cipher, text, _place(account))
    return stored.insert_import(conn, site.id, account=account, cipher=cipher, now=now)


def find_kept(
    conn: Connection, site: Site, keys: Keys, import_id: int, *, account: str
) -> dict[str, Any] | None:
    """Return what was answered to a table; None once it is forgotten."""
    cipher = stored.find_import(conn, site.id, import_id)
    if cipher is None:
        return None
    shown: dict[str, Any] = json.loads(decrypt_own(keys.form_cipher, cipher, _place(account)))
    return shown


def labels() -> dict[str, Names]:
    """Return what forms call the columns, by field and language."""
    words = {language: catalogue(language)["page"]["refusal_field"] for language in LANGUAGES}
    return {
        field: {language: words[language][field] for language in LANGUAGES} for field in COLUMNS
    }


def choices_of(site: Site, workflow: Workflow | None) -> Choices:
    """Return what cells choose from, with the names that forms show."""
    pages = {language: catalogue(language)["page"] for language in LANGUAGES}

    def named(section: str, codes: tuple[str, ...], prefix: str = "") -> dict[str, Names]:
        return {
            code: {one: pages[one][section][prefix + code] for one in LANGUAGES} for code in codes
        }

    of: dict[str, Mapping[str, Names]] = {
        "direction": named("direction", tuple(map(str, Direction))),
        "cargo": named("cargo", tuple(map(str, Cargo))),
        "load": named("declare", LOADS, "load_"),
        "gates": {gate.id: gate.name for gate in site.gates},
        "language": {language: {} for language in LANGUAGES},
        "nationality": {code: {} for code in NATIONALITIES},
    }
    if workflow is not None:
        of["goods_class"] = {one.id: one.name for one in workflow.goods_classes}
        of["weight_class"] = {one.id: one.name for one in workflow.weight_classes}
        of["handover"] = {one.id: one.name for one in workflow.handovers}
    return Choices(of)


def form_choices(conn: Connection, site: Site, now: datetime) -> Choices:
    """Return what a form offers at a moment."""
    return choices_of(site, _workflow(conn, site, now))


def _workflow(conn: Connection, site: Site, now: datetime) -> Workflow | None:
    found = find_workflow(conn, site.id, now)
    return None if found is None else found[1]


def _owned(declaration: Declaration, own: str | None) -> Declaration:
    if own is None:
        return declaration
    if declaration.haulier not in {None, own}:
        raise FlowctlError(
            f"The account {own} declares its own trucks only; leave the haulier out.",
            kind="other_haulier",
            values={"field": "haulier"},
        )
    return replace(declaration, haulier=own)


def _place(account: str) -> str:
    return f"import of {account}"
