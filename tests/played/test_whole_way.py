"""Two trucks' whole way by the pages alone: declared once, past five agencies, over and back.

Every process of a deployment runs; trucks send positions as trackers do, whatever people do is
done and read on their pages, and domain time goes on as the system keeps up.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from border import after
from desk import Desk, words
from playwright.sync_api import Browser, Locator, Page, expect
from running import Running
from two_roles import of_processes

from flowctl.data_files import data_dir
from flowctl.demo import Cast, Stage, set_stage
from flowctl.posting import post_json
from flowctl.scenarios.scenario import load_scenario, scaled
from flowctl.server_process import free_port

pytestmark = pytest.mark.browser

SAID = words("en")
GATE, YARD = "tan_thanh", "yard_bao_nguyen"
FIRST, SECOND = "12C34567", "12C34568"
EVERY = timedelta(seconds=30)
"""How often trackers send."""
PATIENCE_S = 60.0
PERSONS = {
    "border_guard": "Vi Văn Tuấn",
    "officer": "Hoàng Văn Minh",
    "plant_quarantine": "Lương Thị Hoa",
    "health_quarantine": "Nông Thị Thu",
    "tax": "Bế Quang Huy",
}


@dataclass
class Journey:
    """A system with nobody on the roads but the trucks whose trackers a test moves."""

    stage: Stage
    desk: Desk
    minute: float = -65
    """Domain time, minutes after 08:00."""
    places: dict[str, str] = field(default_factory=dict)
    """In which zone a truck stands, by its tracker."""
    pages: dict[str, Page] = field(default_factory=dict)

    def go(self, minutes: float, *, step: timedelta = EVERY) -> None:
        """Let time pass while every tracker sends from where its truck stands."""
        system = self.stage.system
        until = self.minute + minutes
        while self.minute < until:
            self.minute = min(self.minute + step.total_seconds() / 60, until)
            now = after(self.minute)
            self.stage.clock.set(at=now, until=now)
            fixes = [
                {"device": device, "fixed_at": now.isoformat(), "lon": point.x, "lat": point.y}
                for device, zone in self.places.items()
                for point in [system.site.zone_by_id[zone].polygon.representative_point()]
            ]
            if fixes:
                answer = post_json(self.stage.player.client, "/v1/fixes", fixes, token=system.token)
                assert answer["accepted"] == len(fixes), answer
            deadline = time.monotonic() + PATIENCE_S
            while not self.stage.watch.keeps_up(now):
                assert time.monotonic() < deadline, f"Nothing went on at minute {self.minute}."
                time.sleep(0.01)

    def at(self, account: str, path: str = "/agency", where: str = "") -> Page:
        """Return somebody's page, signed in, opened once for each path."""
        key = f"{account} {path}"
        if key not in self.pages:
            page = self.desk.open(path, language="en", size=(1366, 900))
            self.desk.sign_in(page, account)
            self.pages[key] = page
            if path == "/agency":
                page.locator("header .views").wait_for()
        page = self.pages[key]
        if where:
            page.evaluate("where => { location.hash = where; }", where)
        return page

    def link(self, plate: str) -> str:
        """Return where a truck's driver reads of his trip, as an SMS told him."""
        running = Running(
            self.stage.system, self.stage.player, self.stage.watch, after(self.minute)
        )
        texts = [m["text"] for m in running.messages if plate in m["text"] and "/d/" in m["text"]]
        word = next(word for word in texts[-1].split() if "/d/" in word)
        return urlsplit(word).path.rstrip(".,")


@pytest.fixture
def journey(browser: Browser, state_dir: Path, postgres_url: str, valkey: str) -> Iterator[Journey]:
    scenario = scaled(load_scenario(data_dir() / "scenarios/2024-01-23.toml"), 0.01)
    with set_stage(
        state_dir / "whole-way",
        scenario,
        postgres_url=of_processes(postgres_url),
        owner_url=f"{postgres_url}/postgres",
        valkey_url=valkey,
        port=free_port(),
        speed=1.0,
        seed=1,
        cast=Cast(database="flowctl_whole_way"),
    ) as stage:
        accounts = {one.name: (one.name, one.password) for one in stage.system.accounts}
        desk = Desk(browser, stage.system.settings.public_url, accounts)
        made = Journey(stage, desk)
        made.go(1)
        yield made
        for context in browser.contexts:
            context.close()
        assert desk.wrong == []


