"""The short code of a row: what fits into a text message and stands for all before it.

Seven letters are the first 35 bits of the row's hash, the eighth checks them, so that a misheard
code is not taken for a forged ledger. Letters are Crockford's base 32 (no I, L, O, U). The check is
the sum of letters times powers of two in GF(32), polynomial x⁵ + x² + 1: it finds every single
wrong letter and every two that changed places (Reed and Solomon, "Polynomial Codes Over Certain
Finite Fields", 1960). Who owns the database can search 2³⁵ rows for one that fits a code: many
codes of many drivers, or one signed head, prove more than one code.
"""

from flowctl.errors import FlowctlError

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {letter: value for value, letter in enumerate(_LETTERS)}
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None, "#": None})
_OF_HASH = 7
_POLYNOMIAL = 0b100101


def code_of(digest: bytes) -> str:
    """Return the short code of a row's hash (32 bytes): eight letters."""
    mark = mark_of(digest)
    letters = [mark >> shift & 31 for shift in range(5 * (_OF_HASH - 1), -1, -5)]
    return "".join(_LETTERS[value] for value in [*letters, _check(letters)])


def mark_of(digest: bytes) -> int:
    """Return the number that a code holds of a row's hash: its first 35 bits."""
    return int.from_bytes(digest[:5]) >> 5


def read_code(text: str) -> int:
    """Return the number that a code holds, however it was written down: ``#`` before it too.

    Raises
    ------
    FlowctlError
        It is no code, or a letter of it is wrong.
    """
    letters = text.strip().upper().translate(_READ_AS)
    values = [_VALUES.get(letter, -1) for letter in letters]
    if len(values) != _OF_HASH + 1 or min(values) < 0:
        raise FlowctlError(
            f"{text!r} is no code of the ledger: one has {_OF_HASH + 1} letters and digits, such"
            f" as {code_of(bytes(32))[:4]}-{code_of(bytes(32))[4:]}. Read it again."
        )
    if _check(values[:_OF_HASH]) != values[_OF_HASH]:
        raise FlowctlError(
            f"A letter of the code {text!r} is wrong, or two have changed places. Read it again."
        )
    mark = 0
    for value in values[:_OF_HASH]:
        mark = mark << 5 | value
    return mark


def _check(letters: list[int]) -> int:
    """Return the letter that checks the others: sum of letter · 2^place in GF(32)."""
    total = 0
    for letter in letters:
        total ^= letter
        total <<= 1
        if total & 32:
            total ^= _POLYNOMIAL
    return total
