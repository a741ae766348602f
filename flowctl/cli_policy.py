"""The commands about a site's rules for places in the order."""

from typing import Annotated

import typer

from flowctl.shell import database, get_settings, local_minute, show_versions

app = typer.Typer(no_args_is_help=True, help="Rules of the order: which version holds.")


@app.callback()
def _group() -> None:
    """Keep `show` a command of its own."""


@app.command("show")
def show(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List every version that was loaded and mark the one in force; end with its text."""
    from flowctl.clock import clock  # noqa: PLC0415
    from flowctl.storage.policies import list_policies  # noqa: PLC0415
    from flowctl.storage.sites import get_site  # noqa: PLC0415

    with database() as conn:
        now = clock(get_settings().clock_file).now()
        site = get_site(conn, get_settings().site, now)
        versions = list_policies(conn, site.id)
    in_force = site.policy.version
    show_versions(
        versions,
        in_force,
        site.timezone,
        as_json=as_json,
        more=lambda one: f", loaded {local_minute(one.loaded_at, site.timezone)}",
    )
    if as_json:
        return
    text = next((one.definition for one in versions if one.version == in_force), "")
    typer.echo(text.rstrip() or "The rules in force are the default ones of flowctl.policy.")
