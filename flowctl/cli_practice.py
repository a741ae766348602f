"""The command that lets people practise on a copy of a real day."""

import json
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from flowctl.errors import FlowctlError
from flowctl.shell import get_settings, sentences


def practice(
    day: Annotated[str, typer.Option(help="The day to copy: yesterday, or one as 2024-01-23.")] = (
        "yesterday"
    ),
    begins: Annotated[str, typer.Option("--from", help="Local hour at which people begin.")] = (
        "07:00"
    ),
    speed: Annotated[
        float, typer.Option(min=1.0, max=60.0, help="Domain time per wall time.")
    ] = 10.0,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the pages.")] = 8100,
    beside: Annotated[
        bool,
        typer.Option(
            "--beside", help="Make its database on the deployment's server, not on one of its own."
        ),
    ] = False,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Leave the servers' emptied data, for a quicker next start."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
    state: Annotated[Path, typer.Option(help="Where it keeps its data while it runs.")] = Path(
        ".state/practice"
    ),
) -> None:
    """Practise on a copy of a real day: real programs, simulated drivers, nothing real."""
    from flowctl.practice import PracticeOptions, run_practice  # noqa: PLC0415

    console = Console(stderr=True)
    with sentences():
        options = PracticeOptions(_day(day), _hour(begins), speed, port, state, beside, keep)
        result = run_practice(get_settings(), options, console)
        if as_json:
            typer.echo(json.dumps(result, ensure_ascii=False))


def _day(text: str) -> date | None:
    if text == "yesterday":
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FlowctlError(
            f"--day takes yesterday, or a day as 2024-01-23; not {text!r}."
        ) from None


def _hour(text: str) -> time:
    try:
        return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - an hour of any day
    except ValueError:
        raise FlowctlError(f"--from takes an hour as 07:00; not {text!r}.") from None
