"""The public board, its piece in other people's pages, and the bulletin's page, in a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from api_server import SetClock, served
from border import MORNING, SECRET, Border, after, border
from desk import LANGUAGES, Desk, assert_words, wait_until, words
from people import set_account
from playwright.sync_api import Browser, Page, expect

from api.app import create_app
from flowctl.registry.accounts import Role
from flowctl.settings import Settings

PASSWORD = "a-password-of-the-tests"
EVENING = datetime(2024, 1, 23, 13, 20, tzinfo=UTC)  # 20:20 at the gates


@dataclass
class Gates:
    """A border at work, its clock, and a desk to look at its pages."""

    place: Border
    clock: SetClock
    desk: Desk

    def close(self, gate: str, begins: float, ends: float | None, places: int = 0) -> None:
        self.place.conn.execute(
            "insert into closures (site, gate, starts_at, ends_at, places_left, reason, entered_by,"
            " changed_at) values (%s, %s, %s, %s, %s, 'fog', 'x', %s)",
            [
                *(self.place.site.id, gate, after(begins)),
                *(None if ends is None else after(ends), places, MORNING),
            ],
        )


@pytest.fixture
def gates(database: str, valkey: str, browser: Browser) -> Iterator[Gates]:
    """A border at 08:30 with two trucks in a yard, one of them through."""
    settings = Settings(
        database_url=database, valkey_url=valkey, public_url="https://gate.example", secret=SECRET
    )
    with border(database) as place:
        for minute, through in ((-20, 20), (10, None)):
            trip = place.trip(at=after(-60))
            place.visit(trip, "yard_bao_nguyen", minute, None if through is None else through - 15)
            if through is not None:
                place.visit(trip, "lane_tan_thanh", through - 10, through)
        set_account(place.conn, name="eve", role=Role.PLANNER, password=PASSWORD)
        place.conn.execute(
            "insert into gate_states (site, gate, at, capacity_per_h, capacity_low, capacity_high,"
            " n_target, in_transit, queued, in_lane, waiting, export_per_h, export_low,"
            " export_high) values (%s, 'tan_thanh', %s, 43, 35, 50, 20, 3, 2, 9, 35, 20, 17, 23)",
            [place.site.id, after(30)],
        )
        clock = SetClock(after(30))
        with served(create_app(settings, clock)) as url:
            desk = Desk(browser, url, {"planner": ("eve", PASSWORD)})
            yield Gates(place, clock, desk)
            for context in browser.contexts:
                context.close()
            assert desk.wrong == []


def panel(page: Page, gate: str) -> str:
    shown = page.locator(f"article[data-gate={gate}]")
    shown.locator(".ahead").wait_for()
    return shown.inner_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_lasts_is_the_gates_state_and_only_what_lies_ahead_comes_next(
    gates: Gates, language: str
):
    gates.close("tan_thanh", 0, 90, places=2)
    gates.close("tan_thanh", 300, 360)
    gates.close("huu_nghi", -30, None)
    page = gates.desk.open("/board", size=(360, 780), language=language)
    said = words(language)["board"]
    text = panel(page, "tan_thanh")
    assert said["places_now_until"].format(n=2, to="09:30") in text
    ahead = page.locator("article[data-gate=tan_thanh] .ahead").inner_text()
    first = page.locator("article[data-gate=tan_thanh] .ahead p:first-child span").first
    expect(first).to_contain_text("14:00", use_inner_text=True)  # open it is since 07:00
    assert "13:00" in ahead
    assert "09:30" not in ahead, "the loss of places lasts: it is not announced"
    closed = panel(page, "huu_nghi")
    assert said["end_unknown"] in closed
    hours = page.locator("article[data-gate=huu_nghi] .ahead").inner_text()
    assert hours == f"{said['hours']} —", "nobody knows when it opens next"
    assert_words(page, [])
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_halls_screen_shows_the_whole_board_even_of_waits_that_take_two_lines(
    gates: Gates, language: str
):
    gates.close("tan_thanh", 0, 90, places=2)
    page = gates.desk.open("/board", size=(1920, 1080), language=language)
    panel(page, "tan_thanh")
    assert page.evaluate("document.documentElement.scrollHeight") <= 1080


@contextmanager
def page_of_others(folder: Path) -> Iterator[str]:
    """Serve a folder from an origin of its own."""
    serves = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), serves) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_piece_stands_in_a_narrow_page_of_others_without_scripts(
    gates: Gates, browser: Browser, tmp_path: Path, language: str
):
    page = gates.desk.open("/board", language=language)
    page.locator(".programs summary").click()
    line = page.locator(".programs textarea").input_value()
    bare = browser.new_context(viewport={"width": 360, "height": 640}, java_script_enabled=False)
    foreign = bare.new_page()
    (tmp_path / "index.html").write_text(f"<!doctype html><meta charset=utf-8>{line}")
    with page_of_others(tmp_path) as url:
        foreign.goto(url)
        the_piece_stands_there(foreign, language)


def the_piece_stands_there(foreign: Page, language: str) -> None:
    inside = foreign.frame_locator("iframe")
    said = words(language)["board"]
    expect(inside.locator("body")).to_contain_text(said["expected_wait"])
    expect(inside.locator("section")).to_have_count(2)
    box = foreign.locator("iframe").bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 360
    assert "unreachable" not in inside.locator("body").inner_text()


def test_without_scripts_the_board_says_its_figures_and_where_else_they_are(
    gates: Gates, browser: Browser
):
    context = browser.new_context(viewport={"width": 360, "height": 780}, java_script_enabled=False)
    page = context.new_page()

    def known() -> bool:
        answer = page.goto(f"{gates.desk.url}/board?lang=en")
        return answer is not None and answer.ok

    wait_until(page, known, "the board is known")
    assert "Expected wait" in page.locator("noscript").inner_text()
    page.get_by_role("link", name="the gates alone").click()
    expect(page.locator("section h2").first).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_before_the_evening_the_bulletins_page_says_when_it_comes_and_the_day_so_far(
    gates: Gates, language: str
):
    page = gates.desk.open("/bulletin", language=language)
    gates.desk.sign_in(page, "planner")
    said = words(language)["bulletin"]
    expect(page.locator("nav .next")).to_have_text(
        said["comes"].format(day="23/01/2024", time="20:15")
    )
    shown = page.frame_locator("iframe").locator("body")
    expect(shown).to_contain_text(said["title_unfinished"].format(day="23/01/2024"))
    expect(shown).to_contain_text(said["unfinished"].format(made="08:30 23/01/2024"))
    expect(shown).to_contain_text(said["waiting_now"])
    assert_words(page, [said["so_far"], said["none_yet"]])


def test_a_bulletin_made_is_shown_first_and_the_next_is_tomorrows(gates: Gates):
    gates.clock.at = EVENING
    page = gates.desk.open("/bulletin", language="en")
    gates.desk.sign_in(page, "planner")
    expect(page.locator("nav .next")).to_contain_text("24/01/2024 comes at 20:15")
    page.locator("input[name=day]").fill("2024-01-23")
    page.get_by_role("button", name="Show").click()
    shown = page.frame_locator("iframe").locator("body")
    expect(shown).to_contain_text("Version 1")
    expect(page.locator("nav li", has_text="23/01/2024")).to_be_visible()
    page.reload()
    expect(shown).to_contain_text("Version 1")
    expect(shown).not_to_contain_text("Not finished")


def test_the_bulletin_is_light_where_the_room_is(gates: Gates):
    page = gates.desk.open("/bulletin", language="en")
    gates.desk.sign_in(page, "planner")
    body = page.frame_locator("iframe").locator("body")
    body.wait_for()
    ground = "one => getComputedStyle(one).backgroundColor"
    for theme, sheet in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(19, 27, 34)")):
        if page.locator("html").get_attribute("data-theme") != theme:
            page.locator("button.theme").click()
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        expect(page.locator(".bulletins > header")).to_have_css("background-color", sheet)
        assert body.evaluate(ground) == sheet
