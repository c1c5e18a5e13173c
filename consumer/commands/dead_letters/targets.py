"""Where redriven letters go. One at a time: what is on its way when the program dies is all that can come twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Mapping
from enum import StrEnum
from typing import Protocol

from confluent_kafka import KafkaError, KafkaException, Message

from consumer.app import delivery, scheduler
from consumer.commands.dead_letters.redrive_filter import RedriveResult
from consumer.commands.kafka.target_watch import TargetWatch, still_halted
from consumer.dead_letters.writer import PARTITION_BY_KEY, DeadLetters
from consumer.enrolment.enroller import Decision, Enrolled
from consumer.errors import FatalStreamError, RefusedError
from consumer.kafka.clients import KafkaClients
from consumer.kafka.options import StreamOptions
from consumer.monitoring.health import Health
from consumer.scheduling.offset_map import UNKNOWN_TOPIC_ID
from consumer.scheduling.offset_tracker import OFFSET_UNKNOWN
from consumer.scheduling.task import Record, Task
from consumer.scheduling.work import Batch
from consumer.settings import Settings
from consumer.settings.views import stream_options
from consumer.threads import OsThreads
from consumer.worker.delivery_loop import DeliveryLoop
from consumer.worker.event_loop import EventLoopDriver

LOOK_SECONDS = 0.005
CLOSE_SECONDS = 2.0
# What the source topic refuses for the record's sake: others may still go.
OF_THE_RECORD = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_TIMESTAMP, KafkaError.INVALID_RECORD})


class Destination(StrEnum):
    """--to"""

    SOURCE = "source"  # the topic it came from: the worker takes it as any other record
    DELIVER = "deliver"  # ClickSend, by this command


class Target(Protocol):
    """Takes one record at a time. `close` ends it, whatever is under way."""

    def send(self, record: Record, decision: Decision) -> RedriveResult | None:
        """Bring the record to its end, and tell which. None: it has none, because we are to stop."""

    def complaint(self) -> str:
        """Return why it takes nothing more, or what is wrong although it has taken all; empty: nothing."""

    def close(self) -> None:
        """Let go of connections and threads."""


class Nowhere:
    """Of a dry run: tells what would be sent."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination

    def send(self, record: Record, decision: Decision) -> RedriveResult:  # noqa: ARG002 -- a Target
        """It would be redriven, if the destination takes it."""
        nothing = self._destination is Destination.DELIVER and not isinstance(decision, Enrolled)
        return RedriveResult.NOTHING_TO_SEND if nothing else RedriveResult.TO_REDRIVE

    def complaint(self) -> str:
        """None ever."""
        return ""

    def close(self) -> None:
        """There is nothing."""


class ToSource:
    """Writes the record to the partition that it came from, and waits for the acknowledgement.

    there -- the partitions of each topic. One that is gone has no place of its own any more: the key finds it another
    """

    def __init__(self, options: StreamOptions, there: Mapping[str, Container[int]]) -> None:
        self._producer = KafkaClients(options).producer({})
        self._there = there

    def send(self, record: Record, decision: Decision) -> RedriveResult:  # noqa: ARG002 -- a Target
        """Raises RefusedError where the topic takes nothing at all."""
        topic, number = record.partition
        placed = number in self._there.get(topic, ())
        error = self._produced(record, number if placed else PARTITION_BY_KEY)
        if error is not None and error.code() == KafkaError._UNKNOWN_PARTITION and placed:  # gone meanwhile
            error = self._produced(record, PARTITION_BY_KEY)
        if error is None:
            return RedriveResult.REDRIVEN
        if error.code() in OF_THE_RECORD:
            return RedriveResult.REFUSED
        how = "Check that it exists, that this user may WRITE to it, and the brokers"
        raise RefusedError(f"{topic} takes no record: {error.name()}. {how}.")

    def _produced(self, record: Record, partition: int) -> KafkaError | None:
        errors: list[KafkaError | None] = []

        def reported(error: KafkaError | None, _message: Message) -> None:
            errors.append(error)

        try:
            self._producer.produce(
                record.partition.topic,
                key=record.key,
                value=record.value,
                headers=record.headers,  # type: ignore[arg-type]  # null headers are allowed
                partition=partition,
                timestamp=max(0, record.timestamp_ms),
                on_delivery=reported,
            )
            while not errors:
                self._producer.poll(1.0)
        except KafkaException as failure:
            errors.append(failure.args[0])
        return errors[0]

    def complaint(self) -> str:
        """None ever: what it can't write raises."""
        return ""

    def close(self) -> None:
        """Nothing is on its way: each record was waited for."""
        self._producer.flush(0)


class ToClickSend:
    """Delivers by the worker's own engine: its gate, its retries, and its dead letters for what is refused again.

    stopped -- asked while a record waits: whether to give up waiting
    """

    def __init__(self, settings: Settings, stopped: Callable[[], bool]) -> None:
        clock, threads, options = time.monotonic, OsThreads(), stream_options(settings)
        self._stopped = stopped
        self._drain_timeout = options.drain_timeout
        self._crash: BaseException | None = None
        self._gave_up = ""
        self._scheduler = scheduler(settings, threads)
        self._watch = reporter = TargetWatch(settings, clock)
        make_producer = KafkaClients(options).producer
        self._dead_letters = DeadLetters(
            options,
            self._scheduler,
            reporter,
            clock,
            self._crashed,
            Health(clock()),
            lambda: make_producer({}),
            threads,
        )
        self._dead_letters.start()
        driver = EventLoopDriver(delivery(settings), settings.clicksend.total_timeout, clock)
        self._delivery = DeliveryLoop(self._scheduler, driver, self._dead_letters, reporter, 1, self._crashed)
        self._delivery.start()

    def send(self, record: Record, decision: Decision) -> RedriveResult | None:
        """Raises FatalStreamError where a thread of the engine has failed."""
        if not isinstance(decision, Enrolled):
            return RedriveResult.NOTHING_TO_SEND
        tracker = self._scheduler.assign(record.partition, record.offset, OFFSET_UNKNOWN, UNKNOWN_TOPIC_ID)
        task = Task(record, tracker, decision.identities, decision.payload, decision.event)
        self._scheduler.admit(Batch(consumed=1, tasks=[task]))
        while len(tracker) and not self._stopped() and not self._gave_up:
            time.sleep(LOOK_SECONDS)
            if self._crash is not None:
                raise FatalStreamError("a thread of the engine failed") from self._crash
            self._gave_up = self._watch.reason(self._scheduler.gate.fault) or ""
        if len(tracker):
            self._land(record)
        if len(tracker):
            return None
        return RedriveResult.DELIVERED if task.reason is None else RedriveResult.DEAD_LETTERED_AGAIN

    def complaint(self) -> str:
        """Why it gave up, or for what delivery is halted."""
        fault = self._scheduler.gate.fault
        return self._gave_up or (still_halted(fault) if fault is not None else "")

    def close(self) -> None:
        """End the threads."""
        self._scheduler.close()
        self._delivery.stop(CLOSE_SECONDS)
        self._dead_letters.close(CLOSE_SECONDS)

    def _land(self, record: Record) -> None:
        """Begin nothing more, and let what is under way end."""
        self._scheduler.close()
        until = time.monotonic() + self._drain_timeout
        while self._scheduler.in_flight([record.partition]) and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)

    def _crashed(self, crash: BaseException) -> None:
        self._crash = self._crash or crash
