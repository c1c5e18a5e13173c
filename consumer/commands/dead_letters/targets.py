"""Targets of a redrive. They send one record at a time: a crash duplicates at most one."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Mapping
from enum import StrEnum
from typing import Protocol

from confluent_kafka import KafkaError

from consumer.app import credential_store, event_loop_driver, scheduler
from consumer.commands.dead_letters.redrive_filter import Redrivable, RedriveResult
from consumer.commands.kafka.records import write
from consumer.commands.kafka.target_watch import TargetWatch
from consumer.dead_letters.writer import PARTITION_BY_KEY, DeadLetters
from consumer.enrolment.enroller import Enrolled
from consumer.errors import FatalStreamError, RefusedError
from consumer.kafka.clients import KafkaClients
from consumer.monitoring.health import Health
from consumer.scheduling.offset_map import UNKNOWN_TOPIC_ID
from consumer.scheduling.offset_tracker import OFFSET_UNKNOWN, OffsetTracker
from consumer.scheduling.task import WHOLE_RECORD, Record, Task
from consumer.scheduling.work import PolledRecords
from consumer.settings import Settings
from consumer.settings.kafka import Kafka, client_properties
from consumer.threads import OsThreads
from consumer.worker.batches import DecidedBatch, task_of
from consumer.worker.delivery_loop import DeliveryLoop

POLL_SECONDS = 0.005
CLOSE_SECONDS = 2.0
# Rejections of the one record; others may succeed.
OF_THE_RECORD = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_TIMESTAMP, KafkaError.INVALID_RECORD})


class Destination(StrEnum):
    """Values of --to."""

    SOURCE = "source"  # the source topic; the worker consumes it as any other record
    DELIVER = "deliver"  # ClickSend, by this command


class Target(Protocol):
    """Sends one record at a time. `close` abandons a request in flight."""

    def send(self, found: Redrivable) -> RedriveResult | None:
        """Send the record and return its result. None: a stop signal interrupted the delivery."""

    def complaint(self) -> str:
        """Return why delivery stopped or is halted; empty: no problem."""

    def close(self) -> None:
        """Close connections and stop threads."""


class Nowhere:
    """The target of a dry run: sends nothing."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination

    def send(self, found: Redrivable) -> RedriveResult:
        """Return the result that a redrive would have."""
        nothing = self._destination is Destination.DELIVER and not found.has_contact
        return RedriveResult.NOTHING_TO_SEND if nothing else RedriveResult.TO_REDRIVE

    def complaint(self) -> str:
        """Return an empty text."""
        return ""

    def close(self) -> None:
        """Do nothing."""


class ToSource:
    """Writes the record to its source partition and waits for the acknowledgement.

    partitions -- partitions of each topic; records of a deleted partition are partitioned by key
    """

    def __init__(self, kafka: Kafka, partitions: Mapping[str, Container[int]]) -> None:
        self._producer = KafkaClients(client_properties(kafka)).producer({})
        self._partitions = partitions

    def send(self, found: Redrivable) -> RedriveResult:
        """Write the record. Raise RefusedError if the topic rejects all records."""
        record = found.record
        topic, number = record.partition
        placed = number in self._partitions.get(topic, ())
        error = self._produced(record, number if placed else PARTITION_BY_KEY)
        if error is not None and error.code() == KafkaError._UNKNOWN_PARTITION and placed:  # just deleted
            error = self._produced(record, PARTITION_BY_KEY)
        if error is None:
            return RedriveResult.REDRIVEN
        if error.code() in OF_THE_RECORD:
            return RedriveResult.REFUSED
        how = "Check that it exists, that this user may WRITE to it, and the brokers"
        raise RefusedError(f"{topic} rejected the record: {error.name()}. {how}.")

    def _produced(self, record: Record, partition: int) -> KafkaError | None:
        return write(
            self._producer,
            record.partition.topic,
            key=record.key,
            value=record.value,
            headers=record.headers,
            partition=partition,
            timestamp=max(0, record.timestamp_ms),
        )

    def complaint(self) -> str:
        """Return an empty text: a failed write raises."""
        return ""

    def close(self) -> None:
        """Close the producer; `send` left nothing in flight."""
        self._producer.flush(0)


class ToClickSend:
    """Delivers with the worker's engine: its gate, retries and dead letters.

    stopped -- polled during a delivery: whether to stop waiting
    """

    def __init__(self, settings: Settings, stopped: Callable[[], bool]) -> None:
        clock, threads = time.monotonic, OsThreads()
        self._stopped = stopped
        self._drain_timeout = settings.worker.drain_timeout
        self._crash: BaseException | None = None
        self._scheduler = scheduler(settings, threads)
        self._watch = reporter = TargetWatch(settings, clock)
        make_producer = KafkaClients(client_properties(settings.kafka)).producer
        self._dead_letters = DeadLetters(
            settings.kafka,
            self._scheduler,
            reporter,
            clock,
            self._crashed,
            Health(clock()),
            lambda: make_producer({}),
            threads,
        )
        self._dead_letters.start()
        driver = event_loop_driver(settings, clock, credential_store(settings))
        self._delivery = DeliveryLoop(self._scheduler, driver, self._dead_letters, reporter, 1, self._crashed)
        self._delivery.start()

    def send(self, found: Redrivable) -> RedriveResult | None:
        """Deliver the record. Raise FatalStreamError if a thread of the engine failed."""
        if not found.has_contact:
            return RedriveResult.NOTHING_TO_SEND
        record = found.record
        tracker = self._scheduler.assign(record.partition, record.offset, OFFSET_UNKNOWN, UNKNOWN_TOPIC_ID)
        task = _task(found, tracker)
        self._scheduler.admit(PolledRecords(consumed=1, tasks=[task]))
        while len(tracker) and not self._stopped() and not self._watch.gives_up(self._scheduler.gate.fault):
            time.sleep(POLL_SECONDS)
            if self._crash is not None:
                raise FatalStreamError("a thread of the engine failed") from self._crash
        if len(tracker):
            self._drain(record)
        if len(tracker):
            return None
        return RedriveResult.DELIVERED if task.reason is None else RedriveResult.DEAD_LETTERED_AGAIN

    def complaint(self) -> str:
        """Return why delivery stopped or is halted."""
        return self._watch.complaint(self._scheduler.gate.fault)

    def close(self) -> None:
        """Stop the threads."""
        self._scheduler.close()
        self._delivery.stop(CLOSE_SECONDS)
        self._dead_letters.close(CLOSE_SECONDS)

    def _drain(self, record: Record) -> None:
        """Accept no more requests and wait for those in flight."""
        self._scheduler.close()
        until = time.monotonic() + self._drain_timeout
        while self._scheduler.in_flight([record.partition]) and time.monotonic() < until:
            time.sleep(POLL_SECONDS)

    def _crashed(self, crash: BaseException) -> None:
        self._crash = self._crash or crash


def _task(found: Redrivable, tracker: OffsetTracker) -> Task:
    """Return the task of a record that has something to deliver."""
    decision = found.decisions.get(WHOLE_RECORD)
    if isinstance(decision, Enrolled):
        return Task(found.record, tracker, decision.identities, decision.payload, decision.event)
    decided = DecidedBatch(found.size)
    for index, each in found.decisions.items():
        decided.add(index, each)
    return task_of(found.record, tracker, decided)
