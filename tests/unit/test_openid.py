import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from flowctl.registry.openid import (
    Identity,
    NotProvedError,
    address_to_ask,
    identify,
    names_unknown_key,
    new_attempt,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
OTHER = RSAKey.generate_key(2048, {"kid": "two", "use": "sig", "alg": "RS256"})
KEYS = KeySet.import_key_set({"keys": [KEY.as_dict(private=False)]})
CLAIMS: dict[str, Any] = {
    "iss": "https://id.example",
    "aud": "flowctl",
    "sub": "7",
    "exp": int(NOW.timestamp()) + 60,
    "iat": int(NOW.timestamp()),
    "nonce": "n",
    "email": "Anh@Border.example",
    "email_verified": True,
}


def signed(key: RSAKey = KEY, **changes: object) -> str:
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)


def part(header: dict[str, str]) -> str:
    return urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()


def who(token: str) -> Identity:
    known = {"issuer": "https://id.example", "client_id": "flowctl", "nonce": "n"}
    return identify(token, KEYS, wall_now=NOW, **known)


def test_a_token_of_the_provider_for_us_names_its_subject_and_verified_email():
    assert who(signed()) == Identity("https://id.example#7", "anh@border.example")
    assert who(signed(email_verified=False)).email is None
    assert who(signed(email_verified="true")).email is None
    assert who(signed(aud=["flowctl", "other"], azp="flowctl")).subject.endswith("#7")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"aud": "other"},
        {"aud": ["other"]},
        {"aud": ["flowctl", "other"]},
        {"azp": "other"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": int(NOW.timestamp()) - 600},
        {"exp": None},
        {"iat": int(NOW.timestamp()) + 6000},
        {"sub": None},
        {"sub": 7},
    ],
)
def test_a_token_that_is_not_as_it_must_be_proves_nothing(changes: dict[str, Any]):
    with pytest.raises(NotProvedError):
        who(signed(**changes))


def test_a_token_without_a_signature_or_by_a_key_that_is_not_the_providers_proves_nothing():
    body = signed().split(".")[1]
    none = f"{part({'alg': 'none', 'kid': 'one'})}.{body}."
    # The public key taken for a shared secret: the old trick with algorithms of two kinds.
    head = f"{part({'alg': 'HS256', 'kid': 'one'})}.{body}"
    mac = hmac.digest(KEY.as_pem(private=False), head.encode(), "sha256")
    confused = f"{head}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    forged = signed(OTHER).replace(signed(OTHER).split(".")[0], signed().split(".")[0])
    for token in (none, confused, forged, signed(OTHER), "", "a.b.c", "nonsense"):
        with pytest.raises(NotProvedError):
            who(token)


def test_a_key_we_do_not_know_is_told_from_a_token_that_is_none():
    assert names_unknown_key(signed(OTHER), KEYS)
    assert not names_unknown_key(signed(), KEYS)
    assert not names_unknown_key("nonsense", KEYS)


def test_an_attempt_is_unguessable_and_asks_for_a_code_with_its_proof():
    one, other = new_attempt("/"), new_attempt("/")
    assert not {one.state, one.nonce, one.verifier, one.browser} & {
        other.state,
        other.nonce,
        other.verifier,
        other.browser,
    }
    asked = address_to_ask(
        "https://id.example/auth?x=1", one, client_id="flowctl", redirect_uri="https://us/back"
    )
    assert asked.startswith("https://id.example/auth?x=1&response_type=code&client_id=flowctl")
    assert one.verifier not in asked
    assert "code_challenge_method=S256" in asked
