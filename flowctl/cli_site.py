"""Commands about sites: make the first files of one, check them, load them."""

from pathlib import Path
from typing import Annotated

import typer

from flowctl.errors import FlowctlError, NotFoundError, SiteError
from flowctl.shell import EXIT_REFUSED, database, get_settings, record, sentences, telling

app = typer.Typer(no_args_is_help=True, help="Sites: make one, check its files, load them.")

DAY = "day.toml"


@app.command("new")
def site_new(
    folder: Annotated[Path, typer.Argument(help="Folder to make; its name is the site's id.")],
    drawn: Annotated[
        Path, typer.Option("--from", help="GeoJSON: zones, and Points where trucks come from.")
    ],
    osm: Annotated[Path, typer.Option(help="Extract of OpenStreetMap: .osm.pbf, .osm.gz, .osm.")],
    timezone: Annotated[str, typer.Option(help="The gates' time zone, such as Europe/Andorra.")],
    name: Annotated[str | None, typer.Option(help="What people call the place.")] = None,
) -> None:
    """Make a site's first files of a drawing and of OpenStreetMap, and a day to play there."""
    from flowctl.new_site import make_site, read_drawing  # noqa: PLC0415 - takes a second
    from flowctl.site_files import ROADS, TOML, ZONES, parse_site, read_text  # noqa: PLC0415
    from geo.network import RoadError  # noqa: PLC0415
    from geo.roads import read_roads  # noqa: PLC0415

    with sentences():
        folder = folder.absolute()
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise FlowctlError(f"{folder} is there already; name a folder that is not, or empty.")
        text = read_text(drawn)
        if not osm.is_file():
            raise NotFoundError(f"There is no file {osm}; name an extract of OpenStreetMap.")
        drawing = read_drawing(text, site=folder.name, timezone=timezone, where=str(drawn))
        try:
            with telling("reading roads"):
                network, _ = read_roads(osm)
        except RoadError as error:
            raise FlowctlError(str(error)) from error
        made = make_site(drawing, network, name=name or folder.name)
        try:
            site = parse_site(made.source, where=str(folder))
        except SiteError as error:
            raise FlowctlError(
                f"What {drawn} draws makes no site that is fit for use, so nothing was written;"
                f" of the files it would have it is said:\n{error}"
            ) from error
        folder.mkdir(parents=True, exist_ok=True)
        files = {
            TOML: made.source.toml,
            ZONES: made.source.zones,
            ROADS: made.source.roads,
            DAY: made.day,
        }
        for file, content in files.items():
            (folder / file).write_text(content, encoding="utf-8")
        assumed = sum(text.count("[assumed]") for text in files.values())
        typer.echo(
            f"{folder}: {len(site.gates)} gates, {len(site.yards)} yards, {len(site.zones)} zones,"
            f" {len(site.corridors)} corridors. {assumed} figures are assumed and say so in {TOML};"
            f" put what is true there, then: flowctl site check {folder}\n{network.attribution}"
        )


@app.command("check")
def site_check(path: Path) -> None:
    """Check a site's files; every problem is one line, and makes the exit code 1."""
    from flowctl.site_files import check, load_site  # noqa: PLC0415

    with sentences():
        problems = check(path)
        for problem in problems:
            typer.echo(problem)
        if problems:
            raise typer.Exit(EXIT_REFUSED)
        site = load_site(path)
        typer.echo(
            f"{path} is fit for use: {len(site.gates)} gates, {len(site.yards)} yards,"
            f" {len(site.zones)} zones, {len(site.corridors)} corridors."
        )


@app.command("load")
def site_load(path: Path) -> None:
    """Check a site's files and store them for every process.

    Zones drawn otherwise than before hold from now on, or from when their versions say.
    """
    from flowctl.clock import clock  # noqa: PLC0415
    from flowctl.site_files import read_source  # noqa: PLC0415
    from flowctl.storage.sites import save_site  # noqa: PLC0415

    with database() as conn:
        now = clock(get_settings().clock_file).now()
        site = save_site(conn, read_source(path), where=str(path), now=now)
        record(conn, "site.load", f"site:{site.id}", after={"policy": site.policy.version})
        since = now.astimezone(site.timezone).isoformat(sep=" ", timespec="seconds")
        typer.echo(
            f"The site {site.id} is loaded. Zones drawn otherwise than before hold from {since}"
            " on, those with versions from when these say. Of the rules of the order version"
            f" {site.policy.version} is in force."
        )
