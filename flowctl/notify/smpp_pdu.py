"""What goes over the wire of SMPP 3.4, as far as a sender of texts needs it.

Numbers in parentheses are sections of the Short Message Peer to Peer Protocol Specification v3.4.
Reading is lenient where operators are known to deviate, and never raises anything but `PduError`.
"""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from flowctl.errors import FlowctlError
from flowctl.notify.gsm7 import decode_gsm7, encode_gsm7

HEADER = struct.Struct(">IIII")
"""Length, command, status, sequence number (3.2)."""
LONGEST = 70_000
"""Octets: a message_payload may hold 64 KiB; a length beyond is no length but garbage."""

BIND_TRANSCEIVER, SUBMIT_SM, DELIVER_SM = 0x09, 0x04, 0x05
UNBIND, ENQUIRE_LINK = 0x06, 0x15
RESPONSE = 0x8000_0000
"""Set in the command of a response."""
GENERIC_NACK = RESPONSE

OK = 0x00
INVALID_COMMAND = 0x03
TRY_LATER, NEVER = 0x64, 0x65
"""What a receiver answers to a deliver_sm: temporary and permanent application error (5.1.3)."""
MEANINGS: Mapping[int, str] = {
    0x01: "invalid message length",
    0x04: "not bound for this",
    0x05: "bound already",
    0x08: "system error",
    0x0A: "invalid source address",
    0x0B: "invalid destination address",
    0x0D: "bind failed",
    0x0E: "invalid password",
    0x0F: "invalid system id",
    0x14: "message queue full",
    0x15: "invalid service type",
    0x45: "submit failed",
    0x48: "invalid source type of number",
    0x49: "invalid source numbering plan",
    0x50: "invalid destination type of number",
    0x51: "invalid destination numbering plan",
    0x53: "invalid system type",
    0x58: "throttled",
    0x62: "invalid expiry",
    0xFE: "delivery failed",
    0xFF: "unknown error",
}

USER_MESSAGE_REFERENCE = 0x0204
_RECEIPTED_ID, _MESSAGE_STATE, _NETWORK_ERROR, _PAYLOAD = 0x001E, 0x0427, 0x0423, 0x0424
_SAR_GROUP, _SAR_TOTAL, _SAR_NUMBER = 0x020C, 0x020E, 0x020F

_UDHI = 0x40
_KINDS = 0x3C
_RECEIPT, _NOTIFICATION = 0x04, 0x20
_STATES = {
    1: "ACCEPTD",  # still on its way
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}
_ID = re.compile(r"\bid:\s*(\S+)", re.IGNORECASE)
_STATE = re.compile(r"\bstat:\s*([A-Za-z]+)", re.IGNORECASE)
_ERROR = re.compile(r"\berr:\s*(\w+)", re.IGNORECASE)


class PduError(FlowctlError):
    """What came is not SMPP."""


@dataclass(frozen=True, slots=True)
class Address:
    """A number or a name, its type of number and its numbering plan (5.2.5, 5.2.6)."""

    text: str
    ton: int = 1
    npi: int = 1


@dataclass(frozen=True, slots=True)
class Bind:
    """Who binds as a transceiver (4.1.5)."""

    system_id: str
    password: str = field(repr=False)
    system_type: str = ""

    def body(self) -> bytes:
        """Return the body of the request."""
        return (
            _c_octets(self.system_id)
            + _c_octets(self.password)
            + _c_octets(self.system_type)
            + b"\x34\x00\x00\x00"  # version 3.4; no range of addresses
        )


@dataclass(frozen=True, slots=True)
class Submit:
    """A part of a text to be sent (4.4.1); ``header`` is its user data header or empty."""

    source: Address
    destination: Address
    data_coding: int
    text: bytes
    header: bytes = b""
    validity_s: int | None = None
    reference: int | None = None

    def body(self) -> bytes:
        """Return the body of the request; a receipt is asked for, however it ends."""
        content = self.header + self.text
        optional = b""
        if self.reference is not None:
            optional = struct.pack(">HHH", USER_MESSAGE_REFERENCE, 2, self.reference & 0xFFFF)
        return (
            b"\x00"
            + _address(self.source)
            + _address(self.destination)
            + bytes([_UDHI if self.header else 0, 0, 0])
            + b"\x00"
            + _c_octets(_relative_time(self.validity_s))
            + bytes([1, 0, self.data_coding, 0, len(content)])
            + content
            + optional
        )


@dataclass(frozen=True, slots=True)
class Part:
    """Where a part stands in a longer text."""

    group: int
    number: int
    total: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the network hands us (4.6.1): a text from a phone, a part of one, or a receipt."""

    source: Address
    is_receipt: bool
    text: str
    part: Part | None
    optional: Mapping[int, bytes]

    def receipt(self) -> tuple[str, str, str | None] | None:
        """Return reference, state and error of a receipt (appendix B), as far as it says them.

        The optional parameters count before the text, whose form is each operator's own. None
        where it names no message, or no state.
        """
        reference = _text_of(self.optional.get(_RECEIPTED_ID)) or _first(_ID, self.text)
        code = self.optional.get(_MESSAGE_STATE, b"")
        state = _STATES.get(code[-1]) if code else None
        said = (_first(_STATE, self.text) or "").upper()
        state = state or (said if said in _STATES.values() else None)
        state = state or ("ACCEPTD" if said in {"ENROUTE", "BUFFERED"} else None)
        if not reference or state is None:
            return None
        error = _first(_ERROR, self.text)
        raw = self.optional.get(_NETWORK_ERROR, b"")
        if error is None and len(raw) == 3:  # noqa: PLR2004 - one octet of network, two of code
            error = str(int.from_bytes(raw[1:]))
        return reference, state, None if error is None or not error.strip("0") else error


def pdu(command: int, sequence: int, body: bytes = b"", status: int = OK) -> bytes:
    """Return a whole PDU."""
    return HEADER.pack(HEADER.size + len(body), command, status, sequence) + body


def encode_text(text: str, alphabet: str, *, latin1: bool) -> tuple[int, bytes]:
    """Return data_coding (5.2.19) and octets of a text that is of the alphabet.

    ``latin1``: the gateway reads its default alphabet so, in place of GSM 7-bit; what Latin-1 has
    no letter for then goes as UCS-2.
    """
    if alphabet == "gsm7":
        if not latin1:
            return 0, encode_gsm7(text)
        try:
            return 0, text.encode("latin-1")
        except UnicodeEncodeError:
            pass
    return 8, text.encode("utf-16-be", "surrogatepass")


def read_reference(body: bytes) -> str:
    """Return the message's name from a submit_sm_resp (4.4.2); empty where it gives none."""
    return body.split(b"\x00", 1)[0].decode("latin-1").strip()


