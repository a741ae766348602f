"""Reports and statistics of any days: as JSON for the page, as files for everybody else."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.datastructures import State

from api.moments import Day
from api.transaction import transaction
from flowctl.notify.texts import catalogue
from flowctl.site import Site
from flowctl.statistics import Key, Part, Period, Row, Tally, check_days, report
from flowctl.statistics_files import FORMS, dictionary, write_report
from flowctl.storage.statistics import Connection, count_day, list_names, read_days

router = APIRouter(tags=["reports"])

By = Annotated[list[Part], Query(max_length=len(Part))]
Only = Annotated[str | None, Query(max_length=40)]
Language = Annotated[str, Query(pattern="^(vi|zh|en)$")]
Form = Annotated[str, Path(pattern="^(csv|xlsx|parquet)$")]
_ALL = [Part.GATE, Part.DIRECTION, Part.CARGO, Part.DESK, Part.OF]


_FRESH = timedelta(seconds=15)
"""So long a count of a running day holds: a page asks several times, and others ask beside it."""


class RunningDays:
    """Days that are not kept yet, each counted once for all who ask within a few seconds."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counted: dict[date, tuple[datetime, Mapping[Key, Tally]]] = {}

    def read(
        self, conn: Connection, site: Site, since: date, until: date, now: datetime
    ) -> tuple[dict[Key, Tally], datetime]:
        """Return the counts of days, the last one included, and when the oldest was counted."""
        counted_at = [now]

        def count(conn: Connection, site: Site, day: date) -> Mapping[Key, Tally]:
            at, found = self._count(conn, site, day, now)
            counted_at.append(at)
            return found

        return read_days(conn, site, since, until, now, count), min(counted_at)

    def _count(
        self, conn: Connection, site: Site, day: date, now: datetime
    ) -> tuple[datetime, Mapping[Key, Tally]]:
        with self._lock:  # who asks meanwhile waits for the same count
            self._counted = {
                held: one for held, one in self._counted.items() if abs(now - one[0]) < _FRESH
            }
            if day not in self._counted:
                self._counted[day] = now, count_day(conn, site, day)
            return self._counted[day]


@dataclass(frozen=True, slots=True)
class ReportAnswer:
    """A report: from ``since`` to ``until``, both included, by the days of the gates' clocks.

    Nothing that happened by ``counted_at`` is missing.
    """

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
        rows, at = _rows(state, conn, now, since, until, period, by, only)
    return ReportAnswer(since, until, period, by, at, rows)


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
        rows, at = _rows(state, conn, now, since, until, period, by, only)
        names = list_names(conn, site, now, language)
    content = write_report(rows, form, catalogue(language)["page"], names, at)
    name = f"{site.id}_{since}_{until}_{period}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, headers=headers, media_type=FORMS[form])


def _rows(
    state: State,
    conn: Connection,
    now: datetime,
    since: date,
    until: date,
    period: Period,
    by: list[Part],
    only: Mapping[Part, str | None],
) -> tuple[list[Row], datetime]:
    site: Site = state.site
    running: RunningDays = state.running_days
    check_days(since, until, now.astimezone(site.timezone).date())
    counted, at = running.read(conn, site, since, until, now)
    return report(counted, period=period, by=frozenset(by), only=only), at
