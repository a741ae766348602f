"""One gate's order at one moment, as it is printed, signed and kept.

What is signed (Ed25519, RFC 8032) is the order's JSON by RFC 8785; its SHA-256 stands in the
ledger, and the first letters of that, as a short code, at the foot of each page.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import floor

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from flowctl.dispatch.called import in_transit, missed, moving, standing
from flowctl.dispatch.hand import blocks_of
from flowctl.dispatch.locks import is_locked_in
from flowctl.dispatch.seniority import seniority
from flowctl.ledger.chain import Head
from flowctl.ledger.codes import code_of
from flowctl.ledger.entries import Entry, Kind
from flowctl.policy import Policy
from flowctl.state import LiveTrip, Snapshot, Stage

FORM = 2
"""The form of content and sheet; another one is read by the flowctl that made it."""

_encode = msgspec.json.Encoder(order="sorted").encode


class Place(StrEnum):
    """Where a truck was when the order was made."""

    IN_LANE = "in_lane"
    AT_GATE = "at_gate"
    CALLED = "called"
    YARD = "yard"
    ROAD = "road"


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One truck of the order.

    ``number`` is its place as its driver is told it; None: it is being inspected, or will come
    without a place. ``seniority`` is the moment its place counts from, penalties included.
    ``unconfirmed``: it was not to be called yet, for an agency has to confirm it first; what is not
    so is left out, so that sheets of before keep their digest.
    """

    number: int | None
    trip: int
    plate: str
    place: Place
    yard: str | None
    slot: datetime | None
    seniority: datetime
    priority: int
    standby: bool
    convoy: str | None
    called_at: datetime | None
    unconfirmed: bool = False


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """The order of one gate, for all yards that feed it.

    ``head_seq`` and ``head_hash`` (hexadecimal) are the ledger's newest row when it was made.
    ``n_target`` trucks are to be between the yards and the end of inspection; None: not known.
    Names are by language.
    """

    form: int
    site: str
    site_name: Mapping[str, str]
    gate: str
    gate_name: Mapping[str, str]
    yards: Mapping[str, Mapping[str, str]]
    timezone: str
    made_at: datetime
    valid_until: datetime
    policy: str
    head_seq: int
    head_hash: str
    n_target: int | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class PaperParams:
    """How orders are printed; assumed.

    A new one is made ``every_s``. It holds for ``valid_s``: a day at the gates, after which
    nobody knows who is still there. Files are kept for ``files_kept_s``, content for
    ``orders_kept_s``: as long as somebody may have to enter what happened by it.
    """

    every_s: int = 3600
    valid_s: int = 43_200
    files_kept_s: int = 172_800
    orders_kept_s: int = 2_592_000


PARAMS = PaperParams()


@dataclass(frozen=True, slots=True)
class SignedOrder:
    """An order with the public key (32 bytes) and the signature (64); None where nobody signed."""

    order: Order
    key: bytes | None = None
    signature: bytes | None = None

    @property
    def digest(self) -> bytes:
        """The SHA-256 of the canonical content."""
        return hashlib.sha256(canonical(self.order)).digest()

    @property
    def code(self) -> str:
        """The short code of the content, as printed."""
        return code_of(self.digest)

    def is_genuine(self) -> bool:
        """Tell whether the signature is the key's, of just this content."""
        if self.key is None or self.signature is None:
            return False
        try:
            public = Ed25519PublicKey.from_public_bytes(self.key)
            public.verify(self.signature, canonical(self.order))
        except (InvalidSignature, ValueError):
            return False
        return True


def canonical(order: Order) -> bytes:
    """Return the bytes of an order that are signed."""
    return _encode(order)


def read_order(text: bytes) -> Order:
    """Return the order of its canonical content.

    Raises
    ------
    ValueError
        It is none.
    """
    return msgspec.json.decode(text, type=Order)


def sign_order(order: Order, key: Ed25519PrivateKey | None) -> SignedOrder:
    """Return an order as signed, or as it is where there is no key."""
    if key is None:
        return SignedOrder(order)
    return SignedOrder(order, key.public_key().public_bytes_raw(), key.sign(canonical(order)))


def order_of(
    snapshot: Snapshot,
    gate_id: str,
    plates: Mapping[int, str],
    *,
    head: Head,
    n_target: float | None,
    params: PaperParams = PARAMS,
) -> Order:
    """Return the order of a gate at the snapshot's moment.

    Parameters
    ----------
    plates
        The plate of each trip.
    head
        The ledger's newest row at that moment.
    n_target
        What release metering last aimed at.
    """
    site, now = snapshot.site, snapshot.now.astimezone(UTC).replace(microsecond=0)
    gate = site.gate_by_id[gate_id]
    feeding = {yard.id: dict(yard.name) for yard in site.yards if yard.access_to(gate_id)}
    valid_until = now + timedelta(seconds=params.valid_s)
    return Order(
        form=FORM,
        site=site.id,
        site_name=dict(site.name),
        gate=gate_id,
        gate_name=dict(gate.name),
        yards=feeding,
        timezone=site.timezone.key,
        made_at=now,
        valid_until=valid_until,
        policy=site.policy.version,
        head_seq=head.seq,
        head_hash=head.hash.hex(),
        n_target=None if n_target is None else max(floor(n_target), 1),
        lines=tuple(_lines(snapshot, gate_id, plates, valid_until)),
    )


