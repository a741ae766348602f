"""The table of metrics that people read: deploy/prometheus/metrics.md, written by this module."""

from collections.abc import Iterator
from pathlib import Path

from api.metric_list import SHOWN
from api.metrics import PROCESS
from api.request_log import OF_THIS_PROCESS

TABLE = Path(__file__).parents[1] / "deploy/prometheus/metrics.md"
_BEGINS = """\
# What /metrics shows

Printed from the code by `PYTHONPATH=tests:. .venv/bin/python tests/metric_table.py`.

The series of the first table come from the two stores, so that each API process shows the same: ask
one of them, or take `max without (instance)`. Those of the second are of the API process that was
asked (of all that share its port, where there are several: `process_` and `python_` are then left
out): sum them.
"""


def read() -> dict[str, frozenset[str]]:
    """Return every documented metric's name as it is queried, and its labels."""
    rows = [
        [cell.strip() for cell in line.split("|")[1:3]]
        for line in TABLE.read_text().splitlines()
        if line.startswith("| `")
    ]
    return {name.strip("`"): frozenset(labels.split(", ")) - {""} for name, labels in rows}


def table() -> str:
    """Return the table's text."""
    rows = [
        (_queried(one.name, counts=one.counts), ", ".join(one.labels), one.what) for one in SHOWN
    ]
    return _BEGINS + _lines(rows) + _lines(_of_the_process())


def _of_the_process() -> Iterator[tuple[str, str, str]]:
    for registry in (OF_THIS_PROCESS, PROCESS):
        for family in registry.collect():
            name = _queried(family.name, counts=family.type == "counter")
            yield name, _LABELS.get(family.name, ""), family.documentation


_LABELS = {
    "flowctl_api_requests": "route, method, status",
    "flowctl_api_request_seconds": "route",
    "python_info": "version, implementation, major, minor, patchlevel",
    "python_gc_objects_collected": "generation",
    "python_gc_objects_uncollectable": "generation",
    "python_gc_collections": "generation",
}


def _queried(name: str, *, counts: bool) -> str:
    return f"{name}_total" if counts and not name.endswith("_total") else name


def _lines(rows: Iterator[tuple[str, str, str]] | list[tuple[str, str, str]]) -> str:
    head = "\n| metric | labels | what it says |\n|---|---|---|\n"
    return head + "".join(f"| `{name}` | {labels} | {what} |\n" for name, labels, what in rows)


if __name__ == "__main__":
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text(table())
