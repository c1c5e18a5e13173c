"""Turn polled messages into tasks for the scheduler: decode, filter and map, on the poll thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Protocol

from confluent_kafka import Message

from consumer.dead_letters.format import redrives
from consumer.enrolment.disposition import FilterReason
from consumer.enrolment.enroller import Decision, Enrolled, Filtered, Undeliverable
from consumer.formats.decider import Decider
from consumer.formats.documents import EventBatch
from consumer.formats.framing import SchemaPending
from consumer.monitoring.observer import RecordObserver
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Headers, Partition, Record, Task, headers_of
from consumer.scheduling.work import PolledRecords
from consumer.worker.batches import EMPTY, BatchReader, DecidedBatch, OpenBatch, task_of
from consumer.worker.deferred import Deferred, Missing

Rewind = Callable[[OffsetTracker, int, int], OffsetTracker | None]


class FilteredMessages(dict[FilterReason, deque[tuple[Message, Partition]]]):
    """The last filtered records of each reason, at most so many, in the order in which the reasons came."""

    def __init__(self, most: Mapping[FilterReason, int | None]) -> None:
        super().__init__()
        self._most = most

    def __missing__(self, reason: FilterReason) -> deque[tuple[Message, Partition]]:
        """Begin to keep records of this reason."""
        kept = self[reason] = deque(maxlen=self._most[reason])
        return kept


class Guard(Protocol):
    """Detects records that are not events: see `consumer.worker.input_guard`."""

    @property
    def runs(self) -> Mapping[OffsetTracker, object]:
        """Return the open runs by offset tracker: always the same mapping, changed by the methods."""

    def add(self, task: Task, tracker: OffsetTracker, decision: Decision) -> None:
        """Hold the task of a record that is not an event."""

    def followed(self, tracker: OffsetTracker, decision: Decision, headers: Callable[[], Headers | None]) -> None:
        """Note a record that follows a run."""


class Intake:
    """Read polled messages. The hottest path of the worker: most records are filtered here.

    rewind     -- called with a tracker, an offset below its highest seen, and the lowest offset of this poll that it
                  does not have yet; returns the tracker to continue with, or None: the messages are fetched again
    max_age_ms -- records older than so many milliseconds are filtered; 0: none
    deferred   -- takes the records that can't be read in this turn, and those that follow them in their partition
    batches    -- decides the events of batches
    """

    def __init__(
        self,
        decider: Decider,
        trackers: Mapping[Partition, OffsetTracker],
        rewind: Rewind,
        max_age_ms: int,
        observer: RecordObserver | None,
        guard: Guard | None = None,
        deferred: Deferred | None = None,
        batches: BatchReader | None = None,
    ) -> None:
        self._decider = decider
        self._deferred = deferred or Deferred()
        self._batches = batches or BatchReader()
        self._trackers = trackers
        self._rewind = rewind
        self._max_age_ms = max_age_ms
        self._observer = observer
        self._guard = guard

    def read(self, messages: Sequence[Message], now_ms: int) -> tuple[PolledRecords, list[Message]]:
        """Sort messages into records and the errors that came among them. `now_ms`: milliseconds since the epoch."""
        polled = PolledRecords()
        self._batches.begin_turn()
        errors: list[Message] = []
        moved_back: set[Partition] = set()  # their remaining messages will be fetched again
        oldest_ms = now_ms - self._max_age_ms if self._max_age_ms else None
        trackers, glance, filtered, observer = self._trackers, self._decider.glance, polled.filtered, self._observer
        deferred: Mapping[OffsetTracker, object] = self._deferred.waiting
        most = _most(observer)
        kept = FilteredMessages(most)
        runs: Mapping[OffsetTracker, object] = self._guard.runs if self._guard is not None else {}
        for message in messages:
            if message.error() is not None:
                errors.append(message)
                continue
            tracker = trackers.get((message.topic(), message.partition()))  # type: ignore[call-overload]  # a Partition equals its plain tuple, which is cheaper
            if tracker is None:
                continue  # just revoked: the new owner fetches it
            offset: int = message.offset()  # type: ignore[assignment]  # None only for an error
            if offset <= tracker.highest_seen or moved_back or deferred:
                tracker = self._in_order(tracker, message, polled.tasks, moved_back)
                if tracker is None:
                    continue
            tracker.highest_seen = offset
            tracker.last_message = message
            earlier = tracker.previously_settled
            if earlier is not None and earlier.says_settled(offset, message.leader_epoch()):
                polled.skipped += 1
                continue
            if oldest_ms is not None and _is_too_old(message, oldest_ms):
                reason = FilterReason.TOO_OLD
            else:
                decision = glance(message.value()) or self._decide(message, tracker)
                if decision is None:
                    continue
                if runs and decision is not EMPTY:
                    self._look_at_run(message, tracker, decision)
                if not isinstance(decision, Filtered):
                    polled.consumed += 1
                    polled.tasks.append(self._task(message, tracker, decision))
                    continue
                reason = decision.reason
            polled.consumed += 1
            filtered[reason] = filtered.get(reason, 0) + 1
            if reason in most:
                kept[reason].append((message, tracker.partition))
        _note_epochs(trackers, messages)
        _report_filtered(observer, kept)
        return polled, errors

    def _decide(self, message: Message, tracker: OffsetTracker) -> Decision | DecidedBatch | None:
        """Decide what is no plain JSON event; None: the record waits."""
        opened = self._batches.resume(tracker, message)
        if opened is None:
            if self._batches.turn_is_over:
                self._deferred.defer(tracker, message, Missing.TURN)
                return None
            decision = self._decider.decide(message.value(), partial(headers_of, message))
            if isinstance(decision, SchemaPending):
                self._deferred.defer(tracker, message, Missing.SCHEMA)
                return None
            if not isinstance(decision, EventBatch):
                return decision
            opened = self._batches.begin(message, decision)
        return self._decide_batch(message, tracker, opened)

    def _decide_batch(
        self, message: Message, tracker: OffsetTracker, opened: OpenBatch
    ) -> Decision | DecidedBatch | None:
        decided = self._batches.decide(opened) if not self._deferred.is_full(tracker) else None
        if decided is None:
            self._batches.keep(tracker, opened)
            self._deferred.defer(tracker, message, Missing.TURN)
            return None
        return decided if decided.enrolled or decided.failed else decided.as_one

    def _task(
        self, message: Message, tracker: OffsetTracker, decision: Enrolled | Undeliverable | DecidedBatch
    ) -> Task:
        if isinstance(decision, DecidedBatch):
            return self._task_of_batch(message, tracker, decision)
        task = _task(message, tracker, decision)
        if self._guard is not None and isinstance(decision, Undeliverable):
            self._guard.add(task, tracker, decision)
        if self._observer is not None:
            self._observer.mapped(task, decision)
        return task

    def _task_of_batch(self, message: Message, tracker: OffsetTracker, decided: DecidedBatch) -> Task:
        task = task_of(record_of(message, tracker.partition), tracker, decided)
        if self._guard is not None and not decided.enrolled:
            self._guard.add(task, tracker, decided.as_one)
        if self._observer is not None:
            self._observer.batch_mapped(task)
            for event in task.batch.tasks if task.batch is not None else ():
                self._observer.mapped(event, decided.enrolled[event.index])
        return task

    def _look_at_run(self, message: Message, tracker: OffsetTracker, decision: Decision | DecidedBatch) -> None:
        if self._guard is not None and tracker in self._guard.runs:
            one = decision.as_one if isinstance(decision, DecidedBatch) else decision
            self._guard.followed(tracker, one, partial(headers_of, message))

    def _in_order(
        self, tracker: OffsetTracker, message: Message, tasks: Iterable[Task], moved_back: set[Partition]
    ) -> OffsetTracker | None:
        """Return the offset tracker of a record that may be a repeat; None: it is held, or will be fetched again."""
        if tracker.partition in moved_back:
            return None
        waiting = self._deferred.waiting.get(tracker)
        if waiting is not None:
            if waiting.missing is Missing.SCHEMA:
                self._decider.decide(message.value(), partial(headers_of, message))  # asks for its schema ahead
            self._deferred.defer(tracker, message, waiting.missing)
            return None
        offset = message.offset() or 0
        if offset > tracker.highest_seen:
            return tracker
        read = (task.record.offset for task in tasks if task.tracker is tracker)
        fresh = self._rewind(tracker, offset, min(read, default=offset))
        if fresh is None:
            moved_back.add(tracker.partition)
        return fresh


def _is_too_old(message: Message, oldest_ms: int) -> bool:
    """Return whether the record is older than the limit. Redriven records never are."""
    return 0 <= message.timestamp()[1] < oldest_ms and not redrives(headers_of(message) or [])


def record_of(message: Message, partition: Partition) -> Record:
    """Return the message as a record."""
    headers = headers_of(message)
    return Record(
        partition=partition,
        offset=message.offset(),  # type: ignore[arg-type]  # None only for an error
        timestamp_ms=message.timestamp()[1],
        key=message.key(),
        value=message.value(),
        headers=headers or [],
        headers_left_out=headers is None,
    )


def _note_epochs(trackers: Mapping[Partition, OffsetTracker], messages: Sequence[Message]) -> None:
    """Note where a new leader epoch begins, if a partition's last record has one: epochs never decrease.

    Only of records that were read: those that are held may still be in the offset map of an earlier epoch. Reading the
    epoch of each record would add four per cent to the cost of a browsing event.
    """
    for partition, tracker in trackers.items():
        last, tracker.last_message = tracker.last_message, None
        if last is None or last.leader_epoch() == tracker.leader_epoch:
            continue
        for message in messages:
            offset = message.offset() or 0
            ours = message.error() is None and (message.topic(), message.partition()) == partition
            if ours and offset <= tracker.highest_seen:
                tracker.epoch_is(message.leader_epoch(), offset)


def _most(observer: RecordObserver | None) -> Mapping[FilterReason, int | None]:
    """Return how many filtered records to report of each reason; None: all."""
    if observer is None:
        return {}
    wanted = observer.filtered_wanted()
    return {**(dict.fromkeys(FilterReason, wanted) if wanted else {}), **dict.fromkeys(observer.filtered_in_full())}


def _report_filtered(observer: RecordObserver | None, kept: FilteredMessages) -> None:
    """Report filtered records. Convert only these: most of a topic is filtered, and few are shown."""
    if observer is None:
        return
    for reason, messages in kept.items():
        for message, partition in messages:
            observer.filtered(record_of(message, partition), reason)


def _task(message: Message, tracker: OffsetTracker, decision: Enrolled | Undeliverable) -> Task:
    record = record_of(message, tracker.partition)
    if isinstance(decision, Undeliverable):
        return Task.undeliverable(record, tracker, decision.reason, decision.detail)
    return Task(record, tracker, decision.identities, decision.payload, decision.event)
