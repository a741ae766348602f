"""The commands that play scenarios: one under several rules, and studies of many variants."""

import json
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from flowctl.errors import FlowctlError
from flowctl.shell import sentences

if TYPE_CHECKING:
    from flowctl.scenarios.scenario import Scenario
    from flowctl.scenarios.steering import Steering
    from flowctl.site import Site
    from simulations.records import Records
    from simulations.studies.executors import Pool
    from simulations.studies.result import Run
    from simulations.studies.run import Width

_MOST_POLICIES = 4
USUAL = ("none", "n_control")
"""What is compared where nobody names a policy."""
_USUAL_OUT = Path("out")
_UNTIL = re.compile(r"([a-z][a-z0-9_]*)=(\d+(?:\.\d+)?)%")

Scenarios = Annotated[str, typer.Argument(help="A scenario's TOML file, or one that ships.")]
Policies = Annotated[
    list[str] | None,
    typer.Option(
        help="What steers it: none, quota:0.95, n_control, slots, slots_repair or"
        " slots_repair:FILE; may be given up to four times. Usually: none and n_control."
    ),
]
Replications = Annotated[
    int | None,
    typer.Option(min=1, max=100_000, help="Days played with other random numbers; else its own."),
]
Seed = Annotated[
    int | None, typer.Option(min=0, help="Random numbers of the first replication; else its own.")
]
ClusterAt = Annotated[
    str | None,
    typer.Option("--cluster", help="A Dask scheduler, such as tcp://10.0.0.5:8786, to play on."),
]


def simulate(
    scenario: Scenarios,
    policy: Policies = None,
    replications: Replications = None,
    until: Annotated[
        str | None,
        typer.Option(
            help="Go on until a measure is so sure, such as gate_wait_mean_s=5%; with at most"
            " --replications, else 1000."
        ),
    ] = None,
    seed: Seed = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="A folder for the picture, each result as JSON, and what became of every truck of"
            " every replication as Parquet, a file for each policy; without it there is only the"
            " picture, in out/."
        ),
    ] = None,
    cluster: ClusterAt = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Play a scenario under rules, with the same trucks; print a table and save a picture."""
    from simulations.plots import save_comparison  # noqa: PLC0415
    from simulations.report import comparison_table  # noqa: PLC0415

    console = Console()
    with sentences(), asked_to_stop() as stop:
        day, site = load_day(scenario)
        steerings = parse_policies(policy or USUAL)
        width = _width(until, day)
        results = []
        for steering in steerings:
            file = None if out is None else out / _file_name(day.id, steering)
            done = _played(
                day,
                site,
                steering,
                width=width,
                replications=replications or _replications(day, width),
                seed=day.run.seed if seed is None else seed,
                cluster=cluster,
                file=file,
                stop=stop,
            )
            result = done.as_json()
            if file is not None:
                save_result(result, file.with_suffix(".json"))
            results.append(result)
            if stop.is_set():
                break
        if as_json:
            typer.echo(json.dumps([without_trucks(result) for result in results]))
        else:
            console.print(comparison_table(results, site))
            for text in _noted(results):
                console.print(f"Note: {text}", highlight=False)
        folder = _USUAL_OUT if out is None else out
        folder.mkdir(parents=True, exist_ok=True)
        picture = folder / f"{day.id}.png"
        save_comparison(results, picture, site=site)
        if not as_json:
            console.print(f"Picture: {picture}")


def _played(
    day: "Scenario",
    site: "Site",
    steering: "Steering",
    *,
    width: "Width | None",
    replications: int,
    seed: int,
    cluster: str | None,
    file: Path | None,
    stop: Event,
) -> "Run":
    """Play one rule, with a bar on standard error; every truck goes to a file of that name."""
    from simulations.engine import CancelledError  # noqa: PLC0415
    from simulations.studies.run import run  # noqa: PLC0415

    with progress_bar() as bar, workers(steering, cluster) as pool, _keeping(file, site) as keep:
        task = bar.add_task(str(steering), total=replications)
        try:
            return run(
                day,
                site,
                steering=steering,
                seed=seed,
                replications=replications,
                until_width=width,
                executor=pool,
                progress=lambda share, _: bar.update(task, completed=share * replications),
                stopped=stop.is_set,
                keep=keep,
            )
        except CancelledError:
            raise FlowctlError("Ended before the first replication was finished.") from None


def load_day(name: str) -> tuple["Scenario", "Site"]:
    """Return a scenario, from a file or of those that ship, and its site.

    Raises
    ------
    FlowctlError
        There is none, or it is not fit for use.
    """
    from flowctl import days  # noqa: PLC0415

    day, _, site = days.load_day(name)
    return day, site


def parse_policies(texts: Sequence[str]) -> "list[Steering]":
    """Read the policies that are to be compared.

    Raises
    ------
    FlowctlError
        There are more than four, two are the same, or one is none.
    """
    from flowctl.scenarios.steering import parse_steering  # noqa: PLC0415

    steerings = [parse_steering(text) for text in texts]
    if len(steerings) > _MOST_POLICIES:
        raise FlowctlError(f"At most {_MOST_POLICIES} policies are compared at once.")
    twice = next((one for one in steerings if steerings.count(one) > 1), None)
    if twice is not None:
        raise FlowctlError(f"The policy '{twice}' is named twice; name each once.")
    return steerings


def workers(steering: "Steering", cluster: str | None) -> "Pool":
    """Return those who play: of a cluster, or of this machine."""
    from simulations.studies.executors import dask, fitting  # noqa: PLC0415

    return fitting(steering) if cluster is None else dask(cluster)


def progress_bar() -> Progress:
    """Return a bar on standard error that says what is played, how far, and how long it takes."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


