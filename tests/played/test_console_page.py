"""The operator's console as a page: its line, themes, wall, sizes, keyboard, and what axe finds."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from api_server import PASSWORD, SetClock, served
from border import SECRET, Border, after, border
from cable import Cable
from desk import LANGUAGES, Desk, find_serious, wait_until, words
from people import set_account
from playwright.sync_api import Browser, Page, Route, expect

from api.app import create_app
from flowctl.registry.accounts import Role
from flowctl.settings import Settings

pytestmark = pytest.mark.browser

_ROLES = (Role.OPERATOR, Role.PLANNER, Role.OFFICER, Role.ADMINISTRATOR)


@contextmanager
def _place(browser: Browser, database: str, valkey: str) -> Iterator[tuple[Border, Desk, Cable]]:
    settings = Settings(
        database_url=database, valkey_url=valkey, public_url="https://gate.example", secret=SECRET
    )
    with border(database) as place:
        for role in _ROLES:
            set_account(place.conn, name=str(role), role=role, password=PASSWORD)
        with served(create_app(settings, SetClock(after(1)))) as url:
            cable = Cable(url)
            desk = Desk(browser, cable.url, {str(role): (str(role), PASSWORD) for role in _ROLES})
            yield place, desk, cable
            for context in browser.contexts:
                context.close()
            cable.remove()
            assert desk.wrong == []


@pytest.fixture
def at_border(browser: Browser, database: str, valkey: str) -> Iterator[tuple[Border, Desk, Cable]]:
    with _place(browser, database, valkey) as all_three:
        yield all_three


def drawn(page: Page) -> int:
    page.locator(".map").evaluate("box => box.dispatchEvent(new Event('flowctl:count'))")
    return int(
        page.locator(".map").evaluate("box => JSON.parse(box.dataset.drawn ?? '{}').trucks ?? 0")
    )


def test_a_line_that_was_cut_loses_no_truck_and_keeps_no_ghost(
    at_border: tuple[Border, Desk, Cable],
):
    place, desk, cable = at_border
    staying, leaving = (place.trip(at=after(-300)) for _ in range(2))
    for trip in (staying, leaving):
        place.position(trip, 106.68, 22.0, 0)
    page = desk.console(language="en")
    count = page.locator(".legend h2 b")
    expect(count).to_have_text("2")
    cable.cut()
    expect(page.locator(".age.lost")).to_contain_text("The line has dropped")
    place.conn.execute(
        "update trips set state = 'cancelled', ended_at = now() where id = %s", [leaving]
    )
    for _ in range(2):
        place.position(place.trip(at=after(-300)), 106.68, 22.0, 0)
    expect(count).to_have_text("2")
    cable.mend()
    expect(page.locator(".age.live")).to_be_visible()
    expect(count).to_have_text("3")
    page.locator(".search input").fill("12C00002")
    expect(page.locator(".search ul")).not_to_contain_text("12C00002 Moving")


def test_each_browser_keeps_its_own_theme_and_the_map_is_painted_by_it(
    at_border: tuple[Border, Desk, Cable],
):
    _, desk, _ = at_border
    page = desk.console(language="en")
    ground = "getComputedStyle(document.querySelector('.top')).backgroundColor"
    assert page.evaluate(ground) == "rgb(255, 255, 255)", "the browser says it is light"
    page.locator("button.theme").click()
    assert page.evaluate(ground) == "rgb(19, 27, 34)"
    page.reload()
    page.locator(".map canvas").wait_for()
    assert page.evaluate(ground) == "rgb(19, 27, 34)", "it was kept"


@pytest.mark.parametrize("size", [(1024, 768), (1440, 900), (3840, 2160)])
def test_nothing_is_cut_off_from_a_tablet_to_4k(
    at_border: tuple[Border, Desk, Cable], size: tuple[int, int]
):
    _, desk, _ = at_border
    page = desk.console(size=size, language="vi")
    for language in LANGUAGES:
        page.locator(".languages button").nth(LANGUAGES.index(language)).click()
        page.locator(f"html[lang^={language}]").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), language
        wide = page.evaluate(
            "[...document.querySelectorAll('.top nav, .top .where, .boards')]"
            ".filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.className)"
        )
        assert wide == [], f"{language} at {size[0]}: {wide} are cut off"
    hide = words("en")["operator"]["boards_hide"]
    page.get_by_role("button", name=hide).click()
    expect(page.locator(".boards")).to_have_count(0)


def test_the_language_chosen_last_is_spoken_whichever_words_come_last(
    at_border: tuple[Border, Desk, Cable],
):
    _, desk, _ = at_border
    page = desk.console(language="vi")
    on_their_way: list[Route] = []
    page.route("**/assets/zh*.js", lambda route: on_their_way.append(route))  # noqa: PLW0108
    chosen = page.locator(".languages button")
    with page.expect_request("**/assets/zh*.js"):
        chosen.nth(LANGUAGES.index("zh")).click()
    chosen.nth(LANGUAGES.index("en")).click()
    page.locator("html[lang=en]").wait_for()
    with page.expect_response("**/assets/zh*.js"):
        on_their_way[0].continue_()
    page.wait_for_timeout(500)
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.evaluate("localStorage.getItem('flowctl.language')") == "en"


def test_a_page_opened_before_its_network_is_there_comes_up_without_a_hand(
    at_border: tuple[Border, Desk, Cable],
):
    _, desk, _ = at_border
    page = desk.console(language="en")
    for broken in (lambda route: route.abort(), lambda route: route.fulfill(status=502)):
        page.route("**/v1/sessions/current", broken)
        page.reload()
        expect(page.get_by_role("alert")).to_be_visible()
        with page.expect_request("**/v1/sessions/current"):
            pass  # it asks again, and says so until then
        expect(page.get_by_role("alert")).to_be_visible()
        page.unroute("**/v1/sessions/current")
        expect(page.locator(".top")).to_be_visible()


def test_a_site_that_cannot_be_had_is_asked_for_again_and_one_that_is_known_stays(
    at_border: tuple[Border, Desk, Cable],
):
    _, desk, _ = at_border
    page = desk.console(language="en")
    page.route("**/v1/site", lambda route: route.abort())
    page.reload()
    expect(page.locator(".refusal")).to_contain_text("keeps trying")
    page.unroute("**/v1/site")
    expect(page.locator(".top")).to_be_visible()
    page.context.close()
    page = desk.console(language="en")
    asked: list[Route] = []

    def first_alone(route: Route) -> None:
        asked.append(route)
        if len(asked) == 1:
            page.wait_for_timeout(3000)  # the picture comes first, and has it asked for again
            route.continue_()
        else:
            route.abort()

    page.goto("about:blank")  # or what the page still asks for would be counted
    page.route("**/v1/site", first_alone)
    page.goto(f"{desk.url}/?lang=en")
    expect(page.locator(".top")).to_be_visible()
    page.wait_for_timeout(4000)
    assert len(asked) > 1
    expect(page.locator(".top")).to_be_visible()


def test_the_wall_shows_figures_and_no_controls_and_stays_after_a_reload(
    at_border: tuple[Border, Desk, Cable],
):
    place, desk, cable = at_border
    place.position(place.trip(at=after(-300)), 106.68, 22.0, 0)
    page = desk.console(size=(3840, 2160), language="en")
    page.get_by_role("button", name=words("en")["operator"]["wall"]).click()
    figure = page.locator(".wall-gate dd").first
    expect(figure).to_be_visible()
    assert figure.evaluate("one => parseFloat(getComputedStyle(one).fontSize)") >= 110, "from 5 m"
    assert page.evaluate("document.documentElement.scrollHeight <= window.innerHeight")
    page.reload()
    expect(page.locator(".wall-gate")).to_have_count(2)
    cable.cut()
    expect(page.locator(".age.lost")).to_be_visible()
    cable.mend()
    expect(page.locator(".age.live")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".top")).to_be_visible()


def test_a_truck_is_found_opened_and_left_by_the_keyboard_alone(
    at_border: tuple[Border, Desk, Cable],
):
    place, desk, _ = at_border
    place.position(place.trip(at=after(-300), plate="12C55555"), 106.68, 22.0, 0)
    page = desk.console(language="en")
    expect(page.locator(".legend h2 b")).to_have_text("1")
    page.keyboard.press("/")
    page.keyboard.type("55555")
    wait_until(page, lambda: page.locator(".search ul li").count() > 0, "the truck is found")
    page.keyboard.press("Enter")
    expect(page.locator(".drawer h2")).to_contain_text("12C")
    expect(page.locator(".drawer h2")).to_be_focused()
    page.locator("[data-desk=acts]").press("Enter")
    expect(page.locator(".acts-desk h2")).to_be_focused()
    page.locator("button.account").press("Enter")
    expect(page.locator("dialog.my-account")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog.my-account")).to_be_hidden()
    expect(page.locator("button.account")).to_be_focused()
    expect(page.locator(".acts-desk")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".acts-desk")).to_have_count(0)
    expect(page.locator(".drawer.truck h2")).to_be_focused()
    page.locator(".drawer [data-form=hold]").press("Enter")
    page.locator("dialog.acting select[name=reason]").wait_for()
    page.keyboard.press("?")
    page.keyboard.press("Escape")
    expect(page.locator("dialog.acting")).to_have_count(0)
    expect(page.locator(".drawer [data-form=hold]")).to_be_focused()
    page.locator(".drawer h2").focus()
    page.keyboard.press("?")
    expect(page.locator("dialog.help-panel")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".drawer h2")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".drawer")).to_have_count(0)
    assert page.evaluate("document.activeElement !== document.body"), "who works by keys is lost"


def test_a_part_that_a_newer_page_took_away_loads_the_page_again_unless_somebody_types(
    at_border: tuple[Border, Desk, Cable],
):
    _, desk, _ = at_border
    said = words("en")
    page = desk.console(language="en")
    page.route("**/assets/ZonesView*.js", lambda route: route.fulfill(status=404))
    page.evaluate("window.before = true")
    page.locator(".search input").fill("12C")
    page.get_by_role("button", name=said["operator"]["view_zones"], exact=True).click()
    expect(page.locator(".unloaded")).to_contain_text(said["common"]["renewed"])
    assert page.evaluate("window.before"), "what is typed stays"
    page.locator(".search input").fill("")
    page.get_by_role("button", name=said["operator"]["view_map"], exact=True).click()
    with page.expect_navigation():
        page.get_by_role("button", name=said["operator"]["view_zones"], exact=True).click()
    assert page.evaluate("window.before === undefined"), "the page was loaded anew"
    page.unroute("**/assets/ZonesView*.js")
    page.get_by_role("button", name=said["operator"]["view_zones"], exact=True).click()
    expect(page.locator(".zones-overview")).to_be_visible()


def test_the_zones_map_says_that_it_loads_and_what_of_it_did_not_come(
    at_border: tuple[Border, Desk, Cable],
):
    _, desk, _ = at_border
    said = words("en")
    page = desk.console(language="en")
    page.evaluate(
        "new MutationObserver(() => { window.told ??="
        " document.querySelector('.map-state')?.textContent })"
        ".observe(document.body, {childList: true, subtree: true})"
    )
    page.get_by_role("button", name=said["operator"]["view_zones"], exact=True).click()
    page.locator(".zones-overview button.main").click()
    page.locator(".zones-map canvas").first.wait_for()
    expect(page.locator(".map-state")).to_have_count(0)
    assert page.evaluate("window.told").strip() == said["zone_editor"]["map_loading"]
    page.locator(".zones-map .map").evaluate(
        "box => box.editorMap.map.fire('error', {error: new Error('roads')})"
    )
    expect(page.locator(".map-state")).to_contain_text("roads")


PAGES = (
    ("/", "operator", "dark"),
    ("/", "operator", "light"),
    ("/?wall=1", "operator", "dark"),
    ("/board", None, "light"),
    ("/planner", "planner", "dark"),
    ("/planner", "planner", "light"),
    ("/bulletin", "operator", "light"),
    ("/people", "administrator", "light"),
    ("/gate", "officer", "dark"),
)


@pytest.mark.parametrize(("path", "role", "theme"), PAGES)
def test_axe_finds_nothing_serious(
    at_border: tuple[Border, Desk, Cable], path: str, role: str | None, theme: str
):
    place, desk, _ = at_border
    place.position(place.trip(at=after(-300)), 106.68, 22.0, 0)
    context = desk.browser.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme=theme, bypass_csp=True
    )
    page = context.new_page()
    page.goto(f"{desk.url}{path}{'&' if '?' in path else '?'}lang=en")
    if role is not None:
        desk.sign_in(page, role)
        expect(page.locator("input[name=password]")).to_have_count(0)
    page.wait_for_load_state("networkidle") if path == "/board" else page.wait_for_timeout(1500)
    found = find_serious(page)
    assert found == [], "\n".join(found)
