"""What a driver's phone carries beside the view: the pass, itself as a tracker, and messages."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.asked import NO_BODY
from api.attempts import count_attempt
from api.claims import require_claim
from api.faults import SECRET
from api.links import link_of, open_link, trip_of
from api.transaction import transaction
from flowctl.qr import draw_qr
from flowctl.registry.passes import make_pass, sign_pass
from flowctl.registry.phone_tracker import PhoneTracker, take_phone
from flowctl.registry.push import Subscription, subscribe
from flowctl.storage.push import delete_subscriptions

router = APIRouter(tags=["driver"])

_SIGNATURE = "driver"
_TOKENS_PER_HOUR = 20
_INTERVAL_S, _DISTANCE_M = 60, 100
"""How often the app reports on the move: often enough for a queue, and easy on its battery."""


class PassAnswer(BaseModel):
    """A pass: its text, and the path of its QR code, black on white, ``size`` modules a side."""

    text: str
    path: str
    size: int
    expires_at: datetime


class TrackerAnswer(BaseModel):
    """The phone as a tracker: ``url`` takes its positions in OsmAnd's form, ``device`` is its id.

    ``traccar_link`` sets the app Traccar Client up, as does the QR code of it.
    """

    device: str
    url: str
    traccar_link: str
    qr_path: str
    qr_size: int


class PushKeys(BaseModel):
    """A browser's public key and shared secret, base64url."""

    model_config = ConfigDict(extra="forbid", strict=True)

    p256dh: Annotated[str, SECRET] = Field(min_length=1, max_length=200)
    auth: Annotated[str, SECRET] = Field(min_length=1, max_length=100)


class PushWish(BaseModel):
    """Where a browser is to be told of messages, as its push manager says."""

    model_config = ConfigDict(extra="forbid", strict=True)

    endpoint: Annotated[str, SECRET] = Field(min_length=1, max_length=2000)
    keys: PushKeys


@router.get("/v1/driver/{code}/pass")
def get_pass(request: Request, code: str) -> PassAnswer:
    """Return the trip's pass, made anew; 409 where there is no slot to pass for."""
    state = request.app.state
    now: datetime = state.clock.now()
    link = link_of(request, code)
    with transaction(request) as conn:
        row = open_link(conn, state.site, link, now)
    given = make_pass(state.site, row, now)
    text = sign_pass(state.keys, given)
    path, size = draw_qr(text)
    return PassAnswer(text=text, path=path, size=size, expires_at=given.expires_at)


@router.post("/v1/driver/{code}/tracker", dependencies=[NO_BODY])
async def follow_by_phone(request: Request, code: str) -> TrackerAnswer:
    """Let the phone stand in for a tracker; 409 where the truck has one that reports."""
    state = request.app.state

    def take(trip_id: int) -> PhoneTracker:
        with transaction(request) as conn:
            require_claim(request, conn, trip_id)
            return take_phone(
                conn,
                state.site,
                state.keys,
                trip_id,
                by=_SIGNATURE,
                now=state.clock.now(),
                wall_now=datetime.now(UTC),
            )

    trip_id = await run_in_threadpool(trip_of, request, code)
    await count_attempt(
        state.store,
        f"tracker:{trip_id}",
        most=_TOKENS_PER_HOUR,
        within=timedelta(hours=1),
        what="The phone was set up too often",
    )
    taken = await run_in_threadpool(take, trip_id)
    url = f"{state.settings.public_url.rstrip('/')}/v1/osmand/{taken.token}"
    link = _traccar_link(taken.device, url)
    path, size = draw_qr(link)
    return TrackerAnswer(
        device=taken.device, url=url, traccar_link=link, qr_path=path, qr_size=size
    )


@router.put("/v1/driver/{code}/push", status_code=204)
def push_messages(request: Request, code: str, body: PushWish) -> None:
    """Push the trip's messages to this browser too, until its link ends."""
    state = request.app.state
    trip_id = trip_of(request, code)
    wish = Subscription(body.endpoint, body.keys.p256dh, body.keys.auth)
    with transaction(request) as conn:
        require_claim(request, conn, trip_id)
        subscribe(
            conn,
            state.keys,
            trip_id,
            wish,
            demo=state.settings.demo,
            wall_now=datetime.now(UTC),
        )


@router.delete("/v1/driver/{code}/push", status_code=204, dependencies=[NO_BODY])
def end_push(request: Request, code: str) -> None:
    """Push the trip's messages to no browser any more."""
    trip_id = trip_of(request, code)
    with transaction(request) as conn:
        require_claim(request, conn, trip_id)
        delete_subscriptions(conn, trip_id)


def _traccar_link(device: str, url: str) -> str:
    """Return the link that sets Traccar Client up; versions that do not take it need both typed."""
    wish = {
        "id": device,
        "url": url,
        "accuracy": "high",
        "distance": _DISTANCE_M,
        "interval": _INTERVAL_S,
    }
    return f"org.traccar.client://config?{urlencode(wish)}"
