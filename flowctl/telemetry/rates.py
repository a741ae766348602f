"""How many fixes a source may send: a token bucket each. No clock is read here."""

BURST_S = 10.0
"""So many seconds' worth a source may send at once after a pause."""


class Rates:
    """The buckets of all sources, by their ids.

    Of one process: where several serve the API, a source may send its rate to each of them.
    """

    def __init__(self) -> None:
        self._buckets: dict[int, TokenBucket] = {}

    def wait_s(self, source_id: int, per_s: float | None, count: int, *, now: float) -> float:
        """Count fixes of a source and return 0, or return in how many seconds to ask again.

        ``per_s`` is the source's rate, None for no limit, and ``now`` monotonic seconds.
        """
        if per_s is None:
            return 0.0
        bucket = self._buckets.get(source_id)
        if bucket is None or bucket.per_s != per_s:
            bucket = self._buckets[source_id] = TokenBucket(per_s, now=now)
        return bucket.wait_s(count, now=now)


class TokenBucket:
    """Fills at a rate up to `BURST_S` seconds' worth.

    More than fits into it is let through when it is full, and owed afterwards: a batch of any size
    comes through, and the rate holds in the long run.
    """

    def __init__(self, per_s: float, *, now: float) -> None:
        self.per_s = per_s
        self._most = per_s * BURST_S
        self._level = self._most
        self._at = now

    def wait_s(self, count: int, *, now: float) -> float:
        """Take ``count`` and return 0, or take nothing and return in how many seconds to ask."""
        self._level = min(self._most, self._level + (now - self._at) * self.per_s)
        self._at = now
        lacking = min(count, self._most) - self._level
        if lacking > 0:
            return lacking / self.per_s
        self._level -= count
        return 0.0

    def give_back(self, count: int) -> None:
        """Put back what was taken for something that is not to count."""
        self._level = min(self._most, self._level + count)
