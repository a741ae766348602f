"""The operator's view of a road in space and time, in a real Chromium."""

import re

import pytest
from desk import Desk, assert_words, get_json, wait_until, words
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

SIZES = [("vi", (1366, 768)), ("zh", (390, 844)), ("en", (1920, 1080))]

COLOURS_DRAWN = """canvas => {
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const bright = new Set();
  for (let k = 0; k < data.length; k += 4)
    if (Math.max(data[k], data[k + 2]) > 180 && data[k + 3] > 200) bright.add(data[k] >> 5);
  return bright.size;
}"""
"""How many shades, amber to blue, are bright enough on a canvas to be lines of trucks."""

NEXT_PICTURE = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
INK_AT_THE_EDGE = """canvas => {
  const {data} = canvas.getContext('2d').getImageData(canvas.width - 2, 0, 2, canvas.height);
  return data.filter((value, k) => k % 4 === 3 && value > 0).length;
}"""
"""How many pixels are drawn in the last two columns of a canvas."""


def corridor(desk: Desk, language: str, size: tuple[int, int]) -> Page:
    """Open the view of roads in space and time."""
    page = desk.console(language=language, size=size)
    page.locator(".views button", has_text=words(language)["operator"]["view_corridor"]).click()
    page.locator(".corridor option").first.wait_for(state="attached")
    return page


@pytest.mark.parametrize(("language", "size"), SIZES)
def test_the_operator_sees_a_road_in_space_and_time(
    desk: Desk, language: str, size: tuple[int, int]
):
    page = corridor(desk, language, size)
    ways = get_json(page, desk, "/v1/corridors")
    expect(page.locator(".corridor option")).to_have_count(len(ways))
    page.locator(".corridor select").select_option("ha_noi_bao_nguyen")
    canvas = page.locator(".corridor canvas[data-way=ha_noi_bao_nguyen]")
    canvas.wait_for()
    assert int(canvas.get_attribute("data-lines") or 0) > 3
    wait_until(page, lambda: canvas.evaluate(COLOURS_DRAWN) > 3, "lines of several colours")
    assert_words(page, [words(language)["corridor"]["today"]])
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    # All trucks on the shared road are drawn; whose trip goes elsewhere is told apart.
    told = get_json(page, desk, "/v1/corridors/ha_noi_bao_nguyen/spacetime")
    assert 0 < told["elsewhere"] < told["seen"]
    sentence = words(language)["corridor"]["trucks_elsewhere"]
    pattern = re.escape(sentence).replace(r"\{n\}", r"\d+").replace(r"\{elsewhere\}", r"\d+")
    expect(page.locator(".corridor header b")).to_have_text(re.compile(f"^{pattern}$"))
    page.locator(".views button").first.click()
    expect(canvas).to_have_count(0)
    canvas = page.locator(".map canvas")
    expect(canvas).to_have_attribute("aria-label", words(language)["operator"]["map"])


@pytest.mark.parametrize(("language", "size"), SIZES)
def test_a_roads_picture_is_whole_and_its_figures_are_in_the_readers_language(
    desk: Desk, language: str, size: tuple[int, int]
):
    page = desk.console(language=language, size=size)
    # Until 09:00 sharp: the last time of day stands at the very edge.
    page.route(
        "**/spacetime?*",
        lambda route: route.continue_(
            url=route.request.url.partition("?")[0]
            + "?since=2024-01-22T23:00:00Z&until=2024-01-23T02:00:00Z"
        ),
    )
    page.locator(".views button").nth(1).click()
    canvas = page.locator(".corridor canvas")
    canvas.wait_for()
    wait_until(page, lambda: canvas.evaluate(COLOURS_DRAWN) > 1, "lines are drawn")
    assert canvas.evaluate(INK_AT_THE_EDGE) == 0, "the last time of day is cut off"
    found = page.locator(".corridor .found")
    box = canvas.bounding_box()
    assert box is not None
    for y in range(60, int(box["height"]) - 40, 6):
        page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + y)
        page.evaluate(NEXT_PICTURE)  # else a slow page says what lay under a point left long ago
        if found.count():
            break
    comma = "," if language == "vi" else r"\."
    expect(found).to_have_text(re.compile(rf"\d{comma}\d "))
    words_box = found.bounding_box()
    assert words_box is not None
    assert words_box["x"] >= 0
    assert words_box["x"] + words_box["width"] <= size[0]


@pytest.mark.parametrize(("language", "size"), SIZES[:1])
def test_the_operator_chooses_the_day_of_a_roads_picture(
    desk: Desk, language: str, size: tuple[int, int]
):
    page = corridor(desk, language, size)
    said = words(language)["corridor"]
    canvas = page.locator(".corridor canvas")
    canvas.wait_for()
    day = page.locator(".corridor input[type=date]")
    expect(day).to_have_value("2024-01-23")
    following = page.get_by_label(said["next_day"])
    expect(following).to_be_disabled()
    with page.expect_request("**/spacetime?*") as asked:
        page.get_by_label(said["previous_day"]).click()
    # The day before at the gate, seven hours ahead of UTC.
    assert "since=2024-01-21T17%3A00%3A00.000Z&until=2024-01-22T17%3A00" in asked.value.url
    expect(day).to_have_value("2024-01-22")
    expect(page.locator(".corridor .empty")).to_have_text(said["empty"])
    expect(canvas).to_have_count(0)
    with page.expect_request("**/spacetime?*") as asked:
        following.click()
    assert asked.value.url.endswith("?since=2024-01-22T17%3A00%3A00.000Z"), "today until now"
    canvas.wait_for()
    with page.expect_request("**/spacetime?*") as asked:
        day.fill("2024-01-20")
    assert "since=2024-01-19T17" in asked.value.url
    expect(page.locator(".corridor .day button")).to_contain_text("20")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
