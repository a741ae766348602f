"""How fast a gateway is asked, and when it is left alone. Pure: times are seconds of one clock."""

from dataclasses import dataclass
from enum import StrEnum


class Way(StrEnum):
    """How a gateway does: it takes messages, is asked less than it could, or takes none."""

    OPEN = "open"
    BUSY = "busy"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class PaceParams:
    """How a gateway's word changes its pace; assumed, after TCP's slow answer to a full line.

    Tokens for ``burst_s`` of the rate are saved up. A busy gateway's rate is halved, never below
    ``least_per_s``, and is whole again after ``recover_s`` at most. One that is away is left alone
    for ``first_away_s``, each time twice as long, at most ``longest_away_s``; then one message
    tries it.
    """

    burst_s: float = 0.25
    least_per_s: float = 0.5
    recover_s: float = 60.0
    first_away_s: float = 1.0
    longest_away_s: float = 30.0


@dataclass(slots=True)
class Pace:
    """The pace of one gateway: a bucket of tokens, a window, and what the gateway last said.

    Of several messages on their way at once the first to fail speaks for all that were handed over
    before it failed.
    """

    full_per_s: float
    window: int
    params: PaceParams = PaceParams()
    in_flight: int = 0
    trouble: str | None = None
    _rate: float = -1.0
    _tokens: float = 1.0
    _counted_at: float = 0.0
    _rests_until: float = 0.0
    _away_s: float = 0.0
    _changed_at: float = float("-inf")
    _took_at: float = float("-inf")

    def __post_init__(self) -> None:
        """Begin at the full rate."""
        self._rate = self.full_per_s

    def way(self, now: float) -> Way:
        """Return how the gateway does."""
        if self._away_s:
            return Way.AWAY
        resting = now < self._rests_until
        return Way.BUSY if resting or self.rate(now) < self.full_per_s else Way.OPEN

    def rate(self, now: float) -> float:
        """Return how many parts a second it is given at present."""
        self._count(now)
        return self._rate

    def wait_s(self, now: float) -> float:
        """Return how long it is until a message may go, as far as time alone decides; 0: now."""
        self._count(now)
        resting = self._rests_until - now
        short = (1.0 - self._tokens) / self._rate
        return max(0.0, resting, short)

    def has_room(self, now: float) -> bool:
        """Tell whether a message may go now; one that is away is tried by one at a time."""
        allowed = 1 if self._away_s else self.window
        return self.in_flight < allowed and self.wait_s(now) <= 0.0

    def took_since(self, moment: float) -> bool:
        """Tell whether it has taken a message since a moment."""
        return self._took_at >= moment

    def hand(self, parts: int, now: float) -> None:
        """Take in that a message goes to it; a long one is paid off by those after it."""
        self._count(now)
        self._tokens -= parts
        self.in_flight += 1

    def end(self) -> None:
        """Take in that a message is not on its way any more."""
        self.in_flight -= 1

    def took(self, now: float) -> None:
        """Take in that a message was taken."""
        self._took_at = now
        if self._away_s:
            self._away_s, self._rests_until = 0.0, now
        if self._rate >= self.full_per_s:
            self.trouble = None

    def busy(self, handed_at: float, retry_after_s: float, trouble: str, now: float) -> None:
        """Take in that it was asked too much of by what was handed over at ``handed_at``."""
        self.trouble = trouble
        self._rests_until = max(self._rests_until, now + max(0.0, retry_after_s))
        if handed_at < self._changed_at:
            return
        self._count(now)
        self._rate = max(self._rate / 2, min(self.params.least_per_s, self.full_per_s))
        self._tokens = min(self._tokens, 1.0)
        self._changed_at = now

    def away(self, handed_at: float, trouble: str, now: float) -> None:
        """Take in that it did not take what was handed over at ``handed_at``.

        Where it has taken others since, it is there, and something is wrong with the one.
        """
        if self.took_since(handed_at) or handed_at < self._changed_at:
            return
        self.trouble = trouble
        limits = self.params
        self._away_s = min(max(limits.first_away_s, 2 * self._away_s), limits.longest_away_s)
        self._rests_until = now + self._away_s
        self._changed_at = now

    def _count(self, now: float) -> None:
        passed = max(0.0, now - self._counted_at)
        self._counted_at = now
        if not self._away_s and now >= self._rests_until:
            gained = self.full_per_s * passed / self.params.recover_s
            self._rate = min(self.full_per_s, self._rate + gained)
        most = max(1.0, self._rate * self.params.burst_s)
        self._tokens = min(most, self._tokens + passed * self._rate)
