"""The gate officer's page in Chromium, whose camera sees what a test draws."""

import io
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import numpy as np
import pytest
from border import KEYS, after
from desk import words
from gate_post import Post, film
from PIL import Image
from playwright.sync_api import expect
from pydantic import SecretStr

from flowctl.registry.keys import derive_keys
from flowctl.registry.passes import sign_pass
from flowctl.storage.outbox import queue_message

pytestmark = pytest.mark.browser
SAID = words("vi")["gate"]


def test_a_scanned_pass_shows_slot_and_order_and_the_truck_is_admitted_by_name(post: Post):
    trip = post.truck()
    post.truck(starts=30)
    page = post.open()
    post.scan(page, sign_pass(KEYS, post.pass_of(trip)))
    truck = page.locator(".truck")
    expect(truck).to_have_attribute("data-tone", "good")
    expect(truck.locator(".finding")).to_have_text(SAID["is_due"])
    expect(truck.locator(".plate")).to_have_text("12C00001")
    expect(truck.locator("dd").nth(0)).to_have_text("08:00 – 08:15")
    page.locator("button.admit").click()
    expect(page.locator(".done")).to_have_text("12C00001: đã ghi cho vào")
    expect(page.locator(".waits")).to_have_count(0)
    assert post.decisions() == [("admitted", None, "Lan")]
    post.scan(page, sign_pass(KEYS, post.pass_of(trip)))
    expect(page.locator(".finding")).to_have_text("Đã cho vào lúc 08:00 (Lan)")
    expect(page.locator(".truck")).to_have_attribute("data-tone", "bad")


def test_a_driver_registers_accepts_is_called_and_passes_by_what_his_phone_shows(post: Post):
    trip = post.place.trip(at=after(-300), device=None)
    link = next(word for word in post.sms("registered").split() if "/d/" in word)
    post.place.tell(trip, after(15))
    phone = post.browser.new_context(viewport={"width": 360, "height": 740}).new_page()
    phone.goto(post.url + urlsplit(link).path.rstrip("."))
    phone.get_by_role("button", name=words("vi")["driver"]["accept"]).click()
    expect(phone.locator(".slot .answered")).to_be_visible()
    queue_message(
        post.place.conn,
        site="lang_son",
        trip_id=trip,
        kind="call_up",
        params={"gate": "tan_thanh", "yard": "yard_bao_nguyen", "code": "K7Q2M9XA"},
        now=post.clock.at,
        expires_at=None,
    )
    post.place.release(trip, 0, until=60)
    assert "12C00001" in post.sms("call_up")
    phone.reload()
    phone.locator(".show-pass").click()
    shown = phone.locator(".sheet.pass .qr").screenshot()
    page = post.open()
    film(np.asarray(Image.open(io.BytesIO(shown)).convert("L").resize((420, 420))), post.camera)
    page.locator("button.scan").click()
    expect(page.locator(".finding")).to_have_text(SAID["is_called"])
    expect(page.locator(".plate")).to_have_text("12C00001")
    page.locator("button.admit").click()
    expect(page.locator(".waits")).to_have_count(0)
    rows = post.place.conn.execute(
        "select kind, reason, actor from ledger where actor in ('driver', 'Lan') order by seq"
    ).fetchall()
    assert rows == [("changed", "accepted", "driver"), ("admitted", None, "Lan")]


def test_without_a_network_passes_are_checked_and_decisions_sent_once_also_after_a_reload(
    post: Post,
):
    first, second = post.truck(), post.truck()
    page = post.open()
    page.context.set_offline(True)
    post.scan(page, sign_pass(KEYS, post.pass_of(first)))
    page.locator("button.admit").click()
    expect(page.locator(".offline")).to_be_visible()
    expect(page.locator(".waits")).to_have_text("1 quyết định chờ gửi")
    post.scan(page, sign_pass(KEYS, post.pass_of(first)))
    expect(page.locator(".finding")).to_have_text("Đã cho vào lúc 08:00 (Lan)")
    page.locator("button.next").click()
    page.locator("input[name=plate]").fill("12c-000.02")
    page.locator("input[name=plate]").press("Enter")
    expect(page.locator(".plate")).to_have_text("12C00002")
    page.locator("button.refuse").click()
    page.locator("[data-reason=papers]").click()
    expect(page.locator(".waits")).to_have_text("2 quyết định chờ gửi")
    assert post.decisions() == []
    page.wait_for_function("caches.match('/gate').then(Boolean)")
    page.reload()
    expect(page.locator(".waits")).to_have_text("2 quyết định chờ gửi")
    post.scan(page, sign_pass(KEYS, post.pass_of(first)))
    expect(page.locator(".finding")).to_have_text("Đã cho vào lúc 08:00 (Lan)")
    page.context.set_offline(False)
    expect(page.locator(".waits")).to_have_count(0, timeout=20_000)
    expect(page.locator(".offline")).to_have_count(0)
    assert post.decisions() == [("admitted", None, "Lan"), ("refused", "papers", "Lan")]
    assert second != first


