"""GSM 7-bit (3GPP TS 23.038, section 6.2.1), one septet an octet as SMPP carries it."""

_ESCAPE = 0x1B
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
BASIC_LETTERS = frozenset(_BASIC) - {chr(_ESCAPE)}
ESCAPED_LETTERS = frozenset(_EXTENDED.values())
"""These take two septets: an escape and the letter."""
_OCTETS = {
    **{letter: bytes([code]) for code, letter in enumerate(_BASIC) if code != _ESCAPE},
    **{letter: bytes([_ESCAPE, code]) for code, letter in _EXTENDED.items()},
}


def encode_gsm7(text: str) -> bytes:
    """Return a text in the alphabet.

    Raises
    ------
    ValueError
        A letter is not of it.
    """
    try:
        return b"".join(_OCTETS[letter] for letter in text)
    except KeyError as error:
        raise ValueError(f"The letter {error} is not of GSM 7-bit.") from error


def decode_gsm7(octets: bytes) -> str:
    """Return the text; what has no meaning reads as the basic letter, or as a question mark.

    The first is what section 6.2.1.1 says of an escaped code without a letter.
    """
    letters: list[str] = []
    escaped = False
    for octet in octets:
        if octet == _ESCAPE and not escaped:
            escaped = True
            continue
        basic = _BASIC[octet] if octet < len(_BASIC) else "?"
        letters.append(_EXTENDED.get(octet, basic) if escaped else basic)
        escaped = False
    return "".join(letters)
