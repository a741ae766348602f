"""UFMS by AMQP, with a real RabbitMQ: acknowledged once on disk, whatever dies."""

import asyncio
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from border import border
from brokers import (
    LISTENING,
    Broker,
    Running,
    arrived,
    identities,
    running_flowctl,
    running_rabbitmq,
    take_the_store_away,
    until,
    wait_until_listening,
)

from flowctl.alive import has_beaten
from flowctl.registry.sources import add_source
from flowctl.telemetry.fixes import Note

NOW = int(time.time())
PLATE = "12C12345"
Listen = Callable[..., AbstractContextManager[Running]]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with running_rabbitmq(tmp_path_factory.mktemp("rabbitmq") / "home") as running:
        yield running


@pytest.fixture(autouse=True)
def empty_broker(broker: Broker) -> None:
    """Leave nothing of another test in the broker."""

    async def clear(channel: AbstractChannel) -> None:
        await channel.queue_delete("flowctl.acme")
        await channel.exchange_delete("tracking.acme")

    with_channel(broker, clear)


@pytest.fixture
def site(database: str) -> Iterator[str]:
    """Return a database with the site and a source in it."""
    with border(database) as place:
        add_source(place.conn, name="acme", enrols=True)
        yield database


@pytest.fixture
def listen(broker: Broker, site: str, valkey: str, tmp_path: Path) -> Listen:
    """Return how to run the listener."""
    return partial(
        running_flowctl,
        tmp_path / "listener.log",
        "listen",
        "amqp",
        "--source=acme",
        FLOWCTL_DATABASE_URL=site,
        FLOWCTL_VALKEY_URL=valkey,
        FLOWCTL_AMQP_URL=broker.url,
    )


def with_channel(broker: Broker, work: Callable[[AbstractChannel], Awaitable[None]]) -> None:
    """Do something with a channel of the broker."""

    async def run() -> None:
        connection = await aio_pika.connect(broker.url)
        async with connection, connection.channel() as channel:
            await work(channel)

    asyncio.run(run())


def publish(broker: Broker, bodies: Iterable[bytes], *, pause_s: float = 0.0) -> None:
    """Publish as a provider does, and return once the broker has confirmed everything."""

    async def send(channel: AbstractChannel) -> None:
        exchange = await channel.get_exchange("tracking.acme")
        lasting = aio_pika.DeliveryMode.PERSISTENT
        confirmed = []
        for body in bodies:
            message = aio_pika.Message(body, delivery_mode=lasting)
            confirmed.append(asyncio.create_task(exchange.publish(message, "track1", timeout=20)))
            await asyncio.sleep(pause_s)
        await asyncio.gather(*confirmed)

    with_channel(broker, send)


def way_point(
    second: int = 0, *, x: float = 106.7, y: float = 21.94, driver: str = "790123456789"
) -> bytes:
    """Return a UFMS message, ``second`` seconds after the test began less an hour; 36 km/h."""
    at = NOW - 3600 + second
    point = (
        _text(1, "12C-123.45")
        + _text(2, driver)
        + b"\x1d"
        + struct.pack("<f", 36.0)
        + b"\x20"
        + _varint(at)
        + b"\x29"
        + struct.pack("<d", x)
        + b"\x31"
        + struct.pack("<d", y)
    )
    return b"\x08\x64" + b"\xa2\x06" + _varint(len(point)) + point


def _text(field: int, text: str) -> bytes:
    return bytes([field << 3 | 2, len(text)]) + text.encode()


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def unacknowledged_or_waiting(broker: Broker) -> int:
    """Return what lies in the queue when nobody consumes it."""
    counts: list[int] = []

    async def look(channel: AbstractChannel) -> None:
        queue = await channel.get_queue("flowctl.acme")
        counts.append(queue.declaration_result.message_count or 0)

    with_channel(broker, look)
    return counts[0]


def test_a_provider_s_message_reaches_the_stream_without_the_driver(
    broker: Broker, valkey: str, listen: Listen
):
    with listen() as listener:
        wait_until_listening(listener)
        publish(broker, [way_point()])
        until(lambda: len(arrived(valkey).rows) == 1, "the fix is in the stream")
    batch = arrived(valkey)
    assert identities(batch) == {(PLATE, NOW - 3600)}
    assert batch.rows["speed_mps"][0] == pytest.approx(10.0)
    assert b"790123456789" not in batch.to_bytes()
    assert unacknowledged_or_waiting(broker) == 0


def test_swapped_coordinates_are_set_right_and_noted(broker: Broker, valkey: str, listen: Listen):
    with listen() as listener:
        wait_until_listening(listener)
        publish(broker, [way_point(x=21.94, y=106.7)])
        until(lambda: len(arrived(valkey).rows) == 1, "the fix is in the stream")
    [fix] = arrived(valkey).rows
    assert (fix["lon"], fix["lat"], fix["notes"]) == (106.7, 21.94, Note.SWAPPED)


