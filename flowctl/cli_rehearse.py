"""The command that plays a stored day again under other rules."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import psycopg
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from flowctl.errors import FlowctlError
from flowctl.settings import ReadingSettings
from flowctl.shell import counted, database, sentences, show_table, telling

if TYPE_CHECKING:
    from flowctl.scenarios.steering import Steering
    from flowctl.site import Site
    from flowctl.storage.recorded_day import RecordedDay
    from simulations.knowledge_gps import Beliefs
    from simulations.outcomes import Outcome
    from simulations.recorded import RecordedScenario
    from simulations.records import Records

_LABELS = {
    "cleared_export": "exports cleared",
    "cleared_import": "imports cleared",
    "waiting_at_end": "exports waiting at the end",
    "gate_wait_mean_s": "wait at the gate, mean, min",
    "gate_wait_p95_s": "wait at the gate, 95 % below, min",
    "total_wait_mean_s": "wait once ready, in all, mean, min",
    "total_wait_p95_s": "wait once ready, 95 % below, min",
}
_USUAL = ["slots_repair"]

Told = Callable[[float], None]
"""Called with the share of the day that has been played, 0 to 1."""


@dataclass(frozen=True, slots=True)
class _Rehearsed:
    """A day under one steering."""

    steering: str
    outcome: "Outcome"
    beliefs: "Beliefs | None"
    notes: tuple[str, ...]


def rehearse(
    day: Annotated[str, typer.Argument(help="The local day: yesterday, or one as 2024-01-23.")],
    policy: Annotated[
        list[str] | None,
        typer.Option(
            help="What steers it: none, quota:0.95, n_control, slots, slots_repair or"
            " slots_repair:FILE; may be given several times."
        ),
    ] = None,
    site: Annotated[str | None, typer.Option(help="The site, if not the settings' own.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of what drivers and trackers do.")] = 1,
    twin: Annotated[
        bool, typer.Option("--twin", help="With positions: trackers, visits and traffic too.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="A folder for what became of each truck, as Parquet.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Play a stored day again: its own trucks under another policy, beside what truly happened."""
    from flowctl.data_files import data_dir  # noqa: PLC0415
    from flowctl.scenarios.steering import parse_steering  # noqa: PLC0415

    with sentences():
        steerings = [parse_steering(text) for text in policy or _USUAL]
        if twin and (rules := [str(one) for one in steerings if not one.plans]):
            raise FlowctlError(
                f"--twin plays all of production, which gives slots; {', '.join(rules)} gives none."
                " Leave --twin out, or name slots or slots_repair."
            )
        with telling("reading the day") as tell:
            place, stored = _read(day, site)
            tell(f"making its drivers: {counted(len(stored.trips), 'trip')}")
            from simulations.recorded import recorded_scenario  # noqa: PLC0415 - takes a second

            laws = data_dir() / "practice.toml"
            recorded = recorded_scenario(stored, place, laws, seed=seed, closed=True)
        done = _play_all(recorded, place, steerings, seed=seed, twin=twin, out=out)
    if as_json:
        typer.echo(json.dumps(_told(recorded, done, seed=seed), ensure_ascii=False))
    else:
        _show(recorded, done)
    if len(done) < len(steerings):
        raise typer.Exit(130)


def _read(day: str, site_id: str | None) -> "tuple[Site, RecordedDay]":
    """Read a day and the site by the rules that held then, in one look at the database."""
    from flowctl.clock import clock  # noqa: PLC0415
    from flowctl.storage.recorded_day import read_day  # noqa: PLC0415
    from flowctl.storage.sites import get_site  # noqa: PLC0415

    chosen = ReadingSettings()
    site = site_id or chosen.site
    with database(chosen) as conn:
        conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        conn.read_only = True
        now = clock(chosen.clock_file).now()
        zone = get_site(conn, site).timezone
        wanted = _day(day) or now.astimezone(zone).date() - timedelta(days=1)
        since = datetime.combine(wanted, time(), zone)
        until = datetime.combine(wanted + timedelta(days=1), time(), zone)
        if since > now:
            raise FlowctlError(f"{wanted} lies ahead; a day is rehearsed once it has been.")
        place = get_site(conn, site, since)
        return place, read_day(conn, place.id, since=since, until=until)


def _day(text: str) -> date | None:
    if text == "yesterday":
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FlowctlError(f"DAY is yesterday, or a day as 2024-01-23; not {text!r}.") from None


