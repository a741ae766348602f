"""What stands before the APIs of a soak, in place of Caddy: whoever answers gets the request."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle

import httpx

_AWAY = frozenset({502, 503, 504})
_PAUSE_S = 0.3
ANSWER_WITHIN_S = 30.0


@dataclass
class Way(httpx.BaseTransport):
    """Sends a request to the API whose turn it is, and to the next where that one does not answer.

    A request may thus be asked twice, as over any network: what cannot bear that has a key.
    ``tries_again_for_s`` is how long somebody is looked for who answers.
    """

    ports: Sequence[int]
    tries_again_for_s: float = 180.0
    again: Counter[str] = field(default_factory=Counter)
    """How often a request was sent anew, by why."""

    def __post_init__(self) -> None:
        """Open no connection yet."""
        self._turn = cycle(self.ports)
        self._under = httpx.HTTPTransport(
            limits=httpx.Limits(max_keepalive_connections=8, keepalive_expiry=5.0)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the first answer that is not that a store, or the way to it, is away."""
        content = request.read()
        ends = time.monotonic() + self.tries_again_for_s
        while True:
            asked = httpx.Request(
                request.method,
                request.url.copy_with(port=next(self._turn)),
                headers=request.headers,
                content=content,
                extensions=request.extensions,
            )
            try:
                answer = self._under.handle_request(asked)
                answer.read()
            except httpx.TransportError as error:
                if time.monotonic() > ends:
                    raise
                self.again[type(error).__name__] += 1
            else:
                if answer.status_code not in _AWAY or time.monotonic() > ends:
                    return answer
                self.again[str(answer.status_code)] += 1
            time.sleep(_PAUSE_S)

    def close(self) -> None:
        """Close the connections."""
        self._under.close()
