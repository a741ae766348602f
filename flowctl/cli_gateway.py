"""The commands about gateways: where messages go, and where gateways call us."""

import asyncio
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.table import Table

from flowctl.clock import clock
from flowctl.errors import FlowctlError, NotFoundError
from flowctl.notify.gateway_file import (
    Account,
    FileAccount,
    callback_url,
    open_gateway,
    read_gateways,
)
from flowctl.notify.gateways import Gateway, GatewayError, Message, Tariff
from flowctl.notify.http import HttpAccount
from flowctl.notify.inbound import StoredInbound
from flowctl.notify.smpp import SmppAccount
from flowctl.registry.keys import derive_keys
from flowctl.registry.phones import parse_phone
from flowctl.settings import Settings
from flowctl.shell import counted, database, get_settings, sentences, show_table
from flowctl.storage.gateway_states import list_states
from flowctl.storage.receipts import find_receipt
from flowctl.storage.sites import get_site

app = typer.Typer(no_args_is_help=True, help="Gateways: where messages to drivers go.")

_LOOK_EVERY_S = 0.5
_TEXT = "flowctl: tin thu, khong can tra loi. Test message, no answer needed."


@app.command("check")
def check(
    file: Annotated[
        Path | None, typer.Argument(help="A gateways file; FLOWCTL_GATEWAYS_FILE without.")
    ] = None,
) -> None:
    """Read a gateways file with its secrets and say what is wrong with it, or what it holds."""
    with sentences():
        path = file or _file_of(get_settings())
        accounts = read_gateways(path, os.environ)
    table = Table("Order", "Gateway", "Kind", "Where", "Parts/s", "At once", "A part costs")
    for order, one in enumerate(accounts, start=1):
        table.add_row(str(order), one.name, *_described(one))
    show_table(table)
    typer.echo(f"{path} is fit for use: {counted(len(accounts), 'gateway')}.")


@app.command("list")
def list_all() -> None:
    """List the gateways in order of preference, and how each does as the sender last saw it."""
    with sentences():
        accounts = read_gateways(_file_of(get_settings()))
    with database() as conn:
        seen = {one.gateway: one for one in list_states(conn, get_settings().site)}
    table = Table("Order", "Gateway", "Where", "State", "Parts/s", "Since", "Last trouble")
    for order, one in enumerate(accounts, start=1):
        where, state = _described(one)[1], seen.get(one.name)
        if state is None:
            table.add_row(str(order), one.name, where, "never asked")
            continue
        since = state.changed_wall_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        rate = f"{state.rate_per_s:g}"
        table.add_row(str(order), one.name, where, state.state, rate, since, state.trouble or "")
    show_table(table)


@app.command("urls")
def urls(name: str) -> None:
    """Print the addresses at which a gateway of kind http tells us of answers and receipts.

    They hold the gateway's token: who knows them may speak as drivers. What follows them are the
    lines of kannel.conf for answers; of receipts Kannel is told with each message.
    """
    with sentences():
        chosen = get_settings()
        account = _get_account(chosen, name, None)
        if not isinstance(account, HttpAccount):
            raise FlowctlError(f"The gateway {name} brings all by its own connection; no address.")
        keys = derive_keys(chosen.secret, chosen.old_secrets)
        answers, receipts = (
            callback_url(account, keys, chosen.public_url, what) for what in ("answer", "receipt")
        )
    rule = account.answer
    typer.echo(f"receipts  {receipts}")
    if rule is None:
        return
    typer.echo(f"answers   {answers}")
    fields = {
        rule.phone: "%p",
        rule.text: "%b",
        rule.reference: "%I",
        rule.charset: "%C",
        rule.coding: "%c",
    }
    query = "&".join(f"{field}={escape}" for field, escape in fields.items() if field)
    typer.echo(
        "\ngroup = sms-service\nkeyword = default\ncatch-all = yes\nconcatenation = true\n"
        f'max-messages = 0\nget-url = "{answers}?{query}"'
    )


