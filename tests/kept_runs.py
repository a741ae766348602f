"""A simulated run as a simulator keeps it: two replications at one gate, a truck, and no slots."""

import gzip
import json
from typing import Any

from flowctl.storage.jobs import Outcome

_BAND = {key: [0.0, 1.0] for key in ("mean", "low", "high")}
_NONE = {"mean": 0.0, "low": 0.0, "high": 0.0}
_OF_GATES = (
    *("queue_max", "cleared_export", "cleared_import"),
    *("waiting_at_end", "starved_place_min", "utilisation"),
)
RESULT: dict[str, Any] = {
    "scenario": "2024-01-23",
    "name": {"vi": "Một ngày", "zh": "一天", "en": "A day"},
    "steering": "n_control",
    "seed": 7,
    "replications": 2,
    "version": "1.2.3",
    "policy": "2026-01",
    "site": "lang_son",
    "timezone": "Asia/Ho_Chi_Minh",
    "digest": "ab" * 32,
    "seconds": 1.5,
    "stopped_early": False,
    "notes": [],
    "grid": [1.7e9, 1.7e9 + 300],
    "measures": {"waiting_at_end": {**_NONE, "unit": "trucks"}},
    "each": {"waiting_at_end": [0.0, 0.0]},
    "classes": {},
    "gates": {"huu_nghi": {"queue": _BAND, "waiting": _BAND, **dict.fromkeys(_OF_GATES, _NONE)}},
    "yards": {},
    "waits": {"edges_min": [0.0, 2.0], "gate": [1.0], "total": [1.0]},
    "slots": None,
}
_TIMES = (
    *("yard_at", "ready_at", "released_at", "left_at", "gate_at"),
    *("start_at", "clear_at", "turned_at", "slot_at"),
)
TRUCKS: dict[str, Any] = {
    "gates": ["huu_nghi"],
    "yards": ["yard_viettel"],
    "cargoes": ["normal"],
    **{name: [0] for name in ("gate", "import", "yard", "cargo")},
    **{name: [1.7e9] for name in _TIMES},
}


def kept_run() -> Outcome:
    """Return what a simulator stores of it."""
    return Outcome(
        result=RESULT,
        summary={"gate_wait_mean_s": {"mean": 60.0, "low": 50.0, "high": 70.0, "unit": "s"}},
        trucks=gzip.compress(json.dumps(TRUCKS).encode()),
        version="1.2.3",
        site_version=1,
        policy="2026-01",
        digest="ab" * 32,
        seconds=1.5,
    )
