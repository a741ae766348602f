"""An operator's act that counts once, however often its request comes."""

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
from flowctl.storage.hand_keys import Connection, set_subject, take_key

Shown = TypeVar("Shown")
Key = Annotated[UUID, Header(alias="Idempotency-Key")]
"""Of the page's own making, one for each act."""


def act_once(
    request: Request,
    response: Response,
    key: UUID,
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
    digest = sha256(f"{request.url.path} {body.model_dump_json()}".encode()).digest()
    with transaction(request) as conn:
        kept = take_key(conn, state.site.id, key, account=by.name, digest=digest, now=now)
        if kept is None:
            subject = do(conn, by, now)
            set_subject(conn, state.site.id, key, subject)
        else:
            if (kept.account, kept.digest) != (by.name, digest) or kept.subject is None:
                raise Problem(
                    422,
                    "Key used twice",
                    "Another request came with this Idempotency-Key before, so nothing was done;"
                    " send this one with a key of its own.",
                    kind="key_twice",
                )
            response.status_code = 200
            subject = kept.subject
        return show(conn, subject)
