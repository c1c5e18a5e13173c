"""Decide the events of batches in slices, between which the poll loop polls."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Collection

from confluent_kafka import Message
from msgspec import Struct, field

from consumer.dead_letters.format import redriven_events
from consumer.enrolment.decision import Decision, Enrolled, Filtered, Undeliverable
from consumer.enrolment.disposition import FilterReason, dominant_reason
from consumer.formats.documents import EventBatch
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import BatchProgress, Record, Stage, Task, headers_of

BATCH_SECONDS = 0.02  # of deciding events of batches, between two polls
SLOW_SECONDS = 1.0  # of deciding other records that are no plain JSON event
EMPTY = Filtered(FilterReason.NOT_ENROLMENT)  # a batch without events shows nothing about the input
Chosen = Callable[[Message], Collection[int]]


def redriven_choice(message: Message) -> Collection[int]:
    """Return the events that a redrive chose of a record with several; empty: all."""
    return redriven_events(headers_of(message) or [])


class DecidedBatch(Struct):
    """The decisions on the events of one record, by their indexes from 0.

    size -- number of events in the record, including those that a redrive leaves out
    """

    size: int
    enrolled: dict[int, Enrolled] = field(default_factory=dict)
    failed: dict[int, Undeliverable] = field(default_factory=dict)
    filtered: Counter[FilterReason] = field(default_factory=Counter)

    def add(self, index: int, decision: Decision) -> None:
        """Add the decision on an event."""
        if isinstance(decision, Enrolled):
            self.enrolled[index] = decision
        elif isinstance(decision, Undeliverable):
            self.failed[index] = decision
        else:
            self.filtered[decision.reason] += 1

    @property
    def as_one(self) -> Decision:
        """Return one decision for the record: an event's, if there is one, since it shows that the input is right."""
        if self.enrolled:
            return next(iter(self.enrolled.values()))
        if not self.filtered and not self.failed:
            return EMPTY
        if self.filtered:
            return Filtered(FilterReason(dominant_reason(self.filtered)))
        return next((each for each in self.failed.values() if each.is_event), next(iter(self.failed.values())))


class OpenBatch:
    """A record whose events are being decided.

    chosen -- indexes of the events to deliver; empty, or none of this batch: all
    """

    def __init__(self, batch: EventBatch, chosen: Collection[int] = (), offset: int = -1) -> None:
        self.offset = offset
        self._batch = batch
        self._decided = DecidedBatch(len(batch.values))
        size = len(batch.values)
        within = sorted(index for index in chosen if index < size)
        self._left = iter(within or range(size))

    def decide(self, until: float, clock: Callable[[], float]) -> DecidedBatch | None:
        """Decide events until this time (seconds of `clock`), at least one. None: some are left."""
        decided, values, read = self._decided, self._batch.values, self._batch.read
        for index in self._left:
            decided.add(index, read(values[index]).decision)
            if clock() >= until:
                break
        else:
            return decided
        return None

    def decide_all(self) -> DecidedBatch:
        """Decide all events, however long that takes."""
        return self.decide(math.inf, lambda: 0.0) or self._decided


class BatchReader:
    """Decide the batches of one worker, in slices. For the poll thread only.

    clock  -- monotonic seconds
    chosen -- returns the indexes of the events to deliver, of a record with several; empty: all
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, chosen: Chosen = redriven_choice) -> None:
        self._clock = clock
        self._chosen = chosen
        self._began = clock()
        self._open: dict[OffsetTracker, OpenBatch] = {}

    def begin_turn(self) -> None:
        """Note that the poll loop has polled."""
        self._began = self._clock()

    @property
    def turn_is_over(self) -> bool:
        """Return whether the poll loop should poll before it decides another record that is no plain JSON event."""
        return self._clock() - self._began > SLOW_SECONDS

    def resume(self, tracker: OffsetTracker, message: Message) -> OpenBatch | None:
        """Return the message's batch if it was begun before, and forget those of partitions that are gone."""
        if not self._open:
            return None
        for gone in [each for each in self._open if not each.live]:
            del self._open[gone]
        opened = self._open.pop(tracker, None)
        return opened if opened is not None and opened.offset == message.offset() else None

    def begin(self, message: Message, batch: EventBatch) -> OpenBatch:
        """Return the message's batch, of which nothing is decided yet."""
        return OpenBatch(batch, self._chosen(message), message.offset() or 0)

    def decide(self, opened: OpenBatch) -> DecidedBatch | None:
        """Decide events within the time of this turn; None: some are left."""
        until = self._began + BATCH_SECONDS
        return opened.decide(until, self._clock) if self._clock() < until else None

    def keep(self, tracker: OffsetTracker, opened: OpenBatch) -> None:
        """Keep a batch of which events are left."""
        self._open[tracker] = opened


def task_of(record: Record, tracker: OffsetTracker, decided: DecidedBatch) -> Task:
    """Return the task of a record with several events: its dead letter is due if none of them is to be delivered."""
    task = Task(
        record, tracker, tuple(dict.fromkeys(who for each in decided.enrolled.values() for who in each.identities))
    )
    failed = {
        index: Task(record, tracker, reason=fault.reason, detail=fault.detail, stage=Stage.DONE)
        for index, fault in decided.failed.items()
    }
    task.batch = batch = BatchProgress(task, decided.size, Counter(decided.filtered), failed)
    for index, each in decided.enrolled.items():
        batch.add(Task(record, tracker, each.identities, each.payload, each.event, batch=batch, index=index))
    if not batch.open:
        batch.note_failures()
        task.stage = Stage.DEAD_LETTER_PENDING
    return task
