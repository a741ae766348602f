"""What a page asks to be done counts once, however often its request comes."""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Header, Request, Response
from pydantic import BaseModel

from api.auth import acting
from api.errors import Problem
from api.transaction import transaction
from flowctl.storage.audit import By
from flowctl.storage.hand_keys import Connection, Kept, set_subject, take_key

Shown = TypeVar("Shown")
Key = Annotated[UUID, Header(alias="Idempotency-Key")]
"""Of the page's own making, one for each act."""
MaybeKey = Annotated[UUID | None, Header(alias="Idempotency-Key")]
"""The same where machines and commands may come without one: each of their requests counts."""


def act_once(
    request: Request,
    response: Response,
    key: UUID | None,
    body: BaseModel,
    *,
    do: Callable[[Connection, By, datetime], int],
    show: Callable[[Connection, int], Shown],
) -> Shown:
    """Do it in one transaction and show what came of it; a repeated key shows that alone (200).

    Raises
    ------
    Problem
        422, another request came with this key before.
    """
    state, by = request.app.state, acting(request)
    now: datetime = state.clock.now()
    with transaction(request) as conn:
        kept = None if key is None else _take(request, conn, key, body)
        if kept is None:
            subject = do(conn, by, now)
            if key is not None:
                set_subject(conn, state.site.id, key, subject)
        else:
            if kept.subject is None:
                raise _used_otherwise()
            response.status_code = 200
            subject = kept.subject
        return show(conn, subject)


def refuse_repeated(request: Request, conn: Connection, key: UUID | None, body: BaseModel) -> None:
    """Let what cannot be shown twice, such as a new password, be made once for a key.

    Called in the transaction that makes it: where that fails the key may come again.

    Raises
    ------
    Problem
        409, it was made for this key already; 422, for another request.
    """
    if key is not None and _take(request, conn, key, body) is not None:
        raise Problem(
            409,
            "Made already",
            "This was made already by a request that came before, and what it made is shown only"
            " once; where it was not seen, make another.",
            kind="made_already",
        )


def _take(request: Request, conn: Connection, key: UUID, body: BaseModel) -> Kept | None:
    """Enter a key; returns what came of the same request before, if it came."""
    state, by = request.app.state, acting(request)
    digest = sha256(f"{request.url.path} {body.model_dump_json()}".encode()).digest()
    now: datetime = state.clock.now()
    kept = take_key(conn, state.site.id, key, account=by.name, digest=digest, now=now)
    if kept is not None and (kept.account, kept.digest) != (by.name, digest):
        raise _used_otherwise()
    return kept


def _used_otherwise() -> Problem:
    return Problem(
        422,
        "Key used twice",
        "Another request came with this Idempotency-Key before, so nothing was done;"
        " send this one with a key of its own.",
        kind="key_twice",
    )
