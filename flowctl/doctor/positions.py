"""The position store: an acknowledged fix is on its disk, and nothing of it is ever dropped."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import redis

from flowctl.doctor.database import skew
from flowctl.doctor.findings import Finding, Looks, good, warning, wrong
from flowctl.settings import Settings
from flowctl.telemetry.store import WorkerStore

_LEAST_MAJOR = 7
_FULL = 0.8


@dataclass(frozen=True, slots=True)
class Node:
    """One server of the store, by its own words (INFO, CONFIG GET)."""

    name: str
    client: redis.Redis
    chosen: Settings
    wall_s: Callable[[], float]

    def info(self) -> dict[str, Any]:
        """Return all that it says of itself."""
        said: Any = self.client.info()
        return dict(said)

    def set_to(self, setting: str) -> str:
        """Return a setting of the server."""
        said: Any = self.client.config_get(setting)
        return str(said.get(setting, ""))


def nodes_of(store: WorkerStore, chosen: Settings, wall_s: Callable[[], float]) -> Iterator[Node]:
    """Yield the servers that take writes: the one there is, or a cluster's primaries."""
    if isinstance(store, redis.Redis):
        yield Node("position store", store, chosen, wall_s)
        return
    for node in store.get_primaries():  # type: ignore[no-untyped-call]
        client = store.get_redis_connection(node)
        yield Node(f"position store {node.name}", client, chosen, wall_s)


def _version(node: Node) -> Iterator[Finding]:
    info = node.info()
    kind = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version") or info["redis_version"])
    if int(version.partition(".")[0]) < _LEAST_MAJOR:
        yield wrong(node.name, f"{kind} {version} is too old.", f"take version {_LEAST_MAJOR}")
    else:
        yield good(node.name, f"{kind} {version}.")
    if info.get("role") != "master":
        yield wrong(node.name, "It is a replica, and takes no writes.", "name the primary")
    wanted, there = node.chosen.valkey_replicas, int(info.get("connected_slaves", 0))
    if there < wanted:
        yield wrong(
            node.name,
            f"{there} of its replicas are connected, and fixes wait for {wanted}.",
            "start the replica, or lower FLOWCTL_VALKEY_REPLICAS",
        )


_WANTED = (
    ("appendonly", "yes", "fixes that were acknowledged are lost with its process"),
    ("appendfsync", "always", "fixes that were acknowledged are lost by a power cut"),
    ("maxmemory-policy", "noeviction", "it drops fixes that nobody stored where memory is short"),
)


def _journal(node: Node) -> Iterator[Finding]:
    for setting, wanted, why in _WANTED:
        value = node.set_to(setting)
        if value == wanted:
            yield good(node.name, f"{setting} is {value}.")
        else:
            yield wrong(
                node.name,
                f"{setting} is {value or 'unknown'}: {why}.",
                f"redis-cli config set {setting} {wanted}, and its file of settings",
            )
    info = node.info()
    for what, name in (
        ("aof_last_write_status", "write"),
        ("aof_last_bgrewrite_status", "rewrite"),
    ):
        if info.get(what, "ok") != "ok":
            yield wrong(
                node.name,
                f"The last {name} of its journal failed.",
                "look at its log; most often its disk is full, or memory for a copy is short",
            )


def _memory(node: Node) -> Iterator[Finding]:
    info = node.info()
    used, most = int(info["used_memory"]), int(info.get("maxmemory", 0))
    if not most:
        yield warning(
            node.name,
            f"It holds {used / 1e6:,.0f} MB and has no limit: the system would end it.",
            "redis-cli config set maxmemory 1gb, or half of the machine's memory",
        )
    elif used > _FULL * most:
        yield wrong(
            node.name,
            f"It holds {used / most:.0%} of the memory it may have; then it refuses fixes.",
            "see that ingest works, or give it more: maxmemory",
        )
    else:
        yield good(node.name, f"It holds {used / most:.0%} of the memory it may have.")


def _clock(node: Node) -> Iterator[Finding]:
    before = node.wall_s()
    said: Any = node.client.time()
    seconds, micros = said
    yield skew(node.name, seconds + micros / 1e6, (before + node.wall_s()) / 2)


NODES: Looks[Node] = (
    ("position store", _version),
    ("position store's journal", _journal),
    ("position store's memory", _memory),
    ("clocks", _clock),
)
