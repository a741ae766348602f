"""What people see of the order, in a real Chromium, before a border that is disturbed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from api_server import PASSWORD, SetClock, served
from border import KEYS, SECRET, Border, after, border
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from desk import LANGUAGES, ROOT, Desk, assert_words, words
from people import set_account
from playwright.sync_api import Browser, Page, Route, expect

from api.app import create_app
from flowctl.ledger.entries import Entry, Kind
from flowctl.registry.accounts import Role
from flowctl.registry.changes import TripChange, change
from flowctl.registry.keys import link_code
from flowctl.settings import Settings
from flowctl.storage.closures import save_advice
from flowctl.storage.ledger import append
from flowctl.storage.ledger_heads import sign_head
from flowctl.storage.penalties import add_penalty
from flowctl.worker import decide

pytestmark = pytest.mark.browser

WIDE = {"vi": (1366, 768), "zh": (1920, 1080), "en": (390, 844)}
"""A control room's laptop, its wall, and a phone."""
CAB = (360, 640)
TRUCKS = 150
ROLES = (Role.OPERATOR, Role.OFFICER, Role.PLANNER)


@dataclass
class Disturbed:
    """Pages before a border, with the trips the tests speak of."""

    desk: Desk
    place: Border
    clock: SetClock
    waiting: int
    stayed: int

    def driver(self, trip: int, language: str) -> Page:
        """Open a driver's page as a phone shows it at night."""
        page = self.desk.open(f"/d/{link_code(KEYS, trip, 0)}", size=CAB, language=language)
        page.emulate_media(color_scheme="dark")
        return page

    def drawer(self, page: Page, trip: int) -> None:
        page.locator(".search input").fill(f"12C{trip:05d}")
        page.locator(".search li", has_text=f"12C{trip:05d}").wait_for()
        page.locator(".search input").press("Enter")


@pytest.fixture(scope="module")
def ordered(prepared: str) -> tuple[int, int]:
    """Fill the database that is copied for each test; returns who lost an hour and who stays."""
    with border(prepared) as place:
        for role in ROLES:
            set_account(place.conn, name=str(role), role=role, password=PASSWORD)
        return order(place)


@pytest.fixture
def disturbed(
    browser: Browser, ordered: tuple[int, int], database_like: str, valkey: str
) -> Iterator[Disturbed]:
    """Open pages at 08:00, when 150 trucks wait, one lost an hour, and one was told to stay."""
    database = database_like
    waiting, stayed = ordered
    settings = Settings(
        database_url=database, valkey_url=valkey, public_url="https://gate.example", secret=SECRET
    )
    with border(database) as place:
        clock = SetClock(after(0))
        with served(create_app(settings, clock)) as url:
            desk = Desk(browser, url, {str(role): (str(role), PASSWORD) for role in ROLES})
            yield Disturbed(desk, place, clock, waiting, stayed)
            for context in browser.contexts:
                context.close()
            assert desk.wrong == []


def order(place: Border) -> tuple[int, int]:
    """Let a yard fill, a plan be made, one truck lose an hour and another be told to stay."""
    trips = []
    for number in range(TRUCKS):
        trips.append(place.trip(at=after(-180)))
        place.visit(trips[-1], "yard_bao_nguyen", -170 + number / 2)
        place.position(trips[-1], 106.7 + number / 5000, 21.93, -1, speed=0.0)
    decide(place.conn, place.site, after(-75), plan_due=True)
    waiting, stayed = trips[100], place.trip(at=after(-60))
    place.position(stayed, 106.5, 21.6, -1)
    save_advice(place.conn, [(stayed, "stay", "tan_thanh")], after(-5))
    with place.conn.transaction():
        add_penalty(
            place.conn,
            place.site,
            waiting,
            kind="no_show",
            loses_s=3600,
            reason="stood in its yard",
            actor="flowctl",
            now=after(-30),
        )
        passed = Entry(
            Kind.OVERTOOK, after(-20), trips[120], "tan_thanh", "convoy", (waiting, trips[110])
        )
        append(place.conn, place.site.id, place.site.policy.version, [passed], now=after(-20))
        key = Ed25519PrivateKey.from_private_bytes(bytes(32))
        sign_head(place.conn, place.site.id, key, now=after(-10))
    return waiting, stayed


