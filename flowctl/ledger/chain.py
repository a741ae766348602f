"""The chain: each row of the ledger carries the hash of the one before it.

A row's canonical bytes are its JSON object by RFC 8785 (keys sorted, no white space, UTF-8), with
instants as ISO 8601 in UTC (``2026-01-23T01:02:03Z``, six digits of a second where it is not
whole), pseudonyms as UUIDs, ``previous`` in hexadecimal and null where something is not there. Its
hash is SHA-256 (FIPS 180-4) of these bytes. ``previous`` of the first row names the site. So each
hash stands for all that was recorded until then (Haber and Stornetta, "How to time-stamp a digital
document", 1991).
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from flowctl.ledger.entries import Entry

_MOST_WHOLE = 2**53 - 1
"""RFC 8785 knows no greater number that every reader takes for the same."""
_KEY = re.compile(r"[a-z][a-z0-9_]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_encode = msgspec.json.Encoder().encode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row without its own hash; the fields stand in the order of their names, as in JSON."""

    actor: str
    at: datetime
    details: msgspec.Raw
    gate: str | None
    kind: str
    others: Sequence[str]
    policy: str
    previous: str
    reason: str | None
    recorded_at: datetime
    seq: int
    site: str
    subject: str | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A row as it is kept, with the hash that stands beside it (32 bytes)."""

    row: Row
    hash: bytes

    def fits(self) -> bool:
        """Tell whether the hash is that of the row."""
        return hash_of(self.row) == self.hash


class Link(msgspec.Struct, frozen=True, gc=False):
    """What a walk along the chain needs of a row."""

    at: datetime
    kind: str
    previous: str
    seq: int
    site: str


class Sealed(msgspec.Struct, frozen=True, gc=False):
    """A row as bytes that should be its canonical ones, with the hash that stands beside it.

    ``row`` is read out of these very bytes. That the hash fits them shows that they are canonical:
    it was made of canonical bytes only.
    """

    row: Link
    hash: bytes
    text: bytes

    def fits(self) -> bool:
        """Tell whether the hash is that of the bytes."""
        return hashlib.sha256(self.text).digest() == self.hash


def seal(site: str, seq: int, text: bytes, digest: bytes) -> Sealed:
    """Return the row that bytes are, which stood as row ``seq`` of a site.

    Bytes that are no row's, as those of a moment nobody can name, get a row that they do not fit.
    """
    try:
        return Sealed(_decode_link(text), digest, text)
    except msgspec.MsgspecError:
        link = Link(
            at=datetime.fromtimestamp(0, UTC), kind="no row", previous="", seq=seq, site=site
        )
        return Sealed(link, digest, text)


@dataclass(frozen=True, slots=True)
class Head:
    """The newest row of a site's ledger: its number (0: there is none yet), hash and moment."""

    site: str
    seq: int
    hash: bytes
    at: datetime


def genesis(site: str) -> bytes:
    """Return what stands as the previous hash in the first row of a site."""
    return hashlib.sha256(f"flowctl ledger of {site}".encode()).digest()


def canonical(row: Row) -> bytes:
    """Return the bytes of a row that are hashed."""
    return _encode(row)


def hash_of(row: Row) -> bytes:
    """Return the hash of a row, 32 bytes."""
    return hashlib.sha256(_encode(row)).digest()


def link(
    head: Head,
    entries: Sequence[Entry],
    *,
    policy: str,
    subjects: Mapping[int, str],
    now: datetime,
) -> list[Kept]:
    """Return the rows that these entries are, in their order, after ``head``.

    Parameters
    ----------
    policy
        The version of the site's policy that was in force.
    subjects
        The pseudonyms of the trips that are named.
    now
        When they are recorded.

    Raises
    ------
    ValueError
        An entry holds what has no canonical form, or names a trip without a pseudonym.
    """
    rows, previous, recorded_at = [], head.hash, now.astimezone(UTC)
    for seq, entry in enumerate(entries, head.seq + 1):
        row = Row(
            actor=_text("actor", entry.actor),
            at=entry.at.astimezone(UTC),
            details=_details(entry.details),
            gate=entry.gate and _text("gate", entry.gate),
            kind=str(entry.kind),
            others=[_subject(subjects, trip_id) for trip_id in entry.other_trip_ids],
            policy=_text("policy", policy),
            previous=previous.hex(),
            reason=entry.reason and _text("reason", str(entry.reason)),
            recorded_at=recorded_at,
            seq=seq,
            site=head.site,
            subject=None if entry.trip_id is None else _subject(subjects, entry.trip_id),
        )
        previous = hash_of(row)
        rows.append(Kept(row, previous))
    return rows


def _subject(subjects: Mapping[int, str], trip_id: int) -> str:
    try:
        return subjects[trip_id]
    except KeyError:
        raise ValueError(
            f"Trip {trip_id} has no pseudonym, so the ledger cannot name it; give the pseudonyms"
            " of all trips in the entries."
        ) from None


def _text(name: str, text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError(
            f"The {name} {text!r} of a ledger entry holds a control character, which has no one"
            " canonical form; leave it out."
        )
    return text


def _details(details: Mapping[str, int | str]) -> msgspec.Raw:
    if not details:
        return _NOTHING
    for key, value in details.items():
        if not _KEY.fullmatch(key):
            raise ValueError(
                f"The detail {key!r} of a ledger entry is not named in lower-case ASCII."
            )
        if isinstance(value, str):
            _text(key, value)
        elif type(value) is not int or abs(value) > _MOST_WHOLE:
            raise ValueError(
                f"The detail {key} of a ledger entry is {value!r}; only texts and whole numbers"
                " below 2^53 have one canonical form. Give an instant as ISO 8601."
            )
    return msgspec.Raw(_encode_sorted(dict(details)))


_decode_link = msgspec.json.Decoder(Link).decode
_NOTHING = msgspec.Raw(b"{}")


class Line(msgspec.Struct, frozen=True):
    """A row as it is exported: its canonical bytes as they are, and its hash in hexadecimal."""

    hash: str
    row: msgspec.Raw


def line_of(kept: Kept) -> bytes:
    """Return a row as one line of JSON (NDJSON, without the end of the line)."""
    return _encode(Line(kept.hash.hex(), msgspec.Raw(_encode(kept.row))))


def read_line(text: bytes) -> Kept:
    """Return the row of an exported line.

    Raises
    ------
    ValueError
        The line holds no row, or one that is not in canonical form.
    """
    line = msgspec.json.decode(text, type=Line)
    row = msgspec.json.decode(line.row, type=Row)
    if _encode(row) != bytes(line.row):
        raise ValueError(f"row {row.seq} is not in canonical form")
    return Kept(row, bytes.fromhex(line.hash))
