"""When a session was ended last, for streams that must end with their session."""

import time
from contextlib import suppress

from api.database import Database
from flowctl.errors import UnavailableError
from flowctl.storage.sessions import find_last_end

_ASKED_EVERY_S = 1.0


class Endings:
    """Asks once a second for all streams of this process; who sees it change looks for itself."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked_at = -_ASKED_EVERY_S
        self._last: object = None

    async def mark(self) -> object:
        """Return what is another value once any session was ended."""
        now = time.monotonic()
        if now - self._asked_at >= _ASKED_EVERY_S:
            self._asked_at = now
            # While the database is away nobody can have ended one; the next second asks again.
            with suppress(UnavailableError):
                self._last = await self._database.ask(find_last_end)
        return self._last
