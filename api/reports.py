"""Reports and statistics of any days: as JSON for the page, as files for everybody else."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.transaction import transaction
from flowctl.notify.texts import catalogue
from flowctl.site import Site
from flowctl.statistics import Part, Period, Row, check_days, report
from flowctl.statistics_files import FORMS, dictionary, write_report
from flowctl.storage.statistics import Connection, list_names, read_days

router = APIRouter(tags=["reports"])

Day = Annotated[date, Query()]
By = Annotated[list[Part], Query(max_length=len(Part))]
Only = Annotated[str | None, Query(max_length=40)]
Language = Annotated[str, Query(pattern="^(vi|zh|en)$")]
Form = Annotated[str, Path(pattern="^(csv|xlsx|parquet)$")]
_ALL = [Part.GATE, Part.DIRECTION, Part.CARGO, Part.DESK, Part.OF]


@dataclass(frozen=True, slots=True)
class ReportAnswer:
    """A report: from ``since`` to ``until``, both included, by the days of the gates' clocks."""

    since: date
    until: date
    period: Period
    by: list[Part]
    counted_at: datetime
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class DictionaryLine:
    """What a code of a report means, in one language."""

    code: str
    name: str
    meaning: str


@router.get("/v1/reports")
def get_report(
    request: Request,
    since: Day,
    until: Day,
    period: Period = Period.DAY,
    by: By = _ALL,
    gate: Only = None,
    direction: Only = None,
    cargo: Only = None,
) -> ReportAnswer:
    """Count days by time, and by gate, direction, class, agency and stage where asked for.

    ``gate``, ``direction`` and ``cargo`` leave out what is of another one.
    """
    only = {Part.GATE: gate, Part.DIRECTION: direction, Part.CARGO: cargo}
    state = request.app.state
    now: datetime = state.clock.now()
    with transaction(request) as conn:
        rows = _rows(conn, state.site, now, since, until, period, by, only)
    return ReportAnswer(since, until, period, by, now, rows)


@router.get("/v1/reports/dictionary")
def get_dictionary(language: Language = "vi") -> list[DictionaryLine]:
    """Say what every measure and column of a report means."""
    rows = dictionary(catalogue(language)["page"]).rows
    return [DictionaryLine(*map(str, row)) for row in rows]


@router.get("/v1/reports.{form}")
def get_report_file(
    request: Request,
    form: Form,
    since: Day,
    until: Day,
    period: Period = Period.DAY,
    by: By = _ALL,
    gate: Only = None,
    direction: Only = None,
    cargo: Only = None,
    language: Language = "vi",
) -> Response:
    """Return a report as CSV or a workbook in words, or as Parquet in codes and seconds."""
    only = {Part.GATE: gate, Part.DIRECTION: direction, Part.CARGO: cargo}
    state = request.app.state
    site: Site = state.site
    now: datetime = state.clock.now()
    with transaction(request) as conn:
        rows = _rows(conn, site, now, since, until, period, by, only)
        names = list_names(conn, site, now, language)
    content = write_report(rows, form, catalogue(language)["page"], names, now)
    name = f"{site.id}_{since}_{until}_{period}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, headers=headers, media_type=FORMS[form])


def _rows(
    conn: Connection,
    site: Site,
    now: datetime,
    since: date,
    until: date,
    period: Period,
    by: list[Part],
    only: Mapping[Part, str | None],
) -> list[Row]:
    check_days(since, until, now.astimezone(site.timezone).date())
    counted = read_days(conn, site, since, until, now)
    return report(counted, period=period, by=frozenset(by), only=only)
