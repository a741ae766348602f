"""A real Chromium, and the pages of every process on real stores."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import PATIENCE_MS, Desk
from playwright.sync_api import Browser, expect, sync_playwright
from running import Running

CHROMIUM = Path("/usr/bin/chromium")
SWITCHES = [
    "--no-sandbox",  # the tests run as root in a container
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"There is no Chromium at {CHROMIUM}; on Debian: apt-get install chromium")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield running
        running.close()


@pytest.fixture
def desk(browser: Browser, running_system: Running) -> Iterator[Desk]:
    desk = Desk(browser, running_system.url, running_system.accounts)
    yield desk
    for context in browser.contexts:
        context.close()
    assert desk.wrong == []
