"""Files that partners drop: rows about stages, or of what they know, each counted once.

A row is known by its ``key``, or by all it says, so that a file that comes again, mended or after a
process was killed over it, says nothing twice.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from pydantic import ValidationError

from api.partner_bodies import Facts, StageWord
from api.stages import ACTS
from flowctl.errors import FlowctlError
from flowctl.registry import pushes
from flowctl.registry.facts import take_facts
from flowctl.registry.keys import Keys
from flowctl.registry.partners import get_named
from flowctl.registry.table_file import Cell, Formula, Row, read_table
from flowctl.site import Site
from flowctl.storage.audit import By, add_record
from flowctl.storage.sources import Scope, Source
from flowctl.storage.stages import Connection
from flowctl.workflow.catalogue import SETTLED

_NAMED = ("trip", "plate", "declaration")
_OF_STAGES = ("key", *_NAMED, "stage", "act", "at", "reason", "note", *SETTLED)
_OF_FACTS = (*_NAMED, *(name for name in Facts.model_fields if name not in _NAMED))
_NUMBERS = ("weight_t", "keeps_h", "temperature_c", "value_vnd")

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of a row, by its number in the file; ``detail`` says why not, or what differs."""

    row: int
    status: Literal["done", "repeated", "refused"]
    trip: int | None = None
    detail: str = ""


def take_file(
    conn: Connection, site: Site, keys: Keys, source: Source, content: bytes, *, now: datetime
) -> list[RowResult]:
    """Do what the rows of a file say, each by itself, in the caller's transaction.

    Raises
    ------
    FlowctlError
        The file cannot be read, its heading is neither of stages nor of facts, or the source may
        not say such things. Nothing was done.
    """
    heading, *rows = read_table(content)
    names = [str(cell or "").strip().lower() for cell in heading.cells]
    of_stages = {"stage", "act"} <= set(names)
    known = _OF_STAGES if of_stages else _OF_FACTS
    unknown = [name for name in names if name not in known]
    if unknown or len(set(names)) < len(names) or not set(names) & set(_NAMED):
        raise FlowctlError(
            f"The heading cannot be read: {', '.join(unknown) or 'a column is missing or twice'}."
            f" Rows about stages have {', '.join(_OF_STAGES)}; rows of what is known have"
            f" {', '.join(_OF_FACTS)}."
        )
    scope = Scope.STAGES_WRITE if of_stages else Scope.FACTS_WRITE
    if scope not in source.scopes:
        raise FlowctlError(
            f"The source {source.name} may not do this; let it with: flowctl source set"
            f" {source.name} --may …,{scope}"
        )
    if of_stages:
        pushes.desk_of(source)
    take = _take_word if of_stages else _take_facts
    results = []
    for row in rows:
        try:
            with conn.transaction():
                results.append(take(conn, site, keys, source, row, _values(names, row), now))
        except FlowctlError as error:
            results.append(RowResult(row.number, "refused", detail=str(error)))
    return results


def _take_word(
    conn: Connection,
    site: Site,
    _keys: Keys,
    source: Source,
    row: Row,
    said: Values,
    now: datetime,
) -> RowResult:
    body: dict[str, Any] = {name: said[name] for name in said if name not in (*SETTLED, "at")}
    body["settled"] = {name: said[name] for name in SETTLED if name in said}
    if "at" in said:
        body["at"] = _moment(site, said["at"])
    body.setdefault("key", _key(said))
    try:
        item = StageWord.model_validate(body)
    except ValidationError as error:
        raise FlowctlError(_sentence(error)) from error
    trip = pushes.trip_of(conn, site, item.word())
    if not pushes.push_word(conn, site, source, trip, item.word(), now=now):
        return RowResult(row.number, "repeated", trip)
    after = {"stage": item.stage, "desk": str(source.agency), "reason": item.reason}
    _record(conn, site, source, ACTS[item.act], trip, after, now)
    return RowResult(row.number, "done", trip)


def _take_facts(
    conn: Connection, site: Site, keys: Keys, source: Source, row: Row, said: Values, now: datetime
) -> RowResult:
    values: dict[str, Any] = dict(said)
    for name in _NUMBERS:
        if name in values:
            values[name] = _number(name, values[name])
    named = {name: values.pop(name, None) for name in ("trip", "plate")}
    # A customs number names the trip where nothing else does; beside a plate it is a fact.
    declaration = None if any(named.values()) else values.pop("declaration", None)
    try:
        facts = Facts.model_validate(values)
        number = None if named["trip"] is None else int(named["trip"])
    except ValidationError as error:
        raise FlowctlError(_sentence(error)) from error
    except ValueError as error:
        raise FlowctlError(f"trip: {named['trip']!r} is no number.") from error
    trip = get_named(conn, site, trip=number, plate=named["plate"], declaration=declaration)
    met = take_facts(
        conn,
        site,
        keys,
        trip,
        facts.model_dump(exclude_none=True),
        source=f"source:{source.name}",
        now=now,
    )
    if not met.filled and not met.conflicts:
        return RowResult(row.number, "repeated", trip)
    after = {"filled": met.filled, "conflicts": met.conflicts}
    _record(conn, site, source, "partner.facts", trip, after, now)
    differs = f"differs: {', '.join(met.conflicts)}" if met.conflicts else ""
    return RowResult(row.number, "done", trip, differs)


def _record(
    conn: Connection,
    site: Site,
    source: Source,
    act: str,
    trip: int,
    after: Mapping[str, Any],
    now: datetime,
) -> None:
    by = By(f"source:{source.name}", "machine", None)
    add_record(conn, site.id, by, act=act, subject=f"trip:{trip}", before=None, after=after, at=now)


def _values(names: Sequence[str], row: Row) -> dict[str, str]:
    """Return the cells of a row that say anything, by their columns."""
    if len(row.cells) > len(names):
        raise FlowctlError(f"It has {len(row.cells)} cells under {len(names)} columns.")
    said = {name: _text(name, cell) for name, cell in zip(names, row.cells, strict=False)}
    return {name: text for name, text in said.items() if text}


def _text(name: str, cell: Cell) -> str:
    if isinstance(cell, Formula):
        raise FlowctlError(f"{name}: a formula is not worked out; write its value.")
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


def _number(name: str, text: str) -> float | int:
    try:
        return int(text) if name == "value_vnd" else float(text.replace(",", "."))
    except ValueError as error:
        raise FlowctlError(f"{name}: {text[:40]!r} is no number.") from error


def _moment(site: Site, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise FlowctlError(
            f"at: {text[:40]!r} is no moment; write it as 2026-11-23 08:15."
        ) from error
    return at.replace(tzinfo=site.timezone) if at.tzinfo is None else at


def _key(said: Values) -> str:
    text = "\x1f".join(f"{name}={said[name]}" for name in sorted(said))
    return f"row-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _sentence(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_context=False)[:5]
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found)
