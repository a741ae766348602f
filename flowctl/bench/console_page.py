"""The console's page in a real Chromium: frames a second, memory, and how soon an act is seen."""

import importlib.util
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from flowctl.bench.console_system import OPERATORS, ConsoleSystem
from flowctl.errors import FlowctlError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")
_SWITCHES = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--enable-precise-memory-info",
]
_SIZE = {"width": 1440, "height": 900}
_PATIENCE_MS = 60_000
_SETTLE_MS = 5_000
_SEEN_WITHIN_S = 20.0

_FRAMES = """
seconds => new Promise(done => {
  let frames = 0, longest = 0, last = performance.now();
  const began = last;
  const look = now => {
    frames += 1; longest = Math.max(longest, now - last); last = now;
    if (now - began < 1000 * seconds) requestAnimationFrame(look);
    else done([1000 * frames / (now - began), longest]);
  };
  requestAnimationFrame(look);
})
"""

# One element a truck, moved once a second: how maps of vehicles are often drawn.
_NAIVE = """
count => {
  const box = document.querySelector('.map');
  const all = [];
  for (let i = 0; i < count; i += 1) {
    const one = document.createElement('div');
    one.style.cssText = 'position:absolute;left:0;top:0;width:10px;height:10px;border-radius:50%;'
      + 'background:#4cc2ff;border:1px solid #0a0f13';
    box.append(one); all.push(one);
  }
  let step = 0;
  setInterval(() => {
    step += 1;
    all.forEach((one, i) => {
      const x = (i * 97 + step * 3) % box.clientWidth, y = (i * 61 + step * 2) % box.clientHeight;
      one.style.transform = `translate(${x}px, ${y}px)`;
    });
  }, 1000);
}
"""


@dataclass(frozen=True, slots=True)
class PageFigures:
    """Frames a second of the map with all trucks, with none drawn, while it is moved, and naively.

    Megabytes of the page's process (proportional set size) at the end, and of its script's heap at
    the beginning and the end.
    """

    fps: float
    longest_frame_ms: float
    fps_empty: float
    fps_moved: float
    fps_naive: float
    memory_mb: float
    heap_begin_mb: float
    heap_end_mb: float
    minutes: float


def refuse_without_browser() -> None:
    """Raise a FlowctlError that says what is missing to open the page."""
    if importlib.util.find_spec("playwright") is None:
        raise FlowctlError(
            "The console's page is opened by Playwright, which is not installed;"
            " install the development requirements: uv pip install -r requirements-dev.txt"
        )
    if not CHROMIUM.exists():
        raise FlowctlError(
            f"There is no Chromium at {CHROMIUM}; on Debian: apt-get install chromium"
        )


@contextmanager
def browsing() -> Iterator["Browser"]:
    """Run a Chromium that draws in software."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - a development requirement

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_SWITCHES)
        try:
            yield browser
        finally:
            browser.close()


def open_console(browser: "Browser", system: ConsoleSystem, account: str) -> "Page":
    """Open the console in a browser of its own and sign in."""
    context = browser.new_context(viewport=_SIZE)  # type: ignore[arg-type]
    context.set_default_timeout(_PATIENCE_MS)
    page = context.new_page()
    page.goto(f"{system.url}/?lang=en")
    page.locator("input[name=account]").fill(account)
    page.locator("input[name=password]").fill(system.password)
    page.locator("input[name=password]").press("Enter")
    page.locator(".map canvas").wait_for()
    page.wait_for_timeout(_SETTLE_MS)
    return page


def watch_page(browser: "Browser", system: ConsoleSystem, minutes: float) -> PageFigures:
    """Look at the moving trucks for so long; then at an empty map, a moved one, a naive one."""
    page = open_console(browser, system, OPERATORS[1])
    page.locator(".map-buttons button").nth(1).click()  # the whole corridor: every truck is seen
    page.wait_for_timeout(_SETTLE_MS)
    heap_begin = _heap_mb(page)
    fps, longest = page.evaluate(_FRAMES, 60.0 * minutes)
    heap_end, memory = _heap_mb(page), _memory_mb(browser)
    short = min(20.0, 60.0 * minutes)
    moved = _moved(page, short)
    for button in page.locator(".legend li button").all():
        button.click()
    page.wait_for_timeout(_SETTLE_MS)
    empty, _ = page.evaluate(_FRAMES, short)
    page.evaluate(_NAIVE, 5_000)
    naive, _ = page.evaluate(_FRAMES, short)
    page.context.close()
    return PageFigures(fps, longest, empty, moved, naive, memory, heap_begin, heap_end, minutes)


def _moved(page: "Page", seconds: float) -> float:
    """Return the frames a second while the map is dragged to and fro."""
    page.evaluate(f"window.counted = ({_FRAMES.strip()})({seconds})")
    until = time.monotonic() + seconds
    page.mouse.move(400, 400)
    page.mouse.down()
    step = 0
    while time.monotonic() < until:
        step += 1
        page.mouse.move(400 + 150 * np.sin(step / 9), 400 + 90 * np.cos(step / 7))
    page.mouse.up()
    return float(page.evaluate("window.counted")[0])


def _heap_mb(page: "Page") -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    metrics = session.send("Performance.enable") or {}
    metrics = session.send("Performance.getMetrics")
    session.detach()
    used = {one["name"]: one["value"] for one in metrics["metrics"]}
    return float(used["JSHeapUsedSize"]) / 1e6


def _memory_mb(browser: "Browser") -> float:
    """Return what the largest page's process holds: its proportional set size."""
    session = browser.new_browser_cdp_session()
    processes: list[dict[str, Any]] = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    pages = [one["id"] for one in processes if one["type"] == "renderer"]
    return max(_pss_mb(int(one)) for one in pages)


def _pss_mb(process: int) -> float:
    for line in Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name == "Pss":
            return float(value.split()[0]) / 1e3
    raise FlowctlError(f"The kernel does not say what process {process} holds.")


def time_acts(browser: "Browser", system: ConsoleSystem, acts: int) -> list[float]:
    """Enter closures as one operator, and return after how long another one's page shows each."""
    page = open_console(browser, system, OPERATORS[1])
    gate = system.site.gates[0].id
    seen: list[float] = []
    with system.client(OPERATORS[0]) as operator:
        for number in range(acts):
            starts_at = datetime.now(UTC) + timedelta(hours=30 + number)
            wish = {
                "starts_at": starts_at.isoformat(),
                "ends_at": (starts_at + timedelta(minutes=30)).isoformat(),
                "places_left": 0,
                "reason": f"bench {number}",
            }
            began = time.perf_counter()
            answer = operator.post(f"/v1/gates/{gate}/closures", json=wish)
            if answer.is_error:
                raise FlowctlError(f"A closure was refused: {answer.text}")
            shown = page.locator(f"[data-closure='{answer.json()['id']}']")
            shown.wait_for(timeout=1000.0 * _SEEN_WITHIN_S)
            seen.append(time.perf_counter() - began)
            operator.delete(f"/v1/closures/{answer.json()['id']}").raise_for_status()
            page.wait_for_timeout(700 + 37 * (number % 10))  # not in step with the pictures
    page.context.close()
    return seen
