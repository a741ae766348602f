"""Messages to drivers as operators see them in the console, in a real Chromium."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from api_server import PASSWORD, SetClock, served
from border import SECRET, after, border
from desk import ROOT, Desk, assert_words, words
from people import set_account
from playwright.sync_api import Browser, expect
from sending import KeptGateway, send_all

from api.app import create_app
from flowctl.notify.gateways import MessageRefused, Tariff
from flowctl.registry.accounts import Role
from flowctl.settings import Settings
from flowctl.storage.gateway_states import GatewayState, save_states

pytestmark = pytest.mark.browser

SIZES = {"vi": (1366, 768), "zh": (1920, 1080), "en": (390, 844)}


@pytest.fixture
def written(browser: Browser, database: str, valkey: str) -> Iterator[Desk]:
    """Open pages where one message went out, one was refused, and a gateway is away."""
    settings = Settings(
        database_url=database, valkey_url=valkey, public_url="https://gate.example", secret=SECRET
    )
    with border(database) as place:
        sent = place.trip()
        place.trip()

        def answer(message):  # noqa: ANN001, ANN202
            taken = message.trip == sent
            return ["a", "b"] if taken else MessageRefused("The network knows no such number.")

        tariff = Tariff("VND", {"": Decimal("350.50")})
        gateway = KeptGateway("viettel", tariff=tariff, answer=answer)
        with ThreadPoolExecutor(1) as elsewhere:  # Playwright's own loop runs here
            elsewhere.submit(send_all, database, place.site, gateway).result()
        states = [
            GatewayState("esms", "away", 0.5, "It refuses connections at 10.0.0.7:2775."),
            GatewayState("viettel", "open", 30.0, None),
        ]
        save_states(place.conn, place.site.id, states)
        for role in (Role.OPERATOR, Role.PLANNER):
            set_account(place.conn, name=str(role), role=role, password=PASSWORD)
        accounts = {str(role): (str(role), PASSWORD) for role in (Role.OPERATOR, Role.PLANNER)}
        with served(create_app(settings, SetClock(after(1)))) as url:
            desk = Desk(browser, url, accounts)
            yield desk
            for context in browser.contexts:
                context.close()
            assert desk.wrong == []


@pytest.mark.parametrize("language", ["vi", "zh"])
def test_an_operator_reads_what_messages_cost_and_sends_one_again(written: Desk, language: str):
    size, said = SIZES[language], words(language)["sms_desk"]
    page = written.console(size=size, language=language)
    button = page.locator("[data-desk=messages]")
    expect(button.locator("b")).to_have_text("1")
    button.click()
    drawer = page.locator(".drawer.messages")
    expect(drawer.locator("[data-sum=viettel]")).to_contain_text("351")
    expect(drawer.locator("[data-gateway=away]")).to_contain_text(said["gateway_away"])
    dead = drawer.locator("[data-message]")
    expect(dead).to_contain_text("The network knows no such number.")
    assert_words(page, [said["today"], said["waiting"], said["dead"]])
    page.screenshot(path=ROOT / "out" / f"messages-{language}-{size[0]}x{size[1]}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    dead.get_by_role("button", name=said["retry"]).click()
    expect(drawer.locator("[data-message]")).to_have_count(0)
    expect(drawer.locator("[data-state=waiting] dd")).to_have_text("1")
    expect(button.locator("b")).to_have_text("")


def test_a_planner_sees_no_messages(written: Desk):
    page = written.open("/", language="en")
    written.sign_in(page, "planner")
    page.locator(".map canvas").wait_for()
    expect(page.locator("[data-desk=messages]")).to_have_count(0)
