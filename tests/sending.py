"""Those who send what waits in the outbox, and to webhooks, for the tests of what was sent."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import Any

import psycopg
from border import KEYS, MORNING

from flowctl.notify.database import Database
from flowctl.notify.gateways import Gateway, Message, Tariff
from flowctl.notify.outcomes import PARAMS, SendParams
from flowctl.notify.outside import EVERYWHERE, client_outside
from flowctl.notify.sender import Sender
from flowctl.notify.webhooks import PARAMS as DELIVERY
from flowctl.notify.webhooks import DeliveryParams, claim_due, deliver
from flowctl.site import Site


@dataclass(slots=True)
class StillClock:
    """Domain time that stands where it is set."""

    moment: datetime = MORNING

    def now(self) -> datetime:
        return self.moment


@dataclass(slots=True)
class KeptGateway:
    """A gateway in memory that does as ``answer`` does, and keeps what it took."""

    name: str = "kept"
    rate_per_s: float = 10_000.0
    window: int = 100
    tariff: Tariff | None = None
    trouble: str | None = None
    answer: Callable[[Message], Sequence[str] | Exception] = lambda message: [f"r{message.id}"]
    wait_s: float = 0.0
    asked: list[Message] = field(default_factory=list)
    took: list[Message] = field(default_factory=list)

    async def send(self, message: Message) -> tuple[str, ...]:
        self.asked.append(message)
        await asyncio.sleep(self.wait_s)
        answer = self.answer(message)
        if isinstance(answer, Exception):
            raise answer
        self.took.append(message)
        return tuple(answer)

    async def run(self) -> None:
        await asyncio.Event().wait()


def send_all(
    url: str,
    site: Site,
    *gateways: Gateway,
    now: datetime | StillClock = MORNING,
    params: SendParams = PARAMS,
    until: Callable[[Sender], bool] = lambda sender: sender.quiet,
) -> Sender:
    """Send what is due at a domain moment, until nothing is or ``until`` says so."""
    return asyncio.run(sending(url, site, *gateways, now=now, params=params, until=until))


async def sending(
    url: str,
    site: Site,
    *gateways: Gateway,
    now: datetime | StillClock = MORNING,
    params: SendParams = PARAMS,
    until: Callable[[Sender], bool] = lambda sender: sender.quiet,
) -> Sender:
    """Send within a loop that runs; 20 s are enough for every test."""
    with closing(Database(url, Event())) as database:
        sender = Sender(
            database,
            gateways,
            keys=KEYS,
            public_url="https://gate.example/",
            site=site,
            clock=now if isinstance(now, StillClock) else StillClock(now),
            pause_s=0.01,
            params=params,
        )
        async with asyncio.timeout(20):
            await sender.run(lambda: until(sender))
        return sender


def count_by_state(conn: psycopg.Connection[Any], site: str) -> dict[str, int]:
    rows = conn.execute(
        "select state, count(*) from outbox where site = %s group by state", [site]
    ).fetchall()
    return {state: int(n) for state, n in rows}


def deliver_due(
    conn: psycopg.Connection[Any],
    site: str,
    wall_now: datetime,
    params: DeliveryParams = DELIVERY,
) -> bool:
    """Deliver what a webhook has been due longest; tells whether there was any."""
    due = claim_due(conn, site, wall_now=wall_now, params=params)
    if due is None:
        return False

    async def delivering() -> None:
        async with client_outside(EVERYWHERE) as client:
            await deliver(conn, client, KEYS, due, wall_now=wall_now, params=params)

    asyncio.run(delivering())
    return True
