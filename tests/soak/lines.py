"""What the processes wrote down: errors nobody expects, and tracebacks at all."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

EXPECTED: Mapping[str, str] = {
    # "what happens": "which mishap brings it about"
}
"""Records of level error that a mishap brings about, by their event."""

_LOST = "Another controller has taken "
_BAD = frozenset({"error", "critical", "exception"})
_REFUSED = re.compile(r" (ERROR|PANIC):  (.*)$")
_AWAY = (
    "terminating connection",
    "the database system is",
    "could not receive data from client",
    "unexpected EOF on client connection",
    "connection to client lost",
    "canceling statement due to",
    "Connection reset by peer",
)
"""How PostgreSQL says that a client was killed, or that it was killed itself."""


@dataclass
class Lines:
    """What stands in the logs of a run."""

    counts: Counter[str] = field(default_factory=Counter)
    """How often each event was written, with its process and level."""
    unexpected: list[str] = field(default_factory=list)


def read_process(name: str, text: Iterable[str], found: Lines) -> None:
    """Read a process's log: lines of JSON; anything else is what should not be there."""
    for line in text:
        stripped = line.strip()
        if not stripped:
            continue
        record = _record(stripped)
        if record is None and stripped.startswith(_LOST):
            found.counts["controller lost the site"] += 1
            continue
        if record is None:
            found.unexpected.append(f"{name}: no record: {stripped[:200]}")
            continue
        level, event = str(record.get("level")), str(record.get("event"))
        kind = name.partition("-")[0]
        found.counts[f"{kind} {level}: {event[:80]}"] += 1
        if "exception" in record or "Traceback" in event:
            said = str(record.get("exception", event)).strip().splitlines()
            found.unexpected.append(f"{name}: traceback: {event[:80]}: {said[-1][:160]}")
        elif level in _BAD and event not in EXPECTED:
            found.unexpected.append(f"{name}: {level}: {stripped[:300]}")


def _record(line: str) -> Mapping[str, object] | None:
    try:
        read = json.loads(line)
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def read_postgres(text: Iterable[str], found: Lines) -> None:
    """Read the database server's log: what it refused, without who was cut off."""
    for line in text:
        refused = _REFUSED.search(line)
        if refused is None:
            continue
        level, said = refused.groups()
        found.counts[f"postgresql {level}: {said[:80]}"] += 1
        if not any(known in said for known in _AWAY):
            found.unexpected.append(f"postgresql: {level}: {said[:200]}")


def read_logs(home: Path, names: Iterable[str]) -> Lines:
    """Read the logs of a machine."""
    found = Lines()
    for name in names:
        path = home / name / "log"
        if path.exists():
            with path.open(encoding="utf-8", errors="replace") as text:
                read_process(name, text, found)
    for path in sorted(home.glob("postgres*/server.log")):
        with path.open(encoding="utf-8", errors="replace") as text:
            read_postgres(text, found)
    return found
