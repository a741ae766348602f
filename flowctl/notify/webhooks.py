"""Events to receivers outside, as Standard Webhooks: signed, repeated until they arrive.

The signature is ``v1,`` and the Base64 of HMAC-SHA256 over ``id.timestamp.body`` (Standard
Webhooks 1.0). A receiver knows a repeated message by its id. Addresses of inner networks are called
where the deployment allows them (see `flowctl.notify.outside`); redirects are not followed.
"""

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from threading import Event
from urllib.parse import urlsplit

import httpx
import psycopg
import structlog

from flowctl.errors import FlowctlError
from flowctl.notify.outside import allowed_networks, client_outside, post_outside
from flowctl.registry.keys import Keys, decrypt_secret, derive_keys
from flowctl.settings import Settings
from flowctl.storage.connections import connect
from flowctl.storage.webhooks import (
    Connection,
    Delivery,
    claim_delivery,
    close_delivery,
    drop_over_before,
    postpone_delivery,
)

_log = structlog.get_logger()
_PREFIX = "whsec_"
_SECRET_BYTES = 32
_LONGEST_TROUBLE = 300
_LOOK_EVERY_S = 1.0
_AWAY_S = 5.0
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DeliveryParams:
    """How events are delivered; assumed, with the delays that Standard Webhooks suggests in mind.

    The n-th retry waits ``first_retry_s`` · ``growth``ⁿ, at most ``longest_retry_s``: 10 s, 40 s,
    3 min, 11 min, 43 min, 3 h, 6 h, 6 h; after ``attempts`` tries in 16 hours a message is given
    up until somebody lets it be tried again. A receiver has ``timeout_s`` for all of a try, which
    is well below ``lease_s``: a try that nobody ended within that, for its sender was killed, is
    made again. So many receivers as ``at_once`` are posted to at a time, each its own messages one
    by one. What arrived or was given up is kept for ``kept_days``.
    """

    first_retry_s: float = 10.0
    growth: float = 4.0
    longest_retry_s: float = 21_600.0
    attempts: int = 9
    timeout_s: float = 10.0
    lease_s: float = 60.0
    at_once: int = 16
    kept_days: int = 30


PARAMS = DeliveryParams()


