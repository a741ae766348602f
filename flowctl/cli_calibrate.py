"""The command that fits a scenario to stored days."""

import json
from datetime import date
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.table import Table

from flowctl.errors import FlowctlError
from flowctl.settings import ReadingSettings
from flowctl.shell import counted, database, sentences, show_table, telling


def calibrate(
    first: Annotated[str, typer.Option("--from", help="The first local day, as 2024-01-23.")],
    last: Annotated[str, typer.Option("--to", help="The last local day; it must be over.")],
    site: Annotated[str | None, typer.Option(help="The site, if not the settings' own.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to, if not one in ./out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Fit a scenario to stored days: arrivals, durations, drivers, with a report and pictures."""
    from flowctl.clock import clock  # noqa: PLC0415
    from flowctl.storage.calibration import read_days  # noqa: PLC0415
    from flowctl.storage.sites import get_site  # noqa: PLC0415
    from simulations.calibrate.fit import calibrate as fit  # noqa: PLC0415
    from simulations.calibrate.report import stood_text, write_calibration  # noqa: PLC0415

    with sentences():
        begins, ends = _day(first, "--from"), _day(last, "--to")
        settings = ReadingSettings()
        with telling("reading the site") as tell:
            with database(settings) as conn:
                conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                conn.read_only = True
                place = get_site(conn, site or settings.site)
                today = clock(settings.clock_file).now().astimezone(place.timezone).date()
                _check(begins, ends, today)
                days = list(read_days(conn, place, first=begins, last=ends, tell=tell))
            tell("fitting laws")
            found = fit(days, place)
            folder = out or Path("out") / found.table["id"]
            tell("drawing")
            files = write_calibration(found, folder, site=place)
    if as_json:
        told = {
            "files": [str(path) for path in files],
            "days": [str(day) for day in found.days],
            "empty_days": [str(day) for day in found.empty],
            "stood_when_storing_began": found.stood,
            "findings": [
                {"key": one.key, "value": one.value, "seen": one.count, "fitted": one.fitted}
                for one in found.findings
            ],
        }
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    table = Table("key", "value", "seen", "from", title=f"{place.id}, {begins} to {ends}")
    for one in found.findings:
        table.add_row(one.key, one.value, f"{one.count:,}", "fitted" if one.fitted else one.how)
    show_table(table)
    if found.empty:
        typer.echo(f"Nothing is stored of {counted(len(found.empty), 'day')}; left out.")
    if found.stood:
        typer.echo(stood_text(found.stood))
    typer.echo("\n".join(str(path) for path in files))


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FlowctlError(f"{option} takes a day as 2024-01-23; not {text!r}.") from None


def _check(first: date, last: date, today: date) -> None:
    if last < first:
        raise FlowctlError(f"--to is {last}, before --from, {first}.")
    if last >= today:
        raise FlowctlError(f"{last} is not over yet; --to may be the day before {today} at most.")
