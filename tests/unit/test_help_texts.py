"""The help of every screen: the same topics in three languages, and buttons that are there."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HELP = ROOT / "data" / "help"
LANGUAGES = ("vi", "zh", "en")
TOPIC = re.compile(r"^## (\w+) .+$", re.MULTILINE)
NAMED = re.compile(r"\[\[([\w.]+)\]\]")
KEY = re.compile(r"`([^`]+)`")


def screens() -> list[str]:
    """Return the screens of the pages, as the pages name them."""
    source = (ROOT / "api/web/src/parts/help_texts.ts").read_text(encoding="utf-8")
    found = re.search(r"SCREENS = \[(.*?)\]", source, re.DOTALL)
    assert found is not None
    return re.findall(r'"(\w+)"', found[1])


def text(language: str, screen: str) -> str:
    return (HELP / language / f"{screen}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("screen", screens())
def test_a_screen_is_explained_in_every_language_alike(screen: str):
    said = {language: text(language, screen) for language in LANGUAGES}
    for found in (TOPIC, NAMED, KEY):
        assert len({tuple(sorted(found.findall(one))) for one in said.values()}) == 1, found
    topics = TOPIC.findall(said["en"])
    assert len(topics) == len(set(topics)) >= 6
    assert {"see", "keys" if screen != "driver" else "call"} <= set(topics)
    for topic in re.split(TOPIC, said["zh"])[2::2]:
        assert topic.strip(), "a topic says nothing"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_topic_says_to_press_stands_on_a_button(language: str):
    path = ROOT / "data" / "messages" / f"{language}.json"
    page = json.loads(path.read_text(encoding="utf-8"))["page"]
    for screen in screens():
        for name in NAMED.findall(text(language, screen)):
            section, _, word = name.partition(".")
            assert isinstance(page[section][word], str), f"{screen}: {name}"
            assert len(page[section][word]) < 60, f"{screen}: {name} is a sentence, no button"


def test_every_page_has_the_way_into_its_help():
    pages = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "api/web/src").rglob("*.tsx")
    )
    assert [screen for screen in screens() if f'<Help screen="{screen}"' not in pages] == []
