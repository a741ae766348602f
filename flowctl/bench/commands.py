"""The commands ``flowctl bench …``."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from flowctl.bench.bodies import Format

if TYPE_CHECKING:
    from flowctl.bench.schedule_day import DayOptions

app = typer.Typer(no_args_is_help=True, help="Measure this machine against a comparator.")


class Protocol(StrEnum):
    """How fixes are sent: in batches of our own, or one a request as a tracker's app does."""

    FIXES = "fixes"
    OSMAND = "osmand"


@app.callback()
def bench() -> None:
    """Measure this machine against a comparator."""


@app.command()
def ingest(
    rate: Annotated[
        float, typer.Option(min=0.0, help="Fixes a second; 0: as fast as they are acknowledged.")
    ] = 0.0,
    seconds: Annotated[float, typer.Option(min=1.0, help="How long to post.")] = 60.0,
    batch: Annotated[int, typer.Option(min=1, max=100_000, help="Fixes a request.")] = 1_000,
    trucks: Annotated[int, typer.Option(min=1_000, max=2_000_000)] = 1_000_000,
    form: Annotated[Format, typer.Option("--format", help="Of the batches.")] = Format.COLUMNAR,
    protocol: Annotated[Protocol, typer.Option(help="Batches, or one fix a request.")] = (
        Protocol.FIXES
    ),
    workers: Annotated[int, typer.Option(min=1, max=16, help="Ingest workers.")] = 2,
    api: Annotated[int, typer.Option(min=1, max=16, help="API processes.")] = 1,
    connections: Annotated[
        int | None, typer.Option(min=1, help="Posts in flight; by the protocol if not given.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Random numbers of the load.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Post positions over HTTP and report what is stored and judged, beside raw COPY."""
    from flowctl.bench.figures import table  # noqa: PLC0415
    from flowctl.bench.ingest import BenchOptions, run_bench  # noqa: PLC0415
    from flowctl.shell import sentences, telling  # noqa: PLC0415

    in_flight = connections or (16 if protocol is Protocol.FIXES else 128)
    options = BenchOptions(
        rate, seconds, batch, trucks, form, str(protocol), workers, api, in_flight, seed
    )
    with sentences(), telling() as tell:
        figures = run_bench(options, tell)
    if as_json:
        typer.echo(json.dumps(figures.as_json()))
    else:
        Console().print(table(figures))


@app.command()
def logins(
    rate: Annotated[float, typer.Option(min=1.0, help="Fixes a second, one a request.")] = 300.0,
    logins: Annotated[float, typer.Option(min=1.0, help="Bad sign-ins a second.")] = 1_000.0,
    seconds: Annotated[float, typer.Option(min=1.0, help="How long each of four phases is.")] = 15,
    rounds: Annotated[int, typer.Option(min=1, help="How often all four are measured.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Random numbers of the load.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare how fast positions are acknowledged with and without a flood of bad sign-ins."""
    from flowctl.bench.logins import LoginOptions, run_logins, table  # noqa: PLC0415
    from flowctl.shell import sentences, telling  # noqa: PLC0415

    with sentences(), telling() as tell:
        figures = run_logins(LoginOptions(rate, logins, seconds, rounds, seed), tell)
    if as_json:
        typer.echo(json.dumps(figures.as_json()))
    else:
        Console().print(table(figures))


@app.command()
def arrivals(
    trucks: Annotated[int, typer.Option(min=20, max=5_000, help="Trucks of the day.")] = 400,
    seed: Annotated[int, typer.Option(min=0, help="Random numbers of the day.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare arrivals with where trucks truly were, beside the rule "inside now, not before"."""
    from flowctl.bench.arrivals import run_arrivals, table  # noqa: PLC0415
    from flowctl.bench.cast import ArrivalsOptions  # noqa: PLC0415
    from flowctl.shell import sentences, telling  # noqa: PLC0415

    with sentences(), telling() as tell:
        figures = run_arrivals(ArrivalsOptions(trucks=trucks, seed=seed), tell)
    if as_json:
        typer.echo(json.dumps(figures.as_json()))
    else:
        Console().print(table(figures))


@app.command()
def geofence(
    points: Annotated[int, typer.Option(min=1_000, max=20_000_000)] = 1_000_000,
    zones: Annotated[int, typer.Option(min=1, max=5_000)] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Random numbers of both.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell fixes their zones and report the rate beside shapely's index, and every difference."""
    from flowctl.bench.geofence import run_geofence, table  # noqa: PLC0415
    from flowctl.shell import telling  # noqa: PLC0415

    with telling() as tell:
        figures = run_geofence(points, zones, seed, tell)
    if as_json:
        typer.echo(json.dumps(figures.as_json()))
    else:
        Console().print(table(figures))


@app.command()
def eta(
    seed: Annotated[int, typer.Option(min=0, help="Random numbers of the day.")] = 1,
    buses: Annotated[
        Path | None, typer.Option(help="Recorded buses, CSV; ../shared/data if not given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare expected arrivals with real ones, beside nominal and last speed."""
    from flowctl.bench.eta import BUSES, run_eta, table  # noqa: PLC0415
    from flowctl.shell import sentences, telling  # noqa: PLC0415

    with sentences(), telling() as tell:
        figures = run_eta(seed=seed, buses=buses or BUSES, tell=tell)
    if figures.bus is None:
        typer.echo(
            f"There is no file {buses or BUSES}, so recorded buses are left out;"
            " name one with --buses.",
            err=True,
        )
    if as_json:
        typer.echo(json.dumps(figures.as_json()))
    else:
        Console().print(table(figures))


@app.command()
def capacity(
    days: Annotated[int, typer.Option(min=1, max=2_000, help="Gate-days without a change.")] = 60,
    seed: Annotated[int, typer.Option(min=0, help="Random numbers of the days.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Learn gates of known capacity, notice their changes, and forecast a day's arrivals."""
    from flowctl.bench.capacity import run_capacity, table  # noqa: PLC0415
    from flowctl.shell import telling  # noqa: PLC0415

    with telling() as tell:
        figures = run_capacity(days, seed, tell)
    if as_json:
        typer.echo(json.dumps(figures.as_json()))
    else:
        Console().print(table(figures))


@app.command()
def tick(
    trips: Annotated[int, typer.Option(min=10, max=90_000, help="Live trips.")] = 20_000,
    staged: Annotated[int, typer.Option(min=1, help="Of them in yards.")] = 6_000,
    runs: Annotated[int, typer.Option(min=1, max=50, help="Steps; the best counts.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Random numbers of the trips.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Time a whole step of the controller and a mass re-time, beside writing row by row."""
    from flowctl.bench.tick import run_tick, table  # noqa: PLC0415
    from flowctl.shell import sentences, telling  # noqa: PLC0415

    with sentences(), telling() as tell:
        figures = run_tick(trips, min(staged, trips), seed, runs, tell)
    if as_json:
        typer.echo(json.dumps(figures.as_json()))
    else:
        Console().print(table(figures))


@app.command()
def schedule(
    trucks: Annotated[int, typer.Option(min=1, max=1_000_000, help="Of the day.")] = 5_000,
    gates: Annotated[int, typer.Option(min=1, max=16)] = 3,
    slots: Annotated[int, typer.Option(min=1, max=288, help="Of the day; 96 are 15 min.")] = 96,
    seed: Annotated[int, typer.Option(min=0, help="Random numbers of the day.")] = 1,
    sides: Annotated[
        bool, typer.Option("--sides", help="With convoys, bays, round trips and changing lanes.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Schedule a day and prove it optimal, beside HiGHS and two lists kept by hand."""
    from flowctl.bench.schedule import run_schedule, table  # noqa: PLC0415
    from flowctl.bench.schedule_day import DayOptions  # noqa: PLC0415
    from flowctl.shell import sentences, telling  # noqa: PLC0415

    options = DayOptions(trucks=trucks, gates=gates, slots=slots, seed=seed)
    if sides:
        _schedule_sides(options, as_json=as_json)
        return
    with sentences(), telling() as tell:
        figures = run_schedule(options, tell)
    if as_json:
        typer.echo(json.dumps(figures.as_json()))
    else:
        Console().print(table(figures))


def _schedule_sides(options: "DayOptions", *, as_json: bool) -> None:
    """Plan the day under each rule beside the flow and under all of them."""
    from flowctl.bench.schedule_sides import run_sides, table  # noqa: PLC0415
    from flowctl.shell import sentences, telling  # noqa: PLC0415

    with sentences(), telling() as tell:
        figures = run_sides(options, tell)
    if as_json:
        typer.echo(json.dumps({one.rule: one.as_json() for one in figures}))
    else:
        Console().print(table(figures, options))


@app.command()
def control(
    replications: Annotated[int, typer.Option(min=1, max=1_000, help="Days a scenario.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Random numbers of the days.")] = 1,
    plot: Annotated[Path | None, typer.Option(help="Draw the queues over the day, PNG.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare release metering, capacity learned, with other rules on the same days."""
    from flowctl.bench.control import run_control, table  # noqa: PLC0415
    from flowctl.bench.control_plot import save_queues  # noqa: PLC0415
    from flowctl.pictures.style import writable  # noqa: PLC0415
    from flowctl.shell import sentences, telling  # noqa: PLC0415

    with sentences(), telling() as tell:
        path = None if plot is None else writable(plot)
        figures = run_control(replications, seed, tell)
        if path is not None:
            save_queues(figures, path)
    if as_json:
        typer.echo(json.dumps(figures.as_json()))
    else:
        Console().print(table(figures))


@app.command()
def simulate(
    replications: Annotated[
        int, typer.Option(min=4, max=1_000_000, help="Days played in a row, drawn too.")
    ] = 1_000,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Of the comparison.")] = 5,
    trucks: Annotated[int, typer.Option(min=1, max=1_000_000, help="Of the compared day.")] = 4_965,
    page: Annotated[int, typer.Option(min=0, help="Replications of a page's run; 0: none.")] = 200,
    twin: Annotated[int, typer.Option(min=0, help="Trucks of the full twin; 0: none.")] = 1_200,
    seed: Annotated[int, typer.Option(min=0, help="Random numbers of all days.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Play a day beside SimPy and cimba, a thousand days, a page's run and the full twin."""
    from flowctl.bench.control_model import ModelParams  # noqa: PLC0415
    from flowctl.bench.simulate import SimulateOptions, run_simulate, table  # noqa: PLC0415
    from flowctl.cli_simulate import load_day  # noqa: PLC0415
    from flowctl.shell import sentences, telling  # noqa: PLC0415

    options = SimulateOptions(rounds, replications, page, twin, seed)
    model = ModelParams(trucks=trucks, tick_s=60.0)
    with sentences(), telling() as tell:
        figures = run_simulate(options, load_day("2024-01-23"), tell, model=model)
    if as_json:
        typer.echo(json.dumps(figures.as_json()))
    else:
        Console().print(table(figures))


@app.command()
def notify(
    messages: Annotated[int, typer.Option(min=20, max=100_000, help="Of a mass re-time.")] = 5_000,
    seconds: Annotated[float, typer.Option(min=1.0, max=3_600.0, help="Steady traffic.")] = 20.0,
    seed: Annotated[int, typer.Option(min=0, help="Random numbers of the SMSC's faults.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Send messages to an SMSC: how soon, how fast beside a bare loop, how truly where it errs."""
    from flowctl.bench.notify import run_notify_bench, table  # noqa: PLC0415
    from flowctl.shell import sentences, telling  # noqa: PLC0415

    with sentences(), telling() as tell:
        figures = run_notify_bench(messages=messages, seconds=seconds, seed=seed, tell=tell)
    if as_json:
        typer.echo(json.dumps(figures.as_json()))
    else:
        Console().print(table(figures))


@app.command()
def registry(
    seconds: Annotated[float, typer.Option(min=1.0, max=600.0, help="To declare.")] = 20.0,
    trips: Annotated[
        int, typer.Option(min=1_000, max=1_000_000, help="Active ones at work lists.")
    ] = 100_000,
    api: Annotated[int, typer.Option(min=1, max=16, help="API processes.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Random numbers of what trips stand at.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Declare trips over HTTP, look at work lists, send a file of 500; each beside a comparator."""
    from flowctl.bench.registry import RegistryOptions, run_registry, table  # noqa: PLC0415
    from flowctl.shell import sentences, telling  # noqa: PLC0415

    with sentences(), telling() as tell:
        figures = run_registry(RegistryOptions(seconds, trips, api, seed), tell)
    if as_json:
        typer.echo(json.dumps(figures.as_json()))
    else:
        Console().print(table(figures))


@app.command()
def console(
    minutes: Annotated[float, typer.Option(min=0.2, max=600.0, help="To watch the map.")] = 2.0,
    seed: Annotated[int, typer.Option(min=0, help="Random numbers of the trucks.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Open the operator's page on 5,000 moving trucks: frames, memory, act to sight, the board."""
    from flowctl.bench.console import run_console, table  # noqa: PLC0415
    from flowctl.shell import sentences, telling  # noqa: PLC0415

    with sentences(), telling() as tell:
        figures = run_console(minutes, seed, tell)
    if as_json:
        typer.echo(json.dumps(figures.as_json()))
    else:
        Console().print(table(figures))


@app.command()
def alarms(
    share: Annotated[float, typer.Option(min=0.05, max=2.0, help="Of the day's trucks.")] = 1.0,
    until: Annotated[float, typer.Option(min=1.0, max=24.0, help="Local hour of the end.")] = 20.0,
    seed: Annotated[int, typer.Option(min=0, help="Random numbers of both days.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Count alarms on a plain day and on one with known troubles, beside the limits alone."""
    from flowctl.bench.alarms import run_alarms, table  # noqa: PLC0415
    from flowctl.shell import sentences, telling  # noqa: PLC0415

    with sentences(), telling() as tell:
        figures = run_alarms(share, until, seed, tell)
    if as_json:
        typer.echo(json.dumps(figures.as_json()))
    else:
        Console().print(table(figures))
