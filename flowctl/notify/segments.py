"""How a text travels as SMS: in which alphabet, and in how many parts.

A part holds 160 letters of GSM 7-bit (3GPP TS 23.038, section 6.2.1) or 70 of UCS-2; where a text
takes several, each gives up six octets to say which one it is (TS 23.040, section 9.2.3.24): 153 or
67 are left.
"""

from typing import Literal

from flowctl.notify.gsm7 import BASIC_LETTERS, ESCAPED_LETTERS

Alphabet = Literal["gsm7", "ucs2"]

_GSM7 = BASIC_LETTERS | ESCAPED_LETTERS

_ROOM: dict[Alphabet, tuple[int, int]] = {"gsm7": (160, 153), "ucs2": (70, 67)}
"""Septets or UTF-16 units in a text of one part, and in each part of several."""


def alphabet_of(text: str) -> Alphabet:
    """Return the alphabet a text needs; one letter beyond GSM 7-bit makes it UCS-2."""
    return "gsm7" if _GSM7.issuperset(text) else "ucs2"


def split(text: str) -> tuple[str, ...]:
    """Return the parts a text travels in, none of them cut within a letter.

    An escaped letter and a letter beyond the basic plane (two UTF-16 units) stay whole.
    """
    alphabet = alphabet_of(text)
    alone, together = _ROOM[alphabet]
    if _length(text, alphabet) <= alone:
        return (text,)
    parts = [""]
    left = together
    for letter in text:
        units = _length(letter, alphabet)
        if units > left:
            parts.append("")
            left = together
        parts[-1] += letter
        left -= units
    return tuple(parts)


def _length(text: str, alphabet: Alphabet) -> int:
    if alphabet == "gsm7":
        return len(text) + sum(text.count(letter) for letter in ESCAPED_LETTERS)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