def read_delivered(body: bytes, *, latin1: bool) -> Delivered:
    """Read the body of a deliver_sm.

    Raises
    ------
    PduError
        It ends before it should.
    """
    cursor = _Cursor(body)
    cursor.c_octets()
    source = Address(ton=cursor.octet(), npi=cursor.octet(), text=cursor.c_octets())
    cursor.take(2)
    cursor.c_octets()
    esm_class = cursor.octet()
    cursor.take(2)
    cursor.c_octets()
    cursor.c_octets()
    cursor.take(2)
    coding = cursor.octet()
    cursor.octet()
    content = cursor.take(cursor.octet())
    optional = cursor.optional()
    content = content or optional.get(_PAYLOAD, b"")
    part = _sar_part(optional)
    if esm_class & _UDHI and content:
        header, content = content[1 : 1 + content[0]], content[1 + content[0] :]
        part = _udh_part(header) or part
    return Delivered(
        source=source,
        is_receipt=esm_class & _KINDS in {_RECEIPT, _NOTIFICATION},
        text=_decode(content, coding, latin1=latin1),
        part=part,
        optional=optional,
    )


class _Cursor:
    """Reads a body from its front."""

    __slots__ = ("_at", "_body")

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def take(self, octets: int) -> bytes:
        """Return the next octets."""
        end = self._at + octets
        if end > len(self._body):
            raise PduError("A PDU ends before it should.")
        taken = self._body[self._at : end]
        self._at = end
        return taken

    def octet(self) -> int:
        """Return the next octet."""
        return self.take(1)[0]

    def c_octets(self) -> str:
        """Return the text up to the next zero octet."""
        end = self._body.find(b"\x00", self._at)
        if end < 0:
            raise PduError("A text in a PDU has no end.")
        text = self._body[self._at : end].decode("latin-1")
        self._at = end + 1
        return text

    def optional(self) -> dict[int, bytes]:
        """Return the optional parameters (3.2.4.1); a damaged rest is left aside."""
        found: dict[int, bytes] = {}
        while self._at + 4 <= len(self._body):
            tag, length = struct.unpack(">HH", self.take(4))
            if self._at + length > len(self._body):
                break
            found.setdefault(tag, self.take(length))
        return found


def _c_octets(text: str) -> bytes:
    return text.encode("latin-1", "replace").replace(b"\x00", b"") + b"\x00"


def _address(address: Address) -> bytes:
    return bytes([address.ton, address.npi]) + _c_octets(address.text)


def _relative_time(seconds: int | None) -> str:
    """Return a span as ``YYMMDDhhmmss000R`` (7.1.1.2), no longer than 28 days; empty for none."""
    if seconds is None:
        return ""
    minutes, second = divmod(max(1, min(seconds, 28 * 86_400)), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"0000{days:02d}{hour:02d}{minute:02d}{second:02d}000R"


def _decode(content: bytes, coding: int, *, latin1: bool) -> str:
    """Return the text of a data_coding (5.2.19); above 15 it is read as TS 23.038, section 4."""
    if coding in {1, 3}:
        return content.decode("latin-1")
    if coding == 8 or (coding < 0xE0 and coding >= 0x10 and coding & 0x0C == 8):  # noqa: PLR2004
        return content.decode("utf-16-be", "replace")
    if latin1 and coding == 0:
        return content.decode("latin-1")
    return decode_gsm7(content)


def _udh_part(header: bytes) -> Part | None:
    """Return what a user data header says of parts (TS 23.040, sections 9.2.3.24.1 and .8)."""
    at = 0
    while at + 2 <= len(header):
        element, length = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + length]
        if (element, len(value)) in {(0x00, 3), (0x08, 4)}:
            return _part(int.from_bytes(value[:-2]), value[-1], value[-2])
        at += 2 + length
    return None


def _sar_part(optional: Mapping[int, bytes]) -> Part | None:
    """Return what the optional parameters say of parts (5.3.2.22 to .24)."""
    try:
        group, total, number = (
            int.from_bytes(optional[tag]) for tag in (_SAR_GROUP, _SAR_TOTAL, _SAR_NUMBER)
        )
    except KeyError:
        return None
    return _part(group, number, total)


def _part(group: int, number: int, total: int) -> Part | None:
    return Part(group, number, total) if 1 <= number <= total and total > 1 else None


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return None if found is None else found.group(1)


def _text_of(value: bytes | None) -> str | None:
    return None if value is None else value.rstrip(b"\x00").decode("latin-1")
