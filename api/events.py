"""The operator's picture, second by second, as server-sent events."""

import time
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from api.auth import find_caller
from api.feed import Feed

router = APIRouter(tags=["live"])

_ASKED_AGAIN_S = 30.0
"""So long after signing out, at most, the events still come."""


@router.get("/v1/events", response_class=EventSourceResponse)
async def get_events(request: Request) -> AsyncIterator[ServerSentEvent]:
    """Send the whole picture, then what changes; ends when the session does."""
    feed: Feed = request.app.state.feed
    asked_at = time.monotonic()
    last = None
    async for frame in feed.watch():
        if time.monotonic() - asked_at > _ASKED_AGAIN_S:
            asked_at = time.monotonic()
            if await find_caller(request) is None:
                return
        text = feed.text(frame, last)
        yield ServerSentEvent(raw_data=text, event="live", id=str(frame.sequence))
        last = frame
