"""What protects personal data: one secret, and from it one key a purpose.

Phone numbers are stored encrypted (AES-256-GCM); where only equality is needed there is a keyed
hash (HMAC-SHA256). A driver's page is opened by a short code that nobody can guess.

While a secret is changed there are former ones: what was made with one still opens and is still
recognised, and everything new is made with the secret in force (`flowctl.registry.rotation`).
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from string import ascii_lowercase, ascii_uppercase, digits
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from flowctl.errors import FlowctlError
from flowctl.settings import lines

_ALPHABET = digits + ascii_uppercase + ascii_lowercase
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_BASE = len(_ALPHABET)
_PROOF_BITS = 54
_EPOCH_BITS = 6
_PROOF_MASK = (1 << _PROOF_BITS) - 1
_LONGEST_CODE = 20
MOST_EPOCHS = 1 << _EPOCH_BITS
"""How many numbers a trip's driver may have one after the other, each with links of its own."""
_NONCE = 12
_LOGIN_CODES = 1_000_000
# Bound into the cipher text: it opens as what it is and as nothing else.
_PHONE = b"phone"
_WEBHOOK = b"webhook"
_ANSWER = b"answer"
_PUSH = b"push"
_TOTP = b"totp"
_OWN_KEY_BYTES = 32
_NONE = SecretStr("")


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """The derived keys, 32 bytes each; never printed. ``former`` are those of former secrets."""

    phone_cipher: bytes
    phone_hash: bytes
    link: bytes
    webhook_cipher: bytes
    gateway: bytes
    login: bytes
    pass_seed: bytes
    push_seed: bytes
    push_cipher: bytes
    answer_cipher: bytes
    totp_cipher: bytes
    form_cipher: bytes
    person_wrap: bytes
    document_wrap: bytes
    document_digest: bytes
    former: "tuple[Keys, ...]" = ()

    @property
    def each(self) -> "tuple[Keys, ...]":
        """The keys in force, and after them the former ones."""
        return (self, *self.former)

    @property
    def person_wraps(self) -> tuple[bytes, ...]:
        """All that a person's key may be wrapped by."""
        return tuple(one.person_wrap for one in self.each)

    @property
    def document_wraps(self) -> tuple[bytes, ...]:
        """All that a document's key may be wrapped by."""
        return tuple(one.document_wrap for one in self.each)

    @property
    def form_ciphers(self) -> tuple[bytes, ...]:
        """All that a draft, a template or what came of a table may be encrypted by."""
        return tuple(one.form_cipher for one in self.each)


OneOfKeys = bytes | tuple[bytes, ...]
"""A key; or several, of which one will open something."""


class Link(NamedTuple):
    """What a driver's link proves: its trip, and which of the trip's numbers it was sent to."""

    trip_id: int
    epoch: int


def derive_keys(secret: SecretStr, old_secrets: SecretStr = _NONE) -> Keys:
    """Derive the keys from the deployment's secret (HKDF-SHA256, RFC 5869, one info a purpose).

    ``old_secrets`` are former ones, one a line.
    """
    former = (_derived_from(one) for one in lines(old_secrets.get_secret_value()))
    return replace(_derived_from(secret.get_secret_value()), former=tuple(former))


def _derived_from(secret: str) -> Keys:
    material = secret.encode()

    def derived(purpose: str) -> bytes:
        info = f"flowctl/1/{purpose}".encode()
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(material)

    return Keys(
        derived("phone-cipher"),
        derived("phone-hash"),
        derived("driver-link"),
        derived("webhook-cipher"),
        gateway=derived("gateway-token"),
        login=derived("driver-login"),
        pass_seed=derived("pass-signature"),
        push_seed=derived("push-signature"),
        answer_cipher=derived("answer-text"),
        push_cipher=derived("push-cipher"),
        totp_cipher=derived("totp-cipher"),
        form_cipher=derived("form-cipher"),
        person_wrap=derived("person-key"),
        document_wrap=derived("document-key"),
        document_digest=derived("document-digest"),
    )


