"""The operator's picture, second by second, as server-sent events."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from fastapi import APIRouter, Request, Response
from starlette.types import Receive, Scope, Send

from api.auth import caller, is_present
from api.endings import Endings
from api.errors import Problem
from api.feed import Feed
from api.frames import GZIP_BEGINS, Frame
from api.request_log import STREAMS

router = APIRouter(tags=["live"])

_ASKED_AGAIN_S = 30.0
"""Whatever is heard of endings, so often a stream asks whether its session still lasts."""

_PATIENCE_S = 30.0
"""Who takes nothing for so long is no longer there; until then it costs one frame."""

_OF_ONE_ACCOUNT = 20
"""So many streams one account may have of one process: a control room's screens, and not all."""
_COME_AGAIN_S = 30

_LAST_EVENT_ID = "last-event-id"
_ID_MOST = 40

_log = structlog.get_logger()


class Watchers:
    """How many streams each account has open here."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    @contextmanager
    def one_more(self, account: str) -> Iterator[None]:
        """Count a stream of an account while the context lasts.

        Raises
        ------
        Problem
            429, it has as many as it may.
        """
        if self._open[account] >= _OF_ONE_ACCOUNT:
            raise Problem(
                429,
                "Too many streams",
                f"The account {account} has {_OF_ONE_ACCOUNT} streams of events open, as many as"
                " one may; close some of its pages, or sign in by another account.",
                {"Retry-After": str(_COME_AGAIN_S)},
            )
        self._open[account] += 1
        try:
            yield
        finally:
            self._open[account] -= 1


class EventStream(Response):
    """Sends the picture whole, or what changed since the frame its reader has; then each change.

    A reader that is slow is sent the newest picture when it has taken the last one: what came
    between is in it.
    """

    def __init__(self, request: Request, *, gzipped: bool) -> None:
        coding = {"Content-Encoding": "gzip"} if gzipped else {}
        super().__init__(
            media_type="text/event-stream", headers={"Vary": "Accept-Encoding"} | coding
        )
        del self.headers["content-length"]
        self._request = request
        self._feed: Feed = request.app.state.feed
        self._endings: Endings = request.app.state.endings
        self._gzipped = gzipped

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the session ends or the reader is gone."""
        del scope
        watchers: Watchers = self._request.app.state.watchers
        with watchers.one_more(caller(self._request).name):
            await self._stream(receive, send)

    async def _stream(self, receive: Receive, send: Send) -> None:
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(_until_gone(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                await sending
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        opening = GZIP_BEGINS if self._gzipped else b": flowctl\n\n"
        await send({"type": "http.response.body", "body": opening, "more_body": True})
        since = self._known()
        ended, asked_at = await self._endings.mark(), time.monotonic()
        with self._feed.watching(), STREAMS.track_inprogress():
            frame = await self._feed.first()
            while True:
                now_ended = await self._endings.mark()
                if now_ended != ended or time.monotonic() - asked_at > _ASKED_AGAIN_S:
                    ended, asked_at = now_ended, time.monotonic()
                    if not await is_present(self._request):
                        break
                text = self._feed.frames.event(frame, since, gzipped=self._gzipped)
                try:
                    async with asyncio.timeout(_PATIENCE_S):
                        await send({"type": "http.response.body", "body": text, "more_body": True})
                except TimeoutError:
                    _log.info("a console took nothing and was let go", seconds=_PATIENCE_S)
                    return
                since = frame
                frame = await self._feed.after(frame)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _known(self) -> Frame | None:
        """Return the frame that the reader has, by its own word; None sends everything."""
        return self._feed.frames.find(self._request.headers.get(_LAST_EVENT_ID, "")[:_ID_MOST])


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@router.get("/v1/events")
async def get_events(request: Request) -> Response:
    """Send the whole picture, then what changes; ends when the session does.

    An event's id is good for a minute: who comes back with it (``Last-Event-ID``) hears only what
    changed since. Any other id is answered by the whole picture.
    """
    return EventStream(request, gzipped="gzip" in request.headers.get("accept-encoding", ""))
