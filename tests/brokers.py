"""Real brokers for tests, on free ports of this machine: Mosquitto as it is deployed, RabbitMQ.

Debian's packages; `make test` installs them without starting their services.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from flowctl.embedded import start_valkey
from flowctl.server_process import DirectoryLock, ServerProcess, free_port, start_on_free_port
from flowctl.telemetry import stream
from flowctl.telemetry.fixes import PARTITIONS, FixBatch, batch_from_bytes, merge

ROOT = Path(__file__).parents[1]
_RABBIT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_SBIN = "/usr/sbin:/usr/bin"
PASSWORD = "password-of-the-tests"
PHONE = "lan"
"""The user a phone publishes as."""


@dataclass
class Broker:
    """A broker that can be taken away and come back with what it kept."""

    url: str
    server: ServerProcess

    @property
    def port(self) -> int:
        port = urlsplit(self.url).port
        assert port is not None
        return port


def _needs(program: str, package: str) -> str:
    found = shutil.which(program, path=_SBIN)
    if found is None:
        pytest.skip(f"{package} is not installed (Debian: apt-get install {package})")
    return found


def _is_listened_on(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running_mosquitto(home: Path, *, port: int | None = None, extra: str = "") -> Iterator[Broker]:
    """Yield a Mosquitto with the deployment's configuration and the users flowctl and `PHONE`."""
    program = _needs("mosquitto", "mosquitto")
    home.mkdir(exist_ok=True)
    for user in ("flowctl", PHONE):
        new = [] if (home / "passwords").exists() else ["-c"]
        line = ["mosquitto_passwd", *new, "-b", home / "passwords", user, PASSWORD]
        subprocess.run(line, check=True, capture_output=True)
    text = (ROOT / "deploy/mosquitto/mosquitto.conf").read_text()
    text = text.replace("/etc/mosquitto/acl", str(ROOT / "deploy/mosquitto/acl"))
    text = text.replace("/mosquitto/data/", f"{home}/")
    lock = DirectoryLock(home)

    def start(at: int) -> ServerProcess:
        config = home / "mosquitto.conf"
        here = text.replace("listener 1883", f"listener {at} 127.0.0.1")
        # Started by root it would become a user who may not read the test's directory.
        config.write_text(f"{here}\nuser root\n{extra}\n")
        return ServerProcess([program, "-c", config], lock=lock, log=home / "log", user=None)

    server, at = start_on_free_port(start, _is_listened_on, port=port)
    lock.close()
    try:
        yield Broker(f"mqtt://flowctl:{PASSWORD}@127.0.0.1:{at}", server)
    finally:
        server.stop()


@contextmanager
def running_rabbitmq(home: Path, *, port: int | None = None) -> Iterator[Broker]:
    """Yield a RabbitMQ with the one user guest, and an epmd of its own."""
    if not _RABBIT.exists():
        pytest.skip("rabbitmq-server is not installed (Debian: apt-get install rabbitmq-server)")
    home.mkdir(exist_ok=True)
    (home / "plugins").write_text("[].\n")
    (home / "rabbitmq.conf").write_text("loopback_users = none\nlog.console.level = warning\n")
    (home / "advanced.config").write_text("[].\n")
    epmd_home = Path(tempfile.mkdtemp(dir=home))
    lock = DirectoryLock(epmd_home)
    epmd, names = start_on_free_port(
        lambda port: ServerProcess(
            ["epmd", "-address", "127.0.0.1", "-port", str(port)],
            lock=lock,
            log=epmd_home / "log",
            user=None,
        ),
        _is_listened_on,
    )
    lock.close()
    lock = DirectoryLock(home)

    def start(at: int) -> ServerProcess:
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_NODENAME": "flowctl@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(at),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(home / "data"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_LOG_BASE": str(home),
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1",
        }
        return ServerProcess([_RABBIT], lock=lock, log=home / "log", user=None, env=env)

    try:
        server, at = start_on_free_port(start, _is_listened_on, port=port)
        lock.close()
        try:
            yield Broker(f"amqp://guest:guest@127.0.0.1:{at}/", server)
        finally:
            server.stop()
    finally:
        epmd.stop()


LISTENING = '"event": "listening"'
"""What a listener writes down once its broker has taken it in."""


@dataclass
class Running:
    """A process of flowctl, as it runs on a server."""

    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        """Return what it has logged."""
        return self.log.read_text()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(10)


@contextmanager
def running_flowctl(log: Path, *arguments: str, **environment: str) -> Iterator[Running]:
    """Run ``flowctl`` with these arguments and settings; stopped in an orderly way."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "flowctl.cli", *arguments],
            stdout=out,
            stderr=out,
            env={"PATH": "/usr/bin:/bin", "FLOWCTL_SECRET": "s" * 32, **environment},
        )
    try:
        yield Running(process, log)
    finally:
        process.terminate()
        try:
            process.wait(15)
        finally:
            process.kill()


def arrived(valkey: str) -> FixBatch:
    """Return all that lies in the streams."""
    with redis.Redis.from_url(valkey) as store:
        found = stream.read(
            store, dict.fromkeys(range(PARTITIONS), "0-0"), count=100_000, block_ms=10
        )
    entries = [entry for of_one in found.values() for _, entry in of_one]
    return merge([batch_from_bytes(entry) for entry in entries])


def identities(batch: FixBatch) -> set[tuple[str, int]]:
    """Return device and moment (seconds) of each fix."""
    return {
        (batch.devices[device], int(at) // 1_000_000)
        for device, at in zip(batch.rows["device"].tolist(), batch.rows["fixed_at"], strict=True)
    }


def until(met: Callable[[], bool], what: str, *, within_s: float = 60.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + within_s
    while not met():
        assert time.monotonic() < deadline, f"Never came true: {what}."
        time.sleep(0.02)


def wait_until_listening(listener: Running, times: int = 1) -> None:
    """Wait until a listener is connected, for the given time since its log began."""
    until(lambda: listener.said().count(LISTENING) >= times, "listening")


def take_the_store_away(
    listen: Callable[..., AbstractContextManager[Running]],
    home: Path,
    publish_50: Callable[[], None],
) -> None:
    """Publish 50 fixes while the store is away, and see all of them arrive once it is back."""
    with (
        start_valkey(home) as store,
        listen(FLOWCTL_VALKEY_URL=store.url) as listener,
    ):
        wait_until_listening(listener)
        store.stop()
        publish_50()
        until(lambda: "listening_waits" in listener.said(), "the listener has noticed")
        with start_valkey(home, port=urlsplit(store.url).port) as again:
            until(lambda: len(identities(arrived(again.url))) == 50, "all have arrived")
