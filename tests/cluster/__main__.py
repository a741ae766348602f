"""``make cluster``: exit code 0 only where nothing was lost, doubled or issued twice."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from cluster.drill import run_drill, temporary_home
from cluster.net import Host, hosts, obstacle

FAILOVER_S = 10.0


def main() -> int:
    """Make the hosts and drive the drill from one of its own; its last line is a JSON object."""
    why = obstacle()
    if why is not None:
        sys.stderr.write(f"{why}\n")
        return 1
    prefix = f"flowctl-{os.getpid()}"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was made is taken away
    with temporary_home() as home, hosts(prefix, 3) as made:
        inside = made[-1].command([sys.executable, "-m", "cluster", prefix, home])
        try:
            return subprocess.run(inside, check=False).returncode
        except KeyboardInterrupt:
            return 1


def drive(prefix: str, home: Path) -> int:
    """Run the drill, within a host of the run's own network."""
    began = time.monotonic()

    def tell(line: str) -> None:
        sys.stdout.write(f"[{time.monotonic() - began:5.0f} s] {line}\n")
        sys.stdout.flush()

    outcome = run_drill([Host(number, prefix) for number in (1, 2, 3)], home, tell)
    for failure in outcome.failures:
        sys.stdout.write(f"failed: {failure}\n")
    sys.stdout.write(f"{outcome.last_line}\n")
    return 0 if outcome.passed and outcome.failover_s <= FAILOVER_S else 1


if __name__ == "__main__":
    sys.exit(drive(sys.argv[1], Path(sys.argv[2])) if len(sys.argv) > 1 else main())
