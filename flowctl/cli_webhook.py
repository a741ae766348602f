"""The commands about webhooks: who is told of signed heads, of bulletins, and of trips."""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlsplit

import httpx
import typer
from psycopg.errors import UniqueViolation
from rich.table import Table

from flowctl.clock import clock
from flowctl.errors import ConflictError, FlowctlError
from flowctl.notify.outside import allowed_networks, find_outside
from flowctl.notify.webhooks import check_url, new_secret
from flowctl.registry import sources
from flowctl.registry.keys import derive_keys, encrypt_secret
from flowctl.shell import counted, database, get_settings, record, show_table
from flowctl.storage import webhooks as stored
from flowctl.storage.sources import Source
from flowctl.storage.webhooks import EVENT_SCOPES, EVENTS

app = typer.Typer(
    no_args_is_help=True, help="Webhooks: who is told of signed heads, of bulletins and of trips."
)

_BY = "the command line"


@app.command("add")
def add(
    url: str,
    source: Annotated[
        str | None, typer.Option(help="Whose it is: it hears of trips what this source may read.")
    ] = None,
    events: Annotated[
        str | None,
        typer.Option(help=f"Which events, with commas: {', '.join((*EVENTS, *EVENT_SCOPES))}."),
    ] = None,
) -> None:
    """Add a receiver, and print the secret it checks signatures with; it is not shown again.

    The address is https; http goes to this machine alone. Events are posted there as Standard
    Webhooks say, until it answers 2xx: every signed head of the ledger and the bulletin of each
    day, or, of a source, all that it may read of trips, unless they are named.
    """
    with database() as conn:
        chosen = get_settings()
        whose = None if source is None else sources.get_source(conn, source)
        heard = _heard(events, whose)
        secret = new_secret()
        try:
            webhook = stored.add_webhook(
                conn,
                chosen.site,
                url=check_url(url),
                secret_cipher=encrypt_secret(
                    derive_keys(chosen.secret, chosen.old_secrets), secret
                ),
                by=_BY,
                now=clock(chosen.clock_file).now(),
                events=heard,
                source_id=None if whose is None else whose.id,
            )
        except UniqueViolation as error:
            raise ConflictError(
                f"{url} is a receiver already; remove it first to give it another secret."
            ) from error
        after = {"url": url, "events": heard, "source": None if whose is None else whose.name}
        record(conn, "webhook.add", f"webhook:{webhook}", after=after)
    typer.echo(f"The webhook {webhook} is there. Its receiver checks signatures with:", err=True)
    typer.echo(secret)
    try:
        parts = urlsplit(url)
        find_outside(parts.hostname or "", parts.port or 443, allowed_networks(chosen))
    except httpx.TransportError as trouble:
        typer.echo(f"Nothing arrives there as things are: {trouble}", err=True)


def _heard(named: str | None, source: Source | None) -> list[str]:
    """Return the events of a new webhook.

    Raises
    ------
    FlowctlError
        One is none, or none that this receiver may hear.
    """
    may = [one for one, scope in EVENT_SCOPES.items() if source and scope in source.scopes]
    if named is None and source is None:
        return list(EVENTS)
    if named is None and not may:
        raise FlowctlError(
            f"A webhook of {source.name if source else ''} would hear nothing: let the source read"
            " first, with --may declarations:read,stages:read,crossings:read."
        )
    wish = may if named is None else [one.strip() for one in named.split(",") if one.strip()]
    unknown = [one for one in wish if one not in (*EVENTS, *EVENT_SCOPES)]
    if unknown or not wish:
        raise FlowctlError(
            f"There is no event {', '.join(unknown) or 'named'}; there are:"
            f" {', '.join((*EVENTS, *EVENT_SCOPES))}."
        )
    closed = [one for one in wish if one not in (*EVENTS, *may)]
    if closed:
        raise FlowctlError(
            f"{', '.join(closed)} reach only a webhook of a source that may read it: add it with"
            f" --source, and the source with --may {EVENT_SCOPES[closed[0]]}."
        )
    return wish


@app.command("list")
def list_all() -> None:
    """List the receivers, with what arrived, what waits, and what was given up."""
    with database() as conn:
        rows = stored.list_webhooks(conn, get_settings().site)
    table = Table("Id", "Address", "Of", "Events", "Arrived", "Waiting", "Given up", "Last trouble")
    for row in rows:
        counts = (str(row.sent), str(row.waiting), str(row.dead))
        events = " ".join(row.events)
        table.add_row(str(row.id), row.url, row.source or "", events, *counts, row.trouble or "")
    show_table(table)


@app.command("retry")
def retry(
    webhook: Annotated[int | None, typer.Argument(help="Its id; all of them without.")] = None,
) -> None:
    """Try again now what was given up, and what waits for its next try."""
    with database() as conn:
        revived = stored.revive_deliveries(
            conn, get_settings().site, webhook, wall_now=datetime.now(UTC)
        )
    are = "is" if revived == 1 else "are"
    typer.echo(f"{counted(revived, 'message')} {are} tried again now.")


@app.command("remove")
def remove(webhook: int) -> None:
    """Forget a receiver, and what waits for it."""
    with database() as conn:
        stored.remove_webhook(conn, get_settings().site, webhook)
        record(conn, "webhook.remove", f"webhook:{webhook}")
    typer.echo(f"The webhook {webhook} is gone.")
