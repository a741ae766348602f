"""Who somebody is by an OpenID Connect provider's word (Core 1.0, section 3.1.3.7). Pure.

The provider names an account we have; it never makes one.
"""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact

from flowctl.errors import FlowctlError
from flowctl.storage import accounts as stored
from flowctl.storage.accounts import Account, Connection

ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519", "EdDSA")
"""Signatures by a key pair only: no secret we share, and never none at all."""
_LEEWAY_S = 60
_RANDOM_BYTES = 32


class NotProvedError(FlowctlError):
    """What the provider said proves nobody's identity."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What we keep of a sign-in while its person is at the provider; none of it is guessable."""

    state: str
    nonce: str
    verifier: str
    browser: str
    page: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed in there; ``email`` only where the provider verified it."""

    subject: str
    email: str | None


def new_attempt(page: str) -> Attempt:
    """Return what a sign-in begins with, to end at a page of ours."""
    state, nonce, verifier, browser = (secrets.token_urlsafe(_RANDOM_BYTES) for _ in range(4))
    return Attempt(state, nonce, verifier, browser, page)


def address_to_ask(endpoint: str, attempt: Attempt, *, client_id: str, redirect_uri: str) -> str:
    """Return where the browser goes to sign in: code flow with PKCE (RFC 7636, S256)."""
    digest = hashlib.sha256(attempt.verifier.encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": "openid email",
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"


def names_unknown_key(token: str, keys: KeySet) -> bool:
    """Tell whether a token is signed by a key that is not among these: they may have changed."""
    try:
        kid = _header(token).get("kid")
    except NotProvedError:
        return False
    return kid is not None and kid not in {key.kid for key in keys.keys}


def identify(
    token: str, keys: KeySet, *, issuer: str, client_id: str, nonce: str, wall_now: datetime
) -> Identity:
    """Return who an ID token is about.

    Raises
    ------
    NotProvedError
        Its signature, issuer, audience, time or nonce is not as it must be; the sentence says what.
    """
    try:
        read = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
        jwt.JWTClaimsRegistry(
            now=int(wall_now.timestamp()),
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(read.claims)
    except (JoseError, ValueError) as error:
        raise NotProvedError(f"The provider's token proves nothing: {error}.") from error
    claims: Mapping[str, Any] = read.claims
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several or "azp" in claims) and claims.get("azp") != client_id:
        raise NotProvedError("The provider's token was made for another client.")
    email = claims.get("email") if claims.get("email_verified") is True else None
    known = email.strip().lower() if isinstance(email, str) else None
    return Identity(f"{issuer}#{claims['sub']}", known)


def find_known(conn: Connection, who: Identity) -> Account | None:
    """Return whose account it is, and remember the subject where only the e-mail was known."""
    account = stored.find_account_elsewhere(conn, subject=who.subject, email=who.email)
    if account is not None and account.subject is None:
        stored.set_subject(conn, account.name, who.subject)
    return account


def _header(token: str) -> Mapping[str, Any]:
    try:
        return extract_compact(token.encode()).headers()
    except (JoseError, ValueError) as error:
        raise NotProvedError(f"The provider sent no token: {error}.") from error
