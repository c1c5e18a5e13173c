"""Writes dead letters. A record counts as settled only when the broker has acknowledged its dead letter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import structlog
from confluent_kafka import KafkaError, KafkaException, Message

from consumer.stream.dead_letter import DeadLetter, LetterForm, dead_letter
from consumer.stream.options import StreamOptions
from consumer.stream.record import Task
from consumer.stream.reporter import Reporter
from consumer.stream.scheduler import Scheduler
from consumer.stream.threads import Thread, Threads

POLL_SECONDS = 0.1
PARTITION_BY_KEY = -1  # RD_KAFKA_PARTITION_UA: the partitioner decides

log = structlog.get_logger()


class LetterProducer(Protocol):
    """What is used of confluent-kafka's Producer."""

    @property
    def produce(self) -> Callable[..., None]:
        """Queue a letter; its report comes to `on_delivery`, inside `poll` or `flush`."""

    def poll(self, timeout: float) -> int:
        """Take the reports that are there, or wait for the first at most `timeout` seconds."""

    def flush(self, timeout: float) -> int:
        """Wait for all reports, at most `timeout` seconds; gives how many are still missing."""


class DeadLetters:
    """The producer of dead letters with a thread of its own that takes its reports, so that they arrive whatever the
    poll thread is doing (a revoke waits for them). `write` may be called from any delivery thread.

    partitions    -- how many the dead-letter topic has: where it has the source's, a letter goes to the same number
    make_producer -- gives a new producer
    """

    def __init__(
        self,
        options: StreamOptions,
        scheduler: Scheduler,
        reporter: Reporter,
        clock: Callable[[], float],
        on_crash: Callable[[BaseException], None],
        partitions: int,
        make_producer: Callable[[], LetterProducer],
        threads: Threads,
    ) -> None:
        self._topic = options.dead_letter_topic
        self._group_id = options.group_id
        self._scheduler = scheduler
        self._reporter = reporter
        self._clock = clock
        self._on_crash = on_crash
        self._partitions = partitions
        self._make_producer = make_producer
        self._producer: LetterProducer = self._make_producer()
        self._threads = threads
        self._thread: Thread | None = None
        self._closing = False  # written by the poll thread, read by the thread that serves

    def start(self) -> None:
        """Start the thread that serves."""
        self._thread = self._threads.start(self._run, "dead-letters")

    def serve(self, timeout: float) -> None:
        """Take the producer's reports, waiting for the first at most `timeout` seconds. One thread's work."""
        self._producer.poll(timeout)

    def write(self, task: Task) -> None:
        """Hand the task's dead letter to the producer. Never raises; the scheduler hears how it ended."""
        self._write(task, LetterForm.WHOLE)

    def close(self, timeout: float) -> int:
        """Wait for outstanding reports, at most `timeout` seconds; gives how many are still missing."""
        missing = self._producer.flush(timeout)
        self._closing = True
        if self._thread is not None:
            self._thread.join(POLL_SECONDS * 2)
        return missing

    def _run(self) -> None:
        try:
            while not self._closing:
                self.serve(POLL_SECONDS)
        except BaseException as crash:  # reports that nobody takes would leave records unsettled for ever
            self._on_crash(crash)

    def _write(self, task: Task, form: LetterForm) -> None:
        letter = dead_letter(task, self._group_id, form, datetime.now(UTC), self._clock())

        def reported(error: KafkaError | None, _message: Message) -> None:
            self._reported(task, form, error)

        try:
            self._produce(task, letter, reported)
        except BufferError:  # the producer's queue is full: the broker is away
            self._failed(task, "the producer's queue is full")
        except KafkaException as failure:
            self._reported(task, form, failure.args[0])

    def _produce(self, task: Task, letter: DeadLetter, reported: Callable[[KafkaError | None, Message], None]) -> None:
        number = task.record.partition.number
        self._producer.produce(
            self._topic,
            key=letter.key,
            value=letter.value,
            headers=letter.headers,
            partition=number if number < self._partitions else PARTITION_BY_KEY,
            timestamp=max(0, letter.timestamp_ms),  # 0: now
            on_delivery=reported,
        )

    def _reported(self, task: Task, form: LetterForm, error: KafkaError | None) -> None:
        if error is None:
            if self._scheduler.buried(task):
                self._reporter.buried(task)
        elif error.code() == KafkaError.MSG_SIZE_TOO_LARGE and form is LetterForm.WHOLE:
            self._write(task, LetterForm.POINTER)
        else:
            self._failed(task, error.name())

    def _failed(self, task: Task, why: str) -> None:
        self._reporter.bury_failed(task, why)
        self._scheduler.bury_failed(task, self._clock())
