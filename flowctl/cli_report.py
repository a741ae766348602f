"""The command about reports: any days, by time, gate, direction, class, agency and stage."""

import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from flowctl.clock import clock
from flowctl.errors import FlowctlError
from flowctl.notify.texts import catalogue
from flowctl.shell import database, get_settings, show_table
from flowctl.statistics import Part, Period, Row, check_days, report
from flowctl.statistics_files import FORMS, write_report
from flowctl.storage.sites import get_site
from flowctl.storage.statistics import list_names, read_days

_TABLE = "table"
_BINARY = ("xlsx", "parquet")


def print_report(
    since: Annotated[str | None, typer.Argument(help="First day, as 2024-01-23.")] = None,
    until: Annotated[str | None, typer.Argument(help="Last day; without, the first one.")] = None,
    period: Annotated[Period, typer.Option(help="What lines are by in time.")] = Period.ALL,
    by: Annotated[
        list[Part] | None, typer.Option(help="And by what else; may be repeated.")
    ] = None,
    form: Annotated[str, typer.Option(help="table, csv, xlsx or parquet.")] = _TABLE,
    lang: Annotated[str, typer.Option(help="vi, en or zh.")] = "vi",
    out: Annotated[Path | None, typer.Option(help="The file to write to.")] = None,
) -> None:
    """Count declarations, crossings, waits, stages and fees of any days; yesterday if not said."""
    with database() as conn:
        chosen = get_settings()
        if form not in (_TABLE, *FORMS) or lang not in ("vi", "en", "zh"):
            raise FlowctlError(
                f"There is no report as {form[:20]!r} in {lang[:10]!r}; there are {_TABLE},"
                f" {', '.join(FORMS)} in vi, en and zh."
            )
        now = clock(chosen.clock_file).now()
        site = get_site(conn, chosen.site)
        today = now.astimezone(site.timezone).date()
        first = today - timedelta(days=1) if since is None else _read(since)
        last = first if until is None else _read(until)
        check_days(first, last, today)
        counted = read_days(conn, site, first, last, now)
        rows = report(counted, period=period, by=frozenset(by or ()))
        names = list_names(conn, site, now, lang)
    if form == _TABLE:
        _show(rows)
        return
    if form in _BINARY and out is None and sys.stdout.isatty():
        raise typer.BadParameter(f"{form} is nothing to read here; name a file with --out.")
    content = write_report(rows, form, catalogue(lang)["page"], names, now)
    if out is None:
        sys.stdout.buffer.write(content)
    else:
        out.write_bytes(content)
        typer.echo(f"{out} is written.", err=True)


def _show(rows: list[Row]) -> None:
    heads = ("Time", "Measure", "Gate", "Direction", "Cargo", "Desk", "Of")
    table = Table(*heads, "Count", "Mean min", "Half within", "90 % within", "VND")
    for one in rows:
        minutes = ("" if s is None else f"{s / 60:.1f}" for s in (one.mean_s, one.p50_s, one.p90_s))
        paid = "" if one.sum_vnd is None else f"{one.sum_vnd:,}"
        parts = (one.period, one.measure, one.gate, one.direction, one.cargo, one.desk, one.of)
        table.add_row(*parts, f"{one.n:,}", *minutes, paid)
    show_table(table)


def _read(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise FlowctlError(f"{text[:40]!r} is no day; write it as 2024-01-23.") from error
