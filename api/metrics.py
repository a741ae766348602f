"""``GET /metrics``: what became of every fix, what waits, who works; in Prometheus' text format.

Read by an administrator or a machine's token (not that of a single device). Everything but the
``process_`` and ``python_`` series comes from the two stores, so that every API process gives the
same figures; with a store away the answer is a 503 and Prometheus' own ``up`` is 0.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
from fastapi import APIRouter, Request, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from psycopg_pool import ConnectionPool
from starlette.concurrency import run_in_threadpool

from flowctl.storage.aside import count_held
from flowctl.storage.measures import (
    PartitionMeasure,
    count_open_messages,
    list_beat_ages,
    list_gateways,
    list_partitions,
    list_worker_ages,
)
from flowctl.storage.sources import OutcomeCount, list_outcomes
from flowctl.telemetry.backlog import Waiting, list_waiting

router = APIRouter(tags=["health"])

_UNREADABLE = "unreadable"
"""Stands for the source of what could not be read so far as to name one."""

_OPEN = {"open": 1.0, "busy": 0.5, "away": 0.0}

_OF_THIS_PROCESS = CollectorRegistry()
ProcessCollector(registry=_OF_THIS_PROCESS)
PlatformCollector(registry=_OF_THIS_PROCESS)
GCCollector(registry=_OF_THIS_PROCESS)


@dataclass(frozen=True, slots=True, eq=False)  # a registry keeps its collectors by identity
class Measures(Collector):
    """What was read from the stores at one scrape; ``waiting`` is by partition."""

    outcomes: Sequence[OutcomeCount]
    held: Mapping[str, int]
    partitions: Sequence[PartitionMeasure]
    beats: Mapping[str, float]
    workers: Mapping[str, float]
    messages: Mapping[str, int]
    gateways: Sequence[tuple[str, str, str]]
    waiting: Mapping[int, Waiting] = field(default_factory=dict)

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics."""
        yield self._fixes()
        yield gauge(
            "flowctl_fixes_held",
            "Fixes set aside that are taken in once their moment or their device comes.",
            ("reason",),
            ((reason, n) for reason, n in sorted(self.held.items())),
        )
        yield gauge(
            "flowctl_stream_waiting_entries",
            "Entries on disk in the stream that no ingest worker has committed yet.",
            ("partition",),
            ((partition, one.entries) for partition, one in self.waiting.items()),
        )
        yield gauge(
            "flowctl_stream_oldest_waiting_seconds",
            "How long the oldest of these entries has waited, 0 where none waits.",
            ("partition",),
            ((partition, one.oldest_s) for partition, one in self.waiting.items()),
        )
        yield gauge(
            "flowctl_partition_lease_seconds",
            "For how long a worker still holds a partition; negative: its lease has run out.",
            ("partition", "owner"),
            (
                (one.partition, one.owner, one.lease_left_s)
                for one in self.partitions
                if one.owner is not None and one.lease_left_s is not None
            ),
        )
        yield gauge(
            "flowctl_heartbeat_age_seconds",
            "How long ago a kind of process last wrote that it works.",
            ("process",),
            self.beats.items(),
        )
        yield gauge(
            "flowctl_ingest_worker_age_seconds",
            "How long ago an ingest worker last said that it lives.",
            ("worker",),
            self.workers.items(),
        )
        yield gauge(
            "flowctl_messages_open",
            "Messages to drivers that wait to be sent, or were given up and wait for somebody.",
            ("state",),
            self.messages.items(),
        )
        yield gauge(
            "flowctl_gateway_open",
            "1 where a gateway takes messages, 0.5 where it is busy, 0 where it is away.",
            ("site", "gateway"),
            ((site, name, _OPEN[state]) for site, name, state in self.gateways),
        )

    def _fixes(self) -> Metric:
        family = CounterMetricFamily(
            "flowctl_fixes",
            "Fixes received, by what became of them: stored, duplicate, or the reason they were set"
            " aside for. Two come on top of these: swapped (mended before it was stored) and"
            " released (set aside, taken in since).",
            labels=("source", "outcome"),
        )
        for one in self.outcomes:
            family.add_metric((one.source or _UNREADABLE, one.outcome), one.n)
        return family


def gauge(
    name: str, what: str, labels: tuple[str, ...], rows: Iterable[tuple[Any, ...]]
) -> GaugeMetricFamily:
    """Return a gauge; each row has its labels' values and then its own."""
    family = GaugeMetricFamily(name, what, labels=labels)
    for *values, figure in rows:
        family.add_metric([str(value) for value in values], figure)
    return family


@router.get("/metrics")
async def get_metrics(request: Request) -> Response:
    """Answer a scrape."""
    state = request.app.state
    measures = await run_in_threadpool(_read, state.pool)
    committed = {one.partition: one.last_id for one in measures.partitions}
    system = CollectorRegistry()
    system.register(replace(measures, waiting=await list_waiting(state.store, committed)))
    text = generate_latest(system) + generate_latest(_OF_THIS_PROCESS)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def _read(pool: ConnectionPool[psycopg.Connection[Any]]) -> Measures:
    with pool.connection() as conn:
        return Measures(
            list_outcomes(conn),
            count_held(conn),
            list_partitions(conn),
            list_beat_ages(conn),
            list_worker_ages(conn),
            count_open_messages(conn),
            list_gateways(conn),
        )
