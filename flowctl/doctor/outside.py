"""What is reached over a network besides the stores: pages, mail, sign-in, scanner."""

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from flowctl.certificate import ask_end
from flowctl.doctor.findings import Finding, Looks, good, told, warning, wrong
from flowctl.notify import mail
from flowctl.notify.scanning import find_virus
from flowctl.settings import Settings

_TIMEOUT_S = 5.0
_RENEW_DAYS = 14
"""Caddy renews a certificate 30 days before its end."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What is named; ``wall_s`` is this machine's clock, ``trusted`` whose certificates count."""

    chosen: Settings
    wall_s: Callable[[], float]
    trusted: ssl.SSLContext


def _public(out: Outside) -> Iterator[Finding]:
    where = urlsplit(out.chosen.public_url)
    if where.scheme != "https":
        said = f"Links lead to {out.chosen.public_url}, this machine alone and without TLS."
        yield warning("public address", said, "FLOWCTL_PUBLIC_URL=https://…")
        return
    host, port = where.hostname or "", where.port or 443
    try:
        ends_s = ask_end(host, port, out.trusted)
    except ssl.SSLCertVerificationError as error:
        said = f"Browsers warn of https://{host}: {error.verify_message}."
        yield wrong("certificate", said, "look at Caddy's log; ports 80 and 443 must lead to it")
        return
    except OSError as error:
        said = f"{host} cannot be reached from here: {told(error)}."
        yield warning("certificate", said, "try it from outside; a firewall may allow that alone")
        return
    days = (ends_s - out.wall_s()) / 86400
    if days < _RENEW_DAYS:
        said = f"That of {host} ends in {days:.0f} days."
        yield warning("certificate", said, "look at Caddy's log: it should have renewed it")
    else:
        yield good("certificate", f"That of {host} holds for {days:.0f} days more.")


def _mail(out: Outside) -> Iterator[Finding]:
    letters = mail.read_letters(out.chosen)
    if letters is None:
        return
    where = letters.server.host
    try:
        mail.connect(letters.server).close()
    except OSError as error:  # SMTPException is one
        said = f"{where} takes no mail of ours: {told(error)}."
        yield warning("mail", said, "look at FLOWCTL_MAIL_URL, and at the server")
    else:
        yield good("mail", f"{where} lets us in.")


def _provider(out: Outside) -> Iterator[Finding]:
    issuer = (out.chosen.oidc_issuer or "").rstrip("/")
    if not issuer:
        return
    mend = "look at FLOWCTL_OIDC_ISSUER; until then people sign in by their passwords"
    try:
        answer = httpx.get(
            f"{issuer}/.well-known/openid-configuration", timeout=_TIMEOUT_S, verify=out.trusted
        )
        named = str(answer.raise_for_status().json().get("issuer", "")).rstrip("/")
    except (httpx.HTTPError, ValueError, AttributeError) as error:
        yield warning("sign-in", f"{issuer} does not answer as a provider: {told(error)}.", mend)
        return
    if named != issuer:
        yield wrong("sign-in", f"{issuer} says that it is {named}.", mend)
    else:
        yield good("sign-in", f"{issuer} answers.")


def _scanner(out: Outside) -> Iterator[Finding]:
    address = out.chosen.scanner
    if address is None:
        yield warning(
            "scanner", "Documents are not scanned.", "FLOWCTL_SCANNER=clamd://clamav:3310"
        )
        return
    find_virus(address, b"nothing", timeout_s=_TIMEOUT_S)
    yield good("scanner", "It says that a harmless document is clean.")


LOOKS: Looks[Outside] = (
    ("public address", _public),
    ("mail", _mail),
    ("sign-in", _provider),
    ("scanner", _scanner),
)
