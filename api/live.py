"""The operator's picture, once."""

from fastapi import APIRouter, Request, Response

from api.feed import Feed
from api.frames import encode

router = APIRouter(tags=["live"])


@router.get("/v1/live")
async def get_live(request: Request) -> Response:
    """Return the whole picture of now."""
    feed: Feed = request.app.state.feed
    frame = await feed.current()
    return Response(encode(frame.picture, None), media_type="application/json")