def test_two_trucks_are_declared_pass_five_agencies_in_two_orders_cross_and_come_back(
    journey: Journey,
):
    first = the_first_is_declared_by_hand(journey)
    second = the_second_is_a_copy(journey)
    phone = a_driver_reads_his_slot(journey)
    both_come_to_the_yard_and_are_seen_there(journey, first, second)
    nobody_speaks_out_of_turn(journey, first)
    for account, stage in (
        ("border_guard", "border_guard"),
        ("officer", "customs_arrival"),
    ):
        confirm(journey, account, first, stage)
    confirm(journey, "officer", second, "customs_arrival")
    confirm(journey, "border_guard", second, "border_guard")
    the_yard_is_confirmed_by_satellite(journey, first, second)
    confirm(journey, "officer", first, "customs_in_yard")
    confirm(journey, "health_quarantine", first, "health_quarantine")
    confirm(journey, "plant_quarantine", first, "plant_quarantine")
    confirm(journey, "plant_quarantine", second, "plant_quarantine")
    confirm(journey, "health_quarantine", second, "health_quarantine")
    no_fee_is_taken_before_customs_has_set_the_class(journey, second)
    confirm(journey, "officer", second, "customs_in_yard")
    for trip, reference in ((first, "FT24023001"), (second, "FT24023002")):
        pay(journey, trip, reference)
    both_are_called_up(journey, phone)
    confirm(journey, "officer", first, "customs_out")
    confirm(journey, "border_guard", first, "border_guard_out")
    confirm(journey, "border_guard", second, "border_guard_out")
    one_is_not_cleared_yet(journey)
    confirm(journey, "officer", second, "customs_out")
    both_are_admitted_and_cross(journey, first, second)
    both_come_back_in_time(journey)
    all_of_it_is_on_one_screen(journey, first)


def the_first_is_declared_by_hand(journey: Journey) -> int:
    page = journey.at("haulier", "/declare")
    page.get_by_role("button", name=SAID["declare"]["new"], exact=True).click()
    choose(page, "direction", "export")
    choose(page, "load", "laden")
    choose(page, "cargo", "perishable")
    for name, text in (
        ("plate", "12C-345.67"),
        ("phone", "0912 345 678"),
        ("driver_name", "Trần Văn Bình"),
        ("goods", "Thanh long"),
        ("weight_t", "20,5"),
        ("keeps_h", "48"),
    ):
        entry(page, name).fill(text)
    entry(page, "goods_class").select_option("fresh_fruit")
    choose(page, "gate", GATE)
    page.locator("[name=consent]").check()
    return sent(page, "tracker-a", FIRST)


def the_second_is_a_copy(journey: Journey) -> int:
    page = journey.at("haulier", "/declare", "trips")
    page.locator("tr[data-trip]").get_by_role(
        "button", name=SAID["declare"]["copy"], exact=True
    ).click()
    entry(page, "plate").fill("12C-345.68")
    entry(page, "phone").fill("0912 345 679")
    return sent(page, "tracker-b", SECOND)


def sent(page: Page, tracker: str, plate: str) -> int:
    """Name a truck's tracker, send what was filled in, and return the trip it became."""
    if not entry(page, "device").is_visible():
        page.locator("details.more", has=entry(page, "device")).locator("summary").click()
    entry(page, "device").fill(tracker)
    page.locator("[data-ready=now]").click()
    page.locator("button.send").click()
    expect(page.locator(".trip h2")).to_have_text(plate)
    return int(page.url.rpartition("/")[2])


def entry(page: Page, name: str) -> Locator:
    return page.locator(f"#field-{name}")


