"""Accounts, sessions, keys and the log of acts, as people see them in a real Chromium."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pyotp
import pytest
from api_server import PASSWORD, SetClock, served
from border import SECRET, Border, border
from desk import LANGUAGES, Desk, assert_words, words
from people import set_account
from playwright.sync_api import Browser, Page, expect

from api.app import create_app
from flowctl.registry.accounts import Person, Role, change_account
from flowctl.settings import Settings

pytestmark = pytest.mark.browser

MARKUP = "<img src=x onerror=\"document.title='stolen'\">"


@pytest.fixture
def office(browser: Browser, database: str, valkey: str) -> Iterator[tuple[Desk, Border]]:
    settings = Settings(
        database_url=database, valkey_url=valkey, public_url="http://gate.example", secret=SECRET
    )
    roles = (Role.PLANNER, Role.ADMINISTRATOR)
    with border(database) as place:
        for role in roles:
            set_account(place.conn, name=str(role), role=role, password=PASSWORD)
        accounts = {str(role): (str(role), PASSWORD) for role in roles}
        with served(create_app(settings, SetClock())) as url:
            desk = Desk(browser, url, accounts)
            yield desk, place
            for context in browser.contexts:
                context.close()
            assert desk.wrong == []


def people(desk: Desk, language: str = "en") -> Page:
    page = desk.open("/people", language=language)
    desk.sign_in(page, "administrator")
    page.locator("table").wait_for()
    return page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_who_may_come_in_in_every_language(
    office: tuple[Desk, Border], language: str
):
    desk, _ = office
    page = people(desk, language)
    said = words(language)
    assert_words(page, [said["account"]["role_planner"], said["people"]["new_account"]])
    for view in ("keys", "audit"):
        page.get_by_role("button", name=said["people"][f"view_{view}"]).click()
        page.locator("table").wait_for()
        assert_words(page, [said["people"]["may" if view == "keys" else "act"]])


def test_an_administrator_makes_an_account_whose_person_signs_in_and_is_seen_to_have(
    office: tuple[Desk, Border],
):
    desk, _ = office
    page = people(desk)
    page.get_by_role("button", name="New account").click()
    page.get_by_label("Account", exact=True).fill("minh.hv")
    page.get_by_label("Person").fill("Hoàng Văn Minh")
    page.get_by_label("Post").fill("Tân Thanh, lane 3")
    page.get_by_label("Role").select_option("officer")
    page.get_by_label("Agency").select_option("customs")
    page.get_by_role("button", name="Make", exact=True).click()
    password = page.locator(".made code").inner_text()
    expect(page.locator("tr", has_text="minh.hv")).to_contain_text("Hoàng Văn Minh")

    officer = desk.open("/gate", language="en")
    desk.accounts["minh"] = ("minh.hv", password)
    desk.sign_in(officer, "minh")
    expect(officer.get_by_role("button", name="Hoàng Văn Minh")).to_be_visible()

    page.get_by_role("button", name="Who did what").click()
    row = page.locator("tr", has_text="account.make")
    expect(row).to_contain_text("account:minh.hv")
    expect(page.locator("tr", has_text="session.begin").first).to_contain_text("minh.hv")


def test_a_session_ended_by_an_administrator_is_told_so_on_its_page(
    office: tuple[Desk, Border],
):
    desk, _ = office
    planner = desk.open("/planner", language="en")
    desk.sign_in(planner, "planner")
    planner.get_by_role("button", name="Nguyễn Văn An").wait_for()
    page = people(desk)
    row = page.locator("tr", has_text="Planner")
    row.get_by_role("button", name="End sessions").click()
    row.get_by_role("button", name="End them all?").click()
    expect(row.get_by_role("button", name="End sessions")).to_have_count(0)
    planner.get_by_role("button", name="Plan", exact=False).last.click()
    expect(planner.get_by_role("status")).to_contain_text("Your session was ended")


def test_an_authenticator_is_set_up_by_keyboard_and_asked_for_at_the_next_sign_in(
    office: tuple[Desk, Border],
):
    desk, _ = office
    page = desk.open("/planner", language="en")
    desk.sign_in(page, "planner")
    page.get_by_role("button", name="Nguyễn Văn An").press("Enter")
    page.get_by_role("button", name="Set up").press("Enter")
    page.get_by_label("Your password").fill(PASSWORD)
    page.keyboard.press("Enter")
    picture = page.get_by_role("img", name="QR code of the authenticator's key")
    expect(picture).to_be_visible()
    assert picture.evaluate("one => one.naturalWidth") > 100
    totp = pyotp.TOTP(page.locator(".scan code").inner_text().replace(" ", ""))
    page.get_by_label("Code").fill(totp.at(datetime.now(UTC), counter_offset=-1))
    page.keyboard.press("Enter")
    codes = page.locator(".codes code")
    expect(codes).to_have_count(10)
    recovery = codes.first.inner_text()
    page.get_by_role("button", name="I have written them down").press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)

    again = desk.open("/planner", language="en")
    desk.sign_in(again, "planner")
    field = again.get_by_label("Code of your authenticator, or a recovery code")
    expect(field).to_be_focused()
    field.fill("000000")
    again.keyboard.press("Enter")
    expect(again.get_by_role("alert")).to_contain_text("This code is wrong")
    field.fill(recovery)
    again.keyboard.press("Enter")
    expect(again.get_by_role("status")).to_contain_text("Last signed in")


def test_a_persons_name_is_text_and_no_markup(office: tuple[Desk, Border]):
    desk, place = office
    change_account(
        place.conn, "planner", whose=Person(person=MARKUP, post=MARKUP), wall_now=datetime.now(UTC)
    )
    page = people(desk)
    expect(page.locator("tr", has_text="Planner")).to_contain_text(MARKUP)
    planner = desk.open("/planner", language="en")
    desk.sign_in(planner, "planner")
    planner.get_by_role("button", name=MARKUP).click()
    expect(planner.get_by_role("dialog")).to_contain_text(MARKUP)
    assert "stolen" not in {page.title(), planner.title()}


def test_a_machine_gets_a_key_that_is_shown_once_and_narrowed(office: tuple[Desk, Border]):
    desk, _ = office
    page = people(desk)
    page.get_by_role("button", name="Machines and keys").click()
    page.get_by_role("button", name="New machine").click()
    page.get_by_label("Machine").fill("customs.vnaccs")
    page.get_by_label("read trips").check()
    page.get_by_role("button", name="Make", exact=True).click()
    assert len(page.locator(".made code").inner_text()) > 40
    row = page.locator("tr", has_text="customs.vnaccs")
    row.get_by_role("button", name="Narrow").click()
    page.get_by_label("send positions").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("narrowed: read trips")
    row.get_by_role("button", name="End key").click()
    row.get_by_role("button", name="End it now?").click()
    expect(row).to_contain_text("cannot come in")
