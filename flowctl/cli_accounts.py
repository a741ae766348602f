"""The commands about accounts: who may come in, as what, and who is in."""

import json
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import psycopg
import typer
from rich.table import Table

from flowctl.errors import FlowctlError
from flowctl.registry import accounts as registry
from flowctl.registry.accounts import Agency, Person, Role
from flowctl.registry.sessions import list_open
from flowctl.registry.totp import take_away
from flowctl.shell import database, record, sentences, show_table
from flowctl.storage import accounts as stored
from flowctl.storage.accounts import Account
from flowctl.storage.sessions import end_sessions_of

app = typer.Typer(
    no_args_is_help=True,
    help="Accounts, each of one person at one post: who may come in, as what, and who is in.",
)

_ROLES = ", ".join(role for role in Role if role is not Role.MACHINE)


@app.command("set")
def set_one(
    name: str,
    role: Annotated[str | None, typer.Option(help=_ROLES)] = None,
    person: Annotated[str | None, typer.Option(help="Full name of the person.")] = None,
    post: Annotated[str | None, typer.Option(help="Where and as what the person works.")] = None,
    agency: Annotated[
        str | None, typer.Option(help=f"An officer's agency: {', '.join(Agency)}.")
    ] = None,
    email: Annotated[
        str | None, typer.Option(help="By which a sign-in elsewhere is known; '' for none.")
    ] = None,
    password: Annotated[
        bool, typer.Option(help="Read a new password from standard input, too.")
    ] = True,
) -> None:
    """Make an account, or say anew whose it is and as what; what is not named stays.

    The password is read from standard input. A new one ends the account's sessions.
    """
    with sentences():
        new_role = None if role is None else _role(role)
        whose = Person(person, post, None if agency is None else _agency(agency), email)
        password_hash = registry.hash_password(_read_password()) if password else None
    with database() as conn:
        before = stored.find_account(conn, name)
        account = _put(conn, name, new_role, whose, password_hash)
        record(
            conn,
            "account.set",
            f"account:{name}",
            before=None if before is None else registry.describe(before),
            after=registry.describe(account),
        )
        typer.echo(f"The account {name} ({account.role}) can sign in.")


@app.command("list")
def list_all(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the accounts: whose they are, as what, and from where they are in now."""
    with database() as conn:
        now = datetime.now(UTC)
        rows = [(one, list_open(conn, one, wall_now=now)) for one in stored.list_accounts(conn)]
    if as_json:
        shown = [_json(account, len(sessions)) for account, sessions in rows]
        typer.echo(json.dumps({"accounts": shown}, ensure_ascii=False))
        return
    table = Table("Account", "Role", "Person", "Post", "State", "In now from")
    for account, sessions in rows:
        role = account.role if account.agency is None else f"{account.role}, {account.agency}"
        places = "\n".join(one.address or "this machine" for one in sessions)
        table.add_row(
            account.name,
            role,
            account.person or "nobody said",
            account.post or "",
            _state(account),
            places,
        )
    show_table(table)


@app.command("disable")
def disable(name: str) -> None:
    """Let nobody in by an account any more, and end its sessions."""
    with database() as conn:
        registry.disable_account(conn, name, wall_now=datetime.now(UTC))
        record(conn, "account.disable", f"account:{name}")
        typer.echo(f"The account {name} is disabled; its sessions are over.")


@app.command("enable")
def enable(name: str) -> None:
    """Let an account's person in again."""
    with database() as conn:
        registry.enable_account(conn, name)
        record(conn, "account.enable", f"account:{name}")
        typer.echo(f"The account {name} can sign in.")


@app.command("end-sessions")
def end_sessions(name: str) -> None:
    """End every session of an account; its person may sign in again."""
    with database() as conn:
        registry.get_account(conn, name)
        n = end_sessions_of(conn, name, why="ended", wall_at=datetime.now(UTC))
        record(conn, "session.end_others", f"account:{name}", after={"ended": n})
        typer.echo(f"{n} sessions of {name} ended.")


@app.command("reset-authenticator")
def reset_authenticator(name: str) -> None:
    """Take an account's authenticator and recovery codes away, as when the phone is lost."""
    with database() as conn:
        take_away(conn, name)
        record(conn, "authenticator.reset", f"account:{name}")
        typer.echo(f"The account {name} opens by its password alone until a new one is set up.")


def _put(
    conn: psycopg.Connection[Any],
    name: str,
    role: Role | None,
    whose: Person,
    password_hash: str | None,
) -> Account:
    now = datetime.now(UTC)
    if stored.find_account(conn, name) is None:
        if role is None or password_hash is None:
            raise FlowctlError(f"There is no account {name}; to make it name --role.")
        return registry.make_account(
            conn, name=name, role=role, password_hash=password_hash, whose=whose, wall_now=now
        )
    if password_hash is not None:
        registry.set_password(conn, name, password_hash, wall_now=now)
    return registry.change_account(conn, name, role=role, whose=whose, wall_now=now)


def _read_password() -> str:
    if sys.stdin.isatty():
        typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return typed
    return sys.stdin.readline().strip()


def _role(text: str) -> Role:
    if text not in set(Role) - {Role.MACHINE}:
        raise FlowctlError(f"There is no role {text}; there are: {_ROLES}.")
    return Role(text)


def _agency(text: str) -> Agency:
    if text not in set(Agency):
        raise FlowctlError(f"There is no agency {text}; there are: {', '.join(Agency)}.")
    return Agency(text)


def _state(account: Account) -> str:
    if account.disabled_wall_at is not None:
        return f"disabled since {account.disabled_wall_at:%Y-%m-%d}"
    return "password and authenticator" if account.asks_code else "password"


def _json(account: Account, sessions: int) -> dict[str, Any]:
    return {
        "name": account.name,
        "person": account.person,
        "email": account.email,
        "sessions": sessions,
        **registry.describe(account),
    }