def look_at(page: Page, name: str) -> None:
    """Keep the picture, and see that nothing is wider than the screen."""
    size = page.viewport_size
    assert size is not None
    shots = ROOT / "out"
    shots.mkdir(exist_ok=True)
    page.screenshot(path=shots / f"{name}-{size['width']}x{size['height']}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("language", ["vi", "zh"])
def test_a_gate_is_closed_in_two_clicks_and_a_confirmation(disturbed: Disturbed, language: str):
    said = words(language)["closure"]
    page = disturbed.desk.console(size=WIDE[language], language=language)
    card = page.locator("[data-gate=tan_thanh]")
    card.locator(".close-gate").click()
    box = page.locator("dialog.closing")
    look_at(page, f"closing-{language}")
    box.locator("[name=reason]").fill("sạt lở")
    box.get_by_role("button", name=words(language)["act"]["show_effect"]).click()
    touched = box.locator(".slots-touched")
    expect(touched).to_contain_text(re.compile(r"\d+"))
    expect(box.locator("[name=reason]")).to_have_value("sạt lở")
    look_at(page, f"closing-confirm-{language}")
    box.locator(".danger").click()
    expect(box).to_have_count(0)
    closure = card.locator("[data-closure]")
    expect(closure).to_contain_text(said["shut"])
    expect(closure.locator(".quiet")).to_have_text(re.compile(r"sạt lở.*Nguyễn Văn An"))
    expect(card.locator(".pill.closed")).to_be_visible()
    expect(card.locator(".held summary")).to_be_visible()
    card.locator(".held summary").click()
    look_at(page, f"closed-{language}")
    assert_words(page, [said["end_now"], said["set_end"]])
    disturbed.clock.at = after(5)
    closure.get_by_role("button", name=said["end_now"]).click()
    closure.get_by_role("button", name=said["end_sure"]).click()
    expect(closure).to_have_count(0)
    expect(card.locator(".pill.open")).to_be_visible()


def test_a_place_lost_with_a_broken_tracker_is_given_back_in_the_drawer(disturbed: Disturbed):
    place, said, trip = disturbed.place, words("vi")["order"], disturbed.waiting
    with place.conn.transaction():
        wish = TripChange(device="spare")
        change(place.conn, place.site, KEYS, trip, wish, by="the test", now=after(-2))
    place.position(trip, 106.7, 21.93, -1, speed=0.0)
    page = disturbed.desk.console(size=WIDE["vi"])
    disturbed.drawer(page, trip)
    left = page.locator(".left-place")
    expect(left).to_contain_text("06:00 ")
    left.locator("select[name=cause]").select_option("lost")
    look_at(page, "left-place-vi")
    left.get_by_role("button", name=said["accept"]).click()
    left.get_by_role("button", name=said["accept_sure"]).click()
    expect(left).to_have_count(0)
    expect(page.locator(".drawer .history")).to_contain_text("thiết bị bị mất")
    look_at(page, "place-given-back-vi")


def test_the_confirmation_counts_the_slots_the_closure_turns_away(disturbed: Disturbed):
    page = disturbed.desk.console(language="en")
    page.locator("[data-gate=tan_thanh] .close-gate").click()
    box = page.locator("dialog.closing")
    box.locator("[name=reason]").fill("rockfall")
    box.locator("fieldset.ends label").nth(1).click()
    box.locator("fieldset.ends .moment input").fill("09:00")
    box.locator("[name=reason]").press("Enter")
    [(slots,)] = disturbed.place.conn.execute(
        "select count(*) from slots where gate = 'tan_thanh' and starts_at < %s and starts_at > %s",
        [after(60), after(-15)],
    ).fetchall()
    assert slots > 10
    sentence = f"Trucks that hold a slot here until 09:00: {slots}."
    expect(box.locator(".slots-touched")).to_contain_text(sentence)


def test_a_planned_loss_of_places_gets_another_end_and_is_taken_back(disturbed: Disturbed):
    page = disturbed.desk.console(language="en")
    card = page.locator("[data-gate=tan_thanh]")
    card.locator(".close-gate").click()
    box = page.locator("dialog.closing")
    box.locator("fieldset.starts label").nth(1).click()
    box.locator("fieldset.starts .moment input").fill("10:00")
    box.locator("fieldset.ends label").nth(1).click()
    box.locator("fieldset.ends .moment input").fill("11:00")
    box.locator("[name=places]").fill("3")
    box.locator("[name=reason]").fill("works")
    box.locator("[name=reason]").press("Enter")
    box.locator(".danger").click()
    closure = card.locator("[data-closure]")
    expect(closure).to_contain_text("Only 3 places from 10:00 to 11:00")
    closure.get_by_role("button", name="Set the end").click()
    closure.locator(".moment input").fill("12:30")
    closure.get_by_role("button", name="Save").click()
    expect(closure).to_contain_text("from 10:00 to 12:30")
    closure.get_by_role("button", name="Take back").click()
    closure.get_by_role("button", name="Yes, take it back").click()
    expect(closure).to_have_count(0)


def test_a_closure_that_cannot_be_is_refused_in_a_sentence(disturbed: Disturbed):
    page = disturbed.desk.console(language="en")
    page.locator("[data-gate=tan_thanh] .close-gate").click()
    box = page.locator("dialog.closing")
    box.locator("fieldset.ends label").nth(1).click()
    box.locator("fieldset.ends .moment input").fill("06:00")
    box.locator("[name=reason]").fill("rockfall")
    box.locator("[name=reason]").press("Enter")
    expect(box.locator(".refusal")).to_contain_text("is not after the beginning")
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)


