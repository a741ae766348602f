"""What an officer sees of a truck at a gate, and decides without scrolling: agencies, gates."""

import pytest
from border import SITE, after
from desk import words
from gate_post import Post
from playwright.sync_api import Page, expect
from small_workflow import WORKFLOW

from flowctl.site_files import read_source
from flowctl.storage.workflows import add_workflow

pytestmark = pytest.mark.browser
SAID = words("vi")["gate"]


def open_truck(page: Page, plate: str = "12C00001") -> None:
    page.locator("input[name=plate]").fill(plate)
    page.locator("input[name=plate]").press("Enter")
    page.locator(".truck .clearances").wait_for()


@pytest.mark.parametrize(
    ("language", "width", "height"),
    [("vi", 1024, 768), ("zh", 360, 740), ("en", 390, 844)],
)
def test_what_each_agency_confirmed_is_shown_in_every_language_and_fits(
    post: Post, language: str, width: int, height: int
):
    with post.place.conn.transaction():
        text = read_source(SITE).workflow
        add_workflow(post.place.conn, post.place.site, text, by="the test", now=after(-400))
    post.truck()
    page = post.open(language=language, width=width, height=height)
    open_truck(page)
    desks, said = words(language)["desk"], words(language)["gate"]
    shown = page.locator(".clearances")
    expect(shown.locator("dt")).to_have_text(
        [desks[one] for one in ("yard", "border_guard", "customs", "health_quarantine", "tax")]
    )
    first = shown.locator("[data-desk=yard] dd").first
    expect(first).to_have_attribute("data-state", "ready")
    expect(first).to_contain_text(said["clearance_ready"])
    expect(page.locator(".finding")).to_have_text(said["is_uncleared"])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert_decided_at_sight(page)
    page.locator("button.next").click()
    post.place.conn.execute("update trip_stages set state = 'confirmed'")
    post.place.conn.execute("update trips set locked = '{}'")
    # What is shown first after a reload is the list that was kept.
    with page.expect_response(lambda answer: answer.url.endswith("/list") and answer.ok) as heard:
        page.reload()
    heard.value.finished()
    page.wait_for_timeout(500)
    open_truck(page)
    expect(page.locator(".finding")).to_have_text(said["is_due"])
    expect(shown.locator("summary")).to_contain_text(said["clearance_confirmed"])
    expect(shown.locator("dt").first).to_be_hidden()
    shown.locator("summary").click()
    expect(shown.locator("dt").first).to_be_visible()
    assert_decided_at_sight(page)


def assert_decided_at_sight(page: Page) -> None:
    """Verdict, plate and both buttons are on the screen, and nothing lies over them."""
    assert page.evaluate("scrollY") == 0
    for one in (".finding", ".plate", ".acts .admit", ".acts .refuse"):
        expect(page.locator(one)).to_be_in_viewport(ratio=1)
        page.locator(one).click(trial=True)


@pytest.mark.parametrize("size", [(1024, 768), (700, 900)])
def test_who_signed_in_before_is_told_and_no_button_is_covered(post: Post, size: tuple[int, int]):
    post.truck()
    post.open().context.close()
    page = post.open(width=size[0], height=size[1])
    expect(page.locator(".last-time")).to_be_visible()
    for button in page.locator("main button:visible").all():
        button.click(trial=True)
    page.locator(".other").click()
    for button in page.locator("main button:visible").all():
        button.click(trial=True)


def test_a_truck_of_another_gate_is_sent_on_with_gate_and_slot_also_offline(post: Post):
    trip = post.truck(starts=45, gate="huu_nghi")
    page = post.open()
    expect(page.locator(".heard")).to_contain_text(": 0 ")
    page.context.set_offline(True)
    page.locator("input[name=plate]").fill("0001")
    page.locator("input[name=plate]").press("Enter")
    expect(page.locator(".finding")).to_have_text(SAID["is_elsewhere"].format(gate="Hữu Nghị"))
    expect(page.locator(".truck")).to_have_attribute("data-tone", "bad")
    expect(page.locator(".plate")).to_have_text("12C00001")
    expect(page.locator("dd").nth(0)).to_have_text("08:45 – 09:00")
    expect(page.locator("button", has_text=SAID["late"])).to_have_count(0)
    page.locator(".admit button").click()
    page.locator(".admit button").click()
    page.locator("input[name=plate]").fill("12C00001")
    page.locator("input[name=plate]").press("Enter")
    expect(page.locator(".finding")).to_have_text("Đã cho vào lúc 08:00 (Lan)")
    page.context.set_offline(False)
    expect(page.locator(".waits")).to_have_count(0, timeout=20_000)
    assert post.place.conn.execute(
        "select trip_id, gate from gate_decisions where kind = 'admitted'"
    ).fetchall() == [(trip, "tan_thanh")]


def test_a_truck_that_is_not_cleared_is_admitted_by_a_second_press_that_is_kept_also_offline(
    post: Post,
):
    with post.place.conn.transaction():
        add_workflow(post.place.conn, post.place.site, WORKFLOW, by="the test", now=after(-400))
    post.truck()
    page = post.open()
    page.context.set_offline(True)
    open_truck(page)
    expect(page.locator(".finding")).to_have_text(SAID["is_uncleared"])
    page.locator(".admit button").click()
    expect(page.locator(".admit button")).to_have_text(SAID["sure"])
    expect(page.locator(".waits")).to_have_count(0)
    page.locator(".admit button").click()
    expect(page.locator(".waits")).to_have_text(SAID["waiting_one"])
    page.context.set_offline(False)
    expect(page.locator(".waits")).to_have_count(0, timeout=20_000)
    rows = post.place.conn.execute(
        "select details from ledger where kind = 'admitted' order by seq"
    ).fetchall()
    assert rows == [({"uncleared": 1},)]
