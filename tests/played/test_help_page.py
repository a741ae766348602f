"""The help of every screen, opened and left by keyboard alone."""

import re
from pathlib import Path

import pytest
from desk import Desk, words
from playwright.sync_api import Page, expect

HELP = Path(__file__).parents[2] / "data" / "help"


def topics(language: str, screen: str) -> list[str]:
    text = (HELP / language / f"{screen}.md").read_text(encoding="utf-8")
    return re.findall(r"^## \w+ (.+)$", text, re.MULTILINE)


def open_screen(desk: Desk, screen: str, language: str) -> Page:
    if screen == "console":
        return desk.console(language=language)
    page = desk.open({"driver": "/d"}.get(screen, f"/{screen}"), language=language)
    role = {"gate": "officer", "people": "administrator", "declare": "operator"}.get(
        screen, "planner"
    )
    if screen not in {"board", "driver"}:
        desk.sign_in(page, role)
    page.locator("button.help").wait_for()
    return page


@pytest.mark.parametrize(
    ("screen", "language"),
    [
        ("console", "vi"),
        ("gate", "zh"),
        ("agency", "vi"),
        ("planner", "en"),
        ("board", "vi"),
        ("people", "zh"),
        ("bulletin", "vi"),
        ("driver", "vi"),
        ("declare", "zh"),
    ],
)
def test_a_question_mark_explains_the_screen_and_escape_leads_back(
    desk: Desk, screen: str, language: str
):
    page = open_screen(desk, screen, language)
    page.locator("body").press("?")
    panel = page.get_by_role("dialog", name=words(language)["help"]["open"])
    expect(panel.get_by_role("heading", level=3)).to_have_text(topics(language, screen))
    assert not re.search(r"\[\[|\{\w+\}|undefined|`", panel.inner_text())
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(page.locator("button.help")).to_be_focused()


def test_help_is_searched_without_accents_and_closes_nothing_else(
    desk: Desk,
):
    page = desk.console(language="vi")
    page.locator("button[data-desk=alerts]").click()
    page.locator("button.help").press("Enter")
    panel = page.locator(".help-panel")
    panel.locator("section").first.wait_for()
    every = panel.locator("section").count()
    page.keyboard.type("mat ket noi")
    expect(panel.locator("section[data-topic=line]")).to_be_visible()
    expect(panel.locator("section")).not_to_have_count(every)
    panel.locator("nav button", has_text="Khi mất kết nối").press("Enter")
    expect(panel.locator("section[data-topic=line]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(page.locator("button[data-desk=alerts]")).to_have_attribute("aria-pressed", "true")
    # Who types a question mark into a field means one.
    page.locator("header input[type=search]").press("?")
    assert page.locator("header input[type=search]").input_value() == "?"
    assert page.locator(".help-panel").count() == 0


def test_the_officers_help_opens_without_a_network_where_it_is_needed(desk: Desk):
    page = open_screen(desk, "gate", "vi")
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.locator("button.help").click()
    expect(page.locator(".help-panel section[data-topic=line]")).to_be_visible()
