"""A driver's phone in a real browser, for the tests of what drivers see."""

from dataclasses import dataclass
from typing import Any

from api_server import SetClock
from border import KEYS, Border
from desk import PATIENCE_MS, ROOT, wait_until
from playwright.sync_api import Browser, BrowserContext, Page

from flowctl.registry.keys import link_code, login_digits

PHONE = {"width": 360, "height": 740}

CONTROLLED = """async () => {
  const names = await caches.keys();
  const kept = await Promise.all(names.map(async name => (await caches.open(name)).keys()));
  return navigator.serviceWorker.controller !== null
    && kept.flat().some(one => /assets.(vi|zh|en)-/.test(one.url));
}"""


@dataclass
class Cab:
    """A phone in a cab, before a border where its truck waits for a slot."""

    browser: Browser
    url: str
    place: Border
    clock: SetClock
    valkey: str
    trip: int

    @property
    def path(self) -> str:
        """The page of the trip."""
        return f"/d/{link_code(KEYS, self.trip, 0)}"

    def phone(self, **more: Any) -> BrowserContext:  # noqa: ANN401 - passed on to the browser
        """Return another phone, whose browser speaks Vietnamese."""
        made = self.browser.new_context(
            viewport=PHONE, locale="vi-VN", is_mobile=True, has_touch=True, **more
        )
        made.set_default_timeout(PATIENCE_MS)
        return made

    def open(self, phone: BrowserContext | None = None, language: str = "vi") -> Page:
        """Open the trip's page."""
        page = (phone or self.phone()).new_page()
        page.goto(f"{self.url}{self.path}?lang={language}")
        page.locator(".state h2").wait_for()
        return page

    def open_kept(self, phone: BrowserContext) -> Page:
        """Open the trip's page once more as it lies on the phone."""
        page = phone.new_page()
        page.goto(f"{self.url}{self.path}")
        page.locator(".state h2").wait_for()
        return page

    def sent_code(self, page: Page) -> str:
        """Return the newest code on its way by SMS, once it was asked for."""
        page.locator("[name=code]").wait_for()
        [(login,)] = self.place.conn.execute(
            "select params->>'login' from outbox where kind = 'login_code' order by id desc limit 1"
        ).fetchall()
        return login_digits(KEYS, login)

    def one(self, query: str) -> Any:  # noqa: ANN401 - a column of any type
        """Return the one column of the trip's one row."""
        [(value,)] = self.place.conn.execute(query, [self.trip]).fetchall()
        return value

    def acts(self) -> list[tuple[str, str]]:
        """Return what the driver did by the page, as the ledger has it."""
        return self.place.conn.execute(
            "select coalesce(reason, ''), details::text from ledger"
            " where subject = (select subject from trips where id = %s) and actor = 'driver'"
            " order by seq",
            [self.trip],
        ).fetchall()


def look_at(page: Page, name: str) -> None:
    """Keep the picture, and see that nothing is wider than the phone."""
    shots = ROOT / "out"
    shots.mkdir(exist_ok=True)
    page.screenshot(path=shots / f"{name}-360x740.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def controlled(page: Page) -> None:
    """Wait until the service worker keeps the page."""
    wait_until(page, lambda: page.evaluate(CONTROLLED), "the service worker keeps the page")
