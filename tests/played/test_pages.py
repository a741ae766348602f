"""The pages in a real Chromium, against every process on real stores."""

import re

import pytest
from desk import (
    LANGUAGES,
    ROOT,
    Desk,
    assert_words,
    drawn,
    get_json,
    wait_until,
    words,
)
from playwright.sync_api import expect
from running import Running

pytestmark = pytest.mark.browser

PICTURE = ROOT / "out" / "operator-map.png"


def driver_path(running_system: Running) -> str:
    return "/d/" + running_system.driver_link.rpartition("/d/")[2]


def test_the_operator_sees_zones_and_trucks_on_the_map(desk: Desk):
    page = desk.console()
    site = get_json(page, desk, "/v1/site")
    live = get_json(page, desk, "/v1/live")
    near = [z for z in site["zones"]["features"] if z["properties"]["role"] != "approach"]
    assert len(live["trucks"]["id"]) > 50

    def everything_is_there() -> bool:
        counts = drawn(page)
        return counts.get("zones", 0) >= len(near) and counts.get("trucks", 0) > 50

    wait_until(page, everything_is_there, "zones and trucks are drawn")
    assert drawn(page)["gates"] == len(site["gates"])
    assert drawn(page)["roads"] > 0
    expect(page.locator(".age.live")).to_be_visible()
    PICTURE.parent.mkdir(exist_ok=True)
    page.screenshot(path=PICTURE)


def test_the_side_boards_show_what_the_server_says(desk: Desk):
    page = desk.console()
    site = get_json(page, desk, "/v1/site")
    for gate in site["gates"]:
        card = page.locator(f"[data-gate={gate['id']}]")
        expect(card).to_contain_text(gate["name"]["vi"])
        expect(card.locator(".pill.open")).to_have_text(words("vi")["operator"]["open"])
        expect(card.locator(".slots li")).to_have_count(8)
    for yard in site["yards"]:
        expect(page.locator(f"[data-yard={yard['id']}]")).to_contain_text(yard["name"]["vi"])


def test_a_truck_found_by_its_plate_opens_with_its_trip(desk: Desk):
    page = desk.console()
    trucks = get_json(page, desk, "/v1/live")["trucks"]
    told = next(i for i, slot in enumerate(trucks["slot"]) if slot is not None)
    plate = trucks["plate"][told]
    trip = get_json(page, desk, f"/v1/trips/{trucks['id'][told]}")
    page.locator(".legend b").first.filter(has_text=re.compile(r"[1-9]")).wait_for()
    page.locator(".search input").fill(plate.lower())
    page.locator(".search li", has_text=plate).wait_for()
    page.locator(".search input").press("Enter")
    drawer = page.locator(".drawer")
    expect(drawer.locator("h2")).to_have_text(plate)
    expect(drawer.locator(".slot b")).to_have_text(re.compile(r"^\d\d:\d\d–\d\d:\d\d$"))
    expect(drawer).to_contain_text(words("vi")["cargo"][trip["cargo"]])
    wait_until(page, lambda: drawn(page).get("selected") == 1, "the truck is ringed on the map")
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)


def test_the_legend_hides_and_shows_a_state(desk: Desk):
    page = desk.console()
    wait_until(page, lambda: drawn(page).get("trucks", 0) > 50, "trucks are drawn")
    staged = page.locator(".legend button", has_text=words("vi")["state"]["staged"])
    before = drawn(page)["trucks"]
    staged.click()
    wait_until(page, lambda: drawn(page).get("trucks", 0) < before / 2, "staged trucks are hidden")
    staged.click()
    wait_until(page, lambda: drawn(page).get("trucks", 0) > before / 2, "they are back")


def test_a_wrong_password_is_refused_in_a_sentence(desk: Desk):
    page = desk.open("/")
    page.locator("input[name=account]").fill("nobody-of-that-name")
    page.locator("input[name=password]").fill("wrong")
    page.locator("button.main").click()
    expect(page.locator(".refusal")).to_have_text(words("vi")["login"]["wrong"])


def test_an_operator_may_not_use_the_planners_page(desk: Desk):
    page = desk.open("/planner")
    desk.sign_in(page, "operator")
    name = desk.accounts["operator"][0]
    sentence = words("vi")["common"]["not_allowed"].format(account=name)
    expect(page.locator(".refusal")).to_have_text(sentence)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_console_speaks_every_language_without_a_missing_word(desk: Desk, language: str):
    page = desk.console(language=language, size=(1024, 768))
    page.locator(".slots li").first.wait_for()
    said = words(language)
    assert_words(page, [said["operator"]["waiting"], *said["state"].values()])
    assert page.evaluate("document.documentElement.lang").startswith(language)


def test_the_language_changes_at_a_click_and_is_remembered(desk: Desk):
    page = desk.open("/board")
    page.locator("article").first.wait_for()
    page.locator(".languages button", has_text="EN").click()
    expect(page.locator("h1")).to_have_text(words("en")["board"]["title"])
    page.goto(f"{desk.url}/board")
    expect(page.locator("h1")).to_have_text(words("en")["board"]["title"])


@pytest.mark.parametrize("size", [(360, 740), (1920, 1080)])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_board_fits_a_phone_and_a_wall(desk: Desk, language: str, size: tuple[int, int]):
    page = desk.open("/board", size=size, language=language)
    page.locator("article").first.wait_for()
    said = words(language)["board"]
    assert_words(page, [said["title"], said["expected_wait"], said["yards"]])
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_the_board_shows_the_servers_figures_and_no_plate(desk: Desk):
    page = desk.open("/board")
    page.locator("article").first.wait_for()
    board = get_json(page, desk, "/v1/board")
    for gate in board["gates"]:
        panel = page.locator(f"[data-gate={gate['id']}]")
        expect(panel.locator("dd")).to_have_count(5)
        expect(panel).to_contain_text(gate["name"]["vi"])
    operator = desk.console()
    plates = get_json(operator, desk, "/v1/live")["trucks"]["plate"]
    text = page.locator("#page").inner_text()
    assert not [plate for plate in plates if plate in text]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_drivers_page_fits_a_small_phone(desk: Desk, running_system: Running, language: str):
    page = desk.open(driver_path(running_system), size=(360, 740), language=language)
    page.locator(".state h2").wait_for()
    said = words(language)
    assert_words(page, [said["driver"]["gate"], said["driver"]["messages"]])
    assert page.locator(".state h2").inner_text() in said["stage"].values()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_drivers_countdown_ticks(desk: Desk, running_system: Running):
    page = desk.open(driver_path(running_system), size=(360, 740))
    timer = page.locator("[role=timer]")
    expect(timer).to_have_text(re.compile(r"^\d+:\d\d:\d\d$"))
    first = timer.inner_text()
    expect(timer).not_to_have_text(first)
    expect(page.locator(".slot .window")).to_have_text(re.compile(r"^\d\d:\d\d–\d\d:\d\d$"))
    expect(page.locator(".messages li[data-kind=slot]").first).to_be_visible()


def test_a_link_of_no_trip_is_answered_in_a_sentence(desk: Desk):
    page = desk.open("/d/nosuchtrip12", size=(360, 740))
    expect(page.locator(".refusal")).to_have_text(words("vi")["driver"]["unknown"])
