"""Signed messages of partners, as Standard Webhooks: whose each is, and that it counts once.

The signature is checked with the source's own secret, over ``id.timestamp.body``; see
`flowctl.notify.webhooks` for the other way round. A message is known by its id: what comes again
gets the answer it got before.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flowctl.errors import ConflictError, FlowctlError
from flowctl.registry.keys import Keys, decrypt_secret, encrypt_secret
from flowctl.registry.partners import get_named
from flowctl.registry.sources import get_source
from flowctl.registry.stages import prove
from flowctl.site import Site
from flowctl.storage import hooks as stored
from flowctl.storage.hooks import Answer, Connection
from flowctl.storage.sources import Source
from flowctl.storage.workflows import find_workflow
from flowctl.workflow.catalogue import Camera
from flowctl.workflow.stages import Origin

TOLERANCE = timedelta(minutes=5)
"""How far a message's timestamp may lie from our clock: what Standard Webhooks suggest."""
_PREFIX = "whsec_"
_NOBODYS = _PREFIX + base64.b64encode(bytes(32)).decode()
_LONGEST_ID = 200
_AHEAD = timedelta(seconds=60)  # clocks differ
_OLDEST_READING = timedelta(hours=24)


class ForgedError(FlowctlError):
    """The message is not signed by whom it says it is from."""


class LateError(FlowctlError):
    """The message was signed too long ago, or by a clock that is wrong."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A message as it came: its headers (webhook-id, -timestamp, -signature) and its body."""

    message: str
    timestamp: str
    signature: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """A plate as a camera read it, with how sure it is (0…1) and where its image is."""

    camera: str
    plate: str
    confidence: float
    at: datetime
    image: str | None = None


def open_hook(conn: Connection, keys: Keys, name: str, secret: str) -> Source:
    """Let a source send messages signed with a new secret, in place of the former one.

    Raises
    ------
    NotFoundError
        There is no such source.
    """
    source = get_source(conn, name)
    stored.set_hook(conn, source.id, encrypt_secret(keys, secret))
    return source


def close_hook(conn: Connection, name: str) -> Source:
    """Let no message of a source count any more.

    Raises
    ------
    NotFoundError
        There is no such source.
    """
    source = get_source(conn, name)
    stored.set_hook(conn, source.id, None)
    return source


def verify(
    conn: Connection, keys: Keys, name: str, signed: Signed, *, wall_now: datetime
) -> Source:
    """Return the source a message is from; the signature is compared in constant time.

    Raises
    ------
    ForgedError
        There is no such source, it has no secret, or the signature is not of it.
    LateError
        It was signed more than `TOLERANCE` ago or ahead.
    """
    found = stored.find_hook(conn, name)
    secret = _NOBODYS if found is None else decrypt_secret(keys, found[1])
    genuine = _is_signed(secret, signed)
    if found is None or not genuine or not 0 < len(signed.message) <= _LONGEST_ID:
        raise ForgedError(
            "The message is not signed as Standard Webhooks say with the secret of this source"
            " (webhook-id, webhook-timestamp, webhook-signature); nothing was done."
        )
    lag = wall_now.timestamp() - int(signed.timestamp)
    if abs(lag) > TOLERANCE.total_seconds():
        raise LateError(
            f"The message was signed {abs(lag):.0f} s {'ago' if lag > 0 else 'ahead of our clock'};"
            f" at most {TOLERANCE.total_seconds():.0f} s are taken. Sign it anew, with the same id."
        )
    return found[0]


def _is_signed(secret: str, signed: Signed) -> bool:
    if not signed.timestamp.isascii() or not signed.timestamp.isdigit():
        return False
    if len(signed.timestamp) > 12:  # noqa: PLR2004 - beyond any calendar
        return False
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    content = f"{signed.message}.{signed.timestamp}.".encode() + signed.body
    due = hmac.digest(key, content, hashlib.sha256)
    genuine = False
    # While secrets change a sender may sign with both: any of them will do.
    for one in signed.signature.split(" "):
        version, _, text = one.partition(",")
        try:
            given = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            continue
        genuine |= version == "v1" and hmac.compare_digest(given, due)
    return genuine


def hear_once(
    conn: Connection,
    source: Source,
    signed: Signed,
    kind: str,
    do: Callable[[], Answer],
    *,
    now: datetime,
) -> Answer:
    """Do what a message says and remember its answer; one that came before gets that again.

    Where it is refused the transaction ends and nothing is remembered: it may come again.

    Raises
    ------
    ConflictError
        Another message came with this id before.
    """
    digest = hashlib.sha256(f"{kind} ".encode() + signed.body).digest()
    heard = stored.take_message(conn, source.id, signed.message, digest, now=now)
    if heard is not None:
        if not hmac.compare_digest(heard.digest, digest):
            raise ConflictError(
                f"Another message came with the id {signed.message} before, so nothing was done."
            )
        return heard.answer
    answer = do()
    stored.set_answer(conn, source.id, signed.message, answer)
    return answer


def read_plate(
    conn: Connection, site: Site, source: Source, reading: Reading, *, message: str, now: datetime
) -> Answer:
    """Let a camera's reading prove what its place proves; returns what came of it.

    ``outcome`` is ``counted``; ``known`` where it said nothing new; ``unsure`` where the camera was
    less sure than its place asks: it is kept for a person and proves nothing; ``no_trip``.

    Raises
    ------
    FlowctlError
        The workflow in force knows no such camera, or the moment cannot be.
    """
    camera = _camera(conn, site, reading, now)
    if not now - _OLDEST_READING <= reading.at <= now + _AHEAD:
        raise FlowctlError(
            f"at: {reading.at.isoformat(timespec='seconds')} is yet to come, or more than"
            f" {_OLDEST_READING.total_seconds() / 3600:.0f} h ago."
        )
    kept: Answer = {
        "camera": reading.camera,
        "plate": reading.plate,
        "confidence": reading.confidence,
        "at": reading.at.isoformat(),
        "image": reading.image,
        "stages": [],
    }
    try:
        trip: int | None = get_named(conn, site, plate=reading.plate)
    except FlowctlError:
        trip = None
    kept["trip"] = trip
    if reading.confidence < camera.confidence:
        return kept | {"outcome": "unsure"}
    if trip is None:
        return kept | {"outcome": "no_trip"}
    evidence = {name: kept[name] for name in ("camera", "plate", "confidence", "image")}
    proved = prove(
        conn,
        site,
        trip,
        camera.proof,
        origin=Origin.CAMERA,
        by=f"source:{source.name}",
        at=reading.at,
        now=now,
        evidence=evidence,
        key=f"source:{source.name}:{message}",
    )
    return kept | {"outcome": "counted" if proved else "known", "stages": proved}


def _camera(conn: Connection, site: Site, reading: Reading, now: datetime) -> Camera:
    found = find_workflow(conn, site.id, now)
    cameras = () if found is None else found[1].cameras
    camera = next((one for one in cameras if one.id == reading.camera), None)
    if camera is None:
        raise FlowctlError(
            f"There is no camera {reading.camera[:40]!r} in the workflow; there are:"
            f" {', '.join(one.id for one in cameras) or 'none'}."
        )
    return camera
