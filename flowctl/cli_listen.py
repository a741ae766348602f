"""``flowctl listen …``: take positions from a message broker."""

from typing import Annotated

import typer

from flowctl.shell import get_settings, sentences
from flowctl.storage.schema import refuse_misfit

listen_app = typer.Typer(
    no_args_is_help=True, help="Take positions from a message broker, as one source of positions."
)

SourceName = Annotated[
    str, typer.Option(help="The source they count as; enter one: flowctl source add NAME.")
]


@listen_app.command()
def mqtt(
    source: SourceName,
    topic: Annotated[
        str, typer.Option(help="Topics to take; the levels at + name the device.")
    ] = "owntracks/+/+",
    protocol: Annotated[str, typer.Option(help="Version of MQTT: 5 or 3.1.1.")] = "5",
) -> None:
    """Listen to OwnTracks phones; FLOWCTL_MQTT_URL names the broker."""
    # Here, for the other commands do without the clients of brokers.
    from flowctl import logs  # noqa: PLC0415
    from flowctl.listen.loop import run_listener  # noqa: PLC0415
    from flowctl.listen.mqtt import MqttBroker, version  # noqa: PLC0415

    with sentences():
        chosen = get_settings()
        broker = MqttBroker(chosen.mqtt_url, f"flowctl-{source}", topic, version(protocol))
        process = f"listen-mqtt-{source}"
        logs.begin(process)
        refuse_misfit(chosen.database_url)
        run_listener(chosen, source, broker, process=process)


@listen_app.command()
def amqp(
    source: SourceName,
    exchange: Annotated[
        str, typer.Option(help="Where the provider publishes; tracking.SOURCE if not given.")
    ] = "",
    queue: Annotated[str, typer.Option(help="Our queue; flowctl.SOURCE if not given.")] = "",
    routing_key: Annotated[str, typer.Option(help="What the provider publishes with.")] = "track1",
) -> None:
    """Listen to a provider of UFMS messages; FLOWCTL_AMQP_URL names the broker."""
    from flowctl import logs  # noqa: PLC0415
    from flowctl.listen.amqp import AmqpBroker  # noqa: PLC0415
    from flowctl.listen.loop import run_listener  # noqa: PLC0415

    with sentences():
        chosen = get_settings()
        broker = AmqpBroker(
            chosen.amqp_url,
            exchange or f"tracking.{source}",
            queue or f"flowctl.{source}",
            routing_key,
        )
        process = f"listen-amqp-{source}"
        logs.begin(process)
        refuse_misfit(chosen.database_url)
        run_listener(chosen, source, broker, process=process)
