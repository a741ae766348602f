"""The deployment of docker-compose.yml without its engine: each service's own command, environment,
secrets and health check, on a root file system that cannot be written to, behind a real Caddy.
"""

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
import redis
import yaml
from people import set_account
from processes import left_running
from two_roles import of_processes

from flowctl.embedded import _find_valkey
from flowctl.local import in_database
from flowctl.registry.accounts import Role
from flowctl.server_process import free_port

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
LANG_SON = ROOT / "data/sites/lang_son"
PATIENCE_S = 300
BOTH = ("127.0.0.1", "127.0.0.2")
"""Where the two processes of the API listen: addresses of one name, as Docker gives them."""
BODY_WITHIN_S = 3
"""So long a body may take here; two minutes at a gate."""


@dataclass
class Host:
    """The machine as the compose file sees it; ``folder`` is all that can be written to."""

    folder: Path
    owner_url: str
    ports: dict[str, int]
    running: dict[str, "subprocess.Popen[str]"] = field(default_factory=dict)

    def run(self, name: str) -> str:
        """Run a service that ends, and return what it said."""
        done = subprocess.run(
            self.line(name), env=self.environment(name), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, name: str, *, as_: str | None = None, **more: str) -> None:
        """Start a service that stays, once more under another name if it runs twice."""
        with (self.folder / f"{as_ or name}.log").open("w") as log:
            self.running[as_ or name] = subprocess.Popen(
                self.line(name),
                env=self.environment(name) | more,
                stdout=log,
                stderr=log,
                text=True,
            )

    def kill(self, name: str) -> None:
        """End a service as a lost machine would."""
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def line(self, name: str) -> list[str]:
        """Return a service's command, on a root file system that is read only."""
        command = [str(LANG_SON) if word == "/site" else word for word in SERVICES[name]["command"]]
        return self.shut_in([sys.executable, "-m", "flowctl.cli", *command])

    def shut_in(self, line: list[str], *also: str) -> list[str]:
        """Return a command that can write to our folder alone."""
        first = f'mount --bind "$0" "$0"; {" ".join(also)} mount -o remount,bind,ro /; exec "$@"'
        unshared = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec", first]
        return [*unshared, str(self.folder), *line]

    def environment(self, name: str) -> dict[str, str]:
        """Return a service's environment, with the places of this machine for those of Docker's."""
        given = {key: self.here(str(value)) for key, value in SERVICES[name]["environment"].items()}
        given["FLOWCTL_SECRETS_DIR"] = str(self.secrets_of(name))
        home = {"HOME": str(self.folder), "TMPDIR": str(self.folder), "PATH": os.environ["PATH"]}
        return given | home | {"NUMBA_CACHE_DIR": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}

    def secrets_of(self, name: str) -> Path:
        """Return a folder with the files that a service is given, and no other."""
        folder = self.folder / f"secrets_of_{name}"
        folder.mkdir(exist_ok=True)
        for secret in SERVICES[name]["secrets"]:
            shutil.copy(self.folder / "secrets" / secret, folder)
        return folder

    def here(self, text: str) -> str:
        """Return a text of the compose file as it is on this machine."""
        text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
        at = urlsplit(self.owner_url)
        places = {
            "database:5432/flowctl": f"{at.hostname}:{at.port}{at.path}",
            "valkey:6379": f"127.0.0.1:{self.ports['valkey']}",
            "127.0.0.1:8000": f"127.0.0.1:{self.ports['api']}",
            "/run/secrets": str(self.folder / "secrets"),
            "/var/lib/flowctl": str(self.folder),
            "0.0.0.0": BOTH[0],  # noqa: S104 - what is replaced
            "172.31.250.0/24": "127.0.0.0/8",
        }
        for there, here in places.items():
            text = text.replace(there, here)
        return text

    def is_healthy(self, name: str) -> bool:
        """Tell what a service's own health check says."""
        kind, *words = SERVICES[name]["healthcheck"]["test"]
        assert kind == "CMD"
        line = [sys.executable if word == "python" else self.here(word) for word in words]
        done = subprocess.run(line, env=self.environment(name), capture_output=True, check=False)
        return done.returncode == 0

    def await_health(self, name: str) -> None:
        """Return once a service's health check is content."""
        until = time.monotonic() + PATIENCE_S
        while not self.is_healthy(name):
            ended = {one: p.returncode for one, p in self.running.items() if p.poll() is not None}
            assert not ended, self.logs(*ended)
            assert time.monotonic() < until, f"{name} is not healthy: {self.logs(name)}"
            time.sleep(0.2)

    def logs(self, *names: str) -> str:
        """Return the ends of logs."""
        return "\n".join((self.folder / f"{name}.log").read_text()[-2000:] for name in names)


