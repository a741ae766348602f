"""The commands about fees: a schedule checked, listed, entered; a day settled on paper."""

import getpass
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flowctl.errors import SiteError
from flowctl.shell import (
    EXIT_REFUSED,
    counted,
    database,
    get_settings,
    local_minute,
    record,
    sentences,
    show_versions,
)
from flowctl.site_files import TOML, contradictions, parse_site, read_source, read_text

app = typer.Typer(no_args_is_help=True, help="Fees: what a crossing costs, by which version.")

File = Annotated[Path, typer.Argument(help="A fees.toml.")]


class Language(StrEnum):
    """A language that papers are written in."""

    VI = "vi"
    ZH = "zh"
    EN = "en"


@app.command("check")
def check(file: File) -> None:
    """Say everything that is wrong with a file; against the site and the workflow beside it."""
    from flowctl.fees.file import read_fees  # noqa: PLC0415
    from flowctl.workflow.file import WORKFLOW, parse_workflow  # noqa: PLC0415

    with sentences():
        problems: list[str] = []
        schedule = read_fees(read_text(file), str(file), problems)
        beside = (file.parent / TOML).is_file()
        if schedule is not None and not problems and beside:
            source = read_source(file.parent)
            site = parse_site(replace(source, fees=""), where=str(file.parent))
            flow = parse_workflow(source.workflow, where=WORKFLOW) if source.workflow else None
            problems.extend(contradictions(schedule, site, flow, where=str(file)))
        for problem in problems:
            typer.echo(problem)
        if schedule is None or problems:
            raise typer.Exit(EXIT_REFUSED)
        whose = "its site" if beside else f"no site: there is no {TOML} beside it"
        typer.echo(
            f"{file} is fit for use: version {schedule.version},"
            f" {counted(len(schedule.services), 'service')}; checked against {whose}."
        )


@app.command("list")
def list_versions(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List every version that was loaded and mark the one in force."""
    from flowctl.clock import clock  # noqa: PLC0415
    from flowctl.storage.fees import find_schedule, list_schedules  # noqa: PLC0415
    from flowctl.storage.sites import get_site  # noqa: PLC0415

    with database() as conn:
        now = clock(get_settings().clock_file).now()
        site = get_site(conn, get_settings().site, now)
        versions = list_schedules(conn, site.id)
        found = find_schedule(conn, site.id, now)
    in_force = None if found is None else found[1].version
    show_versions(versions, in_force, site.timezone, as_json=as_json)
    if not versions and not as_json:
        typer.echo(f"{site.id} has no schedule of fees: nothing is due there.")


@app.command("add")
def add(file: File) -> None:
    """Enter a version that holds from its own moment on; trips are billed as they began."""
    from flowctl.clock import clock  # noqa: PLC0415
    from flowctl.fees.file import parse_fees  # noqa: PLC0415
    from flowctl.storage.fees import add_schedule  # noqa: PLC0415
    from flowctl.storage.sites import get_site  # noqa: PLC0415
    from flowctl.storage.workflows import find_workflow  # noqa: PLC0415

    with database() as conn:
        now = clock(get_settings().clock_file).now()
        site = get_site(conn, get_settings().site, now)
        text = read_text(file)
        schedule = parse_fees(text, where=str(file))
        found = find_workflow(conn, site.id, max(now, schedule.valid_from))
        flow = None if found is None else found[1]
        problems = list(contradictions(schedule, site, flow, where=str(file)))
        if problems:
            raise SiteError("\n".join(problems))
        add_schedule(conn, site, text, by=f"shell:{getpass.getuser()}", now=now)
        after = {"version": schedule.version, "since": schedule.valid_from.isoformat()}
        record(conn, "fees.load", f"fees:{schedule.version}", after=after)
        since = local_minute(schedule.valid_from, site.timezone)
        typer.echo(
            f"Version {schedule.version} of the fees of {site.id} is loaded and holds from"
            f" {since} on."
        )


def settlement(
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="A day of the gates.")],
    out: Annotated[
        Path | None, typer.Option(help="Where it goes: .csv, .xlsx, .pdf or .html.")
    ] = None,
    language: Annotated[Language, typer.Option(help="In which language.")] = Language.VI,
) -> None:
    """Sum up what was paid on a day, by gate, method and cashier; with --out as a file."""
    from flowctl.clock import clock  # noqa: PLC0415
    from flowctl.fee_papers import SETTLEMENT_FORMS, settle, write_settlement  # noqa: PLC0415
    from flowctl.notify.texts import catalogue  # noqa: PLC0415
    from flowctl.storage.fees import (  # noqa: PLC0415
        day_bounds,
        list_payments_recorded,
        list_service_names,
    )
    from flowctl.storage.sites import get_site  # noqa: PLC0415

    with database() as conn:
        now = clock(get_settings().clock_file).now()
        site = get_site(conn, get_settings().site, now)
        begins, ends = day_bounds(site, day.date())
        payments = list_payments_recorded(conn, site.id, begins, ends)
        names = list_service_names(conn, payments)
        settled = settle(day.date(), payments, ends_at=ends, now=now)
        if out is None:
            for one in settled.rows:
                typer.echo(f"{one.gate or '-'} {one.method} {one.by}: {one.amount_vnd:,} VND")
        else:
            form = out.suffix.removeprefix(".")
            if form not in SETTLEMENT_FORMS:
                raise SiteError(f"{out} must end in {', '.join(f'.{f}' for f in SETTLEMENT_FORMS)}")
            content = write_settlement(
                settled,
                form,
                site=site,
                names=names,
                words=catalogue(str(language))["page"],
                language=str(language),
                now=now,
            )
            _write(out, content)
        still = "" if settled.is_over else "; the day is not over"
        written = "" if out is None else f"{out}: "
        typer.echo(
            f"{written}{counted(len(payments), 'payment')} of {day.date()},"
            f" {settled.total_vnd:,} VND{still}."
        )


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise SiteError(f"{path} cannot be written: {error}") from error
