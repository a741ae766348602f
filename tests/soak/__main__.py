"""``make soak``: a border ten times as fast with mishaps; exit code 0 only where all is in bounds.

``MINUTES`` or ``HOURS`` say how long (20 minutes), ``SEED`` which mishaps, ``OUT`` where to draw.
"""

import json
import os
import shutil
import sys
import time
from pathlib import Path

from soak.conclude import conclude
from soak.picture import draw
from soak.run import soaked

_MINUTES = 20.0
_LEAST_MINUTES = 2.0


def _seconds() -> float:
    hours, minutes = os.environ.get("HOURS"), os.environ.get("MINUTES")
    chosen = float(hours) * 60 if hours else float(minutes or _MINUTES)
    if chosen < _LEAST_MINUTES:
        sys.exit(
            f"A soak takes {_LEAST_MINUTES:g} minutes at least, and {chosen:g} were asked for."
        )
    return chosen * 60


def main() -> int:
    began = time.monotonic()

    def tell(line: str) -> None:
        sys.stdout.write(f"[{time.monotonic() - began:5.0f} s] {line}\n")
        sys.stdout.flush()

    out = Path(os.environ.get("OUT") or "out/soak.png")
    with soaked(_seconds(), int(os.environ.get("SEED") or 1), tell) as soak:
        outcome = conclude(soak)
        logs = out.parent / "soak-logs"
        for path in soak.machine.home.glob("*/*log"):
            (logs / path.parent.name).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, logs / path.parent.name / "log")
    draw(soak.gauges.readings, soak.mishaps, out)
    tell(f"drawn: {out}; what the processes wrote down: {logs}")
    for failure in outcome.failures:
        sys.stdout.write(f"failed: {failure}\n")
    sys.stdout.write(json.dumps(outcome.figures, ensure_ascii=False) + "\n")
    return 1 if outcome.failures else 0


if __name__ == "__main__":
    sys.exit(main())
