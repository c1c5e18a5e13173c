"""Metrics that are read from the worker's state at the scrape, so that they agree with each other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from consumer.clicksend.fault import Fault
from consumer.delivery.gate import GateState
from consumer.monitoring import metrics
from consumer.monitoring.health import Condition, Health
from consumer.scheduling.offset_tracker import Ledger
from consumer.scheduling.scheduler import Scheduler


class WorkerCollector(Collector):
    """consumed = settled + in progress + released holds at each scrape. A partition's series go with the partition.

    clock -- monotonic seconds
    """

    def __init__(self, scheduler: Scheduler, health: Health, clock: Callable[[], float]) -> None:
        self._scheduler = scheduler
        self._health = health
        self._clock = clock

    def collect(self) -> Iterator[Family]:
        """One scrape."""
        yield from self._records()
        yield from self._gate()
        yield from self._partitions(list(self._scheduler.ledgers.values()))
        yield _gauge(metrics.LAST_POLL, time.time() - self._health.poll_age(self._clock()))

    def _records(self) -> Iterator[Family]:
        counts, in_progress = self._scheduler.counts()
        for metric, total in (
            (metrics.RECORDS_CONSUMED, counts.consumed),
            (metrics.RECORDS_SKIPPED, counts.skipped),
            (metrics.LATE_ANSWERS, counts.late),
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
        yield _gauge(metrics.RECORDS_IN_PROGRESS, in_progress)
        yield _gauge(metrics.LONGEST_LANE, self._scheduler.longest_lane())
        yield _gauge(metrics.DEAD_LETTERS_WAITING, self._scheduler.dead_letters_waiting())
        stages = metrics.RECORDS_BY_STAGE.gauge_family()
        for stage, number in self._scheduler.stages().items():
            stages.add_metric([stage.value], number)
        yield stages

    def _gate(self) -> Iterator[Family]:
        with self._scheduler.lock:
            gate = self._scheduler.gate
            now, fault, rate = gate.state(self._clock()), gate.fault, gate.rate
        states = metrics.GATE_STATE.gauge_family()
        for state in GateState:
            states.add_metric([state], float(state is now))
        yield states
        halted = metrics.HALTED.gauge_family()
        for reason in Fault:
            halted.add_metric([reason], float(reason is fault))
        yield halted
        yield _gauge(metrics.REQUEST_RATE_LIMIT, rate)

    def _partitions(self, ledgers: list[Ledger]) -> Iterator[Family]:
        yield _gauge(metrics.ASSIGNED_PARTITIONS, len(ledgers))
        longest = max((len(ledger.committed_map) for ledger in ledgers), default=0)
        yield _gauge(metrics.COMMIT_METADATA, longest)
        yield _gauge(metrics.PAUSED_PARTITIONS, sum(ledger.paused for ledger in ledgers))
        oldest = metrics.OLDEST_UNSETTLED.gauge_family()
        committed = metrics.COMMITTED_OFFSET.gauge_family()
        end = metrics.END_OFFSET.gauge_family()
        held = metrics.PARTITION_HELD.gauge_family()
        now = time.time()  # of a partition with nothing unsettled: its age is 0
        with self._scheduler.lock:
            for ledger in ledgers:
                labels = [ledger.partition.topic, str(ledger.partition.number)]
                task = ledger.oldest()
                oldest.add_metric(labels, task.record.timestamp_ms / 1000 if task else now)
                committed.add_metric(labels, ledger.committed)
                end.add_metric(labels, ledger.end)
                held.add_metric([*labels, Condition.UNRECOGNISED_RECORDS], float(ledger.partition in self._health.held))
        yield from (oldest, committed, end, held)


def _gauge(metric: metrics.Metric, value: float) -> Family:
    family = metric.gauge_family()
    family.add_metric([], value)
    return family
