"""Tells browsers of messages that went out by SMS: beside them, never in their way.

What cannot be pushed is lost here, for the SMS has it. A browser shows a message once: its tag is
the message's id. Addresses come from browsers, so the name is resolved first, an address of an
inner network refused, and the connection made to the very address that was looked at.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import msgspec
import psycopg
import structlog
from pywebpush import Vapid, WebPusher

from flowctl.errors import FlowctlError
from flowctl.notify.outbox import facts_of
from flowctl.notify.texts import catalogue, write_text
from flowctl.registry.keys import derive_keys, link_code
from flowctl.registry.push import (
    Subscription,
    check_endpoint,
    is_open,
    open_subscription,
    push_private_key,
)
from flowctl.settings import Settings
from flowctl.site import Site
from flowctl.storage.connections import connect
from flowctl.storage.push import Pushable, delete_subscription, list_pushable

_log = structlog.get_logger()
_GONE = (404, 410)
_CREATED = 201
_SIGNED_BY_ANOTHER = (400, 401, 403)
"""What push services answer to another key than the browser asked for (RFC 8292, 4.2)."""


@dataclass(frozen=True, slots=True)
class PushParams:
    """How messages are pushed."""

    waiting: int = 20_000
    """So many messages may wait for push services that are slow; further ones are not pushed."""
    at_once: int = 20
    timeout_s: float = 10.0
    kept_s: int = 4 * 3600
    """How long a push service keeps a message for a phone that is off."""


class Pusher:
    """Pushes what it is told of, in the background."""

    def __init__(self, settings: Settings, *, params: PushParams = PushParams()) -> None:
        self._settings = settings
        self._keys = derive_keys(settings.secret, settings.old_secrets)
        self._vapids = [Vapid(push_private_key(one)) for one in self._keys.each]
        self._params = params
        self._waiting: asyncio.Queue[tuple[Site, Sequence[int]]] = asyncio.Queue()
        self._room = asyncio.Semaphore(params.at_once)
        self._n_waiting = 0

    def push_sent(self, site: Site, message_ids: Sequence[int]) -> None:
        """Take messages that went out; returns at once."""
        if self._n_waiting + len(message_ids) > self._params.waiting:
            _log.warning("messages not pushed: too many wait", messages=len(message_ids))
            return
        self._n_waiting += len(message_ids)
        self._waiting.put_nowait((site, message_ids))

    async def run(self) -> None:
        """Push until cancelled."""
        timeout = httpx.Timeout(self._params.timeout_s)
        async with httpx.AsyncClient(timeout=timeout, trust_env=False) as client:
            while True:
                taken = [await self._waiting.get()]
                while not self._waiting.empty():
                    taken.append(self._waiting.get_nowait())
                ids = [one for _, some in taken for one in some]
                await self._push_all(client, taken[-1][0], ids)
                self._n_waiting -= len(ids)
                for _ in taken:
                    self._waiting.task_done()

    async def drained(self) -> None:
        """Wait until everything taken so far was tried."""
        await self._waiting.join()

    async def _push_all(self, client: httpx.AsyncClient, site: Site, ids: Sequence[int]) -> None:
        try:
            rows = await asyncio.to_thread(self._list, ids)
        except psycopg.OperationalError as error:
            _log.warning("messages not pushed: no database", messages=len(ids), reason=str(error))
            return
        async with asyncio.TaskGroup() as group:
            for row in rows:
                group.create_task(self._push(client, site, row))

    async def _push(self, client: httpx.AsyncClient, site: Site, row: Pushable) -> None:
        async with self._room:
            try:
                subscription = open_subscription(self._keys, row)
                content = self._content(site, row)
                status = await self._post_signed(client, subscription, content)
            except (FlowctlError, httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
                _log.warning("message not pushed", message=row.id, reason=str(error))
                return
        if status in _GONE:
            await asyncio.to_thread(self._forget, row)
        elif status != _CREATED and not httpx.codes.is_success(status):
            _log.warning("message not pushed", message=row.id, status=status)

    def _content(self, site: Site, row: Pushable) -> bytes:
        """Return what the page's service worker shows."""
        base = self._settings.public_url.rstrip("/")
        link = f"{base}/d/{link_code(self._keys, row.trip_id, row.link_epoch)}"
        titles = catalogue(row.language)["page"]["message_title"]
        shown = {
            "title": f"{row.plate} · {titles.get(row.kind, 'flowctl')}",
            "text": write_text(
                site,
                kind=row.kind,
                language=row.language,
                facts=facts_of(row.params, plate=row.plate, link=link),
                where="page",
            ),
            "link": link,
            "tag": str(row.id),
        }
        return msgspec.json.encode(shown)

    async def _post_signed(
        self, client: httpx.AsyncClient, subscription: Subscription, content: bytes
    ) -> int:
        """Push, signed by the key in force, or by a former one where the browser knows that."""
        status = 0
        for vapid in self._vapids:
            status = await self._post(client, subscription, content, vapid)
            if status not in _SIGNED_BY_ANOTHER:
                break
        return status

    async def _post(
        self, client: httpx.AsyncClient, subscription: Subscription, content: bytes, vapid: Vapid
    ) -> int:
        demo = self._settings.demo
        check_endpoint(subscription.endpoint, demo=demo)
        url = httpx.URL(subscription.endpoint)
        address = await _resolve(url, demo=demo)
        browser = {
            "endpoint": subscription.endpoint,
            "keys": {"p256dh": subscription.p256dh, "auth": subscription.auth},
        }
        parts = urlsplit(subscription.endpoint)
        claims = {"aud": f"{parts.scheme}://{parts.netloc}", "sub": self._sender()}
        answer = await client.post(
            url.copy_with(host=address),
            content=WebPusher(browser).encode(content)["body"],
            headers={
                "Host": parts.netloc,
                "Content-Encoding": "aes128gcm",
                "TTL": str(self._params.kept_s),
                "Urgency": "high",
                **vapid.sign(claims),
            },
            extensions={"sni_hostname": url.host},
        )
        return answer.status_code

    def _sender(self) -> str:
        """Return who answers for what is pushed (RFC 8292, 2.1): an address push services take."""
        base = self._settings.public_url.rstrip("/")
        return base if base.startswith("https:") else "mailto:postmaster@localhost.localdomain"

    def _list(self, ids: Sequence[int]) -> list[Pushable]:
        with connect(self._settings.database_url) as conn:
            return list_pushable(conn, ids)

    def _forget(self, row: Pushable) -> None:
        with connect(self._settings.database_url) as conn:
            delete_subscription(conn, row.trip_id, row.endpoint_hash)


async def _resolve(url: httpx.URL, *, demo: bool) -> str:
    """Return an address of a push service's name that is on the open network.

    Raises
    ------
    FlowctlError
        One of its addresses is not: names that point inside are no push service's.
    """
    loop = asyncio.get_running_loop()
    port = url.port or (443 if url.scheme == "https" else 80)
    found = await loop.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    addresses = [str(ipaddress.ip_address(place[4][0])) for place in found]
    if not demo and not all(is_open(address) for address in addresses):
        raise FlowctlError("The push address leads to a machine of an inner network.")
    return addresses[0]
