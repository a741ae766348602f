"""What a gateway for messages is, and what it says of those it is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from flowctl.errors import FlowctlError


class GatewayError(FlowctlError):
    """The gateway took none of the messages it was given; they may be tried again."""


@dataclass(frozen=True, slots=True)
class Message:
    """One text to one number; ``id`` is its identity, by which a repeated one is recognised."""

    id: int
    at: datetime
    to: str
    kind: str
    language: str
    text: str
    trip: int
    gate: str | None
    starts_at: str | None
    expires_at: datetime | None = None
    """From this moment of the same clock as ``at`` on it is worth nothing to its reader."""


class GatewayAway(GatewayError):  # noqa: N818 - a state of the gateway
    """The gateway surely took nothing; another one may be asked."""


class GatewayBusy(GatewayError):  # noqa: N818 - a state of the gateway
    """The gateway is asked too much of and took nothing; ``retry_after_s`` says when it may."""

    def __init__(self, sentence: str, retry_after_s: float) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s


class MessageRefused(GatewayError):  # noqa: N818 - what became of the message
    """The gateway will never take this message."""


class MessageUnsure(GatewayError):  # noqa: N818 - what became of the message
    """The message may have been taken: only this gateway may be asked again, by the same id."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a part of a message costs, in ``currency`` (ISO 4217), by how the number begins.

    The longest beginning counts (``+84``, ``+8490``); "" stands for every other number.
    """

    currency: str
    per_part: Mapping[str, Decimal]

    def find_price(self, phone: str) -> Decimal | None:
        """Return what a part to a number (E.164) costs, None where the tariff does not say."""
        known = [start for start in self.per_part if phone.startswith(start)]
        return self.per_part[max(known, key=len)] if known else None


class Gateway(Protocol):
    """A way to drivers' phones; its connection is its own affair while the sender runs."""

    @property
    def name(self) -> str:
        """Return what the site calls it."""

    @property
    def rate_per_s(self) -> float:
        """Return how many parts a second it may be given at most."""

    @property
    def window(self) -> int:
        """Return how many messages may be on their way to it at once."""

    @property
    def tariff(self) -> Tariff | None:
        """Return what it takes for its service, None where nobody said."""

    @property
    def trouble(self) -> str | None:
        """Return why its connection does not stand, None where it does or where it needs none."""

    async def send(self, message: Message) -> tuple[str, ...]:
        """Hand a message over; returns the gateway's references of its parts, if it has any.

        Raises
        ------
        GatewayAway, GatewayBusy, MessageRefused, MessageUnsure
            What became of it instead.
        """

    async def run(self) -> None:
        """Keep the connection, and take in what comes by it, until cancelled."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a gateway says of a part it took, maybe before it named the part's ``ref`` to us.

    ``state`` is one of SMPP 3.4's message states (appendix B): DELIVRD, EXPIRED, DELETED, UNDELIV,
    ACCEPTD, UNKNOWN or REJECTD.
    """

    ref: str
    state: str
    error: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Heard:
    """A text that came from a phone; ``ref`` is the gateway's, by which a repeated one is known."""

    phone: str
    text: str
    ref: str | None


@dataclass(frozen=True, slots=True)
class HeardPart:
    """Part ``number`` (from 1) of ``total`` of a text whose parts bear the phone's ``group``."""

    phone: str
    group: int
    number: int
    total: int
    text: str


class Inbound(Protocol):
    """Takes in what gateways bring; it is on disk when these return, and only then acknowledged."""

    async def receipt(self, gateway: str, receipt: Receipt) -> None:
        """Keep a receipt, whether or not its message is known yet."""

    async def answer(self, gateway: str, heard: Heard) -> None:
        """Act on what a driver wrote."""

    async def part(self, gateway: str, part: HeardPart) -> None:
        """Keep a part of a longer text, and act on the text once the last part is there."""


def international(phone: str, *, sure: bool = False) -> str:
    """Return a sender's number with its plus where a gateway leaves it out.

    ``sure``: the gateway says that the number begins with a country code.
    """
    digits = phone.strip()
    if digits.isdigit() and (sure or (digits.startswith(("84", "86")) and len(digits) >= 11)):  # noqa: PLR2004
        return f"+{digits}"
    return digits
