"""Passes read by the book, for the tests of who writes and who reads them."""

from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def from_base45(text: str) -> bytes:
    """Return the bytes of a text in base 45 (RFC 9285)."""
    data = b""
    for start in range(0, len(text), 3):
        letters = text[start : start + 3]
        number = sum(LETTERS.index(one) * 45**place for place, one in enumerate(letters))
        data += number.to_bytes(len(letters) - 1)
    return data


def read_pass(text: str, public_key: bytes) -> tuple[str, int, str, str, list[datetime]]:
    """Return site, trip, plate, gate and moments of a pass; refuses a forged one."""
    data = from_base45(text.removeprefix("FLOW1:"))
    content, signature = data[:-64], data[-64:]
    Ed25519PublicKey.from_public_bytes(public_key).verify(signature, b"flowctl pass\0" + content)
    assert content[0] == 1
    at = 1

    def take(count: int) -> bytes:
        nonlocal at
        at += count
        return content[at - count : at]

    site = take(take(1)[0]).decode()
    trip = int.from_bytes(take(5))
    plate, gate = (take(take(1)[0]).decode() for _ in range(2))
    moments = [datetime.fromtimestamp(int.from_bytes(take(4)), UTC) for _ in range(3)]
    assert at == len(content)
    return site, trip, plate, gate, moments
