"""The order on paper as a real Chromium prints it: A4, page by page, nothing from outside."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Browser

from flowctl.ledger.chain import Head, genesis
from flowctl.paper.order import order_of, sign_order
from flowctl.paper.sheet import sheet
from flowctl.site_files import load_site
from flowctl.state import Cargo, LiveTrip, Slot, Snapshot

pytestmark = pytest.mark.browser

SITE = load_site(Path(__file__).parents[2] / "data" / "sites" / "lang_son")
NOON = datetime(2024, 1, 23, 12, 0, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
A4_WIDTH_PX = round(279 / 25.4 * 96)
"""What is left of a landscape page between its margins."""


def truck(number: int) -> LiveTrip:
    arrived = NOON - timedelta(minutes=400 - number)
    return LiveTrip(
        id=number,
        gates=("tan_thanh",),
        cargo=Cargo.NORMAL,
        registered_at=arrived,
        ready_at=arrived,
        arrived_at=arrived,
        yard="yard_bao_nguyen",
        told=Slot("tan_thanh", NOON + timedelta(minutes=15 * (number // 4))),
        convoy="DOAN-HOA-QUA-BAC-GIANG" if number % 9 == 0 else None,
        standby=number % 7 == 0,
        priority=number % 3,
        locked=("release",) if number % 4 == 0 else (),
    )


@pytest.mark.parametrize("yard", [None, "yard_bao_nguyen"])
def test_sixty_trucks_fit_onto_few_pages_of_a4(browser: Browser, tmp_path: Path, yard: str | None):
    trips = tuple(truck(number) for number in range(1, 61))
    order = order_of(
        Snapshot(SITE, NOON, trips, ()),
        "tan_thanh",
        {trip.id: f"12C{trip.id:05d}" if trip.id % 5 else f"桂F{trip.id:05d}" for trip in trips},
        head=Head("lang_son", 123_456, genesis("lang_son"), NOON),
        n_target=23.4,
    )
    file = tmp_path / "sheet.html"
    signed = sign_order(order, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    file.write_text(sheet(signed, yard), encoding="utf-8")
    page = browser.new_page(viewport={"width": A4_WIDTH_PX, "height": 700})
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: wrong.append(said.text))
    page.goto(file.as_uri())
    page.emulate_media(media="print")
    assert asked == [file.as_uri()]
    assert page.locator("tbody tr").count() == 60
    assert page.evaluate("document.documentElement.scrollWidth") <= A4_WIDTH_PX
    heads = page.evaluate("getComputedStyle(document.querySelector('thead')).display")
    assert heads == "table-header-group"
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) in (3, 4)
    sizes = {float(width) for width in re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+)", printed)}
    assert {round(width) for width in sizes} == {842}  # points: A4 on its side
    page.close()
    assert wrong == []
