"""Records, tasks and consumed messages for the tests, and the contacts they are of."""

from __future__ import annotations

from dataclasses import dataclass

from consumer.enrolment.disposition import DeadLetterReason
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Headers, Partition, Record, Task

TOPIC_ID = b"the topic's id......"
EVENTS = Partition("events", 0)
MORE_EVENTS = Partition("events", 1)

JANE, JOE, ANN, KIM, LEE = (f"{name}.doe@example.com" for name in ("jane", "joe", "ann", "kim", "lee"))
PHONE = "+14155550132"
TIMESTAMP_MS = 1_767_225_600_000


def record(
    offset: int = 0,
    partition: Partition = EVENTS,
    key: bytes | None = None,
    value: bytes | None = b"{}",
    headers: Headers | None = None,
    **more: bool,
) -> Record:
    return Record(partition, offset, TIMESTAMP_MS, key, value, headers or [], **more)


def task(
    tracker: OffsetTracker, offset: int, *identities: str, payload: bytes = b"", reason: DeadLetterReason | None = None
) -> Task:
    arrived = record(offset, tracker.partition)
    if reason is not None:
        return Task.undeliverable(arrived, tracker, reason)
    return Task(arrived, tracker, identities, payload)


@dataclass(slots=True)
class Consumed:
    """A `confluent_kafka.Message` of the partition EVENTS: only librdkafka makes real ones with a leader epoch."""

    at: int
    body: bytes
    name: bytes | None = None
    epoch: int = 0
    own_headers: Headers | None = None
    place: Partition = EVENTS

    def leader_epoch(self) -> int:
        return self.epoch

    def error(self) -> None:
        return None

    def topic(self) -> str:
        return self.place.topic

    def partition(self) -> int:
        return self.place.number

    def offset(self) -> int:
        return self.at

    def value(self) -> bytes:
        return self.body

    def key(self) -> bytes | None:
        return self.name

    def headers(self) -> Headers | None:
        return self.own_headers

    def timestamp(self) -> tuple[int, int]:
        return 1, TIMESTAMP_MS
