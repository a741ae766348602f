"""Who changed something wakes every console: of this process at once, of the others by the store.

A lost word costs nothing but time: each console's picture is made anew each second anyway.
"""

import asyncio
import secrets
from contextlib import AbstractAsyncContextManager
from typing import Any

import structlog

from api.background import beside
from api.feed import Feed
from flowctl.telemetry.store import AWAY, Store

CHANNEL = "flowctl:woken:"
_AGAIN_S = 1.0
_HEARD_WITHIN_S = 5.0

_log = structlog.get_logger()


class Waker:
    """Tells every process of a site that something was changed."""

    def __init__(self, store: Store, feed: Feed, site: str) -> None:
        self._store = store
        self._feed = feed
        self._channel = CHANNEL + site
        self._name = secrets.token_bytes(8)
        self._loop = asyncio.get_running_loop()
        self._said = asyncio.Event()

    def wake(self) -> None:
        """Wake the consoles; may be called from any thread, and waits for nothing."""
        self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._feed.wake()
        self._said.set()

    def running(self) -> AbstractAsyncContextManager[None]:
        """Speak to the other processes, and hear them, while the context lasts."""
        return beside(self._speak(), self._hear())

    async def _speak(self) -> None:
        while True:
            await self._said.wait()
            self._said.clear()  # one word for all that was changed meanwhile
            try:
                await self._store.publish(self._channel, self._name)
            except AWAY as error:
                _log.warning("consoles of other processes were not woken", reason=str(error))
                await asyncio.sleep(_AGAIN_S)

    async def _hear(self) -> None:
        while True:
            try:
                async with self._store.pubsub(ignore_subscribe_messages=True) as words:
                    await words.subscribe(self._channel)
                    while True:
                        word = await words.get_message(timeout=_HEARD_WITHIN_S)
                        if word is not None and word["data"] != self._name:
                            self._feed.wake()
            except AWAY as error:
                _log.warning("other processes are not heard", reason=str(error))
                await asyncio.sleep(_AGAIN_S)


def waker(state: Any) -> Waker:  # noqa: ANN401 - Starlette's State
    """Return what wakes the consoles of an application."""
    found: Waker = state.waker
    return found
