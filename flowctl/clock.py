"""Domain time: one clock for every process, which a played day can run faster.

`now` is the wall clock unless ``FLOWCTL_CLOCK_FILE`` names a shared file. That file holds five
doubles (a sequence number, the domain moment, the wall moment it belongs to, the speed, the moment
time may not yet pass), written by the one process that plays the day and mapped into memory by the
others. Leases, tokens and timeouts never ask this clock.
"""

import mmap
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

_LAYOUT = struct.Struct("<dddddd")
_ATTEMPTS = 1000


class Clock(Protocol):
    """What tells the domain time."""

    def now(self) -> datetime:
        """Return the present domain moment, aware, UTC."""
        ...


class WallClock:
    """Domain time is real time."""

    def now(self) -> datetime:
        """Return the present moment."""
        return datetime.now(UTC)


class SharedClock:
    """Domain time as the player of the day has set it, read from the shared file."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), _LAYOUT.size, access=mmap.ACCESS_READ)

    def now(self) -> datetime:
        """Return the present domain moment.

        Raises
        ------
        RuntimeError
            The file was caught half-written a thousand times in a row: its writer has died.
        """
        for _ in range(_ATTEMPTS):
            before, at, wall, speed, until, after = _LAYOUT.unpack_from(self._map)
            if before == after:
                moment = min(at + (time.time() - wall) * speed, until)
                return datetime.fromtimestamp(moment, UTC)
            time.sleep(0.0005)
        raise RuntimeError("The shared clock file is torn; start the demo again.")


class ClockWriter:
    """Owns the shared clock file: sets its speed and how far time may go."""

    def __init__(self, path: Path, *, start: datetime, speed: float) -> None:
        path.write_bytes(bytes(_LAYOUT.size))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _LAYOUT.size)
        self._sequence = 0.0
        self._speed = speed
        self.set(at=start, until=start)

    def run_at(self, speed: float) -> None:
        """Let time run at another speed from the next `set` on."""
        self._speed = speed

    def set(self, *, at: datetime, until: datetime) -> None:
        """Say that it is ``at`` now and that time runs on from there, not beyond ``until``."""
        self._sequence += 1
        wall = time.time()
        # Readers compare the first and the last double: they differ while the rest is written.
        self._map[0:8] = struct.pack("<d", self._sequence)
        self._map[8:40] = struct.pack("<dddd", at.timestamp(), wall, self._speed, until.timestamp())
        self._map[40:48] = struct.pack("<d", self._sequence)


def is_due(at: datetime, now: datetime, every: timedelta) -> bool:
    """Tell whether what comes ``every`` so often, next ``at``, is due.

    After a clock was set back it is due at once, and not only when the clock is there again.
    """
    return not at - every <= now < at


def clock(path: Path | None) -> Clock:
    """Return the shared clock where a file is named, else the wall clock."""
    return WallClock() if path is None else SharedClock(path)
