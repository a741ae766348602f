"""AMQP 0-9-1: UFMS messages from the providers' exchanges, by RabbitMQ.

One durable queue of ours is bound to the provider's exchange. What is missing is declared, what is
there is used as it is, so that a provider keeps its say over its own exchange. A message is
acknowledged once its fix is on disk; a lost connection brings back what was not.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, ChannelNotFoundEntity

from flowctl.errors import FlowctlError, UnavailableError
from flowctl.listen.messages import MOST_IN_FLIGHT, Message
from flowctl.telemetry.formats import ufms
from flowctl.telemetry.formats.decoded import Decoded, MalformedError, Misfit
from flowctl.telemetry.formats.readings import gather

_ANSWER_S = 10.0
_SILENCE_S = 10.0
"""After so long without a message we look whether our queue still is there."""
_PORTS = {"amqp": 5672, "amqps": 5671}


@dataclass(frozen=True, slots=True)
class AmqpBroker:
    """A broker and the queue we read.

    Parameters
    ----------
    url
        ``amqp://user:password@host:port/vhost``, or ``amqps://`` for TLS.
    exchange
        Where the provider publishes; declared as a durable topic exchange if it is missing.
    queue
        Ours; declared durable if it is missing.
    routing_key
        What the provider publishes with.
    """

    url: str
    exchange: str
    queue: str
    routing_key: str

    def __post_init__(self) -> None:
        """Refuse what cannot work at any time."""
        address = urlsplit(self.url)
        if address.scheme not in _PORTS or not address.hostname:
            raise FlowctlError(
                "FLOWCTL_AMQP_URL must read amqp://user:password@host:5672/, or amqps:// for TLS."
            )

    @property
    def place(self) -> str:
        """Return the address without the password."""
        address = urlsplit(self.url)
        return f"{address.scheme}://{address.hostname}:{address.port or _PORTS[address.scheme]}"

    @asynccontextmanager
    async def connected(self) -> AsyncIterator["_Consumer"]:
        """Connect, see that exchange and queue are there and bound, and consume."""
        try:
            connection = await aio_pika.connect(self.url, timeout=_ANSWER_S)
            async with connection:
                channel = await self._channel(connection)
                consumer = _Consumer(channel, self.queue)
                await consumer.begin()
                yield consumer
        except (AMQPError, ChannelInvalidStateError, OSError, TimeoutError) as error:
            cause = str(error) or type(error).__name__
            raise UnavailableError(f"The broker {self.place} does not serve us: {cause}") from error

    def decode(self, message: Message) -> Decoded:
        """Read a UFMS message.

        Of one that cannot be read no bytes are kept: a driver's licence number may be among them.
        """
        try:
            return ufms.decode(message.body)
        except MalformedError as error:
            return gather([Misfit(0, None, b"", str(error))])

    async def _channel(self, connection: AbstractConnection) -> AbstractChannel:
        has_exchange = await _finds(connection, lambda on: on.get_exchange(self.exchange))
        has_queue = await _finds(connection, lambda on: on.get_queue(self.queue))
        channel = await connection.channel(publisher_confirms=False)
        await channel.set_qos(prefetch_count=MOST_IN_FLIGHT)
        if not has_exchange:
            await channel.declare_exchange(self.exchange, aio_pika.ExchangeType.TOPIC, durable=True)
        if not has_queue:
            await channel.declare_queue(self.queue, durable=True)
        queue = await channel.get_queue(self.queue, ensure=False)
        await queue.bind(self.exchange, self.routing_key)
        return channel


async def _finds(
    connection: AbstractConnection, look: Callable[[AbstractChannel], Awaitable[object]]
) -> bool:
    """Return whether something is there; asking for what is not costs the channel."""
    channel = await connection.channel()
    try:
        await look(channel)
    except ChannelNotFoundEntity:
        return False
    await channel.close()
    return True


class _Consumer:
    """Messages of one channel, in the order the broker numbered them."""

    def __init__(self, channel: AbstractChannel, queue: str) -> None:
        self._channel = channel
        self._queue = queue
        self._waiting: asyncio.Queue[AbstractIncomingMessage | None] = asyncio.Queue()
        self._acknowledged = 0

    async def begin(self) -> None:
        """Let messages come."""
        self._channel.close_callbacks.add(self._end)
        queue = await self._channel.get_queue(self._queue, ensure=False)
        await queue.consume(self._waiting.put)

    def _end(self, *_: object) -> None:
        self._waiting.put_nowait(None)

    async def receive(self, most: int) -> Sequence[Message]:
        """Return the messages that wait."""
        found = [await self._next()]
        while len(found) < most and not self._waiting.empty():
            found.append(await self._next())
        return found

    async def _next(self) -> Message:
        while True:
            try:
                async with asyncio.timeout(_SILENCE_S):
                    message = await self._waiting.get()
            except TimeoutError:
                await self._look_after_queue()
                continue
            if message is None or message.delivery_tag is None:
                raise UnavailableError("The broker has closed the channel.")
            return Message(message.body, None, message.delivery_tag)

    async def _look_after_queue(self) -> None:
        """Ask for our queue, which somebody may have deleted: then nothing would ever come."""
        queue = await self._channel.get_queue(self._queue)
        if queue.declaration_result.consumer_count == 0:
            raise UnavailableError(f"The queue {self._queue} was made anew without us.")

    async def acknowledge(self, messages: Sequence[Message]) -> None:
        """Acknowledge all in one frame where they follow one another, else one by one."""
        channel = await self._channel.get_underlay_channel()
        last = messages[-1].number
        if last - self._acknowledged == len(messages):
            await channel.basic_ack(last, multiple=True)
        else:
            for message in messages:
                await channel.basic_ack(message.number)
        self._acknowledged = last
