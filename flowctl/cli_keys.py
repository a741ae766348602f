"""The command about the deployment's secret: what a former one closed is closed anew."""

import typer
from rich.table import Table

from flowctl.errors import FlowctlError
from flowctl.registry.keys import derive_keys
from flowctl.registry.rotation import renew
from flowctl.shell import database, get_settings, record, sentences, show_table, telling

app = typer.Typer(no_args_is_help=True, help="The deployment's secret, and changing it.")


@app.callback()
def _group() -> None:
    """Keep this a group of commands: with one alone, it would be the command itself."""


@app.command("rotate")
def rotate() -> None:
    """Close anew, with FLOWCTL_SECRET, what the former ones of FLOWCTL_OLD_SECRETS closed.

    Everything goes on meanwhile, and a renewal that was broken off goes on where it was. Once all
    is renewed, passes of before run out within a day: then leave the former secret out.
    """
    with sentences():
        chosen = get_settings()
        keys = derive_keys(chosen.secret, chosen.old_secrets)
        if not keys.former:
            raise FlowctlError(
                "FLOWCTL_OLD_SECRETS names no former secret, so nothing is to be renewed; name the"
                " one that FLOWCTL_SECRET replaces."
            )
    with database() as conn, telling("renewing what former secrets closed") as tell:
        conn.commit()
        conn.autocommit = True
        done = []
        for one in renew(conn, keys):
            tell(f"{one.what}: {one.renewed} renewed")
            done.append(one)
        after = {one.what: one.renewed for one in done if one.renewed}
        record(conn, "key.rotate", "secret", after=after)
        table = Table("What", "Renewed", "Needed nothing", "Opens with no secret given")
        for one in done:
            table.add_row(one.what, str(one.renewed), str(one.current), str(one.lost))
        show_table(table)
        lost = sum(one.lost for one in done)
        if lost:
            raise FlowctlError(
                f"{lost} of them open with none of the secrets given; name the one they were made"
                " under in FLOWCTL_OLD_SECRETS, too, and run this again."
            )
