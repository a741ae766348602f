"""The commands about the order on paper: print it, check a sheet, enter what happened by it."""

from pathlib import Path
from typing import Annotated

import typer

from flowctl.clock import clock
from flowctl.errors import FlowctlError, NotFoundError
from flowctl.ledger_key import public_key, read_key
from flowctl.paper.entered import read_rows
from flowctl.paper.sheet import check_sheet
from flowctl.paper_files import gates_fed, write_sheets
from flowctl.shell import database, find_key_file, get_settings, sentences
from flowctl.storage.paper import make_orders
from flowctl.storage.paper_entries import enter as enter_rows
from flowctl.storage.sites import get_site

app = typer.Typer(no_args_is_help=True, help="The order on paper, for when flowctl is not there.")

EXIT_FAULT = 2
_BY = "the command line"


@app.command("print")
def print_order(
    to: Annotated[Path, typer.Option(help="The directory of the sheets; made if missing.")],
    gate: Annotated[str | None, typer.Option(help="Only this gate's order.")] = None,
    yard: Annotated[str | None, typer.Option(help="Only the sheet of this yard.")] = None,
) -> None:
    """Make the order of each gate now, and write its sheets: one of the gate, one a yard."""
    with database() as conn:
        chosen = get_settings()
        site = get_site(conn, chosen.site)
        fed = gates_fed(site, yard)
        if gate is not None and yard is not None and gate not in fed:
            raise NotFoundError(f"The yard {yard} feeds {' and '.join(fed)}, not {gate}.")
        gates = fed if gate is None else [gate]
        file = chosen.ledger_key_file
        key = None if file is None else read_key(file)
        conn.commit()
        made = make_orders(conn, site, gates, key, now=clock(chosen.clock_file).now())
    with sentences():
        for one in made:
            for path in write_sheets(to, site, one, yard):
                typer.echo(f"{path}: order {one.code}, {len(one.order.lines)} trucks.")
        if key is None:
            typer.echo(
                "Nobody signed them: make a key with flowctl ledger key FILE, and name it by"
                " FLOWCTL_LEDGER_KEY_FILE.",
                err=True,
            )


@app.command("verify")
def verify(
    file: Path,
    key: Annotated[
        str | None, typer.Option(help="The public key of the site; else that of the key file.")
    ] = None,
) -> None:
    """Tell whether a sheet's file is as it was signed; what was changed is exit code 2."""
    with sentences():
        public = public_key(key, find_key_file())
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise FlowctlError(f"{file} is no sheet: it is not in UTF-8 ({error}).") from error
    checked = check_sheet(text, public=public)
    if checked.fault is not None or checked.signed is None:
        typer.echo(f"{file}: {checked.fault}", err=True)
        raise typer.Exit(EXIT_FAULT)
    signed = checked.signed
    by = "" if signed.key is None else signed.key.hex()
    typer.echo(
        f"The order {signed.code} of {signed.order.gate} is as it was signed at"
        f" {signed.order.made_at.isoformat()}: {len(signed.order.lines)} trucks, by the key {by}."
    )
    if public is None:
        typer.echo("Compare that key with the site's, or name it with --key.", err=True)


@app.command("enter")
def enter(
    file: Path,
    order: Annotated[str, typer.Option(help="The code at the foot of the sheet.")],
) -> None:
    """Enter what the sheets of an order say (CSV: number,plate,event,time,who), all or nothing.

    Events are released, entered, cleared and no_show; times are local. What was entered before
    changes nothing.
    """
    with database() as conn:
        chosen = get_settings()
        rows = read_rows(file.read_bytes(), where=str(file))
        done = enter_rows(
            conn,
            get_site(conn, chosen.site),
            order,
            rows,
            actor=_BY,
            now=clock(chosen.clock_file).now(),
        )
    typer.echo(
        f"{done.recorded} rows entered, {done.repeated} were known; trucks passed others out of"
        f" turn {done.overtakes} times."
    )
