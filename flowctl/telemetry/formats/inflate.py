"""Bodies that come compressed, taken out no further than they may be."""

import zlib
from io import BytesIO

from flowctl.errors import FlowctlError
from flowctl.telemetry.formats.decoded import MalformedError

MOST_MEMBERS = 1_000
"""Members a body may be made of; each costs a set-up, so that a body of empty ones costs most."""

_GZIP = 16 + zlib.MAX_WBITS
_STEP_IN = 16_384  # zlib copies what is left of its input at every turn: so it is given little
_STEP_OUT = 262_144


class TooLargeError(FlowctlError):
    """The body holds more than it may once it is taken out."""


def gunzip(body: bytes, limit_bytes: int) -> bytes:
    """Return what a gzip body holds, its members one after another.

    It is refused at the first byte too many, so memory stays near ``limit_bytes`` whatever comes.

    Raises
    ------
    MalformedError
        The body is not gzip, is cut short or damaged, or something follows its end.
    TooLargeError
        It holds more than ``limit_bytes``.
    """
    out = BytesIO()
    member = zlib.decompressobj(_GZIP)
    members = 1
    for start in range(0, len(body), _STEP_IN):
        rest = body[start : start + _STEP_IN]
        while rest:
            if member.eof:
                member, members = zlib.decompressobj(_GZIP), members + 1
                _check_members(members)
            room = limit_bytes + 1 - out.tell()
            rest = _inflate(member, rest, out, min(room, _STEP_OUT))
            if out.tell() > limit_bytes:
                raise TooLargeError(
                    f"The body holds more than {limit_bytes:,} bytes once it is decompressed;"
                    " send smaller batches."
                )
    if not member.eof:
        raise MalformedError("The gzip body is cut short; send it whole.")
    return out.getvalue()


def _inflate(member: "zlib._Decompress", rest: bytes, out: BytesIO, room: int) -> bytes:
    """Take at most ``room`` bytes out; return the input that is left, at a member's end or not."""
    try:
        out.write(member.decompress(rest, room))
    except zlib.error as error:
        raise MalformedError(
            f"The body is not gzip, is damaged, or goes on after its end: {error}."
        ) from error
    return member.unused_data if member.eof else member.unconsumed_tail


def _check_members(members: int) -> None:
    if members > MOST_MEMBERS:
        raise MalformedError(
            f"The gzip body is made of more than {MOST_MEMBERS:,} members; compress it as one."
        )
