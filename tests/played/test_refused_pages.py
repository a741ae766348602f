"""What people are told who are refused: in their language, by whom and when, in a real Chromium."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from api_server import PASSWORD, SetClock, served
from border import SECRET, after, border
from desk import ROOT, Desk, open_drawer, words
from people import set_account
from playwright.sync_api import Browser, Locator, Page, expect

from api.app import create_app
from flowctl.hand import Act, ActKind
from flowctl.registry import acts
from flowctl.registry.accounts import Role
from flowctl.registry.trips import cancel
from flowctl.settings import Settings
from flowctl.storage.audit import By
from flowctl.storage.closures import add_closure
from flowctl.worker import decide

pytestmark = pytest.mark.browser

LANGUAGES = ("vi", "zh")
PERSON = "Lê Văn Bình"


@dataclass
class Post:
    """An operator's desk while a colleague works at another one."""

    desk: Desk
    database: str
    trip: int

    @property
    def plate(self) -> str:
        return f"12C{self.trip:05d}"

    def sit(self, language: str) -> Page:
        page = self.desk.open("/", size=(1024, 768), language=language)
        self.desk.sign_in(page, "anna")
        page.locator(".boards [data-gate]").first.wait_for()
        return page


@pytest.fixture(scope="module")
def waiting(prepared: str) -> int:
    """Fill the database that is copied for each test; returns a truck that waits."""
    with border(prepared) as place:
        set_account(place.conn, name="anna", role=Role.OPERATOR, password=PASSWORD)
        set_account(place.conn, name="binh", role=Role.OPERATOR, password=PASSWORD, person=PERSON)
        for number in range(3):
            trip = place.trip(at=after(-180))
            place.visit(trip, "yard_bao_nguyen", -170 + number)
            place.position(trip, 106.7, 21.93, -1, speed=0.0)
        decide(place.conn, place.site, after(-1), plan_due=True)
        return trip


@pytest.fixture
def post(browser: Browser, waiting: int, database_like: str, valkey: str) -> Iterator[Post]:
    settings = Settings(
        database_url=database_like,
        valkey_url=valkey,
        public_url="https://gate.example",
        secret=SECRET,
    )
    with served(create_app(settings, SetClock(after(0)))) as url:
        desk = Desk(browser, url, {name: (name, PASSWORD) for name in ("anna", "binh")})
        yield Post(desk, database_like, waiting)
        for context in browser.contexts:
            context.close()
        assert desk.wrong == []


def saying(language: str, kind: str, **values: str) -> re.Pattern[str]:
    """Return the catalogue's words with these values, whatever the others are."""
    text = re.escape(words(language)["refusals"][kind]).replace(r"\{", "{").replace(r"\}", "}")
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", re.escape(value))
    return re.compile(re.sub(r"\{\w+\}", ".+", text))


def look_at(page: Page, name: str) -> None:
    shots = ROOT / "out"
    shots.mkdir(exist_ok=True)
    page.screenshot(path=shots / f"refused-{name}.png")


def ask_to_hold(page: Page, post: Post, language: str) -> Locator:
    """Go through the form of a hold up to its effect; returns the form."""
    open_drawer(page, post.plate).locator("[data-form=hold]").click()
    box = page.locator("dialog.hold_truck")
    box.locator("[name=reason]").select_option("papers")
    box.get_by_role("button", name=words(language)["act"]["show_effect"]).click()
    expect(box.locator(".effect")).to_be_visible()
    return box


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_holds_a_truck_second_reads_by_whom_it_is_held(post: Post, language: str):
    page = post.sit(language)
    box = ask_to_hold(page, post, language)
    held = Act(ActKind.HOLD_TRUCK, "papers", "binh", after(0), trip_id=post.trip)
    with border(post.database) as place:
        by = By("binh", Role.OPERATOR, None)
        acts.begin(place.conn, place.site, held, effect=None, by=by, now=after(0))
    box.get_by_role("button", name=words(language)["act"]["confirm"]).click()
    act = words(language)["act"]["hold_truck"]
    said = saying(language, "other_act_on_truck", plate=post.plate, act=act)
    expect(box.locator(".refusal")).to_have_text(said)
    expect(box.locator(".refusal")).to_contain_text(PERSON)
    look_at(page, f"hold-{language}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_acts_on_a_trip_that_ended_reads_what_became_of_it(post: Post, language: str):
    page = post.sit(language)
    box = ask_to_hold(page, post, language)
    with border(post.database) as place:
        cancel(place.conn, place.site, post.trip, by="binh", now=after(0))
    box.get_by_role("button", name=words(language)["act"]["confirm"]).click()
    state = words(language)["stage"]["cancelled"]
    said = saying(language, "trip_over", plate=post.plate, state=state)
    expect(box.locator(".refusal")).to_have_text(said)
    look_at(page, f"over-{language}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_closes_a_gate_twice_reads_who_closed_it(post: Post, language: str):
    with border(post.database) as place, place.conn.transaction():
        add_closure(
            place.conn,
            place.site,
            gate="tan_thanh",
            starts_at=after(0),
            ends_at=after(0) + timedelta(hours=2),
            places_left=0,
            reason="rockfall",
            actor="binh",
            now=after(0),
        )
    page = post.sit(language)
    page.locator("[data-gate=tan_thanh] .close-gate").click()
    box = page.locator("dialog.closing")
    box.locator("[name=reason]").fill("sạt lở")
    box.get_by_role("button", name=words(language)["act"]["show_effect"]).click()
    gate = {"vi": "Tân Thanh", "zh": "新清"}[language]
    said = saying(language, "closure_overlaps", gate=gate)
    expect(box.locator(".refusal")).to_have_text(said)
    look_at(page, f"closure-{language}")
