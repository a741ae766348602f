"""README's "Connect your trackers": its commands are run as they stand, and every fix is stored."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from border import border
from brokers import (
    LISTENING,
    PASSWORD,
    ROOT,
    Broker,
    running_flowctl,
    running_mosquitto,
    running_rabbitmq,
    until,
)

from flowctl.clock import ClockWriter
from flowctl.server_process import free_port

SECTION = (ROOT / "README.md").read_text().split("## Connect your trackers\n")[1].split("\n## ")[0]
ENTER_SOURCE, *BLOCKS = re.findall(r"^```sh\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
LISTENERS = re.findall(r"`flowctl (listen [^`]+)`", SECTION)
AT = datetime(2024, 1, 22, 5, 2, 3, tzinfo=UTC)
DEVICES = {
    "json-1",
    "columns-1",
    "ndjson-1",
    "gzip-1",
    "msgpack-1",
    "query-1",
    "form-1",
    "client-1",
    "013800000001",
    "lan/tablet",
    "lan/phone",
    "12C12345",
    "12C67890",
    "VN-7781",  # held until it is claimed
}
SPEED_MPS = 11.2
"""What every example says in its own unit: 21.8 knots, 40 km/h."""


def test_every_command_of_connect_your_trackers_stores_its_fix(
    database: str, valkey: str, tmp_path: Path
):
    make_venv(tmp_path)
    settings = {
        "FLOWCTL_SECRET": "s" * 32,
        "FLOWCTL_DATABASE_URL": database,
        "FLOWCTL_VALKEY_URL": valkey,
        "FLOWCTL_CLOCK_FILE": str(played_clock(tmp_path)),
        "FLOWCTL_PORT": str(free_port()),
    }
    with ExitStack() as stack:
        place = stack.enter_context(border(database))
        mosquitto = stack.enter_context(running_mosquitto(tmp_path / "mosquitto"))
        rabbitmq = stack.enter_context(running_rabbitmq(tmp_path / "rabbitmq"))
        settings |= {"FLOWCTL_MQTT_URL": mosquitto.url, "FLOWCTL_AMQP_URL": rabbitmq.url}
        token = run(f'{ENTER_SOURCE}\nprintf "%s" "$TOKEN"', tmp_path, settings)
        stack.enter_context(running_processes(tmp_path, settings))
        here = {
            "API": f"http://127.0.0.1:{settings['FLOWCTL_PORT']}",
            "TOKEN": token,
            "PHONE_PASSWORD": PASSWORD,
        }
        for block in BLOCKS:
            answer = run(at_their_ports(block, mosquitto, rabbitmq), tmp_path, settings | here)
            assert '"status"' not in answer, answer  # of a problem
        until(lambda: stored(place.conn).keys() == DEVICES, f"all of {DEVICES}")
        for device, (fixed_at, lon, lat, speed_mps) in stored(place.conn).items():
            assert (device, fixed_at, lon, lat) == (device, AT, 106.7, 21.94)
            assert (device, speed_mps) == (device, pytest.approx(SPEED_MPS, abs=0.1))


def test_the_section_says_how_to_listen_to_each_broker():
    assert {line.split()[1] for line in LISTENERS} == {"mqtt", "amqp"}


def make_venv(home: Path) -> None:
    """Put the commands where the text says they are."""
    folder = home / ".venv/bin"
    folder.mkdir(parents=True)
    for name, line in {"python": "", "flowctl": " -m flowctl.cli"}.items():
        (folder / name).write_text(f'#!/bin/sh\nexec {sys.executable}{line} "$@"\n')
        (folder / name).chmod(0o755)


def played_clock(home: Path) -> Path:
    """Return a clock an hour after the examples."""
    path = home / "clock"
    later = AT + timedelta(hours=1)
    ClockWriter(path, start=AT, speed=1.0).set(at=later, until=later + timedelta(hours=1))
    return path


def run(script: str, home: Path, environment: dict[str, str]) -> str:
    """Run a block as a reader's shell does, and return what it printed."""
    done = subprocess.run(
        ["/bin/sh", "-eu", "-c", script],
        cwd=home,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def at_their_ports(block: str, mosquitto: Broker, rabbitmq: Broker) -> str:
    """Return a block with the addresses of this test's brokers in place of the usual ones."""
    usual = {
        "-p 1883": f"-p {mosquitto.port}",
        "acme:$AMQP_PASSWORD@127.0.0.1:5672": f"guest:guest@127.0.0.1:{rabbitmq.port}",
    }
    for text, place in usual.items():
        block = block.replace(text, place)
    return block


@contextmanager
def running_processes(home: Path, settings: dict[str, str]) -> Iterator[None]:
    """Run the API, the ingest worker, and the listeners as the text names them."""
    with ExitStack() as stack:
        for name in ("api", "ingest"):
            stack.enter_context(running_flowctl(home / f"{name}.log", name, **settings))
        listeners = [
            stack.enter_context(
                running_flowctl(home / f"listener-{n}.log", *shlex.split(line), **settings)
            )
            for n, line in enumerate(LISTENERS)
        ]
        until(
            lambda: all(LISTENING in listener.said() for listener in listeners),
            "the listeners listen",
        )
        until(lambda: answers(settings["FLOWCTL_PORT"]), "the API answers")
        yield


def answers(port: str) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/v1/health", timeout=2).is_success
    except httpx.TransportError:
        return False


def stored(conn: psycopg.Connection) -> dict[str, tuple[datetime, float, float, float]]:
    """Return moment, place and speed of what is in the table, by device."""
    rows = conn.execute(
        "select uid, fixed_at, lon, lat, speed_mps from fixes join devices on id = device_id"
    ).fetchall()
    return {uid: (at, lon, lat, speed) for uid, at, lon, lat, speed in rows}