def _lines(
    snapshot: Snapshot, gate: str, plates: Mapping[int, str], until: datetime
) -> Iterator[Line]:
    """Yield the trucks in the order in which they will be inspected.

    Who is held by an operator is not on it: nobody is to call that truck by the sheet. Who waits
    for an agency is, with a mark: that agency can still confirm while there is no network.
    """
    keyed = []
    blocks = blocks_of(snapshot)
    for trip in snapshot.trips:
        place = _place(trip, snapshot)
        if place is None or _gate_of(trip, place, snapshot) != gate:
            continue
        slot = _slot_of(trip)
        if place in (Place.YARD, Place.ROAD) and gate in blocks.get(trip.id, ()):
            continue
        if place is Place.ROAD and (slot is None or slot >= until):
            continue
        keyed.append((_turn(trip, place, slot, snapshot.site.policy), place, slot, trip))
    number = 0
    for _, place, slot, trip in sorted(keyed, key=lambda row: row[0]):
        number += place is not Place.IN_LANE
        called = place in (Place.IN_LANE, Place.AT_GATE, Place.CALLED)
        yield Line(
            number=None if place is Place.IN_LANE else number,
            trip=trip.id,
            plate=plates[trip.id],
            place=place,
            yard=trip.yard,
            slot=slot,
            seniority=seniority(trip, snapshot.site.policy)[0].astimezone(UTC),
            priority=trip.priority,
            standby=trip.standby,
            convoy=trip.convoy,
            called_at=trip.released_at if called else None,
            unconfirmed=place is Place.YARD and is_locked_in(trip),
        )


_PLACES = {
    Stage.IN_LANE: Place.IN_LANE,
    Stage.QUEUED: Place.AT_GATE,
    Stage.REGISTERED: Place.ROAD,
}
_ROWS = {Place.IN_LANE: 0, Place.AT_GATE: 1, Place.CALLED: 2}


def _place(trip: LiveTrip, snapshot: Snapshot) -> Place | None:
    """Return where a truck is, None where no gate waits for it any more."""
    if trip.stage is Stage.CLEARED:
        return None
    if standing(trip, snapshot.now):
        return Place.YARD
    if in_transit(trip, snapshot.now):
        return Place.CALLED
    if moving(trip, snapshot.now):
        return Place.ROAD
    # One that left its yard uncalled, or whose call ran out on the way, is somewhere on the road.
    return _PLACES.get(trip.stage, Place.ROAD)


def _gate_of(trip: LiveTrip, place: Place, snapshot: Snapshot) -> str | None:
    """Return the gate a truck is bound for."""
    if place in _ROWS and trip.released_gate is not None:
        return trip.released_gate
    if trip.told is not None:
        return trip.told.gate
    yard = None if trip.yard is None else snapshot.site.yard_by_id.get(trip.yard)
    if yard is None:
        return trip.gates[0]
    return next((gate for gate in trip.gates if yard.access_to(gate) is not None), None)


def _slot_of(trip: LiveTrip) -> datetime | None:
    """Return the slot a truck's turn goes by; one that did not show up has lost it."""
    if trip.told is None or (trip.release_ended is not None and missed(trip)):
        return None
    return trip.told.starts_at.astimezone(UTC)


def _turn(
    trip: LiveTrip, place: Place, slot: datetime | None, policy: Policy
) -> tuple[int, datetime, datetime, datetime, int]:
    """Return the sort key: in the lane, at the gate, called, then by slot, then by seniority."""
    last = datetime.max.replace(tzinfo=UTC)
    moment = {
        Place.IN_LANE: trip.lane_at,
        Place.AT_GATE: trip.queued_at,
        Place.CALLED: trip.released_at,
    }.get(place, slot)
    return _ROWS.get(place, len(_ROWS)), moment or last, *seniority(trip, policy)


def entry_of(signed: SignedOrder) -> Entry:
    """Return what the ledger says of an order that was made."""
    order = signed.order
    return Entry(
        Kind.PAPER,
        order.made_at,
        gate=order.gate,
        details={
            "order": signed.code,
            "digest": signed.digest.hex(),
            "trucks": len(order.lines),
            "valid_until": order.valid_until.isoformat(),
        },
    )
