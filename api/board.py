"""The public board: what everybody may know, and nobody in particular."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor

from api.ledger import PublicLedger
from api.picture import GatePicture, Picture
from flowctl.closures import Closure, closed_for_unknown
from flowctl.site import Gate, Site
from flowctl.storage.waits import Record
from flowctl.traffic.waits import Wait

_AHEAD = timedelta(days=7)
_WINDOWS_SHOWN = 3
_FINE_S, _COARSE_S, _LONG_S = 60, 300, 3600


@dataclass(frozen=True, slots=True)
class BoardSite:
    """The place."""

    id: str
    name: Mapping[str, str]
    timezone: str


@dataclass(frozen=True, slots=True)
class BoardWait:
    """How long a truck that comes now will wait until it is through, seconds from ``at`` on.

    Eight of ten such trucks should be through between ``from_s`` and ``to_s``, half of them by
    ``expected_s``. Of the ``held_n`` trucks of the last week that are through, or should be, the
    share ``held_share`` was; None while they are too few to say. Promises were made on the last
    ``held_days`` of the seven.
    """

    from_s: int
    expected_s: int
    to_s: int
    held_n: int
    held_share: float | None
    held_days: int


@dataclass(frozen=True, slots=True)
class BoardWindow:
    """A time in which the gate takes goods, closures heeded."""

    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class BoardClosure:
    """A closure that was entered; with ``places_left`` the gate goes on with so many places."""

    starts_at: datetime
    ends_at: datetime | None
    places_left: int


@dataclass(frozen=True, slots=True)
class BoardGate:
    """A gate as the public sees it; ``wait`` is None while nobody can say.

    While it is closed and nobody knows until when, neither ``next_change_at`` nor ``windows`` say.
    """

    id: str
    name: Mapping[str, str]
    open: bool
    next_change_at: datetime | None
    windows: tuple[BoardWindow, ...]
    closures: tuple[BoardClosure, ...]
    waiting: int
    on_the_way: int
    queued: int
    wait: BoardWait | None
    state: str
    cleared_today: Mapping[str, int]
    overtakes_today: Mapping[str, int]

    def reopening_unknown(self, now: datetime) -> bool:
        """Tell whether it is shut by a closure that nobody knows the end of."""
        return any(
            one.places_left == 0 and one.ends_at is None and one.starts_at <= now
            for one in self.closures
        )


@dataclass(frozen=True, slots=True)
class BoardLedger:
    """The head of the ledger that was signed last."""

    seq: int
    code: str
    hash: str
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
    """The board as computed ``at`` a moment.

    ``stale_s`` is None where that was just now; else so many seconds have passed since, for a store
    does not answer.
    """

    at: datetime
    site: BoardSite
    gates: tuple[BoardGate, ...]
    yards: tuple[BoardYard, ...]
    ledger: BoardLedger | None
    stale_s: int | None = None


def make_board(
    picture: Picture,
    *,
    waits: Mapping[str, Wait],
    records: Mapping[str, Record],
    closures: Sequence[Closure],
    ledger: PublicLedger,
) -> Board:
    """Return the board of a moment; it names no truck.

    Parameters
    ----------
    picture
        The operator's, with closures in its site.
    waits
        What is promised to who comes now, by gate.
    records
        How often such promises held, by gate.
    closures
        Those that last or lie ahead.
    ledger
        The signed head, and today's overtakes.
    """
    site, head = picture.site, ledger.head
    unknown = closed_for_unknown(closures, picture.at)
    return Board(
        at=picture.at,
        site=BoardSite(site.id, site.name, site.timezone.key),
        gates=tuple(
            _gate(
                site.gate_by_id[gate.id],
                gate,
                picture.at,
                wait=_wait(waits.get(gate.id), records.get(gate.id, Record(0, None, 0))),
                closures=tuple(
                    BoardClosure(one.starts_at, one.ends_at, one.places_left)
                    for one in closures
                    if one.gate == gate.id
                ),
                reopening_unknown=gate.id in unknown,
                overtakes=ledger.overtakes.gates.get(gate.id, {}),
            )
            for gate in picture.gates
        ),
        yards=tuple(_yards(site, picture)),
        ledger=None if head is None else BoardLedger(head.seq, head.code, head.hash, head.at),
    )


def _gate(
    gate: Gate,
    shown: GatePicture,
    now: datetime,
    *,
    wait: BoardWait | None,
    closures: tuple[BoardClosure, ...],
    reopening_unknown: bool,
    overtakes: Mapping[str, int],
) -> BoardGate:
    return BoardGate(
        id=gate.id,
        name=gate.name,
        open=shown.open,
        next_change_at=None if reopening_unknown else shown.next_change_at,
        windows=() if reopening_unknown else tuple(_windows(gate, now)),
        closures=closures,
        waiting=shown.waiting,
        on_the_way=shown.in_transit,
        queued=shown.queued,
        wait=wait,
        state=shown.state,
        cleared_today={"export": shown.cleared.export, "import": shown.cleared.import_},
        overtakes_today=overtakes,
    )


def _wait(wait: Wait | None, record: Record) -> BoardWait | None:
    """Return a wait in steps that can be believed: nobody knows hours to the minute."""
    if wait is None:
        return None
    low, mid, high = (one - wait.at for one in (wait.p10, wait.p50, wait.p90))
    share = None if record.share is None else round(record.share, 3)
    return BoardWait(
        from_s=floor(low / _step(low)) * _step(low),
        expected_s=round(mid / _step(mid)) * _step(mid),
        to_s=ceil(high / _step(high)) * _step(high),
        held_n=record.n,
        held_share=share,
        held_days=record.days,
    )


def _step(seconds: float) -> int:
    return _FINE_S if seconds < _LONG_S else _COARSE_S


def _windows(gate: Gate, now: datetime) -> Iterator[BoardWindow]:
    """Yield the next times in which a gate takes goods; the present one with its real beginning."""
    found = 0
    for opens, closes in gate.opening.between(now - timedelta(days=1), now + _AHEAD):
        if closes > now and found < _WINDOWS_SHOWN:
            found += 1
            yield BoardWindow(opens, closes)


def _yards(site: Site, picture: Picture) -> Iterator[BoardYard]:
    for yard in picture.yards:
        name = site.yard_by_id[yard.id].name
        yield BoardYard(yard.id, name, yard.occupancy, yard.capacity)
