"""What is almost JSON, made JSON: so that an odd item costs itself and not the body it came in.

Several languages write ``NaN`` and ``Infinity``, which JSON does not have, and half a surrogate
pair, which is no character. Each would keep a body from being taken apart into its items.
"""

import re
from dataclasses import replace

from flowctl.telemetry.formats.decoded import Misfit
from flowctl.telemetry.formats.lists import MOST_ITEMS

# Each of the two takes in all up to the next odd thing, or to the end: so a search never starts
# again where another has been, and the time taken is linear whatever comes.
_UP_TO_NO_NUMBER = re.compile(
    rb"""(  (?: [^"NI-]++
            |   " [^"\\]*+ (?: \\. [^"\\]*+ )*+ (?: " | \\?\Z )
            |   - (?!Infinity) | N (?!aN) | I (?!nfinity)
            )*+ )
         (NaN | -?Infinity | \Z)""",
    flags=re.DOTALL | re.VERBOSE,
)
_HALF = rb"u[dD][89a-fA-F][0-9a-fA-F]{2}"
_UP_TO_HALF = re.compile(
    rb"""(  (?: [^\\]++
            |   \\u[dD][89abAB][0-9a-fA-F]{2} \\u[dD][c-fC-F][0-9a-fA-F]{2}
            |   \\ (?!%(half)b) (?: . | \Z )
            )*+ )
         (?: \\(%(half)b) | \Z )"""
    % {b"half": _HALF},
    flags=re.DOTALL | re.VERBOSE,
)
# A string in a number's place fits nowhere; an escape nobody writes tells it from the sender's.
_QUOTED = {
    b"NaN": rb'"\u004eaN"',
    b"Infinity": rb'"\u0049nfinity"',
    b"-Infinity": rb'"-\u0049nfinity"',
}
# No device's name may hold a NUL, as it may not hold half a pair.
_MENDED_HALF = re.compile(rb"\\u0000(%b)" % _HALF)


def mend(body: bytes) -> bytes:
    """Return the body with a stand-in for what JSON does not have; as it is, if that is nothing.

    A body with more of it than `lists.MOST_ITEMS` is not worth the time, and stays as it is too.
    """
    if 0 < body.count(b"NaN") + body.count(b"Infinity") <= MOST_ITEMS:
        body = _UP_TO_NO_NUMBER.sub(lambda found: found[1] + _QUOTED.get(found[2], b""), body)
    if 0 < body.count(rb"\ud") + body.count(rb"\uD") <= MOST_ITEMS:
        body = _UP_TO_HALF.sub(_without_half, body)
    return body


def _without_half(found: re.Match[bytes]) -> bytes:
    return found[1] + rb"\u0000" + found[2] if found[2] else found[1]


def as_it_came(misfit: Misfit) -> Misfit:
    """Return an item of a mended body with its own bytes, and the reason it does not fit."""
    raw = _MENDED_HALF.sub(rb"\\\1", misfit.raw)
    for written, quoted in _QUOTED.items():
        if quoted in raw:
            why = f"JSON has no {written.decode()}; leave out what is not known. {misfit.detail}"
            misfit = replace(misfit, detail=why)
            raw = raw.replace(quoted, written)
    return misfit if raw == misfit.raw else replace(misfit, raw=raw)