def choose(page: Page, name: str, value: str) -> None:
    page.locator(f"label:has(input[name={name}][value={value}])").click()


def a_driver_reads_his_slot(journey: Journey) -> Page:
    journey.go(8)
    page = journey.desk.open(journey.link(FIRST), language="en", size=(390, 844))
    expect(page.locator(".slot .window")).to_be_visible()
    expect(page.locator("main .waits")).to_be_visible()
    return page


def both_come_to_the_yard_and_are_seen_there(journey: Journey, first: int, second: int) -> None:
    journey.places = {"tracker-a": "approach_tan_thanh", "tracker-b": "approach_tan_thanh"}
    journey.go(2)
    journey.places = dict.fromkeys(journey.places, YARD)
    journey.go(6)
    for trip in (first, second):
        said = stage(on_trip(journey, "border_guard", trip), "arrival")
        expect(said).to_have_attribute("data-state", "confirmed")
        expect(said.locator(".origin")).to_have_class("origin of-visit")


def nobody_speaks_out_of_turn(journey: Journey, trip: int) -> None:
    """Read on the page whose turn it is, and be refused where the page is not asked."""
    for account, name in (("health_quarantine", "health_quarantine"), ("officer", "customs_out")):
        page = on_trip(journey, account, trip)
        waiting = stage(page, name)
        expect(waiting).to_have_attribute("data-state", "waiting")
        expect(waiting.locator(".waits")).to_contain_text(SAID["desk"]["border_guard"])
        expect(waiting.locator("[data-act=confirmed]")).to_have_count(0)
        refused = page.request.post(
            f"{journey.desk.url}/v1/trips/{trip}/stages/{name}",
            data={"act": "confirmed"},
            headers={"X-Flowctl": "1"},
        )
        assert refused.status == 409, refused.text()


def confirm(journey: Journey, account: str, trip: int, name: str) -> None:
    """Confirm a stage from the agency's work list, settling what it settles as declared."""
    journey.go(0.5)
    page = journey.at(account, where="work")
    row = page.locator(f"tr[data-trip='{trip}'][data-stage='{name}']")
    row.get_by_role("button", name=SAID["agency"]["confirm"]).click()
    if name == "customs_in_yard":
        dialog = page.get_by_role("dialog")
        expect(dialog.locator("[name=goods_class]")).to_have_value("fresh_fruit")
        dialog.get_by_role("button", name=SAID["agency"]["do_confirmed"]).click()
    expect(row).to_have_count(0)


def on_trip(journey: Journey, account: str, trip: int) -> Page:
    return journey.at(account, where=f"trip={trip}")


def stage(page: Page, name: str) -> Locator:
    return page.locator(f".stages li[data-stage='{name}']")


def the_yard_is_confirmed_by_satellite(journey: Journey, first: int, second: int) -> None:
    journey.go(2)
    for trip in (first, second):
        said = stage(on_trip(journey, "operator", trip), "yard")
        expect(said).to_have_attribute("data-state", "confirmed")
        expect(said.locator(".origin")).to_have_class("origin of-visit")


def no_fee_is_taken_before_customs_has_set_the_class(journey: Journey, trip: int) -> None:
    page = on_trip(journey, "tax", trip)
    expect(stage(page, "fees")).to_have_attribute("data-state", "waiting")
    expect(stage(page, "fees").locator(".waits")).to_contain_text(SAID["desk"]["customs"])


def pay(journey: Journey, trip: int, reference: str) -> None:
    journey.go(0.5)
    page = on_trip(journey, "tax", trip)
    expect(stage(page, "fees")).to_have_attribute("data-state", "ready")
    form = page.locator("form.pay")
    form.locator("[name=method]").select_option("transfer")
    form.locator("[name=reference]").fill(reference)
    form.get_by_role("button").click()
    expect(page.locator(".money h2 [data-due]")).to_have_text(SAID["agency"]["all_paid"])
    expect(stage(page, "fees")).to_have_attribute("data-state", "confirmed")
    expect(stage(page, "fees").locator(".origin")).to_have_class("origin of-payment")
    with page.expect_popup() as opened:
        page.locator(".payment a").first.click()
    expect(opened.value.locator("body")).to_contain_text(reference)
    opened.value.close()


