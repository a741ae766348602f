"""Tables of trips taken in, and the forms to fill in."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.auth import Caller
from api.once import MaybeKey, act_once
from api.record import record
from api.refusals import said_values
from api.transaction import transaction
from api.trips import Who
from flowctl.errors import NotFoundError
from flowctl.registry import imports as registry
from flowctl.registry.accounts import Role
from flowctl.registry.trip_form import form_csv, form_xlsx
from flowctl.registry.trip_rows import Fault
from flowctl.storage.audit import By
from flowctl.storage.imports import Connection

router = APIRouter(tags=["trips"])

Language = Literal["vi", "zh", "en"]
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ImportedFile(BaseModel):
    """What a request for an import is known by."""

    sha256: str


@dataclass(frozen=True, slots=True)
class FaultAnswer:
    """What is wrong in a row as the spreadsheet counts, and in which column where it is one's."""

    row: int
    column: str | None
    text: str
    kind: str | None
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportAnswer:
    """What came of a table; of a trial ``made`` are those that would be, and ``trips`` is empty."""

    rows: int
    made: int
    trips: list[int]
    faults: list[FaultAnswer]


@dataclass(frozen=True, slots=True)
class KeptImport:
    """What came of a table so far, as it is kept.

    ``taken`` are the rows of ``trips``; the next one comes ``after`` a row, null where all was gone
    through in one piece, as once it was.
    """

    rows: int
    made: int = 0
    trips: list[int] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    after: int | None = None


@router.post("/v1/imports")
async def import_table(
    request: Request,
    response: Response,
    who: Who,
    key: MaybeKey = None,
    *,
    dry: bool = False,
) -> ImportAnswer:
    """Declare the good rows of a CSV or XLSX file, the raw body; ``dry`` only says what would be.

    They are declared in pieces, so that nobody waits for all of them. A key that comes again with
    the same file is answered the same, and nothing is declared twice; what was broken off goes on.
    """
    content = await request.body()
    take = _try if dry else _make
    return await run_in_threadpool(take, request, response, content, who, key)


@router.get("/v1/imports/form.csv")
def show_csv_form(language: Language = "vi") -> Response:
    """Return the form as CSV."""
    text = form_csv(registry.labels(), language)
    return _file(text.encode(), "text/csv; charset=utf-8", "csv")


@router.get("/v1/imports/form.xlsx")
def show_xlsx_form(request: Request, language: Language = "vi") -> Response:
    """Return the form as XLSX, with the choices there are now."""
    state = request.app.state
    with transaction(request) as conn:
        choices = registry.form_choices(conn, state.site, state.clock.now())
    return _file(form_xlsx(registry.labels(), choices, language), _XLSX, "xlsx")


def _try(
    request: Request, _response: Response, content: bytes, who: Caller, _key: object
) -> ImportAnswer:
    """Say what would come of a table: a few rows at a time, each time undone."""
    state = request.app.state
    table = _read(request, content, who)
    good: list[int] = []
    faults: list[FaultAnswer] = []
    after = 0
    while rows := table.following(after, registry.TRIED):
        with transaction(request) as conn, conn.transaction(force_rollback=True):
            tried = registry.enter_rows(
                conn,
                state.site,
                state.keys,
                table,
                rows,
                taken=good,
                tried=good,
                by=who.signature,
                now=state.clock.now(),
            )
        good += tried.entries
        faults += [_shown(one) for one in tried.faults]
        after = rows[-1]
    return ImportAnswer(len(table.rows), len(good), [], faults)


def _make(
    request: Request, response: Response, content: bytes, who: Caller, key: MaybeKey
) -> ImportAnswer:
    """Declare a table in pieces; who asks again with its key goes on where it was left."""
    state = request.app.state
    table = _read(request, content, who)

    def begin(conn: Connection, by: By, now: datetime) -> int:
        kept = asdict(KeptImport(rows=len(table.rows), after=0))
        return registry.begin(conn, state.site, state.keys, kept, account=by.name, now=now)

    body = ImportedFile(sha256=sha256(content).hexdigest())
    subject = act_once(request, response, key, body, do=begin, show=lambda _conn, made: made)
    while True:
        with transaction(request) as conn:
            kept = _find(request, conn, who, subject)
            rows = [] if kept.after is None else table.following(kept.after, registry.MADE)
            if not rows:
                faults = [FaultAnswer(**one) for one in kept.faults]
                return ImportAnswer(kept.rows, kept.made, kept.trips, faults)
            _make_piece(request, conn, table, rows, kept, who, subject)


def _make_piece(
    request: Request,
    conn: Connection,
    table: registry.Table,
    rows: list[int],
    kept: KeptImport,
    who: Caller,
    subject: int,
) -> None:
    state = request.app.state
    now: datetime = state.clock.now()
    piece = registry.enter_rows(
        conn, state.site, state.keys, table, rows, taken=kept.taken, by=who.signature, now=now
    )
    faults = [asdict(_shown(one)) for one in piece.faults]
    grown = KeptImport(
        rows=kept.rows,
        made=kept.made + len(piece.trips),
        trips=[*kept.trips, *piece.trips],
        faults=[*kept.faults, *faults],
        taken=[*kept.taken, *piece.entries],
        after=rows[-1],
    )
    registry.keep(conn, state.keys, subject, asdict(grown), account=who.signature)
    said = {"rows": len(rows), "trips": piece.trips, "faults": len(faults)}
    record(request, conn, "import.make", f"import:{subject}", after=said)
    registry.settle_rows(conn, state.site, state.keys, piece, now=now)


def _read(request: Request, content: bytes, who: Caller) -> registry.Table:
    state = request.app.state
    own = who.name if who.role is Role.HAULIER else None
    with transaction(request) as conn:
        return registry.read_file(conn, state.site, content, own=own, now=state.clock.now())


def _find(request: Request, conn: Connection, who: Caller, subject: int) -> KeptImport:
    state = request.app.state
    kept = registry.find_kept(conn, state.site, state.keys, subject, account=who.signature)
    if kept is None:
        raise NotFoundError("What came of this table is kept no longer.", kind="import_old")
    return KeptImport(**kept)


def _shown(fault: Fault) -> FaultAnswer:
    refusal = fault.refusal
    values = said_values(refusal.values)
    return FaultAnswer(fault.row, fault.column, refusal.sentence, refusal.kind, values)


def _file(content: bytes, media_type: str, ending: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="flowctl.{ending}"'}
    return Response(content, media_type=media_type, headers=headers)
