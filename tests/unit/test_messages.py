"""The one catalogue of words: complete, alike in every language, and short enough for a text."""

import json
import string
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from builders import MESSAGE_KINDS

from flowctl.registry.requests import Obstacle

MESSAGES = Path(__file__).parents[2] / "data" / "messages"
LANGUAGES = ("vi", "zh", "en")
REASONS = ("eta", "capacity", "closure", "reopened", "earlier", "later", "swapped", "extension")
PLACEHOLDERS = {
    "plate",
    "gate",
    "date",
    "start",
    "end",
    "yard",
    "link",
    "reason",
    "code",
    "offence",
} | {"minutes", "until", "n", "why", "plates", "other"}
ONLY_CHINESE = {"other"}
"""When a slot begins on the other side matters to those who live by its clocks."""

BUDGET = {"vi": 160, "en": 160, "zh": 2 * 67}
"""Letters: one text of GSM-7, or two of UCS-2. No kind may take more.

A part of a long UCS-2 text holds 67 letters: 3 of its 70 join the parts (3GPP TS 23.040).
"""

GSM7 = set(string.ascii_letters + string.digits + " \r\n@$_!\"#%&'()*+,-./:;<=>?")
"""The part of the GSM 03.38 basic alphabet that is also ASCII; each counts as one."""

# The longest real values: a plate of 12, a gate with its freight road, an address of 40 letters
# with "/d/" and a code of 14.
LONGEST_EVERYWHERE = {
    "plate": "29H-12345.67",
    "date": "23/01",
    "start": "17:45",
    "end": "18:00",
    "link": "https://xe.cuakhau.langson.sample.gov.vn/d/0123456789abcd",
    "code": "K7Q2M9XA",
    "minutes": "10080",
    "until": "17:45 23/12",
    "n": "1234",
    "plates": "29H1234567, 29H1234568, 29H1234569, ...",
    "other": "(北京时间18:45)",
}
LONGEST_GATE = {"vi": "Huu Nghi (1119-1120)", "en": "Huu Nghi (1119-1120)", "zh": "友谊关货运专线"}


def catalogue(language: str) -> dict[str, object]:
    text = (MESSAGES / f"{language}.json").read_text(encoding="utf-8")
    loaded: dict[str, object] = json.loads(text)
    return loaded


def leaves(node: object, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from leaves(value, f"{path}.{key}" if path else str(key))
    else:
        assert isinstance(node, str), f"{path} is not a text"
        yield path, node


def texts(language: str) -> dict[str, str]:
    return dict(leaves(catalogue(language)))


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def longest(language: str, kind: str) -> str:
    words = texts(language)

    def worst(group: str) -> str:
        return max((t for key, t in words.items() if key.startswith(f"sms.{group}.")), key=len)

    gate = max(worst("gate"), LONGEST_GATE[language], key=len)
    named = {name: worst(name) for name in ("yard", "reason", "offence")}
    values = LONGEST_EVERYWHERE | {"gate": gate, "why": worst("refused")} | named
    if language == "zh":
        values |= {"date": "12月23日", "until": "17:45 12月23日"}
    return words[f"sms.{kind}"].format_map(values)


def test_the_longest_values_are_as_long_as_real_ones_get():
    assert len(LONGEST_EVERYWHERE["plate"]) == 12
    assert len(LONGEST_EVERYWHERE["link"]) == 40 + 3 + 14


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_words(language: str):
    assert texts(language).keys() == texts("en").keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_or_has_stray_spaces(language: str):
    wrong = [key for key, text in texts(language).items() if not text or text != text.strip()]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_names_the_same_placeholders(language: str):
    english = texts("en")
    differing = {
        key: (placeholders(text), placeholders(english[key]))
        for key, text in texts(language).items()
        if placeholders(text) - ONLY_CHINESE != placeholders(english[key])
        or (language != "zh" and placeholders(text) & ONLY_CHINESE)
    }
    assert differing == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_message_and_every_reason_has_a_text(language: str):
    words = texts(language)
    for kind in MESSAGE_KINDS:
        assert placeholders(words[f"sms.{kind}"]) <= PLACEHOLDERS
        assert placeholders(words[f"page.message.{kind}"]) == placeholders(words[f"sms.{kind}"])
        assert words[f"page.message_title.{kind}"]
    for reason in REASONS:
        assert words[f"sms.reason.{reason}"]
        assert words[f"page.reason.{reason}"]


@pytest.mark.parametrize("kind", MESSAGE_KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_of_the_longest_names_stays_within_its_budget(language: str, kind: str):
    text = longest(language, kind)
    assert len(text) <= BUDGET[language], f"{len(text)} letters: {text}"
    if language == "zh":
        assert all(ord(letter) <= 0xFFFF for letter in text), "a letter that takes two UCS-2 units"
    else:
        assert set(text) <= GSM7, f"not in the GSM alphabet: {set(text) - GSM7}"


def test_every_obstacle_to_what_a_driver_asks_for_has_words():
    for language in LANGUAGES:
        for where in ("sms", "page"):
            assert {f"{where}.refused.{one}" for one in Obstacle} <= texts(language).keys()


def test_vietnamese_text_messages_are_plain_ascii():
    wrong = [k for k, text in texts("vi").items() if k.startswith("sms.") and not text.isascii()]
    assert wrong == []


def test_vietnamese_pages_are_written_with_diacritics():
    pages = {k: t for k, t in texts("vi").items() if k.startswith("page.")}
    accented = [key for key, text in pages.items() if not text.isascii()]
    assert len(accented) > 0.9 * len(pages)
    assert all(unicodedata.is_normalized("NFC", text) for text in pages.values())
    assert all(not pages[f"page.message.{kind}"].isascii() for kind in MESSAGE_KINDS)


def test_an_accented_message_says_what_its_plain_text_says():
    for kind in MESSAGE_KINDS:
        accented = texts("vi")[f"page.message.{kind}"].replace("–", "-")
        bare = unicodedata.normalize("NFD", accented.replace("đ", "d").replace("Đ", "D"))
        plain = "".join(letter for letter in bare if not unicodedata.combining(letter))
        assert plain == texts("vi")[f"sms.{kind}"]


def test_vietnamese_drivers_are_addressed_in_one_way():
    theirs = ("sms.", "page.driver.", "page.message", "page.why.", "page.refused.", "page.order.")
    words = {key: text for key, text in texts("vi").items() if key.startswith(theirs)}
    assert [key for key, text in words.items() if "bạn" in text.lower().split()] == []


def test_chinese_has_one_word_for_a_call_up():
    words = texts("zh")
    assert [key for key, text in words.items() if "叫号" in text] == []
    said = ("sms.no_show", "sms.call_over", "page.stage.released", "page.why.history.released")
    assert all("放行" in words[key] for key in said)
