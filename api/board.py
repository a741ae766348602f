"""The public board: what everybody may know, and nobody in particular."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from api.feed import Feed
from api.ledger import public_ledger
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
    overtakes_today: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class BoardLedger:
    """The head of the ledger that was signed last."""

    seq: int
    code: str
    at: datetime


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
    ledger: BoardLedger | None


@router.get("/v1/board")
async def get_board(request: Request) -> Board:
    """Return the board; it names no truck."""
    feed: Feed = request.app.state.feed
    picture = (await feed.current()).picture
    site = picture.site
    ledger = await run_in_threadpool(public_ledger, request)
    head, overtakes = ledger.head, ledger.overtakes.gates
    return Board(
        at=picture.at,
        site=BoardSite(site.id, site.name, site.timezone.key),
        gates=[_gate(site, gate, overtakes.get(gate.id, {})) for gate in picture.gates],
        yards=[
            BoardYard(yard.id, site.yard_by_id[yard.id].name, yard.occupancy, yard.capacity)
            for yard in picture.yards
        ],
        ledger=None if head is None else BoardLedger(head.seq, head.code, head.at),
    )


def _gate(site: Site, gate: GatePicture, overtakes: Mapping[str, int]) -> BoardGate:
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
        overtakes_today=overtakes,
    )
