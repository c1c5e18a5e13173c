"""A record in progress in this worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import Enum
from operator import methodcaller
from typing import NamedTuple, Protocol

import msgspec
from confluent_kafka import Message
from msgspec import Struct, field

from consumer.delivery.attempts import Attempts
from consumer.enrolment.disposition import DeadLetterReason, Disposition, Reason, disposition_of, dominant_reason
from consumer.enum_members import found_quickly

Headers = list[tuple[str, bytes | None]]

WHOLE_RECORD = -1  # in place of an event's index: the record is one event


class Partition(NamedTuple):
    """A topic partition. Equal to, and hashed like, the plain tuple (topic, number)."""

    topic: str
    number: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.number}"


class Record(msgspec.Struct, frozen=True, gc=False):
    """A Kafka message, as consumed and as its dead letter repeats it.

    A msgspec Struct, since it is created in a tenth of a dataclass's time, once per contact.
    """

    partition: Partition
    offset: int
    timestamp_ms: int  # milliseconds since the epoch, as Kafka stored it; -1: none
    key: bytes | None
    value: bytes | None
    headers: Headers
    headers_left_out: bool = False  # it has headers that the binding cannot read

    @property
    def size(self) -> int:
        """Return the bytes of key, value and headers, header names included."""
        size = len(self.key or b"") + len(self.value or b"")
        if self.headers:
            size += sum(len(name) + len(value or b"") for name, value in self.headers)
        return size


_HEADERS = methodcaller("headers")
_UNREADABLE: Headers = [("", None)]  # compared by identity


def headers_of(message: Message) -> Headers | None:
    """Return the headers of a consumed message; None where the binding cannot read them. Never raises.

    confluent-kafka decodes header names as UTF-8, which Kafka does not require. On failure it sets the exception but
    returns, and caches, pairs without the name; reading those crashes. Once the interpreter has specialised the call
    `message.headers()`, the exception surfaces at a later statement. `methodcaller` raises it at once.
    """
    try:
        headers = _HEADERS(message) or []
    except (UnicodeDecodeError, SystemError):
        message.set_headers(_UNREADABLE)  # type: ignore[arg-type]  # ours have no text as values
        return None
    return None if headers is _UNREADABLE else headers


@found_quickly
class Stage(Enum):
    """The stage of a task. Exactly one thread or queue holds it at any time."""

    QUEUED = "queued"  # behind another record of one of its identities
    READY = "ready"  # first in its lanes
    IN_FLIGHT = "in_flight"  # the request is sent
    RETRY_WAIT = "retry_wait"  # the retry is not due yet
    AWAITING_PROBE = "awaiting_probe"
    HELD = "held"  # not an event; the input guard has not decided about its run yet
    DEAD_LETTER_PENDING = "dead_letter_pending"  # the dead letter is not produced yet
    DEAD_LETTER_IN_FLIGHT = "dead_letter_in_flight"  # the broker has not acknowledged the dead letter yet
    DONE = "done"


WAITING = frozenset(
    {Stage.QUEUED, Stage.READY, Stage.RETRY_WAIT, Stage.AWAITING_PROBE, Stage.HELD, Stage.DEAD_LETTER_PENDING}
)


class Trace(Protocol):
    """The trace of a sampled record, kept by its tracer: see `consumer.monitoring.tracing`."""

    @property
    def trace_id(self) -> int:
        """Return the trace's id."""


class Tracker(Protocol):
    """The part of a partition's offset tracker that a task needs."""

    live: bool
    leaving: bool

    def admit(self, task: Task) -> None:
        """Track the task until it is settled."""

    def settle(self, task: Task) -> None:
        """Stop tracking the task."""

    def event_settled(self) -> None:
        """Note that an event of a tracked batch is settled."""