def test_what_cannot_be_believed_is_told_and_not_let_in(post: Post):
    trip = post.truck()
    genuine = post.pass_of(trip)
    stranger = derive_keys(SecretStr("another secret of forty letters or so!!!"))
    page = post.open()
    for text, finding in (
        (sign_pass(stranger, genuine), SAID["is_forged"]),
        (sign_pass(KEYS, replace(genuine, site="mong_cai")), "Mã của nơi khác: mong_cai"),
        ("https://example.org/menu", SAID["is_no_pass"]),
    ):
        post.scan(page, text)
        expect(page.locator(".finding")).to_have_text(finding)
        expect(page.locator(".admit")).to_have_count(0)
        page.locator("button.next").click()
    assert post.decisions() == []


def test_what_is_out_of_order_is_told_and_admitted_by_a_second_press_only(post: Post):
    due, ended, other, cancelled = post.truck(), post.truck(), post.truck(), post.truck()
    texts = {trip: post.pass_of(trip) for trip in (due, ended, other, cancelled)}
    early, late = post.truck(starts=180), post.truck(starts=-180)
    past = replace(texts[ended], expires_at=post.clock.at - timedelta(minutes=5))
    post.place.conn.execute("update slots set gate = 'huu_nghi' where trip_id = %s", [other])
    post.place.conn.execute(
        "update trips set state = 'cancelled', ended_at = %s where id = %s",
        [after(-10), cancelled],
    )
    page = post.open()
    at_other = replace(texts[other], gate="huu_nghi")
    for text, finding in (
        (past, "Mã hết hạn lúc 07:55"),
        (at_other, SAID["is_elsewhere"].format(gate="Hữu Nghị")),
        (replace(at_other, trip_id=99), SAID["is_wrong_gate"].format(gate="Hữu Nghị")),
        (texts[cancelled], SAID["is_cancelled"]),
    ):
        post.scan(page, sign_pass(KEYS, text))
        expect(page.locator(".finding")).to_have_text(finding)
        page.locator("button.next").click()
    for trip, finding in ((early, "is_early"), (late, "is_late")):
        page.locator("input[name=plate]").fill(f"12C{trip:05d}")
        page.locator("input[name=plate]").press("Enter")
        expect(page.locator(".finding")).to_have_text(SAID[finding])
        if trip == early:
            page.locator("button.next").click()
    page.locator("button", has_text=SAID["late"]).click()
    expect(page.locator(".done")).to_contain_text("12C00006")
    expect(page.locator(".waits")).to_have_count(0)
    page.locator("input[name=plate]").fill("51D-99999")
    page.locator("input[name=plate]").press("Enter")
    expect(page.locator(".finding")).to_have_text(SAID["is_unknown"])
    page.locator(".admit button").click()
    assert post.decisions() == [("came_late", None, "Lan")]
    page.locator(".admit button").click()
    expect(page.locator(".done")).to_contain_text("51D99999")
    expect(page.locator(".waits")).to_have_count(0)
    assert post.decisions()[-1] == ("admitted", None, "Lan")


def test_a_plates_end_or_a_pasted_pass_finds_a_truck_and_what_is_no_plate_is_refused(post: Post):
    trip = post.truck(starts=20 * 60)
    page = post.open()

    def enter(text: str) -> None:
        page.locator("input[name=plate]").fill(text)
        page.locator("input[name=plate]").press("Enter")

    enter("???")
    expect(page.locator(".by-plate .refusal")).to_have_text(SAID["no_plate"])
    expect(page.locator(".truck")).to_have_count(0)
    enter("0000.1")
    expect(page.locator(".plate")).to_have_text("12C00001")
    expect(page.locator("dd").nth(0)).to_have_text("24/01 04:00 – 04:15")
    page.locator("button", has_text=SAID["early"]).click()
    expect(page.locator(".waits")).to_have_count(0)
    enter(sign_pass(KEYS, post.pass_of(trip)))
    expect(page.locator(".plate")).to_have_text("12C00001")
    page.locator("button.next").click()


def test_without_a_camera_the_plate_is_asked_for(post: Post):
    page = post.open()
    page.evaluate(
        "() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('none')) }"
    )
    page.locator("button.scan").click()
    expect(page.locator(".scanner .refusal")).to_have_text(SAID["no_camera"])


@pytest.mark.parametrize(
    ("language", "width", "height"),
    [("vi", 360, 740), ("zh", 1024, 768), ("en", 360, 740)],
)
def test_the_page_speaks_every_language_and_fits_its_screen(
    post: Post, language: str, width: int, height: int
):
    post.truck()
    page = post.open(language=language, width=width, height=height)
    page.locator("input[name=plate]").fill("12C00001")
    page.locator("input[name=plate]").press("Enter")
    said = words(language)["gate"]
    expect(page.locator(".finding")).to_have_text(said["is_due"])
    expect(page.locator("button.admit")).to_have_text(said["admit"])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("button.refuse").click()
    expect(page.locator(".reasons button")).to_have_count(9)
