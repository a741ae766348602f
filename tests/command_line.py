"""Commands as somebody types them, run within the tests' process: a start of Python each is saved.

That each process starts as a process is seen in test_commands, test_readme_trackers and the demo.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from flowctl.cli import app
from flowctl.settings import settings


@dataclass(frozen=True, slots=True)
class Done:
    """What a command said, and how it ended."""

    returncode: int
    stdout: str
    stderr: str


def run_command(
    *arguments: str,
    env: Mapping[str, str],
    cwd: Path | None = None,
    code: int = 0,
    typed: str | None = None,
) -> Done:
    """Run a command of flowctl with settings of its own and see that it ends with ``code``.

    ``typed`` is what it reads from standard input.
    """
    settings.cache_clear()
    try:
        with contextlib.chdir(cwd or Path.cwd()):
            done = CliRunner().invoke(
                app, list(arguments), env={"COLUMNS": "200", **env}, input=typed
            )
    finally:
        settings.cache_clear()
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception  # what would have been a traceback
    assert done.exit_code == code, done.stdout + done.stderr
    return Done(done.exit_code, done.stdout, done.stderr)
