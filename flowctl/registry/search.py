"""What somebody types into a search, as what it may be: a plate, a number, a paper, a code."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from flowctl.errors import FlowctlError
from flowctl.registry.keys import Keys, find_trip_of_code, phone_hashes
from flowctl.registry.phones import parse_phone
from flowctl.registry.plates import strip_mark
from flowctl.storage.search import Wanted

_LEAST = 2
_LEAST_BEGINNING = 3
"""The beginning of a device's id or a declaration's number must be so long."""
_NUMBER = re.compile(r"[+(]?\d[\d\s().-]{7,18}\d")


def wanted_of(typed: str, keys: Keys, *, phones: bool) -> Wanted:
    """Return what is looked for; ``phones`` only where the one who asks may look for numbers.

    A whole number alone finds its driver's trips: it is compared by its keyed hash.

    Raises
    ------
    FlowctlError
        Too little was typed to look for.
    """
    text = typed.strip()
    plate = strip_mark(text)
    if len(plate) < _LEAST:
        raise FlowctlError(
            f"Type at least {_LEAST} letters or digits to look for a truck.",
            kind="search_short",
            values={"least": _LEAST},
        )
    reference = "".join(text.split()).upper()
    begins = len(reference) >= _LEAST_BEGINNING
    return Wanted(
        plate=plate if plate.isalnum() else None,
        convoy=reference,
        reference=reference if begins else None,
        device=text.upper() if begins else None,
        phone_hashes=_phone_hashes(text, keys) if phones else (),
        trip_id=_trip_of(text, keys),
    )


def _phone_hashes(text: str, keys: Keys) -> Sequence[bytes]:
    if not _NUMBER.fullmatch(text):
        return ()
    try:
        return phone_hashes(keys, parse_phone(text))
    except FlowctlError:
        return ()  # digits that are no phone number may be a declaration's


def _trip_of(text: str, keys: Keys) -> int | None:
    """Return the trip of a driver's code, bare or at the end of its link."""
    code = urlsplit(text).path.rstrip("/").rpartition("/")[2] if "/" in text else text
    link = find_trip_of_code(keys, code)
    return None if link is None else link.trip_id
