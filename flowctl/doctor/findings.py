"""What a look found: what was looked at, how it stands, and what to do about it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

import psycopg

from flowctl.errors import FlowctlError
from flowctl.logs import discreet
from flowctl.telemetry.store import AWAY

T = TypeVar("T")


class State(StrEnum):
    """How a finding stands; with a ``wrong`` one a gate should not open."""

    GOOD = "good"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor: ``mend`` is a command or a setting, None where all is well."""

    looked_at: str
    state: State
    said: str
    mend: str | None = None


def good(looked_at: str, said: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(looked_at, State.GOOD, said)


def warning(looked_at: str, said: str, mend: str) -> Finding:
    """Return that something should be looked after."""
    return Finding(looked_at, State.WARNING, said, mend)


def wrong(looked_at: str, said: str, mend: str) -> Finding:
    """Return that something costs data, or stops the gate."""
    return Finding(looked_at, State.WRONG, said, mend)


Look = Callable[[T], Iterator[Finding]]
Looks = Sequence[tuple[str, Look[T]]]

UNASKED = (FlowctlError, psycopg.Error, *AWAY, ValueError)
"""What a look raises that finds nothing where it should have asked."""


def look(at: T, looks: Looks[T]) -> Iterator[Finding]:
    """Yield what each look finds; one that cannot be taken is a finding, and the others go on."""
    for name, one in looks:
        try:
            yield from one(at)
        except UNASKED as error:
            yield wrong(
                name,
                f"It could not be looked at: {told(error)}.",
                "mend what it says, and ask again",
            )


def unlooked(without: str, names: Iterable[str]) -> Finding:
    """Return what could not be looked at without something that is away."""
    said = f"Without {without} nothing is known of: {', '.join(dict.fromkeys(names))}."
    return warning("not looked at", said, "mend that first, and ask again: flowctl doctor")


def told(error: Exception) -> str:
    """Return the first line of what an error says, without secrets and without its full stop."""
    lines = str(error).strip().splitlines()
    return discreet(lines[0] if lines else type(error).__name__).rstrip(".")


def place_of(url: str) -> str:
    """Return where an address leads, without who goes there.

    >>> place_of("postgresql://flowctl:hidden@one:5432,two:5432/flowctl?target_session_attrs=any")
    'one:5432,two:5432'
    """
    return urlsplit(url).netloc.rpartition("@")[2] or "this machine"
