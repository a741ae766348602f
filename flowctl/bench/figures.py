"""What a run of ``flowctl bench ingest`` came to, as one JSON object and as a table."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from flowctl.bench.usage import Usage


@dataclass(frozen=True, slots=True)
class Disk:
    """Megabytes on disk at the end: the database with its log, the log alone, the streams."""

    postgresql_mb: float
    wal_written_mb: float
    valkey_mb: float


@dataclass(frozen=True, slots=True)
class Conditions:
    """The machine the run had to share."""

    cores: int
    load_before: float
    load_after: float


@dataclass(frozen=True, slots=True)
class Figures:
    """A run's figures.

    ``fixes_per_s`` counts distinct fixes from the first post to the last commit, all of them
    stored and judged; ``ratio`` is against ``raw_copy_per_s``. The rates per second of processor
    time, that of every process there is, hold on a machine that others use as well. ``lost`` are
    fixes acknowledged and not stored, ``duplicated`` those stored or counted twice, ``miscounted``
    how far the system's own counters are from what it acknowledged. ``p50_s`` … are from a fix's
    reception to the first sight of the visit it confirmed, seen within ``sight_gap_s`` at worst.
    """

    fixes_per_s: float
    raw_copy_per_s: float | None
    ratio: float | None
    fixes_per_cpu_s: float
    raw_copy_per_cpu_s: float | None
    lost: int
    duplicated: int
    miscounted: int
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None
    sight_gap_s: float
    visits: int
    fixes: int
    posts: int
    acknowledged_per_s: float
    requests_per_s: float
    answer_p50_s: float
    answer_p95_s: float
    answer_p99_s: float
    refused: int
    broken: int
    seconds: float
    drain_s: float
    most_behind_s: float
    rows_a_transaction: int
    processes: dict[str, Usage]
    disk: Disk
    machine: Conditions
    options: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return the figures as one object; an absent one is null."""
        return asdict(self)


def megabytes(folder: Path) -> float:
    """Return what the files below a folder take up on disk, without those that go meanwhile."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(path, name)).st_blocks * 512  # noqa: PTH118 - hot
            except FileNotFoundError:
                continue
    return round(total / 1e6, 1)


def table(figures: Figures) -> RenderableType:
    """Return the figures for people."""
    rows = Table(title="flowctl bench ingest", show_header=False, box=None, pad_edge=False)
    rows.add_column(style="bold")
    rows.add_column()
    for name, text in _lines(figures):
        rows.add_row(name, text)
    parts = Table("process", "CPU s", "peak MB", "MB/h", box=None, pad_edge=False)
    for name, usage in figures.processes.items():
        slope = "–" if usage.slope_mb_per_h is None else f"{usage.slope_mb_per_h:+,.0f}"
        parts.add_row(name, f"{usage.cpu_s:.1f}", f"{usage.peak_mb:,.0f}", slope)
    return Group(rows, "", parts)


def _lines(f: Figures) -> list[tuple[str, str]]:
    return [
        ("stored and judged", f"{f.fixes_per_s:,.0f} fixes/s ({f.fixes:,} in {f.seconds:.1f} s)"),
        ("raw COPY, same rows", f"{_rows(f.raw_copy_per_s)}/s, {f.rows_a_transaction:,} at a time"),
        ("ratio", "–" if f.ratio is None else f"{f.ratio:.2f}"),
        (
            "per CPU second",
            f"{f.fixes_per_cpu_s:,.0f} fixes, raw COPY {_rows(f.raw_copy_per_cpu_s)}",
        ),
        ("lost, duplicated", f"{f.lost}, {f.duplicated} (miscounted {f.miscounted})"),
        (
            "receipt → visit",
            f"p50 {_s(f.p50_s)}, p95 {_s(f.p95_s)}, p99 {_s(f.p99_s)} of {f.visits:,} visits",
        ),
        (
            "post → yes",
            f"p50 {_s(f.answer_p50_s)}, p95 {_s(f.answer_p95_s)}, p99 {_s(f.answer_p99_s)}",
        ),
        ("acknowledged", f"{f.acknowledged_per_s:,.0f} fixes/s, {f.requests_per_s:,.0f} posts/s"),
        ("told to come again", f"{f.refused:,} posts (and {f.broken:,} unanswered)"),
        ("drained after", f"{f.drain_s:.1f} s"),
        (
            "on disk",
            f"PostgreSQL {f.disk.postgresql_mb:,.0f} MB, Valkey {f.disk.valkey_mb:,.0f} MB",
        ),
        ("log written", f"{f.disk.wal_written_mb:,.0f} MB"),
        ("cores", str(f.machine.cores)),
        ("load", f"{f.machine.load_before:.1f} before, {f.machine.load_after:.1f} after"),
    ]


def _rows(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f} rows"


def _s(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f} s"
