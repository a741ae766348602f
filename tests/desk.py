"""Pages in browsers, for the tests of what people see."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

ROOT = Path(__file__).parents[1]
LANGUAGES = ("vi", "zh", "en")
"""A page is shown in all three by one test at least; a long way through it is gone in one or two,
for the catalogues are held to the same words elsewhere, and browsers take half of all tests' time.
"""
PATIENCE_MS = 60_000

AXE = ROOT / "api" / "web" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = Path("/usr/bin/chromium")
SWITCHES = [
    "--no-sandbox",  # the tests run as root in a container
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    # No machine of the tests has a GPU: a page drawn by one that is played takes six times as long.
    "--disable-gpu-rasterization",
    "--disable-gpu-compositing",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


def words(language: str) -> dict[str, dict[str, str]]:
    text = (ROOT / "data" / "messages" / f"{language}.json").read_text(encoding="utf-8")
    page: dict[str, dict[str, str]] = json.loads(text)["page"]
    return page


@dataclass
class Desk:
    """Opens pages in browsers of their own, and remembers what went wrong inside them."""

    browser: Browser
    url: str
    accounts: dict[str, tuple[str, str]]
    wrong: list[str] = field(default_factory=list)

    def open(
        self,
        path: str,
        *,
        size: tuple[int, int] = (1440, 900),
        language: str = "vi",
        timezone: str | None = None,
    ) -> Page:
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, timezone_id=timezone
        )
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda message: self.hear(message.text))
        page.goto(f"{self.url}{path}?lang={language}")
        return page

    def hear(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.wrong.append(text)

    def sign_in(self, page: Page, role: str) -> None:
        name, password = self.accounts[role]
        page.locator("input[name=account]").fill(name)
        page.locator("input[name=password]").fill(password)
        page.locator("input[name=password]").press("Enter")

    def console(self, **how: Any) -> Page:  # noqa: ANN401 - passed on to ``open``
        page = self.open("/", **how)
        self.sign_in(page, "operator")
        page.locator(".map canvas").wait_for()
        return page


def drawn(page: Page) -> dict[str, int]:
    """Ask the map what it has really drawn, features by layer."""
    page.locator(".map").evaluate("box => box.dispatchEvent(new Event('flowctl:count'))")
    counts: dict[str, int] = json.loads(page.locator(".map").get_attribute("data-drawn") or "{}")
    return counts


def open_drawer(page: Page, plate: str) -> Locator:
    """Find a truck on the console by its plate; returns what may be done with it."""
    page.locator(".search input").fill(plate)
    page.locator(".search li", has_text=plate).first.wait_for()
    page.locator(".search input").press("Enter")
    acts = page.locator(".truck-acts")
    acts.locator(".buttons").wait_for()
    return acts


def wait_until(page: Page, met: Callable[[], bool], what: str) -> None:
    for _ in range(PATIENCE_MS // 500):
        if met():
            return
        page.wait_for_timeout(500)
    pytest.fail(f"Waited {PATIENCE_MS // 1000} s in vain until {what}.")


def get_json(page: Page, desk: Desk, path: str) -> Any:  # noqa: ANN401 - JSON of any shape
    answer = page.request.get(f"{desk.url}{path}")
    assert answer.ok, answer.text()
    return answer.json()


def find_serious(page: Page) -> list[str]:
    """Ask axe what on a page shuts somebody out; its context must bypass the security policy."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: scripts/with_node npm ci --prefix api/web")
    page.add_script_tag(path=AXE)
    found: list[str] = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(said => said.violations"
        ".filter(one => ['serious', 'critical'].includes(one.impact))"
        ".map(one => `${one.id}: ${one.nodes.slice(0, 4).map(node => node.html.slice(0, 120)"
        " + ' ' + (node.any[0]?.message ?? '')).join(' | ')}`))"
    )
    return found


def assert_words(page: Page, shown: list[str]) -> None:
    shell = page.locator("#page")
    for word in shown:
        expect(shell).to_contain_text(word, use_inner_text=True)
    text = shell.inner_text()
    assert not re.search(r"\{\w+\}|undefined|NaN|\[object|Invalid Date", text), text
