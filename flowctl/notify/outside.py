"""Calls to addresses that somebody entered: to the open network, and to networks that are allowed.

A name is resolved here, every address it has is looked at, and the connection made to the very one
that was looked at: a name that says something else a moment later leads nowhere else.
"""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import httpx

from flowctl.registry.push import is_open
from flowctl.settings import Settings, networks

Network = IPv4Network | IPv6Network
EVERYWHERE: tuple[Network, ...] = (ip_network("0.0.0.0/0"), ip_network("::/0"))


class InnerAddressError(httpx.TransportError):
    """The address leads to a machine of an inner network."""


def allowed_networks(settings: Settings) -> tuple[Network, ...]:
    """Return the inner networks that events may be posted to; a demo's own machine is one."""
    if settings.demo:
        return EVERYWHERE
    return tuple(ip_network(one) for one in networks(settings.webhook_networks))


def client_outside(allowed: Sequence[Network], *, timeout_s: float) -> httpx.Client:
    """Return a client for addresses that others entered; follows no redirect and asks no proxy."""
    return httpx.Client(
        transport=_Outside(allowed),
        timeout=timeout_s,
        follow_redirects=False,
        trust_env=False,
    )


def find_outside(host: str, port: int, allowed: Sequence[Network]) -> str:
    """Return an address of a host that may be called.

    Raises
    ------
    InnerAddressError
        One of its addresses may not: a name that also points inside is nobody's outside.
    httpx.ConnectError
        It has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError(f"{host} is not found: {error}") from error
    addresses = [str(place[4][0]).partition("%")[0] for place in found]
    for address in addresses:
        if not is_open(address) and not _is_in(address, allowed):
            raise InnerAddressError(
                f"{host} leads to {address}, a machine of an inner network; where that is meant,"
                " FLOWCTL_WEBHOOK_NETWORKS names its network."
            )
    return addresses[0]


class _Outside(httpx.HTTPTransport):
    """Connects to the address it has looked at; TLS still asks for the name's certificate."""

    def __init__(self, allowed: Sequence[Network]) -> None:
        # A connection kept for one name could be taken for another one at the same address.
        super().__init__(limits=httpx.Limits(max_keepalive_connections=0))
        self._allowed = allowed

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        address = find_outside(url.host, port, self._allowed)
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        request.url = url.copy_with(host=address)  # its Host header says the name already
        return super().handle_request(request)


def _is_in(address: str, allowed: Sequence[Network]) -> bool:
    return any(ip_address(address) in network for network in allowed)
