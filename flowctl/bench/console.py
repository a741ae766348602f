"""``flowctl bench console``: what an operator's page and its server do with 5,000 moving trucks.

Comparators of the same run: the page's map with nothing drawn, one element a truck, and a bare ASGI
application that gives the board's bytes.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from rich.table import Table

from flowctl.bench.console_bare import ANSWER
from flowctl.bench.console_page import (
    PageFigures,
    browsing,
    refuse_without_browser,
    time_acts,
    watch_page,
)
from flowctl.bench.console_queries import time_queries
from flowctl.bench.console_readers import ask_often, listen
from flowctl.bench.console_system import (
    LISTENERS,
    ConsoleSystem,
    running_console,
    wait_for,
)
from flowctl.server_process import DirectoryLock, ServerProcess, free_port

Tell = Callable[[str], None]

CONSOLES = 200
ACTS = 30
_LISTEN_S = 20.0
_BOARD_S = 8.0
_CONNECTIONS = 32
_BOARD = "/v1/board"


@dataclass(frozen=True, slots=True)
class ConsoleFigures(PageFigures):
    """What the page, the stream of events and the board came to.

    ``fps`` are frames a second over ``minutes`` with every truck moving each second, ``memory_mb``
    what the page's process held at their end; ``fps_moved`` while the map is dragged,
    ``fps_empty`` with nothing drawn, ``fps_naive`` with one element a truck.
    ``act_to_seen_*`` is from an operator's request to its sight on another one's page.
    ``sse_cpu_share`` is the part of one core the API used while ``sse_consoles`` listened, and
    ``sse_late_p95_s`` how old a frame was when a console had all of it. ``board_per_s`` are answers
    of one API process, ``board_bare_per_s`` those of an application that does nothing else.
    """

    act_to_seen_p50_s: float
    act_to_seen_p95_s: float
    acts: int
    sse_consoles: int
    sse_cpu_share: float
    sse_late_p50_s: float
    sse_late_p95_s: float
    sse_frames_per_s: float
    sse_mb_per_s: float
    board_per_s: float
    board_bare_per_s: float
    queries_ms: dict[str, float]
    load_before: float

    def as_json(self) -> dict[str, Any]:
        """Return all figures."""
        return {
            key: round(value, 3) if isinstance(value, float) else value
            for key, value in asdict(self).items()
        }


def run_console(minutes: float, seed: int, tell: Tell) -> ConsoleFigures:
    """Fill a border of its own, open the console on it, and measure.

    Raises
    ------
    FlowctlError
        There is no browser, a store of somebody else's is named, or a part does not come up.
    """
    refuse_without_browser()
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="flowctl-bench-") as name:
        home = Path(name)
        tell("filling thirty days at a border")
        with running_console(home, seed=seed) as system:
            tell("timing what consoles ask the database")
            queries = time_queries(system.database_url, system.site)
            tell(f"{CONSOLES} consoles listen")
            cookies = [system.cookie(account) for account in LISTENERS]
            heard = listen(
                system.url, cookies, consoles=CONSOLES, seconds=_LISTEN_S, api=system.api.pid
            )
            tell("reading the public board")
            board = ask_often(system.url, _BOARD, connections=_CONNECTIONS, seconds=_BOARD_S)
            with _bare(home, system) as bare:
                bare_board = ask_often(bare, "/", connections=_CONNECTIONS, seconds=_BOARD_S)
            with browsing() as browser:
                tell(f"{ACTS} acts of one operator on the page of another")
                seen = time_acts(browser, system, ACTS)
                tell(f"watching the map for {minutes:g} minutes")
                page = watch_page(browser, system, minutes)
    return ConsoleFigures(
        **asdict(page),
        act_to_seen_p50_s=float(np.quantile(seen, 0.5)),
        act_to_seen_p95_s=float(np.quantile(seen, 0.95)),
        acts=len(seen),
        sse_consoles=CONSOLES,
        sse_cpu_share=heard.cpu_share,
        sse_late_p50_s=heard.late_p50_s,
        sse_late_p95_s=heard.late_p95_s,
        sse_frames_per_s=heard.frames_per_s,
        sse_mb_per_s=heard.mb_per_s,
        board_per_s=board,
        board_bare_per_s=bare_board,
        queries_ms=queries,
        load_before=load_before,
    )


@contextmanager
def _bare(home: Path, system: ConsoleSystem) -> Iterator[str]:
    """Serve the board's own bytes by an application that does nothing else."""
    answer = home / "board"
    with httpx.stream("GET", f"{system.url}{_BOARD}", headers={"Accept-Encoding": "gzip"}) as board:
        answer.write_bytes(b"".join(board.iter_raw()))
    place = home / "bare"
    place.mkdir()
    port = free_port()
    lock = DirectoryLock(place)
    variables = {**os.environ, ANSWER: str(answer), "FLOWCTL_PORT": str(port)}
    command = [sys.executable, "-m", "flowctl.bench.console_bare"]
    try:
        server = ServerProcess(command, lock=lock, log=place / "log", user=None, env=variables)
    finally:
        lock.close()
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/", server)
        yield url
    finally:
        server.stop()


def table(figures: ConsoleFigures) -> Table:
    """Return the figures for people."""
    f = figures
    shown = Table("", "", title="flowctl bench console: 5,000 trucks at 1 Hz", show_header=False)
    rows = (
        (
            "frames/s",
            (
                f"{f.fps:.0f} (nothing drawn {f.fps_empty:.0f}, one element a truck"
                f" {f.fps_naive:.0f}, while dragged {f.fps_moved:.0f})"
            ),
        ),
        ("longest frame", f"{f.longest_frame_ms:.0f} ms"),
        (
            "memory of the page",
            (
                f"{f.memory_mb:.0f} MB after {f.minutes:g} min; script"
                f" {f.heap_begin_mb:.0f} → {f.heap_end_mb:.0f} MB"
            ),
        ),
        (
            "act → seen",
            f"p50 {f.act_to_seen_p50_s:.2f} s, p95 {f.act_to_seen_p95_s:.2f} s of {f.acts}",
        ),
        (
            f"{f.sse_consoles} consoles",
            (
                f"{100 * f.sse_cpu_share:.0f} % of a core,"
                f" {f.sse_mb_per_s:.0f} MB/s, frames {f.sse_frames_per_s:.2f}/s, late p95"
                f" {f.sse_late_p95_s:.2f} s"
            ),
        ),
        ("board", f"{f.board_per_s:,.0f}/s (bare {f.board_bare_per_s:,.0f}/s)"),
        (
            "slowest queries",
            ", ".join(
                f"{name} {ms:.0f} ms"
                for name, ms in sorted(f.queries_ms.items(), key=lambda one: -one[1])[:4]
            ),
        ),
    )
    for name, text in rows:
        shown.add_row(name, text)
    shown.caption = f"load before: {f.load_before:.1f} on {os.cpu_count()} cores"
    return shown
