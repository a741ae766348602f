"""The agencies' page in Chromium: officers of several agencies at work on the same trucks."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from api_server import PASSWORD, SetClock, served
from border import SECRET, SITE, Border, after, border
from desk import LANGUAGES, Desk, assert_words, find_serious, words
from people import set_account
from playwright.sync_api import Browser, Locator, Page, Route, expect

from api.app import create_app
from flowctl.registry import accounts
from flowctl.registry.accounts import Agency, Person, Role
from flowctl.registry.sources import add_source
from flowctl.registry.stages import say
from flowctl.settings import Settings
from flowctl.site_files import read_source
from flowctl.storage.sources import Scope
from flowctl.workflow.stages import Act, Origin
from flowctl.workflow.stages import Desk as At

pytestmark = pytest.mark.browser
SAID = words("en")["agency"]
SIZE = (1366, 768)
PHONE, UPRIGHT = (390, 844), (768, 1024)
WIDTH = "() => document.documentElement.scrollWidth"
OFFICERS = {
    "customs": ("Trần Thị Hoa", Agency.CUSTOMS),
    "border_guard": ("Lý Văn Sơn", Agency.BORDER_GUARD),
    "plant_quarantine": ("Hoàng Thị Mai", Agency.PLANT_QUARANTINE),
    "health_quarantine": ("Nông Văn Đức", Agency.HEALTH_QUARANTINE),
    "tax": ("Vi Thị Thu", Agency.TAX),
}
OTHERS = {
    "operator": Role.OPERATOR,
    "administrator": Role.ADMINISTRATOR,
    "planner": Role.PLANNER,
    "hoa": Role.HAULIER,
}


@dataclass
class Post:
    """A border with its server, and a desk in a browser for whoever works there."""

    place: Border
    clock: SetClock
    desk: Desk

    def truck(self, arrived: float = 0, *, at: float = -120, **declared: Any) -> int:  # noqa: ANN401
        """Declare an export truck at minute ``at`` of 08:00; it came to the yard at ``arrived``."""
        trip = self.place.trip(at=after(at), **{"goods_class": "textiles"} | declared)
        self.said(trip, "arrival", At.YARD, arrived)
        return trip

    def said(self, trip: int, stage: str, desk: At, minute: float = 0) -> None:
        """Have a desk confirm a stage of a trip, at minute ``minute``."""
        say(
            self.place.conn,
            self.place.site,
            trip,
            stage,
            Act.CONFIRMED,
            origin=Origin.HAND,
            by="the test",
            desk=desk,
            at=after(minute),
            now=after(minute),
        )

    def in_yard(self, trip: int) -> None:
        """Let border guard and customs have seen a truck, and the yard have taken it in."""
        self.said(trip, "border_guard", At.BORDER_GUARD, 1)
        self.said(trip, "customs_arrival", At.CUSTOMS, 1)
        self.said(trip, "yard", At.YARD, 2)

    def open(
        self,
        who: str,
        where: str = "",
        *,
        language: str = "en",
        size: tuple[int, int] = SIZE,
    ) -> Page:
        """Open the page as somebody, signed in."""
        page = self.desk.open("/agency", size=size, language=language)
        self.desk.sign_in(page, who)
        page.locator("header .views").wait_for()
        if where:
            page.evaluate("where => { location.hash = where; }", where)
        return page

    @contextmanager
    def client(self, who: str) -> Iterator[httpx.Client]:
        """Yield a client of the API that is signed in as somebody."""
        name, password = self.desk.accounts[who]
        headers = {"X-Flowctl": "1"}
        with httpx.Client(base_url=self.desk.url, headers=headers, timeout=20) as made:
            answer = made.post("/v1/sessions", json={"account": name, "password": password})
            assert answer.status_code == 200, answer.text
            yield made

    def stage(self, trip: int, stage: str) -> str:
        """Return how a stage of a trip stands."""
        [(state,)] = self.place.conn.execute(
            "select state from trip_stages where trip_id = %s and stage = %s", [trip, stage]
        ).fetchall()
        return str(state)


@pytest.fixture
def post(browser: Browser, database: str, valkey: str) -> Iterator[Post]:
    settings = Settings(
        database_url=database, valkey_url=valkey, public_url="https://gate.example", secret=SECRET
    )
    clock = SetClock(after(10))
    source = read_source(SITE)
    with border(database, workflow=source.workflow, fees=source.fees) as place:
        for name, role in OTHERS.items():
            set_account(place.conn, name=name, role=role, password=PASSWORD)
        for name, (person, agency) in OFFICERS.items():
            set_account(place.conn, name=name, role=Role.OFFICER, password=PASSWORD)
            whose = Person(person, "Tân Thanh", agency)
            accounts.change_account(
                place.conn, name, role=Role.OFFICER, whose=whose, wall_now=datetime.now(UTC)
            )
        known = {name: (name, PASSWORD) for name in [*OTHERS, *OFFICERS]}
        with served(create_app(settings, clock)) as url:
            desk = Desk(browser, url, known)
            yield Post(place, clock, desk)
            for context in browser.contexts:
                context.close()
            assert desk.wrong == []


def declare(haulier: httpx.Client) -> int:
    """Declare a truck as its haulier; return its trip."""
    body = {
        "plate": "29C 123.45",
        "phone": "+84903999888",
        "language": "vi",
        "direction": "export",
        "cargo": "normal",
        "gates": ["tan_thanh"],
        "ready_at": after(0).isoformat(),
        "goods_class": "textiles",
    }
    answer = haulier.post("/v1/trips", json=body, headers={"Idempotency-Key": str(uuid4())})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def row(page: Page, trip: int, stage: str) -> Locator:
    return page.locator(f"tr[data-trip='{trip}'][data-stage='{stage}']")


def stage(page: Page, name: str) -> Locator:
    return page.locator(f".stages li[data-stage='{name}']")


def choose(page: Page, view: str) -> None:
    page.locator(f"button[data-view={view}]").click()


def test_border_guard_and_customs_confirm_one_truck_at_the_same_time(post: Post):
    trip = post.truck()
    guard, customs = post.open("border_guard"), post.open("customs")
    expect(row(guard, trip, "border_guard")).to_contain_text("Tân Thanh")
    expect(row(customs, trip, "customs_arrival")).to_be_visible()
    row(guard, trip, "border_guard").get_by_role("button", name=SAID["confirm"]).click(
        no_wait_after=True
    )
    row(customs, trip, "customs_arrival").get_by_role("button", name=SAID["confirm"]).click()
    expect(row(guard, trip, "border_guard")).to_have_count(0)
    expect(row(customs, trip, "customs_arrival")).to_have_count(0)
    assert post.stage(trip, "gate_area") == "confirmed"
    # What came next of it is the yard's, and stands there with who was first.
    yard = post.open("operator", f"trip={trip}")
    expect(stage(yard, "gate_area")).to_have_attribute("data-state", "confirmed")
    expect(stage(yard, "border_guard")).to_contain_text("Lý Văn Sơn")
    expect(stage(yard, "customs_arrival")).to_contain_text("Trần Thị Hoa")


def test_who_comes_second_to_a_stage_reads_who_was_first(post: Post):
    trip = post.truck()
    first, second = post.open("customs", f"trip={trip}"), post.open("customs", f"trip={trip}")
    for page in (first, second):
        stage(page, "customs_arrival").locator("[data-act=confirmed]").wait_for()
    # The second page hears nothing of the first until it has pressed.
    second.route("**/v1/trips/*/stages", lambda route: route.abort())
    stage(first, "customs_arrival").locator("[data-act=confirmed]").click()
    expect(stage(first, "customs_arrival")).to_have_attribute("data-state", "confirmed")
    stage(second, "customs_arrival").locator("[data-act=confirmed]").click()
    expect(second.locator(".told [role=alert]")).to_contain_text("Trần Thị Hoa")


def test_a_question_goes_to_the_haulier_and_comes_back_answered(post: Post):
    with post.client("hoa") as haulier:
        trip = declare(haulier)
    post.said(trip, "arrival", At.YARD)
    page = post.open("customs")
    row(page, trip, "customs_arrival").click()
    page.keyboard.press("a")
    dialog = page.get_by_role("dialog")
    dialog.locator("[name=reason]").select_option("papers_missing")
    dialog.locator("[name=note]").fill("Where is the packing list?")
    dialog.get_by_role("button", name=SAID["do_asked"]).click()
    expect(row(page, trip, "customs_arrival")).to_contain_text(SAID["state_asked"])
    with post.client("hoa") as haulier:
        answer = haulier.post(
            f"/v1/trips/{trip}/stages/customs_arrival",
            json={"act": "answered", "note": "Sent just now."},
        )
        assert answer.status_code == 200, answer.text
    expect(row(page, trip, "customs_arrival")).not_to_contain_text(SAID["state_asked"])
    page.keyboard.press("Enter")
    expect(page.locator(".past")).to_contain_text("Where is the packing list?")
    expect(page.locator(".past")).to_contain_text("Sent just now.")
    stage(page, "customs_arrival").locator("[data-act=confirmed]").click()
    expect(stage(page, "customs_arrival")).to_have_attribute("data-state", "confirmed")


def test_a_refusal_says_why_and_can_be_taken_back(post: Post):
    trip = post.truck()
    page = post.open("border_guard")
    row(page, trip, "border_guard").click()
    page.keyboard.press("r")
    dialog = page.get_by_role("dialog")
    dialog.locator("[name=reason]").select_option("driver")
    dialog.get_by_role("button", name=SAID["do_refused"]).click()
    expect(row(page, trip, "border_guard")).to_contain_text(SAID["state_refused"])
    page.keyboard.press("Enter")
    expect(stage(page, "border_guard")).to_contain_text(SAID["reason_driver"])
    stage(page, "border_guard").locator("[data-act=withdrawn]").click()
    page.get_by_role("dialog").get_by_role("button", name=SAID["do_withdrawn"]).click()
    expect(stage(page, "border_guard")).to_have_attribute("data-state", "ready")


def test_thirty_trucks_are_confirmed_at_once_and_the_one_that_cannot_be_is_named(post: Post):
    trips = [post.truck(n / 100) for n in range(30)]
    page = post.open("customs")
    expect(page.locator("tbody tr")).to_have_count(30)
    # Behind the page's back one is cancelled, before the list can say so.
    page.route("**/v1/work?*", lambda route: route.abort())
    post.place.conn.execute(
        "update trips set state = 'cancelled', ended_at = %s where id = %s", [after(5), trips[7]]
    )
    page.get_by_label(SAID["select_all"]).check()
    expect(page.locator(".bar .whom")).to_have_text(SAID["n_selected"].format(n=30))
    page.keyboard.press("c")
    expect(page.locator(".told .good")).to_have_text(SAID["done"].format(n=29))
    refused = page.locator(".told .refused li")
    expect(refused).to_have_count(1)
    expect(refused).to_have_attribute("data-trip", str(trips[7]))
    page.unroute("**/v1/work?*")
    expect(page.locator("tbody tr")).to_have_count(0)


def test_a_list_is_worked_by_keys_alone_and_keeps_its_place(post: Post):
    trips = [post.truck(n) for n in range(4)]
    page = post.open("customs")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(4)
    expect(rows.first).to_have_class("current")
    for key in ("j", "j", " ", "k", " "):
        page.keyboard.press(key)
    expect(page.locator("tr[aria-selected=true]")).to_have_count(2)
    page.keyboard.press("c")
    expect(rows).to_have_count(2)
    assert [post.stage(trip, "customs_arrival") for trip in trips] == [
        "ready",
        "confirmed",
        "confirmed",
        "ready",
    ]
    page.keyboard.press("/")
    page.keyboard.type("00004")
    expect(rows).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="12C00004")).to_be_visible()
    page.locator(".trip button.back").click()
    expect(page.locator("input[name=q]")).to_have_value("00004")
    expect(rows).to_have_count(1)


def test_customs_settles_the_class_of_the_goods_which_the_page_then_marks(post: Post):
    trip = post.truck(goods_class="textiles", weight_t=20.0)
    post.in_yard(trip)
    page = post.open("customs", f"trip={trip}")
    stage(page, "customs_in_yard").locator("[data-act=confirmed]").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("[name=goods_class]")).to_have_value("textiles")
    dialog.locator("[name=goods_class]").select_option("fresh_fruit")
    dialog.get_by_role("button", name=SAID["do_confirmed"]).click()
    expect(stage(page, "customs_in_yard")).to_have_attribute("data-state", "confirmed")
    # Plants need the plant quarantine, which nobody waited for before.
    expect(stage(page, "plant_quarantine")).to_have_attribute("data-state", "ready")
    expect(page.locator("[data-field=goods_class]")).to_contain_text("Fresh fruit")
    expect(page.locator("[data-field=goods_class] .tag.good")).to_be_visible()


def test_the_tax_desk_takes_what_is_due_hands_out_a_receipt_and_gives_it_back(post: Post):
    trip = post.truck(weight_t=20.0, handover="transshipment", pair_plate="29C99999")
    post.in_yard(trip)
    page = post.open("tax", "fees")
    page.locator(".fees input[type=search]").fill("12C00001")
    page.locator(f".found-trips button[data-trip='{trip}']").click()
    # Nothing is taken before customs has said what the goods are.
    expect(page.locator(".money .withheld").first).to_contain_text("Customs, in the yard")
    post.said(trip, "customs_in_yard", At.CUSTOMS, 3)
    page.goto(f"{post.desk.url}/agency?lang=en#trip={trip}")
    due = page.locator(".money h2 [data-due]")
    expect(due).not_to_have_attribute("data-due", "0")
    total = int(due.get_attribute("data-due") or "")
    form = page.locator("form.pay")
    expect(form.locator("[name=amount]")).to_have_value(str(total))
    form.locator("[name=method]").select_option("transfer")
    form.locator("[name=reference]").fill("FT24023001")
    form.get_by_role("button").click()
    expect(due).to_have_text(SAID["all_paid"])
    expect(stage(page, "fees")).to_have_attribute("data-state", "confirmed")
    with page.expect_popup() as opened:
        page.locator(".payment a").first.click()
    expect(opened.value.locator("body")).to_contain_text("12C00001")
    # The same reference is taken once.
    with post.client("tax") as till:
        paid = {"method": "transfer", "reference": "FT24023001", "amount_vnd": total}
        again = till.post(f"/v1/trips/{trip}/payments", json=paid)
    assert again.status_code == 409
    choose(page, "fees")
    expect(page.locator(".settlement [data-total]")).to_have_attribute("data-total", str(total))
    page.go_back()
    page.get_by_role("button", name=SAID["refund"]).click()
    page.locator("form.refund [name=reason]").fill("Paid for another truck")
    page.get_by_role("button", name=SAID["refund_now"]).click()
    expect(due).to_have_attribute("data-due", str(total))
    expect(stage(page, "fees")).to_have_attribute("data-state", "ready")


def test_the_trucks_found_are_those_of_what_stands_in_the_field(post: Post):
    post.truck()
    page = post.open("tax", "fees")
    on_their_way: list[Route] = []
    page.route("**/v1/search?*", lambda route: on_their_way.append(route))  # noqa: PLW0108
    field = page.locator(".fees input[type=search]")
    with page.expect_request("**/v1/search?*"):
        field.fill("12C00001")
    field.fill("")
    [asked] = on_their_way
    with page.expect_response("**/v1/search?*"):
        asked.continue_()
    page.wait_for_timeout(500)
    expect(page.locator(".found-trips li")).to_have_count(0)


def test_what_another_system_says_otherwise_is_shown_and_decided_by_a_person(post: Post):
    trip = post.truck(goods="Cotton shirts", goods_code="62052000")
    token = add_source(post.place.conn, name="vnaccs", scopes={Scope.FACTS_WRITE})
    said = {"plate": "12C00001", "facts": {"goods": "Cotton trousers", "goods_code": "62034200"}}
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}) as partner:
        answer = partner.post(f"{post.desk.url}/v1/partner/facts", json={"items": [said]})
        assert answer.status_code == 200, answer.text
    page = post.open("customs", f"trip={trip}")
    conflicts = page.locator(".open-conflicts li")
    expect(conflicts).to_have_count(2)
    named = conflicts.filter(has_text="62034200")
    expect(named).to_contain_text("62052000")
    named.get_by_role("button", name=SAID["take"]).click()
    expect(page.locator("[data-field=goods_code]")).to_contain_text("62034200")
    conflicts.get_by_role("button", name=SAID["keep"]).click()
    expect(page.locator(".open-conflicts")).to_have_count(0)
    expect(page.locator("[data-field=goods]")).to_contain_text("Cotton shirts")
    choose(page, "conflicts")
    expect(page.get_by_text(SAID["no_conflicts"])).to_be_visible()


def test_a_haulier_who_appeals_is_answered_in_words(post: Post):
    with post.client("hoa") as haulier:
        answer = haulier.post("/v1/appeals", json={"about": "quota", "words": "We have 90 trucks."})
        assert answer.status_code == 201, answer.text
        page = post.open("operator", "appeals")
        appeal = page.locator(".appeals li")
        expect(appeal).to_contain_text("We have 90 trucks.")
        grant = appeal.get_by_role("button", name=SAID["grant"])
        expect(grant).to_be_disabled()
        appeal.locator("[name=answer]").fill("Forty more until the fair is over.")
        grant.click()
        expect(page.get_by_text(SAID["no_appeals"])).to_be_visible()
        [decided] = haulier.get("/v1/appeals").json()
        assert (decided["state"], decided["answer"]) == (
            "granted",
            "Forty more until the fair is over.",
        )


def test_the_driver_is_shown_to_who_presses_and_that_is_written_down(post: Post):
    trip = post.truck(driver_name="Nguyễn Văn Bình", licence="790123456789", consent=True)
    page = post.open("border_guard", f"trip={trip}")
    page.locator("[data-field=goods_class]").wait_for()
    seen = "select account from audit where act = 'person.seen' and subject = %s"
    assert post.place.conn.execute(seen, [f"trip:{trip}"]).fetchall() == []
    page.get_by_role("button", name=SAID["show_driver"]).click()
    expect(page.locator(".driver")).to_contain_text("Nguyễn Văn Bình")
    assert post.place.conn.execute(seen, [f"trip:{trip}"]).fetchall() == [("border_guard",)]


def test_a_version_added_while_a_truck_is_on_its_way_is_for_those_who_begin_later(post: Post):
    trip = post.truck()
    page = post.open("administrator", "workflow")
    current = page.locator("tr[data-version='2024-01']")
    expect(current).to_contain_text(SAID["in_force"])
    current.get_by_role("button", name=SAID["new_from"]).click()
    text = page.locator("textarea[name=text]")
    whole = text.input_value()
    # A stage that waits for itself is named with its line, and nothing can be added.
    text.fill(whole.replace('needs = ["declared", "arrival"]', 'needs = ["border_guard"]', 1))
    add = page.get_by_role("button", name=SAID["add_version"])
    problem = page.locator(".problems li").first
    expect(problem).to_contain_text("border_guard")
    expect(add).to_be_disabled()
    problem.get_by_role("button").click()
    chosen = "box => box.value.slice(box.selectionStart, box.selectionEnd)"
    assert "border_guard" in text.evaluate(chosen)
    text.fill(whole.replace('desk = "health_quarantine"', 'desk = "yard"', 1))
    changed = page.locator(".differences [data-stage=health_quarantine]")
    expect(changed).to_contain_text(SAID["every_variant"])
    expect(changed).to_contain_text("Health quarantine")
    expect(changed).to_contain_text("Yard")
    page.locator(".editor [name=version]").fill("2024-02")
    page.locator(".editor [name=valid_from]").fill("2024-01-23T09:00")
    expect(text).to_have_value(
        re.compile(r'version = "2024-02"\nvalid_from = 2024-01-23T02:00:00Z')
    )
    add.click()
    expect(page.locator("tr[data-version='2024-02']")).to_be_visible()
    expect(current).to_contain_text("1")
    post.clock.at = after(70)
    later = post.truck(68, at=65)
    for one, desk in ((trip, "Health quarantine"), (later, "Yard")):
        page.evaluate("where => { location.hash = where; }", f"trip={one}")
        expect(stage(page, "health_quarantine").locator(".whose")).to_have_text(desk)
    expect(page.locator(".stages h2")).to_contain_text("2024-02")


def test_a_gate_is_switched_to_another_handover_for_some_hours(post: Post):
    post.clock.at = after(10) + timedelta(seconds=25)
    page = post.open("operator", "workflow")
    page.get_by_role("button", name=SAID["switch"], exact=True).click()
    form = page.locator(".switch-form")
    form.locator("[name=place]").select_option(label="Tân Thanh · Export")
    form.locator("[name=variant]").select_option("export_contactless")
    form.locator("[name=ends_at]").fill("2024-01-23T12:00")
    form.locator("[name=reason]").fill("Fever on the other side")
    form.get_by_role("button", name=SAID["switch_now"]).click()
    expect(page.locator(".switches li")).to_contain_text("Export, contactless")
    page.get_by_role("button", name=SAID["end_switch"]).click()
    page.get_by_role("button", name=SAID["sure"]).click()
    expect(page.locator(".switches li")).to_have_count(0)


def test_a_truck_is_confirmed_on_a_phone_and_the_choices_are_folded_away(post: Post):
    here, there = post.truck(0), post.truck(1, gates=("huu_nghi",))
    page = post.open("customs", size=PHONE)
    gate = page.locator("select[name=gate]")
    expect(row(page, there, "customs_arrival")).to_be_visible()
    expect(gate).to_be_hidden()
    unfold = page.get_by_role("button", name=SAID["filters"])
    unfold.click()
    gate.select_option("tan_thanh")
    unfold.click()
    expect(gate).to_be_hidden()
    expect(unfold).to_contain_text("1")
    expect(row(page, there, "customs_arrival")).to_have_count(0)
    row(page, here, "customs_arrival").get_by_role("button", name=SAID["confirm"]).click()
    expect(row(page, here, "customs_arrival")).to_have_count(0)
    assert post.stage(here, "customs_arrival") == "confirmed"
    assert post.stage(there, "customs_arrival") == "ready"


@pytest.mark.parametrize(
    ("language", "size"), [("vi", PHONE), ("vi", UPRIGHT), ("zh", PHONE), ("en", PHONE)]
)
def test_no_view_is_wider_than_a_phone_or_a_tablet(
    post: Post, language: str, size: tuple[int, int]
):
    trip = post.truck(handover="transshipment", pair_plate="桂F12345", weight_t=20.0)
    post.in_yard(trip)
    page = post.open("operator", language=language, size=size)
    for where, there in (
        ("work", ".list .nothing"),
        ("fees", ".settlement tfoot"),
        ("conflicts", ".nothing"),
        ("appeals", ".nothing"),
        ("crossings", "[data-pair]"),
        ("reports", ".reports .parts"),
        ("workflow", ".stage-picture .box"),
        (f"trip={trip}", ".past li"),
    ):
        page.evaluate("where => { location.hash = where; }", where)
        page.locator(there).first.wait_for()
        assert page.evaluate(WIDTH) == size[0], where


def test_an_address_is_understood_or_corrected(post: Post):
    trip = post.truck()
    page = post.open("customs", f"trip/{trip}")
    expect(page.get_by_role("heading", level=1, name="12C00001")).to_be_visible()
    expect(page).to_have_url(re.compile(f"#trip={trip}$"))
    page.evaluate("() => { location.hash = 'trip/none'; }")
    expect(row(page, trip, "customs_arrival")).to_be_visible()
    expect(page).to_have_url(re.compile("#work$"))


def test_a_planner_begins_where_there_is_something_for_planners(post: Post):
    trip = post.truck()
    page = post.open("planner")
    expect(page.locator("button[data-view=work]")).to_have_count(0)
    expect(page.locator("button[data-view=conflicts]")).to_have_attribute("aria-pressed", "true")
    expect(page).to_have_url(re.compile("#conflicts$"))
    expect(page.get_by_text(SAID["no_conflicts"])).to_be_visible()
    page.evaluate("where => { location.hash = where; }", f"trip={trip}")
    expect(page.locator("[data-field=goods_class]")).to_contain_text("Textiles")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_truck_in_the_yard_whose_other_truck_is_missing_is_named(post: Post):
    trip = post.truck(handover="transshipment", pair_plate="桂F12345")
    post.in_yard(trip)
    page = post.open("operator", "crossings")
    pair = page.locator(f"[data-pair='{trip}']")
    expect(pair).to_contain_text("桂F12345")
    expect(pair).to_contain_text(SAID["pair_undeclared"])
    post.place.trip(plate="桂F12345", handover="transshipment", pair_plate="12C00001")
    page.reload()
    expect(pair).to_contain_text(SAID["pair_not_arrived"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_view_speaks_every_language(post: Post, language: str):
    trip = post.truck(handover="driver_swap", value_vnd=900_000_000)
    said = words(language)["agency"]
    page = post.open("operator", language=language)
    assert_words(page, [said["plate"], said["since"]])
    for view, word in (
        ("fees", "settlement"),
        ("conflicts", "no_conflicts"),
        ("appeals", "no_appeals"),
        ("crossings", "no_crossings"),
        ("workflow", "running_hint"),
    ):
        choose(page, view)
        assert_words(page, [said[word]])
    page.evaluate("where => { location.hash = where; }", f"trip={trip}")
    assert_words(page, [said["declaration"], said["history"], said["dues"]])


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing_serious_on_the_agencies_page(post: Post, theme: str):
    trip = post.truck(weight_t=20.0)
    post.in_yard(trip)
    post.place.trip(at=after(-200), plate="BKK12345")
    context = post.desk.browser.new_context(
        viewport={"width": SIZE[0], "height": SIZE[1]}, color_scheme=theme, bypass_csp=True
    )
    page = context.new_page()
    page.goto(f"{post.desk.url}/agency?lang=vi")
    post.desk.sign_in(page, "operator")
    for where, there in (
        ("work", "tbody tr"),
        (f"trip={trip}", ".past li"),
        ("fees", ".settlement table"),
        ("workflow", ".stage-picture .box"),
    ):
        page.evaluate("where => { location.hash = where; }", where)
        page.locator(there).first.wait_for()
        assert find_serious(page) == [], where
