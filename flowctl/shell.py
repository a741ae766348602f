"""What every command shares: the settings, and sentences in place of tracebacks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import redis
import typer
from pydantic import ValidationError

from flowctl.errors import FlowctlError
from flowctl.settings import Settings, settings

EXIT_REFUSED = 1


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
    except redis.RedisError as error:
        typer.echo(f"The position store does not answer, or has stopped: {error}", err=True)
        raise typer.Exit(EXIT_REFUSED) from None
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        typer.echo(f"The system refused: {error.strerror or error}{where}.", err=True)
        raise typer.Exit(EXIT_REFUSED) from None


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


@contextmanager
def database() -> Iterator[psycopg.Connection[Any]]:
    """Yield a connection for one command, whose work counts if the command ends well."""
    utc = "-c timezone=UTC"
    with sentences(), psycopg.connect(get_settings().database_url, options=utc) as conn:
        yield conn
