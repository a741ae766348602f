"""Tests of a whole system on a played morning, by its pages and commands; it stops after them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import CHROMIUM, PATIENCE_MS, SWITCHES, Desk
from playwright.sync_api import Browser, Playwright, expect, sync_playwright
from running import Running, running_morning

from flowctl.embedded import start_valkey


@pytest.fixture(scope="package")
def running_system(state_dir: Path, postgres_url: str) -> Iterator[Running]:
    """Return a whole system on a morning already played; its Valkey is its own."""
    with (
        start_valkey(state_dir / "running-valkey") as store,
        running_morning(state_dir, postgres_url, store.url) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Return what starts browsers: a process can hold one only, and no other loop beside it."""
    with sync_playwright() as one:
        yield one


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"There is no Chromium at {CHROMIUM}; on Debian: apt-get install chromium")
    expect.set_options(timeout=PATIENCE_MS)
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
