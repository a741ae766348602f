"""Files that come in: read while they come, encrypted at once, and so many at a time."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import uuid4

from fastapi import Request
from starlette.requests import ClientDisconnect

from api.errors import Problem
from flowctl.registry.keys import Keys
from flowctl.registry.sealed import SealedDocument, Sealing


class UploadParams(NamedTuple):
    """How many files come in at once; assumed. Each holds up to 10 MB of a process's memory."""

    at_once: int = 8
    of_one: int = 3
    """Of one account, so that nobody keeps the others out."""
    within_s: float = 120.0
    """10 MB by a phone's 0.7 Mbit/s."""


PARAMS = UploadParams()


@dataclass(slots=True)
class Uploads:
    """The files that come in at the moment, in one process."""

    params: UploadParams = PARAMS
    _running: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def room(self, account: str) -> Iterator[None]:
        """Hold a place for a file of an account.

        Raises
        ------
        Problem
            503, too many come in already.
        """
        of_one = self._running[account]
        if of_one >= self.params.of_one or self._running.total() >= self.params.at_once:
            raise Problem(
                503,
                "Busy",
                "Other documents are still coming in; send this one again in a moment.",
                {"Retry-After": "2"},
                kind="documents_busy",
            )
        self._running[account] += 1
        try:
            yield
        finally:
            self._running[account] -= 1
            if not self._running[account]:
                del self._running[account]


async def take_file(request: Request, keys: Keys, account: str) -> SealedDocument:
    """Return the body of a request, encrypted part by part as it came.

    No connection to the database is held while it comes.

    Raises
    ------
    Problem
        503, too many files come in already; 408, it took too long; 400, it broke off.
    HTTPException
        413, it is too large: from `api.middleware.BodyLimit`.
    """
    uploads: Uploads = request.app.state.uploads
    sealing = Sealing(keys, uuid4())
    with uploads.room(account):
        try:
            async with asyncio.timeout(uploads.params.within_s):
                async for chunk in request.stream():
                    sealing.add(chunk)
        except TimeoutError as error:
            raise Problem(
                408,
                "Too slow",
                "The document took too long to come; send a smaller one.",
                {"Connection": "close"},
                kind="document_slow",
            ) from error
        except ClientDisconnect as error:
            raise Problem(400, "Broken off", "The document broke off on its way.") from error
    return sealing.finish()
