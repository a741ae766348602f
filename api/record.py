"""Acts written down as the request that does them knows them: who, from where, when."""

from collections.abc import Mapping
from typing import Any

import psycopg
from fastapi import Request

from api.auth import acting
from flowctl.storage.audit import By, add_record

Connection = psycopg.Connection[Any]


def record(
    request: Request,
    conn: Connection,
    act: str,
    subject: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    by: By | None = None,
) -> None:
    """Write an act down in the transaction that does it; see `flowctl.storage.audit.add_record`.

    ``by`` is who acts where the request came without a session or a token.
    """
    state = request.app.state
    add_record(
        conn,
        state.site.id,
        acting(request) if by is None else by,
        act=act,
        subject=subject,
        before=before,
        after=after,
        at=state.clock.now(),
    )
