"""The pass of a trip: a few signed bytes that a gate reads without any network.

It is signed with Ed25519 (RFC 8032) by a key that is derived from the deployment's secret, and
written in base 45 (RFC 9285), which QR codes hold in five and a half bits a letter.

Its bytes, numbers big-endian, texts UTF-8 behind a byte of their length: version 1 · site ·
trip (5) · plate · gate · start of the slot · issued · expires (4 each, seconds of 1970) ·
signature (64) of a label and all before it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from flowctl.errors import ConflictError
from flowctl.registry.keys import Keys
from flowctl.site import Site
from flowctl.storage.live import LiveRow

PREFIX = "FLOW1:"
_LABEL = b"flowctl pass\x00"
_VERSION = 1
_TRIP_BYTES = 5
_BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


@dataclass(frozen=True, slots=True)
class PassParams:
    """How long a pass is good; it is made anew whenever the driver's page asks."""

    longest: timedelta = timedelta(hours=24)
    called: timedelta = timedelta(hours=4)
    """At least so long after it was made, for a truck that was called: queues outlast slots."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What a pass says. Moments are domain time, whole seconds."""

    site: str
    trip_id: int
    plate: str
    gate: str
    starts_at: datetime
    issued_at: datetime
    expires_at: datetime


def make_pass(site: Site, row: LiveRow, now: datetime, params: PassParams = PassParams()) -> Pass:
    """Return the pass of a trip for the slot told last.

    Raises
    ------
    ConflictError
        The trip is over, has no slot yet, or its slot is past and its truck was not called.
    """
    if row.state != "active":
        raise ConflictError("This trip is over; it has no pass any more.")
    if row.told_gate is None or row.told_starts_at is None:
        raise ConflictError("There is no slot yet; the pass comes with it.")
    after_start = timedelta(seconds=site.dispatch.slot_s + site.policy.slot.late_s)
    until = row.told_starts_at + after_start
    if row.released_at is not None and row.release_ended is None:
        until = max(until, now + params.called)
    if until <= now:
        raise ConflictError("The slot is past; the next one brings a new pass.")
    return Pass(
        site=site.id,
        trip_id=row.id,
        plate=row.plate,
        gate=row.released_gate or row.told_gate,
        starts_at=row.told_starts_at,
        issued_at=now.replace(microsecond=0),
        expires_at=min(until, now + params.longest).replace(microsecond=0),
    )


def sign_pass(keys: Keys, given: Pass) -> str:
    """Return a pass as the text of its QR code, some 170 letters."""
    content = _content(given)
    signature = _key(keys).sign(_LABEL + content)
    return PREFIX + _base45(content + signature)


def pass_public_key(keys: Keys) -> bytes:
    """Return the key that checks passes: 32 bytes, no secret."""
    return _key(keys).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _key(keys: Keys) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(keys.pass_seed)


def _content(given: Pass) -> bytes:
    moments = (given.starts_at, given.issued_at, given.expires_at)
    return b"".join(
        [
            bytes([_VERSION]),
            _text(given.site),
            given.trip_id.to_bytes(_TRIP_BYTES),
            _text(given.plate),
            _text(given.gate),
            *(int(moment.timestamp()).to_bytes(4) for moment in moments),
        ]
    )


def _text(text: str) -> bytes:
    data = text.encode()
    return bytes([len(data)]) + data


def _base45(data: bytes) -> str:
    """Return bytes in base 45: two as three letters, a last single one as two."""
    letters = []
    for start in range(0, len(data), 2):
        pair = data[start : start + 2]
        number = int.from_bytes(pair)
        for _ in range(len(pair) + 1):
            number, digit = divmod(number, len(_BASE45))
            letters.append(_BASE45[digit])
    return "".join(letters)
