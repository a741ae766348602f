"""The hauliers' page, as a dispatcher works with it in a real Chromium."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_server import PASSWORD, RunningApi, SetClock, served
from border import MORNING, SECRET, SITE, border
from desk import LANGUAGES, Desk, assert_words, words
from people import set_account
from playwright.sync_api import Browser, Locator, Page, expect

from api.app import create_app
from flowctl.registry.accounts import Role
from flowctl.registry.stages import say
from flowctl.settings import Settings
from flowctl.site_files import read_source
from flowctl.storage.penalties import add_penalty
from flowctl.workflow.stages import Act, Origin
from flowctl.workflow.stages import Desk as Of

pytestmark = pytest.mark.browser

DESK, PHONE = (1366, 768), (390, 844)
FILES = read_source(SITE)
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
FRUIT = {
    "plate": "12C-345.67",
    "phone": "0912345678",
    "language": "vi",
    "direction": "export",
    "cargo": "perishable",
    "gates": ["tan_thanh"],
    "ready_at": MORNING.isoformat(),
    "goods": "Thanh long",
    "goods_class": "fresh_fruit",
    "weight_t": 20.5,
    "driver_name": "Trần Văn Bình",
    "consent": True,
}

# What a hand does: presses, texts that were changed, keys that send.
COUNTING = """
() => {
  window.inputs = 0;
  addEventListener("pointerdown", () => window.inputs++, true);
  addEventListener("change", ({ target }) => {
    if (target.matches("input:not([type=radio], [type=checkbox]), select, textarea")) {
      window.inputs++;
    }
  }, true);
  addEventListener("keydown", ({ key }) => key === "Enter" && window.inputs++, true);
}
"""


@pytest.fixture
def office(browser: Browser, database: str, valkey: str) -> Iterator[tuple[Desk, RunningApi]]:
    settings = Settings(
        database_url=database, valkey_url=valkey, public_url="https://gate.example", secret=SECRET
    )
    clock = SetClock()
    with border(database, workflow=FILES.workflow, fees=FILES.fees) as place:
        for role in (Role.HAULIER, Role.OPERATOR):
            set_account(place.conn, name=str(role), role=role, password=PASSWORD)
        app = create_app(settings, clock)
        with served(app) as url:
            desk = Desk(browser, url, {str(role): (str(role), PASSWORD) for role in Role})
            api = RunningApi(url, app, clock, "", place)
            yield desk, api
            for context in browser.contexts:
                context.close()
            for client in api.clients:
                client.close()
            assert desk.wrong == []


def opened(desk: Desk, *, language: str = "vi", size: tuple[int, int] = DESK) -> Page:
    page = desk.open("/declare", language=language, size=size)
    desk.sign_in(page, "haulier")
    page.locator("main .above").wait_for()
    # On wide pages what is said of the last sign-in lies over a trip for a quarter of a minute.
    said_of_last = page.locator(".last-time button")
    if said_of_last.is_visible():
        said_of_last.click()
    return page


def as_role(api: RunningApi, role: Role) -> httpx.Client:
    """Return a client of the account that also signs in to the page: one more session of it."""
    client = api.client(**{"X-Flowctl": "1"})
    answer = client.post("/v1/sessions", json={"account": str(role), "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return client


def declared(api: RunningApi, **changes: Any) -> int:  # noqa: ANN401 - fields of any type
    answer = as_role(api, Role.HAULIER).post("/v1/trips", json=FRUIT | changes)
    assert answer.status_code == 201, answer.text
    trip: int = answer.json()["id"]
    return trip


def said(language: str = "vi") -> dict[str, str]:
    return words(language)["declare"]


def press(page: Page | Locator, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def choose(page: Page, name: str, value: str) -> None:
    page.locator(f"label:has(input[name={name}][value={value}])").click()


def field(page: Page, name: str) -> Locator:
    return page.locator(f"#field-{name}")


def fault(page: Page, name: str) -> Locator:
    return page.locator(f"#field-{name}-fault")


def trips(api: RunningApi) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = as_role(api, Role.HAULIER).get("/v1/declarations").json()["rows"]
    return rows


def test_a_first_declaration_asks_only_what_applies_and_says_what_is_wrong_where_it_is(
    office: tuple[Desk, RunningApi],
):
    desk, api = office
    declared(api)
    page = opened(desk)
    press(page, said()["new"])
    field(page, "plate").fill("12C-999.88")
    choose(page, "gate", "tan_thanh")
    expect(page.locator(".price .lines tfoot")).to_contain_text("₫")
    choose(page, "load", "empty")
    expect(field(page, "goods")).to_have_count(0)
    choose(page, "load", "laden")
    choose(page, "cargo", "reefer")
    field(page, "temperature_c").fill("lạnh")
    field(page, "temperature_c").blur()
    expect(fault(page, "temperature_c")).to_have_text(said()["fault_number"])
    field(page, "temperature_c").fill("-18")
    expect(fault(page, "temperature_c")).to_have_count(0)
    choose(page, "handover", "transshipment")
    expect(field(page, "pair_plate")).to_be_visible()
    choose(page, "handover", "driver_swap")
    expect(field(page, "pair_plate")).to_have_count(0)
    field(page, "driver_name").fill("Lê Thị Hoa")
    page.locator("[data-ready=now]").click()
    page.locator("button.send").click()
    expect(fault(page, "phone")).to_have_text(said()["fault_missing"])
    expect(field(page, "phone")).to_be_focused()
    expect(fault(page, "consent")).to_be_visible()
    page.locator("[name=consent]").check()
    field(page, "phone").fill("0987 654 321")
    # What only the server knows is said at its field, too: this plate has a trip.
    field(page, "plate").fill("12C-345.67")
    expect(page.locator(".obstacle[data-kind=plate_active]")).to_be_visible()
    page.locator("button.send").click()
    expect(fault(page, "plate")).to_contain_text("12C34567")
    expect(field(page, "plate")).to_be_focused()
    field(page, "plate").fill("12C-999.88")
    page.locator("button.send").click()
    expect(page.locator(".trip h2")).to_have_text("12C99988")
    expect(page.locator(".stages li[data-state=confirmed]").first).to_be_visible()
    expect(page.locator(".dues .owed")).to_contain_text("₫")
    whole = as_role(api, Role.HAULIER).get(f"/v1/trips/{page.url.rpartition('/')[2]}/declaration")
    assert whole.json()["driver_name"] == "Lê Thị Hoa"
    assert whole.json()["temperature_c"] == -18


def test_a_returning_customer_declares_in_few_inputs_and_a_minute(
    office: tuple[Desk, RunningApi],
):
    desk, api = office
    former = declared(api)
    as_role(api, Role.OPERATOR).post(f"/v1/trips/{former}/cancel")
    page = opened(desk)
    page.wait_for_load_state("networkidle")
    page.evaluate(COUNTING)
    began = time.monotonic()
    press(page, said()["new"])
    field(page, "plate").press_sequentially("12C-345.67")
    # All the rest is known from the last time, and says so.
    expect(page.locator(".field.goods .origin")).to_have_text(words("vi")["declare_origin"]["last"])
    expect(field(page, "goods")).to_have_value("Thanh long")
    page.locator("[data-ready=now]").click()
    page.locator("button.send").click()
    expect(page.locator(".trip h2")).to_have_text("12C34567")
    seconds, inputs = time.monotonic() - began, page.evaluate("window.inputs")
    assert seconds <= 60
    assert inputs <= 6, f"{inputs} inputs"
    [trip] = [row["trip"] for row in trips(api) if row["trip"]["state"] == "active"]
    whole = as_role(api, Role.HAULIER).get(f"/v1/trips/{trip['id']}/declaration").json()
    assert (whole["goods_class"], whole["weight_t"]) == ("fresh_fruit", 20.5)
    assert whole["driver_name"] == "Trần Văn Bình"


def test_a_copy_of_a_trip_leaves_only_the_ready_time_and_a_double_press_makes_one_trip(
    office: tuple[Desk, RunningApi],
):
    desk, api = office
    declared(api)
    page = opened(desk, size=PHONE)
    press(page.locator("tr[data-trip]"), said()["copy"])
    field(page, "plate").fill("12C-345.68")
    page.locator("[data-ready=now]").click()
    page.locator("button.send").dblclick()
    expect(page.locator(".trip h2")).to_have_text("12C34568")
    assert len(trips(api)) == 2


def test_what_is_sent_without_a_network_is_kept_said_and_makes_one_trip(
    office: tuple[Desk, RunningApi],
):
    desk, api = office
    declared(api)
    page = opened(desk)
    press(page.locator("tr[data-trip]"), said()["copy"])
    field(page, "plate").fill("12C-345.69")
    page.locator("[data-ready=now]").click()
    expect(page.locator(".saved")).to_contain_text("08:0")
    page.context.set_offline(True)
    page.locator("button.send").click()
    expect(page.locator("aside .warning", has_text=said()["no_network_kept"])).to_be_visible()
    assert len(trips(api)) == 1
    page.context.set_offline(False)
    expect(page.locator(".trip h2")).to_have_text("12C34569")
    assert len(trips(api)) == 2


def test_a_draft_survives_a_reload_and_another_window_is_not_overwritten(
    office: tuple[Desk, RunningApi],
):
    desk, _ = office
    page = opened(desk)
    press(page, said()["new"])
    field(page, "plate").fill("12C-222.33")
    field(page, "goods").fill("Mít")
    expect(page.locator(".saved")).to_contain_text("08:0")
    page.reload()
    expect(field(page, "goods")).to_have_value("Mít")
    other = page.context.new_page()
    other.goto(page.url)
    expect(field(other, "goods")).to_have_value("Mít")
    field(other, "goods").fill("Sầu riêng")
    expect(other.locator(".saved")).to_contain_text("08:0")
    field(page, "goods").fill("Chuối")
    expect(page.locator(".newer")).to_contain_text(said()["draft_newer"])
    press(page, said()["draft_take"])
    expect(field(page, "goods")).to_have_value("Sầu riêng")
    page.goto(f"{desk.url}/declare#trips")
    expect(page.locator(".begun")).to_contain_text("12C-222.33")


def test_papers_hang_on_a_draft_and_come_with_its_trip(
    office: tuple[Desk, RunningApi], tmp_path: Path
):
    desk, api = office
    declared(api)
    page = opened(desk)
    press(page.locator("tr[data-trip]"), said()["copy"])
    field(page, "plate").fill("12C-345.70")
    expect(page.locator(".papers")).to_contain_text("10 MB")
    (tmp_path / "hoa-don.pdf").write_bytes(PDF)
    (tmp_path / "lon.pdf").write_bytes(PDF + bytes(11 << 20))
    papers = page.locator(".papers input[type=file]")
    papers.set_input_files(tmp_path / "hoa-don.pdf")
    expect(page.locator(".papers li")).to_contain_text("hoa-don.pdf")
    papers.set_input_files(tmp_path / "lon.pdf")
    expect(page.locator(".papers .refusal")).to_contain_text("lon.pdf")
    page.locator("[data-ready=now]").click()
    page.locator("button.send").click()
    expect(page.locator(".trip h2")).to_have_text("12C34570")
    expect(page.locator(".papers li")).to_contain_text("hoa-don.pdf")
    [row] = [row for row in trips(api) if row["trip"]["plate"] == "12C34570"]
    assert row["beside"]["documents"] == 1


def test_a_table_is_looked_through_before_its_good_rows_become_trips(
    office: tuple[Desk, RunningApi], tmp_path: Path
):
    desk, api = office
    table = tmp_path / "xe.csv"
    table.write_text(
        "plate,phone,language,direction,cargo,gates,ready_at\n"
        "12C-100.01,0912345601,vi,export,normal,tan_thanh,23/01/2024 10:00\n"
        "12C-100.02,không có,vi,export,normal,tan_thanh,23/01/2024 10:00\n"
        "12C-100.03,0912345603,vi,export,normal,tan_thanh,23/01/2024 10:00\n"
        "12C-100.04,0912345604,vi,export,normal,mong_cai,23/01/2024 10:00\n",
        encoding="utf-8",
    )
    page = opened(desk)
    press(page, said()["tab_import"])
    page.locator(".import input[type=file]").set_input_files(table)
    faults = page.locator(".faults tbody tr")
    expect(faults).to_have_count(2)
    expect(faults.nth(0)).to_contain_text("3")
    expect(faults.nth(0)).to_contain_text(words("vi")["refusal_field"]["phone"])
    expect(faults.nth(1)).to_contain_text("mong_cai")
    assert trips(api) == []
    with page.expect_download() as taken:
        press(page, said()["import_download"])
    rows = taken.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert [row.partition(",")[0] for row in rows] == ["plate", "12C-100.02", "12C-100.04"]
    mended = tmp_path / "lỗi.csv"
    mended.write_text("\n".join(rows).replace("mong_cai", "huu_nghi"), encoding="utf-8-sig")
    press(page, said()["import_make"].format(n=2))
    expect(page.locator(".done")).to_contain_text("2")
    assert {row["trip"]["plate"] for row in trips(api)} == {"12C10001", "12C10003"}
    page.locator(".import input[type=file]").set_input_files(mended)
    press(page, said()["import_make"].format(n=1))
    expect(page.locator(".done")).to_contain_text("1")
    assert len(trips(api)) == 3


def test_a_template_fills_a_form_in_for_the_same_customer(office: tuple[Desk, RunningApi]):
    desk, _ = office
    page = opened(desk)
    press(page, said()["new"])
    field(page, "goods").fill("Vải thiều")
    choose(page, "gate", "huu_nghi")
    press(page, said()["save_template"])
    page.get_by_label(said()["template_name"]).fill("Vải sang Bằng Tường")
    page.get_by_label(said()["template_name"]).press("Enter")
    expect(page.locator(".save-template")).to_contain_text("Vải sang Bằng Tường")
    press(page, said()["tab_trips"])
    press(page, "Vải sang Bằng Tường")
    expect(field(page, "goods")).to_have_value("Vải thiều")
    expect(page.locator("input[name=gate][value=huu_nghi]")).to_be_checked()
    expect(page.locator(".field.goods .origin")).to_be_visible()


def test_an_edit_says_before_it_is_saved_that_it_costs_the_place(
    office: tuple[Desk, RunningApi],
):
    desk, api = office
    trip = declared(api)
    page = opened(desk)
    page.locator(f"tr[data-trip='{trip}'] a.button").click()
    press(page, said()["change"])
    expect(page.locator(".field.trailer .cost")).to_have_text(said()["keeps_keeps"])
    expect(page.locator(".field.cargo .cost")).to_have_text(said()["keeps_loses"])
    expect(page.locator(".field.direction .cost")).to_have_text(said()["keeps_fixed"])
    field(page, "trailer").fill("12R-000.01")
    expect(page.locator(".edit .keeps-all")).to_be_visible()
    choose(page, "cargo", "normal")
    expect(page.locator(".edit p.loses")).to_contain_text(words("vi")["refusal_field"]["cargo"])
    press(page, said()["save"])
    expect(page.locator(".edit")).to_have_count(0)
    whole = as_role(api, Role.HAULIER).get(f"/v1/trips/{trip}/declaration").json()
    assert (whole["cargo"], whole["trailer"]) == ("normal", "12R00001")
    # Another truck for the same goods asks for evidence, and none is refused in words.
    press(page, said()["change"])
    field(page, "plate").fill("12C-345.99")
    expect(page.locator(".edit p.needs")).to_be_visible()
    press(page, said()["save"])
    expect(fault(page, "plate")).to_be_visible()


def test_what_an_agency_asks_is_answered_where_it_stands(office: tuple[Desk, RunningApi]):
    desk, api = office
    trip = declared(api)
    with api.border.conn.transaction():
        for stage, act, of in (
            ("arrival", Act.CONFIRMED, Of.YARD),
            ("customs_arrival", Act.ASKED, Of.CUSTOMS),
        ):
            say(
                api.border.conn,
                api.border.site,
                trip,
                stage,
                act,
                origin=Origin.HAND,
                by="officer",
                desk=of,
                at=MORNING,
                now=MORNING,
                reason="papers_missing" if act is Act.ASKED else None,
                note="Thiếu hóa đơn" if act is Act.ASKED else None,
            )
    page = opened(desk)
    row = page.locator(f"tr[data-trip='{trip}']")
    expect(row.locator("[data-state=asked]")).to_contain_text(words("vi")["desk"]["haulier"])
    row.locator("a.button").click()
    asked = page.locator(".stages li[data-state=asked]")
    expect(asked).to_contain_text("Thiếu hóa đơn")
    asked.locator("textarea").fill("Đã gửi hóa đơn ở mục giấy tờ.")
    press(asked, said()["answer_send"])
    expect(page.locator(".stages li[data-state=asked]")).to_have_count(0)
    expect(page.locator(".stages li[data-stage=customs_arrival]")).to_have_attribute(
        "data-state", "ready"
    )


def test_a_haulier_appeals_against_a_penalty_and_reads_that_it_waits(
    office: tuple[Desk, RunningApi],
):
    desk, api = office
    trip = declared(api)
    with api.border.conn.transaction():
        add_penalty(
            api.border.conn,
            api.border.site,
            trip,
            kind="no_show",
            loses_s=3600,
            reason="stood after its call-up",
            actor="flowctl",
            now=MORNING + timedelta(minutes=1),
        )
    page = opened(desk)
    page.locator(f"tr[data-trip='{trip}'] a.button").click()
    penalties = page.locator(".penalties")
    press(penalties, said()["appeal"])
    penalties.locator("textarea").fill("Xe hỏng lốp trong bãi, có biên bản của bãi.")
    press(penalties, said()["appeal_send"])
    expect(penalties).to_contain_text(said()["appeal_sent"])
    press(page, said()["tab_appeals"])
    expect(page.locator(".appeals li")).to_contain_text("Xe hỏng lốp")
    expect(page.locator(".appeals li")).to_contain_text(words("vi")["declare_appeal"]["open"])


def test_every_part_of_the_page_is_there_in_every_language(office: tuple[Desk, RunningApi]):
    desk, api = office
    trip = declared(api)
    page = opened(desk, size=PHONE)

    def look(*keys: str) -> None:
        for language in LANGUAGES:
            page.locator(f".languages [lang={language}]").click()
            assert_words(page, [said(language)[key] for key in keys])
            assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]

    look("new", "copy")
    page.locator(f"tr[data-trip='{trip}'] a.button").click()
    page.locator(".dues .owed").wait_for()
    look("stages", "group_papers", "total")
    page.locator("article .buttons button").first.click()
    page.locator(".edit").wait_for()
    look("keeps_loses", "group_way")
    tabs = page.locator("nav.views button")
    tabs.nth(1).click()
    look("tab_import", "import_file")
    tabs.nth(2).click()
    look("fair_use", "no_appeals")
    tabs.nth(0).click()
    page.locator(".above button.main").click()
    page.locator("button.send").click()
    look("send", "fault_missing", "group_goods")
