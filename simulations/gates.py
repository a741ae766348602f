"""The physics of a gate: inspection places that serve two queues, inside opening hours."""

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from math import inf
from typing import NamedTuple

from flowctl.opening import Opening

_SEARCH = timedelta(days=60)  # longer than any closure; a gate shut for longer never opens here


class OpenHours:
    """The opening windows (opens, closes) of a gate in epoch seconds, in order."""

    def __init__(self, windows: Sequence[tuple[float, float]]) -> None:
        self._windows = windows

    @classmethod
    def of(cls, opening: Opening, start: datetime) -> "OpenHours":
        """Return the hours of a calendar from ``start`` on, for the next two months."""
        windows = opening.between(start, start + _SEARCH)
        return cls([(opens.timestamp(), closes.timestamp()) for opens, closes in windows])

    def is_open(self, at: float) -> bool:
        """Tell whether service may begin at ``at``."""
        return any(opens <= at < closes for opens, closes in self._until(at))

    def find_opening(self, at: float) -> float | None:
        """Return the first moment from ``at`` on at which the gate is open; None if never."""
        return next((max(opens, at) for opens, closes in self._windows if closes > at), None)

    def list_openings(self) -> list[float]:
        """Return the moments at which the gate opens."""
        return [opens for opens, _ in self._windows]

    def _until(self, at: float) -> Iterator[tuple[float, float]]:
        for window in self._windows:
            if window[0] > at:
                return
            yield window


class Limit(NamedTuple):
    """The other side takes an export ``gap_s`` after the one before it, or later; epoch seconds."""

    from_at: float
    until_at: float
    gap_s: float


class GateFloor:
    """``places`` that serve both directions, first come first served in each.

    Where trucks of both directions wait, a free place takes from them alternately. A truck whose
    service began before closing is finished. While a limit is in force an export's service does not
    begin sooner than its gap after that of the export before it; imports take the places meanwhile.
    Trucks are numbers; times are epoch seconds.
    """

    def __init__(self, places: int, hours: OpenHours, limits: Sequence[Limit] = ()) -> None:
        self.places = places
        self.hours = hours
        self._limits = limits
        self._export_at = -inf
        self.busy = 0
        self.exports: deque[int] = deque()
        self.imports: deque[int] = deque()
        self._last_was_import = True

    def arrive(self, truck: int, *, is_import: bool) -> None:
        """Put a truck at the end of its direction's queue."""
        (self.imports if is_import else self.exports).append(truck)

    def leave(self) -> None:
        """Free the place of a truck whose service is over."""
        self.busy -= 1

    def begin(self, at: float) -> list[int]:
        """Fill the free places and return the trucks whose service begins at ``at``, in order."""
        begun: list[int] = []
        if not self.hours.is_open(at):
            return begun
        while self.busy < self.places:
            exports_go = bool(self.exports) and self.held_until(at) is None
            if not (exports_go or self.imports):
                break
            takes_import = not exports_go or (bool(self.imports) and not self._last_was_import)
            begun.append((self.imports if takes_import else self.exports).popleft())
            self._last_was_import = takes_import
            if not takes_import:
                self._export_at = at
            self.busy += 1
        return begun

    def held_until(self, at: float) -> float | None:
        """Return when to look again at exports that the other side holds up; None: it does not."""
        there = [limit for limit in self._limits if limit.from_at <= at < limit.until_at]
        if not there:
            return None
        gap_s = max(limit.gap_s for limit in there)
        goes_at = inf if gap_s == inf else self._export_at + gap_s
        if at >= goes_at:
            return None
        return min(goes_at, *(limit.until_at for limit in there))


def instant(at: float) -> datetime:
    """Return epoch seconds as an aware UTC instant."""
    return datetime.fromtimestamp(at, UTC)
