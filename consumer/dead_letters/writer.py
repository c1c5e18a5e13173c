"""Write dead letters. A record is settled only when the broker has acknowledged its dead letter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from confluent_kafka import KafkaError, KafkaException, Message

from consumer.dead_letters.format import NOTHING, Part, Parts, dead_letter, smaller
from consumer.monitoring.health import Health
from consumer.monitoring.reporter import Reporter
from consumer.scheduling.scheduler import Scheduler
from consumer.scheduling.task import Task
from consumer.settings.kafka import Kafka
from consumer.threads import Thread, Threads

POLL_SECONDS = 0.1
LAST_REPORTS_SECONDS = 2.0  # for a failed producer's last reports: acknowledged dead letters are not written twice
REPLACED_SECONDS = 1.0  # between two replacements of the producer
PARTITION_BY_KEY = -1  # RD_KAFKA_PARTITION_UA: the partitioner decides

_MISSING = (
    "the dead-letter topic is gone: create it again as it was, with the source's number of partitions and"
    " retention.ms=-1"
)
_HINTS = {
    KafkaError.UNKNOWN_TOPIC_OR_PART: _MISSING,
    KafkaError._UNKNOWN_TOPIC: _MISSING,
    KafkaError._UNKNOWN_PARTITION: _MISSING,
    KafkaError._DESTROY: _MISSING,  # in flight to a partition that was deleted
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "grant WRITE and DESCRIBE on KAFKA_DEAD_LETTER_TOPIC",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "grant IDEMPOTENT_WRITE on the cluster",  # before Kafka 2.8
    KafkaError.INVALID_RECORD: "it is compacted and refuses records without a key: set cleanup.policy=delete on"
    " KAFKA_DEAD_LETTER_TOPIC",
    KafkaError.MSG_SIZE_TOO_LARGE: "raise max.message.bytes of the dead-letter topic: not even coordinates fit",
}


class DeadLetterProducer(Protocol):
    """The used part of confluent-kafka's Producer. `poll` and `flush` raise KafkaException once after a fatal error."""

    @property
    def produce(self) -> Callable[..., None]:
        """Queue a record; `poll` or `flush` calls its `on_delivery`."""

    def poll(self, timeout: float) -> int:
        """Serve delivery reports; wait for the first at most `timeout` seconds."""

    def flush(self, timeout: float) -> int:
        """Wait for all reports, at most `timeout` seconds. Return how many are missing."""

    def purge(self) -> None:
        """Fail the records that are not acknowledged; their reports follow."""


class DeadLetters:
    """The dead-letter producer, with a thread that serves its reports: a revoke on the poll thread waits for them."""

    def __init__(
        self,
        kafka: Kafka,
        scheduler: Scheduler,
        reporter: Reporter,
        clock: Callable[[], float],
        on_crash: Callable[[BaseException], None],
        health: Health,
        make_producer: Callable[[], DeadLetterProducer],
        threads: Threads,
    ) -> None:
        self._topic = kafka.dead_letter_topic
        self._group_id = kafka.group_id
        self._scheduler = scheduler
        self._reporter = reporter
        self._clock = clock
        self._on_crash = on_crash
        self._health = health
        self._make_producer = make_producer
        # Replaced by the serving thread. A failed producer refuses records, so a stale reference loses nothing.
        self._producer: DeadLetterProducer = self._make_producer()
        self._threads = threads
        self._thread: Thread | None = None
        self._closing = False  # written by the poll thread, read by the serving thread
        self._lock, self._ends = threads.condition()  # notified when closing begins

    def start(self) -> None:
        """Start the serving thread."""
        self._thread = self._threads.start(self._run, "dead-letters")

    def serve(self, timeout: float) -> None:
        """Serve the producer's reports; wait for the first at most `timeout` seconds. For one thread.

        Replace a producer after a fatal error; dead letters not acknowledged are written again.
        """
        try:
            self._producer.poll(timeout)
        except KafkaException as failure:
            if not failure.args[0].fatal():
                raise
            self._replace(failure)

    def write(self, task: Task) -> None:
        """Produce the task's dead letter. Never raises; the scheduler gets the result.

        It keeps the source's partition number if the topic has it, else it is partitioned by key.
        """
        self._write(task, NOTHING, task.record.partition.number)

    def close(self, timeout: float) -> int:
        """Wait for outstanding reports, at most `timeout` seconds. Return how many are missing."""
        self._closing = True
        with self._ends:
            self._ends.notify_all()
        if self._thread is not None:
            self._thread.join(POLL_SECONDS * 2)
        try:
            return self._producer.flush(timeout)
        except KafkaException:  # a fatal error; the remaining reports carry it
            return self._producer.flush(0)

    def _run(self) -> None:
        try:
            while not self._closing:
                producer = self._producer
                self.serve(POLL_SECONDS)
                if self._producer is not producer:
                    with self._ends:
                        self._ends.wait(REPLACED_SECONDS)
        except BaseException as crash:  # without reports, records would stay unsettled
            self._on_crash(crash)

    def _replace(self, failure: KafkaException) -> None:
        failed, self._producer = self._producer, self._make_producer()
        failed.flush(LAST_REPORTS_SECONDS)
        failed.purge()
        failed.flush(LAST_REPORTS_SECONDS)
        self._reporter.producer_replaced(failure, hint(failure.args[0]))

    def _write(self, task: Task, left_out: Parts, partition: int, attempt: int = 1) -> None:
        message = dead_letter(task, self._group_id, left_out, datetime.now(UTC), self._clock())

        def reported(error: KafkaError | None, written: Message | None = None) -> None:
            if error is None and written is not None and written.offset() is None and attempt == 1:
                # The broker took it for a repetition of an earlier one. In a recreated topic, where later ones came
                # first, there is no earlier one.
                self._write(task, left_out, partition, attempt + 1)
                return
            self._reported(task, left_out, partition, KafkaException(error) if error is not None else None)

        try:
            self._producer.produce(
                self._topic,
                key=message.key,
                value=message.value,
                headers=message.headers,
                partition=partition,
                timestamp=message.timestamp_ms,
                on_delivery=reported,
            )
        except BufferError:  # the producer's queue is full: the broker is down or slow
            reported(KafkaError(KafkaError._QUEUE_FULL))
        except KafkaException as failure:
            self._reported(task, left_out, partition, failure)

    def _reported(self, task: Task, left_out: Parts, partition: int, failure: KafkaException | None) -> None:
        error = failure.args[0] if failure is not None else None
        code = error.code() if error is not None else KafkaError.NO_ERROR
        if failure is None or error is None:
            self._health.dead_letter_hint = ""
            if self._scheduler.dead_letter_written(task):
                self._reporter.dead_letter_written(task)
        elif code == KafkaError._UNKNOWN_PARTITION and partition != PARTITION_BY_KEY:
            self._write(task, left_out, PARTITION_BY_KEY)
        elif code == KafkaError.MSG_SIZE_TOO_LARGE and (more := smaller(left_out)) is not None:
            self._write(task, more, partition)
        elif code == KafkaError.INVALID_TIMESTAMP and Part.TIMESTAMP not in left_out:
            self._write(task, left_out | {Part.TIMESTAMP}, partition)
        else:
            self._health.dead_letter_hint = hint(error)
            self._reporter.dead_letter_failed(task, failure, hint(error))
            self._scheduler.dead_letter_failed(task, self._clock())


def hint(error: KafkaError) -> str:
    """Return the fix, in one line."""
    return _HINTS.get(error.code(), "check the brokers, and the replicas of the dead-letter topic")
