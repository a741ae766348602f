"""The position store by its address: one Valkey, or a cluster of them.

``redis://host:port/0`` names one (``rediss://`` with TLS); ``redis+cluster://one:6379,two:6379``
names some nodes of a cluster, which tell of the others.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

import redis
import redis.asyncio
from redis.asyncio.cluster import ClusterNode as AsyncNode
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode as Node
from redis.exceptions import RedisClusterException, RedisError
from redis.retry import Retry

from flowctl.errors import FlowctlError

Store = redis.asyncio.Redis | redis.asyncio.RedisCluster
"""How the asynchronous processes speak with the store."""
WorkerStore = redis.Redis | redis.RedisCluster
"""How an ingest worker does."""

AWAY = (RedisError, RedisClusterException, OSError)
"""What a store raises that is away, or of which a part is."""

CLUSTER = "redis+cluster://"
ANSWER_S = 3.0


def connect(url: str) -> Store:
    """Return a client for appending: it says no within seconds instead of trying for long.

    Only a connection that is found broken is tried once more, for it may be an old one's end.
    """
    if url.startswith(CLUSTER):
        nodes = [AsyncNode(host, port) for host, port in _nodes(url)]
        return redis.asyncio.RedisCluster(
            startup_nodes=nodes,
            retry=AsyncRetry(NoBackoff(), 1),
            socket_timeout=ANSWER_S,
            socket_connect_timeout=ANSWER_S,
            **_credentials(url),
        )
    retry = AsyncRetry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
    return redis.asyncio.Redis.from_url(
        url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S, retry=retry
    )


def connect_worker(url: str) -> WorkerStore:
    """Return a client for an ingest worker, which tries nothing again: its caller begins anew."""
    if url.startswith(CLUSTER):
        return redis.RedisCluster(
            startup_nodes=[Node(host, port) for host, port in _nodes(url)],  # type: ignore[no-untyped-call]
            retry=Retry(NoBackoff(), 0),
            socket_timeout=ANSWER_S,
            socket_connect_timeout=ANSWER_S,
            **_credentials(url),
        )
    return redis.Redis.from_url(
        url,
        socket_timeout=ANSWER_S,
        socket_connect_timeout=ANSWER_S,
        retry=Retry(NoBackoff(), 0),
    )


def by_node(store: WorkerStore, keys: Mapping[int, str]) -> list[tuple[redis.Redis, list[int]]]:
    """Return each node's own client with the partitions it keeps.

    A node that does not keep one any more says so (MOVED), which is an error to whoever asks: what
    it was asked for must not be done unseen by another, whose entries are others.
    """
    if isinstance(store, redis.Redis):
        return [(store, list(keys))]
    kept: dict[str, list[int]] = defaultdict(list)
    nodes: dict[str, Node] = {}
    for partition, key in keys.items():
        node: Node = store.get_node_from_key(key)  # type: ignore[no-untyped-call]
        nodes[node.name] = node
        kept[node.name].append(partition)
    return [(store.get_redis_connection(nodes[name]), parts) for name, parts in kept.items()]


def list_reigns(store: WorkerStore, keys: Mapping[int, str]) -> dict[int, str]:
    """Return who keeps each partition: a word that another primary, or the same anew, never has.

    Empty where there is no cluster.
    """
    if isinstance(store, redis.Redis):
        return dict.fromkeys(keys, "")
    return {part: _reign(node) for node, parts in by_node(store, keys) for part in parts}


def _reign(node: redis.Redis) -> str:
    nodes: Any = node.execute_command("CLUSTER NODES")  # type: ignore[no-untyped-call]
    own = next(one for one in nodes.values() if "myself" in one["flags"])
    return f"{own['node_id']} {own['epoch']}"


def primaries_of(store: redis.asyncio.RedisCluster, keys: Iterable[str]) -> list[AsyncNode]:
    """Return the nodes that keep some keys, each once."""
    found = {}
    for key in keys:
        node = store.get_node_from_key(key)
        if node is not None:
            found[node.name] = node
    return list(found.values())


def _nodes(url: str) -> list[tuple[str, int]]:
    """Return the hosts and ports of a cluster's address.

    Raises
    ------
    FlowctlError
        It names none, or more than nodes.
    """
    _, _, places = url.removeprefix(CLUSTER).rpartition("@")
    nodes = []
    for place in places.split(","):
        host, _, port = place.rpartition(":")
        if not host or not port.isdigit():
            raise FlowctlError(
                f"FLOWCTL_VALKEY_URL names {place!r} where host:port is expected; a cluster is"
                " named like redis+cluster://one:6379,two:6379, without a number of a database."
            )
        nodes.append((host.strip("[]"), int(port)))
    return nodes


def _credentials(url: str) -> dict[str, Any]:
    said, at, _ = url.removeprefix(CLUSTER).rpartition("@")
    user, _, password = said.partition(":")
    named = {"username": unquote(user), "password": unquote(password)} if at else {}
    return {name: value for name, value in named.items() if value}
