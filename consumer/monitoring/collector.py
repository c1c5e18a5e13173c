"""Metrics read from the worker's state at the scrape, so that they are consistent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from consumer.clicksend.fault import Fault
from consumer.delivery.gate import GateState
from consumer.monitoring import metrics
from consumer.monitoring.health import Health, HealthState
from consumer.scheduling.counts import PartitionState, Snapshot
from consumer.scheduling.scheduler import Scheduler


class WorkerCollector(Collector):
    """Read at each scrape: consumed = settled + in progress + released. A partition's series end with its assignment.

    clock -- monotonic seconds
    """

    def __init__(self, scheduler: Scheduler, health: Health, clock: Callable[[], float]) -> None:
        self._scheduler = scheduler
        self._health = health
        self._clock = clock

    def collect(self) -> Iterator[Family]:
        """Return all families, for one scrape."""
        snapshot = self._scheduler.snapshot()
        yield from _records(snapshot)
        yield from self._gate()
        yield from self._partitions(snapshot.partitions)
        yield _gauge(metrics.LAST_POLL, time.time() - self._health.poll_age(self._clock()))

    def _gate(self) -> Iterator[Family]:
        gate = self._scheduler.report(self._clock())
        states = metrics.GATE_STATE.gauge_family()
        for state in GateState:
            states.add_metric([state], float(state is gate.state))
        yield states
        halted = metrics.DELIVERY_HALTED.gauge_family()
        for reason in Fault:
            halted.add_metric([reason], float(reason is gate.fault))
        yield halted
        yield _gauge(metrics.REQUEST_RATE_LIMIT, gate.rate)

    def _partitions(self, partitions: Sequence[PartitionState]) -> Iterator[Family]:
        yield _gauge(metrics.ASSIGNED_PARTITIONS, len(partitions))
        yield _gauge(metrics.COMMIT_METADATA, max((each.metadata for each in partitions), default=0))
        yield _gauge(metrics.PAUSED_PARTITIONS, sum(each.paused for each in partitions))
        oldest = metrics.OLDEST_UNSETTLED.gauge_family()
        committed = metrics.COMMITTED_OFFSET.gauge_family()
        end = metrics.LOG_END_OFFSET.gauge_family()
        lag = metrics.LAG.gauge_family()
        held = metrics.PARTITION_HELD.gauge_family()
        now = time.time()  # of a partition with nothing unsettled: its age is 0
        for each in partitions:
            labels = [each.partition.topic, str(each.partition.number)]
            oldest.add_metric(labels, now if each.oldest_ms is None else each.oldest_ms / 1000)
            committed.add_metric(labels, each.committed)
            end.add_metric(labels, each.end)
            if each.lag is not None:
                lag.add_metric(labels, each.lag)
            held.add_metric([*labels, HealthState.UNRECOGNISED_RECORDS], float(each.partition in self._health.held))
            waits = bool(self._health.registry_fault) and each.partition in self._health.schema_waits
            held.add_metric([*labels, HealthState.REGISTRY_UNREACHABLE], float(waits))
        yield from (oldest, committed, end, lag, held)


def _records(snapshot: Snapshot) -> Iterator[Family]:
    counts = snapshot.counts
    for metric, total in (
        (metrics.RECORDS_CONSUMED, counts.consumed),
        (metrics.RECORDS_SKIPPED, counts.skipped),
        (metrics.STALE_RESPONSES, counts.late),
    ):
        family = metric.counter_family()
        family.add_metric([], total)
        yield family
    settled = metrics.RECORDS_SETTLED.counter_family()
    for (disposition, reason), number in counts.settled.items():
        settled.add_metric([disposition, reason], number)
    yield settled
    released = metrics.RECORDS_RELEASED.counter_family()
    for why, number in counts.released.items():
        released.add_metric([why], number)
    yield released
    yield _gauge(metrics.RECORDS_IN_PROGRESS, snapshot.in_progress)
    yield _gauge(metrics.LONGEST_LANE, snapshot.longest_lane)
    yield _gauge(metrics.DEAD_LETTERS_WAITING, snapshot.dead_letters_waiting)
    stages = metrics.RECORDS_BY_STAGE.gauge_family()
    for stage, number in snapshot.stages.items():
        stages.add_metric([stage.value], number)
    yield stages


def _gauge(metric: metrics.Metric, value: float) -> Family:
    family = metric.gauge_family()
    family.add_metric([], value)
    return family
