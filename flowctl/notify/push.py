"""Tells browsers of messages that went out by SMS: beside them, never in their way.

What cannot be pushed is lost here, for the SMS has it. A browser shows a message once: its tag is
the message's id. Addresses come from browsers, so they are called as `flowctl.notify.outside` does,
and whoever is slow there holds up nobody else.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import httpx
import msgspec
import psycopg
import structlog
from pywebpush import Vapid, WebPusher

from flowctl.errors import FlowctlError
from flowctl.notify.outbox import facts_of
from flowctl.notify.outside import EVERYWHERE, client_outside, post_outside
from flowctl.notify.texts import catalogue, write_text
from flowctl.registry.keys import derive_keys, link_code
from flowctl.registry.push import (
    Subscription,
    check_endpoint,
    open_subscription,
    push_private_key,
)
from flowctl.settings import Settings
from flowctl.site import Site
from flowctl.storage.connections import connect
from flowctl.storage.push import Pushable, delete_subscription, list_pushable

_log = structlog.get_logger()
_GONE = (404, 410)
_SIGNED_BY_ANOTHER = (400, 401, 403)
"""What push services answer to another key than the browser asked for (RFC 8292, 4.2)."""


@dataclass(frozen=True, slots=True)
class PushParams:
    """How messages are pushed; the figures are assumed."""

    waiting: int = 20_000
    """So many messages may wait for push services that are slow; further ones are not pushed."""
    at_once: int = 100
    at_once_per_service: int = 10
    """A slow service with many browsers fills no more than this; one that answers in 0.2 s is
    handed fifty messages a second."""
    patience_s: float = 600.0
    """What waits longer for others of its service to end is not pushed."""
    timeout_s: float = 10.0
    """For all of one call, from the look-up of its name to the answer."""
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
        self._room_of_all = asyncio.Semaphore(params.at_once)
        self._rooms: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._pushing: set[asyncio.Task[None]] = set()
        self._n_waiting = 0

    def push_sent(self, site: Site, message_ids: Sequence[int]) -> None:
        """Take messages that went out; returns at once."""
        waiting = self._n_waiting + len(self._pushing)
        if waiting + len(message_ids) > self._params.waiting:
            _log.warning("messages not pushed: too many wait", messages=len(message_ids))
            return
        self._n_waiting += len(message_ids)
        self._waiting.put_nowait((site, message_ids))

    async def run(self) -> None:
        """Push until cancelled."""
        allowed = EVERYWHERE if self._settings.demo else ()
        async with client_outside(allowed) as client, asyncio.TaskGroup() as group:
            while True:
                taken = [await self._waiting.get()]
                while not self._waiting.empty():
                    taken.append(self._waiting.get_nowait())
                ids = [one for _, some in taken for one in some]
                for row in await self._pushable(ids):
                    task = group.create_task(self._push(client, taken[-1][0], row))
                    self._pushing.add(task)
                    task.add_done_callback(self._pushing.discard)
                self._n_waiting -= len(ids)
                for _ in taken:
                    self._waiting.task_done()

    async def drained(self) -> None:
        """Wait until everything taken so far was tried."""
        await self._waiting.join()
        if self._pushing:
            await asyncio.wait(self._pushing)

    async def _pushable(self, ids: Sequence[int]) -> list[Pushable]:
        try:
            return await asyncio.to_thread(self._list, ids)
        except psycopg.OperationalError as error:
            _log.warning("messages not pushed: no database", messages=len(ids), reason=str(error))
            return []

    async def _push(self, client: httpx.AsyncClient, site: Site, row: Pushable) -> None:
        try:
            subscription = open_subscription(self._keys, row)
            async with self._room(subscription.endpoint):
                content = self._content(site, row)
                status = await self._post_signed(client, subscription, content)
        except (FlowctlError, httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            # Many an error of the network has no words of its own.
            reason = str(error) or type(error).__name__
            _log.warning("message not pushed", message=row.id, reason=reason)
            return
        if status in _GONE:
            await self._forget(row)
        elif not httpx.codes.is_success(status):
            _log.warning("message not pushed", message=row.id, status=status)

    @asynccontextmanager
    async def _room(self, endpoint: str) -> AsyncIterator[None]:
        """Wait for a turn, at its own service first: there it is in nobody else's way.

        Raises
        ------
        FlowctlError
            It did not come in time.
        """
        # A service is forgotten when nothing waits for it any more.
        new = asyncio.Semaphore(self._params.at_once_per_service)
        here = self._rooms.setdefault(service_of(endpoint), new)
        try:
            async with (
                asyncio.timeout(self._params.patience_s) as patience,
                here,
                self._room_of_all,
            ):
                patience.reschedule(None)
                yield
        except TimeoutError as error:
            raise FlowctlError("Its push service is slow: too much waits for it.") from error

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
        check_endpoint(subscription.endpoint, demo=self._settings.demo)
        browser = {
            "endpoint": subscription.endpoint,
            "keys": {"p256dh": subscription.p256dh, "auth": subscription.auth},
        }
        parts = urlsplit(subscription.endpoint)
        claims = {"aud": f"{parts.scheme}://{parts.netloc}", "sub": self._sender()}
        return await post_outside(
            client,
            subscription.endpoint,
            content=WebPusher(browser).encode(content)["body"],
            headers={
                "Content-Encoding": "aes128gcm",
                "TTL": str(self._params.kept_s),
                "Urgency": "high",
                **vapid.sign(claims),
            },
            deadline_s=self._params.timeout_s,
        )

    def _sender(self) -> str:
        """Return who answers for what is pushed (RFC 8292, 2.1): an address push services take."""
        base = self._settings.public_url.rstrip("/")
        return base if base.startswith("https:") else "mailto:postmaster@localhost.localdomain"

    def _list(self, ids: Sequence[int]) -> list[Pushable]:
        with connect(self._settings.database_url) as conn:
            return list_pushable(conn, ids)

    async def _forget(self, row: Pushable) -> None:
        try:
            await asyncio.to_thread(self._delete, row)
        except psycopg.OperationalError as error:
            _log.warning("browser not forgotten: no database", reason=str(error))

    def _delete(self, row: Pushable) -> None:
        with connect(self._settings.database_url) as conn:
            delete_subscription(conn, row.trip_id, row.endpoint_hash)


def service_of(endpoint: str) -> str:
    """Return whose an address is: names by their last two labels, for who has one has all below.

    Those without a name are one together: any number of them leads nowhere and costs nothing.
    """
    host = (urlsplit(endpoint).hostname or "").rstrip(".")
    labels = host.split(".")
    # No top-level domain begins with a digit, and 0x7f.1 is an address.
    return "" if ":" in host or labels[-1][:1].isdigit() else ".".join(labels[-2:])
