"""A second proof of who signs in: an authenticator's codes (RFC 6238), and codes for its loss.

Six digits of HMAC-SHA1 over steps of 30 s, as every authenticator makes them; the steps beside the
present one are taken as well, and each code is good once. The secret is stored encrypted, recovery
codes hashed.
"""

import hmac
import io
import re
import secrets
from datetime import datetime, timedelta

import pyotp
import segno

from flowctl.errors import ConflictError
from flowctl.registry.accounts import get_account, hash_token
from flowctl.registry.keys import Keys, decrypt_totp, encrypt_totp
from flowctl.storage import accounts as stored
from flowctl.storage.accounts import Account, Connection

ISSUER = "flowctl"
_STEP_S = 30
_STEPS_BESIDE = 1
_RECOVERY_CODES = 10
_RECOVERY_BYTES = 10
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def begin_enrolment(conn: Connection, keys: Keys, name: str) -> str:
    """Make a secret for an account's authenticator and return the address that carries it.

    It counts only once `confirm_enrolment` has seen a code of it.

    Raises
    ------
    ConflictError
        The account has an authenticator, which must be taken away first.
    """
    account = get_account(conn, name, locked=True)
    _refuse_enrolled(account)
    secret = pyotp.random_base32()
    stored.set_totp(conn, name, encrypt_totp(keys, secret))
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def confirm_enrolment(
    conn: Connection, keys: Keys, name: str, code: str, *, wall_now: datetime
) -> list[str] | None:
    """Ask for codes from now on, and return the recovery codes; None where ``code`` is wrong.

    Raises
    ------
    ConflictError
        The account has an authenticator, or none was begun.
    """
    account = get_account(conn, name, locked=True)
    _refuse_enrolled(account)
    if account.totp_cipher is None:
        raise ConflictError("Begin with a new secret: there is none to confirm.", kind="no_secret")
    if not _take_code(conn, keys, account, code, wall_now=wall_now):
        return None
    stored.confirm_totp(conn, name, wall_now)
    return renew_recovery_codes(conn, name)


def renew_recovery_codes(conn: Connection, name: str) -> list[str]:
    """Return new recovery codes, once, in place of the former ones."""
    codes = [_recovery_code() for _ in range(_RECOVERY_CODES)]
    stored.replace_recovery_codes(conn, name, [hash_token(_plain(code)) for code in codes])
    return codes


def take_away(conn: Connection, name: str) -> None:
    """Let a password alone open an account again.

    Raises
    ------
    NotFoundError
        There is no such account.
    """
    get_account(conn, name, locked=True)
    stored.set_totp(conn, name, None)
    stored.replace_recovery_codes(conn, name, [])


def is_second_proof(
    conn: Connection, keys: Keys, account: Account, code: str, *, wall_now: datetime
) -> bool:
    """Tell whether a code is the authenticator's or a recovery code, and use it up."""
    if re.fullmatch(r"[\d\s]+", code, re.ASCII):
        return _take_code(conn, keys, account, code, wall_now=wall_now)
    return stored.spend_recovery_code(conn, account.name, hash_token(_plain(code)))


def qr_svg(address: str) -> str:
    """Return an address as the picture an authenticator scans."""
    out = io.BytesIO()
    segno.make(address, error="m").save(out, kind="svg", scale=4, border=4, xmldecl=False)
    return out.getvalue().decode()


def _take_code(
    conn: Connection, keys: Keys, account: Account, code: str, *, wall_now: datetime
) -> bool:
    if account.totp_cipher is None:
        return False
    totp = pyotp.TOTP(decrypt_totp(keys, account.totp_cipher), interval=_STEP_S)
    given = re.sub(r"\s", "", code).encode()
    for beside in range(-_STEPS_BESIDE, _STEPS_BESIDE + 1):
        at = wall_now + timedelta(seconds=beside * _STEP_S)
        if hmac.compare_digest(totp.at(at).encode(), given):
            return stored.take_step(conn, account.name, totp.timecode(at))
    return False


def _refuse_enrolled(account: Account) -> None:
    if account.asks_code:
        raise ConflictError(
            "This account has an authenticator; take it away before you set up another one.",
            kind="has_authenticator",
        )


def _recovery_code() -> str:
    letters = [secrets.choice(_BASE32) for _ in range(_RECOVERY_BYTES * 8 // 5)]
    return "-".join("".join(letters[i : i + 4]) for i in range(0, len(letters), 4))


def _plain(code: str) -> str:
    return re.sub(r"[\s-]", "", code).upper()
