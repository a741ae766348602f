"""Whose a machine's token is, remembered: trackers post many times a second.

While the database is away a remembered token stays good until it ends by itself, so that trackers
go on; one that is withdrawn meanwhile, and changed terms of its source, show when it is back.
Where a right of the source is asked for, memory does not do: `Tokens.confirm`.

A token that is nobody's is remembered for seconds, and of each address only so many unknown ones
are looked up: whoever tries tokens, or a fleet set up wrongly, does not occupy the database.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.types import Scope

from api.database import AGAIN_S, ANSWER_S, Connection, Database
from api.strangers import Strangers, place_of
from flowctl.errors import UnavailableError
from flowctl.registry.accounts import hash_token
from flowctl.storage.sources import Source, find_source

KEPT_S = 30.0
"""So long a token is good without asking the database again: a withdrawn one ends within it."""
KEPT_AWAY_S = 24 * 3600.0
"""So long it is good while the database is away."""
_MOST = 100_000
NOBODYS_S = 5.0
"""So long a token that was nobody's is nobody's without asking again."""
_MOST_NOBODYS = 10_000
UNKNOWN_PER_S = 20.0
"""So many unknown tokens of one address are looked up a second, ten seconds' worth at once."""
_TRIED = "unknown"


@dataclass(slots=True)
class _Known:
    source: Source
    confirmed_at: float
    good_until: float


class Tokens:
    """The tokens that were shown to this process, and who showed them."""

    def __init__(self, database: Database, strangers: Strangers) -> None:
        self._database = database
        self._strangers = strangers
        self._known: dict[bytes, _Known] = {}
        self._nobodys: OrderedDict[bytes, float] = OrderedDict()

    async def find(self, token: str, scope: Scope) -> Source | None:
        """Return the source a token belongs to, None where it is nobody's.

        Raises
        ------
        UnavailableError
            The token is not remembered and the database is away.
        Problem
            429, too many tokens that nobody has came from where this request comes from.
        """
        key = hash_token(token)
        known = self._known.get(key)
        now = time.monotonic()
        if known is not None and _has_ended(known.source):
            del self._known[key]
            return None
        if known is not None and now < known.good_until:
            return known.source
        if known is None:
            return await self._look_up(key, scope)
        known.good_until = now + ANSWER_S  # one asks, the others need not wait for it
        try:
            source = await self._database.ask(lambda conn: _find(conn, key))
        except UnavailableError:
            if now > known.confirmed_at + KEPT_AWAY_S:
                raise
            known.good_until = now + AGAIN_S
            return known.source
        self._remember(key, source)
        return source

    async def confirm(self, token: str, scope: Scope) -> Source | None:
        """Return the source a token belongs to as the database has it now, None for nobody's.

        Raises
        ------
        UnavailableError
            The database is away.
        Problem
            429, as `find`.
        """
        key = hash_token(token)
        if key not in self._known:
            return await self._look_up(key, scope)
        source = await self._database.ask(lambda conn: _find(conn, key))
        self._remember(key, source)
        return source

    async def _look_up(self, key: bytes, scope: Scope) -> Source | None:
        if time.monotonic() < self._nobodys.get(key, 0.0):
            return None
        place = place_of(scope)
        self._strangers.count_try(_TRIED, place, UNKNOWN_PER_S)
        source = None
        try:
            source = await self._database.ask(lambda conn: _find(conn, key))
        except UnavailableError:
            self._strangers.forgive(_TRIED, place)
            raise
        if source is not None:
            self._strangers.forgive(_TRIED, place)
        self._remember(key, source)
        return source

    def _remember(self, key: bytes, source: Source | None) -> None:
        self._known.pop(key, None)
        if source is None:
            self._nobodys[key] = time.monotonic() + NOBODYS_S
            if len(self._nobodys) > _MOST_NOBODYS:
                self._nobodys.popitem(last=False)
            return
        if len(self._known) >= _MOST:
            del self._known[next(iter(self._known))]
        now = time.monotonic()
        self._known[key] = _Known(source, now, now + KEPT_S)


def _has_ended(source: Source) -> bool:
    return source.until_wall_at is not None and source.until_wall_at <= datetime.now(UTC)


def _find(conn: Connection, key: bytes) -> Source | None:
    return find_source(conn, key, wall_now=datetime.now(UTC))
