"""How long a process goes on while a store is away."""

import time
from dataclasses import dataclass
from threading import Event

import structlog

from flowctl.errors import UnavailableError

_log = structlog.get_logger()

_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 2.0
AWAY_MOST_S = 900.0
"""How long a worker goes on trying while a store is away."""


@dataclass(slots=True)
class Patience:
    """Waits longer each time while a store is away, and gives up after a quarter of an hour.

    Then whoever started the process shall know: positions stay on disk meanwhile.
    """

    _since: float | None = None
    _wait_s: float = _FIRST_WAIT_S

    def reset(self) -> None:
        """Take in that everything is well."""
        self._since, self._wait_s = None, _FIRST_WAIT_S

    def wait(self, error: Exception, stop: Event) -> None:
        """Wait before the next try.

        Raises
        ------
        UnavailableError
            Nothing has worked for `AWAY_MOST_S`.
        """
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        if now - self._since > AWAY_MOST_S:
            raise UnavailableError(
                f"The stores have been away for {AWAY_MOST_S / 60:.0f} minutes, so this worker"
                f" ends; start it again when they are back. The last they said: {error}"
            ) from error
        _log.warning("a store is away", reason=str(error).strip(), next_try_s=self._wait_s)
        stop.wait(self._wait_s)
        self._wait_s = min(2 * self._wait_s, _LONGEST_WAIT_S)
