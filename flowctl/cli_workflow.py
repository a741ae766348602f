"""The commands about what trucks must pass at the gates: checked, listed, entered, drawn."""

import getpass
import json
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flowctl.errors import NotFoundError, SiteError
from flowctl.shell import (
    EXIT_REFUSED,
    database,
    get_settings,
    local_minute,
    record,
    sentences,
    show_versions,
)
from flowctl.site_files import TOML, parse_site, read_source, read_text

app = typer.Typer(no_args_is_help=True, help="Workflow: what trucks must pass at the gates.")

File = Annotated[Path, typer.Argument(help="A workflow.toml.")]


class Language(StrEnum):
    """A language that pictures can be written in."""

    VI = "vi"
    EN = "en"


@app.command("check")
def check(file: File) -> None:
    """Say everything that is wrong with a file, with the lines; against the site beside it."""
    from flowctl.storage.workflows import gates_of  # noqa: PLC0415
    from flowctl.workflow.file import check_workflow, parse_workflow  # noqa: PLC0415

    with sentences():
        text = read_text(file)
        beside = (file.parent / TOML).is_file()
        gates = None
        if beside:
            source = replace(read_source(file.parent), workflow="", fees="")
            gates = gates_of(parse_site(source, where=str(file.parent)))
        faults = check_workflow(text, where=str(file), gates=gates)
        for fault in faults:
            typer.echo(fault.text if fault.line is None else f"line {fault.line}: {fault.text}")
        if faults:
            raise typer.Exit(EXIT_REFUSED)
        workflow = parse_workflow(text, where=str(file), gates=gates)
        whose = "its site's gates" if beside else f"no site: there is no {TOML} beside it"
        typer.echo(
            f"{file} is fit for use: version {workflow.version}, {len(workflow.variants)} variants,"
            f" {len(workflow.stages)} stages; checked against {whose}."
        )


@app.command("list")
def list_versions(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List every version that was loaded, with how many active trips began with it."""
    from flowctl.clock import clock  # noqa: PLC0415
    from flowctl.storage.sites import get_site  # noqa: PLC0415
    from flowctl.storage.workflows import find_workflow, list_workflows  # noqa: PLC0415

    with database() as conn:
        now = clock(get_settings().clock_file).now()
        site = get_site(conn, get_settings().site, now)
        versions = list_workflows(conn, site.id)
        found = find_workflow(conn, site.id, now)
    in_force = None if found is None else found[1].version
    show_versions(
        versions,
        in_force,
        site.timezone,
        as_json=as_json,
        more=lambda one: f", {one.running} trips under way",
    )
    if not versions and not as_json:
        typer.echo(f"{site.id} has no workflow: nothing keeps trucks back at its gates.")


@app.command("show")
def show(version: Annotated[str, typer.Argument(help="A version that was loaded.")]) -> None:
    """Print the text of a version."""
    from flowctl.storage.workflows import get_definition  # noqa: PLC0415

    with database() as conn:
        typer.echo(get_definition(conn, get_settings().site, version).rstrip())


@app.command("add")
def add(file: File) -> None:
    """Enter a version that holds from its own moment on; trips under way finish as they began."""
    from flowctl.clock import clock  # noqa: PLC0415
    from flowctl.storage.sites import get_site  # noqa: PLC0415
    from flowctl.storage.workflows import add_workflow, refuse_unmet_fees  # noqa: PLC0415

    with database() as conn:
        now = clock(get_settings().clock_file).now()
        site = get_site(conn, get_settings().site, now)
        by = f"shell:{getpass.getuser()}"
        workflow, is_new = add_workflow(conn, site, read_text(file), by=by, now=now)
        if not is_new:
            typer.echo(f"Version {workflow.version} was loaded before with this text.")
            return
        refuse_unmet_fees(conn, site, workflow)
        since = local_minute(workflow.valid_from, site.timezone)
        after = {"version": workflow.version, "since": workflow.valid_from.isoformat()}
        record(conn, "workflow.load", f"workflow:{workflow.version}", after=after)
        typer.echo(
            f"Version {workflow.version} of the workflow of {site.id} is loaded and holds from"
            f" {since} on."
        )


@app.command("picture")
def picture(
    file: File,
    out: Annotated[Path, typer.Option(help="Where the picture goes: .svg or .png.")],
    variant: Annotated[
        str | None, typer.Option(help="Which variant.", show_default="the file's first")
    ] = None,
    language: Annotated[Language, typer.Option(help="The language of the stages.")] = Language.VI,
) -> None:
    """Draw the stages of a variant: what comes after what, and whose each is."""
    from flowctl.data_files import data_dir  # noqa: PLC0415
    from flowctl.pictures import style  # noqa: PLC0415 - matplotlib takes a second to load
    from flowctl.pictures.workflow import save_workflow  # noqa: PLC0415
    from flowctl.workflow.file import parse_workflow  # noqa: PLC0415

    with sentences():
        workflow = parse_workflow(read_text(file), where=str(file))
        chosen = workflow.variants[0] if variant is None else workflow.find_variant(variant)
        if chosen is None:
            known = ", ".join(one.id for one in workflow.variants)
            raise NotFoundError(f"{file} has no variant {variant}; it has: {known}.")
        if out.suffix not in {".svg", ".png"}:
            raise SiteError(f"{out} must end in .svg or .png.")
        path = style.writable(out)
        catalogue = json.loads(
            (data_dir() / "messages" / f"{language}.json").read_text(encoding="utf-8")
        )["page"]
        words = catalogue["desk"] | {"nobody": catalogue["agency"]["desk_nobody"]}
        heading = f"{chosen.name[language]} · {workflow.version}"
        save_workflow(chosen, path, heading=heading, language=language, words=words)
        typer.echo(f"{path}: {chosen.name[language]}, {len(chosen.stages)} stages.")
