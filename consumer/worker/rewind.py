"""Restart a partition within one assignment: its topic was recreated, or its log was truncated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition
from msgspec.structs import replace

from consumer.kafka.start_position import StartOffset, StartPosition
from consumer.kafka.timeouts import BRIEF_SECONDS
from consumer.kafka.topic_ids import TopicIds, is_former
from consumer.monitoring.reporter import Reporter
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.offset_map import EPOCH_UNKNOWN, decode
from consumer.scheduling.offset_tracker import OFFSET_UNKNOWN, OffsetTracker
from consumer.scheduling.scheduler import Scheduler
from consumer.worker.position_check import check_again, check_positions, seek

# librdkafka detects a truncated log by leader epochs (KIP-320). The offset at which the logs diverge, and the epoch
# before it, are only in the text of its error.
_PARTED = re.compile(r"broker end offset is (-?\d+) \(offset leader epoch (-?\d+)\)")

log = structlog.get_logger()


class Rewind:
    """Replace an offset tracker whose offsets are no longer valid. For the poll thread, outside rebalance callbacks.

    The new tracker's start counts as uncommitted, so that it is committed at once: the broker may have accepted a late
    commit of the old tracker for the new topic.
    """

    def __init__(
        self,
        consumer: Consumer,
        scheduler: Scheduler,
        topic_ids: TopicIds,
        start_position: StartPosition,
        reporter: Reporter,
    ) -> None:
        self._consumer = consumer
        self._scheduler = scheduler
        self._topic_ids = topic_ids
        self._start_position = start_position
        self._reporter = reporter
        self._stopped: dict[OffsetTracker, str] = {}  # partitions that librdkafka stopped, and why

    def jumped(self, tracker: OffsetTracker, offset: int, lowest_unsettled: int) -> OffsetTracker | None:
        """Return the tracker to continue with after an offset below the highest seen; None: consumption was moved back.

        After None, the partition's messages that are fetched already are fetched again.

        lowest_unsettled -- of this poll's offsets that the tracker does not have yet

        Raises ConfigurationError where the topic was recreated and KAFKA_AUTO_OFFSET_RESET is error.
        """
        topic_id = self._topic_ids.id(tracker.partition.topic)
        if is_former(tracker.topic_id, topic_id) and self.recreated(tracker, topic_id):
            return None
        log.warning("offsets moved backwards, starting over", partition=str(tracker.partition), offset=offset)
        committable_offset = min(tracker.committable_offset(OFFSET_UNKNOWN), lowest_unsettled)
        position = TopicPartition(*tracker.partition, committable_offset)
        moved_back = committable_offset < offset and seek(self._consumer, position)
        begins = min(committable_offset, offset)
        start = StartOffset(begins, tracker.partition_count, leader_epoch=_epoch_before(tracker, begins))
        fresh = self._replaced(tracker, start, tracker.topic_id)  # the topic watch detects an old id later
        return None if moved_back else fresh

    def topic_seen(self, tracker: OffsetTracker, topic_id: bytes) -> None:
        """Compare the tracker with the topic's present id. Raises as `jumped`."""
        if is_former(tracker.topic_id, topic_id):
            self.recreated(tracker, topic_id)
        elif tracker.topic_id != topic_id or tracker.unverified is not None:
            tracker.verify(topic_id)

    def recreated(self, tracker: OffsetTracker, topic_id: bytes) -> bool:
        """Seek to the beginning of a recreated topic. Return False if that is not possible yet. Raises as `jumped`."""
        if not seek(self._consumer, self._start_position.of_recreated(tracker.partition)):
            return False  # retried at the topic watch's next result
        self._replaced(tracker, StartOffset(0, tracker.partition_count), topic_id)
        return True

    def lost_offset(self, tracker: OffsetTracker, why: str) -> None:
        """Restart a partition that librdkafka stopped, as its offset is missing or not in the log. Raises as `jumped`.

        why -- librdkafka's error text: the only source of the offset at which a truncated log diverges
        """
        self._stopped[tracker] = why
        self.restart_stopped()

    def restart_stopped(self) -> None:
        """Retry the restarts and checks of positions that have failed. Call at each turn. Raises as `jumped`."""
        for tracker, why in list(self._stopped.items()):
            if not tracker.live or self._restart(tracker, why):
                del self._stopped[tracker]
        check_again(self._consumer, self._scheduler.trackers)

    def _restart(self, tracker: OffsetTracker, why: str) -> bool:
        """Unassign and assign the partition, as a seek is refused in this state. Return whether that succeeded."""
        partition = tracker.partition
        ids = self._topic_ids.of((partition.topic,))
        topic_id = ids[partition.topic]
        if is_former(tracker.topic_id, topic_id):
            start, position = StartOffset(0), self._start_position.of_recreated(partition)
        else:
            found = self._where_to_restart(tracker, why, ids)
            if found is None:
                return False
            start, topic_id = found, tracker.topic_id
            position = TopicPartition(*partition, found.offset, leader_epoch=found.leader_epoch)
        if not self._assign_again(position):
            return False
        if start.is_log_start:
            _log_deleted(tracker, start.offset)
            tracker.paused = False  # its records are no longer in the log: they are delivered from memory
            tracker.unchecked = None
            return True
        log.warning("partition restarted", partition=str(partition), offset=start.offset, reason=why)
        self._replaced(tracker, start, topic_id).paused = False
        check_positions(self._consumer, self._scheduler.trackers, [position])  # the log may be truncated a second time
        return True

    def _assign_again(self, position: TopicPartition) -> bool:
        with suppress(KafkaException):  # an earlier attempt may have unassigned it
            self._consumer.incremental_unassign([TopicPartition(position.topic, position.partition)])
        try:
            self._consumer.incremental_assign([position])
            self._consumer.resume([position])
        except KafkaException:
            return False
        return True

    def _where_to_restart(self, tracker: OffsetTracker, why: str, ids: Mapping[str, bytes]) -> StartOffset | None:
        partition, count = tracker.partition, tracker.partition_count
        committable_offset = tracker.committable_offset(OFFSET_UNKNOWN)
        try:
            if committable_offset < 0:  # its committed offset could not be read, and there is none
                return self._start_position.resolve(self._consumer, (partition,), ids, BRIEF_SECONDS).get(partition)
            if parted := _PARTED.search(why):
                low, _high = self._consumer.get_watermark_offsets(TopicPartition(*partition), timeout=BRIEF_SECONDS)
                return _where_logs_part(tracker, StartOffset(int(parted[1]), count, leader_epoch=int(parted[2])), low)
            return self._start_position.out_of_range(self._consumer, tracker, BRIEF_SECONDS)
        except KafkaException:
            return None

    def _replaced(self, tracker: OffsetTracker, start: StartOffset, topic_id: bytes) -> OffsetTracker:
        self._scheduler.detach([tracker.partition], ReleaseReason.REWOUND)
        self._reporter.released([tracker.partition], ReleaseReason.REWOUND)
        fresh = self._scheduler.assign(tracker.partition, start.offset, OFFSET_UNKNOWN, topic_id)
        fresh.paused, fresh.partition_count = tracker.paused, start.partition_count
        if start.leader_epoch != EPOCH_UNKNOWN:
            fresh.epoch_is(start.leader_epoch, start.offset - 1)
        fresh.previously_settled = start.settled
        return fresh


