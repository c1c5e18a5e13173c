"""The worker's reports: counters as things happen, a log line where an operator should know."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from enum import StrEnum

import structlog
from confluent_kafka import KafkaError, KafkaException
from prometheus_client import CollectorRegistry

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import STATUS_LABELS, Cause, Outcome, Result, status_label
from consumer.clicksend.probe import ProbeResult, ProbeStatus
from consumer.delivery.outcome_policy import Action, Retry, Settle
from consumer.log import RepeatFilter, cause_of
from consumer.monitoring import metrics
from consumer.monitoring.observer import RecordObserver
from consumer.monitoring.tracing.traceparent import trace_id_of
from consumer.scheduling.counts import CommitResult, ReleaseReason
from consumer.scheduling.task import BatchProgress, Partition, Record, Task

log = structlog.get_logger()


class RebalanceEvent(StrEnum):
    """A change of the assignment."""

    ASSIGNED = "assigned"
    REVOKED = "revoked"
    LOST = "lost"


_REBALANCED = {
    RebalanceEvent.ASSIGNED: "partitions assigned",
    RebalanceEvent.REVOKED: "partitions revoked",
    RebalanceEvent.LOST: "partitions lost",
}


class DeadLetterResult(StrEnum):
    """The broker's response to a dead letter."""

    ACKNOWLEDGED = "acknowledged"
    FAILED = "failed"  # will be retried


