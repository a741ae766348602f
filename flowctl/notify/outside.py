"""Calls to addresses that somebody entered: to the open network, and to networks that are allowed.

A name is resolved here, every address it has is looked at, and the connection made to the very one
that was looked at: a name that says something else a moment later leads nowhere else. Whoever is
called may be slow, or may never end: one deadline holds for all of a call.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import httpx

from flowctl.registry.push import is_open
from flowctl.settings import Settings, networks

Network = IPv4Network | IPv6Network
EVERYWHERE: tuple[Network, ...] = (ip_network("0.0.0.0/0"), ip_network("::/0"))
_LOOKUPS = 100
"""So many names are looked up at once: a slow one goes on after its caller has given up."""


class InnerAddressError(httpx.TransportError):
    """The address leads to a machine of an inner network."""


def allowed_networks(settings: Settings) -> tuple[Network, ...]:
    """Return the inner networks that events may be posted to; a demo's own machine is one."""
    if settings.demo:
        return EVERYWHERE
    return tuple(ip_network(one) for one in networks(settings.webhook_networks))


@asynccontextmanager
async def client_outside(allowed: Sequence[Network]) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client for addresses that others entered; follows no redirect and asks no proxy.

    It knows no time limit of its own: see `within`.
    """
    # Not asyncio's own few threads, which slow names would take from everything else.
    lookups = ThreadPoolExecutor(_LOOKUPS, "lookups")
    try:
        async with httpx.AsyncClient(
            transport=_Outside(allowed, lookups),
            timeout=None,  # noqa: S113 - the deadline is that of the whole call
            follow_redirects=False,
            trust_env=False,
        ) as client:
            yield client
    finally:
        lookups.shutdown(wait=False, cancel_futures=True)


@asynccontextmanager
async def within(deadline_s: float) -> AsyncIterator[None]:
    """Bound a whole call: the look-up of the name, the connection, what is sent, and the answer.

    The limits of httpx hold for one read each, so that a byte now and then meets them for ever.

    Raises
    ------
    httpx.TimeoutException
        It was not over after ``deadline_s`` seconds.
    """
    try:
        async with asyncio.timeout(deadline_s):
            yield
    except TimeoutError as error:
        raise httpx.TimeoutException(f"no answer within {deadline_s:g} s") from error


async def post_outside(
    client: httpx.AsyncClient,
    url: str,
    *,
    content: bytes,
    headers: Mapping[str, str],
    deadline_s: float,
) -> int:
    """Post to somebody outside and return the status that was answered.

    The answer's body is not read: its sender decides how long it is.

    Raises
    ------
    httpx.HTTPError, httpx.InvalidURL, UnicodeError
        There was no answer within ``deadline_s`` seconds, or the address cannot be called.
    """
    async with (
        within(deadline_s),
        client.stream("POST", url, content=content, headers=headers) as answer,
    ):
        return answer.status_code


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
                f"{host} leads to {address}, a machine of an inner network;"
                " FLOWCTL_WEBHOOK_NETWORKS names those that events may go to."
            )
    return addresses[0]


class _Outside(httpx.AsyncHTTPTransport):
    """Connects to the address it has looked at; TLS still asks for the name's certificate."""

    def __init__(self, allowed: Sequence[Network], lookups: ThreadPoolExecutor) -> None:
        # A connection kept for one name could be taken for another one at the same address.
        super().__init__(limits=httpx.Limits(max_keepalive_connections=0))
        self._allowed, self._lookups = allowed, lookups

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        address = await asyncio.get_running_loop().run_in_executor(
            self._lookups, find_outside, url.host, port, self._allowed
        )
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        request.url = url.copy_with(host=address)  # its Host header says the name already
        return await super().handle_async_request(request)


def _is_in(address: str, allowed: Sequence[Network]) -> bool:
    return any(ip_address(address) in network for network in allowed)
