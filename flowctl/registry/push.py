"""Browsers that a trip's messages are pushed to (RFC 8030): who asks, and by which key we sign.

An address comes from a browser, so it may be anything: only https to machines of the open network
is taken, and it is looked at again when it is used, see `flowctl.notify.push`.
"""

import ipaddress
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from flowctl.errors import FlowctlError
from flowctl.registry.keys import Keys, decrypt_push, encrypt_push
from flowctl.storage import push as stored
from flowctl.storage.push import Connection, Pushable

MOST_PER_TRIP = 5
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""RFC 6052, 2.1."""
_CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve's base point (SEC 2, 2.4.2)."""
_POINT_BYTES, _AUTH_BYTES = 65, 16


@dataclass(frozen=True, slots=True, repr=False)
class Subscription:
    """Where a browser is reached, its public key and its shared secret, both base64url."""

    endpoint: str
    p256dh: str
    auth: str


def push_private_key(keys: Keys) -> ec.EllipticCurvePrivateKey:
    """Return the key that tells push services who we are (VAPID, RFC 8292)."""
    return ec.derive_private_key(int.from_bytes(keys.push_seed) % (_ORDER - 1) + 1, _CURVE)


def push_public_key(keys: Keys) -> str:
    """Return its public half as browsers take it: an uncompressed point, base64url."""
    point = push_private_key(keys).public_key()
    data = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def subscribe(
    conn: Connection,
    keys: Keys,
    trip_id: int,
    wish: Subscription,
    *,
    demo: bool,
    wall_now: datetime,
) -> None:
    """Let a browser be told of a trip's messages; a sixth one takes the place of the oldest.

    Raises
    ------
    FlowctlError
        The address or a key of it cannot be; a demo also takes addresses of its own machine.
    """
    check_endpoint(wish.endpoint, demo=demo)
    _check_keys(wish)
    stored.save_subscription(
        conn,
        trip_id,
        endpoint_hash=_hash(wish.endpoint),
        cipher=encrypt_push(keys, msgspec.json.encode(wish).decode()),
        most=MOST_PER_TRIP,
        wall_now=wall_now,
    )


def open_subscription(keys: Keys, row: Pushable) -> Subscription:
    """Return where a browser is reached.

    Raises
    ------
    FlowctlError
        It was stored under another secret.
    """
    return msgspec.json.decode(decrypt_push(keys, row.cipher), type=Subscription)


def check_endpoint(endpoint: str, *, demo: bool) -> None:
    """Refuse an address that no push service has.

    Raises
    ------
    FlowctlError
        It is not https, names a machine of an inner network, or is no address at all.
    """
    try:
        url = urlsplit(endpoint)
        host, _ = url.hostname, url.port
    except ValueError as error:
        raise FlowctlError("The push address is no address of the web.") from error
    if not host or url.username is not None or url.scheme not in ("https", "http"):
        raise FlowctlError("The push address is no address of the web.")
    inner = _is_inner(host)
    if demo and inner:
        return
    if url.scheme != "https" or inner or "." not in host:
        raise FlowctlError("The push address must be https, of a push service on the open network.")


def is_open(address: str) -> bool:
    """Tell whether an IP address is one of the open network, whichever way it is written."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        within = _within(found)
        if within is not None:
            return is_open(str(within))
    return found.is_global and not found.is_multicast


def _within(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that a gateway makes of one of IPv6."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = None if address.teredo is None else address.teredo[1]
    return address.ipv4_mapped or address.sixtofour or teredo


def _is_inner(host: str) -> bool:
    try:
        return not is_open(host)
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))


def _check_keys(wish: Subscription) -> None:
    try:
        point, auth = _decoded(wish.p256dh), _decoded(wish.auth)
        ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)
    except ValueError as error:
        raise FlowctlError("The browser's push key is no point of P-256.") from error
    if len(point) != _POINT_BYTES or len(auth) != _AUTH_BYTES:
        raise FlowctlError("The browser's push keys have other lengths than RFC 8291 says.")


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))


def _hash(endpoint: str) -> bytes:
    return sha256(endpoint.encode()).digest()
