"""The command line: everything flowctl does begins here."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module, metadata
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import psycopg
import typer
from rich.console import Console
from rich.progress import Progress
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from flowctl.errors import FlowctlError
from flowctl.registry.accounts import Agency
from flowctl.settings import Settings
from flowctl.shell import EXIT_REFUSED, get_settings, sentences

_ROOMS = {
    "site": "flowctl.cli_site:app",
    "account": "flowctl.cli_accounts:app",
    "audit": "flowctl.cli_audit:app",
    "source": "flowctl.cli_sources:app",
    "device": "flowctl.cli_devices:app",
    "roads": "flowctl.cli_roads:app",
    "ledger": "flowctl.cli_ledger:app",
    "key": "flowctl.cli_keys:app",
    "policy": "flowctl.cli_policy:app",
    "workflow": "flowctl.cli_workflow:app",
    "fees": "flowctl.cli_fees:app",
    "settlement": "flowctl.cli_fees:settlement",
    "paper": "flowctl.cli_paper:app",
    "webhook": "flowctl.cli_webhook:app",
    "partner": "flowctl.cli_partner:app",
    "bulletin": "flowctl.cli_bulletin:app",
    "report": "flowctl.cli_report:print_report",
    "gateway": "flowctl.cli_gateway:app",
    "message": "flowctl.cli_message:app",
    "person": "flowctl.cli_person:app",
    "document": "flowctl.cli_person:documents",
    "aside": "flowctl.cli_devices:aside",
    "track": "flowctl.cli_pictures:track",
    "zones": "flowctl.cli_pictures:zones_app",
    "corridor": "flowctl.cli_pictures:corridor",
    "listen": "flowctl.cli_listen:listen_app",
    "practice": "flowctl.cli_practice:practice",
    "simulate": "flowctl.cli_simulate:simulate",
    "sweep": "flowctl.cli_sweep:sweep",
    "rehearse": "flowctl.cli_rehearse:rehearse",
    "calibrate": "flowctl.cli_calibrate:calibrate",
    "doctor": "flowctl.cli_doctor:doctor",
    "backup": "flowctl.cli_backup:backup",
    "restore": "flowctl.cli_backup:restore",
    "bench": "flowctl.bench.commands:app",
}


class _Commands(TyperGroup):
    """The commands here, and those of other modules, which are imported when one is called.

    All at once take a second and a half before a word is said. (Typer's own click is private to it:
    its types cannot be named here.)
    """

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """Return the names of all commands, those of other modules last."""
        return [*super().list_commands(ctx), *_ROOMS]

    def get_command(  # type: ignore[override]
        self, ctx: typer.Context, cmd_name: str
    ) -> TyperCommand | TyperGroup | None:
        """Return a command or group of commands; None where there is none of that name."""
        if cmd_name not in _ROOMS:
            return super().get_command(ctx, cmd_name)  # type: ignore[return-value]
        module, _, name = _ROOMS[cmd_name].partition(":")
        found = getattr(import_module(module), name)
        room = typer.Typer(add_completion=False)
        if isinstance(found, typer.Typer):
            room.add_typer(found, name=cmd_name)
        else:
            room.command(cmd_name)(found)
        return get_group(room).commands[cmd_name]  # type: ignore[return-value]


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Keeps a border queue short: sees trucks, proves arrivals, issues slots, tells drivers.",
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(metadata.version("flowctl"))
        raise typer.Exit


@app.callback()
def _everywhere(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and end."
        ),
    ] = False,
) -> None:
    """Take what every command may be told."""


def _serve(process: str, run: Callable[[Settings], None]) -> None:
    from flowctl import logs, traces  # noqa: PLC0415 - the other commands write no log
    from flowctl.storage.schema import refuse_misfit  # noqa: PLC0415

    logs.begin(process)
    with sentences():
        refuse_misfit(get_settings().database_url)
        traces.begin(process)
        try:
            run(get_settings())
        finally:
            traces.end()


@app.command()
def api(
    workers: Annotated[int, typer.Option(min=1, help="Processes that share the port.")] = 1,
) -> None:
    """Serve the API and the pages."""
    import structlog  # noqa: PLC0415 - the other commands do without log and web server

    from api.serve import serve  # noqa: PLC0415
    from api.sms import callers  # noqa: PLC0415
    from flowctl import logs  # noqa: PLC0415
    from flowctl.storage.roles import describe_guard  # noqa: PLC0415
    from flowctl.storage.schema import refuse_misfit  # noqa: PLC0415
    from flowctl.storage.sites import get_site  # noqa: PLC0415

    logs.begin("api")
    with sentences():
        chosen = get_settings()
        # Asked here as well: inside the server's start-up a refusal would come with a traceback.
        callers(chosen)
        refuse_misfit(chosen.database_url)
        with psycopg.connect(chosen.database_url) as conn:
            get_site(conn, chosen.site)
            log = structlog.get_logger()
            log.info("api starts", site=chosen.site, ledger=describe_guard(conn))
        serve(chosen, workers=workers)


@app.command()
def ingest() -> None:
    """Take in positions: from the stream to the table, to visits."""
    from flowctl.worker import run_ingest  # noqa: PLC0415

    _serve("ingest", run_ingest)


@app.command()
def controller() -> None:
    """Decide: plan slots and release trucks, tick after tick."""
    from flowctl.worker import run_controller  # noqa: PLC0415

    _serve("controller", run_controller)


@app.command()
def notify() -> None:
    """Send waiting messages to the drivers."""
    from flowctl.notifier import run_notify  # noqa: PLC0415

    _serve("notify", run_notify)


@app.command()
def simulator() -> None:
    """Run the simulations planners ask for."""
    from flowctl.simulator import run_simulator  # noqa: PLC0415

    _serve("simulator", run_simulator)


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema, as the role of FLOWCTL_OWNER_URL if that is set."""
    from flowctl.storage import migrate as schema  # noqa: PLC0415
    from flowctl.storage.partitions import describe_level  # noqa: PLC0415
    from flowctl.storage.roles import describe_guard  # noqa: PLC0415

    with sentences():
        chosen = get_settings()
        revision = schema.migrate(chosen.database_url, chosen.owner_url)
        typer.echo(f"The database is at revision {revision}.")
        with psycopg.connect(chosen.database_url) as conn:
            typer.echo(describe_level(conn))
            typer.echo(describe_guard(conn))


