"""What a driver reads at first sight: where to go, his number and why, the map."""

import re

import pytest
from border import after
from cab import Cab
from desk import LANGUAGES, words
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_to_do_is_said_with_the_yard_and_the_gate_at_first_sight(cab: Cab, language: str):
    said = words(language)["driver"]
    names = [one.name[language] for one in (*cab.place.site.yards, *cab.place.site.gates)]
    waiting = cab.open(language=language)
    cab.trip = cab.place.trip(at=after(-10), device=None)
    for page, wanted in (
        (waiting, said["at_staged"]),
        (cab.open(language=language), said["at_registered"]),
    ):
        todo = page.locator(".state p")
        expect(todo).to_have_text(re.compile(re.sub(r"{\w+}", "(.+)", wanted)))
        expect(todo).to_be_in_viewport(ratio=1)
        assert len([name for name in names if name in todo.inner_text()]) == 2


def test_the_explanation_is_asked_anew_when_the_number_changes_and_says_the_same(cab: Cab):
    others = [cab.place.trip(at=after(-200)) for _ in range(2)]
    for trip in others:
        cab.place.tell(trip, after(60))
    page = cab.open()
    page.get_by_role("button", name=words("vi")["driver"]["why"]).click()
    expect(page.locator(".why")).to_contain_text("đứng thứ 3")
    expect(page.locator(".number strong")).to_have_text("3")
    cab.place.conn.execute(
        "update trips set state = 'cancelled', ended_at = %s where id = %s", [after(-1), others[0]]
    )
    expect(page.locator(".why")).to_contain_text("đứng thứ 2", timeout=20_000)
    expect(page.locator(".number strong")).to_have_text("2")


def test_the_yard_is_named_on_the_map_and_lies_above_the_truck_and_the_gate(cab: Cab):
    drawing = cab.open().locator(".way svg")
    expect(drawing.locator("text")).to_have_text("Bãi Bảo Nguyên")
    assert drawing.locator("rect, circle").evaluate_all(
        "marks => marks.map(one => one.getAttribute('class'))"
    ) == ["gate", "truck", "yard"]