@contextmanager
def asked_to_stop() -> Iterator[Event]:
    """Yield an event that Ctrl-C sets; a second one ends the program at once."""
    stop = Event()

    def hear(_number: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        typer.echo("Ending with what is finished; Ctrl-C again leaves at once.", err=True)

    before = {name: signal.signal(name, hear) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def without_trucks(result: dict[str, Any]) -> dict[str, Any]:
    """Return a result without the columns of its trucks."""
    return {key: value for key, value in result.items() if key != "trucks"}


def _noted(results: list[dict[str, Any]]) -> Iterator[str]:
    """Yield what is to be said of runs, once where several show it of a gate or in one sentence."""
    notes = {
        (note["kind"], note["values"].get("gate", note["text"])): note["text"]
        for result in reversed(results)
        for note in reversed(result["notes"])
    }
    yield from reversed(notes.values())


def save_result(result: dict[str, Any], path: Path) -> None:
    """Write a result as JSON, without its trucks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(without_trucks(result), ensure_ascii=False), encoding="utf-8")


@contextmanager
def _keeping(file: Path | None, site: "Site") -> "Iterator[Callable[[int, Records], None] | None]":
    """Yield what writes each replication's trucks into a Parquet file; None without a file."""
    from flowctl.pictures.simulation_trucks import TrucksFile  # noqa: PLC0415
    from simulations.studies.result import trucks_of  # noqa: PLC0415

    if file is None:
        yield None
        return
    with TrucksFile(file.with_suffix(".parquet"), site.timezone) as trucks:
        yield lambda number, records: trucks.add(number, trucks_of(records))


def _file_name(scenario: str, steering: "Steering") -> str:
    return re.sub(r"[^\w.-]+", "-", f"{scenario}-{steering}").replace(".", "_")


def _replications(day: "Scenario", width: "Width | None") -> int:
    return day.run.replications if width is None else max(day.run.replications, 1000)


def _width(text: str | None, day: "Scenario") -> "Width | None":
    """Read how sure a measure shall be; left out, what the scenario says."""
    from simulations.studies.run import Width  # noqa: PLC0415

    if text is None:
        share = day.run.until_width
        return None if share is None else Width(day.run.measure, share)
    found = _UNTIL.fullmatch(text)
    if found is None:
        raise FlowctlError(f"--until takes a measure and a share, as gate_wait_mean_s=5%: {text!r}")
    return Width(found[1], float(found[2]) / 100)