def _play_all(
    recorded: "RecordedScenario",
    site: "Site",
    steerings: "Sequence[Steering]",
    *,
    seed: int,
    twin: bool,
    out: Path | None,
) -> list[_Rehearsed]:
    """Play the day under each steering; after Ctrl-C those that are finished are returned."""
    done: list[_Rehearsed] = []
    with _showing() as show:
        for steering in steerings:
            told = show(str(steering))
            try:
                done.append(_play(recorded, site, steering, told, seed=seed, twin=twin, out=out))
            except KeyboardInterrupt:
                typer.echo(
                    f"Stopped: {len(done)} of {len(steerings)} policies were played.", err=True
                )
                break
    return done


@contextmanager
def _showing() -> Iterator[Callable[[str], Told]]:
    """Yield what begins to show on standard error how far a policy is: a bar, in a log lines."""
    console = Console(stderr=True)
    if not console.is_terminal:
        with telling("playing the day") as tell:
            yield lambda name: lambda share: tell(f"playing {name}: {100 * share:.0f} % of the day")
        return
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as bar:

        def begin(name: str) -> Told:
            task = bar.add_task(name, total=1.0)
            return lambda share: bar.update(task, completed=share)

        yield begin


def _play(
    recorded: "RecordedScenario",
    site: "Site",
    steering: "Steering",
    told: Told,
    *,
    seed: int,
    twin: bool,
    out: Path | None,
) -> _Rehearsed:
    from simulations.engine import prepare  # noqa: PLC0415
    from simulations.outcomes import outcome_of  # noqa: PLC0415
    from simulations.studies.notes import notes_on  # noqa: PLC0415
    from simulations.twin import play_twin  # noqa: PLC0415

    told(0.0)
    day, trucks, beliefs = recorded.scenario, recorded.demand, None
    if twin:
        records, beliefs = play_twin(
            day, site, steering=steering, seed=seed, demand=trucks, progress=told
        )
    else:
        prepared = prepare(day, site, steering=steering)
        records = prepared.play(seed, demand=trucks, progress=told)
    if out is not None:
        _write(out, records, str(steering), site)
    notes = tuple(note.text for note in notes_on(records))
    return _Rehearsed(str(steering), outcome_of(records), beliefs, notes)


def _write(out: Path, records: "Records", steering: str, site: "Site") -> None:
    """Write what became of each truck into a file named by what steered it."""
    from flowctl.pictures.simulation_trucks import write_parquet  # noqa: PLC0415
    from simulations.studies.result import trucks_of  # noqa: PLC0415

    out.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^\w.]+", "-", steering)
    (out / f"{name}.parquet").write_bytes(write_parquet(trucks_of(records), site.timezone))


def _told(recorded: "RecordedScenario", done: Sequence[_Rehearsed], *, seed: int) -> dict[str, Any]:
    return {
        "day": str(recorded.scenario.day),
        "site": recorded.scenario.site,
        "seed": seed,
        "exports": len(recorded.trips),
        "imports": len(recorded.imports),
        "left_out": recorded.left_out,
        "as_it_was": asdict(recorded.as_it_was),
        "policies": [
            {
                "policy": one.steering,
                **asdict(one.outcome),
                "beliefs": None if one.beliefs is None else asdict(one.beliefs),
                "notes": list(one.notes),
            }
            for one in done
        ],
    }


def _show(recorded: "RecordedScenario", done: Sequence[_Rehearsed]) -> None:
    """Print the day as it was beside the day as it would have been."""
    table = Table(title=f"{recorded.scenario.site}, {recorded.scenario.day}")
    table.add_column("measure")
    for name in ("as it was", *(one.steering for one in done)):
        table.add_column(name, justify="right")
    outcomes = [asdict(recorded.as_it_was), *(asdict(one.outcome) for one in done)]
    for key, label in _LABELS.items():
        table.add_row(label, *(_cell(key, outcome[key]) for outcome in outcomes))
    show_table(table)
    said = f"{counted(len(recorded.trips), 'export')}, {counted(len(recorded.imports), 'import')}"
    left = f"; {recorded.left_out} left out, no road leads to their gate" * bool(recorded.left_out)
    typer.echo(f"{said} of that day at their own times{left}. Drivers and trackers are simulated.")
    for one in done:
        for note in one.notes:
            typer.echo(f"{one.steering}: {note}")
        if one.beliefs is not None:
            typer.echo(f"{one.steering}: {_believed(one.beliefs)}")


def _cell(key: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value / 60:,.1f}" if key.endswith("_s") else f"{value:,}"


def _believed(beliefs: "Beliefs") -> str:
    """Return how well positions told what happened, as a sentence."""
    told = (
        f"positions showed {beliefs.believed} of {beliefs.arrivals} arrivals and proved"
        f" {beliefs.proved}"
    )
    if beliefs.median_delay_s is None or beliefs.median_error_s is None:
        return f"{told}."
    return (
        f"{told}; known after {beliefs.median_delay_s:.0f} s, wrong by"
        f" {beliefs.median_error_s:.0f} s (medians)."
    )
