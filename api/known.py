"""Which devices the registry knows, remembered, for sites that refuse the others."""

import time
from collections.abc import Sequence

from api.database import Database
from flowctl.errors import UnavailableError
from flowctl.storage.devices import find_known

REFUSED_S = 5.0
"""So long an unknown device stays so without asking again; a known one stays known."""
_MOST = 500_000


class KnownDevices:
    """The devices this process has asked the registry for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: set[str] = set()
        self._refused: dict[str, float] = {}

    async def unknown(self, uids: Sequence[str]) -> frozenset[str]:
        """Return those of these devices that nobody has registered.

        Where the database is away none is called unknown: the ingest worker decides later.
        """
        doubtful = [uid for uid in uids if uid not in self._known]
        if not doubtful:
            return frozenset()
        now = time.monotonic()
        asked = [uid for uid in doubtful if self._refused.get(uid, 0.0) <= now]
        if asked:
            try:
                found = await self._database.ask(lambda conn: find_known(conn, asked))
            except UnavailableError:
                return frozenset()
            self._remember(asked, found, now)
        return frozenset(doubtful) - self._known

    def _remember(self, asked: Sequence[str], found: set[str], now: float) -> None:
        if len(self._known) + len(found) > _MOST:
            self._known.clear()
        self._known |= found
        if len(self._refused) + len(asked) > _MOST:
            self._refused.clear()
        for uid in asked:
            if uid in found:
                self._refused.pop(uid, None)
            else:
                self._refused[uid] = now + REFUSED_S
