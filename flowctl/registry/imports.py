"""A table of trips: its good rows are declared, of the bad ones it is said what is wrong and where.

It is gone through in pieces, each in a transaction of its caller's, so that nobody waits for all of
it; how far it was gone through is kept with what is answered, and who asks again goes on there.
"""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flowctl.data_files import catalogue
from flowctl.errors import ConflictError, FlowctlError
from flowctl.ledger.entries import Entry
from flowctl.registry.entering import refuse_over_quota
from flowctl.registry.facts import meet_foreknown
from flowctl.registry.keys import Keys, decrypt_own, encrypt_own
from flowctl.registry.plates import strip_mark
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
from flowctl.registry.trips import enter, settle, trip_of
from flowctl.site import Site
from flowctl.state import Cargo, Direction
from flowctl.storage import imports as stored
from flowctl.storage.conflicts import list_foreknown_trips
from flowctl.storage.imports import Connection
from flowctl.storage.workflows import find_workflow
from flowctl.workflow.catalogue import LOADS, NATIONALITIES, Workflow

TRIED, MADE = 20, 50
"""How many rows are tried, or declared, in one transaction: others wait no longer than for these.
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A file as read: what each row, by its number, declares, or what is wrong in its cells."""

    rows: Mapping[int, Declaration | list[Fault]]

    def following(self, after: int, most: int) -> list[int]:
        """Return the numbers of the next rows, at most so many; empty at the end."""
        return [number for number in self.rows if number > after][:most]

    def declared(self, rows: Collection[int]) -> list[tuple[int, Declaration]]:
        """Return what some rows declare."""
        said = [(number, self.rows[number]) for number in rows if number in self.rows]
        return [(number, one) for number, one in said if isinstance(one, Declaration)]


@dataclass(frozen=True, slots=True)
class Piece:
    """What came of some rows: ``entries`` by row of those that were entered, and every fault."""

    entries: Mapping[int, Entry]
    faults: list[Fault]

    @property
    def trips(self) -> list[int]:
        """The trips made."""
        return [trip_of(entry) for entry in self.entries.values()]


def read_file(
    conn: Connection, site: Site, content: bytes, *, own: str | None, now: datetime
) -> Table:
    """Read a file as `flowctl.registry.table_file` does, all of it, before any row is declared.

    Parameters
    ----------
    own
        The haulier whose account this is: rows are its trucks'. None: rows say whose.

    Raises
    ------
    FlowctlError
        The file cannot be read, or its heading is not the form's.
    """
    heading, *rows = read_table(content)
    fields = read_heading(heading, labels())
    choices = choices_of(site, _workflow(conn, site, now))
    read: dict[int, Declaration | list[Fault]] = {}
    for row in rows:
        said = read_row(row, fields, choices, site.timezone)
        try:
            read[row.number] = _owned(said, own) if isinstance(said, Declaration) else said
        except FlowctlError as error:
            read[row.number] = [fault_of(row.number, error)]
    return Table(read)


def enter_rows(
    conn: Connection,
    site: Site,
    keys: Keys,
    table: Table,
    rows: Sequence[int],
    *,
    taken: Collection[int],
    tried: Collection[int] = (),
    by: str,
    now: datetime,
) -> Piece:
    """Enter the good ones of a table's rows, each in a savepoint: what is refused leaves nothing.

    What only the ledger lacks `settle_rows` does; who only tries it undoes the transaction.

    Parameters
    ----------
    taken
        Rows of this table that were good before these.
    tried
        Those of them that were undone since, which no look into the tables finds.
    """
    others = {mark: number for number, one in table.declared(taken) for mark in _marks_of(one)}
    beside = Counter(one.haulier for _, one in table.declared(tried))
    entries: dict[int, Entry] = {}
    faults: list[Fault] = []
    for number in rows:
        said = table.rows[number]
        if not isinstance(said, Declaration):
            faults += said
            continue
        marks = _marks_of(said)
        try:
            _refuse_twice(marks, others)
            if beside[said.haulier]:
                refuse_over_quota(conn, site, said.haulier, beside=beside[said.haulier])
            with conn.transaction():
                entries[number] = enter(conn, site, keys, said, by=by, now=now, origins={})
        except FlowctlError as error:
            faults.append(fault_of(number, error))
        else:
            others |= dict.fromkeys(marks, number)
    return Piece(entries, faults)


def settle_rows(conn: Connection, site: Site, keys: Keys, piece: Piece, *, now: datetime) -> None:
    """Write a piece's trips into the ledger, and let partners' words meet them: last of all."""
    known = list_foreknown_trips(conn, site.id, piece.trips)
    settle(conn, site, list(piece.entries.values()), now=now)
    for trip in known:
        meet_foreknown(conn, site, keys, trip, now=now)


def begin(
    conn: Connection,
    site: Site,
    keys: Keys,
    shown: Mapping[str, Any],
    *,
    account: str,
    now: datetime,
) -> int:
    """Keep what is answered to a table, for whoever asks again with its key; returns its id."""
    cipher = _sealed(keys, shown, account)
    return stored.insert_import(conn, site.id, account=account, cipher=cipher, now=now)


def find_kept(
    conn: Connection, site: Site, keys: Keys, import_id: int, *, account: str
) -> dict[str, Any] | None:
    """Return what is answered to a table so far; None once it is forgotten.

    Nobody else goes on with the table before the transaction ends.
    """
    cipher = stored.find_import(conn, site.id, import_id)
    if cipher is None:
        return None
    shown: dict[str, Any] = json.loads(decrypt_own(keys.form_ciphers, cipher, _place(account)))
    return shown


def keep(
    conn: Connection, keys: Keys, import_id: int, shown: Mapping[str, Any], *, account: str
) -> None:
    """Keep what is answered to a table after another piece of it."""
    stored.update_import(conn, import_id, cipher=_sealed(keys, shown, account))


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


def _marks_of(declaration: Declaration) -> list[tuple[str, str]]:
    """Return what no two active trips have, each in the one spelling, by field."""
    device, number = declaration.device, declaration.declaration
    return [
        ("plate", strip_mark(declaration.plate)),
        *([] if device is None else [("device", device.strip())]),
        *([] if number is None else [("declaration", "".join(number.split()).upper())]),
    ]


def _refuse_twice(marks: Sequence[tuple[str, str]], others: Mapping[tuple[str, str], int]) -> None:
    for field, value in marks:
        if (field, value) in others:
            row = others[field, value]
            raise ConflictError(
                f"{field} {value[:40]} stands in row {row} already; leave one of the two rows out.",
                kind="same_as_row",
                values={"field": field, "value": value[:40], "row": row},
            )


def _sealed(keys: Keys, shown: Mapping[str, Any], account: str) -> bytes:
    text = json.dumps(shown, ensure_ascii=False).encode()
    return encrypt_own(keys.form_cipher, text, _place(account))


def _place(account: str) -> str:
    return f"import of {account}"
