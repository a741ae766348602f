"""``flowctl doctor``: what would stop this deployment, a line each, with a mend."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer

from flowctl.doctor.examine import examine
from flowctl.doctor.findings import Finding, State, wrong
from flowctl.doctor.machine import look_at_packages
from flowctl.errors import FlowctlError
from flowctl.shell import EXIT_REFUSED, counted, get_settings

_MARKS = {State.GOOD: "good   ", State.WARNING: "warning", State.WRONG: "wrong  "}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look at everything a gate needs, and say how to mend what is wrong (exit code 1)."""
    findings = []
    for one in _findings():
        findings.append(one)
        if not as_json:
            _show(one)
    counts = {str(state): sum(one.state is state for one in findings) for state in State}
    if as_json:
        told = {**counts, "findings": [asdict(one) for one in findings]}
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        typer.echo(
            f"{counted(len(findings), 'finding')}: {counts['wrong']} wrong,"
            f" {counted(counts['warning'], 'warning')}."
        )
    if counts["wrong"]:
        raise typer.Exit(EXIT_REFUSED)


def _findings() -> Iterator[Finding]:
    yield from look_at_packages()
    try:
        chosen = get_settings()
    except FlowctlError as error:
        yield wrong("settings", str(error), "set what it names; nothing else was looked at")
        return
    yield from examine(chosen, time.time)


def _show(one: Finding) -> None:
    typer.echo(f"{_MARKS[one.state]}  {one.looked_at}: {one.said}")
    if one.mend is not None:
        typer.echo(f"         mend: {one.mend}")