def test_a_planner_sees_closures_and_closes_nothing(disturbed: Disturbed):
    page = disturbed.desk.open("/", language="en")
    disturbed.desk.sign_in(page, "planner")
    page.locator("[data-gate=tan_thanh] .pill").wait_for()
    expect(page.locator(".close-gate")).to_have_count(0)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_drawer_says_why_and_lifts_a_penalty(disturbed: Disturbed, language: str):
    said = words(language)
    page = disturbed.desk.console(size=WIDE[language], language=language)
    disturbed.drawer(page, disturbed.waiting)
    drawer = page.locator(".drawer")
    drawer.locator(".why .history li").first.wait_for()
    expect(drawer.locator(".why > p").first).to_contain_text(re.compile(r"\d+"))
    expect(drawer.locator(".passed-by [data-reason=convoy]")).to_be_visible()
    expect(drawer.locator("[data-penalty]")).to_have_count(1)
    look_at(page, f"drawer-{language}")
    assert_words(page, [said["order"]["why"], said["order"]["history"], said["order"]["standby"]])
    with page.expect_response("**/standby"):
        drawer.locator("[name=standby]").check()
    expect(drawer.locator("[name=standby]")).to_be_checked()
    drawer.get_by_role("button", name=said["order"]["lift"]).click()
    drawer.get_by_role("button", name=said["order"]["lift_sure"]).click()
    expect(drawer.locator("[data-penalty].lifted")).to_have_count(1)
    [(standby,)] = disturbed.place.conn.execute(
        "select standby from trips where id = %s", [disturbed.waiting]
    ).fetchall()
    assert standby is True


def test_a_press_asks_though_the_page_moves_under_the_finger(disturbed: Disturbed):
    said = words("en")["order"]
    page = disturbed.desk.console(size=WIDE["en"], language="en")
    disturbed.drawer(page, disturbed.waiting)
    lift = page.locator("[data-penalty] button")
    lift.hover()
    page.mouse.down()
    page.evaluate("document.querySelector('.drawer .order').style.paddingTop = '5rem'")
    page.mouse.up()
    expect(lift).to_have_text(said["lift_sure"])
    lift.hover()
    page.mouse.down()
    page.mouse.move(10, 10)
    page.mouse.up()
    expect(lift).to_have_text(said["lift"], timeout=10_000)
    expect(page.locator("[data-penalty].lifted")).to_have_count(0)


