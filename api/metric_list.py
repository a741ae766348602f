"""Every metric of `/metrics` that comes from the stores: its name, what it says, where it is read.

``tests/metric_table.py`` prints them all as deploy/prometheus/metrics.md.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from flowctl.storage.border_measures import BorderMeasures
from flowctl.storage.live import GateState
from flowctl.storage.measures import DatabaseMeasure, PartitionMeasure
from flowctl.storage.sources import OutcomeCount
from flowctl.telemetry.backlog import Waiting

_UNREADABLE = "unreadable"
"""Stands for the source of what could not be read so far as to name one."""
_OPEN = {"open": 1.0, "busy": 0.5, "away": 0.0}
_PROVED = "optimal"
"""The status of a plan that no other one beats."""

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True, eq=False)  # a registry keeps its collectors by identity
class Measures(Collector):
    """What was read from the stores at one scrape; ``waiting`` is by partition."""

    site: str
    outcomes: Sequence[OutcomeCount]
    held: Mapping[str, int]
    partitions: Sequence[PartitionMeasure]
    beats: Mapping[str, float]
    steps: Mapping[str, float]
    workers: Mapping[str, float]
    messages: Mapping[str, int]
    gateways: Sequence[tuple[str, str, str]]
    border: BorderMeasures
    database: DatabaseMeasure
    skews: Mapping[str, float] = field(default_factory=dict)
    waiting: Mapping[int, Waiting] = field(default_factory=dict)
    certificate_left_s: float | None = None

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics."""
        for one in SHOWN:
            yield one.of(self)


@dataclass(frozen=True, slots=True)
class Shown:
    """A metric: each of its ``rows`` has its labels' values and then its own."""

    name: str
    what: str
    labels: tuple[str, ...]
    rows: Callable[[Measures], Iterable[Row]]
    counts: bool = False

    def of(self, measures: Measures) -> Metric:
        """Return the metric as it was measured."""
        kind = CounterMetricFamily if self.counts else GaugeMetricFamily
        family = kind(self.name, self.what, labels=self.labels)
        for *values, figure in self.rows(measures):
            family.add_metric([str(value) for value in values], figure)
        return family


def _outcomes(of: Measures) -> Iterator[Row]:
    for one in of.outcomes:
        yield one.source or _UNREADABLE, one.outcome, one.n


def _leases(of: Measures) -> Iterator[Row]:
    for one in of.partitions:
        if one.owner is not None and one.lease_left_s is not None:
            yield one.partition, one.owner, one.lease_left_s


_WHERE: Mapping[str, Callable[[GateState], int]] = {
    "yard": lambda gate: gate.waiting,
    "way": lambda gate: gate.in_transit,
    "queue": lambda gate: gate.queued,
    "lane": lambda gate: gate.in_lane,
}


def _trucks(of: Measures) -> Iterator[Row]:
    for gate in of.border.gates:
        for where, count in _WHERE.items():
            yield of.site, gate.gate, where, count(gate)


def _capacities(of: Measures) -> Iterator[Row]:
    for gate in of.border.gates:
        yield of.site, gate.gate, "low", gate.capacity_low
        yield of.site, gate.gate, "expected", gate.capacity_per_h
        yield of.site, gate.gate, "high", gate.capacity_high


def _waits(of: Measures) -> Iterator[Row]:
    for wait in of.border.waits:
        yield of.site, wait.gate, wait.stage, "0.5", wait.p50
        yield of.site, wait.gate, wait.stage, "0.9", wait.p90


def _of_plan(what: Callable[[Any], float]) -> Callable[[Measures], Iterator[Row]]:
    def rows(of: Measures) -> Iterator[Row]:
        if of.border.plan is not None:
            yield of.site, what(of.border.plan)

    return rows


def _epoch(of: Measures) -> Iterator[Row]:
    if of.border.epoch is not None:
        yield of.site, of.border.epoch.holder or "nobody", of.border.epoch.number


