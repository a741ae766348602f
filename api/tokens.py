"""Whose a machine's token is, remembered: trackers post many times a second.

While the database is away a remembered token stays good until it ends by itself, so that trackers
go on; one that is withdrawn meanwhile, and changed terms of its source, show when it is back.
Where a right of the source is asked for, memory does not do: `Tokens.confirm`.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from api.database import AGAIN_S, ANSWER_S, Connection, Database
from flowctl.errors import UnavailableError
from flowctl.registry.accounts import hash_token
from flowctl.storage.sources import Source, find_source

KEPT_S = 30.0
"""So long a token is good without asking the database again: a withdrawn one ends within it."""
KEPT_AWAY_S = 24 * 3600.0
"""So long it is good while the database is away."""
_MOST = 100_000


@dataclass(slots=True)
class _Known:
    source: Source
    confirmed_at: float
    good_until: float


class Tokens:
    """The tokens that were shown to this process, and who showed them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[bytes, _Known] = {}

    async def find(self, token: str) -> Source | None:
        """Return the source a token belongs to, None where it is nobody's.

        Raises
        ------
        UnavailableError
            The token is not remembered and the database is away.
        """
        key = hash_token(token)
        known = self._known.get(key)
        now = time.monotonic()
        if known is not None and _has_ended(known.source):
            del self._known[key]
            return None
        if known is not None and now < known.good_until:
            return known.source
        if known is not None:
            known.good_until = now + ANSWER_S  # one asks, the others need not wait for it
        try:
            source = await self._database.ask(lambda conn: _find(conn, key))
        except UnavailableError:
            if known is None or now > known.confirmed_at + KEPT_AWAY_S:
                raise
            known.good_until = now + AGAIN_S
            return known.source
        self._remember(key, source)
        return source

    async def confirm(self, token: str) -> Source | None:
        """Return the source a token belongs to as the database has it now, None for nobody's.

        Raises
        ------
        UnavailableError
            The database is away.
        """
        key = hash_token(token)
        source = await self._database.ask(lambda conn: _find(conn, key))
        self._remember(key, source)
        return source

    def _remember(self, key: bytes, source: Source | None) -> None:
        self._known.pop(key, None)
        if source is None:
            return
        if len(self._known) >= _MOST:
            del self._known[next(iter(self._known))]
        now = time.monotonic()
        self._known[key] = _Known(source, now, now + KEPT_S)


def _has_ended(source: Source) -> bool:
    return source.until_wall_at is not None and source.until_wall_at <= datetime.now(UTC)


def _find(conn: Connection, key: bytes) -> Source | None:
    return find_source(conn, key, wall_now=datetime.now(UTC))
