"""The commands about the ledger: is it whole, what does it say, who signed it."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.table import Table

from flowctl.cli_sources import duration
from flowctl.clock import clock
from flowctl.errors import FlowctlError, NotFoundError
from flowctl.ledger.chain import line_of
from flowctl.ledger.codes import code_of
from flowctl.ledger.signing import SignedHead, shown
from flowctl.ledger.verify import Witness, find_other_signer
from flowctl.ledger_check import Walk, check_database, check_file, witness_of
from flowctl.ledger_key import make_key, public_key, read_key
from flowctl.shell import (
    counted,
    database,
    find_key_file,
    get_settings,
    sentences,
    show_table,
    telling,
)
from flowctl.storage.ledger import find_head, list_rows_of, list_rows_since
from flowctl.storage.ledger_heads import find_signed_head, sign_head

app = typer.Typer(no_args_is_help=True, help="The ledger: every change of the order, and its head.")

EXIT_FAULT = 2


@app.command("verify")
def verify(
    against: Annotated[
        list[str] | None,
        typer.Option(help="What was kept outside: a code of a message, a file with a signed head."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="An exported ledger (NDJSON) in place of the database.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The public key of the site; else that of the key file.")
    ] = None,
) -> None:
    """Walk the whole ledger and name the first row that is not as it was written (exit code 2)."""
    with sentences():
        outside = [witness_of(text) for text in against or []]
        public = public_key(key, find_key_file())
    fault, signed = find_other_signer(outside, public), list[SignedHead]()
    walk, started = Walk(), time.perf_counter()
    with telling("checking the ledger") as tell:
        if fault is None and file is None:
            with database() as conn:
                site = get_settings().site
                fault, signed = check_database(conn, site, outside, public, walk, tell)
        elif fault is None and file is not None:
            with sentences():
                fault = check_file(file, outside, walk, tell)
    if fault is not None:
        typer.echo(fault.sentence, err=True)
        raise typer.Exit(EXIT_FAULT)
    _say_whole(walk, time.perf_counter() - started, file)
    _say_agreed(outside, signed, public)


def _say_whole(walk: Walk, took_s: float, file: Path | None) -> None:
    if walk.last is None:
        typer.echo("The ledger holds nothing yet.")
        return
    row, code, lacking = walk.last.row, code_of(walk.last.hash), walk.lacking
    holds = (
        f"The rows of {row.site} from {lacking + 1} on hold together"
        if lacking
        else f"The ledger of {row.site} is whole"
    )
    typer.echo(
        f"{holds}: {counted(walk.rows, 'row')} up to row {row.seq}, code {code},"
        f" checked in {took_s:.1f} s ({walk.rows / took_s:,.0f} rows/s)."
    )
    if lacking:
        are = "Row 1 is" if lacking == 1 else f"Rows 1 to {lacking} are"
        typer.echo(f"{are} not in {file}: nothing was checked of what stood there.")


def _say_agreed(outside: list[Witness], signed: list[SignedHead], public: bytes | None) -> None:
    if outside:
        typer.echo(f"It agrees with {len(outside)} kept outside.")
    own = [head for head in signed if public is None or head.key == public]
    if own:
        newest = own[-1]
        typer.echo(
            f"It agrees with {counted(len(own), 'signed head')}, the newest of row {newest.seq} at"
            f" {_moment(newest.at)}, by the key {newest.key.hex()}."
        )
    elif not outside:
        typer.echo(
            "No signed head was there to check it against: whether its owner wrote it all anew"
            " shows only --against a code or a head that was kept outside."
        )
    if len(own) < len(signed):
        others = sorted({head.key.hex() for head in signed} - {head.key.hex() for head in own})
        typer.echo(
            f"It was not held against {counted(len(signed) - len(own), 'earlier signed head')} by"
            f" another key: {', '.join(others)}.",
            err=True,
        )
    keys = {one.key.hex() for one in outside if one.key} | {head.key.hex() for head in own}
    if public is None and keys:
        typer.echo(
            f"Compare the key {', '.join(sorted(keys))} with the site's, or name it with --key.",
            err=True,
        )


@app.command("head")
def head() -> None:
    """Print the newest row's number and code, and the newest signed head as JSON."""
    with database() as conn:
        site = get_settings().site
        newest, signed = find_head(conn, site), find_signed_head(conn, site)
    if newest is None:
        typer.echo(f"The ledger of {site} holds nothing yet.")
        return
    typer.echo(f"Row {newest.seq} of {_moment(newest.at)}, code {code_of(newest.hash)}", err=True)
    if signed is not None:
        typer.echo(msgspec.json.encode(shown(signed)))


@app.command("key")
def key(path: Path) -> None:
    """Make the key that signs heads, in a file that only its owner may read."""
    with sentences():
        made = make_key(path)
    typer.echo(f"Public key: {made.public_key().public_bytes_raw().hex()}")
    typer.echo(f"Give the processes FLOWCTL_LEDGER_KEY_FILE={path}", err=True)


@app.command("sign")
def sign() -> None:
    """Sign the head now, beyond the controller's every hour, and print it as JSON."""
    with database() as conn:
        chosen = get_settings()
        signed = sign_head(conn, chosen.site, _private_key(), now=clock(chosen.clock_file).now())
        if signed is None:
            raise NotFoundError(f"The ledger of {chosen.site} holds nothing yet to sign.")
        typer.echo(msgspec.json.encode(shown(signed)))


def _private_key() -> Ed25519PrivateKey:
    file = get_settings().ledger_key_file
    if file is None:
        raise FlowctlError(
            "There is no key to sign with: make one with flowctl ledger key FILE, and name it by"
            " FLOWCTL_LEDGER_KEY_FILE."
        )
    return read_key(file)


@app.command("show")
def show(
    trip: Annotated[int | None, typer.Option(help="Only what concerns this trip.")] = None,
    since: Annotated[
        str, typer.Option(help="How far back, as 30m, 24h, 7d, or an ISO moment.")
    ] = "24h",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 1000,
    as_lines: Annotated[
        bool, typer.Option("--json", help="As exported: one line of JSON a row.")
    ] = False,
) -> None:
    """List what the ledger says, of a trip or of the last day."""
    with database() as conn:
        site = get_settings().site
        rows = (
            list_rows_since(conn, site, _since(since), limit=limit)
            if trip is None
            else list_rows_of(conn, site, trip)
        )
        if trip is not None and not rows:
            raise NotFoundError(
                f"The ledger of {site} says nothing of a trip {trip}: there is none, or it was"
                " erased with its person."
            )
    if as_lines:
        for kept in rows:
            typer.echo(line_of(kept))
        return
    if not rows:
        typer.echo(f"The ledger of {site} says nothing since {since}.", err=True)
        return
    table = Table("Row", "At (UTC)", "What", "Who", "Gate", "Reason", "By", "Details")
    for kept in rows:
        row = kept.row
        table.add_row(
            str(row.seq),
            _moment(row.at),
            row.kind,
            " ".join(one[:8] for one in [row.subject or "", *row.others]).strip(),
            row.gate or "",
            row.reason or "",
            row.actor,
            bytes(row.details).decode(),
        )
    show_table(table)


def _since(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return clock(get_settings().clock_file).now() - duration(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