def _certificate(of: Measures) -> Iterator[Row]:
    if of.certificate_left_s is not None:
        yield (of.certificate_left_s,)


def _archive(of: Measures) -> Iterator[Row]:
    if of.database.archived_age_s is not None:
        yield (of.database.archived_age_s,)


SHOWN: tuple[Shown, ...] = (
    Shown(
        "flowctl_fixes",
        "Fixes received, by what became of them: stored, duplicate, or the reason they were set"
        " aside for. Two come on top of these: swapped (mended before it was stored) and"
        " released (set aside, taken in since).",
        ("source", "outcome"),
        _outcomes,
        counts=True,
    ),
    Shown(
        "flowctl_fixes_held",
        "Fixes set aside that are taken in once their moment or their device comes.",
        ("reason",),
        lambda of: sorted(of.held.items()),
    ),
    Shown(
        "flowctl_stream_waiting_entries",
        "Entries on disk in the stream that no ingest worker has committed yet.",
        ("partition",),
        lambda of: ((partition, one.entries) for partition, one in of.waiting.items()),
    ),
    Shown(
        "flowctl_stream_oldest_waiting_seconds",
        "How long the oldest of these entries has waited, 0 where none waits: the lag of ingest.",
        ("partition",),
        lambda of: ((partition, one.oldest_s) for partition, one in of.waiting.items()),
    ),
    Shown(
        "flowctl_partition_lease_seconds",
        "For how long a worker still holds a partition; negative: its lease has run out.",
        ("partition", "owner"),
        _leases,
    ),
    Shown(
        "flowctl_heartbeat_age_seconds",
        "How long ago a kind of process last wrote that it works.",
        ("process",),
        lambda of: of.beats.items(),
    ),
    Shown(
        "flowctl_tick_seconds",
        "How long a process's last step took: of the controller, a whole tick.",
        ("process",),
        lambda of: of.steps.items(),
    ),
    Shown(
        "flowctl_ingest_worker_age_seconds",
        "How long ago an ingest worker last said that it lives.",
        ("worker",),
        lambda of: of.workers.items(),
    ),
    Shown(
        "flowctl_controller_epoch",
        "The number of the newest change of hands, and which controller decides since.",
        ("site", "holder"),
        _epoch,
    ),
    Shown(
        "flowctl_visits_open",
        "Trucks that are in a zone now.",
        ("site", "zone"),
        lambda of: ((of.site, one.zone, one.open) for one in of.border.visits),
    ),
    Shown(
        "flowctl_visits_begun_last_hour",
        "Visits of a zone that began within the last hour.",
        ("site", "zone"),
        lambda of: ((of.site, one.zone, one.begun) for one in of.border.visits),
    ),
    Shown(
        "flowctl_visits_ended_last_hour",
        "Visits of a zone that ended within the last hour.",
        ("site", "zone"),
        lambda of: ((of.site, one.zone, one.ended) for one in of.border.visits),
    ),
    Shown(
        "flowctl_visits_revised_last_hour",
        "How often a visit was told otherwise within the last hour, counted up to 10,000.",
        (),
        lambda of: [(of.border.revisions,)],
    ),
    Shown(
        "flowctl_gate_trucks",
        "Trucks of a gate: in the yard, on the way, in its queue, in its lanes.",
        ("site", "gate", "where"),
        _trucks,
    ),
    Shown(
        "flowctl_gate_target_trucks",
        "How many trucks metering aims to have on the way to a gate and at it.",
        ("site", "gate"),
        lambda of: ((of.site, one.gate, one.n_target) for one in of.border.gates),
    ),
    Shown(
        "flowctl_gate_capacity_per_hour",
        "Trucks a gate takes in an hour as learned: expected, and the interval it lies in.",
        ("site", "gate", "bound"),
        _capacities,
    ),
    Shown(
        "flowctl_wait_seconds",
        "How long trucks of the last hour had waited: in the yard until their call-up, at the gate"
        " from queue to lane. Quantiles; none where nobody passed.",
        ("site", "gate", "stage", "quantile"),
        _waits,
    ),
    Shown(
        "flowctl_plan_age_seconds",
        "How old the newest plan is, in domain time.",
        ("site",),
        _of_plan(lambda plan: plan.age_s),
    ),
    Shown(
        "flowctl_plan_solve_seconds",
        "How long the newest plan took to make.",
        ("site",),
        _of_plan(lambda plan: plan.solve_s),
    ),
    Shown(
        "flowctl_plan_gap_ratio",
        "By which share the newest plan costs more than its proven bound.",
        ("site",),
        _of_plan(lambda plan: plan.gap),
    ),
    Shown(
        "flowctl_plan_proved",
        "1 where the newest plan is proved to be the best one, else 0.",
        ("site",),
        _of_plan(lambda plan: float(plan.status == _PROVED)),
    ),
    Shown(
        "flowctl_plan_trips",
        "Trucks the newest plan is about.",
        ("site",),
        _of_plan(lambda plan: plan.trips),
    ),
    Shown(
        "flowctl_plan_unserved",
        "Trucks the newest plan has no slot for.",
        ("site",),
        _of_plan(lambda plan: plan.unserved),
    ),
    Shown(
        "flowctl_trips_active",
        "Trucks that are declared and have not crossed.",
        ("site", "direction"),
        lambda of: ((of.site, direction, n) for direction, n in of.border.active.items()),
    ),
    Shown(
        "flowctl_declarations_last_hour",
        "Trucks declared within the last hour.",
        ("site",),
        lambda of: [(of.site, of.border.declared)],
    ),
    Shown(
        "flowctl_work_waiting",
        "Stages of trips that wait at a desk, by how they stand.",
        ("site", "desk", "state"),
        lambda of: ((of.site, *one) for one in of.border.work),
    ),
    Shown(
        "flowctl_messages_open",
        "Messages to drivers that wait to be sent, or were given up and wait for somebody.",
        ("state",),
        lambda of: of.messages.items(),
    ),
    Shown(
        "flowctl_messages_waiting",
        "Messages to drivers that wait to be sent, by kind.",
        ("site", "kind"),
        lambda of: ((of.site, kind, n) for kind, n in of.border.due.items()),
    ),
    Shown(
        "flowctl_messages_oldest_due_seconds",
        "For how long the message that is due longest could have been sent, 0 where none is due.",
        ("site",),
        lambda of: [(of.site, of.border.oldest_due_s)],
    ),
    Shown(
        "flowctl_messages_last_hour",
        "Messages written within the last hour, by gateway and what became of them: also those a"
        " gateway did not take and that are tried again, and those that were given up (dead).",
        ("site", "gateway", "outcome"),
        lambda of: ((of.site, *one) for one in of.border.messages),
    ),
    Shown(
        "flowctl_gateway_open",
        "1 where a gateway takes messages, 0.5 where it is busy, 0 where it is away.",
        ("site", "gateway"),
        lambda of: ((site, name, _OPEN[state]) for site, name, state in of.gateways),
    ),
    Shown(
        "flowctl_clock_skew_seconds",
        "By how much a store's clock is ahead of this API's.",
        ("store",),
        lambda of: of.skews.items(),
    ),
    Shown(
        "flowctl_certificate_left_seconds",
        "For how long the certificate of FLOWCTL_PUBLIC_URL still holds, asked once an hour; far"
        " below 0 where browsers warn of it, absent where an API cannot ask.",
        (),
        _certificate,
    ),
    Shown(
        "flowctl_database_bytes",
        "How much room the database takes.",
        (),
        lambda of: [(of.database.size_bytes,)],
    ),
    Shown(
        "flowctl_database_archive_age_seconds",
        "How long ago the database last put its log into the archive; absent where it keeps none.",
        (),
        _archive,
    ),
)
"""The metrics, in the order in which they are shown and documented."""
