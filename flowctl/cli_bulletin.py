"""The commands about the daily bulletin: make it, show it, list what was made, send it again."""

import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from rich.table import Table

from flowctl.bulletin.figures import check_range, last_day
from flowctl.bulletin.forms import write_bulletin
from flowctl.clock import clock
from flowctl.errors import FlowctlError, NotFoundError
from flowctl.notify.mail import read_letters
from flowctl.shell import counted, database, get_settings, show_table
from flowctl.site import Site
from flowctl.storage import bulletin_mails as mails
from flowctl.storage import bulletins as stored
from flowctl.storage.closures import open_site
from flowctl.storage.sites import get_site

app = typer.Typer(no_args_is_help=True, help="The daily bulletin: figures of each day at 20:00.")

_BINARY = ("xlsx", "pdf")
Day = Annotated[str | None, typer.Argument(help="The day, as 2024-01-23; without, the last one.")]
Until = Annotated[str | None, typer.Option(help="The last day of a range.")]


@app.command("make")
def make(day: Day = None, until: Until = None) -> None:
    """Count a day, or each of several; where facts changed since, a further version is made."""
    with database() as conn:
        site, now = _place(conn)
        first, last = _days(site, now, day, until)
        check_range(first, last, now, site.timezone)
        for n in range((last - first).days + 1):
            made = stored.revise(conn, site, first + timedelta(days=n), now)
            conn.commit()
            if made is None:
                typer.echo(f"{first + timedelta(days=n)}: as it was made.")
            else:
                changed = (
                    f", {counted(len(made.changed), 'figure')} changed" if made.changed else ""
                )
                typer.echo(f"{made.day}: version {made.version} made{changed}.")


@app.command("show")
def show(
    day: Day = None,
    until: Until = None,
    form: Annotated[str, typer.Option(help="html, csv, xlsx, pdf or json.")] = "csv",
    lang: Annotated[str, typer.Option(help="vi, en or zh.")] = "vi",
    out: Annotated[Path | None, typer.Option(help="The file, or folder, to write to.")] = None,
) -> None:
    """Print a bulletin, or write it to a file."""
    with database() as conn:
        site, now = _place(conn)
        first, last = _days(site, now, day, until)
        file = write_bulletin(stored.get_range(conn, site, first, last, now), form, lang)
    if out is not None:
        path = out / file.name if out.is_dir() else out
        path.write_bytes(file.content)
        typer.echo(f"{path} is written.", err=True)
    elif form in _BINARY and sys.stdout.isatty():
        raise typer.BadParameter(f"{form} is nothing to read here; name a file with --out.")
    else:
        sys.stdout.buffer.write(file.content)


@app.command("list")
def list_made(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="So many days.")] = 30,
) -> None:
    """List the bulletins made, the newest day first."""
    with database() as conn:
        site, _ = _place(conn)
        rows = stored.list_newest(conn, site.id, limit)
        sent = mails.list_mail_states(conn, site.id)
    # Where nobody gets mail, none is late.
    mailed = read_letters(get_settings()) is not None
    heads = ("Day", "Version", "Made", "Export", "Import", "Arrived", "Waiting")
    table = Table(*heads, *(["Mail"] if mailed else []))
    for one in rows:
        gates = one.figures.gates
        made = one.made_at.astimezone(site.timezone)
        table.add_row(
            one.day.isoformat(),
            str(one.version),
            f"{made:%Y-%m-%d %H:%M}",
            str(sum(gate.cleared_export for gate in gates)),
            str(sum(gate.cleared_import for gate in gates)),
            str(sum(gate.arrived for gate in gates)),
            str(sum(gate.waiting for gate in gates)),
            *([_said(sent.get((one.day, one.version)), site)] if mailed else []),
        )
    show_table(table)


def _said(mail: mails.MailState | None, site: Site) -> str:
    if mail is None:
        return ""
    at = f"{mail.wall_at.astimezone(site.timezone):%Y-%m-%d %H:%M}"
    if mail.state == "sent":
        return f"sent {at}"
    if mail.state == "dead":
        return f"failed: {mail.trouble}"
    return f"again {at}: {mail.trouble}" if mail.trouble else "goes out with the next look"


@app.command("send")
def send(day: Day = None) -> None:
    """Have a bulletin sent by mail once more, to everybody it goes to."""
    with database() as conn:
        site, now = _place(conn)
        if read_letters(get_settings()) is None:
            raise FlowctlError(
                "No mail is set up: name a server with FLOWCTL_MAIL_URL=smtps://user@host:465, and"
                " who gets the bulletin with FLOWCTL_BULLETIN_TO."
            )
        wanted, _ = _days(site, now, day, None)
        found = stored.find_bulletin(conn, site.id, wanted)
        if found is None:
            raise NotFoundError(
                f"The bulletin of {wanted} was not made; make it with: flowctl bulletin make"
                f" {wanted}"
            )
        mails.queue_mail(conn, site.id, found.day, found.version)
    typer.echo(f"The bulletin of {wanted} goes out with the next look of: flowctl notify")


def _place(conn: psycopg.Connection[Any]) -> tuple[Site, datetime]:
    chosen = get_settings()
    now = clock(chosen.clock_file).now()
    return open_site(conn, get_site(conn, chosen.site), now), now


def _days(site: Site, now: datetime, day: str | None, until: str | None) -> tuple[date, date]:
    first = last_day(now, site.timezone) if day is None else _read(day)
    return first, first if until is None else _read(until)


def _read(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise FlowctlError(f"{text[:40]!r} is no day; write it as 2024-01-23.") from error
