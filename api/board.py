"""The public board: what everybody may know, and nobody in particular."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request

from api.feed import Feed
from api.picture import GatePicture
from flowctl.site import Site

router = APIRouter(tags=["board"])


@dataclass(frozen=True, slots=True)
class BoardSite:
    """The place."""

    id: str
    name: Mapping[str, str]
    timezone: str


@dataclass(frozen=True, slots=True)
class BoardGate:
    """A gate as the public sees it."""

    id: str
    name: Mapping[str, str]
    open: bool
    next_change_at: datetime | None
    waiting: int
    queued: int
    expected_wait_s: float | None
    state: str
    cleared_today: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class BoardYard:
    """A yard as the public sees it."""

    id: str
    name: Mapping[str, str]
    occupancy: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Board:
    """The board at one moment."""

    at: datetime
    site: BoardSite
    gates: list[BoardGate]
    yards: list[BoardYard]


@router.get("/v1/board")
async def get_board(request: Request) -> Board:
    """Return the board; it names no truck."""
    feed: Feed = request.app.state.feed
    picture = (await feed.current()).picture
    site = picture.site
    return Board(
        at=picture.at,
        site=BoardSite(site.id, site.name, site.timezone.key),
        gates=[_gate(site, gate) for gate in picture.gates],
        yards=[
            BoardYard(yard.id, site.yard_by_id[yard.id].name, yard.occupancy, yard.capacity)
            for yard in picture.yards
        ],
    )


def _gate(site: Site, gate: GatePicture) -> BoardGate:
    return BoardGate(
        id=gate.id,
        name=site.gate_by_id[gate.id].name,
        open=gate.open,
        next_change_at=gate.next_change_at,
        waiting=gate.waiting,
        queued=gate.queued,
        expected_wait_s=gate.expected_wait_s,
        state=gate.state,
        cleared_today={"export": gate.cleared.export, "import": gate.cleared.import_},
    )
