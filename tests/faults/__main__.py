"""``make faults``: the long drill; exit code 0 only where nothing was lost, doubled or amiss."""

import sys
import time

from faults.drill import SHORT, Plan, run_drill


def main() -> int:
    began = time.monotonic()

    def tell(line: str) -> None:
        sys.stdout.write(f"[{time.monotonic() - began:5.0f} s] {line}\n")
        sys.stdout.flush()

    outcome = run_drill(SHORT if "--short" in sys.argv[1:] else Plan(), tell)
    for failure in outcome.failures:
        sys.stdout.write(f"failed: {failure}\n")
    sys.stdout.write(f"{outcome.last_line}\n")
    return 0 if outcome.passed else 1


if __name__ == "__main__":
    sys.exit(main())
