"""The commands about devices and their trucks, and about fixes that were set aside."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from flowctl.cli_sources import duration
from flowctl.clock import clock
from flowctl.errors import FlowctlError
from flowctl.registry import devices as registry
from flowctl.registry.device_file import import_devices
from flowctl.registry.sources import get_source
from flowctl.shell import database, get_settings, show_table
from flowctl.storage import devices as stored
from flowctl.storage.aside import AsideFilter, count_aside, list_aside
from flowctl.storage.devices import Conflict, Connection
from flowctl.telemetry.screening import Reason

app = typer.Typer(no_args_is_help=True, help="Devices, and the trucks that carry them.")

_BY = "the command line"
_WIDEST_RAW = 60

Since = Annotated[str, typer.Option(help="How far back, as 30m, 24h, 7d, or an ISO moment.")]


@app.command("add")
def add(
    uid: str,
    plate: Annotated[str | None, typer.Option(help="The truck that carries it now.")] = None,
    source: Annotated[str | None, typer.Option(help="Who alone speaks for it.")] = None,
) -> None:
    """Register a device; with --source claim it, with --plate say which truck carries it."""
    with database() as conn:
        owner = None if source is None else get_source(conn, source)
        device = registry.register_device(conn, uid, source=owner)
        said = f"The device {device.uid} is registered"
        if plate is not None:
            now = _now()
            made = registry.assign(conn, device.uid, plate, since=now, by=_BY, now=now)
            rank = "its primary device" if made.is_primary else "beside its primary device"
            said += f", on the truck {made.plate} as {rank}"
        typer.echo(f"{said}.")


@app.command("list")
def list_all(
    after: Annotated[str, typer.Option(help="Begin behind this identifier.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=5000, help="At most so many.")] = 100,
) -> None:
    """List devices in order of their identifiers, with their trucks of this moment."""
    with database() as conn:
        rows = stored.list_devices(conn, moment=_now(), after=after, limit=limit)
    table = Table("Device", "Source", "Truck", "Newest fix (UTC)")
    for row in rows:
        table.add_row(
            _printable(row.uid), row.source or "any", row.plate or "", _moment(row.fixed_at)
        )
    show_table(table)
    if len(rows) == limit:
        typer.echo(f"There may be more: flowctl device list --after '{rows[-1].uid}'")


@app.command("conflicts")
def conflicts(since: Since = "24h") -> None:
    """Name two devices on one plate and one device on two, a sentence each."""
    with database() as conn:
        now = _now()
        found = stored.list_conflicts(conn, since=_since(since, now), until=now)
    for one in found:
        typer.echo(_sentence(one))
    if not found:
        typer.echo("Nothing contradicts itself.")


@app.command("import")
def import_file(file: Path) -> None:
    """Enter the devices of a CSV file (uid, plate, source); if a line is wrong, none of them."""
    with (
        database() as conn,
        file.open(encoding="utf-8-sig", newline="") as text,
        Console(stderr=True).status("Beginning") as status,
    ):
        done = import_devices(conn, text, since=_now(), by=_BY, progress=status.update)
    typer.echo(
        f"{done.devices:,} devices: {done.new:,} new, {done.claimed:,} claimed,"
        f" {done.assigned:,} put on their trucks."
    )


def aside(
    reason: Annotated[str | None, typer.Option(help="Only those set aside for this.")] = None,
    source: Annotated[str | None, typer.Option(help="Only those of this source.")] = None,
    since: Since = "24h",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    counts: Annotated[bool, typer.Option("--counts", help="Count by hour instead.")] = False,
) -> None:
    """List the fixes that were set aside, the newest first, with the reason of each."""
    with database() as conn:
        if reason is not None and reason not in set(Reason):
            raise FlowctlError(f"There is no reason {reason!r}; there are: {', '.join(Reason)}.")
        wanted = AsideFilter(
            reason, None if source is None else get_source(conn, source).name, _since(since, _now())
        )
        table = _counts(conn, wanted) if counts else _items(conn, wanted, limit)
    show_table(table)


def _counts(conn: Connection, wanted: AsideFilter) -> Table:
    table = Table("Hour (UTC)", "Source", "Reason", "Fixes", "Released")
    for one in count_aside(conn, wanted):
        figures = (f"{one.n:,}", f"{one.released:,}")
        table.add_row(_moment(one.hour), one.source or "", one.reason, *figures)
    return table


def _items(conn: Connection, wanted: AsideFilter, limit: int) -> Table:
    table = Table("Received (UTC)", "Source", "Reason", "Device", "Dated (UTC)", "As it came")
    for row in list_aside(conn, wanted, limit=limit):
        table.add_row(
            _moment(row.received_at),
            row.source or "",
            row.reason if row.released_at is None else f"{row.reason}, released",
            _printable(row.device or ""),
            _moment(row.fixed_at),
            _printable(row.raw[:_WIDEST_RAW].decode("utf-8", errors="backslashreplace")),
        )
    return table


def _printable(text: str) -> str:
    """Return a sender's text without what could steer the terminal it is shown on."""
    return "".join(letter if letter.isprintable() else "·" for letter in text)


def _sentence(one: Conflict) -> str:
    since = f"since {_moment(one.since)}" + (f" until {_moment(one.until)}" if one.until else "")
    if one.kind == "two_devices":
        rank = "both primary" if one.other_is_primary else f"{one.device} is primary"
        if not one.is_primary:
            rank = "neither is primary"
        return f"{one.plate} has two devices {since}: {one.device} and {one.other_device}; {rank}."
    if one.kind == "two_plates":
        return f"{one.device} is on two trucks {since}: {one.plate} and {one.other_plate}."
    return (
        f"Trip {one.trip} of {one.other_plate} names {one.device}, which the registry has on"
        f" {one.plate} {since}."
    )


def _now() -> datetime:
    return clock(get_settings().clock_file).now()


def _since(text: str, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return now - duration(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
