"""Commit committable offsets: asynchronously, one request at a time, never backwards."""

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

# Errors after which the same commit can succeed at the next tick: the group or its coordinator is moving.
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

    At most one request is outstanding: librdkafka may retry a failed one after a later success and so commit an older
    offset.

    The former owner's last commit may also arrive after the new owner's first, as the broker does not check ownership.
    Traffic soon commits a partition again. So each partition is committed once more some seconds after its assignment,
    even unchanged.

    on_refusal -- called with an error that the next commit will probably meet again
    """

    def __init__(
        self,
        scheduler: Scheduler,
        on_result: Callable[[CommitResult], None],
        on_refusal: Callable[[KafkaException], None],
    ) -> None:
        self._scheduler = scheduler
        self._on_result = on_result
        self._on_refusal = on_refusal
        self._ticked_at = 0.0
        # With an outstanding commit: its response must not update a later tracker of the same partition.
        self._sent: dict[Partition, OffsetTracker] = {}
        self._limit = LIMIT  # characters of metadata that the broker is assumed to accept
        self._refused_as_too_long = False  # the last commit was: the next one has no metadata
        self._confirming: set[OffsetTracker] = set()  # whose outstanding commit is the repeated one
        self.outstanding = False

    def tick(self, consumer: Consumer, now: float) -> None:
        """Commit changed offsets if a commit is due and none is outstanding. `now`: monotonic seconds."""
        if now - self._ticked_at < INTERVAL or self.outstanding:
            return
        self._ticked_at = now
        for tracker in self._scheduler.trackers.values():
            if tracker.assigned_at is None:
                tracker.assigned_at = now
        self.commit(consumer)

    def commit(self, consumer: Consumer) -> None:
        """Commit changed offsets. Do not call while a request is outstanding or inside a callback."""
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
        """Commit these partitions and wait for the response. Call only while the coordinator answers.

        For rebalance callbacks: librdkafka may call those while it fills a batch. The consumer's position then includes
        records that are not tracked yet, so the committable offset ignores it.
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
        """Handle librdkafka's `on_commit`."""
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
        limit = 0 if self._refused_as_too_long else self._limit
        self._refused_as_too_long = False

        def position_of(tracker: OffsetTracker) -> int:
            at = positions[tracker] = position(tracker)
            return OFFSET_UNKNOWN if at is None else at.offset

        for tracker, offset, metadata in self._scheduler.commit_candidates(trackers, position_of, limit):
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
        """Report a failed commit, and commit shorter metadata after one that was too long.

        The broker refuses only the partition with too much metadata, but librdkafka reports an error for all. So all
        are committed again without metadata.
        """
        error = failure.args[0]
        if error.code() == KafkaError.OFFSET_METADATA_TOO_LARGE:
            self._refused_as_too_long = True
            self._limit //= 2
            self._on_result(CommitResult.METADATA_TOO_LONG)
            log.warning(
                "commit metadata too long, using less",
                characters=self._limit,
                **cause_of(failure),
            )
            return
        passing = error.code() in PASSING
        self._on_result(CommitResult.RETRIED if passing else CommitResult.FAILED)
        if not passing:
            self._on_refusal(failure)


def _position(consumer: Consumer, partition: Partition) -> TopicPartition:
    """Return the consumer's position in the partition; its offset is below 0 before the first record."""
    return consumer.position([TopicPartition(*partition)])[0]


def _epoch_before(committable_offset: int, tracker: OffsetTracker, position: TopicPartition | None) -> int:
    """Return the leader epoch before the committable offset. No tracker has that of a transaction marker."""
    beyond_records = position is not None and committable_offset > tracker.highest_seen + 1
    epoch: int | None = (
        position.leader_epoch if position and beyond_records else tracker.epoch_before(committable_offset)
    )
    return EPOCH_UNKNOWN if epoch is None else epoch