class Task(Struct, eq=False):
    """One unsettled record and its delivery state; or one event of a record with several.

    The record's own task is tracked. It queues behind its events' tasks, which are delivered, and its dead letter is
    written from it.

    batch -- the events of a record with several; its own task and theirs share it
    index -- of the event in such a record, from 0; `WHOLE_RECORD`: the record itself

    Guarded by the scheduler's lock, except `record`, `payload`, `reason` and `detail`: only the holding thread reads
    those.
    """

    record: Record
    tracker: Tracker
    identities: tuple[str, ...] = ()  # none for a record that never becomes a contact
    payload: bytes = b""
    event: str = ""
    reason: DeadLetterReason | None = None
    detail: str = ""
    stage: Stage = Stage.QUEUED
    ahead: int = 0  # lanes in which it is not first; below 0: it has left them
    attempts: Attempts = field(default_factory=Attempts)
    failed_writes: int = 0  # of its dead letter
    batch: BatchProgress | None = None
    index: int = WHOLE_RECORD
    trace: Trace | None = None  # set before the task is admitted, if its record is sampled

    @classmethod
    def undeliverable(cls, record: Record, tracker: Tracker, reason: DeadLetterReason, detail: str = "") -> Task:
        """Return the task of a record that never becomes a contact: its dead letter is due."""
        return cls(record, tracker, reason=reason, detail=detail, stage=Stage.DEAD_LETTER_PENDING)

    @property
    def is_batch_event(self) -> bool:
        """Return whether this is one event of a record with several."""
        return self.index != WHOLE_RECORD

    @property
    def current_stage(self) -> Stage:
        """Return the stage of the record: in a batch, that of its first unsettled event."""
        return next((task.stage for task in self.deliveries if task.stage is not Stage.DONE), self.stage)

    @property
    def deliveries(self) -> Sequence[Task]:
        """Return the tasks that are queued for the record: those of its events, or its own."""
        return self.batch.tasks if self.batch is not None and self.batch.open else (self,)

    @property
    def in_lanes(self) -> Sequence[Task]:
        """Return the tasks that enter lanes for the record, in this order.

        The record's own is the last. So later records of its contacts wait until it is settled: if it is delivered
        again after a kill, it overtakes none of them.
        """
        return (*self.deliveries, self) if self.batch is not None and self.batch.open else self.deliveries

    @property
    def contact(self) -> str:
        """Return the key that identifies the contact within this worker; empty for a record with several events."""
        return self.identities[0] if self.identities and (self.batch is None or self.is_batch_event) else ""


class BatchProgress(Struct, eq=False):
    """The events of one record. Guarded by the scheduler's lock once the record is admitted.

    record  -- the record's own task
    size    -- number of events in the record
    settled -- those that need no dead letter, by reason
    failed  -- those that do, by index
    tasks   -- of the events to deliver; of them, `open` are unsettled
    """

    record: Task
    size: int
    settled: Counter[Reason]
    failed: dict[int, Task]
    tasks: list[Task] = field(default_factory=list)
    open: int = 0

    def add(self, task: Task) -> None:
        """Add an event to deliver."""
        self.tasks.append(task)
        self.open += 1

    def settle(self, task: Task, reason: Reason) -> None:
        """Note the end of an event. Its record's task holds the first failure once all have ended."""
        self.open -= 1
        if isinstance(reason, DeadLetterReason):
            task.reason = reason
            self.failed[task.index] = task
        else:
            self.settled[reason] += 1

    @property
    def reason(self) -> Reason:
        """Return the reason of the record: that of its first failure, or the dominant one."""
        if self.failed:
            return self.failed[min(self.failed)].reason or DeadLetterReason.REJECTED
        return dominant_reason(self.settled)

    @property
    def disposition(self) -> Disposition:
        """Return the worst disposition of the events."""
        return disposition_of(self.reason)

    def note_failures(self) -> None:
        """Describe the failures in the record's task, whose dead letter is due."""
        index = min(self.failed)
        first = self.failed[index]
        record = self.record
        record.reason, record.attempts, record.event = first.reason, first.attempts, first.event
        record.detail = f"{len(self.failed)} of {self.size} events failed; event {index}: {first.detail}".rstrip(": ")

    def summary(self) -> str:
        """Return the numbers of the events by disposition, without zeros."""
        numbers = Counter(disposition_of(reason) for reason in self.settled.elements())
        numbers[Disposition.DEAD_LETTERED] = len(self.failed)
        named = [*((str(each).replace("_", "-"), numbers[each]) for each in Disposition), ("in progress", self.open)]
        return f"{self.size} events: {', '.join(f'{number} {name}' for name, number in named if number)}".rstrip(": ")