def both_are_called_up(journey: Journey, phone: Page) -> None:
    journey.go(60 - journey.minute, step=timedelta(minutes=2))
    expect(phone.locator("main.driver")).to_have_attribute("data-stage", "released")
    expect(phone.locator(".slot.go")).to_contain_text(SAID["driver"]["leave_now"])


def at_the_gate(journey: Journey, plate: str) -> Page:
    """Find a truck by its plate on the gate's tablet."""
    page = journey.at("officer", "/gate")
    page.locator(".heard").wait_for()
    page.locator("input[name=plate]").fill(plate)
    page.locator("input[name=plate]").press("Enter")
    expect(page.locator(".truck .plate")).to_have_text(plate)
    return page


def one_is_not_cleared_yet(journey: Journey) -> None:
    journey.at("officer", "/gate").locator(f"[data-gate={GATE}]").click()
    page = at_the_gate(journey, SECOND)
    expect(page.locator(".finding")).to_have_text(SAID["gate"]["is_uncleared"])
    customs = page.locator(".clearances [data-desk=customs] dd[data-state=ready]")
    expect(customs).to_have_count(1)
    page.locator("button.next").click()


def both_are_admitted_and_cross(journey: Journey, first: int, second: int) -> None:
    journey.places = dict.fromkeys(journey.places, "queue_tan_thanh")
    journey.go(5)
    page = journey.at("officer", "/gate")
    page.reload()
    for plate in (FIRST, SECOND):
        page = at_the_gate(journey, plate)
        expect(page.locator(".truck")).to_have_attribute("data-tone", "good")
        page.locator("button.admit").click()
        expect(page.locator(".done")).to_contain_text(plate)
    expect(page.locator(".waits")).to_have_count(0)
    confirm(journey, "border_guard", first, "driver_swapped")
    confirm(journey, "border_guard", second, "driver_swapped")
    # The trip ends, and its crossing is noted, a while after the truck has left the lanes.
    for zone, minutes in (("lane_tan_thanh", 12), ("beyond_tan_thanh", 20)):
        journey.places = dict.fromkeys(journey.places, zone)
        journey.go(minutes, step=timedelta(minutes=1))
    away = journey.at("operator", where="crossings").locator("table.crossings tr")
    expect(away).to_have_count(2)
    expect(away.first).to_contain_text("left, until 24/01/2024")


def both_come_back_in_time(journey: Journey) -> None:
    journey.places = {}
    journey.go(180, step=timedelta(minutes=10))
    journey.places = {"tracker-a": YARD, "tracker-b": YARD}
    journey.go(15)
    page = journey.at("operator", where="crossings")
    expect(page.locator(".nothing")).to_be_visible()
    page.get_by_role("button", name=SAID["agency"]["crossings_all"]).click()
    expect(page.locator("table.crossings tr")).to_have_count(2)
    for row in page.locator("table.crossings tr").all():
        expect(row).to_contain_text("back at 23/01/2024")


def all_of_it_is_on_one_screen(journey: Journey, trip: int) -> None:
    page = on_trip(journey, "operator", trip)
    past = page.locator(".past li")
    expect(stage(page, "returned")).to_have_attribute("data-state", "confirmed")
    expect(page.locator(".stages li:not([data-state=confirmed])")).to_have_count(0)
    told = SAID["agency"]
    back = told["stage_said"].format(stage="Returned", what=SAID["declare_act"]["confirmed"])
    for text in (*PERSONS.values(), told["went_over"].format(gate="Tân Thanh"), back):
        expect(past.filter(has_text=text).first).to_be_visible()
    for origin in ("hand", "visit", "payment"):
        expect(past.locator(f".origin.of-{origin}").first).to_be_visible()
