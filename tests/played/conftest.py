"""Tests of a whole system on a played morning, by its pages and commands; it stops after them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from api_server import SetClock, served
from border import SECRET, after, border
from cab import Cab
from desk import CHROMIUM, PATIENCE_MS, SWITCHES, Desk
from gate_post import Post, draw
from playwright.sync_api import Browser, Playwright, expect, sync_playwright
from running import Running, running_morning

from api.app import create_app
from flowctl.embedded import start_valkey
from flowctl.settings import Settings


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
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as one:
        yield one


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"There is no Chromium at {CHROMIUM}; on Debian: apt-get install chromium")
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


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("camera") / "seen.y4m"
    draw("nothing yet", path)
    return path


@pytest.fixture(scope="module")
def tablet(playwright: Playwright, camera: Path) -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"There is no Chromium at {CHROMIUM}; on Debian: apt-get install chromium")
    seeing = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
    ]
    running = playwright.chromium.launch(executable_path=CHROMIUM, args=[*SWITCHES, *seeing])
    yield running
    running.close()


@pytest.fixture
def post(database: str, valkey: str, camera: Path, tablet: Browser) -> Iterator[Post]:
    settings = Settings(database_url=database, valkey_url=valkey, secret=SECRET)
    with border(database) as place:
        clock = SetClock()
        with served(create_app(settings, clock)) as url:
            yield Post(place, clock, url, camera, tablet, database)
            for context in tablet.contexts:
                context.close()


@pytest.fixture
def cab(browser: Browser, database: str, valkey: str) -> Iterator[Cab]:
    settings = Settings(
        database_url=database, valkey_url=valkey, public_url="https://gate.example", secret=SECRET
    )
    with border(database) as place:
        trip = place.trip(at=after(-180))
        place.visit(trip, "yard_bao_nguyen", -120)
        place.position(trip, 106.7, 21.93, -1, speed=0.0)
        place.tell(trip, after(120))
        clock = SetClock(after(0))
        with served(create_app(settings, clock)) as url:
            yield Cab(browser, url, place, clock, valkey, trip)
            for context in browser.contexts:
                context.close()
