"""Accounts, sessions, keys and the log of acts, as people see them in a real Chromium."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
from api_server import PASSWORD, SetClock, served
from border import MORNING, SECRET, Border, border
from desk import LANGUAGES, Desk, assert_words, words
from people import set_account
from playwright.sync_api import Browser, Page, expect
from small_workflow import WORKFLOW

from api.app import create_app
from flowctl.registry.accounts import Person, Role, change_account
from flowctl.registry.trips import cancel
from flowctl.settings import Settings
from flowctl.storage.audit import By, add_record
from flowctl.storage.workflows import add_workflow

pytestmark = pytest.mark.browser

PLANNER = By("planner", "planner", "10.0.0.9")
MARKUP = "<img src=x onerror=\"document.title='stolen'\">"


@pytest.fixture
def office(browser: Browser, database: str, valkey: str) -> Iterator[tuple[Desk, Border]]:
    settings = Settings(
        database_url=database, valkey_url=valkey, public_url="https://gate.example", secret=SECRET
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


def people(desk: Desk, language: str = "en", timezone: str | None = None) -> Page:
    page = desk.open("/people", language=language, timezone=timezone)
    desk.sign_in(page, "administrator")
    page.locator("main > table").wait_for()
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
        page.locator("main > table").wait_for()
        assert_words(page, [said["people"]["may" if view == "keys" else "act"]])
    signed_in = page.locator("tr[data-act='session.begin']").first
    expect(signed_in).to_contain_text(said["audit_act"]["session"]["begin"])
    expect(signed_in).to_contain_text(said["audit_field"]["elsewhere"])


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
    row = page.locator("tr[data-act='account.make']")
    expect(row).to_contain_text("made an account")
    expect(row).to_contain_text("Hoàng Văn Minh")
    expect(row.locator(".difference")).to_contain_text("Gate officer")
    expect(page.locator("tr[data-act='session.begin']").first).to_contain_text("Hoàng Văn Minh")


def test_the_log_says_who_did_what_to_which_truck_and_gate_in_the_sites_time(
    office: tuple[Desk, Border],
):
    desk, place = office
    trip = place.trip()
    held = {"act": 7, "reason": "papers", "ends_at": "2024-01-23T03:30:00+00:00"}
    write(place, "hold_truck.begin", f"trip:{trip}", after=held)
    before, after = {"places_left": 2, "reason": "fog"}, {"places_left": 0, "reason": "fog"}
    write(place, "closure.change", "gate:tan_thanh", before=before, after=after)
    page = people(desk, timezone="America/New_York")
    page.get_by_role("button", name="Who did what").click()
    hold = page.locator("tr[data-act='hold_truck.begin']")
    expect(hold).to_contain_text("23/01/2024, 08:00")
    expect(hold).to_contain_text("Nguyễn Văn An")
    expect(hold).to_contain_text("held a truck")
    expect(hold.locator("td").nth(3)).to_have_text(plate_of(place, trip))
    expect(hold.locator(".difference")).to_contain_text("papers not in order")
    expect(hold.locator(".difference")).to_contain_text("23/01/2024, 10:30")
    closed = page.locator("tr[data-act='closure.change']")
    expect(closed.locator("td").nth(3)).to_have_text("Tân Thanh")
    expect(closed.locator(".difference tbody tr")).to_have_text(["Places that go on20"])
    expect(closed.locator("pre")).not_to_be_visible()
    closed.get_by_text("As it was written down").click()
    expect(closed.locator("pre")).to_contain_text('"places_left": 0')


def test_the_log_is_narrowed_by_person_act_plate_and_day_and_leaves_machines_out(
    office: tuple[Desk, Border],
):
    desk, place = office
    trip = place.trip()
    write(place, "hold_truck.begin", f"trip:{trip}")
    write(place, "closure.begin", "gate:tan_thanh", by=By("administrator", "administrator", None))
    write(place, "pin.begin", f"trip:{trip}", at=MORNING - timedelta(days=1))
    for _ in range(3):
        write(place, "gate.observe", "gate:tan_thanh", by=By("source:customs", "machine", None))
    page = people(desk)
    page.get_by_role("button", name="Who did what").click()
    rows = page.locator("table.audit > tbody > tr")

    def shown() -> set[str]:
        page.locator("table.audit").wait_for()
        return set(rows.evaluate_all("all => all.map(one => one.dataset.act)"))

    expect(page.get_by_text("3 by machines are not shown")).to_be_visible()
    assert "gate.observe" not in shown()
    page.locator("select[name=account]").select_option("planner")
    expect(rows).to_have_count(2)
    page.get_by_role("button", name="Yesterday").click()
    expect(rows).to_have_count(1)
    assert shown() == {"pin.begin"}
    page.get_by_role("button", name="Clear").click()
    expect(rows).to_have_count(4)
    page.get_by_label("Plate, gate or account").fill(plate_of(place, trip)[-4:])
    page.get_by_label("Plate, gate or account").press("Enter")
    expect(rows).to_have_count(2)
    page.locator("select[name=act]").select_option("hold_truck")
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Clear").click()
    expect(rows).to_have_count(4)
    page.get_by_label("Plate, gate or account").fill("Tân Thanh")
    page.get_by_label("Plate, gate or account").press("Enter")
    expect(rows).to_have_count(1)
    page.get_by_label("Show what machines did").check()
    expect(rows).to_have_count(4)
    assert shown() == {"closure.begin", "gate.observe"}
    link = page.get_by_role("link", name="CSV").get_attribute("href")
    file = page.request.get(f"{desk.url}{link}").text()
    assert file.count("gate.observe") == 3
    assert "hold_truck" not in file


def test_older_acts_come_below_and_new_ones_wait_to_be_asked_for(office: tuple[Desk, Border]):
    desk, place = office
    for n in range(150):
        write(place, "hold_truck.begin", f"trip:{n + 1}")
    page = desk.open("/people", language="en")
    page.clock.install()
    desk.sign_in(page, "administrator")
    page.get_by_role("button", name="Who did what").click()
    rows = page.locator("table.audit > tbody > tr")
    expect(rows).to_have_count(100)
    page.get_by_role("button", name="Older").click()
    expect(rows).to_have_count(151)
    write(place, "hold_truck.end", "trip:1")
    page.clock.fast_forward(20_000)
    page.get_by_role("button", name="There is more that is new").wait_for()
    expect(rows).to_have_count(151)
    page.get_by_role("button", name="There is more that is new").click()
    expect(rows.first).to_contain_text("ended the hold of a truck")


def test_an_act_on_a_stage_names_desk_and_stage_as_the_agencies_do(office: tuple[Desk, Border]):
    desk, place = office
    add_workflow(place.conn, place.site, WORKFLOW, by="the test", now=MORNING)
    said = {"stage": "plant_check", "desk": "plant_quarantine", "goods_class": "steel"}
    write(place, "stage.confirmed", f"trip:{place.trip()}", after=said)
    write(place, "stage.confirmed", f"trip:{place.trip()}", after={"stage": "former_stage"})
    page = people(desk)
    page.get_by_role("button", name="Who did what").click()
    changes = page.locator("tr[data-act='stage.confirmed'] table.difference")
    for name in ("Plant quarantine", "Steel"):
        expect(changes.last).to_contain_text(name)
    expect(changes.last).not_to_contain_text("plant_")
    expect(changes.first).to_contain_text("former_stage")


def plate_of(place: Border, trip: int) -> str:
    [(plate,)] = place.conn.execute("select plate from trips where id = %s", [trip]).fetchall()
    return str(plate)


def write(
    place: Border,
    act: str,
    subject: str,
    *,
    by: By = PLANNER,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    at: datetime = MORNING,
) -> None:
    with place.conn.transaction():
        add_record(
            place.conn,
            place.site.id,
            by,
            act=act,
            subject=subject,
            before=before,
            after=after,
            at=at,
        )


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
    told = again.get_by_role("status").filter(has_text="Last signed in")  # the page has others
    expect(told).to_be_visible()


def test_a_phone_says_of_the_last_sign_in_where_it_covers_nothing(office: tuple[Desk, Border]):
    desk, _ = office
    people(desk)  # the sign-in before
    page = desk.open("/gate", size=(390, 844))
    desk.sign_in(page, "administrator")
    page.locator("[data-gate=tan_thanh]").click(timeout=5000)
    page.locator("button.scan").wait_for()
    for button in page.locator(".post button:visible").all():
        button.click(trial=True, timeout=5000)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    account = page.locator(".account.unread")
    account.click()
    expect(account).to_have_count(0)
    last = words("vi")["account"]["last"].partition("{")[0]
    expect(page.get_by_role("dialog")).to_contain_text(last)


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


def test_an_administrator_hands_out_and_erases_a_drivers_data_and_sees_who_looked(
    office: tuple[Desk, Border],
):
    desk, place = office
    trip = place.trip(
        phone="+84903123456", driver_name="Trần Thị Bé", licence="790123456789", consent=True
    )
    page = people(desk)
    page.get_by_role("button", name="Personal data").click()
    expect(page.get_by_text("Nobody has.")).to_be_visible()
    search = page.get_by_label("Phone number or plate")
    search.fill("0903 123 456")
    search.press("Enter")
    driver = page.locator("table.drivers tbody tr")
    expect(driver).to_contain_text(plate_of(place, trip))
    expect(driver).not_to_contain_text("Trần")
    with page.expect_download() as coming:
        driver.get_by_role("button", name="Hand out").click()
    own = json.loads(coming.value.path().read_text(encoding="utf-8"))
    assert own["declarations"][0]["driver_name"] == "Trần Thị Bé"
    driver.get_by_role("button", name="Erase").click()
    driver.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_role("alert")).to_contain_text(plate_of(place, trip))
    with place.conn.transaction():
        cancel(place.conn, place.site, trip, by="the test", now=MORNING)
    driver.get_by_role("button", name="Erase").click()
    driver.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_role("status")).to_contain_text("is erased")
    expect(driver).to_have_count(0)
    search.press("Enter")
    expect(page.get_by_text("Nobody is kept by this number or plate.")).to_be_visible()
    looks = page.locator("table.accesses tbody tr")
    expect(looks.locator("td:nth-child(3)")).to_have_text(
        [
            "looked for a driver's data",
            "erased a driver's data",
            "exported a driver's data",
            "looked for a driver's data",
        ]
    )
    expect(looks.first).to_contain_text("Nguyễn Văn An")


@pytest.mark.parametrize("language", LANGUAGES)
def test_personal_data_is_looked_for_in_every_language(office: tuple[Desk, Border], language: str):
    desk, place = office
    place.trip(plate="12C12345")
    page = people(desk, language)
    said = words(language)
    page.get_by_role("button", name=said["people"]["view_personal"]).click()
    page.get_by_label(said["personal"]["by"]).fill("12C-123.45")
    page.get_by_role("button", name=said["personal"]["find"], exact=True).click()
    expect(page.locator("table.drivers tbody tr")).to_have_count(1)
    expect(page.locator("table.accesses tbody tr")).to_have_count(1)
    assert_words(page, [said["personal"]["erase"], said["audit_act"]["person"]["find"]])
