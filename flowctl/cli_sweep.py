"""The command that plays many variants of a scenario: ranges, sensitivity, searches, troubles."""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from flowctl.cli_simulate import (
    USUAL,
    ClusterAt,
    Replications,
    Scenarios,
    Seed,
    asked_to_stop,
    load_day,
    parse_policies,
    progress_bar,
    workers,
)
from flowctl.days import find_day
from flowctl.errors import FlowctlError
from flowctl.shell import EXIT_REFUSED, counted, sentences

if TYPE_CHECKING:
    from flowctl.scenarios.steering import Steering
    from simulations.studies.cells import Cell, Study
    from simulations.studies.executors import Pool
    from simulations.studies.variants import Base

_REPLICATIONS = 20
_MOST_CELLS = 10_000
_USUAL_ALONE = ("n_control",)
"""The policy of a study of one policy, where nobody names it."""


def sweep(
    scenario: Scenarios,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            help="A number and its values, such as gates.tan_thanh.arrivals=300:600:50 or"
            " site.dispatch.slot_s=600,900; several are crossed."
        ),
    ] = None,
    tornado: Annotated[
        bool, typer.Option("--tornado", help="Lower and raise each number by --by, alone.")
    ] = False,
    by: Annotated[float, typer.Option(min=0.01, max=0.99, help="The share of --tornado.")] = 0.2,
    search: Annotated[
        str | None,
        typer.Option(
            help="'least PATH=1:20 for total_wait_mean_s<=60min', or 'best PATH=4:24:2 for"
            " total_wait_mean_s'."
        ),
    ] = None,
    library: Annotated[
        bool, typer.Option("--library", help="Play it with each of the usual disruptions.")
    ] = False,
    gate: Annotated[
        str | None, typer.Option(help="Where --library strikes; else the gate of most exports.")
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            help="What steers it: none, quota:0.95, n_control, slots, slots_repair or"
            " slots_repair:FILE; may be given up to four times. Usually none and n_control;"
            " --tornado and --search take one, usually n_control."
        ),
    ] = None,
    measure: Annotated[
        str,
        typer.Option(
            help="What tables and pictures show. The wait once ready sees places and demand under"
            " every policy; the wait at the gate does not where trucks are held in their yards."
        ),
    ] = "total_wait_mean_s",
    replications: Replications = None,
    seed: Seed = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="A folder for the picture and a line of JSON for each finished variant; those that"
            " are there are not played again."
        ),
    ] = None,
    cluster: ClusterAt = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Play variants of a scenario, each with the same random numbers, and compare them."""
    from simulations.metrics import UNITS  # noqa: PLC0415
    from simulations.studies.cells import StoppedError, Study  # noqa: PLC0415
    from simulations.studies.run import no_measure  # noqa: PLC0415
    from simulations.studies.variants import parse_variable  # noqa: PLC0415

    with sentences(), asked_to_stop() as stop, ExitStack() as open_pools:
        if sum(map(bool, (vary and not tornado, tornado, search, library))) != 1:
            raise FlowctlError("Say one of --vary, --tornado, --search and --library.")
        if measure not in UNITS:
            raise no_measure(measure)
        base = _base(scenario)
        steerings = parse_policies(policy or (_USUAL_ALONE if tornado or search else USUAL))
        day, _ = base.variant({})
        bar = open_pools.enter_context(progress_bar())
        task = bar.add_task("starting", total=1.0)
        study = Study(
            seed=day.run.seed if seed is None else seed,
            replications=replications or max(day.run.replications, _REPLICATIONS),
            executor=_pools(open_pools, cluster),
            folder=out,
            stopped=stop.is_set,
            tell=lambda label, share: bar.update(task, description=label, completed=share),
        )
        show = _Shown(base, steerings, study, measure, out, as_json)
        try:
            if search is not None:
                show.search(search)
            elif tornado:
                show.tornado(by, vary or [])
            elif library:
                show.library(gate)
            else:
                show.sweep([parse_variable(text) for text in vary or []])
        except StoppedError:
            open_pools.close()
            typer.echo(_ended(study.played, out), err=True)
            raise typer.Exit(EXIT_REFUSED) from None


def _ended(played: int, out: Path | None) -> str:
    """Return what came of a study that was stopped."""
    if not played:
        return "Ended before a variant was finished."
    kept = "" if out is None else f" and kept in {out}: the same command goes on from there"
    return f"Ended early; {counted(played, 'variant')} played{kept}."


def _base(name: str) -> "Base":
    from flowctl.scenarios.scenario import read_toml, whole_table  # noqa: PLC0415
    from simulations.studies.variants import Base  # noqa: PLC0415

    _, site = load_day(name)
    path = find_day(name)
    text = path.read_text(encoding="utf-8")
    table = whole_table(read_toml(text, str(path)), path.parent, where=str(path))
    return Base(table=table, site=site, where=str(path))


def _pools(
    stack: ExitStack, cluster: str | None
) -> "Callable[[Steering], AbstractContextManager[Pool]]":
    """Return what gives a rule its workers, which stay for all variants."""
    opened: dict[bool, Pool] = {}

    def pool_of(steering: "Steering") -> "AbstractContextManager[Pool]":
        if steering.plans not in opened:
            opened[steering.plans] = stack.enter_context(workers(steering, cluster))
        return nullcontext(opened[steering.plans])

    return pool_of


class _Shown:
    """Plays the kinds of studies and prints what came."""

    def __init__(
        self,
        base: "Base",
        steerings: "Sequence[Steering]",
        study: "Study",
        measure: str,
        out: Path | None,
        as_json: bool,
    ) -> None:
        self._base, self._steerings, self._study = base, steerings, study
        self._measure, self._out, self._as_json = measure, out, as_json

    def sweep(self, variables: Sequence[Any]) -> None:
        """Play every combination of values under every rule."""
        from simulations.plots_studies import save_curves  # noqa: PLC0415
        from simulations.report_studies import cells_table  # noqa: PLC0415

        grid = [
            dict(zip((each.path for each in variables), values, strict=True))
            for values in product(*(each.values for each in variables))
        ]
        if len(grid) * len(self._steerings) > _MOST_CELLS:
            raise FlowctlError(f"These are {len(grid)} variants; at most {_MOST_CELLS} are played.")
        for settings in grid:  # all of them can be, before the first is played
            self._base.variant(settings)
        cells = [
            [self._study.play(self._base, settings, steering) for settings in grid]
            for steering in self._steerings
        ]
        self._print(cells_table(cells, self._measure), [c.as_json() for row in cells for c in row])
        if len(variables) == 1:
            self._draw(lambda path: save_curves(cells, variables[0].path, self._measure, path))

    def library(self, gate: str | None) -> None:
        """Play the scenario as it is and with each disruption."""
        from simulations.report_studies import library_table  # noqa: PLC0415
        from simulations.studies.library import LIBRARY, busiest, troubled  # noqa: PLC0415

        where = gate or busiest(self._base)
        rows: list[tuple[str, list[Cell]]] = []
        for trouble in (None, *LIBRARY):
            base = self._base if trouble is None else troubled(self._base, trouble, where)
            label = "as it is" if trouble is None else trouble.id
            played = [self._study.play(base, {}, each, label) for each in self._steerings]
            rows.append((label if trouble is None else trouble.text, played))
        self._print(
            library_table(rows, self._measure, where),
            [cell.as_json() for _, cells in rows for cell in cells],
        )

    def tornado(self, by: float, paths: Sequence[str]) -> None:
        """Lower and raise each number under the first rule."""
        from simulations.plots_studies import save_tornado  # noqa: PLC0415
        from simulations.report_studies import tornado_table  # noqa: PLC0415
        from simulations.studies.search import tornado  # noqa: PLC0415

        steering = self._only()
        swings = tornado(
            self._base, steering, self._study, measure=self._measure, share=by, paths=paths
        )
        plain = [
            {
                "path": swing.path,
                "low": swing.low,
                "high": swing.high,
                "lowered": _said(swing.lowered),
                "raised": _said(swing.raised),
            }
            for swing in swings
        ]
        self._print(tornado_table(swings, self._measure, by, str(steering)), plain)
        self._draw(lambda path: save_tornado(swings, self._measure, by, path))

    def search(self, text: str) -> None:
        """Look for a value under the first rule."""
        from simulations.report_studies import search_table  # noqa: PLC0415
        from simulations.studies.search import budget, parse_search, search  # noqa: PLC0415

        steering = self._only()
        wanted = parse_search(text, self._base)
        found = search(self._base, steering, wanted, self._study)
        cost = budget(self._study, found)
        plain = {
            "search": text,
            "value": found.value,
            **cost,
            "cells": [cell.as_json() for _, cell in found.tried],
        }
        self._print(search_table(wanted, found, str(steering)), plain)
        if not self._as_json:
            typer.echo(
                f"{cost['tried']} of {len(wanted.values)} values tried,"
                f" {cost['replications']} days played now."
            )
        if found.value is None:
            raise FlowctlError(
                f"No value of {wanted.path} up to {wanted.values[-1]:g} keeps the limit."
            )

    def _only(self) -> "Steering":
        if len(self._steerings) > 1:
            raise FlowctlError("This study is of one policy; name it with one --policy.")
        return self._steerings[0]

    def _print(self, table: Any, plain: Any) -> None:  # noqa: ANN401 - a table, and JSON
        if self._as_json:
            typer.echo(json.dumps(plain))
        else:
            Console().print(table)

    def _draw(self, save: Callable[[Path], None]) -> None:
        folder = Path("out") if self._out is None else self._out
        folder.mkdir(parents=True, exist_ok=True)
        picture = folder / "study.png"
        save(picture)
        if not self._as_json:
            typer.echo(f"Picture: {picture}")


def _said(interval: Any) -> dict[str, float | None]:  # noqa: ANN401 - an Interval
    return {"mean": interval.mean, "low": interval.low, "high": interval.high}
