"""The operator's picture, once."""

from fastapi import APIRouter, Request, Response

from api.feed import Feed

router = APIRouter(tags=["live"])


@router.get("/v1/live")
async def get_live(request: Request) -> Response:
    """Return the whole picture of now."""
    feed: Feed = request.app.state.feed
    text = feed.text(await feed.current(), None)
    return Response(text, media_type="application/json")
