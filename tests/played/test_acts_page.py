"""The forms of operators' acts in the console, in a real Chromium."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from api_server import PASSWORD, SetClock, served
from border import SECRET, after, border
from desk import ROOT, Desk, assert_words, open_drawer, words
from people import set_account
from playwright.sync_api import Browser, Locator, Page, expect

from api.app import create_app
from flowctl.registry.accounts import Role
from flowctl.settings import Settings
from flowctl.worker import decide

pytestmark = pytest.mark.browser

TRUCKS = 40
NAMES = {"anna": Role.OPERATOR, "planner": Role.PLANNER}
SIZES = {"vi": (1024, 768), "zh": (1024, 768), "en": (1440, 900)}


@dataclass
class Shift:
    """Desks before a border where forty trucks wait, the first of them soonest."""

    desk: Desk
    trips: list[int]

    def sit(self, name: str, *, size: tuple[int, int] = (1440, 900), language: str = "en") -> Page:
        """Open the console of one person."""
        page = self.desk.open("/", size=size, language=language)
        self.desk.sign_in(page, name)
        page.locator(".boards [data-gate]").first.wait_for()
        return page


@pytest.fixture(scope="module")
def waiting(prepared: str) -> list[int]:
    """Fill the database that is copied for each test."""
    with border(prepared) as place:
        for name, role in NAMES.items():
            set_account(place.conn, name=name, role=role, password=PASSWORD)
        trips = []
        for number in range(TRUCKS):
            trips.append(place.trip(at=after(-180)))
            place.visit(trips[-1], "yard_bao_nguyen", -170 + number)
            place.position(trips[-1], 106.7 + number / 5000, 21.93, -1, speed=0.0)
        decide(place.conn, place.site, after(-1), plan_due=True)
        return trips


@pytest.fixture
def shift(browser: Browser, waiting: list[int], database_like: str, valkey: str) -> Iterator[Shift]:
    settings = Settings(
        database_url=database_like,
        valkey_url=valkey,
        public_url="https://gate.example",
        secret=SECRET,
    )
    with served(create_app(settings, SetClock(after(0)))) as url:
        desk = Desk(browser, url, {name: (name, PASSWORD) for name in NAMES})
        yield Shift(desk, waiting)
        for context in browser.contexts:
            context.close()
        assert desk.wrong == []


def plate(trip: int) -> str:
    return f"12C{trip:05d}"


def look_at(page: Page, name: str) -> None:
    size = page.viewport_size
    assert size is not None
    shots = ROOT / "out"
    shots.mkdir(exist_ok=True)
    page.screenshot(path=shots / f"act-{name}-{size['width']}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


TRUCK_FORMS = ("hold", "forward", "pin", "swap", "left", "fault", "text")
GATE_FORMS = ("open", "capacity", "hold")


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_form_is_opened_and_left_by_keyboard_and_is_whole(shift: Shift, language: str):
    page = shift.sit("anna", size=SIZES[language], language=language)
    acts = open_drawer(page, plate(shift.trips[5]))
    look_at(page, f"drawer-{language}")
    for form in TRUCK_FORMS:
        look_through(page, acts.locator(f"[data-form={form}]"), f"truck-{form}-{language}")
    gate = page.locator("[data-gate=tan_thanh] .gate-acts")
    for form in GATE_FORMS:
        look_through(page, gate.locator(f"[data-form={form}]"), f"gate-{form}-{language}")
    look_through(page, gate.locator(".close-gate"), f"gate-close-{language}")
    page.locator("[data-desk=acts]").click()
    desk = page.locator(".acts-desk")
    for form in ("walk-in", "text"):
        look_through(page, desk.locator(f"[data-form={form}]"), f"desk-{form}-{language}")
    assert_words(page, [words(language)["act"]["waiting_none"]])


def look_through(page: Page, button: Locator, name: str) -> None:
    """Open a form by its key, look at it, and leave it by Escape: what lies below stays open."""
    button.press("Enter")
    box = page.locator("dialog.acting")
    expect(box).to_be_visible()
    assert box.evaluate("box => box.scrollWidth <= box.clientWidth"), f"{name} is cut off"
    assert box.evaluate("box => box.contains(document.activeElement)")
    look_at(page, name)
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)


# In the instant the desk is drawn, before the browser has painted it.
FOCUSES_AT_ONCE = """() => new Promise(known => {
    new MutationObserver((_, watch) => {
        const button = document.querySelector('.acts-desk [data-form=walk-in]');
        if (!button) return;
        watch.disconnect();
        button.focus();
        setTimeout(() => known(document.activeElement === button), 500);
    }).observe(document.body, { childList: true, subtree: true });
    document.querySelector('[data-desk=acts]').click();
})"""


def test_a_drawer_takes_the_focus_from_nobody_who_was_quicker(shift: Shift):
    page = shift.sit("anna")
    page.locator("[data-desk=acts]").wait_for()
    assert page.evaluate(FOCUSES_AT_ONCE)


def test_a_planner_looks_and_is_offered_no_acts(shift: Shift):
    page = shift.sit("planner")
    page.locator("[data-gate=tan_thanh] .pill").first.wait_for()
    expect(page.locator(".gate-acts button, [data-desk=acts]")).to_have_count(0)
