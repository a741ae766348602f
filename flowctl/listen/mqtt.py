"""MQTT 5 and 3.1.1: OwnTracks phones behind a broker such as Mosquitto.

The broker keeps our session under a fixed name, so that what is published while we are away waits
there; PUBACK goes out only once a fix is on disk. What is published at QoS 0 has no such promise
from anybody. The levels at the filter's ``+`` name the device: with ``owntracks/+/+`` a message to
``owntracks/lan/phone`` is of ``lan/phone``, and the topics below it (``cmd``, ``event``,
``waypoint``) do not reach us.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import aiomqtt
from aiomqtt import ProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from flowctl.errors import FlowctlError, UnavailableError
from flowctl.listen.messages import MOST_IN_FLIGHT, Message
from flowctl.telemetry.formats import owntracks
from flowctl.telemetry.formats.decoded import Decoded, MalformedError, Misfit
from flowctl.telemetry.formats.readings import gather

SESSION_KEPT_S = 7 * 86_400
"""So long the broker keeps messages for us; a fix that waits longer is too late to be of use."""
_LONGEST_PACKET_BYTES = 1_000_000
_MOST_UNPROMISED = 10_000
_ANSWER_S = 10.0
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_VERSIONS = {"5": ProtocolVersion.V5, "3.1.1": ProtocolVersion.V311}


def version(text: str) -> ProtocolVersion:
    """Return the version of MQTT that goes by this name."""
    if text not in _VERSIONS:
        raise FlowctlError(f"There is no MQTT {text} here; there are: {', '.join(_VERSIONS)}.")
    return _VERSIONS[text]


@dataclass(frozen=True, slots=True)
class MqttBroker:
    """A broker, who we are to it, and what we ask it for.

    Parameters
    ----------
    url
        ``mqtt://user:password@host:port``, or ``mqtts://`` for TLS.
    identifier
        The name of our session. Two that go by the same name throw each other out.
    topic
        The filter, with a ``+`` for each level that names the device.
    protocol
        The version spoken.
    """

    url: str
    identifier: str
    topic: str
    protocol: ProtocolVersion = ProtocolVersion.V5

    def __post_init__(self) -> None:
        """Refuse what cannot work at any time."""
        address = urlsplit(self.url)
        if address.scheme not in _PORTS or not address.hostname:
            raise FlowctlError(
                "FLOWCTL_MQTT_URL must read mqtt://user:password@host:1883, or mqtts:// for TLS."
            )
        levels = self.topic.split("/")
        if "+" not in levels or "#" in self.topic:
            raise FlowctlError(
                f"The topic {self.topic!r} must have a + for each level that names the device, and"
                " no #; such as owntracks/+/+."
            )

    @property
    def place(self) -> str:
        """Return the address without the password."""
        address = urlsplit(self.url)
        return f"{address.scheme}://{address.hostname}:{_port(address)}"

    @asynccontextmanager
    async def connected(self) -> AsyncIterator["_Connection"]:
        """Connect, take up our session, and subscribe."""
        connection = self._connection()
        try:
            async with connection:
                await self._subscribe(connection)
                yield connection
        except aiomqtt.MqttError as error:
            raise UnavailableError(f"The broker {self.place} does not serve us: {error}") from error

    def decode(self, message: Message) -> Decoded:
        """Read an OwnTracks payload."""
        try:
            return owntracks.decode(message.body, message.device)
        except MalformedError as error:
            return gather([Misfit(0, message.device, message.body, str(error))])

    def _connection(self) -> "_Connection":
        address = urlsplit(self.url)
        kept: dict[str, Any] = {"clean_session": False}
        if self.protocol is ProtocolVersion.V5:
            kept = {"clean_start": False, "properties": _session_properties()}
        return _Connection(
            address.hostname or "",
            _port(address),
            username=None if address.username is None else unquote(address.username),
            password=None if address.password is None else unquote(address.password),
            identifier=self.identifier,
            protocol=self.protocol,
            queue_type=_Waiting,
            tls_context=ssl.create_default_context() if address.scheme == "mqtts" else None,
            timeout=_ANSWER_S,
            topic=self.topic,
            **kept,
        )

    async def _subscribe(self, connection: "_Connection") -> None:
        if self.protocol is ProtocolVersion.V5:
            # A retained message comes at the first subscription, not at each return to the session.
            once = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
            answers = await connection.subscribe(self.topic, options=once)
        else:
            answers = await connection.subscribe(self.topic, qos=1)
        refused = [one for one in answers if isinstance(one, ReasonCode) and one.is_failure]
        if refused:
            raise UnavailableError(
                f"The broker {self.place} refuses the topic {self.topic}: {refused[0]}."
            )


def _port(address: SplitResult) -> int:
    return address.port or _PORTS[address.scheme]


def _session_properties() -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = SESSION_KEPT_S
    properties.ReceiveMaximum = MOST_IN_FLIGHT
    properties.MaximumPacketSize = _LONGEST_PACKET_BYTES
    return properties


def find_device(topic: str, pattern: str) -> str | None:
    """Return the device a topic names: its levels at the pattern's ``+``, None where it differs."""
    pairs = list(zip(topic.split("/"), wanted := pattern.split("/"), strict=False))
    if topic.count("/") != len(wanted) - 1 or any(want not in ("+", is_) for is_, want in pairs):
        return None
    return "/".join(is_ for is_, want in pairs if want == "+")


class _Waiting(asyncio.Queue[aiomqtt.Message]):
    """What has arrived. The broker bounds QoS 1; of QoS 0 the newest are dropped when too many."""

    def put_nowait(self, item: aiomqtt.Message) -> None:
        if item.qos == 0 and self.qsize() >= _MOST_UNPROMISED:
            raise asyncio.QueueFull  # the client says so in its log
        super().put_nowait(item)


class _Connection(aiomqtt.Client):
    """aiomqtt's client, but we say when a message is acknowledged.

    The package offers no way to, so the paho client inside it is told. An acknowledgement belongs
    to the connection a message came by: the broker may number its messages anew on the next.
    """

    def __init__(self, *args: Any, topic: str, **kwargs: Any) -> None:  # noqa: ANN401 - the client's
        super().__init__(*args, **kwargs)
        self._client.manual_ack_set(on=True)
        self._topic = topic

    async def receive(self, most: int) -> Sequence[Message]:
        """Return the messages that wait; those of topics an earlier filter asked for are none."""
        found = [await anext(self.messages)]
        while len(found) < most and not self._queue.empty():
            found.append(self._queue.get_nowait())
        return [self._message(one) for one in found]

    def _message(self, found: aiomqtt.Message) -> Message:
        device = find_device(str(found.topic), self._topic)
        body = b"" if device is None else bytes(found.payload)
        return Message(body, device, found.mid if found.qos else 0)

    async def acknowledge(self, messages: Sequence[Message]) -> None:
        """Send a PUBACK for each message of QoS 1."""
        for message in messages:
            if message.number:
                self._client.ack(message.number, 1)
