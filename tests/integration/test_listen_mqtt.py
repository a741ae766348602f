"""OwnTracks by MQTT, with a real Mosquitto: acknowledged once on disk, whatever dies."""

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import paho.mqtt.client as paho
import psycopg
import pytest
from border import border
from brokers import (
    PASSWORD,
    PHONE,
    Broker,
    Running,
    arrived,
    identities,
    running_flowctl,
    running_mosquitto,
    take_the_store_away,
    until,
    wait_until_listening,
)
from certificates import make_certificate

from flowctl.alive import has_beaten
from flowctl.registry.sources import add_source
from flowctl.server_process import free_port
from flowctl.storage.sources import ScreeningOverrides

NOW = int(time.time())
TOPIC = f"owntracks/{PHONE}/phone"
Listen = Callable[..., AbstractContextManager[Running]]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with running_mosquitto(tmp_path / "mosquitto") as running:
        yield running


@pytest.fixture
def site(database: str) -> Iterator[str]:
    """Return a database with the site and a source in it."""
    with border(database) as place:
        add_source(place.conn, name="phones", enrols=True)
        yield database


@pytest.fixture
def listen(broker: Broker, site: str, valkey: str, tmp_path: Path) -> Listen:
    """Return how to run the listener."""
    return partial(
        running_flowctl,
        tmp_path / "listener.log",
        "listen",
        "mqtt",
        "--source=phones",
        FLOWCTL_DATABASE_URL=site,
        FLOWCTL_VALKEY_URL=valkey,
        FLOWCTL_MQTT_URL=broker.url,
    )


def location(second: int = 0, **more: object) -> bytes:
    """Return a position as the app sends it, ``second`` seconds after the test began."""
    place = {"lat": 21.94, "lon": 106.7, "tst": NOW - 3600 + second}
    return json.dumps({"_type": "location", **place, **more}).encode()


def publish(
    broker: Broker,
    messages: Iterable[tuple[str, bytes]],
    *,
    retain: bool = False,
    pause_s: float = 0.0,
) -> None:
    """Publish at QoS 1 as a phone, and return once the broker has everything."""
    phone = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="a-phone", clean_session=False)
    phone.username_pw_set(PHONE, PASSWORD)
    phone.connect("127.0.0.1", broker.port)
    phone.loop_start()
    try:
        sent = []
        for topic, payload in messages:
            sent.append(phone.publish(topic, payload, qos=1, retain=retain))
            time.sleep(pause_s)
        for one in sent:
            one.wait_for_publish(20)
            assert one.is_published()
    finally:
        phone.disconnect()
        phone.loop_stop()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_phone_s_position_reaches_the_stream_as_its_user_and_device(
    protocol: str, broker: Broker, valkey: str, listen: Listen
):
    with listen(f"--protocol={protocol}") as listener:
        wait_until_listening(listener)
        publish(broker, [(TOPIC, location(vel=36, cog=90, acc=8, alt=250))])
        until(lambda: len(arrived(valkey).rows) == 1, "the fix is in the stream")
    batch = arrived(valkey)
    assert identities(batch) == {(f"{PHONE}/phone", NOW - 3600)}
    assert batch.rows["speed_mps"][0] == pytest.approx(10.0)
    assert batch.rows["lon"][0] == 106.7
    assert abs(batch.rows["received_at"][0] / 1e6 - time.time()) < 60


def test_what_is_published_while_nobody_listens_waits(broker: Broker, valkey: str, listen: Listen):
    with listen() as listener:
        wait_until_listening(listener)
    publish(broker, [(TOPIC, location(i)) for i in range(1_500)])
    with listen():
        until(lambda: len(arrived(valkey).rows) == 1_500, "all have arrived")


