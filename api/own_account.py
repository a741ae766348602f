"""What people do with their own account: the password, the authenticator."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.attempts import count_attempt
from api.auth import signed_in
from api.errors import Problem
from api.faults import SECRET
from api.hashing import in_turn
from api.record import record
from api.transaction import transaction
from flowctl.registry import totp
from flowctl.registry.accounts import hash_password, is_password
from flowctl.registry.sessions import Present
from flowctl.storage.accounts import Account, count_recovery_codes, set_password_hash
from flowctl.storage.sessions import end_sessions_of

router = APIRouter(prefix="/v1/accounts/current", tags=["sessions"])

_MOST_TRIES = 10
_WITHIN = timedelta(minutes=15)

_Password = Annotated[str, Field(min_length=1, max_length=200), SECRET]
_Signed = Annotated[Present, Depends(signed_in)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NewPassword(_Body):
    """The password so far, and the one from now on."""

    old: _Password
    new: _Password


class Proof(_Body):
    """The password, asked for anew: a session somebody walked away from shall not do it."""

    password: _Password


class Code(_Body):
    """A code the authenticator shows."""

    code: Annotated[str, SECRET] = Field(min_length=6, max_length=20)


class Enrolment(BaseModel):
    """A new secret: as a picture to scan, and as the address within it."""

    svg: str
    address: str


class RecoveryCodes(BaseModel):
    """Codes for when the authenticator is lost, shown only now; each is good once."""

    recovery_codes: list[str]


class Authenticator(BaseModel):
    """Whether there is one, and how many recovery codes are left."""

    on: bool
    recovery_codes_left: int


@router.post("/password", status_code=204)
async def change_password(request: Request, body: NewPassword, present: _Signed) -> None:
    """Set another password, which ends every other session of the account."""
    await _prove(request, present.account, body.old)
    password_hash = await in_turn(hash_password, body.new)
    await run_in_threadpool(_change, request, present, password_hash)


@router.get("/totp")
def get_authenticator(request: Request, present: _Signed) -> Authenticator:
    """Say whether codes are asked for, and how many recovery codes are left."""
    with transaction(request) as conn:
        left = count_recovery_codes(conn, present.account.name)
    return Authenticator(on=present.account.asks_code, recovery_codes_left=left)


@router.post("/totp")
async def begin_authenticator(request: Request, body: Proof, present: _Signed) -> Enrolment:
    """Make a secret for an authenticator; it counts once a code of it was confirmed."""
    await _prove(request, present.account, body.password)
    return await run_in_threadpool(_begin, request, present)


@router.post("/totp/confirm")
async def confirm_authenticator(request: Request, body: Code, present: _Signed) -> RecoveryCodes:
    """Ask for codes from now on, as this one is right."""
    await _count(request, f"totp-confirm:{present.account.name}")
    codes = await run_in_threadpool(_confirm, request, present, body.code)
    if codes is None:
        raise Problem(
            422,
            "Not possible",
            "This code is wrong, or was used already: wait for the next one, and look whether the"
            " clock of the phone is right.",
            kind="code_wrong",
        )
    return RecoveryCodes(recovery_codes=codes)


@router.post("/totp/end", status_code=204)
async def end_authenticator(request: Request, body: Proof, present: _Signed) -> None:
    """Take the authenticator and the recovery codes away."""
    await _prove(request, present.account, body.password)
    await run_in_threadpool(_end, request, present)


@router.post("/recovery-codes")
async def renew_recovery_codes(request: Request, body: Proof, present: _Signed) -> RecoveryCodes:
    """Make new recovery codes in place of the former ones."""
    await _prove(request, present.account, body.password)
    return await run_in_threadpool(_renew, request, present)


async def _prove(request: Request, account: Account, password: str) -> None:
    await _count(request, f"proof:{account.name}")
    if not await in_turn(is_password, password, account):
        raise Problem(403, "Forbidden", "The password so far is wrong.", kind=WRONG_PASSWORD)
    await request.app.state.store.delete(f"proof:{account.name}")


WRONG_PASSWORD = "password"  # noqa: S105 - a type of problem
"""The type of the problem that says: the password given as a proof is wrong."""


async def _count(request: Request, key: str) -> None:
    what = "Too many wrong tries"
    await count_attempt(request.app.state.store, key, most=_MOST_TRIES, within=_WITHIN, what=what)


def _change(request: Request, present: Present, password_hash: str) -> None:
    name, this = present.account.name, present.session.id
    with transaction(request) as conn:
        set_password_hash(conn, name, password_hash)
        n = end_sessions_of(conn, name, why="password", wall_at=datetime.now(UTC), but=this)
        record(request, conn, "account.password", f"account:{name}", after={"ended": n})


def _begin(request: Request, present: Present) -> Enrolment:
    with transaction(request) as conn:
        address = totp.begin_enrolment(conn, request.app.state.keys, present.account.name)
        record(request, conn, "authenticator.begin", _subject(present))
    return Enrolment(svg=totp.qr_svg(address), address=address)


def _confirm(request: Request, present: Present, code: str) -> list[str] | None:
    with transaction(request) as conn:
        codes = totp.confirm_enrolment(
            conn,
            request.app.state.keys,
            present.account.name,
            code,
            wall_now=datetime.now(UTC),
        )
        if codes is not None:
            record(request, conn, "authenticator.confirm", _subject(present))
    return codes


def _end(request: Request, present: Present) -> None:
    with transaction(request) as conn:
        totp.take_away(conn, present.account.name)
        record(request, conn, "authenticator.end", _subject(present))


def _renew(request: Request, present: Present) -> RecoveryCodes:
    if not present.account.asks_code:
        raise Problem(
            409,
            "Conflict",
            "Set up an authenticator first; then there are codes.",
            kind="no_authenticator",
        )
    with transaction(request) as conn:
        codes = totp.renew_recovery_codes(conn, present.account.name)
        record(request, conn, "authenticator.codes", _subject(present))
    return RecoveryCodes(recovery_codes=codes)


def _subject(present: Present) -> str:
    return f"account:{present.account.name}"
