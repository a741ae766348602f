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

    A key that comes again with the same file is answered the same, and nothing is declared twice.
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
    """Say what would come of a table, and undo it."""
    now: datetime = request.app.state.clock.now()
    with transaction(request) as conn, conn.transaction(force_rollback=True):
        tried = _imported(request, conn, content, who, now)
    return ImportAnswer(tried.rows, len(tried.trips), [], [_shown(one) for one in tried.faults])


def _make(
    request: Request, response: Response, content: bytes, who: Caller, key: MaybeKey
) -> ImportAnswer:
    state = request.app.state

    def do(conn: Connection, by: By, now: datetime) -> int:
        made = _imported(request, conn, content, who, now)
        faults = [_shown(one) for one in made.faults]
        answer = ImportAnswer(made.rows, len(made.trips), made.trips, faults)
        subject = registry.keep(
            conn, state.site, state.keys, asdict(answer), account=by.name, now=now
        )
        after = {"rows": made.rows, "trips": made.trips, "faults": len(faults)}
        record(request, conn, "import.make", f"import:{subject}", after=after)
        return subject

    def show(conn: Connection, subject: int) -> ImportAnswer:
        kept = registry.find_kept(conn, state.site, state.keys, subject, account=who.signature)
        if kept is None:
            raise NotFoundError("What came of this table is kept no longer.", kind="import_old")
        faults = [FaultAnswer(**one) for one in kept.pop("faults")]
        return ImportAnswer(**kept, faults=faults)

    body = ImportedFile(sha256=sha256(content).hexdigest())
    return act_once(request, response, key, body, do=do, show=show)


def _imported(
    request: Request, conn: Connection, content: bytes, who: Caller, now: datetime
) -> registry.Imported:
    state = request.app.state
    own = who.name if who.role is Role.HAULIER else None
    return registry.import_trips(
        conn, state.site, state.keys, content, own=own, by=who.signature, now=now
    )


def _shown(fault: Fault) -> FaultAnswer:
    refusal = fault.refusal
    values = said_values(refusal.values)
    return FaultAnswer(fault.row, fault.column, refusal.sentence, refusal.kind, values)


def _file(content: bytes, media_type: str, ending: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="flowctl.{ending}"'}
    return Response(content, media_type=media_type, headers=headers)