def test_a_listener_killed_in_mid_stream_loses_nothing(broker: Broker, valkey: str, listen: Listen):
    cut_short = 0
    for first in range(0, 2_000, 500):
        messages = [(TOPIC, location(i)) for i in range(first, first + 500)]
        phone = threading.Thread(target=publish, args=(broker, messages), kwargs={"pause_s": 0.002})
        with listen() as listener:
            wait_until_listening(listener, 1 + first // 500)
            before = len(arrived(valkey).rows)
            phone.start()
            until(lambda: len(arrived(valkey).rows) > before, "the next fixes")  # noqa: B023
            listener.kill()
            cut_short += len(identities(arrived(valkey))) < first + 500
        phone.join()
    assert cut_short, "every kill came too late to tell anything"
    sent = {(f"{PHONE}/phone", NOW - 3600 + i) for i in range(2_000)}
    with listen():
        until(lambda: identities(arrived(valkey)) == sent, "every message has arrived")


def test_while_the_store_is_away_nothing_is_acknowledged_and_all_of_it_comes_again(
    broker: Broker, listen: Listen, tmp_path: Path
):
    messages = [(TOPIC, location(i)) for i in range(50)]
    take_the_store_away(listen, tmp_path, lambda: publish(broker, messages))


def test_a_broker_that_was_away_is_found_again_with_what_it_kept(
    broker: Broker, valkey: str, tmp_path: Path, listen: Listen
):
    with listen() as listener:
        wait_until_listening(listener)
        broker.server.stop()
        until(lambda: "listening_waits" in listener.said(), "the listener has noticed")
        with running_mosquitto(tmp_path / "mosquitto", port=broker.port) as again:
            publish(again, [(TOPIC, location())])
            until(lambda: len(arrived(valkey).rows) == 1, "the fix is in the stream")


def test_a_message_nobody_can_read_is_kept_aside_and_holds_up_no_other(
    broker: Broker, valkey: str, listen: Listen
):
    with listen() as listener:
        wait_until_listening(listener)
        publish(broker, [(TOPIC, b"\xff\x00 no JSON"), (TOPIC, location())])
        until(lambda: len(arrived(valkey).rows) == 1, "the fix is in the stream")
    with listen() as listener:  # acknowledged: it does not come again
        wait_until_listening(listener, 2)
        publish(broker, [(TOPIC, location(1))])
        until(lambda: len(arrived(valkey).rows) == 2, "the next fix is in the stream")
    [aside] = arrived(valkey).aside
    assert (aside.reason, aside.device) == ("malformed", f"{PHONE}/phone")
    assert aside.raw == b"\xff\x00 no JSON"


def test_the_source_s_own_limits_screen_its_fixes(
    broker: Broker, site: str, valkey: str, tmp_path: Path
):
    with psycopg.connect(site) as conn:
        strict = ScreeningOverrides(accuracy_limit_m=20.0)
        add_source(conn, name="strict", screening=strict)
    with running_flowctl(
        tmp_path / "log",
        "listen",
        "mqtt",
        "--source=strict",
        FLOWCTL_DATABASE_URL=site,
        FLOWCTL_VALKEY_URL=valkey,
        FLOWCTL_MQTT_URL=broker.url,
    ) as listener:
        wait_until_listening(listener)
        publish(broker, [(TOPIC, location(0, acc=50)), (TOPIC, location(1, acc=5))])
        until(lambda: len(arrived(valkey).rows) == 1, "the better fix is in the stream")
    assert [item.reason for item in arrived(valkey).aside] == ["imprecise"]


def test_the_last_position_a_broker_retains_is_taken_once(
    broker: Broker, valkey: str, listen: Listen
):
    publish(broker, [(TOPIC, location())], retain=True)
    for times in (1, 2):
        with listen() as listener:
            wait_until_listening(listener, times)
            publish(broker, [(TOPIC, location(times))])
            until(lambda: len(arrived(valkey).rows) >= times + 1, "the fix is in the stream")  # noqa: B023
    assert len(arrived(valkey).rows) == 3


def test_what_a_phone_says_below_its_topic_is_no_position(
    broker: Broker, valkey: str, listen: Listen
):
    with listen() as listener:
        wait_until_listening(listener)
        for below in ("event", "cmd", "waypoint"):
            publish(broker, [(f"{TOPIC}/{below}", location())])
        card = json.dumps({"_type": "card", "name": "Lan"}).encode()
        publish(broker, [(TOPIC, card), (TOPIC, b""), (TOPIC, location(7))])
        until(lambda: len(arrived(valkey).rows) == 1, "the position is in the stream")
    assert identities(arrived(valkey)) == {(f"{PHONE}/phone", NOW - 3600 + 7)}
    assert arrived(valkey).aside == ()


def test_a_phone_cannot_publish_as_another_user(broker: Broker, valkey: str, listen: Listen):
    with listen() as listener:
        wait_until_listening(listener)
        publish(broker, [("owntracks/somebody/phone", location(1)), (TOPIC, location(2))])
        until(lambda: len(arrived(valkey).rows) == 1, "the phone's own is in the stream")
    assert identities(arrived(valkey)) == {(f"{PHONE}/phone", NOW - 3600 + 2)}


def test_listening_goes_on_while_the_database_is_away(
    broker: Broker, site: str, owner_url: str, valkey: str, listen: Listen
):
    with listen() as listener:
        wait_until_listening(listener)
        until(lambda: has_beaten(site, "listen-mqtt-phones"), "the listener has beaten")
        server, _, name = owner_url.rpartition("/")
        with psycopg.connect(f"{server}/postgres", autocommit=True) as conn:
            conn.execute(f"alter database {name} with allow_connections false")  # type: ignore[arg-type]
            until(lambda: "database_away" in listener.said(), "the listener has noticed")
            publish(broker, [(TOPIC, location())])
            until(lambda: len(arrived(valkey).rows) == 1, "the fix is in the stream")
            conn.execute(f"alter database {name} with allow_connections true")  # type: ignore[arg-type]


def test_tls_is_spoken_with_a_broker_whose_certificate_is_trusted_and_with_no_other(
    site: str, valkey: str, tmp_path: Path
):
    trusted, key = make_certificate(tmp_path)
    port = free_port()
    tls = f"listener {port} 127.0.0.1\ncertfile {trusted}\nkeyfile {key}"
    with running_mosquitto(tmp_path / "mosquitto", extra=tls) as broker:
        settings = {
            "FLOWCTL_DATABASE_URL": site,
            "FLOWCTL_VALKEY_URL": valkey,
            "FLOWCTL_MQTT_URL": f"mqtts://flowctl:{PASSWORD}@localhost:{port}",
        }
        run = partial(
            running_flowctl, tmp_path / "log", "listen", "mqtt", "--source=phones", **settings
        )
        with run() as listener:
            until(lambda: "certificate" in listener.said(), "the certificate is refused")
        with run(SSL_CERT_FILE=str(trusted)) as listener:
            wait_until_listening(listener)
            publish(broker, [(TOPIC, location())])
            until(lambda: len(arrived(valkey).rows) == 1, "the fix is in the stream")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["mqtt", "--source=nobody"], "there are: phones"),
        (["mqtt", "--source=phones", "--topic=owntracks/#"], "owntracks/+/+"),
        (["mqtt", "--source=phones", "--protocol=4"], "3.1.1"),
        (["amqp", "--source=nobody"], "there are: phones"),
    ],
)
def test_what_cannot_work_is_refused_in_a_sentence(
    arguments: list[str], says: str, site: str, tmp_path: Path
):
    run = running_flowctl(tmp_path / "log", "listen", *arguments, FLOWCTL_DATABASE_URL=site)
    with run as listener:
        assert listener.process.wait(60) == 1
    assert says in listener.said()
    assert "Traceback" not in listener.said()
