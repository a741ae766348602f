"""The physics of a gate: inspection places that serve two queues, inside opening hours."""

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

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


class GateFloor:
    """``places`` that serve both directions, first come first served in each.

    Where trucks of both directions wait, a free place takes from them alternately. A truck whose
    service began before closing is finished. Trucks are numbers; times are epoch seconds.
    """

    def __init__(self, places: int, hours: OpenHours) -> None:
        self.places = places
        self.hours = hours
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
        while self.busy < self.places and (self.exports or self.imports):
            takes_import = not self.exports or (bool(self.imports) and not self._last_was_import)
            begun.append((self.imports if takes_import else self.exports).popleft())
            self._last_was_import = takes_import
            self.busy += 1
        return begun


def instant(at: float) -> datetime:
    """Return epoch seconds as an aware UTC instant."""
    return datetime.fromtimestamp(at, UTC)
