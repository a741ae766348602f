"""The commands about what is kept of drivers, and about documents that no scanner looked into."""

import sys
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from flowctl.clock import clock
from flowctl.registry import own_data
from flowctl.registry.keys import derive_keys
from flowctl.shell import counted, database, get_settings, record, sentences, show_table
from flowctl.storage.documents import rescan as scan_again

app = typer.Typer(no_args_is_help=True, help="What is kept of a driver: find, export, erase.")
documents = typer.Typer(no_args_is_help=True, help="Documents of declarations.")

Person = Annotated[int, typer.Argument(help="The driver's id, as find shows it.")]


@app.command("find")
def find(
    plate: Annotated[
        str | None, typer.Option(help="Drivers of this truck; without it a number is asked for.")
    ] = None,
) -> None:
    """List the drivers of a phone number or of a truck, without names and numbers.

    The number is asked for, so that it stays in no history of a shell.
    """
    chosen = get_settings()
    phone = typer.prompt("Phone number", err=True) if plate is None else None
    with sentences(), database() as conn:
        keys = derive_keys(chosen.secret, chosen.old_secrets)
        found = own_data.find_persons(conn, keys, chosen.site, phone=phone, plate=plate)
        after = {"by": "phone" if phone else "plate", "found": [one.id for one in found]}
        record(conn, "person.find", f"site:{chosen.site}", after=after)
    table = Table("Id", "Language", "Number", "Name", "Trips", "Runs", "Last", "Plates")
    for one in found:
        kept = ("kept" if one.has_number else "none", "kept" if one.named else "none")
        last = "" if one.last_at is None else f"{one.last_at:%Y-%m-%d}"
        runs = "yes" if one.active else "no"
        plates = " ".join(one.plates)
        table.add_row(str(one.id), one.language, *kept, str(one.trips), runs, last, plates)
    show_table(table)


@app.command("export")
def export(person: Person) -> None:
    """Write all that is kept of a driver to standard output, opened, as JSON to hand out to him."""
    chosen = get_settings()
    now = clock(chosen.clock_file).now()
    with sentences(), database() as conn:
        keys = derive_keys(chosen.secret, chosen.old_secrets)
        exported = own_data.export_person(conn, keys, chosen.site, person, now=now)
        record(conn, "person.export", f"person:{person}")
    said = msgspec.json.format(msgspec.json.encode(exported), indent=2)
    sys.stdout.write(said.decode() + "\n")


@app.command("erase")
def erase(
    person: Person,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase what is a driver's own: number, name, licence, what he wrote, what documents hold.

    Nothing brings it back. His trips stay without him; while one of them runs, he is not erased.
    """
    chosen = get_settings()
    if not yes:
        typer.confirm(f"Erase what is kept of the driver {person} for good?", abort=True, err=True)
    with sentences(), database() as conn:
        erased = own_data.erase_person(
            conn, derive_keys(chosen.secret, chosen.old_secrets), chosen.site, person
        )
        after = {"trips": erased.trips, "documents": erased.documents, "forms": erased.forms}
        record(conn, "person.erase", f"person:{person}", after=after)
    typer.echo(
        f"The driver {person} is erased: {counted(erased.trips, 'trip')} without him now,"
        f" {counted(erased.documents, 'document')} emptied,"
        f" {counted(erased.forms, 'draft or template')} without his name."
    )


@documents.callback()
def _group() -> None:
    """Keep the name of the only command."""


@documents.command("rescan")
def rescan() -> None:
    """Have documents scanned again that the scanner could not look into, and that are shut."""
    chosen = get_settings()
    with database() as conn:
        waiting = scan_again(conn, chosen.site)
        if waiting:
            record(conn, "document.rescan", f"site:{chosen.site}", after={"documents": waiting})
    are = "is" if waiting == 1 else "are"
    typer.echo(f"{counted(waiting, 'document')} {are} scanned again.")