class Reporter:
    """Count and log. Called from the poll thread, the delivery loop's and the dead-letter producer's.

    clock -- monotonic seconds
    """

    def __init__(
        self, registry: CollectorRegistry, observer: RecordObserver | None, clock: Callable[[], float]
    ) -> None:
        self.observer = observer
        self._clock = clock
        self._summary = RepeatFilter()
        self._lock = threading.Lock()
        self._fault: Fault | None = None  # the last one logged; changed under the lock
        # Hot-path metrics are written by the delivery loop's thread only.
        known = [(result, status) for result in Result for status in STATUS_LABELS[result]]
        self._requests = metrics.Tally(metrics.REQUESTS, registry, known).counts
        self._request_seconds = metrics.Distribution(metrics.REQUEST_SECONDS, registry)
        causes = [(cause,) for cause in (*Cause, Result.CONFIGURATION_FAULT, Result.REJECTED)]
        self._retries = metrics.Tally(metrics.RETRIES, registry, causes).counts
        self._age = metrics.Distribution(metrics.DELIVERY_AGE, registry)
        self._last_delivery = 0.0  # seconds since the epoch
        metrics.LAST_DELIVERY.gauge(registry).set_function(lambda: self._last_delivery)
        self._probes = metrics.PROBES.counter(registry, ProbeStatus)
        self._dead_letters = metrics.DEAD_LETTERS.counter(registry, DeadLetterResult)
        self._producers_replaced = metrics.DEAD_LETTER_PRODUCERS_REPLACED.counter(registry)
        self._throttle = metrics.THROTTLE_SECONDS.counter(registry)
        self._retry_after_unread = metrics.RETRY_AFTER_UNREAD.counter(registry)
        self._commits = metrics.COMMITS.counter(registry, CommitResult)
        self._rebalances = metrics.REBALANCES.counter(registry, RebalanceEvent)

    def answered(self, task: Task, outcome: Outcome, action: Action | None, seconds: float) -> None:
        """Report the end of a request after so many seconds; `action` None: the partition is no longer owned."""
        self._requests[outcome.result, status_label(outcome.status)] += 1
        self._request_seconds.observe(seconds)
        if outcome.retry_after:
            self._throttle.inc(outcome.retry_after)
        if outcome.unread:
            self._retry_after_unread.inc()
        if isinstance(action, Settle):
            self._delivered(task.record)
        elif isinstance(action, Retry):
            self._retries[outcome.cause or outcome.result,] += 1
        if outcome.result is Result.TRANSIENT:
            self._warn_once_a_while(
                "delivery attempt failed, will retry",
                outcome.cause or "",
                task,
                cause=outcome.cause,
                status=outcome.status,
                code=outcome.code,
            )
        if self.observer is not None:
            self.observer.answered(task, outcome, action, seconds)
            if task.batch is not None:
                self._report_end_of_batch(task.batch, self.observer)

    def duplicate(self, task: Task) -> None:
        """Report a task that was settled without a request."""
        if self.observer is not None:
            self.observer.duplicate(task)
            if task.batch is not None:
                self._report_end_of_batch(task.batch, self.observer)

    def gate(self, fault: Fault | None) -> None:
        """Log when delivery is halted by a fault, and when it resumes (None)."""
        if fault is self._fault:
            return
        with self._lock:
            before, self._fault = self._fault, fault
        if fault is not None and fault is not before:
            log.error("delivery halted", reason=fault, hint=fault.hint)
        elif fault is None and before is not None:
            log.info("delivery resumed", after=before)

    def probed(self, result: ProbeResult) -> None:
        """Count a probe's result."""
        self._probes.labels(result.result).inc()

    def dead_letter_written(self, task: Task) -> None:
        """Report a dead letter that the broker acknowledged."""
        self._dead_letters.labels(DeadLetterResult.ACKNOWLEDGED).inc()
        last = task.attempts.last
        self._warn_once_a_while(
            "record dead-lettered",
            f"{task.reason} {task.detail}",
            task,
            reason=task.reason,
            detail=task.detail or None,
            status=last.status if last else None,
            code=last.code if last else None,
        )
        if self.observer is not None:
            self.observer.dead_letter_written(task)

    def dead_letter_failed(self, task: Task, failure: KafkaException, hint: str) -> None:
        """Report a dead letter that could not be written."""
        self._dead_letters.labels(DeadLetterResult.FAILED).inc()
        error = failure.args[0].name()
        self._warn_once_a_while(
            "dead letter not written, will retry",
            error,
            task,
            error=error,
            **cause_of(failure),
            hint=hint,
        )
        if self.observer is not None:
            self.observer.dead_letter_failed(task, error)

    def producer_replaced(self, failure: KafkaException, hint: str) -> None:
        """Report that a new dead-letter producer replaced one with a fatal error."""
        self._producers_replaced.inc()
        error = failure.args[0].name()
        self._warn_once_a_while(
            "dead-letter producer failed, replaced",
            error,
            error=error,
            **cause_of(failure),
            hint=hint,
        )

    def released(self, partitions: Collection[Partition], reason: ReleaseReason) -> None:
        """Report that these partitions' unsettled records are released."""
        if self.observer is not None:
            self.observer.released(partitions, reason)

    def committed(self, result: CommitResult) -> None:
        """Count the result of a commit request."""
        self._commits.labels(result).inc()

    def commit_refused(self, failure: KafkaException) -> None:
        """Report a commit that Kafka refused; it will be retried."""
        error = failure.args[0].name()
        self._warn_once_a_while("commit refused, will retry", error, error=error, **cause_of(failure))

    def rebalanced(self, event: RebalanceEvent, partitions: list[str]) -> None:
        """Report a change of the assignment."""
        self._rebalances.labels(event).inc()
        log.info(_REBALANCED[event], partitions=partitions)

    def stream_error(self, error: KafkaError) -> None:
        """Log an error that librdkafka recovers from."""
        self._warn_once_a_while("kafka error reported", error.name(), error=error.name())

    def _delivered(self, record: Record) -> None:
        self._last_delivery = now = time.time()
        if record.timestamp_ms > 0:
            self._age.observe(max(0.0, now - record.timestamp_ms / 1000))

    def _report_end_of_batch(self, batch: BatchProgress, observer: RecordObserver) -> None:
        """Report that the last event of a record has ended. Called on the loop's thread, as what ends an event."""
        if not batch.open and not batch.failed:
            observer.batch_settled(batch.record)

    def _warn_once_a_while(self, event: str, kind: str, task: Task | None = None, /, **details: object) -> None:
        """Log a line, about the record of a task if there is one."""
        suppressed = self._summary.ask(f"{event} {kind}", self._clock())
        if suppressed is not None:
            about = {**details, **_place(task)} if task is not None else details
            shown = {key: value for key, value in about.items() if value is not None}
            log.warning(event, **shown, **({"suppressed": suppressed} if suppressed else {}))


def _place(task: Task) -> dict[str, object]:
    record = task.record
    return {"partition": str(record.partition), "offset": record.offset, "trace_id": trace_id_of(task)}
