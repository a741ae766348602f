"""What became of every post of a load, written by the poster and read by who counts."""

from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

ACKNOWLEDGED = "ok"
ABANDONED = "open"
"""Sent, perhaps more than once, and never answered by a yes: it may be stored, at most once."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One post: which rows of which block it held, what became of it, and in how many tries."""

    block: int
    first: int
    count: int
    outcome: str
    tries: int


class Ledger:
    """Appends entries to a file; `flush` makes them visible to readers."""

    def __init__(self, path: Path) -> None:
        self._file: TextIO = path.open("a", encoding="ascii")

    def write(self, entry: Entry) -> None:
        """Add an entry."""
        self._file.write(
            f"{entry.block} {entry.first} {entry.count} {entry.outcome} {entry.tries}\n"
        )

    def flush(self) -> None:
        """Let readers see what was written."""
        self._file.flush()

    def close(self) -> None:
        """Write what is left and let go of the file."""
        self._file.close()


def read_ledger(path: Path, offset: int = 0) -> tuple[list[Entry], int]:
    """Return the entries from a byte offset on, and the offset behind the last whole line."""
    if not path.exists():
        return [], offset
    with path.open("rb") as file:
        file.seek(offset)
        text = file.read()
    whole = text[: text.rfind(b"\n") + 1]
    entries = []
    for line in whole.decode("ascii").splitlines():
        block, first, count, outcome, tries = line.split()
        entries.append(Entry(int(block), int(first), int(count), outcome, int(tries)))
    return entries, offset + len(whole)
