"""Which device an MQTT topic names."""

import pytest

from flowctl.errors import FlowctlError
from flowctl.listen.mqtt import MqttBroker, find_device


@pytest.mark.parametrize(
    ("topic", "pattern", "device"),
    [
        ("owntracks/lan/phone", "owntracks/+/+", "lan/phone"),
        ("fleet/acme/trucks/7", "fleet/acme/trucks/+", "7"),
        ("fleet/acme/north/7", "fleet/+/north/+", "acme/7"),
        ("owntracks/lan/phone/event", "owntracks/+/+", None),
        ("owntracks/lan", "owntracks/+/+", None),
        ("other/lan/phone", "owntracks/+/+", None),
        ("owntracks//phone", "owntracks/+/+", "/phone"),
    ],
)
def test_the_levels_at_the_plus_name_the_device(topic: str, pattern: str, device: str | None):
    assert find_device(topic, pattern) == device


@pytest.mark.parametrize("topic", ["owntracks/#", "owntracks/lan/phone", "owntracks/+/#"])
def test_a_filter_that_names_no_device_is_refused(topic: str):
    with pytest.raises(FlowctlError, match=r"owntracks/\+/\+"):
        MqttBroker("mqtt://127.0.0.1", "flowctl", topic)


@pytest.mark.parametrize("url", ["http://127.0.0.1", "127.0.0.1:1883", "mqtt://"])
def test_an_address_that_is_no_broker_s_is_refused_without_being_repeated(url: str):
    with pytest.raises(FlowctlError, match="FLOWCTL_MQTT_URL") as refused:
        MqttBroker(url, "flowctl", "owntracks/+/+")
    assert "127.0.0.1" not in str(refused.value)  # an address may hold a password


def test_a_broker_is_named_to_people_without_its_password():
    broker = MqttBroker("mqtts://flowctl:secret@broker.example", "flowctl", "owntracks/+/+")
    assert broker.place == "mqtts://broker.example:8883"