def new_secret() -> str:
    """Return a secret that a receiver checks signatures with."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def check_url(url: str) -> str:
    """Return an address that events may be posted to.

    Raises
    ------
    FlowctlError
        It is none, carries a password, or is not https, which loopback alone need not be.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        # What the client or the look-up of the name would refuse is refused here.
        httpx.URL(url).host.encode("idna")
    except (ValueError, httpx.InvalidURL) as error:
        raise FlowctlError(f"{url!r} is no address: {error}.") from error
    if not host or parts.scheme not in ("http", "https") or not url.isprintable():
        raise FlowctlError(f"{url!r} is no address of a receiver, such as https://example.org/in.")
    if parts.username is not None or parts.password is not None:
        raise FlowctlError("The address carries a user or password; receivers go by the signature.")
    if parts.scheme == "http" and not _is_loopback(host):
        raise FlowctlError(
            f"{url} is not https: what is posted there could be read and held back on its way."
        )
    return url


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def sign(secret: str, message: str, timestamp: int, body: bytes) -> str:
    """Return the signature header of a message."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = hmac.digest(key, f"{message}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(signed).decode()}"


def claim_due(
    conn: Connection,
    site: str,
    *,
    wall_now: datetime,
    busy: Collection[int] = (),
    params: DeliveryParams = PARAMS,
) -> Delivery | None:
    """Return what has been due longest, of receivers that are not ``busy``, for `deliver` alone."""
    return claim_delivery(
        conn,
        site,
        wall_now=wall_now,
        until=wall_now + timedelta(seconds=params.lease_s),
        attempts=params.attempts,
        busy=busy,
    )


async def deliver(
    conn: Connection,
    client: httpx.AsyncClient,
    keys: Keys,
    due: Delivery,
    *,
    wall_now: datetime,
    params: DeliveryParams = PARAMS,
) -> None:
    """Send what was claimed, and write down what came of it.

    ``conn`` is in autocommit mode and outside a transaction: none is open while the receiver takes
    its time. What fails is tried again later, and given up after the last try, or where the
    receiver says that it is gone (410).
    """
    trouble, for_good = await _post(client, keys, due, wall_now, params.timeout_s)
    if trouble is None:
        close_delivery(conn, due.id, wall_now=wall_now)
        return
    over = for_good or due.attempts >= params.attempts
    wait_s = min(params.first_retry_s * params.growth ** (due.attempts - 1), params.longest_retry_s)
    until = None if over else wall_now + timedelta(seconds=wait_s)
    postpone_delivery(conn, due, trouble, until=until)
    _log.warning(
        "webhook failed", url=due.url, message=due.message, reason=trouble, next_try=str(until)
    )


async def _post(
    client: httpx.AsyncClient, keys: Keys, due: Delivery, wall_now: datetime, deadline_s: float
) -> tuple[str | None, bool]:
    """Post a message; returns what went wrong, and whether it always will."""
    try:
        secret = decrypt_secret(keys, due.secret_cipher)
    except FlowctlError as error:
        return str(error), True
    body, timestamp = due.body.encode(), int(wall_now.timestamp())
    headers = {
        "content-type": "application/json",
        "webhook-id": due.message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret, due.message, timestamp, body),
    }
    try:
        status = await post_outside(
            client, due.url, content=body, headers=headers, deadline_s=deadline_s
        )
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        # An address that no client can use, too, may hold up nobody but its own receiver.
        return f"{type(error).__name__}: {error}"[:_LONGEST_TROUBLE], False
    if httpx.codes.is_success(status):
        return None, False
    said = f"it answered {status}"
    if httpx.codes.is_redirect(status):
        said += ", a redirect, which is not followed: add the address it leads to"
    return said, status == HTTPStatus.GONE


@contextmanager
def delivering(settings: Settings) -> Iterator[Future[None]]:
    """Deliver events in a thread of their own, so that no receiver holds up a driver's message.

    Yields its end, which comes before its time where something is wrong.
    """
    stop = Event()
    with ThreadPoolExecutor(1, "webhooks") as pool:
        running = pool.submit(_deliver, settings, stop)
        try:
            yield running
        finally:
            stop.set()


def _deliver(settings: Settings, stop: Event) -> None:
    keys = derive_keys(settings.secret, settings.old_secrets)
    while not stop.is_set():
        try:
            with connect(settings.database_url, autocommit=True) as conn:
                asyncio.run(_deliver_while(conn, settings, keys, stop))
        except* (psycopg.OperationalError, psycopg.InterfaceError) as errors:
            reason = str(errors.exceptions[0]).strip()
            _log.warning("webhooks wait for the database", reason=reason)
            stop.wait(_AWAY_S)


async def _deliver_while(conn: Connection, settings: Settings, keys: Keys, stop: Event) -> None:
    """Work with one connection until asked to stop, or until it breaks.

    The connection's statements are short and this loop is nobody else's; receivers take long, so
    they are waited for together. One that has not answered yet is not posted to a second time.
    """
    tidied_at: datetime | None = None
    posting: dict[int, asyncio.Task[None]] = {}
    looking: asyncio.Task[bool] | None = None
    async with client_outside(allowed_networks(settings)) as client, asyncio.TaskGroup() as group:
        while not stop.is_set():
            posting = {webhook: task for webhook, task in posting.items() if not task.done()}
            now, due = datetime.now(UTC), None
            if len(posting) < PARAMS.at_once:
                due = claim_due(conn, settings.site, wall_now=now, busy=posting)
            if due is not None:
                sent = deliver(conn, client, keys, due, wall_now=now)
                posting[due.webhook_id] = group.create_task(sent)
            if tidied_at is None or now - tidied_at > _DAY:
                drop_over_before(conn, now, kept=timedelta(days=PARAMS.kept_days))
                tidied_at = now
            if due is None:
                if looking is None or looking.done():
                    looking = group.create_task(asyncio.to_thread(stop.wait, _LOOK_EVERY_S))
                await asyncio.wait(
                    [looking, *posting.values()], return_when=asyncio.FIRST_COMPLETED
                )
            else:
                await asyncio.sleep(0)  # what was claimed goes out before more is claimed
