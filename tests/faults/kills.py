"""Random kills under load, each followed by a count."""

import time
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from flowctl.bench.machine import POSTGRES, VALKEY

if TYPE_CHECKING:
    from faults.drill import Drill

SETTLE_S = 90.0
_LONGEST_UNDER_LOAD_S = 2.5
_LONGEST_DOWN_S = 1.0


def kill_at_random(drill: "Drill", kills: int, *, seed: int) -> None:
    """Kill one part after the other, at random moments, and count after each."""
    rng = np.random.default_rng(seed)
    machine = drill.machine
    kinds = [machine.apis, machine.workers, [POSTGRES], [VALKEY]]
    killed: Counter[str] = Counter()
    for number in range(1, kills + 1):
        # Each kind in turn, in an order that changes, so that a short run has met them all.
        if number % len(kinds) == 1:
            rng.shuffle(kinds)
        name = str(rng.choice(kinds[number % len(kinds)]))
        time.sleep(rng.uniform(0.2, _LONGEST_UNDER_LOAD_S))
        drill.supervisor.kill(name, for_s=rng.uniform(0.0, _LONGEST_DOWN_S))
        drill.kills += 1
        killed[name] += 1
        drill.supervisor.wait_until_back(name)
        acknowledged, lost, twice = drill.audit.count(within_s=SETTLE_S)
        drill.tell(
            f"kill {number} of {kills}: {name}; of {acknowledged:,} fixes acknowledged since,"
            f" {lost} lost, {twice} twice"
        )
        if lost or twice:
            drill.fail(f"after kill {number} ({name}) {lost} fixes are lost, {twice} stored twice")
    drill.tell(f"killed: {dict(sorted(killed.items()))}")
