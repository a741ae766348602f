"""Zones drawn on the console's map, for tests of what is drawn there."""

from desk import Desk, get_json, wait_until, words
from playwright.sync_api import Page

YARD = "yard_bao_nguyen"
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
    begin_draft(page, language)
    return page


def begin_draft(page: Page, language: str) -> None:
    """Go from the console's map to a new draft of its zones, and choose the yard."""
    page.locator(".views button", has_text=words(language)["operator"]["view_zones"]).click()
    page.locator(".zones-overview button.main").click()
    page.locator(f".zones-side [data-zone={YARD}]").focus()
    page.keyboard.press("Enter")
    page.locator(f"[data-form={YARD}]").wait_for()


def easternmost(page: Page, desk: Desk) -> tuple[float, float]:
    """Return the corner of the drafted yard that lies furthest to the east."""
    [draft] = get_json(page, desk, "/v1/zone-drafts")
    features = get_json(page, desk, f"/v1/zone-drafts/{draft['id']}")["features"]
    [ring] = next(f for f in features if f["properties"]["id"] == YARD)["geometry"]["coordinates"]
    lon, lat = max(ring)
    return lon, lat


def drag(page: Page, corner: tuple[float, float], by_px: float) -> None:
    """Pull a corner to the east, once the map has come to rest below it."""
    was: object = None

    def rests() -> bool:
        nonlocal was
        before, was = was, page.evaluate(PLACE, corner)
        return before == was

    wait_until(page, rests, "the map rests")
    x, y = page.evaluate(PLACE, corner)
    page.mouse.move(x, y)
    page.wait_for_timeout(300)
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
