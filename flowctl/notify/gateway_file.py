"""The gateways messages go by, read from a TOML file in order of preference.

The file holds no secret: it names the environment's variable, or the file, that does. Every fault
is a sentence, and nothing is used while there is one.
"""

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from pydantic import SecretStr

from flowctl.errors import FlowctlError
from flowctl.notify.file import FileGateway
from flowctl.notify.gateway_http import read_http
from flowctl.notify.gateway_table import GatewayTable
from flowctl.notify.gateways import Gateway, Inbound
from flowctl.notify.http import HttpAccount, HttpGateway
from flowctl.notify.smpp import SmppAccount, SmppGateway
from flowctl.notify.smpp_pdu import Address, Bind
from flowctl.notify.smpp_session import Link
from flowctl.registry.keys import Keys, derive_keys, gateway_token
from flowctl.settings import Settings
from flowctl.site_tables import Table

_MOST_PASSWORD = 8
_MOST_SYSTEM_ID = 15
_ALPHANUMERIC, _NETWORK_SPECIFIC, _INTERNATIONAL = 5, 3, 1
_LONGEST_SHORT_CODE = 8

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FileAccount:
    """A file that messages are written to in place of being sent."""

    name: str
    path: Path


Account = SmppAccount | HttpAccount | FileAccount


def read_gateways(path: Path, environment: Mapping[str, str] | None = None) -> tuple[Account, ...]:
    """Read the file.

    Parameters
    ----------
    path
        The file.
    environment
        Where its secrets are looked up; without one they are not, and are empty, for who only
        wants to know which gateways there are.

    Raises
    ------
    FlowctlError
        It cannot be read, or has faults: each with file, gateway and key.
    """
    try:
        parsed = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FlowctlError(f"The gateways file {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FlowctlError(f"The gateways file {path} is no TOML: {error}.") from error
    problems: list[str] = []
    accounts = _read(Table(parsed, str(path), problems), path, environment)
    if problems:
        raise FlowctlError("\n".join(problems))
    return accounts


def open_gateways(settings: Settings, inbound: Inbound) -> tuple[Gateway, ...]:
    """Return the gateways, in order of preference, that messages of this deployment go by.

    Raises
    ------
    FlowctlError
        The gateways file is not fit for use.
    """
    if settings.gateways_file is None:
        return () if settings.sms_file is None else (FileGateway(settings.sms_file),)
    accounts = read_gateways(settings.gateways_file, os.environ)
    keys = derive_keys(settings.secret, settings.old_secrets)
    return tuple(open_gateway(one, inbound, keys, settings.public_url) for one in accounts)


def open_gateway(account: Account, inbound: Inbound, keys: Keys, public_url: str) -> Gateway:
    """Return the gateway of an account."""
    if isinstance(account, SmppAccount):
        return SmppGateway(account, inbound)
    if isinstance(account, HttpAccount):
        return HttpGateway(account, callback_url(account, keys, public_url, "receipt"))
    return FileGateway(account.path, name=account.name)


def callback_url(account: HttpAccount, keys: Keys, public_url: str, what: str) -> str:
    """Return the address at which a gateway tells of a ``receipt`` or an ``answer``."""
    at = (account.callback_url or public_url).rstrip("/")
    return f"{at}/v1/sms/{gateway_token(keys, account.name)}/{what}"


def _read(table: Table, path: Path, environment: Mapping[str, str] | None) -> tuple[Account, ...]:
    rows = table.raw("gateway", "the gateways, each as [[gateway]], the best first")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        if rows is not None:
            table.refuse("gateway", "must be tables, each begun by [[gateway]]")
        return ()
    read: Mapping[str, Callable[[GatewayTable], Account]] = {
        "smpp": _smpp,
        "http": read_http,
        "file": _file,
    }
    accounts: list[Account] = []
    for number, row in enumerate(cast("Sequence[dict[str, object]]", rows), start=1):
        where = f"{path}, gateway {row.get('name', number)}"
        one = GatewayTable(row, where, table.problems, path.parent, environment)
        kind = one.one_of("kind", read, "kind of gateway")
        name = one.identifier("name")
        if name in {account.name for account in accounts}:
            one.refuse("name", f'"{name}" is the name of a gateway before it; give another')
        if kind:
            accounts.append(read[kind](one))
            one.close()
    table.close()
    return tuple(accounts)


def _file(table: GatewayTable) -> FileAccount:
    return FileAccount(table.name, table.folder / table.text("path"))


def _smpp(table: GatewayTable) -> SmppAccount:
    rate, window = table.pace()
    return SmppAccount(
        name=table.name,
        link=Link(
            host=table.text("host"),
            port=table.whole("port", least=1, most=65_535),
            tls=table.has("tls") and table.flag("tls"),
            latin1=_alphabet(table) == "latin1",
            connect_s=table.number_or("connect_s", 10.0, least=0.1, most=120),
            response_s=table.number_or("response_s", 10.0, least=0.1, most=120),
            enquire_link_s=table.number_or("enquire_link_s", 30.0, least=1, most=600),
        ),
        bind=_bind(table),
        source=_source(table),
        rate_per_s=rate,
        window=window,
        tariff=table.tariff(),
        refused_codes=_codes(table),
        hex_ids=table.has("hex_ids") and table.flag("hex_ids"),
        deduplicates=table.has("deduplicates") and table.flag("deduplicates"),
    )


def _alphabet(table: GatewayTable) -> str:
    if not table.has("default_alphabet"):
        return "gsm7"
    return table.one_of("default_alphabet", ("gsm7", "latin1"), "alphabet")


def _bind(table: GatewayTable) -> Bind:
    system_id = table.text("system_id")
    password: SecretStr = table.secret("password")
    system_type = table.text("system_type") if table.has("system_type") else ""
    if len(system_id) > _MOST_SYSTEM_ID:
        table.refuse("system_id", f"SMPP 3.4 lets it have at most {_MOST_SYSTEM_ID} letters")
    if len(password.get_secret_value()) > _MOST_PASSWORD:
        table.refuse("password", f"SMPP 3.4 lets it have at most {_MOST_PASSWORD} letters")
    return Bind(system_id, password.get_secret_value(), system_type)


def _source(table: GatewayTable) -> Address:
    """Read who the message comes from: a name, a short code, or a number with its plus."""
    text = table.text("source")
    if text.startswith("+"):
        ton, npi = _INTERNATIONAL, 1
    elif text.isdigit() and len(text) <= _LONGEST_SHORT_CODE:
        ton, npi = _NETWORK_SPECIFIC, 0
    else:
        ton, npi = _ALPHANUMERIC, 0
    if ton == _ALPHANUMERIC and len(text) > 11:  # noqa: PLR2004
        table.refuse("source", f'"{text}" is longer than the 11 letters a name may have')
    if table.has("source_ton"):
        ton = table.whole("source_ton", least=0, most=6)
    if table.has("source_npi"):
        npi = table.whole("source_npi", least=0, most=18)
    return Address(text.removeprefix("+"), ton, npi)


def _codes(table: GatewayTable) -> frozenset[int]:
    if not table.has("refused_codes"):
        return frozenset()
    codes = table.raw("refused_codes", "a list of command_status numbers")
    if not isinstance(codes, list) or not all(type(code) is int for code in codes):
        table.refuse("refused_codes", f"{codes!r} must be a list of numbers such as 0x45B")
        return frozenset()
    return frozenset(codes)
