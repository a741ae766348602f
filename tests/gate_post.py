"""A gate with its server, and an officer's tablet whose camera sees what a test draws."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import segno
from api_server import PASSWORD, SetClock
from border import Border, after
from people import set_account
from playwright.sync_api import Browser, Page
from sending import KeptGateway, send_all

from flowctl.registry.accounts import Role
from flowctl.registry.passes import Pass, make_pass
from flowctl.storage.live import find_live

SEEN_PX = 480


@dataclass
class Post:
    """A gate with its server, and a tablet whose camera sees the file ``camera``."""

    place: Border
    clock: SetClock
    url: str
    camera: Path
    browser: Browser
    database: str

    def truck(self, starts: float = 0, *, at: float = -300, gate: str = "tan_thanh") -> int:
        """Let a truck wait for a slot at minute ``starts``."""
        trip = self.place.trip(at=after(at), device=None, gates=("tan_thanh", "huu_nghi"))
        self.place.tell(trip, after(starts), gate)
        return trip

    def pass_of(self, trip: int) -> Pass:
        row = find_live(self.place.conn, trip, site="lang_son")
        assert row is not None
        return make_pass(self.place.site, row, self.clock.at)

    def open(self, *, width: int = 360, height: int = 740, **how: str) -> Page:
        """Open the page as the officer Lan at Tân Thanh."""
        set_account(self.place.conn, name="Lan", role=Role.OFFICER, password=PASSWORD)
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="light" if how.get("scheme") == "light" else "dark",
        )
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.goto(f"{self.url}/gate?lang={how.get('language', 'vi')}")
        page.locator("input[name=account]").fill("Lan")
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("input[name=password]").press("Enter")
        page.locator("[data-gate=tan_thanh]").click()
        page.locator(".heard").wait_for()
        return page

    def scan(self, page: Page, text: str) -> None:
        """Hold a code before the camera."""
        draw(text, self.camera)
        page.locator("button.scan").click()
        page.locator(".truck").wait_for()

    def sms(self, kind: str) -> str:
        """Send what waits, and return the text of this kind."""
        gateway = KeptGateway()
        with ThreadPoolExecutor(1) as elsewhere:  # this thread's loop is the browser's
            elsewhere.submit(
                send_all, self.database, self.place.site, gateway, now=self.clock.at
            ).result()
        [text] = [message.text for message in gateway.took if message.kind == kind]
        return text

    def decisions(self) -> list[tuple[str, str | None, str]]:
        return self.place.conn.execute(
            "select kind, reason, actor from ledger"
            " where kind in ('admitted', 'refused', 'came_early', 'came_late') order by seq"
        ).fetchall()


def draw(text: str, path: Path) -> None:
    """Let the camera see a QR code, a little grey and off the middle."""
    modules = np.array([list(row) for row in segno.make_qr(text, error="m").matrix], dtype=bool)
    scale = 400 // len(modules)
    code = np.kron(modules, np.ones((scale, scale), dtype=bool))
    film(np.where(code, 40, 190), path)


def film(seen: np.ndarray, path: Path) -> None:
    """Write a still film (YUV4MPEG2) of what a camera sees: grey values of a square."""
    picture = np.full((SEEN_PX, 640), 190, dtype=np.uint8)
    top, left = 30, 110
    picture[top : top + len(seen), left : left + len(seen)] = seen
    frame = b"FRAME\n" + picture.tobytes() + bytes([128]) * (640 * SEEN_PX // 2)
    path.write_bytes(b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n" + frame * 3)