def _log_deleted(tracker: OffsetTracker, log_start: int) -> None:
    log.warning(
        "records deleted before they were consumed",
        partition=str(tracker.partition),
        offsets=log_start - tracker.highest_seen - 1,
        offset=log_start,
        hint="lengthen the topic's retention, or deliver faster",
    )


def _where_logs_part(tracker: OffsetTracker, parted: StartOffset, low: int) -> StartOffset:
    """Return the lowest unsettled offset if it is still in the log, else where the new log diverges from the old.

    Its epoch detects a second, deeper truncation. Records settled between the two offsets are in both logs.

    parted -- its offset is below 0 if no consumed record is left
    low    -- the log start offset
    """
    committable_offset = tracker.committable_offset(OFFSET_UNKNOWN)
    if committable_offset < parted.offset:
        settled = decode(tracker.offset_map(committable_offset))
        parted = replace(
            parted,
            offset=committable_offset,
            leader_epoch=_epoch_before(tracker, committable_offset),
            settled=settled.up_to(parted.offset) if settled is not None else None,
        )
    return parted if parted.offset >= low else StartOffset(low, parted.partition_count)


def _epoch_before(tracker: OffsetTracker, offset: int) -> int:
    epoch = tracker.epoch_before(offset)
    return EPOCH_UNKNOWN if epoch is None else epoch
