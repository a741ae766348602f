"""The commands about messages to drivers: what became of them, and trying those given up again."""

from typing import Annotated

import typer
from rich.table import Table

from flowctl.clock import clock
from flowctl.notify.dead_letters import retry_all, retry_message
from flowctl.shell import counted, database, get_settings, sentences, show_table
from flowctl.storage.messages import State, list_messages

app = typer.Typer(no_args_is_help=True, help="Messages to drivers: what became of them.")


@app.command("list")
def list_all(
    state: Annotated[State | None, typer.Option(help="Only those of a state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
) -> None:
    """List the newest messages, without numbers and names."""
    with database() as conn:
        found = list_messages(conn, get_settings().site, state=state, before=None, limit=limit)
    table = Table("Id", "Trip", "Plate", "Kind", "State", "Gateway", "Parts", "Tries", "Trouble")
    for one in found:
        of_gateway = (one.gateway or "", "" if one.parts is None else str(one.parts))
        what = (one.kind, one.delivery or one.state, *of_gateway, str(one.attempts))
        table.add_row(str(one.id), str(one.trip_id), one.plate, *what, one.trouble or "")
    show_table(table)


@app.command("retry")
def retry(
    message: Annotated[
        int | None, typer.Argument(help="Its id; all that were given up without.")
    ] = None,
) -> None:
    """Try again what was given up and is still of use."""
    settings = get_settings()
    now = clock(settings.clock_file).now()
    with sentences(), database() as conn:
        if message is None:
            revived = retry_all(conn, settings.site, now=now)
        else:
            retry_message(conn, settings.site, message, now=now)
            revived = 1
    are = "is" if revived == 1 else "are"
    typer.echo(f"{counted(revived, 'message')} {are} tried again now.")
