"""How fast a practice runs, and the keys of the terminal that change it."""

import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

SPEEDS = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)
"""Domain time per wall time."""


@dataclass(slots=True)
class Tempo:
    """How fast time runs, and whether it stands."""

    speed: float
    paused: bool = False

    def press(self, key: str) -> None:
        """Do what a key says: space stops time and lets it go on, + and - change its speed."""
        if key == " ":
            self.paused = not self.paused
        elif key in "+=":
            self.speed = next((one for one in SPEEDS if one > self.speed), SPEEDS[-1])
        elif key == "-":
            self.speed = next((one for one in SPEEDS[::-1] if one < self.speed), SPEEDS[0])


@contextmanager
def keys_of_terminal() -> Iterator[bool]:
    """Let single keys be read without Enter; yields False where there is no terminal."""
    if not sys.stdin.isatty():
        yield False
        return
    terminal = sys.stdin.fileno()
    former = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal)
        yield True
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, former)


def pressed() -> str:
    """Return the keys pressed since the last look, without waiting."""
    terminal = sys.stdin.fileno()
    ready, _, _ = select.select([terminal], [], [], 0)
    return os.read(terminal, 64).decode(errors="replace") if ready else ""