@pytest.fixture(scope="module")
def host(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("deployed")
    with psycopg.connect(in_database(postgres_url, "postgres"), autocommit=True) as conn:
        conn.execute("create database deployed")
    with ExitStack() as stack:
        host = Host(
            folder,
            in_database(postgres_url, "deployed"),
            {name: free_port() for name in ("valkey", "api", "http", "https", "health")},
        )
        subprocess.run(
            ["/bin/sh", str(ROOT / "scripts/make_secrets"), str(folder / "secrets")],
            check=True,
            capture_output=True,
        )
        # The server is shared with other tests, which have given both roles their passwords.
        for name, url in ("owner", host.owner_url), ("database", of_processes(host.owner_url)):
            (folder / f"secrets/flowctl_{name}_password").write_text(urlsplit(url).password or "")
        stack.enter_context(_valkey(host))
        host.run("migrate")
        host.run("site")
        try:
            yield host
        finally:
            for process in host.running.values():
                process.kill()
                process.wait()
    with psycopg.connect(in_database(postgres_url, "postgres"), autocommit=True) as conn:
        conn.execute("drop database deployed with (force)")


@contextmanager
def _valkey(host: Host) -> Iterator[None]:
    """Run the store by the compose file's own script, from a program of this machine."""
    programs = host.folder / "programs"
    programs.mkdir()
    (programs / "redis-server").symlink_to(_find_valkey()[0])
    data = host.folder / "data"
    data.mkdir()
    script = SERVICES["valkey"]["command"][-1].replace("$$", "$").rstrip()
    script = re.sub(r"/(tmp|data)\b", lambda _: str(data), script)
    script = host.here(script)
    options = f" --port {host.ports['valkey']} --bind 127.0.0.1"
    path = {"PATH": f"{programs}:{os.environ['PATH']}"}
    with (host.folder / "valkey.log").open("w") as log:
        process = subprocess.Popen(
            ["/bin/sh", "-c", script + options], env=path, stdout=log, stderr=log
        )
    try:
        _await_store(host)
        yield
    finally:
        process.terminate()
        process.wait()


def _await_store(host: Host) -> None:
    password = (host.folder / "secrets/flowctl_valkey_password").read_text()
    with redis.Redis(port=host.ports["valkey"], password=password) as store:
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                assert store.ping()
            except redis.ConnectionError:
                assert time.monotonic() < until, host.logs("valkey")
                time.sleep(0.1)
            else:
                return


@contextmanager
def _caddy(host: Host) -> Iterator[httpx.Client]:
    """Run Caddy by the deployed file, and return a client that trusts its authority."""
    names = host.folder / "hosts"
    names.write_text("".join(f"{address} api\n" for address in BOTH) + "127.0.0.1 localhost\n")
    line = [shutil.which("caddy") or "caddy", *SERVICES["caddy"]["command"][1:]]
    line[line.index("/etc/caddy/Caddyfile")] = str(ROOT / "deploy/caddy/Caddyfile")
    environment = {
        "PATH": os.environ["PATH"],
        "FLOWCTL_DOMAIN": "localhost",
        "XDG_DATA_HOME": str(host.folder / "caddy"),
        "XDG_CONFIG_HOME": str(host.folder / "caddy"),
        "HOME": str(host.folder),
        "API_PORT": str(host.ports["api"]),
        "HTTP_PORT": str(host.ports["http"]),
        "HTTPS_PORT": str(host.ports["https"]),
        "HEALTH_PORT": str(host.ports["health"]),
        "HEADER_WITHIN": "2s",
        "BODY_WITHIN": f"{BODY_WITHIN_S}s",
    }
    with (host.folder / "caddy.log").open("w") as log:
        host.running["caddy"] = subprocess.Popen(
            host.shut_in(line, f"mount --bind {names} /etc/hosts;"),
            env=environment,
            stdout=log,
            stderr=log,
            text=True,
        )
    authority = _authority(host)
    certificates = host.folder / "caddy/caddy/certificates/local/localhost/localhost.crt"
    until = time.monotonic() + PATIENCE_S
    while not (authority.exists() and certificates.exists()):
        assert time.monotonic() < until, host.logs("caddy")
        time.sleep(0.1)
    where = f"https://localhost:{host.ports['https']}"
    with httpx.Client(base_url=where, verify=_trust(host), timeout=20) as client:
        yield client


def _authority(host: Host) -> Path:
    return host.folder / "caddy/caddy/pki/authorities/local/root.crt"


def _trust(host: Host) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(_authority(host)))