@app.command("test")
def send_one(
    name: str,
    phone: Annotated[str, typer.Argument(help="A mobile number of your own.")],
    wait_s: Annotated[
        float, typer.Option("--wait", help="Seconds to wait for its receipt.", min=0, max=600)
    ] = 30.0,
) -> None:
    """Send one text by one gateway, and print its references and what becomes of it.

    This binds beside the running sender: an operator who allows one connection refuses it.
    """
    with sentences():
        chosen = get_settings()
        to = parse_phone(phone)
        account = _get_account(chosen, name, os.environ)
        with psycopg.connect(chosen.database_url, autocommit=True) as conn:
            site = get_site(conn, chosen.site)
            domain = clock(chosen.clock_file)
            keys = derive_keys(chosen.secret, chosen.old_secrets)
            inbound = StoredInbound(chosen.database_url, site, keys, domain)
            gateway = open_gateway(account, inbound, keys, chosen.public_url)
            try:
                asyncio.run(_try(conn, gateway, _test_message(to, domain.now()), wait_s))
            finally:
                inbound.close()


def _test_message(to: str, now: datetime) -> Message:
    # A number that no row of the outbox will have, so that no provider takes it for one's repeat.
    made_up = int(time.time() * 1000)
    return Message(made_up, now, to, "test", "vi", _TEXT, 0, None, None)


async def _try(
    conn: psycopg.Connection[tuple[object, ...]], gateway: Gateway, message: Message, wait_s: float
) -> None:
    running = asyncio.create_task(gateway.run())
    try:
        references = await gateway.send(message)
        typer.echo(f"{gateway.name} took the message: {', '.join(references) or 'no reference'}.")
        if references:
            await _await_receipt(conn, gateway.name, references[-1], wait_s)
    except GatewayError as error:
        raise FlowctlError(f"{gateway.name} did not take the message: {error}") from error
    finally:
        running.cancel()
        await asyncio.wait([running])


async def _await_receipt(
    conn: psycopg.Connection[tuple[object, ...]], gateway: str, reference: str, wait_s: float
) -> None:
    until = time.monotonic() + wait_s
    while time.monotonic() < until:
        found = find_receipt(conn, gateway, reference)
        if found is not None:
            said = "" if found.error is None else f", error {found.error}"
            typer.echo(f"Its receipt says {found.state}{said}.")
            return
        await asyncio.sleep(_LOOK_EVERY_S)
    typer.echo(f"No receipt came within {wait_s:g} s; it may come later.")


def _file_of(chosen: Settings) -> Path:
    if chosen.gateways_file is None:
        raise NotFoundError(
            "There is no gateways file; set FLOWCTL_GATEWAYS_FILE to one, such as those in"
            " deploy/gateways."
        )
    return chosen.gateways_file


def _get_account(chosen: Settings, name: str, environment: Mapping[str, str] | None) -> Account:
    accounts = read_gateways(_file_of(chosen), environment)
    for one in accounts:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in accounts)
    raise NotFoundError(f"There is no gateway {name}; the file has: {known}.")


def _described(account: Account) -> tuple[str, str, str, str, str]:
    """Return kind, where, rate, window and prices."""
    if isinstance(account, FileAccount):
        return "file", str(account.path), "", "", ""
    where = account.template.url if isinstance(account, HttpAccount) else _address(account)
    kind = "http" if isinstance(account, HttpAccount) else "smpp"
    return (
        kind,
        where,
        f"{account.rate_per_s:g}",
        str(account.window),
        _priced(account.tariff),
    )


def _address(account: SmppAccount) -> str:
    secured = " (TLS)" if account.link.tls else ""
    return f"{account.bind.system_id}@{account.link.host}:{account.link.port}{secured}"


def _priced(tariff: Tariff | None) -> str:
    if tariff is None:
        return ""
    prices = (f"{start or 'others'} {price}" for start, price in tariff.per_part.items())
    return f"{', '.join(prices)} {tariff.currency}"
