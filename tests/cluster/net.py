"""Hosts as network namespaces on one bridge, all made here and all taken away again."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

NETWORK = "10.77.0"
TOOLS = ("ip", "setpriv")


@dataclass(frozen=True, slots=True)
class Host:
    """A namespace with an address of its own."""

    number: int
    prefix: str

    @property
    def address(self) -> str:
        return f"{NETWORK}.{self.number}"

    @property
    def namespace(self) -> str:
        return f"{self.prefix}-{self.number}"

    def command(self, line: Sequence[str]) -> list[str]:
        """Return a command line that runs in here."""
        return ["ip", "netns", "exec", self.namespace, *line]

    def cut_off(self) -> None:
        """Take the cable out: nobody hears this host any more, and it nobody."""
        _ip("-n", self.namespace, "link", "set", "eth0", "down")

    def reconnect(self) -> None:
        _ip("-n", self.namespace, "link", "set", "eth0", "up")

    def kill(self) -> None:
        """Lose the host: silent first, so that no last word of its kernel gets out."""
        self.cut_off()
        _kill_all(self.namespace)


def obstacle() -> str | None:
    """Return a sentence about why no hosts can be made here, None where they can."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        return f"No hosts can be made here: {', '.join(missing)} is not installed (iproute2)."
    if os.geteuid() != 0:
        return "No hosts can be made here: network namespaces need root; run it as root."
    probe = f"flowctl-probe-{os.getpid()}"
    made = subprocess.run(
        ["ip", "netns", "add", probe], capture_output=True, text=True, check=False
    )
    if made.returncode:
        return f"No hosts can be made here: {made.stderr.strip()}; this system allows none."
    _ip("netns", "del", probe)
    return None


@contextmanager
def hosts(prefix: str, count: int) -> Iterator[list[Host]]:
    """Make hosts 1 to ``count``, and host 9 for who drives them; all end with the context."""
    made = [Host(number, prefix) for number in (*range(1, count + 1), 9)]
    bridge = f"{prefix}-0"
    try:
        _ip("netns", "add", bridge)
        _ip("-n", bridge, "link", "add", "br0", "type", "bridge")
        _ip("-n", bridge, "link", "set", "br0", "up")
        for host in made:
            port = f"p{host.number}"
            _ip("netns", "add", host.namespace)
            _ip("-n", bridge, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns",
                host.namespace)  # fmt: skip
            _ip("-n", bridge, "link", "set", port, "master", "br0", "up")
            _ip("-n", host.namespace, "address", "add", f"{host.address}/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                _ip("-n", host.namespace, "link", "set", device, "up")
        yield made
    finally:
        for namespace in (*(host.namespace for host in made), bridge):
            _kill_all(namespace)
            subprocess.run(["ip", "netns", "del", namespace], capture_output=True, check=False)


def _pids(namespace: str) -> list[int]:
    said = subprocess.run(
        ["ip", "netns", "pids", namespace], capture_output=True, text=True, check=False
    )
    return [int(pid) for pid in said.stdout.split()]


def _kill_all(namespace: str) -> None:
    for pid in _pids(namespace):
        with suppress(ProcessLookupError):  # it ended meanwhile
            os.kill(pid, signal.SIGKILL)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
