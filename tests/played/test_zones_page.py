"""Zones drawn on a real map, tried on the morning that was played, and published."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from desk import Desk, assert_words, get_json, wait_until, words
from playwright.sync_api import Page, expect
from running import Running

pytestmark = pytest.mark.browser

YARD = "yard_bao_nguyen"
PULLED_PX, ACROSS_PX = 190, -720
PLACE = """([lon, lat]) => {
  const box = document.querySelector('.zones-map .map');
  const {left, top} = box.getBoundingClientRect();
  const {x, y} = box.editorMap.pixel([lon, lat]);
  return [left + x, top + y];
}"""
"""Where on the screen the map has a place."""


def open_editor(desk: Desk, language: str, size: tuple[int, int]) -> Page:
    """Open the zones, begin a draft, and choose the yard."""
    page = desk.console(language=language, size=size)
    page.locator(".views button", has_text=words(language)["operator"]["view_zones"]).click()
    page.locator(".zones-overview button.main").click()
    page.locator(f".zones-side [data-zone={YARD}]").focus()
    page.keyboard.press("Enter")
    page.locator(f"[data-form={YARD}]").wait_for()
    return page


def easternmost(page: Page, desk: Desk) -> tuple[float, float]:
    """Return the corner of the drafted yard that lies furthest to the east."""
    [draft] = get_json(page, desk, "/v1/zone-drafts")
    features = get_json(page, desk, f"/v1/zone-drafts/{draft['id']}")["features"]
    [ring] = next(f for f in features if f["properties"]["id"] == YARD)["geometry"]["coordinates"]
    lon, lat = max(ring)
    return lon, lat


def drag(page: Page, corner: tuple[float, float], by_px: float) -> None:
    x, y = page.evaluate(PLACE, corner)
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 9):
        page.mouse.move(x + by_px * step / 8, y)
    page.mouse.up()


def saved(page: Page, desk: Desk, faults: int) -> None:
    """Wait until the draft was checked and has so many faults."""

    def said() -> bool:
        [line] = get_json(page, desk, "/v1/zone-drafts")
        draft = get_json(page, desk, f"/v1/zone-drafts/{line['id']}")
        return len(draft["faults"]) == faults and draft["changed"] == [YARD]

    wait_until(page, said, f"the draft has {faults} faults")


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
    expect(page.locator(".versions li.present")).to_contain_text("operator")
    assert_words(page, ["<b>bãi mở rộng</b>", said["zone_editor"]["bring_back"]])

    place = corner[0] + 0.4 * (apex[0] - corner[0]), apex[1]
    stands(running_system, place)
    wait_until(page, lambda: arrivals(running_system) == [(YARD,)], "the truck has arrived")


@pytest.mark.parametrize("language", ["zh", "en"])
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
