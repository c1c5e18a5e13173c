"""Commits committable offsets: asynchronously, one request at a time, never backwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from consumer.log import cause_of
from consumer.scheduling.counts import CommitResult
from consumer.scheduling.offset_map import EPOCH_UNKNOWN, LIMIT
from consumer.scheduling.offset_tracker import OFFSET_UNKNOWN, OffsetTracker
from consumer.scheduling.scheduler import Scheduler
from consumer.scheduling.task import Partition

INTERVAL = 0.25  # seconds between two commits
CONFIRM_SECONDS = 5.0  # after its assignment every partition is committed once more

# Errors after which the same commit can succeed at the next tick: the group or its coordinator is on the move.
PASSING = frozenset(
    {
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.STALE_MEMBER_EPOCH,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.NOT_COORDINATOR,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError._WAIT_COORD,
        KafkaError._TIMED_OUT,
        KafkaError._TRANSPORT,
        KafkaError._NO_OFFSET,
    }
)

log = structlog.get_logger()


class Committer:
    """Used by the poll thread only; its callback runs there too, inside `poll`.

    One request is outstanding at most: librdkafka retries a failed one after a later one that succeeded, which would
    take the group back.

    The last commit of a partition's former owner may arrive after the first of the new one and take the group back,
    too: the broker checks no ownership. A partition with traffic is soon committed again; a quiet one is committed once
    more some seconds after its assignment, though nothing has changed.
    """

    def __init__(self, scheduler: Scheduler, on_result: Callable[[CommitResult], None]) -> None:
        self._scheduler = scheduler
        self._on_result = on_result
        self._ticked_at = 0.0
        self._sent: dict[
            Partition, OffsetTracker
        ] = {}  # whose commit is outstanding: no later offset tracker may believe its answer
        self._room = LIMIT  # characters of metadata that the broker is thought to take
        self._refused_as_too_long = False  # the last commit was: the next one goes without metadata
        self._confirming: set[OffsetTracker] = set()  # those whose outstanding commit is the one some seconds later
        self.outstanding = False

    def tick(self, consumer: Consumer, now: float) -> None:
        """Commit what has changed, if it is time and the last answer is there. `now`: monotonic seconds."""
        if now - self._ticked_at < INTERVAL or self.outstanding:
            return
        self._ticked_at = now
        for tracker in self._scheduler.trackers.values():
            if tracker.assigned_at is None:
                tracker.assigned_at = now
        self.commit(consumer)

    def commit(self, consumer: Consumer) -> None:
        """Commit what has changed. Not while a request is outstanding, and not inside a callback."""
        offsets = self._changed(
            self._scheduler.trackers.values(), lambda tracker: _position(consumer, tracker.partition)
        )
        if not offsets:
            return
        self._sent = dict(self._scheduler.trackers)
        try:
            consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as failure:
            self._failed(failure)
            return
        self.outstanding = True

    def commit_now(self, consumer: Consumer, partitions: Iterable[Partition]) -> None:
        """Commit these partitions and wait for the answer. Only where a coordinator is known to answer.

        Made for rebalance callbacks, which librdkafka may call while it is filling a batch: the consumer's position
        then counts records that are in no offset tracker yet, so it is left out of the committable offset.
        """
        trackers = [self._scheduler.trackers[partition] for partition in partitions]
        offsets = self._changed(trackers, lambda _tracker: None)
        if not offsets:
            return
        try:
            answer = consumer.commit(offsets=offsets, asynchronous=False) or []
            self._acknowledged(answer, {tracker.partition: tracker for tracker in trackers})
        except KafkaException as failure:
            self._failed(failure)
            if self._refused_as_too_long:
                self.commit_now(consumer, partitions)

    def answered(self, error: KafkaError | None, offsets: list[TopicPartition]) -> None:
        """librdkafka's `on_commit`."""
        self.outstanding = False
        if error is not None:
            self._failed(KafkaException(error))
        else:
            self._acknowledged(offsets, self._sent)

    def _changed(
        self, trackers: Iterable[OffsetTracker], position: Callable[[OffsetTracker], TopicPartition | None]
    ) -> list[TopicPartition]:
        offsets = []
        positions: dict[OffsetTracker, TopicPartition | None] = {}
        self._confirming.clear()
        room = 0 if self._refused_as_too_long else self._room
        self._refused_as_too_long = False

        def position_of(tracker: OffsetTracker) -> int:
            at = positions[tracker] = position(tracker)
            return OFFSET_UNKNOWN if at is None else at.offset

        for tracker, offset, metadata in self._scheduler.commit_candidates(trackers, position_of, room):
            is_new = (tracker.committed, tracker.committed_map) != (offset, metadata)
            if offset >= tracker.committed and (is_new or self._is_to_confirm(tracker)):
                epoch = _epoch_before(offset, tracker, positions.get(tracker))
                offsets.append(TopicPartition(*tracker.partition, offset, metadata, epoch))
        return offsets

    def _is_to_confirm(self, tracker: OffsetTracker) -> bool:
        if tracker.confirmed or tracker.assigned_at is None or self._ticked_at - tracker.assigned_at < CONFIRM_SECONDS:
            return False
        self._confirming.add(tracker)
        return True

    def _acknowledged(self, offsets: list[TopicPartition], sent: Mapping[Partition, OffsetTracker]) -> None:
        for offset in offsets:
            if offset.error is not None:
                self._failed(KafkaException(offset.error))
                continue
            tracker = sent.get(Partition(offset.topic, offset.partition))
            if tracker is not None and offset.offset >= tracker.committed:
                tracker.committed = offset.offset
                tracker.committed_map = offset.metadata or ""
                tracker.confirmed = tracker.confirmed or tracker in self._confirming
        self._on_result(CommitResult.OK)

    def _failed(self, failure: KafkaException) -> None:
        """A commit was refused. Of one whose metadata is too long for a partition, the broker stores the others', but
        librdkafka's answer blames all of them: all are committed again without, and later maps are made shorter.
        """
        error = failure.args[0]
        if error.code() == KafkaError.OFFSET_METADATA_TOO_LARGE:
            self._refused_as_too_long = True
            self._room //= 2
            self._on_result(CommitResult.METADATA_TOO_LONG)
            log.warning(
                "commit metadata too long, using less",
                characters=self._room,
                **cause_of(failure),
            )
            return
        passing = error.code() in PASSING
        self._on_result(CommitResult.RETRIED if passing else CommitResult.FAILED)
        if not passing:
            log.warning("commit refused, will retry", error=error.name(), **cause_of(failure))


def _position(consumer: Consumer, partition: Partition) -> TopicPartition:
    """The consumer's position in the partition; its offset is below 0 as long as nothing was consumed."""
    return consumer.position([TopicPartition(*partition)])[0]


def _epoch_before(committable_offset: int, tracker: OffsetTracker, position: TopicPartition | None) -> int:
    """The leader epoch of what lies before the committable offset: a transaction's marker there is in no offset
    tracker."""
    beyond_records = position is not None and committable_offset > tracker.highest_seen + 1
    epoch: int | None = (
        position.leader_epoch if position and beyond_records else tracker.epoch_before(committable_offset)
    )
    return EPOCH_UNKNOWN if epoch is None else epoch