@app.command()
def demo(
    day: Annotated[str, typer.Option(help="Day to play, or its file.")] = "2024-01-23",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the pages.")] = 8000,
    speed: Annotated[float, typer.Option(min=1.0, help="Domain time per wall time.")] = 60.0,
    headless: Annotated[
        bool, typer.Option("--headless", help="Play as fast as the system keeps up, then end.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
    seed: Annotated[int, typer.Option(help="Random numbers of the day.")] = 1,
    state: Annotated[Path, typer.Option(help="Where the stores keep their data.")] = Path(".state"),
    by_hand: Annotated[
        list[Agency] | None,
        typer.Option(help="An agency whose desk nobody plays, so that you can; may be repeated."),
    ] = None,
) -> None:
    """Run everything on this machine and play a real day at the border."""
    from flowctl.demo import DemoOptions, run_demo  # noqa: PLC0415

    console = Console(stderr=True)
    with sentences():
        left = frozenset(by_hand or ())
        result = run_demo(DemoOptions(day, port, speed, headless, state, seed, left), console)
        if result is None:
            return
        if as_json:
            typer.echo(json.dumps(result, ensure_ascii=False))
        else:
            console.print_json(data=result)


@app.command()
def replay(
    file: Path,
    url: Annotated[str, typer.Option(help="Address of the API.")] = "http://127.0.0.1:8000",
    token: Annotated[str, typer.Option(envvar="FLOWCTL_TOKEN", help="Token of the source.")] = "",
    device: Annotated[str | None, typer.Option(help="Identifier, where the file has none.")] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            help="CSV column of a field, such as --column lon=longitude; fields: device, fixed_at,"
            " lon, lat, heading_deg, speed_mps"
        ),
    ] = None,
    timezone: Annotated[str, typer.Option(help="Zone of moments that carry none.")] = "UTC",
    start: Annotated[
        str, typer.Option(help="'original', 'now', or the moment the first fix is moved to.")
    ] = "original",
    speed: Annotated[
        float, typer.Option(min=0.0, help="Real time × this; 0: as fast as it goes.")
    ] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Post a recorded track (CSV or GPX) through the same endpoint as live positions."""
    import httpx  # noqa: PLC0415

    from flowctl import replay as tracks  # noqa: PLC0415

    with sentences():
        if not token:
            raise FlowctlError("Name the source's token with --token or FLOWCTL_TOKEN.")
        zone = tracks.time_zone(timezone)
        names = tracks.column_names(column or [])
        fixes = tracks.read_track(file, device=device, columns=names, zone=zone)
        if start != "original":
            fixes = tracks.shift(fixes, start=_start(start, zone, fixes, speed))
        with (
            httpx.Client(base_url=url, timeout=30) as client,
            Progress(console=Console(stderr=True), transient=True) as bar,
        ):
            task = bar.add_task(f"Posting {file.name}", total=len(fixes))
            done = tracks.post_track(
                client,
                fixes,
                token=token,
                speed=speed or None,
                progress=lambda n: bar.update(task, completed=n),
            )
    answer = {"posted": done.posted, "accepted": done.accepted, "rejected": dict(done.rejected)}
    typer.echo(
        json.dumps(answer)
        if as_json
        else f"{done.posted} fixes posted, {done.accepted} accepted, rejected: {answer['rejected']}"
    )
    if not done.accepted:
        raise typer.Exit(EXIT_REFUSED)


def _start(text: str, zone: ZoneInfo, fixes: list, speed: float) -> datetime:  # type: ignore[type-arg]
    """Return the moment a replay begins: 'now' for one in real time, else so that it ends now."""
    if text == "now":
        span = fixes[-1].fixed_at - fixes[0].fixed_at
        return datetime.now(UTC) - (timedelta(0) if speed else span)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise FlowctlError(
            f"--start takes original, now or an ISO moment; not {text!r}."
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


if __name__ == "__main__":
    app()
