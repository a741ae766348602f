"""README's pictures, renewed: each page as it stands at 09:00 of a played day, in Chromium.

Run by `make screenshots`; a test holds README to the list below.
"""

import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from desk import CHROMIUM, PATIENCE_MS, ROOT, SWITCHES, Desk
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright
from running import Running, running_morning

from flowctl.embedded import start_postgres, start_valkey

FOLDER = ROOT / "tests" / "played" / "pictures"
MOST_BYTES = 150_000
DRIVER = "the link of an SMS"
WIDE, PHONE = (1280, 800), (390, 780)
_SETTLES_MS = 4_000
"""Until what moves into its place has done so."""
_PLAYS_MS = 300_000
"""A first run compiles the rules."""


class Shot(NamedTuple):
    """A picture: of which page, who signs in there, how large, and what is to be seen first."""

    name: str
    path: str
    role: str | None
    size: tuple[int, int]
    shows: str
    before: Callable[[Page, Running], None] = lambda _page, _running: None


def _look_up_a_truck(page: Page, running: Running) -> None:
    """Choose the gate, and type the plate of the truck that was called up last."""
    called = running.watch.conn.execute(
        "select plate from trips join releases on trip_id = trips.id"
        " where gate = 'tan_thanh' and state = 'active' order by released_at desc limit 1"
    ).fetchone()
    if called is None:
        sys.exit("Nobody was called up to Tân Thanh, so there is no truck to look up.")
    page.locator("[data-gate=tan_thanh]").click()
    page.locator(".heard").wait_for()
    page.locator("input[name=plate]").fill(called[0])
    page.locator("input[name=plate]").press("Enter")
    page.locator(".truck").wait_for()


def _play_a_day(page: Page, _running: Running) -> None:
    page.locator("select[name=scenario] option[value='2024-01-23']").wait_for(state="attached")
    page.locator("select[name=scenario]").select_option("2024-01-23")
    expect(page.locator(".order button.main")).to_be_enabled()
    page.locator("input[name=replications]").fill("2")
    page.locator(".order button.main").click()
    page.locator(".result[data-shown]").first.wait_for(timeout=_PLAYS_MS)


SHOTS = (
    Shot("console", "/", "operator", WIDE, ".map canvas"),
    Shot("board", "/board", None, WIDE, "main"),
    Shot("planner", "/planner", "planner", WIDE, "main", _play_a_day),
    Shot("agency", "/agency", "officer", WIDE, "main"),
    Shot("driver", DRIVER, None, PHONE, "main"),
    Shot("gate", "/gate", "officer", PHONE, "main", _look_up_a_truck),
)


def main() -> None:
    """Play the morning and write every picture."""
    if not CHROMIUM.exists():
        sys.exit(f"There is no Chromium at {CHROMIUM}; on Debian: apt-get install chromium")
    FOLDER.mkdir(exist_ok=True)
    expect.set_options(timeout=PATIENCE_MS)
    with tempfile.TemporaryDirectory(prefix="flowctl-pictures-") as name:
        state = Path(name)
        state.chmod(0o711)  # the database server runs as another user and must get through
        with (
            start_postgres(state, durable=False) as postgres,
            start_valkey(state) as valkey,
            running_morning(state, postgres.owner_url.rpartition("/")[0], valkey.url) as running,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
            desk = Desk(browser, running.url, running.accounts)
            for shot in SHOTS:
                taken = small(take(desk, running, shot))
                (FOLDER / f"{shot.name}.png").write_bytes(taken)
                sys.stdout.write(f"{shot.name}.png: {len(taken):,} bytes\n")
            browser.close()


def take(desk: Desk, running: Running, shot: Shot) -> bytes:
    """Return a page as PNG, in English."""
    driver = "/d/" + running.driver_link.rpartition("/d/")[2]
    page = desk.open(driver if shot.path == DRIVER else shot.path, size=shot.size, language="en")
    if shot.role is not None:
        desk.sign_in(page, shot.role)
    shot.before(page, running)
    page.locator(shot.shows).first.wait_for()
    page.wait_for_timeout(_SETTLES_MS)
    for note in page.locator(".last-time button:visible").all():  # when the account was last opened
        note.click()
    picture = page.screenshot()
    page.context.close()
    return picture


def small(picture: bytes) -> bytes:
    """Return a PNG in as many colours as fit into `MOST_BYTES`."""
    whole = Image.open(io.BytesIO(picture)).convert("RGB")
    for colours in (256, 128, 64, 32):
        packed = io.BytesIO()
        whole.quantize(colours, dither=Image.Dither.NONE).save(packed, "PNG", optimize=True)
        if packed.tell() <= MOST_BYTES:
            return packed.getvalue()
    sys.exit(f"A picture has more than {MOST_BYTES:,} bytes in 32 colours; take a smaller part.")


if __name__ == "__main__":
    main()
