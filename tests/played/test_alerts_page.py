"""Alerts in the operator's console, in a real Chromium, before a border with cheats."""

from collections.abc import Iterator

import pytest
from api_server import PASSWORD, SetClock, served
from border import SECRET, Border, after, border
from desk import ROOT, Desk, assert_words, words
from people import set_account
from playwright.sync_api import Browser, expect

from api.app import create_app
from flowctl.registry.accounts import Role
from flowctl.settings import Settings
from flowctl.storage.alert_facts import find_alerts
from flowctl.storage.alerts import save_alerts
from flowctl.storage.gate_events import GateEvent, insert_gate_events
from flowctl.storage.partitions import ensure_fix_partitions

pytestmark = pytest.mark.browser

SIZES = {"vi": (1366, 768), "zh": (1920, 1080), "en": (390, 844)}
"""An officer's laptop, a wall screen, a phone."""


@pytest.fixture
def cheated(browser: Browser, database: str, valkey: str) -> Iterator[Desk]:
    """Open pages before a border where four trucks are not what they say."""
    settings = Settings(
        database_url=database, valkey_url=valkey, public_url="https://gate.example", secret=SECRET
    )
    with border(database) as place:
        cheat(place)
        for role in (Role.OPERATOR, Role.PLANNER):
            set_account(place.conn, name=str(role), role=role, password=PASSWORD)
        accounts = {str(role): (str(role), PASSWORD) for role in (Role.OPERATOR, Role.PLANNER)}
        with served(create_app(settings, SetClock(after(60)))) as url:
            desk = Desk(browser, url, accounts)
            yield desk
            for context in browser.contexts:
                context.close()
            assert desk.wrong == []


def cheat(place: Border) -> None:
    """Let trucks come uncalled, be at two places, be nowhere, and part from their device."""
    ensure_fix_partitions(place.conn, after(0).date(), after(0).date())
    uncalled, copied, parted, nowhere = (place.trip(at=after(-300)) for _ in range(4))
    place.visit(uncalled, "queue_tan_thanh", 20)
    for trip, fixes in {
        uncalled: [(20.0 + n, 106.684, 22.003) for n in range(9)],
        copied: [(50.0 + n, 106.7 - (n % 2) * 0.3, 21.9) for n in range(10)],
        parted: [(3.0 * n, 106.761, 21.853) for n in range(21)],
    }.items():
        for minute, lon, lat in fixes:
            place.conn.execute(
                "insert into fixes (device_id, source_id, fixed_at, received_at, lon, lat)"
                " values (%s, 1, %s, %s, %s, %s)",
                [place.device_of(trip), after(minute), after(minute), lon, lat],
            )
        place.position(trip, *fixes[-1][1:], fixes[-1][0])
    place.tell(nowhere, after(80))
    insert_gate_events(
        place.conn,
        site=place.site.id,
        gate="tan_thanh",
        events=[GateEvent("export", "entered", "12C00003", after(30))],
        recorded_by="officer",
        now=after(31),
    )
    with place.conn.transaction():
        found = find_alerts(place.conn, place.site, after(60))
        save_alerts(place.conn, place.site, found, after(60))


@pytest.mark.parametrize("language", ["vi", "zh"])
def test_an_operator_reads_an_alert_and_dismisses_it(cheated: Desk, language: str):
    size = SIZES[language]
    page = cheated.console(size=size, language=language)
    said = words(language)["alerts"]
    bell = page.locator("[data-desk=alerts]")
    expect(bell.locator("b")).to_have_text("5")
    bell.click()
    drawer = page.locator(".drawer.alerts")
    expect(drawer.locator("[data-alert]")).to_have_count(5)
    kinds = ("unreleased", "ghost_booking", "parted", "impossible_speed")
    assert_words(page, [said[f"kind_{kind}"] for kind in kinds])
    first = drawer.locator("[data-alert]", has_text="12C00001")
    first.locator(".head").click()
    expect(first.locator(".points li")).to_have_count(1)
    shots = ROOT / "out"
    shots.mkdir(exist_ok=True)
    page.screenshot(path=shots / f"alerts-{size[0]}x{size[1]}-{language}.png")
    dismiss = first.get_by_role("button", name=said["dismiss"])
    expect(dismiss).to_be_disabled()
    first.locator("textarea").fill("by hand")
    dismiss.click()
    expect(bell.locator("b")).to_have_text("4")
    expect(drawer.locator("[data-alert]")).to_have_count(4)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)


def test_a_planner_sees_no_alerts(cheated: Desk):
    page = cheated.open("/", language="en")
    cheated.sign_in(page, "planner")
    page.locator(".map canvas").wait_for()
    expect(page.locator("[data-desk=alerts]")).to_have_count(0)
