"""What was set aside: every fix that is kept but not used, with its reason and its bytes."""

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from api.errors import Problem
from api.moments import Moment
from api.transaction import transaction
from flowctl.storage import aside as stored
from flowctl.storage.aside import AsideCount, AsideFilter, AsideRow
from flowctl.telemetry.fixes import microseconds
from flowctl.telemetry.screening import Reason

router = APIRouter(tags=["fixes"])

_CURSOR = re.compile(r"(\d{1,18})-(\d{1,18})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COUNTED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AsideItem:
    """An item as it came: ``raw`` is its text, or its bytes in base64 where they are no text."""

    id: int
    source: str | None
    received_at: datetime
    reason: str
    device: str | None
    fixed_at: datetime | None
    released_at: datetime | None
    raw: str
    encoding: str


@dataclass(frozen=True, slots=True)
class AsidePage:
    """Items, the newest first; ask on with ``after=next``, None at the end."""

    items: list[AsideItem]
    next: str | None


def asked(
    reason: Reason | None = None,
    source: Annotated[str | None, Query(max_length=64)] = None,
    since: Moment | None = None,
    until: Moment | None = None,
) -> AsideFilter:
    """Return what a request looks for."""
    return AsideFilter(None if reason is None else str(reason), source, since, until)


Asked = Annotated[AsideFilter, Depends(asked)]


@router.get("/v1/fixes/aside")
def list_aside(
    request: Request,
    wanted: Asked,
    after: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> AsidePage:
    """List fixes that were set aside, by reason, source and time of reception."""
    cursor = None if after is None else read_cursor(after)
    with transaction(request) as conn:
        rows = stored.list_aside(conn, wanted, after=cursor, limit=limit)
    end = len(rows) < limit
    return AsidePage([_item(row) for row in rows], None if end else cursor_of(rows[-1]))


@router.get("/v1/fixes/aside/counts")
def count_aside(request: Request, wanted: Asked) -> list[AsideCount]:
    """Count them by hour, source and reason: of the last day, unless ``since`` says otherwise."""
    if wanted.since is None:
        end = wanted.until or request.app.state.clock.now()
        wanted = AsideFilter(wanted.reason, wanted.source, end - _COUNTED, wanted.until)
    with transaction(request) as conn:
        return stored.count_aside(conn, wanted)


def cursor_of(row: AsideRow) -> str:
    """Return where a listing goes on behind a row."""
    return f"{microseconds(row.received_at)}-{row.id}"


def read_cursor(text: str) -> tuple[datetime, int]:
    """Return the reception and the id that `cursor_of` wrote.

    Raises
    ------
    Problem
        422, it wrote something else.
    """
    found = _CURSOR.fullmatch(text)
    try:
        if found:
            return _EPOCH + timedelta(microseconds=int(found[1])), int(found[2])
    except OverflowError:
        pass
    raise Problem(422, "Not possible", "after: take the value from next of the page before.")


def _item(row: AsideRow) -> AsideItem:
    try:
        raw, encoding = row.raw.decode(), "utf-8"
    except UnicodeDecodeError:
        raw, encoding = base64.b64encode(row.raw).decode(), "base64"
    return AsideItem(
        row.id,
        row.source,
        row.received_at,
        row.reason,
        row.device,
        row.fixed_at,
        row.released_at,
        raw,
        encoding,
    )
