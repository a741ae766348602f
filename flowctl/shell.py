"""What every command shares: settings, sentences in place of tracebacks, how far it is."""

import getpass
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar
from zoneinfo import ZoneInfo

import psycopg
import redis
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from flowctl.clock import clock
from flowctl.errors import FlowctlError
from flowctl.settings import KeySettings, ReadingSettings, Settings, settings
from flowctl.storage.audit import By, add_record

EXIT_REFUSED = 1
_LINE_EVERY_S = 10.0
_PIPE_COLUMNS = 100_000
"""Wider than any table: what reads a pipe wants every word."""


@contextmanager
def sentences() -> Iterator[None]:
    """Turn what flowctl refuses into one sentence on standard error and exit code 1."""
    try:
        yield
    except FlowctlError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_REFUSED) from None
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "no reason given"
        typer.echo(f"The database does not answer, or has stopped: {reason}", err=True)
        raise typer.Exit(EXIT_REFUSED) from None
    except psycopg.errors.UndefinedTable as error:
        lacking = str(error).strip().splitlines()[0]
        typer.echo(f"The database lacks a table ({lacking}); run: flowctl migrate", err=True)
        raise typer.Exit(EXIT_REFUSED) from None
    except redis.RedisError as error:
        typer.echo(f"The position store does not answer, or has stopped: {error}", err=True)
        raise typer.Exit(EXIT_REFUSED) from None
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        typer.echo(f"The system refused: {error.strerror or error}{where}.", err=True)
        raise typer.Exit(EXIT_REFUSED) from None


@contextmanager
def telling(first: str = "starting") -> Iterator[Callable[[str], None]]:
    """Yield what shows on standard error how far a command is, from ``first`` on.

    On a terminal that is one line that moves. Elsewhere, as in a log, every stage has a line, and
    one that lasts another each ten seconds; a stage is what is told up to a colon.
    """
    console = Console(stderr=True)
    if console.is_terminal:
        with console.status(first, spinner="line") as status:
            yield status.update
        return
    stage, said_at = "", -_LINE_EVERY_S

    def tell(text: str) -> None:
        nonlocal stage, said_at
        name = text.partition(":")[0]
        if name != stage or time.monotonic() - said_at >= _LINE_EVERY_S:
            stage, said_at = name, time.monotonic()
            typer.echo(text, err=True)

    tell(first)
    yield tell


def get_settings() -> Settings:
    """Return the settings.

    Raises
    ------
    FlowctlError
        They are not fit for use.
    """
    try:
        return settings()
    except ValidationError as error:
        problems = "; ".join(
            " ".join([*map(str, item["loc"]), item["msg"]]) for item in error.errors()
        )
        raise FlowctlError(f"The settings are not fit for use: {problems}") from error


def find_key_file() -> Path | None:
    """Return the file of the ledger's key, or None; no other setting needs to be there."""
    return KeySettings().ledger_key_file


def show_table(table: Table) -> None:
    """Print a table: as wide as the terminal is, and uncut where there is none."""
    console = Console(markup=False)  # what senders wrote is no markup
    if not console.is_terminal:
        console.width = _PIPE_COLUMNS
    console.print(table)


class LoadedVersion(Protocol):
    """A version of a file of a site's, as it was loaded."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def version(self) -> str:
        """What its file calls it."""

    @property
    def valid_from(self) -> datetime:
        """From when on it holds."""


V = TypeVar("V", bound=LoadedVersion)


def show_versions(
    versions: Sequence[V],
    in_force: str | None,
    zone: ZoneInfo,
    *,
    as_json: bool,
    more: Callable[[V], str] = lambda _: "",
) -> None:
    """Print a line of each version, or all as one JSON object; the one in force is marked.

    ``more`` is what a line says between the moment from which its version holds and the mark. The
    object has every field of a version but its row's number and the text itself.
    """
    if as_json:
        told = [
            {
                name: value.isoformat() if isinstance(value, datetime) else value
                for name, value in asdict(one).items()
                if name not in {"id", "definition"}
            }
            for one in versions
        ]
        typer.echo(json.dumps({"in_force": in_force, "versions": told}, ensure_ascii=False))
        return
    for one in versions:
        mark = ", in force" if one.version == in_force else ""
        typer.echo(f"{one.version}: from {local_minute(one.valid_from, zone)}{more(one)}{mark}")


def local_minute(at: datetime, zone: ZoneInfo) -> str:
    """Return a moment by a zone's clocks, to the minute."""
    return at.astimezone(zone).isoformat(sep=" ", timespec="minutes")


def counted(n: int, what: str) -> str:
    """Return how many there are of something, as ``1 row`` and ``2,000 rows``."""
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


@contextmanager
def database(chosen: ReadingSettings | None = None) -> Iterator[psycopg.Connection[Any]]:
    """Yield a connection for one command, whose work counts if the command ends well.

    Without settings to go by, all of them must be fit for use.
    """
    utc = "-c timezone=UTC"
    with (
        sentences(),
        psycopg.connect((chosen or get_settings()).database_url, options=utc) as conn,
    ):
        yield conn


def record(
    conn: psycopg.Connection[Any],
    act: str,
    subject: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write down what a command does, by the system's user; see `flowctl.storage.audit`."""
    chosen = get_settings()
    add_record(
        conn,
        chosen.site,
        By(f"shell:{getpass.getuser()}", "shell", None),
        act=act,
        subject=subject,
        before=before,
        after=after,
        at=clock(chosen.clock_file).now(),
    )
