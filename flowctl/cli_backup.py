"""``flowctl backup`` and ``flowctl restore``: the whole database to a file, and back."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from flowctl.backup import make_backup, restore_backup
from flowctl.shell import get_settings, sentences, telling


def backup(
    folder: Annotated[Path, typer.Argument(help="Where a new file is written.")],
) -> None:
    """Write the whole database to a new file, as the role of FLOWCTL_OWNER_URL if that is set."""
    with sentences():
        chosen = get_settings()
        with telling("dumping the database"):
            made = make_backup(
                chosen.owner_url or chosen.database_url, folder, wall_now=datetime.now(UTC)
            )
    typer.echo(f"{made.file} holds the database ({made.size_bytes / 1e6:,.1f} MB).")
    typer.echo(
        "It opens with FLOWCTL_SECRET, which is not in it: keep both, apart, and off this machine.",
        err=True,
    )


def restore(
    file: Annotated[Path, typer.Argument(help="What flowctl backup wrote.")],
) -> None:
    """Fill an empty database from a backup, whole or not at all."""
    with sentences():
        chosen = get_settings()
        with telling("restoring the database"):
            revision = restore_backup(file, chosen.database_url, chosen.owner_url)
    typer.echo(f"The database is as it was, and at revision {revision}.")
    typer.echo("Now: flowctl ledger verify, and then start the processes.", err=True)
