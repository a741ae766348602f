"""The commands about the log of acts: who did what, when and from where."""

import sys
from datetime import datetime, tzinfo
from typing import Annotated

import typer

from flowctl.audit_csv import audit_csv
from flowctl.errors import FlowctlError
from flowctl.shell import database, get_settings, sentences
from flowctl.storage.audit import Wanted
from flowctl.storage.sites import get_site

app = typer.Typer(no_args_is_help=True, help="The log of acts: who did what, when, from where.")


@app.callback()
def _group() -> None:
    """Keep the name of the only command."""


@app.command("export")
def export(
    account: Annotated[str | None, typer.Option(help="Of this account.")] = None,
    act: Annotated[str | None, typer.Option(help="Of this act: hold.begin, or hold.")] = None,
    subject: Annotated[str | None, typer.Option(help="To this, such as trip:412.")] = None,
    since: Annotated[str | None, typer.Option(help="From this moment on, ISO.")] = None,
    until: Annotated[str | None, typer.Option(help="Before this moment, ISO.")] = None,
) -> None:
    """Write the log to standard output as CSV, the newest act first."""
    chosen = get_settings()
    with sentences():
        with database() as conn:
            zone = get_site(conn, chosen.site).timezone
        begin, end = (None if text is None else _moment(text, zone) for text in (since, until))
        wanted = Wanted(account, act, None if subject is None else (subject,), begin, end)
        for part in audit_csv(database, chosen.site, wanted):
            sys.stdout.write(part)


def _moment(text: str, zone: tzinfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise FlowctlError(f"{text!r} is no moment; write it as 2026-02-28T07:00.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
