"""The commands about webhooks: who is told of each signed head of the ledger."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from psycopg.errors import UniqueViolation
from rich.table import Table

from flowctl.clock import clock
from flowctl.errors import ConflictError
from flowctl.notify.webhooks import check_url, new_secret
from flowctl.registry.keys import derive_keys, encrypt_secret
from flowctl.shell import counted, database, get_settings, record, show_table
from flowctl.storage import webhooks as stored

app = typer.Typer(no_args_is_help=True, help="Webhooks: who is told of signed heads and bulletins.")

_BY = "the command line"


@app.command("add")
def add(url: str) -> None:
    """Add a receiver, and print the secret it checks signatures with; it is not shown again.

    The address is https; http goes to this machine alone. Every signed head of the ledger is posted
    there, and the bulletin of each day, as Standard Webhooks say, until it answers 2xx.
    """
    with database() as conn:
        chosen = get_settings()
        secret = new_secret()
        try:
            webhook = stored.add_webhook(
                conn,
                chosen.site,
                url=check_url(url),
                secret_cipher=encrypt_secret(derive_keys(chosen.secret), secret),
                by=_BY,
                now=clock(chosen.clock_file).now(),
            )
        except UniqueViolation as error:
            raise ConflictError(
                f"{url} is a receiver already; remove it first to give it another secret."
            ) from error
        record(conn, "webhook.add", f"webhook:{webhook}", after={"url": url})
    typer.echo(f"The webhook {webhook} is there. Its receiver checks signatures with:", err=True)
    typer.echo(secret)


@app.command("list")
def list_all() -> None:
    """List the receivers, with what arrived, what waits, and what was given up."""
    with database() as conn:
        rows = stored.list_webhooks(conn, get_settings().site)
    table = Table("Id", "Address", "Events", "Arrived", "Waiting", "Given up", "Last trouble")
    for row in rows:
        counts = (str(row.sent), str(row.waiting), str(row.dead))
        table.add_row(str(row.id), row.url, " ".join(row.events), *counts, row.trouble or "")
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