def encrypt_phone(keys: Keys, phone: str) -> bytes:
    """Return nonce and cipher text of a phone number; differs at every call."""
    return _encrypt(keys.phone_cipher, phone, _PHONE)


def encrypt_answer(keys: Keys, text: str) -> bytes:
    """Return nonce and cipher text of what a driver wrote; differs at every call."""
    return _encrypt(keys.answer_cipher, text, _ANSWER)


def decrypt_answer(keys: Keys, cipher: bytes) -> str:
    """Return what a driver wrote.

    Raises
    ------
    FlowctlError
        It was encrypted under another secret, or is damaged.
    """
    return _decrypt([one.answer_cipher for one in keys.each], cipher, _ANSWER, "answer")


def encrypt_secret(keys: Keys, secret: str) -> bytes:
    """Return nonce and cipher text of a webhook's secret; differs at every call."""
    return _encrypt(keys.webhook_cipher, secret, _WEBHOOK)


def decrypt_secret(keys: Keys, cipher: bytes) -> str:
    """Return the secret of a webhook.

    Raises
    ------
    FlowctlError
        The cipher text was made with another secret of ours, or was damaged.
    """
    return _decrypt(
        [one.webhook_cipher for one in keys.each], cipher, _WEBHOOK, "secret of a webhook"
    )


def encrypt_push(keys: Keys, subscription: str) -> bytes:
    """Return nonce and cipher text of where a browser is pushed to; differs at every call."""
    return _encrypt(keys.push_cipher, subscription, _PUSH)


def decrypt_push(keys: Keys, cipher: bytes) -> str:
    """Return where a browser is pushed to.

    Raises
    ------
    FlowctlError
        The cipher text was made with another secret, or was damaged.
    """
    return _decrypt([one.push_cipher for one in keys.each], cipher, _PUSH, "address of a browser")


def encrypt_totp(keys: Keys, secret: str) -> bytes:
    """Return nonce and cipher text of an authenticator's secret; differs at every call."""
    return _encrypt(keys.totp_cipher, secret, _TOTP)


def decrypt_totp(keys: Keys, cipher: bytes) -> str:
    """Return an authenticator's secret.

    Raises
    ------
    FlowctlError
        The cipher text was made with another secret, or was damaged.
    """
    return _decrypt(
        [one.totp_cipher for one in keys.each], cipher, _TOTP, "secret of an authenticator"
    )


def decrypt_phone(keys: Keys, cipher: bytes) -> str:
    """Return the phone number.

    Raises
    ------
    FlowctlError
        The cipher text was made with another secret, or was damaged.
    """
    return _decrypt([one.phone_cipher for one in keys.each], cipher, _PHONE, "phone number")


def _encrypt(key: bytes, text: str, kind: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, text.encode(), kind)


def _decrypt(any_of: Sequence[bytes], cipher: bytes, kind: bytes, what: str) -> str:
    return _opened(any_of, cipher, kind, what).decode()


def _opened(any_of: Sequence[bytes], cipher: bytes, kind: bytes, what: str) -> bytes:
    for key in any_of:
        try:
            return AESGCM(key).decrypt(cipher[:_NONCE], cipher[_NONCE:], kind)
        except (InvalidTag, ValueError):
            continue
    raise FlowctlError(
        f"A stored {what} does not open with this FLOWCTL_SECRET; start with the secret it was"
        " registered under, or name that one in FLOWCTL_OLD_SECRETS."
    )


def _several(key: OneOfKeys) -> tuple[bytes, ...]:
    return (key,) if isinstance(key, bytes) else key


def new_own_key() -> bytes:
    """Return a key (AES-256) for what is somebody's own: whoever destroys it erases that."""
    return secrets.token_bytes(_OWN_KEY_BYTES)


