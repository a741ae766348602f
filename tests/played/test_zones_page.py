"""Zones drawn on a real map, tried on the morning that was played, and published."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from desk import Desk, assert_words, wait_until, words
from playwright.sync_api import expect
from running import Running
from zone_drawing import YARD, drag, easternmost, open_editor, saved

pytestmark = pytest.mark.browser

PULLED_PX, ACROSS_PX = 190, -720


def stands(running: Running, place: tuple[float, float]) -> None:
    """Let a truck come from the south and stand at a place for the last minutes."""
    lon, lat = place
    ways = [(lat - 0.2, 12)] + [(lat, minutes) for minutes in (9, 8, 7, 6, 5, 4)]
    fixes = [
        {
            "device": "comes-to-the-new-part",
            "fixed_at": (running.now - timedelta(minutes=minutes)).isoformat(),
            "lon": lon,
            "lat": at,
        }
        for at, minutes in ways
    ]
    answer = httpx.post(
        f"{running.url}/v1/fixes",
        json=fixes,
        headers={"Authorization": f"Bearer {running.system.token}"},
    )
    assert answer.json()["accepted"] == len(fixes), answer.text


def arrivals(running: Running) -> list[Any]:
    return running.watch.conn.execute(
        "select zone from visits v join devices d on d.id = v.device_id"
        " where uid = 'comes-to-the-new-part' and not seen_inside"
    ).fetchall()


def test_a_zone_is_pulled_tried_and_published_and_trucks_arrive_there(
    desk: Desk, running_system: Running
):
    page = open_editor(desk, "vi", (1440, 900))
    said = words("vi")
    corner = easternmost(page, desk)
    drag(page, corner, ACROSS_PX)
    expect(page.locator(".zones-check [data-fault=geometry]").first).to_contain_text(
        said["zone_fault"]["crosses"]
    )
    expect(page.locator(".zones-publish button.main")).to_be_disabled()
    page.locator(".zones-map canvas").first.focus()
    page.keyboard.press("Control+z")
    expect(page.locator(".zones-check .sound")).to_have_text(said["zone_editor"]["sound"])
    drag(page, corner, PULLED_PX)
    saved(page, desk, 0)
    apex = easternmost(page, desk)
    assert apex[0] > corner[0] + 0.0005

    page.locator("select[name=day]").select_option(index=0)
    page.locator("button[name=try]").click()
    expect(page.locator(f".outcome [data-zone={YARD}]")).to_be_visible()
    assert int(page.locator(".outcome").get_attribute("data-near") or 0) > 0

    page.locator("input[name=why]").fill("<b>bãi mở rộng</b>")
    page.locator("input[name=start]").nth(1).check()
    page.locator(".moment input").fill("08:30")
    page.locator("input[name=backdated]").check()
    page.locator(".zones-publish button.main").click()
    expect(page.locator(".zones-overview .done")).to_contain_text("08:30")
    expect(page.locator(".versions li.present")).to_contain_text("Nguyễn Thị Lan")
    assert_words(page, ["<b>bãi mở rộng</b>", said["zone_editor"]["bring_back"]])

    place = corner[0] + 0.4 * (apex[0] - corner[0]), apex[1]
    stands(running_system, place)
    wait_until(page, lambda: arrivals(running_system) == [(YARD,)], "the truck has arrived")


@pytest.mark.parametrize("language", ["zh"])
def test_a_zone_is_moved_by_keys_alone_and_the_draft_thrown_away(desk: Desk, language: str):
    page = open_editor(desk, language, (1024, 768))
    said = words(language)["zone_editor"]
    page.locator(".move button").first.focus()
    page.keyboard.press("ArrowUp")
    saved(page, desk, 0)
    expect(page.locator(".zones-check")).to_contain_text(said["changes"].replace("{n}", "1"))
    page.locator("input[name=capacity]").fill("-1")
    expect(page.locator(".zones-check [data-fault=capacity]")).to_be_visible()
    assert page.evaluate(
        "() => { const side = document.querySelector('.zones-side');"
        " return side.scrollWidth <= side.clientWidth; }"
    )
    discard = page.locator(".zones-publish button", has_text=said["discard"])
    discard.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator(".zones-overview")).to_contain_text(said["nobody"])
