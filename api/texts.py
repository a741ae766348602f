"""Words of operators to drivers: weighed before they are sent, sent once."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.once import Key, act_once
from api.transaction import transaction
from flowctl.errors import NotFoundError
from flowctl.notify import desk
from flowctl.notify.desk import Weighed
from flowctl.site import Site
from flowctl.storage import desk_texts as stored
from flowctl.storage.audit import By
from flowctl.storage.desk_texts import Connection, DeskText, Whom

router = APIRouter(tags=["messages"])

_MOST_LETTERS = 500


class TextTo(BaseModel):
    """A text and whom it is for: one trip; all who are held, in a yard, or bound for a gate."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=_MOST_LETTERS)]
    to: Literal["trip", "held", "yard", "gate"]
    trip_id: Annotated[int, Field(ge=1, lt=2**63)] | None = None
    place: Annotated[str, Field(max_length=80)] | None = None

    @model_validator(mode="after")
    def refuse_half(self) -> "TextTo":
        """Refuse a trip without its number, a yard or gate without its name, and both elsewhere."""
        if (self.trip_id is not None) != (self.to == "trip"):
            raise ValueError("give trip_id with to: trip, and with nothing else")
        if (self.place is not None) != (self.to in {"yard", "gate"}):
            raise ValueError("give place with to: yard and to: gate, and with nothing else")
        return self


@router.post("/v1/texts/preview")
def weigh_text(request: Request, body: TextTo) -> Weighed:
    """Return how many SMS a text takes and whom it would reach; nothing is sent."""
    state = request.app.state
    with transaction(request) as conn:
        return desk.weigh(
            conn,
            state.site,
            body.text,
            _whom(state.site, body),
            public_url=state.settings.public_url,
            now=state.clock.now(),
        )


@router.post("/v1/texts", status_code=201)
def write_text(request: Request, response: Response, body: TextTo, key: Key) -> DeskText:
    """Send a text to all it is for."""
    state = request.app.state

    def do(conn: Connection, by: By, now: datetime) -> int:
        return desk.write(
            conn,
            state.site,
            body.text,
            _whom(state.site, body),
            public_url=state.settings.public_url,
            by=by,
            now=now,
        )

    def show(conn: Connection, number: int) -> DeskText:
        newest = stored.list_texts(conn, state.site.id, limit=500)
        found = next((one for one in newest if one.id == number), None)
        if found is None:
            raise NotFoundError(f"There is no text {number} any more.", kind="no_text")
        return found

    return act_once(request, response, key, body, do=do, show=show)


@router.get("/v1/texts")
def list_texts(request: Request, limit: Annotated[int, Query(ge=1, le=200)] = 20) -> list[DeskText]:
    """List what operators wrote lately, the newest first, and what became of it."""
    with transaction(request) as conn:
        return stored.list_texts(conn, request.app.state.site.id, limit=limit)


def _whom(site: Site, body: TextTo) -> Whom:
    known = {"yard": site.yard_by_id, "gate": site.gate_by_id}.get(body.to)
    if known is not None and body.place not in known:
        raise NotFoundError(
            f"There is no {body.to} {(body.place or '')[:40]!r}; {site.id} has {', '.join(known)}.",
            kind="no_place",
            values={"place": (body.place or "")[:40]},
        )
    return Whom(body.to, body.trip_id, body.place)