def test_a_switch_shows_what_was_asked_for_while_older_answers_come(disturbed: Disturbed):
    page = disturbed.desk.console(size=WIDE["en"], language="en")
    disturbed.drawer(page, disturbed.waiting)
    switch = page.locator(".drawer [name=standby]")
    on_their_way: list[Route] = []
    page.route("**/standby", lambda route: on_their_way.append(route))  # noqa: PLW0108
    with page.expect_response(f"**/v1/trips/{disturbed.waiting}"):
        switch.check()
    expect(switch).to_be_checked()
    [asked] = on_their_way
    with page.expect_response("**/standby"):
        asked.continue_()
    with page.expect_response(f"**/v1/trips/{disturbed.waiting}"):
        expect(switch).to_be_checked()
    expect(switch).to_be_checked()
    with page.expect_request("**/standby"):
        switch.uncheck()
    on_their_way[1].fulfill(status=503)
    expect(switch).to_be_checked()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_driver_reads_his_number_and_why_in_the_cab(disturbed: Disturbed, language: str):
    said = words(language)["driver"]
    page = disturbed.driver(disturbed.waiting, language)
    expect(page.locator(".number strong")).to_have_text(re.compile(r"^\d+$"))
    number = page.locator(".number strong").inner_text()
    page.get_by_role("button", name=said["why"]).click()
    expect(page.locator(".why > p").first).to_contain_text(number)
    expect(page.locator(".why .code")).to_contain_text(re.compile(r"[0-9A-Z]{4}-?[0-9A-Z]{4}"))
    look_at(page, f"driver-why-{language}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_driver_far_away_reads_that_he_is_not_to_depart(disturbed: Disturbed, language: str):
    page = disturbed.driver(disturbed.stayed, language)
    expect(page.locator(".slot.word strong")).to_have_text(words(language)["driver"]["stay"])
    look_at(page, f"driver-stay-{language}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_driver_asks_for_more_time_after_reading_what_it_costs(
    disturbed: Disturbed, language: str
):
    said = words(language)["driver"]
    page = disturbed.driver(disturbed.waiting, language)
    page.get_by_role("button", name=said["change"]).click()
    page.get_by_role("button", name=said["more_time"]).click()
    expect(page.locator(".asking p").first).to_contain_text(re.compile(r"\d\d:\d\d"))
    look_at(page, f"driver-time-{language}")
    page.get_by_role("button", name=said["more_time_yes"]).click()
    expect(page.locator(".asking")).to_have_count(0)
    expect(page.locator(".slot .answered")).to_contain_text(said["extended"].partition("{")[0])
    page.get_by_role("button", name=said["change"]).click()
    expect(page.get_by_role("button", name=said["more_time"])).to_have_count(0)
    page.locator("[name=standby]").check()
    expect(page.locator("[name=standby]")).to_be_checked()


def test_a_driver_chooses_another_slot_that_is_really_free(disturbed: Disturbed):
    said = words("vi")["driver"]
    page = disturbed.driver(disturbed.waiting, "vi")
    window = page.locator(".slot .window")
    before = window.inner_text()
    page.get_by_role("button", name=said["change"]).click()
    page.get_by_role("button", name=said["another"]).click()
    first = page.locator(".choices.slots button").first
    first.wait_for()
    look_at(page, "driver-another-vi")
    wanted = first.inner_text().partition("\n")[0]
    first.click()
    expect(window).to_have_text(wanted)
    assert wanted != before
    [(starts_at,)] = disturbed.place.conn.execute(
        "select starts_at from slots where trip_id = %s order by told_at desc limit 1",
        [disturbed.waiting],
    ).fetchall()
    assert f"{starts_at.astimezone(disturbed.place.site.timezone):%H:%M}" == wanted[:5]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_planner_sees_what_one_more_place_is_worth(disturbed: Disturbed, language: str):
    said = words(language)["planner"]
    page = disturbed.desk.open("/planner", size=WIDE[language], language=language)
    disturbed.desk.sign_in(page, "planner")
    page.get_by_role("button", name=said["view_plan"]).click()
    bars = page.locator("[data-prices=tan_thanh] .strip i")
    bars.first.wait_for()
    assert bars.count() > 10
    assert re.search(r"\d\d:\d\d.*[\d.,]{5,} ₫", bars.first.get_attribute("title") or "")
    expect(page.locator("[data-status=optimal]")).to_be_visible()
    expect(page.locator(".passed [data-reason=convoy] b")).to_have_text("2")
    assert_words(page, [said["cost"], said["bound"], said["gap"], said["policy"]])
    look_at(page, f"plan-{language}")
    page.reload()
    expect(bars.first).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_board_shows_the_signed_head_and_what_it_is_for(disturbed: Disturbed, language: str):
    said = words(language)
    page = disturbed.desk.open("/board", size=WIDE[language], language=language)
    head = page.locator("[data-ledger]")
    expect(head).to_contain_text(head.get_attribute("data-ledger") or "-")
    assert_words(page, [said["board"]["ledger_for"], said["overtake"]["convoy"]])
    look_at(page, f"board-{language}")
    if language != "en":  # which is the phone
        assert page.evaluate("document.documentElement.scrollHeight <= window.innerHeight")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_gate_found_to_stand_still_says_so_though_nobody_closed_it(
    disturbed: Disturbed, language: str
):
    conn, site = disturbed.place.conn, disturbed.place.site.id
    changed = conn.execute(
        "update gate_states set state = 'stopped', state_since = %s"
        " where site = %s and gate = 'tan_thanh'",
        [after(-30), site],
    )
    assert changed.rowcount == 1
    page = disturbed.desk.console(size=WIDE[language], language=language)
    found = page.locator("[data-gate=tan_thanh] .found.stopped")
    expect(found).to_have_text(words(language)["operator"]["state_stopped"].format(time="07:30"))
    expect(page.locator("[data-gate=huu_nghi] .found")).to_have_count(0)
