"""The commands about the ledger: is it whole, what does it say, who signed it."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import psycopg
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console
from rich.table import Table

from flowctl.cli_sources import duration
from flowctl.clock import clock
from flowctl.errors import FlowctlError, NotFoundError
from flowctl.ledger.chain import Head, Kept, Sealed, line_of, read_line
from flowctl.ledger.codes import code_of
from flowctl.ledger.signing import SignedHead, read_signed, shown
from flowctl.ledger.verify import (
    Fault,
    Reached,
    Witness,
    find_false_signature,
    find_fault,
    witness_of_code,
    witness_of_head,
)
from flowctl.ledger_key import make_key, public_key, read_key
from flowctl.shell import database, get_settings, sentences, telling
from flowctl.storage.ledger import Connection, find_head, list_rows_of, list_rows_since, list_sealed
from flowctl.storage.ledger_heads import find_signed_head, list_signed_heads, sign_head

app = typer.Typer(no_args_is_help=True, help="The ledger: every change of the order, and its head.")

EXIT_FAULT = 2
_SHOWN_EVERY = 20_000
_CONSOLE = Console(markup=False)


@dataclass(slots=True)
class Walk:
    """What a walk over the ledger has seen so far."""

    rows: int = 0
    last: Kept | Sealed | None = None

    def over(
        self, rows: Iterable[Kept | Sealed], tell: Callable[[str], None]
    ) -> Iterator[Kept | Sealed]:
        """Yield the rows, and tell now and then how many they were."""
        for kept in rows:
            self.rows += 1
            self.last = kept
            if self.rows % _SHOWN_EVERY == 0:
                tell(f"checking: {self.rows:,} rows")
            yield kept


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
        outside = [_witness(text) for text in against or []]
        public = public_key(key, get_settings().ledger_key_file)
    walk, started = Walk(), time.perf_counter()
    with telling("checking the ledger") as tell:
        if file is None:
            with database() as conn:
                fault, signed = _check_database(conn, outside, public, walk, tell)
        else:
            with sentences():
                fault, signed = _check_file(file, outside, walk, tell), []
    if fault is not None:
        typer.echo(fault.sentence, err=True)
        raise typer.Exit(EXIT_FAULT)
    _say_whole(walk, time.perf_counter() - started, len(outside), signed)


def _check_database(
    conn: Connection,
    outside: list[Witness],
    public: bytes | None,
    walk: Walk,
    tell: Callable[[str], None],
) -> tuple[Fault | None, list[SignedHead]]:
    # One moment for head, signatures and rows: what is appended meanwhile belongs to the next walk.
    conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    site = get_settings().site
    signed = list_signed_heads(conn, site)
    own = [head for head in signed if public is None or head.key == public]
    fault = find_false_signature(signed)
    if fault is None:
        witnesses = [witness_of_head(head, source="the head in the database") for head in own]
        fault = find_fault(
            site,
            walk.over(list_sealed(conn, site), tell),
            head=find_head(conn, site),
            witnesses=[*outside, *witnesses],
        )
    return fault, own


def _check_file(
    file: Path, outside: list[Witness], walk: Walk, tell: Callable[[str], None]
) -> Fault | None:
    """Check an exported ledger; its last row is its head."""
    with file.open("rb") as lines:
        end = deque(lines, maxlen=1)
    if not end:
        raise FlowctlError(f"{file} holds no rows of a ledger; export them from GET /v1/ledger.")
    first, last = next(_exported(file)), _row_of(end[0], file, "The last line")
    head = Head(last.row.site, last.row.seq, last.hash, last.row.recorded_at)
    # An export may begin behind a row that was fetched before.
    after = Reached(first.row.seq - 1, bytes.fromhex(first.row.previous))
    return find_fault(
        first.row.site,
        walk.over(_exported(file), tell),
        head=head,
        witnesses=outside,
        after=after if after.seq > 0 else None,
    )


def _exported(file: Path) -> Iterator[Kept]:
    with file.open("rb") as lines:
        for number, text in enumerate(lines, 1):
            yield _row_of(text, file, f"Line {number}")


def _row_of(text: bytes, file: Path, where: str) -> Kept:
    try:
        return read_line(text)
    except ValueError as error:
        raise FlowctlError(f"{where} of {file} is no row of a ledger: {error}.") from error


def _witness(text: str) -> Witness:
    if text.lstrip().startswith("{"):
        return witness_of_head(read_signed(text.encode(), where="--against"), source="the head")
    path = Path(text)
    if path.is_file():
        head = read_signed(path.read_bytes(), where=text)
        return witness_of_head(head, source=f"the head in {text}")
    return witness_of_code(text)


def _say_whole(walk: Walk, took_s: float, outside: int, signed: list[SignedHead]) -> None:
    if walk.last is None:
        typer.echo("The ledger holds nothing yet.")
        return
    row, code = walk.last.row, code_of(walk.last.hash)
    typer.echo(
        f"The ledger of {row.site} is whole: {walk.rows:,} rows up to row {row.seq}, code {code},"
        f" checked in {took_s:.1f} s ({walk.rows / took_s:,.0f} rows/s)."
    )
    if outside:
        typer.echo(f"It agrees with {outside} kept outside.")
    if signed:
        newest = signed[-1]
        typer.echo(
            f"It agrees with {len(signed):,} signed heads, the newest of row {newest.seq} at"
            f" {_moment(newest.at)}, by the key {newest.key.hex()}."
        )
    elif not outside:
        typer.echo(
            "No signed head was there to check it against: whether its owner wrote it all anew"
            " shows only --against a code or a head that was kept outside."
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
    if as_lines:
        for kept in rows:
            typer.echo(line_of(kept))
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
    _CONSOLE.print(table)


def _since(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return clock(get_settings().clock_file).now() - duration(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
