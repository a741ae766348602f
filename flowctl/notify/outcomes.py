"""What a gateway's word means for a message: tried again when and where, or given up. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flowctl.notify.gateways import (
    GatewayAway,
    GatewayBusy,
    GatewayError,
    Message,
    MessageRefused,
    Tariff,
)
from flowctl.storage.sending import DueMessage, Given, PutBack, Sent

_LONGEST_TROUBLE = 300
_MOST_DOUBLINGS = 16


@dataclass(frozen=True, slots=True)
class SendParams:
    """How messages are sent; seconds, of wall time but for one, assumed.

    About ``ahead_s`` of what the gateways can take is claimed, at most ``batch`` messages, and none
    is kept in hand for longer than ``in_hand_s`` before it is handed over, as it may be outdated by
    then; nor one that ends within ``reach_s`` of domain time, as it would be there too late. A
    gateway has ``send_s`` to answer, and a claim lasts ``lease_s``, which is longer. The
    n-th retry waits ``first_retry_s`` · 2ⁿ, at most ``longest_retry_s``: with ``attempts`` tries a
    message is tried for ten minutes. What one gateway may have taken goes to no other, but for
    urgent messages after ``unsure_s``. Who stops waits ``grace_s`` for answers.
    """

    batch: int = 500
    ahead_s: float = 1.0
    in_hand_s: float = 2.0
    reach_s: float = 1.0
    send_s: float = 45.0
    lease_s: float = 60.0
    first_retry_s: float = 1.0
    longest_retry_s: float = 60.0
    attempts: int = 16
    unsure_s: float = 60.0
    grace_s: float = 5.0

    def retry_s(self, attempts: int) -> float:
        """Return how long the next try waits after so many before it."""
        return min(self.first_retry_s * 2.0 ** min(attempts, _MOST_DOUBLINGS), self.longest_retry_s)


PARAMS = SendParams()


@dataclass(slots=True)
class InHand:
    """A message claimed at ``since_s`` of the sender's clock.

    ``only`` names the one gateway it may go to, ``avoid`` those that did not take it; ``busy``
    counts how often one was too busy for it.
    """

    due: DueMessage
    claim: datetime
    since_s: float
    only: str | None = None
    avoid: set[str] = field(default_factory=set)
    busy: int = 0

    def may_go_to(self, gateway: str) -> bool:
        """Tell whether it may go by a gateway."""
        return gateway not in self.avoid and self.only in (None, gateway)


def only_gateway(due: DueMessage, open_gateways: Sequence[str]) -> str | None:
    """Return the one gateway a claimed message may go to, None where any will do.

    What a gateway may have taken is claimed while that is open, or once it has to go elsewhere.
    """
    return due.gateway if due.gateway in open_gateways else None


def put_back(
    held: InHand,
    params: SendParams,
    *,
    trouble: str | None = None,
    counts: bool = False,
    wait: bool = True,
    gateway: str | None = None,
) -> PutBack | Given:
    """Return a message to the outbox, or give it up after its last try.

    ``counts`` says whether this was a try, ``gateway`` which one may have taken it.
    """
    due = held.due
    attempts = due.attempts + int(counts)
    if attempts >= params.attempts:
        said = f"Given up after {attempts} tries. {trouble or ''}".strip()
        return Given(due.id, held.claim, "dead", said[:_LONGEST_TROUBLE])
    return PutBack(
        id=due.id,
        claim=held.claim,
        wait_s=params.retry_s(due.attempts) if wait else 0.0,
        attempts=attempts,
        gateway=gateway or due.gateway,
        trouble=None if trouble is None else trouble[:_LONGEST_TROUBLE],
    )


def after_failure(
    held: InHand,
    error: GatewayError,
    gateway: str,
    params: SendParams,
    *,
    takes_others: bool,
    elsewhere: bool,
) -> PutBack | Given | None:
    """Return what becomes of a message that a gateway did not surely take; None: stays in hand.

    Parameters
    ----------
    takes_others
        The gateway took other messages of late: it is this one that it does not take, which counts
        as a try. Else no message is given up for a gateway that is away.
    elsewhere
        Another gateway is there that may be asked at once.
    """
    said = str(error)
    if isinstance(error, MessageRefused):
        return Given(held.due.id, held.claim, "dead", said[:_LONGEST_TROUBLE])
    if isinstance(error, GatewayBusy):
        held.busy += 1
        if held.busy == 1:
            return None
        return put_back(held, params, trouble=said, counts=takes_others)
    if isinstance(error, GatewayAway):
        held.avoid.add(gateway)
        if elsewhere and held.only is None:
            return None
        return put_back(held, params, trouble=said, counts=takes_others)
    return put_back(held, params, trouble=said, counts=True, gateway=gateway)


def sent(
    message: Message, refs: tuple[str, ...], gateway: str, tariff: Tariff | None, parts: int
) -> Sent:
    """Return what is written down of a message that a gateway took."""
    price = None if tariff is None else tariff.find_price(message.to)
    return Sent(
        id=message.id,
        at=message.at,
        gateway=gateway,
        refs=refs,
        parts=parts,
        cost=None if price is None else price * parts,
        currency=None if tariff is None or price is None else tariff.currency,
    )