def test_what_is_published_while_nobody_listens_waits(broker: Broker, valkey: str, listen: Listen):
    with listen() as listener:
        wait_until_listening(listener)
    publish(broker, [way_point(i) for i in range(1_500)])
    with listen():
        until(lambda: len(arrived(valkey).rows) == 1_500, "all have arrived")
    assert unacknowledged_or_waiting(broker) == 0


def test_a_listener_killed_in_mid_stream_loses_nothing(broker: Broker, valkey: str, listen: Listen):
    cut_short = 0
    for first in range(0, 2_000, 500):
        messages = [way_point(i) for i in range(first, first + 500)]
        provider = threading.Thread(
            target=publish, args=(broker, messages), kwargs={"pause_s": 0.002}
        )
        with listen() as listener:
            wait_until_listening(listener, 1 + first // 500)
            before = len(arrived(valkey).rows)
            provider.start()
            until(lambda: len(arrived(valkey).rows) > before, "the next fixes")  # noqa: B023
            listener.kill()
            cut_short += len(identities(arrived(valkey))) < first + 500
        provider.join()
    assert cut_short, "every kill came too late to tell anything"
    sent = {(PLATE, NOW - 3600 + i) for i in range(2_000)}
    with listen():
        until(lambda: identities(arrived(valkey)) == sent, "every message has arrived")


def test_while_the_store_is_away_nothing_is_acknowledged_and_all_of_it_comes_again(
    broker: Broker, listen: Listen, tmp_path: Path
):
    messages = [way_point(i) for i in range(50)]
    take_the_store_away(listen, tmp_path, lambda: publish(broker, messages))
    assert unacknowledged_or_waiting(broker) == 0


def test_a_message_nobody_can_read_is_counted_without_its_bytes_and_holds_up_no_other(
    broker: Broker, valkey: str, listen: Listen
):
    with listen() as listener:
        wait_until_listening(listener)
        publish(broker, [b"\xff 790123456789", way_point()])
        until(lambda: len(arrived(valkey).rows) == 1, "the fix is in the stream")
    [aside] = arrived(valkey).aside
    assert (aside.reason, aside.raw) == ("malformed", b"")  # the licence number may be in it
    assert unacknowledged_or_waiting(broker) == 0


def test_a_message_of_another_kind_is_acknowledged_and_left(
    broker: Broker, valkey: str, listen: Listen
):
    with listen() as listener:
        wait_until_listening(listener)
        publish(broker, [b"\x08\x90\x03\x82\x19\x00", way_point()])
        until(lambda: len(arrived(valkey).rows) == 1, "the fix is in the stream")
    assert arrived(valkey).aside == ()
    assert unacknowledged_or_waiting(broker) == 0


def test_an_exchange_and_a_queue_that_are_there_are_used_as_they_are(
    broker: Broker, valkey: str, listen: Listen
):
    async def declare(channel: AbstractChannel) -> None:
        await channel.declare_exchange("tracking.acme", aio_pika.ExchangeType.DIRECT, durable=True)
        short = {"x-max-length": 10_000}
        await channel.declare_queue("flowctl.acme", durable=True, arguments=short)

    with_channel(broker, declare)
    with listen() as listener:
        wait_until_listening(listener)
        publish(broker, [way_point()])
        until(lambda: len(arrived(valkey).rows) == 1, "the fix is in the stream")


def test_a_queue_deleted_under_the_listener_is_made_anew(
    broker: Broker, valkey: str, listen: Listen
):
    async def delete(channel: AbstractChannel) -> None:
        await channel.queue_delete("flowctl.acme")

    with listen() as listener:
        wait_until_listening(listener)
        with_channel(broker, delete)
        until(lambda: listener.said().count(LISTENING) == 2, "a new queue")
        publish(broker, [way_point()])
        until(lambda: len(arrived(valkey).rows) == 1, "the fix is in the stream")


def test_the_listener_beats(site: str, listen: Listen):
    with listen():
        until(lambda: has_beaten(site, "listen-amqp-acme"), "the listener has beaten")


def test_a_broker_that_was_away_is_found_again(site: str, valkey: str, tmp_path: Path):
    with running_rabbitmq(tmp_path / "home") as broker:
        run = partial(
            running_flowctl,
            tmp_path / "log",
            "listen",
            "amqp",
            "--source=acme",
            FLOWCTL_DATABASE_URL=site,
            FLOWCTL_VALKEY_URL=valkey,
            FLOWCTL_AMQP_URL=broker.url,
        )
        with run() as listener:
            wait_until_listening(listener)
            broker.server.stop()
            until(lambda: "listening_waits" in listener.said(), "the listener has noticed")
            with running_rabbitmq(tmp_path / "home", port=broker.port) as again:
                wait_until_listening(listener, 2)
                publish(again, [way_point()])
                until(lambda: len(arrived(valkey).rows) == 1, "the fix is in the stream")
