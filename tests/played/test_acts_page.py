"""Operators' acts in the console, in a real Chromium: two desks side by side."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from api_server import PASSWORD, SetClock, served
from border import SECRET, Border, after, border
from desk import LANGUAGES, ROOT, Desk, assert_words, words
from people import set_account
from playwright.sync_api import Browser, Locator, Page, expect

from api.app import create_app
from flowctl.registry.accounts import Role
from flowctl.settings import Settings
from flowctl.worker import decide

pytestmark = pytest.mark.browser

TRUCKS = 40
NAMES = {"anna": Role.OPERATOR, "binh": Role.OPERATOR, "planner": Role.PLANNER}
SIZES = {"vi": (1024, 768), "zh": (1024, 768), "en": (1440, 900)}


@dataclass
class Shift:
    """Desks before a border where forty trucks wait, the first of them soonest."""

    desk: Desk
    place: Border
    trips: list[int]

    def sit(self, name: str, *, size: tuple[int, int] = (1440, 900), language: str = "en") -> Page:
        """Open the console of one person."""
        page = self.desk.open("/", size=size, language=language)
        self.desk.sign_in(page, name)
        page.locator(".boards [data-gate]").first.wait_for()
        return page

    def decide(self) -> None:
        decide(self.place.conn, self.place.site, after(0), plan_due=True)


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
        public_url="http://gate.example",
        secret=SECRET,
    )
    with (
        border(database_like) as place,
        served(create_app(settings, SetClock(after(0)))) as url,
    ):
        desk = Desk(browser, url, {name: (name, PASSWORD) for name in NAMES})
        yield Shift(desk, place, waiting)
        for context in browser.contexts:
            context.close()
        assert desk.wrong == []


def plate(trip: int) -> str:
    return f"12C{trip:05d}"


def open_drawer(page: Page, trip: int) -> Locator:
    page.locator(".search input").fill(plate(trip))
    page.locator(".search li", has_text=plate(trip)).first.wait_for()
    page.locator(".search input").press("Enter")
    acts = page.locator(".truck-acts")
    acts.locator(".buttons").wait_for()
    return acts


def look_at(page: Page, name: str) -> None:
    size = page.viewport_size
    assert size is not None
    shots = ROOT / "out"
    shots.mkdir(exist_ok=True)
    page.screenshot(path=shots / f"act-{name}-{size['width']}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_walk_in_appears_on_the_second_operators_desk(shift: Shift):
    anna, binh = shift.sit("anna"), shift.sit("binh")
    binh.locator("[data-desk=acts]").click()
    anna.locator("[data-desk=acts]").click()
    anna.locator("[data-form=walk-in]").click()
    box = anna.locator("dialog.walk-in")
    box.locator("[name=plate]").fill("29H-987.65")
    box.locator("[name=yard]").select_option("yard_viettel")
    box.locator("[name=gate]").select_option("huu_nghi")
    box.locator("[name=plate]").press("Enter")
    expect(box.locator(".outcome")).to_contain_text("29H98765 is registered")
    expect(box.locator(".outcome")).to_contain_text("nobody hears by SMS")
    expect(binh.locator(".acts-desk [data-word]")).to_contain_text("29H98765 came into")
    look_at(binh, "desk-walk-in")
    binh.locator(".acts-desk [data-word] button", has_text="Show").click()
    expect(binh.locator(".drawer h2")).to_have_text("29H98765")
    expect(binh.locator(".truck-acts")).to_contain_text("by an operator's word")
    look_at(binh, "drawer-walk-in")


def test_a_hold_is_ended_by_the_second_operator_and_the_first_is_told_by_whom(shift: Shift):
    anna, binh = shift.sit("anna"), shift.sit("binh")
    trip = shift.trips[5]
    open_drawer(anna, trip).locator("[data-form=hold]").click()
    box = anna.locator("dialog.hold_truck")
    box.locator("[name=reason]").select_option("papers")
    box.locator("[name=note]").press("Enter")
    expect(box.locator(".effect")).to_be_visible()
    assert shift.place.conn.execute("select count(*) from acts").fetchone() == (0,)
    expect(box.locator(".danger")).to_be_focused()
    anna.keyboard.press("Enter")
    expect(box.locator(".outcome")).to_contain_text("It stands")
    expect(box.locator("button.main")).to_be_focused()
    anna.keyboard.press("Enter")
    expect(box).to_have_count(0)
    held = anna.locator(".truck-acts [data-standing=hold_truck]")
    expect(held).to_contain_text("by anna: papers not in order")
    # What she sees of acts is old from now on, as on a line that is slow.
    anna.route("**/v1/acts?*", lambda route: route.abort())
    theirs = open_drawer(binh, trip).locator("[data-standing=hold_truck]")
    theirs.get_by_role("button", name="End it").click()
    theirs.get_by_role("button", name="Yes, end it now").click()
    expect(theirs).to_have_count(0)
    held.get_by_role("button", name="End it").click()
    held.get_by_role("button", name="Yes, end it now").click()
    expect(anna.locator(".truck-acts .refusal")).to_contain_text("binh")
    anna.unroute("**/v1/acts?*")
    expect(held).to_have_count(0)


def test_a_truck_goes_forward_once_a_second_person_approves(shift: Shift):
    anna, binh = shift.sit("anna"), shift.sit("binh")
    trip = shift.trips[-1]
    open_drawer(anna, trip).locator("[data-form=forward]").click()
    box = anna.locator("dialog.forward")
    box.locator("[name=reason]").select_option("medical")
    box.locator("[name=note]").press("Enter")
    expect(box.locator(".effect .overtaken")).to_contain_text("overtaken")
    look_at(anna, "forward-effect")
    box.locator(".danger").click()
    expect(box.locator(".outcome")).to_contain_text("waits for a second person")
    anna.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(binh.locator("[data-desk=acts] b.some")).to_have_text("1")
    anna.locator("[data-desk=acts]").click()
    expect(anna.locator(".acts-desk li.waiting")).to_contain_text("somebody else has to approve")
    binh.locator("[data-desk=acts]").click()
    row = binh.locator(".acts-desk li.waiting")
    row.get_by_role("button", name="Approve").click()
    row.get_by_role("button", name="Yes, I approve it").click()
    expect(binh.locator(".acts-desk li.waiting")).to_have_count(0)
    expect(anna.locator(".acts-desk li.waiting")).to_have_count(0)
    look_at(anna, "desk-approved")
    shift.decide()
    entries = shift.place.conn.execute("select kind, reason from ledger").fetchall()
    assert ("forwarded", "medical") in entries
    assert ("slot_changed", "forwarded") in entries


TRUCK_FORMS = ("hold", "forward", "pin", "swap", "left", "fault", "text")
GATE_FORMS = ("open", "capacity", "hold")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_form_is_opened_and_left_by_keyboard_and_is_whole(shift: Shift, language: str):
    page = shift.sit("anna", size=SIZES[language], language=language)
    acts = open_drawer(page, shift.trips[5])
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


def test_a_planner_looks_and_is_offered_no_acts(shift: Shift):
    page = shift.sit("planner")
    page.locator("[data-gate=tan_thanh] .pill").first.wait_for()
    expect(page.locator(".gate-acts button, [data-desk=acts]")).to_have_count(0)
