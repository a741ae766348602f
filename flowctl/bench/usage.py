"""What processes use, read from ``/proc`` (Linux): CPU time and memory, over their whole trees.

Source: proc(5), ``/proc/PID/stat`` and ``/proc/PID/status``.
"""

import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_EVERY_S = 1.0
_STEADY_FROM = 0.25
"""The share of a run that is left out of the slope: caches fill at the beginning."""
_PPID, _UTIME, _CSTIME = 1, 11, 15  # columns of stat behind the command, utime … cstime
_LEAST_POINTS = 3


@dataclass(frozen=True, slots=True)
class Use:
    """CPU seconds spent so far and megabytes held by one part."""

    cpu_s: float
    memory_mb: float


@dataclass(frozen=True, slots=True)
class Usage:
    """What a part used over a run; the slope is over its steady part."""

    cpu_s: float
    peak_mb: float
    slope_mb_per_h: float | None


def use_of(roots: Mapping[str, int]) -> dict[str, Use]:
    """Return what each process (name → pid) and its descendants use; those gone are left out."""
    stats = _stats()
    children: dict[int, list[int]] = defaultdict(list)
    for pid, columns in stats.items():
        children[columns[_PPID]].append(pid)
    found = {}
    for name, root in roots.items():
        if root in stats:
            tree = _tree(root, children)
            found[name] = Use(_cpu_s(root, tree, stats), _memory_mb(tree))
    return found


def _stats() -> dict[int, list[int]]:
    """Return the numbers of every process's ``stat`` behind its command; the state becomes 0."""
    found = {}
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            text = Path(entry.path, "stat").read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        columns = text[text.rindex(b")") + 2 :].split()
        found[int(entry.name)] = [0, *map(int, columns[1:17])]
    return found


def _tree(root: int, children: Mapping[int, list[int]]) -> list[int]:
    tree = [root]
    for pid in tree:
        tree += children.get(pid, [])
    return tree


def _cpu_s(root: int, tree: list[int], stats: Mapping[int, list[int]]) -> float:
    """Return the CPU time of a tree, that of the root's ended children included."""
    ticks = sum(sum(stats[pid][_UTIME : _UTIME + 2]) for pid in tree)
    return (ticks + sum(stats[root][_UTIME + 2 : _CSTIME])) / _TICKS_A_SECOND


def _memory_mb(tree: list[int]) -> float:
    """Return private memory summed, and the largest shared part once: a server's children share."""
    private = shared = files = 0
    for pid in tree:
        try:
            lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        fields = dict(line.split(":", 1) for line in lines if line.startswith("Rss"))
        kilobytes = {name: int(text.split()[0]) for name, text in fields.items()}
        private += kilobytes.get("RssAnon", 0)
        shared = max(shared, kilobytes.get("RssShmem", 0))
        files = max(files, kilobytes.get("RssFile", 0))
    return (private + shared + files) / 1024


@dataclass(slots=True)
class Sampler:
    """What each part used, second by second."""

    roots: Callable[[], Mapping[str, int]]
    moments: dict[str, list[tuple[float, Use]]] = field(default_factory=lambda: defaultdict(list))
    _first: dict[str, float] = field(default_factory=dict)

    def sample(self) -> None:
        """Look once."""
        now = time.monotonic()
        for name, use in use_of(self.roots()).items():
            self._first.setdefault(name, use.cpu_s)
            self.moments[name].append((now, use))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Look every second while the context lasts."""
        stop = threading.Event()

        def look() -> None:
            while not stop.is_set():
                self.sample()
                stop.wait(_EVERY_S)

        thread = threading.Thread(target=look, name="usage", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            self.sample()

    def usage(self) -> dict[str, Usage]:
        """Return what each part used."""
        return {
            name: Usage(
                round(moments[-1][1].cpu_s - self._first[name], 2),
                round(max(use.memory_mb for _, use in moments), 1),
                _slope_mb_per_h(moments),
            )
            for name, moments in self.moments.items()
        }


def _slope_mb_per_h(moments: list[tuple[float, Use]]) -> float | None:
    """Return the least-squares slope of memory; None where there are too few points for one."""
    steady = moments[int(len(moments) * _STEADY_FROM) :]
    if len(steady) < _LEAST_POINTS:
        return None
    at = np.array([moment for moment, _ in steady])
    memory = np.array([use.memory_mb for _, use in steady])
    slope, _ = np.polyfit(at - at[0], memory, 1)
    return round(float(slope) * 3600, 1)
