"""Who may come in, for administrators: accounts, each of one person at one post."""

import secrets
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.asked import NO_BODY
from api.hashing import in_turn
from api.once import MaybeKey, refuse_repeated
from api.record import Connection, record
from api.transaction import transaction
from flowctl.registry import accounts as registry
from flowctl.registry.accounts import Agency, Person, Role
from flowctl.registry.sessions import list_open
from flowctl.registry.totp import take_away
from flowctl.storage.accounts import Account, list_accounts
from flowctl.storage.sessions import find_last_session

router = APIRouter(prefix="/v1/accounts", tags=["accounts"])

_FIRST_PASSWORD_BYTES = 12

Name = Annotated[str, Path(max_length=80)]
Text = Annotated[str, Field(max_length=200)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewAccount(_Body):
    """An account to make; its first password is made here."""

    name: Text
    role: Role
    person: Text
    post: Text
    agency: Agency | None = None
    email: Text | None = None


class AccountPatch(_Body):
    """What is to change of an account; what is absent stays, an e-mail of "" is taken away."""

    role: Role | None = None
    person: Text | None = None
    post: Text | None = None
    agency: Agency | None = None
    email: Text | None = None


class ShownAccount(BaseModel):
    """An account; what nobody said is null. ``sessions`` counts those open now."""

    name: str
    role: str
    person: str | None
    post: str | None
    agency: str | None
    email: str | None
    authenticator: bool
    disabled_at: datetime | None
    made_at: datetime
    last_at: datetime | None
    last_address: str | None
    sessions: int


class MadePassword(BaseModel):
    """A password to hand over, shown only now; its person should change it."""

    name: str
    password: str


@router.get("")
def get_accounts(request: Request) -> list[ShownAccount]:
    """List every account, by name."""
    with transaction(request) as conn:
        return [_shown(conn, one) for one in list_accounts(conn)]


@router.post("", status_code=201)
async def make(request: Request, body: NewAccount, key: MaybeKey = None) -> MadePassword:
    """Make an account, and its first password."""
    password, password_hash = await _make_password()

    def work() -> None:
        with transaction(request) as conn:
            refuse_repeated(request, conn, key, body)
            made = registry.make_account(
                conn,
                name=body.name,
                role=body.role,
                password_hash=password_hash,
                whose=Person(body.person, body.post, body.agency, body.email),
                wall_now=datetime.now(UTC),
            )
            record(
                request,
                conn,
                "account.make",
                _subject(body.name),
                after=registry.describe(made),
            )

    await run_in_threadpool(work)
    return MadePassword(name=body.name, password=password)


@router.patch("/{name}")
def change(request: Request, name: Name, body: AccountPatch) -> ShownAccount:
    """Say anew whose an account is, or as what they come in; another role ends their sessions."""
    with transaction(request) as conn:
        before = registry.get_account(conn, name, locked=True)
        whose = Person(body.person, body.post, body.agency, body.email)
        after = registry.change_account(
            conn, name, role=body.role, whose=whose, wall_now=datetime.now(UTC)
        )
        old, new = registry.describe(before), registry.describe(after)
        named = {"named": sorted(body.model_fields_set & {"person", "email"})}
        record(request, conn, "account.change", _subject(name), before=old, after=new | named)
        return _shown(conn, after)


@router.post("/{name}/password", dependencies=[NO_BODY])
async def give_password(request: Request, name: Name) -> MadePassword:
    """Give an account a new password, which ends its sessions."""
    password, password_hash = await _make_password()

    def work() -> None:
        with transaction(request) as conn:
            registry.set_password(conn, name, password_hash, wall_now=datetime.now(UTC))
            record(request, conn, "account.give_password", _subject(name))

    await run_in_threadpool(work)
    return MadePassword(name=name, password=password)


@router.post("/{name}/disable", dependencies=[NO_BODY])
def disable(request: Request, name: Name) -> ShownAccount:
    """Let nobody in by an account any more; its sessions end at once."""
    with transaction(request) as conn:
        registry.disable_account(conn, name, wall_now=datetime.now(UTC))
        record(request, conn, "account.disable", _subject(name))
        return _shown(conn, registry.get_account(conn, name))


@router.post("/{name}/enable", dependencies=[NO_BODY])
def enable(request: Request, name: Name) -> ShownAccount:
    """Let an account's person in again."""
    with transaction(request) as conn:
        registry.enable_account(conn, name)
        record(request, conn, "account.enable", _subject(name))
        return _shown(conn, registry.get_account(conn, name))


@router.post("/{name}/totp/reset", dependencies=[NO_BODY])
def reset_authenticator(request: Request, name: Name) -> ShownAccount:
    """Take an account's authenticator away, as when the phone is lost."""
    with transaction(request) as conn:
        take_away(conn, name)
        record(request, conn, "authenticator.reset", _subject(name))
        return _shown(conn, registry.get_account(conn, name))


async def _make_password() -> tuple[str, str]:
    """Return a new password and its hash, which is made without a connection."""
    password = secrets.token_urlsafe(_FIRST_PASSWORD_BYTES)
    hashed = await in_turn(registry.hash_password, password)
    return password, hashed


def _shown(conn: Connection, account: Account) -> ShownAccount:
    now = datetime.now(UTC)
    last = find_last_session(conn, account.name, now)
    return ShownAccount(
        name=account.name,
        role=account.role,
        person=account.person,
        post=account.post,
        agency=account.agency,
        email=account.email,
        authenticator=account.asks_code,
        disabled_at=account.disabled_wall_at,
        made_at=account.made_wall_at,
        last_at=None if last is None else last.created_wall_at,
        last_address=None if last is None else last.address,
        sessions=len(list_open(conn, account, wall_now=now)),
    )


def _subject(name: str) -> str:
    return f"account:{name}"
