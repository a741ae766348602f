"""Work for workers of every kind; light, for each process that does it loads this module."""

import os
import signal
import time
from pathlib import Path

from flowctl.errors import FlowctlError
from simulations.studies.workers import Stopped, Tell


def squared(item: int, tell: Tell, _: Stopped) -> int:
    tell(0.5)
    return item * item


def killed_at_first(item: Path, _tell: Tell, _stopped: Stopped) -> str:
    """Die the first time, and every time where the name says so."""
    if not item.exists() or item.name == "always":
        item.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return item.name


def until_stopped(_: int, tell: Tell, stopped: Stopped) -> str:
    tell(0.25)
    for _ in range(600):
        if stopped():
            return "stopped"
        time.sleep(0.05)
    return "over"


def refused(item: int, _tell: Tell, _stopped: Stopped) -> int:
    raise FlowctlError(f"There is no {item}.", kind="no_number", values={"number": item})
