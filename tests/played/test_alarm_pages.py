"""Alarms, search and a track played again, in a real Chromium, before a border with a full yard."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from api_server import PASSWORD, SetClock, served
from border import SECRET, Border, after, border
from desk import ROOT, Desk, assert_words, words
from people import set_account
from playwright.sync_api import Browser, Page, Route, expect

from api.app import create_app
from flowctl.registry.accounts import Role
from flowctl.settings import Settings
from flowctl.storage.partitions import ensure_fix_partitions
from flowctl.traffic.watch import Watch
from flowctl.worker import observe

pytestmark = pytest.mark.browser

YARD, QUEUE = "yard_bao_nguyen", "queue_tan_thanh"
SIZES = {"vi": (1440, 900), "zh": (1024, 768), "en": (1440, 900)}
PHONE = "+84903000777"


@pytest.fixture
def console(browser: Browser, database: str, valkey: str) -> Iterator[Desk]:
    """Open pages before a border whose yard is full, by a look of the controller at it."""
    settings = Settings(
        database_url=database, valkey_url=valkey, public_url="https://gate.example", secret=SECRET
    )
    with border(database) as place:
        happen(place)
        for name in ("operator", "minh"):
            set_account(place.conn, name=name, role=Role.OPERATOR, password=PASSWORD)
        accounts = {name: (name, PASSWORD) for name in ("operator", "minh")}
        with served(create_app(settings, SetClock(after(60)))) as url:
            desk = Desk(browser, url, accounts)
            yield desk
            for context in browser.contexts:
                context.close()
            assert desk.wrong == []


def happen(place: Border) -> None:
    """Let ten trucks fill a small yard; the first of them drives there, is called and queues."""
    ensure_fix_partitions(place.conn, after(0).date(), after(0).date())
    trips = [place.trip(at=after(-60), phone=PHONE), *(place.trip(at=after(-60)) for _ in range(9))]
    for n, trip in enumerate(trips):
        place.visit(trip, YARD, 0, 40 if n == 0 else None)
        place.position(trip, 106.741 + n / 5000, 21.985, 58, speed=0.0)
    driven = [(n, 106.70 + n / 1000, 21.90 + n / 500) for n in range(-50, 1)]
    driven += [(40 + n, 106.741 - n / 400, 21.985 + n / 600) for n in range(10)]
    for minute, lon, lat in driven:
        place.conn.execute(
            "insert into fixes (device_id, source_id, fixed_at, received_at, lon, lat, speed_mps)"
            " values (%s, 1, %s, %s, %s, %s, 11)",
            [place.device_of(trips[0]), after(minute), after(minute), lon, lat],
        )
    place.tell(trips[0], after(60))
    place.release(trips[0], 38, until=98)
    place.visit(trips[0], QUEUE, 50)
    yards = tuple(replace(yard, capacity=9) for yard in place.site.yards)
    observe(place.conn, Watch(replace(place.site, yards=yards)), after(59), lanes_due=False)


def shot(page: Page, name: str, language: str) -> None:
    shots = ROOT / "out"
    shots.mkdir(exist_ok=True)
    page.screenshot(path=shots / f"{name}-{language}.png")


def test_an_alarm_is_acknowledged_by_keys_and_the_second_operator_is_told(console: Desk):
    page, said = console.console(language="en"), words("en")
    other = console.open("/", language="en")
    console.sign_in(other, "minh")
    for one in (page, other):
        expect(one.locator("[data-desk=alerts] b")).to_have_text("1")
        one.locator("[data-desk=alerts]").click()
    card = page.locator("[data-alert]")
    expect(card).to_contain_text(said["alerts"]["kind_yard_full"])
    theirs = other.locator("[data-alert]")
    theirs.locator(".head").click()
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(card.locator(".sure")).to_be_focused()
    page.keyboard.press("Enter")
    expect(card).to_contain_text("Nguyễn Văn An (Post of the tests) looks into it")
    expect(page.locator("[data-desk=alerts] b")).to_have_text("")
    # The other desk hears of it by the live line, and is told who it was where it acts too.
    expect(theirs).to_contain_text("Nguyễn Văn An (Post of the tests) looks into it")
    number = theirs.get_attribute("data-alert")
    late = other.request.post(
        f"{console.url}/v1/alerts/{number}",
        data={"state": "acknowledged"},
        headers={"X-Flowctl": "1"},
    )
    assert late.status == 409
    assert "by operator at 09:00" in late.json()["detail"]


@pytest.mark.parametrize("language", ["zh"])
def test_an_alarm_is_given_put_aside_and_settled(console: Desk, language: str):
    page, said = console.console(size=SIZES[language], language=language), words(language)
    page.locator("[data-desk=alerts]").click()
    card = page.locator("[data-alert]")
    card.locator(".head").click()
    card.get_by_label(said["alarms"]["care"]).select_option("minh")
    expect(card).to_contain_text("minh")
    page.get_by_role("button", name=said["alarms"]["filter_mine"], exact=True).click()
    expect(card).to_have_count(0)
    page.get_by_role("button", name=said["alarms"]["filter_everybody"], exact=True).click()
    card.get_by_label(said["alarms"]["aside"], exact=True).select_option("60")
    expect(card).to_contain_text("10:00")
    shot(page, "alarms", language)
    assert_words(page, [said["alarms"]["group_high"], said["alarms"]["muted_short"]])
    card.get_by_role("button", name=said["alarms"]["close"], exact=True).click()
    expect(card).to_have_count(0)


@pytest.mark.parametrize("language", ["vi"])
def test_a_truck_is_found_by_its_drivers_number_and_its_track_played(console: Desk, language: str):
    page, said = console.console(size=SIZES[language], language=language), words(language)
    page.keyboard.press("/")
    page.keyboard.type("0903000777")
    hit = page.locator(".search [role=option]")
    expect(hit).to_have_count(1)
    expect(hit).to_contain_text(said["search"]["by_phone"])
    page.keyboard.press("Enter")
    drawer = page.locator(".drawer.truck")
    expect(drawer.locator("h2")).to_have_text("12C00001")
    assert PHONE not in drawer.inner_text()
    shot(page, "drawer", language)
    drawer.locator("[data-tab=visits]").click()
    expect(drawer.locator(".past li")).to_have_count(2)
    drawer.get_by_role("button", name=said["drawer"]["replay"]).click()
    slider = drawer.get_by_role("slider")
    expect(drawer.locator(".events li")).to_have_count(4)
    first = drawer.locator(".moment time").get_attribute("data-at")
    slider.focus()
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    expect(drawer.locator(".moment time")).not_to_have_attribute("data-at", first or "")
    before = marker(page)
    drawer.locator(".events button", has_text=said["replay"]["event_queued"]).click()
    expect(drawer.locator(".moment time")).to_contain_text("08:50")
    shot(page, "replay", language)
    assert marker(page) != before
    drawer.locator(".play").click()
    drawer.get_by_role("button", name=said["replay"]["close"]).click()
    expect(drawer.locator(".replay")).to_have_count(0)
    expect(page.locator(".map")).not_to_have_attribute("data-replay", re.compile("."))
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_track_that_comes_after_its_replay_was_closed_stays_off_the_map(console: Desk):
    page, said = console.console(language="en"), words("en")
    page.keyboard.press("/")
    page.keyboard.type("0903000777")
    expect(page.locator(".search [role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    on_their_way: list[Route] = []
    page.route("**/track", lambda route: on_their_way.append(route))  # noqa: PLW0108
    drawer = page.locator(".drawer.truck")
    with page.expect_request("**/track"):
        drawer.get_by_role("button", name=said["drawer"]["replay"]).click()
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    [asked] = on_their_way
    with page.expect_response("**/track"):
        asked.continue_()
    page.wait_for_timeout(500)
    expect(page.locator(".map")).not_to_have_attribute("data-replay", re.compile("."))


def marker(page: Page) -> str | None:
    """Return where the map says the replayed truck is."""
    return page.locator(".map").get_attribute("data-replay")
