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
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""Addresses of IPv4 as a network of IPv6 alone reaches them (RFC 6052, 2.1)."""
_NOT_OPEN_4 = tuple(
    ipaddress.IPv4Network(one)
    for one in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",  # with its two anycast addresses: they are the nearest router's
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, and 240.0.0.0/4
    )
)
"""What the IANA IPv4 Special-Purpose Address Registry does not call globally reachable.

Written down here, for `ipaddress` follows that registry only in part, by Python's patch version.
"""
_UNICAST_6 = ipaddress.IPv6Network("2000::/3")
"""All that IANA gives out as global unicast (IPv6 Global Unicast Address Assignments)."""
_NOT_OPEN_6 = tuple(
    ipaddress.IPv6Network(one)
    for one in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
    )
)
"""What the IANA IPv6 Special-Purpose Address Registry excepts of them."""
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
    """Tell whether an IP address is unicast of the open network, whichever way it is written."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        within = found.ipv4_mapped
        if found in _NAT64:
            within = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if within is None:
            return found in _UNICAST_6 and not any(found in one for one in _NOT_OPEN_6)
        found = within
    return not any(found in one for one in _NOT_OPEN_4)


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
