"""The rebalance callbacks. All of them run on the poll thread, inside `poll`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import structlog
from confluent_kafka import OFFSET_INVALID, Consumer, KafkaException, TopicPartition

from consumer.kafka.broker_status import BrokerStatus
from consumer.kafka.start_position import StartOffset, StartPosition
from consumer.kafka.timeouts import ANSWER_SECONDS, BRIEF_SECONDS
from consumer.kafka.topic_ids import TopicIds, is_former
from consumer.log import cause_of
from consumer.monitoring.reporter import RebalanceEvent, Reporter
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.offset_map import EPOCH_UNKNOWN, UNKNOWN_TOPIC_ID, OffsetMap, decode
from consumer.scheduling.offset_tracker import OFFSET_UNKNOWN, OffsetTracker
from consumer.scheduling.scheduler import Scheduler
from consumer.scheduling.task import Partition
from consumer.settings import Settings
from consumer.worker.committer import Committer
from consumer.worker.position_check import check_positions

log = structlog.get_logger()


def revoke_budget(settings: Settings) -> float:
    """Return for how long a revoke may wait, in seconds: well below the poll interval that the broker enforces."""
    return min(settings.clicksend.total_timeout + 1.0, settings.kafka.max_poll_interval_ms / 1000 / 3)


class Assignment:
    """Open an offset tracker for each assigned partition; close it when the partition is revoked or lost.

    budget -- seconds for which a revoke may wait
    """

    def __init__(
        self,
        budget: float,
        scheduler: Scheduler,
        committer: Committer,
        connection: BrokerStatus,
        reporter: Reporter,
        topic_ids: TopicIds,
        start_position: StartPosition,
        clock: Callable[[], float],
    ) -> None:
        self._revoke_budget = budget
        self._topic_ids = topic_ids
        self._start_position = start_position
        self._scheduler = scheduler
        self._committer = committer
        self._connection = connection
        self._health = connection.health
        self._reporter = reporter
        self._clock = clock
        self._leaving_for = ReleaseReason.REVOKED
        self._last_ids: dict[str, bytes] = {}  # by topic that was assigned to this worker
        self._finish_by = math.inf

    def end(self, finish_by: float) -> None:
        """Note the shutdown. After `finish_by` (monotonic seconds) no revoke waits for requests in flight."""
        self._leaving_for = ReleaseReason.SHUTDOWN
        self._finish_by = finish_by

    def assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Handle librdkafka's `on_assign`. The list is empty if a rebalance assigned nothing new to this member.

        Partitions assigned during a shutdown get no offset tracker, so none of their records is admitted or committed.
        """
        if self._leaving_for is ReleaseReason.SHUTDOWN:
            return
        if partitions:
            ids = self._topic_ids.of(partition.topic for partition in partitions)
            committed = self._committed(consumer, partitions)
            starts = self._start_position.resolve(consumer, self._without_commit(committed, ids), ids)
            positions = [self._open(each, ids[each.topic], starts) for each in committed]
            positions += [self._open_unread(each, ids[each.topic]) for each in partitions if not committed]
            self._last_ids |= {topic: each for topic, each in ids.items() if each != UNKNOWN_TOPIC_ID}
            consumer.incremental_assign(positions)
            consumer.resume(positions)  # a partition may still be paused from an earlier assignment
            check_positions(consumer, self._scheduler.trackers, positions)
            if committed and all(each.error is None for each in committed):
                self._connection.admitted()
            self._health.coordinator = True  # else a revoke before the first statistics would not commit
        self._health.lost = False
        self._connection.joined()
        self._changed(RebalanceEvent.ASSIGNED, partitions)

    def revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Handle librdkafka's `on_revoke`: await requests in flight, commit, detach. Bounded by the revoke budget."""
        owned = [Partition(partition.topic, partition.partition) for partition in partitions]
        owned = [partition for partition in owned if partition in self._scheduler.trackers]
        self._scheduler.begin_revoke(owned)
        asked = self._topic_ids.ask(partition.topic for partition in owned)  # answered while requests end
        self._await_in_flight(owned, self._revoke_budget)
        if self._health.coordinator:  # without one a synchronous commit blocks for the whole session timeout
            self._committer.commit_now(consumer, self._still_themselves(owned, self._topic_ids.answers(asked)))
        self._detach(owned, self._leaving_for)
        self._changed(RebalanceEvent.REVOKED, partitions)

    def lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Handle librdkafka's `on_lost`: other members own the partitions already, so nothing is committed."""
        owned = [Partition(partition.topic, partition.partition) for partition in partitions]
        self._detach(owned, ReleaseReason.LOST)
        self._health.lost = True
        self._health.joined_at = None
        self._health.was_assigned = False
        self._changed(RebalanceEvent.LOST, partitions)

    def read_again(self, consumer: Consumer) -> None:
        """Retry to read the committed offsets that could not be read. Call at each turn.

        Their partitions are paused: librdkafka finds the offset by itself, but does not compare it with the log.
        """
        for tracker in self._scheduler.trackers.values():
            unread = tracker.unchecked is not None and tracker.unchecked.offset == OFFSET_INVALID
            if unread and not self._read_again(consumer, tracker):
                return

    def _read_again(self, consumer: Consumer, tracker: OffsetTracker) -> bool:
        """Return whether Kafka answered."""
        try:
            (committed,) = consumer.committed([TopicPartition(*tracker.partition)], timeout=BRIEF_SECONDS)
        except KafkaException:
            return False
        except (UnicodeDecodeError, SystemError):  # as long as nobody commits another metadata
            tracker.unchecked = None
            return True
        if committed.error is not None:
            return False
        if committed.offset < 0:  # librdkafka reports that there is none
            tracker.unchecked = None
            return True
        tracker.highest_seen, tracker.committed = committed.offset - 1, committed.offset
        claim, ids = decode(committed.metadata or ""), self._topic_ids.of((committed.topic,))
        if claim is not None and tracker.topic_id == UNKNOWN_TOPIC_ID:
            tracker.topic_id = self._expected(committed.topic, ids[committed.topic], claim.topic_id)
        if claim is not None and is_former(claim.topic_id, tracker.topic_id):
            tracker.topic_id = claim.topic_id  # the topic watch detects that the topic was recreated
        _load(tracker, committed, claim, ids[committed.topic])
        check_positions(consumer, self._scheduler.trackers, [committed])
        return True

    def _detach(self, partitions: list[Partition], reason: ReleaseReason) -> None:
        self._scheduler.detach(partitions, reason)
        self._reporter.released(partitions, reason)

    def _still_themselves(self, partitions: list[Partition], ids: Mapping[str, bytes]) -> list[Partition]:
        """Return the partitions whose topic was not recreated: the broker would accept an old offset for the new topic.

        With KIP-848 a recreated topic is revoked and assigned at once.
        """
        trackers = self._scheduler.trackers
        return [each for each in partitions if not is_former(trackers[each].topic_id, ids[each.topic])]

    def _await_in_flight(self, partitions: list[Partition], budget: float) -> None:
        """Wait at most `budget` seconds for the requests in flight."""
        deadline = min(self._clock() + budget, self._finish_by)
        while self._scheduler.in_flight(partitions) and (left := deadline - self._clock()) > 0:
            self._scheduler.wait_in_flight(partitions, left)

    def _changed(self, event: RebalanceEvent, partitions: list[TopicPartition]) -> None:
        self._scheduler.rebalanced()
        self._health.assigned = len(self._scheduler.trackers)
        self._health.was_assigned = self._health.was_assigned or bool(self._health.assigned)
        if partitions:
            self._reporter.rebalanced(event, [f"{each.topic}-{each.partition}" for each in partitions])

    def _committed(self, consumer: Consumer, partitions: list[TopicPartition]) -> list[TopicPartition]:
        """Return the group's committed offset of each partition; empty if the request failed.

        The binding also fails at commit metadata that is not UTF-8.
        """
        try:
            return consumer.committed(partitions, timeout=ANSWER_SECONDS)
        except KafkaException as failure:
            error, cause = failure.args[0].name(), cause_of(failure)
        except (UnicodeDecodeError, SystemError) as failure:
            error, cause = "metadata that is not UTF-8", cause_of(failure)
        log.warning("committed offsets not read, will retry", error=error, **cause)
        return []

    def _without_commit(self, committed: list[TopicPartition], ids: Mapping[str, bytes]) -> list[Partition]:
        new = [each for each in committed if each.error is None and each.offset < 0]
        return [Partition(each.topic, each.partition) for each in new if not self._is_recreated(each.topic, ids)]

    def _is_recreated(self, topic: str, ids: Mapping[str, bytes]) -> bool:
        """Return whether the topic was recreated since it was assigned to this worker."""
        return is_former(self._last_ids.get(topic, UNKNOWN_TOPIC_ID), ids[topic])

    def _open_unread(self, unread: TopicPartition, topic_id: bytes) -> TopicPartition:
        """Open the tracker of a partition whose committed offset was not read: librdkafka will retry.

        It must not count as a partition without a committed offset, which would reset it. If there is none, librdkafka
        reports that and `Rewind` starts the partition.
        """
        partition = Partition(unread.topic, unread.partition)
        if self._is_recreated(partition.topic, {partition.topic: topic_id}):
            return self._open_recreated(partition, topic_id)
        self._scheduler.assign(partition, OFFSET_UNKNOWN, OFFSET_UNKNOWN, self._expected(partition.topic, topic_id))
        return TopicPartition(*partition)

    def _open(
        self, committed: TopicPartition, topic_id: bytes, starts: Mapping[Partition, StartOffset]
    ) -> TopicPartition:
        """Open the tracker of one partition and return where to consume it from."""
        partition = Partition(committed.topic, committed.partition)
        start = starts.get(partition)
        if committed.error is not None:
            self._connection.error(committed.error, committed.topic)
            return self._open_unread(committed, topic_id)
        if start is not None and start.committed is None:
            tracker = self._scheduler.assign(partition, start.offset, OFFSET_UNKNOWN, topic_id)
            tracker.partition_count = start.partition_count  # the start itself is committed
            return TopicPartition(*partition, start.offset)
        if start is not None and start.committed is not None:
            committed = start.committed
        return (
            self._open_committed(partition, committed, topic_id)
            if committed.offset >= 0
            else self._open_unread(committed, topic_id)
        )

    def _open_committed(self, partition: Partition, committed: TopicPartition, topic_id: bytes) -> TopicPartition:
        claim = decode(committed.metadata or "")
        # The broker forgets a deleted topic's offsets a moment later, and takes late commits for the new one.
        if claim is not None and is_former(claim.topic_id, topic_id):
            return self._open_recreated(partition, topic_id)
        claimed = UNKNOWN_TOPIC_ID if claim is None else claim.topic_id
        expected = self._expected(partition.topic, topic_id, claimed)
        tracker = self._scheduler.assign(partition, committed.offset, committed.offset, expected)
        _load(tracker, committed, claim, topic_id)
        epoch = committed.leader_epoch
        return TopicPartition(*partition, committed.offset, leader_epoch=EPOCH_UNKNOWN if epoch is None else epoch)

    def _open_recreated(self, partition: Partition, topic_id: bytes) -> TopicPartition:
        self._scheduler.assign(partition, 0, OFFSET_UNKNOWN, topic_id)
        return self._start_position.of_recreated(partition)

    def _expected(self, topic: str, topic_id: bytes, claimed: bytes = UNKNOWN_TOPIC_ID) -> bytes:
        """Return the topic's id, else its last known id: the topic watch compares it later."""
        known = (topic_id, claimed, self._last_ids.get(topic, UNKNOWN_TOPIC_ID))
        return next((each for each in known if each != UNKNOWN_TOPIC_ID), UNKNOWN_TOPIC_ID)


def _load(tracker: OffsetTracker, committed: TopicPartition, claim: OffsetMap | None, topic_id: bytes) -> None:
    """Load leader epoch and offset map of the committed offset."""
    tracker.epoch_is(committed.leader_epoch, committed.offset - 1)
    if committed.metadata:
        _load_map(tracker, claim, committed.metadata, topic_id)


def _load_map(tracker: OffsetTracker, claim: OffsetMap | None, metadata: str, topic_id: bytes) -> None:
    """Load the offset map of an earlier owner, if it is valid for this topic and offset."""
    if claim is not None and claim.topic_id == tracker.topic_id:
        tracker.partition_count = claim.partition_count
        if claim.committed == tracker.committed:
            tracker.committed_map = metadata
            if claim.topic_id == topic_id:
                tracker.previously_settled = claim
            else:  # the topic's id is unknown yet
                tracker.unverified = claim
            return
    log.warning("commit metadata unreadable, ignored", partition=str(tracker.partition))
