"""Texts are counted as the network counts them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.notify.segments import alphabet_of, split


@pytest.mark.parametrize(
    ("text", "alphabet", "parts"),
    [
        ("", "gsm7", 1),
        ("a" * 160, "gsm7", 1),
        ("a" * 161, "gsm7", 2),
        ("a" * 306, "gsm7", 2),
        ("a" * 307, "gsm7", 3),
        ("[" * 80, "gsm7", 1),
        ("[" * 81, "gsm7", 2),
        ("€" + "a" * 158, "gsm7", 1),
        ("€" + "a" * 159, "gsm7", 2),
        ("đ", "ucs2", 1),
        ("字" * 70, "ucs2", 1),
        ("字" * 71, "ucs2", 2),
        ("字" * 134, "ucs2", 2),
        ("字" * 135, "ucs2", 3),
        ("🚚" * 35, "ucs2", 1),
        ("🚚" * 36, "ucs2", 2),
        ("`", "ucs2", 1),
    ],
)
def test_a_text_takes_as_many_parts_as_the_standard_says(text: str, alphabet: str, parts: int):
    assert alphabet_of(text) == alphabet
    assert len(split(text)) == parts


def test_an_escaped_letter_and_a_letter_of_two_units_are_not_cut_in_two():
    assert split("a" * 152 + "€" + "a" * 10) == ("a" * 152, "€" + "a" * 10)
    assert split("字" * 66 + "🚚" + "字" * 10) == ("字" * 66, "🚚" + "字" * 10)


@settings(max_examples=50)
@given(st.text(max_size=700))
def test_the_parts_are_the_text_and_each_fits(text: str):
    parts = split(text)
    assert "".join(parts) == text
    room = {"gsm7": 153, "ucs2": 67}[alphabet_of(text)]
    if len(parts) > 1:
        assert all(0 < len(part) <= room for part in parts)
        assert all(len(part.encode("utf-16-le")) // 2 <= room for part in parts)
