"""What a broker delivers, and what listening needs of one."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from flowctl.telemetry.formats.decoded import Decoded

MOST_IN_FLIGHT = 1_000
"""Messages a broker may deliver before we acknowledge one."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it came: its bytes, the device its topic names, its number for the broker."""

    body: bytes
    device: str | None
    number: int


class Delivery(Protocol):
    """One connection to a broker; what it delivered and we never acknowledge comes again."""

    async def receive(self, most: int) -> Sequence[Message]:
        """Return the messages that wait, in their order, at least one and ``most`` at most.

        Raises
        ------
        UnavailableError
            The connection is lost.
        """
        ...

    async def acknowledge(self, messages: Sequence[Message]) -> None:
        """Let the broker forget these; called in the order they were received in.

        Raises
        ------
        UnavailableError
            The connection is lost; they come again.
        """
        ...


class Broker(Protocol):
    """Where messages come from, and how they are read."""

    @property
    def place(self) -> str:
        """Its address without the password, for people."""
        ...

    def connected(self) -> AbstractAsyncContextManager[Delivery]:
        """Connect while the context lasts.

        Raises
        ------
        UnavailableError
            The broker does not answer, or refuses us.
        """
        ...

    def decode(self, message: Message) -> Decoded:
        """Read a message; one that cannot be read is a misfit, never an error."""
        ...