def test_a_whole_deployment_starts_serves_by_tls_loses_a_process_and_ends_in_good_order(
    host: Host,
):
    assert host.environment("migrate")["FLOWCTL_OWNER_URL"] == (
        "postgresql://flowctl@" + host.owner_url.rpartition("@")[2]
    )
    host.start("api", FLOWCTL_PORT=str(host.ports["api"]))
    port = {"FLOWCTL_PORT": str(host.ports["api"]), "FLOWCTL_HOST": BOTH[1]}
    host.start("api", as_="api2", **port)
    for name in ("ingest", "controller"):
        host.start(name)
        host.start(name, as_=f"{name}2")
    host.start("notify")
    for name in ("api", "ingest", "controller", "notify"):
        host.await_health(name)
    with psycopg.connect(of_processes(host.owner_url)) as conn:
        set_account(conn, name="lan", role=Role.OPERATOR, password="a-word-of-the-tests")
    with _caddy(host) as client:
        _look_at_the_front(host, client)
        _sign_in_and_read_the_stream(client)
        _let_slow_senders_go_and_nobody_else(host, client)
        host.kill("api2")
        for _ in range(20):
            assert client.get("/v1/ready").status_code == 200, "the other one answers"
        host.kill("api")
        answer = client.get("/v1/ready")
        assert answer.status_code == 503
        assert "try again" in answer.text
        assert int(answer.headers["retry-after"]) > 0
    _end(host)


def _look_at_the_front(host: Host, client: httpx.Client) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "<title>" in page.text
    assert "max-age=31536000" in page.headers["strict-transport-security"]
    plain = httpx.get(f"http://localhost:{host.ports['http']}/board", follow_redirects=False)
    assert plain.status_code == 308
    assert plain.headers["location"].startswith("https://localhost")
    assert httpx.get(f"http://127.0.0.1:{host.ports['health']}/").text == "ok"


def _sign_in_and_read_the_stream(client: httpx.Client) -> None:
    who = {"account": "lan", "password": "a-word-of-the-tests"}
    signed_in = client.post("/v1/sessions", json=who)
    assert signed_in.is_success, signed_in.text
    assert "Secure" in signed_in.headers["set-cookie"]
    begun = time.monotonic()
    with client.stream("GET", "/v1/events") as events:
        assert events.status_code == 200
        first = next(line for line in events.iter_lines() if line.startswith("data:"))
    assert first
    assert time.monotonic() - begun < 15, "a proxy that gathers events would hold them back"


def _let_slow_senders_go_and_nobody_else(host: Host, client: httpx.Client) -> None:
    """Hold half a header and a slow body open while a stream of events lasts longer than both."""
    with client.stream("GET", "/v1/events") as events:
        lines = (line for line in events.iter_lines() if line.startswith("data:"))
        next(lines)
        begun = time.monotonic()
        with _line(host) as header, _line(host) as body:
            header.sendall(b"GET / HTTP/1.1\r\nHost: local")
            body.sendall(b"POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\n")
            body.sendall(b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
            assert header.recv(1000) == b"", "nothing is said to half a header"
            assert b" 503 " in _dribbled(body), "as Caddy answers whatever it cannot pass on"
        for _ in range(10):
            assert client.get("/v1/ready").status_code == 200, "its slowness is nobody else's"
        while time.monotonic() - begun < 2 * BODY_WITHIN_S:
            next(lines)


@contextmanager
def _line(host: Host) -> Iterator[ssl.SSLSocket]:
    """Yield a connection to Caddy, which waits for at most 20 s."""
    place = ("127.0.0.1", host.ports["https"])
    with (
        socket.create_connection(place, timeout=20) as plain,
        _trust(host).wrap_socket(plain, server_hostname="localhost") as line,
    ):
        yield line


def _dribbled(line: ssl.SSLSocket) -> bytes:
    """Send a byte now and then until an answer comes, and return that."""
    line.settimeout(0.5)
    for _ in range(20 * BODY_WITHIN_S):
        line.sendall(b" ")
        with suppress(TimeoutError):
            return line.recv(1000)
    raise AssertionError("nobody let the slow sender go")


def _end(host: Host) -> None:
    """Ask all to end, as an engine does, and see that they do so by themselves."""
    for process in host.running.values():
        process.send_signal(signal.SIGTERM)
    for name, process in host.running.items():
        assert process.wait(PATIENCE_S) == 0, f"{name}: {host.logs(name)}"
    rest = left_running(host.folder)
    assert [line for line in rest if "redis-server" not in line] == []
    host.running.clear()