def wrap_key(wrap: bytes, own: bytes, whose: str) -> bytes:
    """Return nonce and cipher text of such a key, bound to whose it is."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(wrap).encrypt(nonce, own, whose.encode())


def unwrap_key(wrap: OneOfKeys, wrapped: bytes, whose: str) -> bytes:
    """Return the key.

    Raises
    ------
    FlowctlError
        It was wrapped under another secret or for somebody else, or is damaged.
    """
    return _opened(_several(wrap), wrapped, whose.encode(), f"key of {whose}")


def encrypt_own(own: bytes, data: bytes, place: str) -> bytes:
    """Return nonce and cipher text by such a key, bound to the place where it is kept."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(own).encrypt(nonce, data, place.encode())


def decrypt_own(own: OneOfKeys, cipher: bytes, place: str) -> bytes:
    """Return what was encrypted by such a key for this place.

    Raises
    ------
    FlowctlError
        It was encrypted by another key or for another place, or is damaged.
    """
    return _opened(_several(own), cipher, place.encode(), place)


def hash_phone(keys: Keys, phone: str) -> bytes:
    """Return the keyed hash by which one driver is recognised (32 bytes)."""
    return hmac.digest(keys.phone_hash, phone.encode(), hashlib.sha256)


def phone_hashes(keys: Keys, phone: str) -> list[bytes]:
    """Return every hash a driver may stand under: by the secret in force first."""
    return [hash_phone(one, phone) for one in keys.each]


def login_digits(keys: Keys, login_id: str) -> str:
    """Return the six digits of a one-time code, which stand nowhere: an HMAC of the login's id."""
    digest = hmac.digest(keys.login, login_id.encode(), hashlib.sha256)
    return f"{int.from_bytes(digest[:8]) % _LOGIN_CODES:06d}"


def gateway_token(keys: Keys, name: str) -> str:
    """Return what a message gateway proves itself with in the addresses it calls (32 digits)."""
    return hmac.digest(keys.gateway, name.encode(), hashlib.sha256)[:16].hex()


def is_gateway_token(keys: Keys, name: str, token: str) -> bool:
    """Tell whether a token is of the gateway of that name, in the same time for any token."""
    given = token.encode()
    fits = [hmac.compare_digest(gateway_token(one, name).encode(), given) for one in keys.each]
    return any(fits)


def link_code(keys: Keys, trip_id: int, epoch: int) -> str:
    """Return the code of a trip's driver page: at most 14 characters up to ten million trips.

    The number ``trip_id · 2^60 + epoch · 2^54 + proof`` in base 62, the proof being 54 bits of an
    HMAC of both. ``epoch`` counts the numbers the trip's driver had before, 0 … `MOST_EPOCHS` - 1.
    """
    number = (trip_id << _EPOCH_BITS | epoch) << _PROOF_BITS | _link_proof(keys, trip_id, epoch)
    code = ""
    while number:
        number, value = divmod(number, _BASE)
        code = _ALPHABET[value] + code
    return code


def find_trip_of_code(keys: Keys, code: str) -> Link | None:
    """Return what a code proves, or None where that is nothing.

    Whether the link still holds the trip says, whose epoch grows.
    """
    if not 0 < len(code) <= _LONGEST_CODE or not all(letter in _VALUES for letter in code):
        return None
    number = 0
    for letter in code:
        number = number * _BASE + _VALUES[letter]
    trip_id, epoch = divmod(number >> _PROOF_BITS, MOST_EPOCHS)
    claimed = (number & _PROOF_MASK).to_bytes(8, "big")
    proofs = [_link_proof(one, trip_id, epoch).to_bytes(8, "big") for one in keys.each]
    fits = [hmac.compare_digest(claimed, proof) for proof in proofs]
    if not any(fits) or code[0] == _ALPHABET[0]:
        return None
    return Link(trip_id, epoch)


def _link_proof(keys: Keys, trip_id: int, epoch: int) -> int:
    digest = hmac.digest(keys.link, f"{trip_id}/{epoch}".encode(), hashlib.sha256)
    return int.from_bytes(digest[:8], "big") & _PROOF_MASK
